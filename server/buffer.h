/* A growing run of bytes, for texts and messages whose size is not known before. */
#ifndef SERVER_BUFFER_H
#define SERVER_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *data; /* owned; NULL while empty */
    size_t size, capacity;
    bool failed;  /* memory was short or `limit` reached: what is in it is not whole */
    size_t limit; /* 0: none */
};

void buffer_add(struct buffer *buffer, const void *data, size_t size);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_byte(struct buffer *buffer, uint8_t byte);
/* A protobuf varint. */
void buffer_varint(struct buffer *buffer, uint64_t value);
/* `text` as a JSON string with its quotes; RFC 8259 section 7. `text` is valid UTF-8. */
void buffer_json(struct buffer *buffer, const char *text);
void buffer_free(struct buffer *buffer);

/* Is `text` valid UTF-8 (RFC 3629: no overlong forms, no surrogates)? */
bool utf8_valid(const char *text);

#endif
