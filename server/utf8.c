/* UTF-8 by RFC 3629. Knows nothing of width or meaning. */
#include "server/utf8.h"
#include <string.h>

size_t utf8_character(const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] < 0x20 || at[0] == 0x7f) return 0;
    if (at[0] < 0x80) return 1;
    if (at[0] < 0xc2 || at[0] > 0xf4) return 0;
    size_t bytes = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    for (size_t i = 1; i < bytes; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f)) return 0;
    if ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f)) return 0;
    if (at[0] == 0xc2 && at[1] < 0xa0) return 0; /* C1 controls */
    return bytes;
}

size_t utf8_count(const char *text, bool *valid) {
    size_t count = 0;
    *valid = true;
    for (; *text; count++) {
        size_t bytes = utf8_character(text);
        if (bytes == 0) {
            *valid = false;
            return count;
        }
        text += bytes;
    }
    return count;
}

/* U+202A to U+202E, U+2066 to U+2069 */
static bool turns(const char *text, size_t bytes) {
    const unsigned char *at = (const unsigned char *)text;
    if (bytes != 3 || at[0] != 0xe2) return false;
    return (at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) || (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9);
}

void utf8_plain(const char *text, char *out, size_t size) {
    size_t used = 0;
    while (*text && used + 1 < size) {
        size_t bytes = utf8_character(text);
        bool shown = bytes && !turns(text, bytes);
        if (shown && used + bytes >= size) break;
        if (shown) memcpy(out + used, text, bytes);
        else out[used] = '?';
        used += shown ? bytes : 1;
        text += bytes ? bytes : 1;
    }
    if (size) out[used] = '\0';
}
