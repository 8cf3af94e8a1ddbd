/* A growing run of bytes. A failure is remembered, so that callers check once at the end. */
#include <server/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_add(struct buffer *buffer, const void *data, size_t size) {
    size_t needed;
    if (buffer->failed || size == 0) return;
    if (__builtin_add_overflow(buffer->size, size, &needed) || (buffer->limit && needed > buffer->limit)) {
        buffer->failed = true;
        return;
    }
    if (needed > buffer->capacity) {
        size_t capacity = buffer->capacity ? buffer->capacity : 512;
        while (capacity < needed) capacity *= 2;
        uint8_t *grown = realloc(buffer->data, capacity);
        if (!grown) {
            buffer->failed = true;
            return;
        }
        buffer->data = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size = needed;
}

void buffer_text(struct buffer *buffer, const char *text) {
    buffer_add(buffer, text, strlen(text));
}

void buffer_byte(struct buffer *buffer, uint8_t byte) {
    buffer_add(buffer, &byte, 1);
}

void buffer_varint(struct buffer *buffer, uint64_t value) {
    while (value >= 0x80) {
        buffer_byte(buffer, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    buffer_byte(buffer, (uint8_t)value);
}

void buffer_json(struct buffer *buffer, const char *text) {
    buffer_byte(buffer, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\') {
            buffer_byte(buffer, '\\');
            buffer_byte(buffer, *p);
        } else if (*p < 0x20) {
            char escape[8];
            (void)snprintf(escape, sizeof escape, "\\u%04x", *p);
            buffer_text(buffer, escape);
        } else {
            buffer_byte(buffer, *p);
        }
    }
    buffer_byte(buffer, '"');
}

void buffer_free(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer){.limit = buffer->limit};
}

bool utf8_valid(const char *text) {
    const unsigned char *p = (const unsigned char *)text;
    while (*p) {
        unsigned lead = *p++;
        if (lead < 0x80) continue;
        int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4) return false;
        unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        for (; more; more--, p++) {
            if (*p < low || *p > high) return false;
            low = 0x80;
            high = 0xbf;
        }
    }
    return true;
}
