/* Width and height of a picture, read from its first bytes as they stream by. Knows PNG and JPEG; decodes nothing. */
#ifndef SERVER_DOC_PICTURE_H
#define SERVER_DOC_PICTURE_H

#include <stddef.h>
#include <stdint.h>

enum picture_place {
    PICTURE_OVER, /* nothing more is looked for */
    PICTURE_PNG,
    PICTURE_JPEG_SKIP, /* over bytes, then to a marker */
    PICTURE_JPEG_MARKER,
    PICTURE_JPEG_CODE,
    PICTURE_JPEG_LENGTH,
    PICTURE_JPEG_FRAME
};

/* Zeroed and with its first `place` set by the caller: PICTURE_PNG or PICTURE_JPEG_MARKER. */
struct picture {
    enum picture_place place;
    uint64_t pixels; /* width times height, the most that was found; 0: none yet */
    uint8_t kept[24];
    size_t kept_size, skip;
    uint8_t code; /* of the marker whose length is being read */
};

void picture_feed(struct picture *picture, const uint8_t *data, size_t size);

#endif
