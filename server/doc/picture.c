/* Sizes of pictures. A JPEG is a chain of marked segments with their lengths; its frame header (SOFn) stands somewhere among
 * them, before the first scan (SOS). A PNG has it in the first 24 bytes. */
#include <server/doc/picture.h>
#include <stdbool.h>
#include <string.h>

static uint32_t big_endian(const uint8_t *bytes, int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; i++) value = value << 8 | bytes[i];
    return value;
}

static void pixels_found(struct picture *picture, uint64_t width, uint64_t height) {
    if (width * height > picture->pixels) picture->pixels = width * height;
}

/* Keeps a byte; true when there are `wanted` of them. */
static bool keep(struct picture *picture, uint8_t byte, size_t wanted) {
    picture->kept[picture->kept_size++] = byte;
    if (picture->kept_size < wanted) return false;
    picture->kept_size = 0;
    return true;
}

static void png_byte(struct picture *picture, uint8_t byte) {
    if (!keep(picture, byte, 24)) return;
    if (memcmp(picture->kept + 12, "IHDR", 4) == 0)
        pixels_found(picture, big_endian(picture->kept + 16, 4), big_endian(picture->kept + 20, 4));
    picture->place = PICTURE_OVER;
}

static bool is_frame(uint8_t code) {
    return code >= 0xc0 && code <= 0xcf && code != 0xc4 && code != 0xc8 && code != 0xcc;
}

static void jpeg_code(struct picture *picture, uint8_t code) {
    picture->code = code;
    if (code == 0xff) return; /* filling */
    if (code == 0xda || code == 0xd9) picture->place = PICTURE_OVER;
    else if (code <= 0x01 || (code >= 0xd0 && code <= 0xd8)) picture->place = PICTURE_JPEG_MARKER; /* these have no length */
    else picture->place = PICTURE_JPEG_LENGTH;
}

static void jpeg_length(struct picture *picture, uint8_t byte) {
    if (!keep(picture, byte, 2)) return;
    uint32_t length = big_endian(picture->kept, 2);
    picture->skip = length > 2 ? length - 2 : 0; /* the length counts itself */
    picture->place = is_frame(picture->code) ? PICTURE_JPEG_FRAME : PICTURE_JPEG_SKIP;
}

/* Precision, height, width. The rest of the segment is looked through for a marker, which it does not hold. */
static void jpeg_frame(struct picture *picture, uint8_t byte) {
    if (!keep(picture, byte, 5)) return;
    pixels_found(picture, big_endian(picture->kept + 3, 2), big_endian(picture->kept + 1, 2));
    picture->place = PICTURE_JPEG_MARKER;
}

static void picture_byte(struct picture *picture, uint8_t byte) {
    switch (picture->place) {
    case PICTURE_PNG: png_byte(picture, byte); break;
    case PICTURE_JPEG_MARKER:
        if (byte == 0xff) picture->place = PICTURE_JPEG_CODE;
        break;
    case PICTURE_JPEG_CODE: jpeg_code(picture, byte); break;
    case PICTURE_JPEG_LENGTH: jpeg_length(picture, byte); break;
    case PICTURE_JPEG_FRAME: jpeg_frame(picture, byte); break;
    case PICTURE_JPEG_SKIP:
    case PICTURE_OVER: break;
    }
}

/* Returns how many of the bytes are passed over. */
static size_t skipped(struct picture *picture, size_t size) {
    size_t skip = picture->skip < size ? picture->skip : size;
    picture->skip -= skip;
    if (!picture->skip) picture->place = PICTURE_JPEG_MARKER;
    return skip;
}

void picture_feed(struct picture *picture, const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size && picture->place != PICTURE_OVER;) {
        if (picture->place == PICTURE_JPEG_SKIP) i += skipped(picture, size - i);
        else picture_byte(picture, data[i++]);
    }
}
