/* Finds what a signature covers. Deliberately strict: the range begins at 0, ends at the file's end and leaves out one hex string,
 * nothing else, so that nothing can be hidden beside the signature. */
#include <ctype.h>
#include <openssl/evp.h>
#include <server/doc/signature_hole.h>
#include <string.h>

static const char word[] = "/ByteRange";

/* Steps over blanks and a decimal number. */
static bool take_number(const uint8_t *data, size_t size, size_t *at, size_t *number) {
    size_t sum = 0, from = *at;
    while (from < size && isspace(data[from])) from++;
    size_t first = from;
    for (; from < size && isdigit(data[from]); from++)
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, (size_t)(data[from] - '0'), &sum)) return false;
    *at = from;
    *number = sum;
    return from > first;
}

static bool take_byte(const uint8_t *data, size_t size, size_t *at, uint8_t byte) {
    while (*at < size && isspace(data[*at])) (*at)++;
    if (*at >= size || data[*at] != byte) return false;
    (*at)++;
    return true;
}

/* The last "/ByteRange [": one without a bracket is a word of somebody's text. */
static bool range_find(const uint8_t *data, size_t size, size_t *at) {
    size_t length = sizeof word - 1;
    for (size_t i = size >= length ? size - length + 1 : 0; i-- > 0;) {
        if (data[i] != '/' || memcmp(data + i, word, length) != 0) continue;
        *at = i + length;
        if (take_byte(data, size, at, '[')) return true;
    }
    return false;
}

enum hole_state hole_find(const uint8_t *data, size_t size, struct hole *hole) {
    size_t at, range[4], end;
    if (!range_find(data, size, &at)) return HOLE_NONE;
    for (int i = 0; i < 4; i++)
        if (!take_number(data, size, &at, &range[i])) return HOLE_WRONG;
    if (!take_byte(data, size, &at, ']')) return HOLE_WRONG;
    if (range[0] != 0 || range[1] == 0 || range[2] < range[1] || range[2] - range[1] < 2) return HOLE_WRONG;
    if (__builtin_add_overflow(range[2], range[3], &end) || end != size) return HOLE_WRONG;
    if (data[range[1]] != '<' || data[range[2] - 1] != '>') return HOLE_WRONG;
    for (size_t i = range[1] + 1; i < range[2] - 1; i++)
        if (!isxdigit(data[i])) return HOLE_WRONG;
    *hole = (struct hole){range[1], range[2]};
    return HOLE_FOUND;
}

bool hole_digest(const uint8_t *data, size_t size, const struct hole *hole, uint8_t digest[32]) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(context, data, hole->start) == 1 &&
        EVP_DigestUpdate(context, data + hole->end, size - hole->end) == 1 && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    return good;
}
