/* Is a text that comes from outside UTF-8, and can it be shown? */
#ifndef SERVER_UTF8_H
#define SERVER_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at `text`; 0 when it is not UTF-8 (overlong forms, surrogates), a control character or the
 * end. */
size_t utf8_character(const char *text);

/* A copy of `text` for a terminal: what is not a character that can be shown, or turns the direction of a line round, becomes "?".
 * Cut to what fits. */
void utf8_plain(const char *text, char *out, size_t size);

/* Characters of `text`; false through *valid when one of them is none. */
size_t utf8_count(const char *text, bool *valid);

#endif
