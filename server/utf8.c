/* UTF-8 by RFC 3629. Knows nothing of width or meaning. */
#include "server/utf8.h"

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
