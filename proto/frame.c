/* Frames: length and body. Only looks at bytes that it is given; owns and copies nothing. */
#include <loket/limits.h>
#include <proto/frame.h>

enum frame_state frame_read(const uint8_t *data, size_t size, const uint8_t **body, size_t *body_size) {
    if (size < LIMIT_FRAME_HEADER) return FRAME_PARTIAL;
    uint32_t length = (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
    if (length == 0 || length > LIMIT_FRAME_BYTES) return FRAME_BROKEN;
    if (size - LIMIT_FRAME_HEADER < length) return FRAME_PARTIAL;
    *body = data + LIMIT_FRAME_HEADER;
    *body_size = length;
    return FRAME_WHOLE;
}

enum loket_error frame_header(uint8_t header[4], size_t body_size) {
    if (body_size == 0 || body_size > LIMIT_FRAME_BYTES) return LOKET_BAD_FRAME;
    header[0] = (uint8_t)(body_size >> 24);
    header[1] = (uint8_t)(body_size >> 16);
    header[2] = (uint8_t)(body_size >> 8);
    header[3] = (uint8_t)body_size;
    return LOKET_OK;
}
