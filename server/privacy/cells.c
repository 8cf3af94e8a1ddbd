/* The strings of a JSON text. Whether it is JSON at all is the database's to judge: here nothing is refused for its form. */
#include <server/privacy/cells.h>
#include <stdint.h>
#include <string.h>

bool cells_begin(const char *text, size_t size) {
    size_t at = 0;
    while (at < size && strchr(" \t\r\n", text[at]) && text[at]) at++;
    return at < size && text[at] == '[';
}

/* Where the string that begins at `at` ends: its closing quote, or the end of the text. */
static size_t string_end(const char *text, size_t size, size_t at) {
    while (at < size && text[at] != '"') at += text[at] == '\\' && at + 1 < size ? 2 : 1;
    return at;
}

enum loket_error cells_each(const char *text, size_t size, struct buffer *out, cell_function *cell, void *data) {
    enum loket_error result = LOKET_OK;
    size_t at = 0;
    while (at < size && result == LOKET_OK) {
        const char *quote = memchr(text + at, '"', size - at);
        size_t begin = quote ? (size_t)(quote - text) + 1 : size;
        buffer_add(out, text + at, begin - at);
        at = string_end(text, size, begin);
        if (quote) result = cell(text + begin, at - begin, out, data);
    }
    return result;
}

static int hex_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character of an escape at `cell`, of which `size` bytes are left; `*length` is how many it takes. */
static char escape_read(const char *cell, size_t size, size_t *length) {
    unsigned code = 0;
    *length = size < 2 ? 1 : 2;
    if (size < 2) return '?';
    if (cell[1] == '"' || cell[1] == '\\' || cell[1] == '/') return cell[1];
    if (cell[1] != 'u' || size < 6) return '?';
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_of(cell[i]);
        if (digit < 0) return '?';
        code = code << 4 | (unsigned)digit;
    }
    *length = 6;
    return code >= 0x20 && code < 0x7f ? (char)code : '?';
}

bool cell_plain(const char *cell, size_t size, char plain[CELL_BYTES]) {
    size_t used = 0;
    for (size_t at = 0, length = 1; at < size; at += length) {
        char c = cell[at];
        length = 1;
        if (c == '\\') c = escape_read(cell + at, size - at, &length);
        if (strchr(".- ", c)) continue;
        if (used + 1 == CELL_BYTES) return false;
        plain[used++] = c;
    }
    plain[used] = '\0';
    return true;
}
