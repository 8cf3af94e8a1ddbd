/* Frames: a 4-byte big-endian length and that many bytes. Knows nothing of sockets, TLS or messages. */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include <loket/error.h>
#include <stddef.h>
#include <stdint.h>

enum frame_state {
    FRAME_PARTIAL, /* more bytes are needed */
    FRAME_WHOLE,   /* one frame is there */
    FRAME_BROKEN   /* zero or above LIMIT_FRAME_BYTES: the stream can't be read any further */
};

/* Looks at the `size` bytes at `data`, which start at a frame. On FRAME_WHOLE *body and *body_size are the
 * frame's content inside `data` (borrowed); the frame is LIMIT_FRAME_HEADER + *body_size bytes long. */
enum frame_state frame_read(const uint8_t *data, size_t size, const uint8_t **body, size_t *body_size);

/* Writes the header for a body of `body_size` bytes. LOKET_BAD_FRAME when the size is not allowed. */
enum loket_error frame_header(uint8_t header[4], size_t body_size);

#endif
