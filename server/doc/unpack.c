/* Walks over the raw bytes of a PDF, because its own tables can lie: after each word "stream", what looks like zlib's is unpacked
 * to see how much it becomes, and once more when that is zlib's again. What turns out not to be zlib's is no error here.
 *
 *   KEYWORD --"stream"--> DATA --two bytes of zlib's--> PACKED --end or error--> KEYWORD
 *                          | ^
 *           something else v | end of the line (readers skip the rest of that line, so do we; once)
 *                          LINE        */
#include <server/doc/unpack.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PIECE (16u * 1024u)

enum place { KEYWORD, DATA, LINE, PACKED };

/* One level of unpacking. `made` keeps zlib's memory from one stream of the document to the next. */
struct level {
    z_stream zlib;
    bool made, open;
    uint8_t out[PIECE];
};

struct unpack {
    struct level outer, inner;
    enum place place;
    enum unpack_outcome outcome;
    size_t matched;    /* letters of the keyword */
    bool line_skipped; /* after this keyword */
    uint8_t head[2];   /* of the data, or of what it becomes */
    size_t head_size;
    uint64_t in, out;
};

struct unpack *unpack_new(void) {
    return calloc(1, sizeof(struct unpack));
}

void unpack_free(struct unpack *unpack) {
    if (!unpack) return;
    if (unpack->outer.made) (void)inflateEnd(&unpack->outer.zlib);
    if (unpack->inner.made) (void)inflateEnd(&unpack->inner.zlib);
    free(unpack);
}

/* RFC 1950: method 8, a window of at most 32 KiB, no dictionary, and a check that the two bytes belong together. */
static bool may_begin(uint8_t first) {
    return (first & 0x0f) == 8 && first >> 4 <= 7;
}

static bool is_zlib(const uint8_t head[2]) {
    return may_begin(head[0]) && !(head[1] & 0x20) && (head[0] * 256 + head[1]) % 31 == 0;
}

static bool level_open(struct unpack *unpack, struct level *level) {
    int done = level->made ? inflateReset(&level->zlib) : inflateInit(&level->zlib);
    level->made = level->made || done == Z_OK;
    level->open = done == Z_OK;
    if (!level->open) unpack->outcome = UNPACK_NO_MEMORY;
    return level->open;
}

/* Counts `size` bytes that came out when `in` bytes of the document had gone in. */
static void count(struct unpack *unpack, size_t size, uint64_t in) {
    unpack->out += size;
    if (unpack->out > UNPACK_FREE_BYTES && unpack->out / UNPACK_RATIO > in) unpack->outcome = UNPACK_TOO_MUCH;
}

/* One call of inflate: false when it wants more input, or is at its end. *size is what came out, in level->out. */
static bool level_step(struct unpack *unpack, struct level *level, size_t *size) {
    level->zlib.next_out = level->out;
    level->zlib.avail_out = PIECE;
    int done = inflate(&level->zlib, Z_NO_FLUSH);
    *size = PIECE - level->zlib.avail_out;
    if (done == Z_MEM_ERROR) unpack->outcome = UNPACK_NO_MEMORY;
    if (done != Z_OK && done != Z_BUF_ERROR) level->open = false;
    return level->open && level->zlib.avail_out == 0;
}

static void inner_feed(struct unpack *unpack, const uint8_t *data, size_t size, uint64_t in) {
    struct level *inner = &unpack->inner;
    bool more = inner->open;
    inner->zlib.next_in = (z_const Bytef *)data;
    inner->zlib.avail_in = (uInt)size;
    for (size_t came; more && unpack->outcome == UNPACK_FINE; count(unpack, came, in)) more = level_step(unpack, inner, &came);
}

/* The first two bytes that come out tell whether they are packed again. */
static void outer_came(struct unpack *unpack, size_t size, uint64_t in) {
    const uint8_t *data = unpack->outer.out;
    count(unpack, size, in);
    while (size && unpack->head_size < sizeof unpack->head) {
        unpack->head[unpack->head_size++] = *data++;
        size--;
        if (unpack->head_size < sizeof unpack->head || !is_zlib(unpack->head)) continue;
        if (!level_open(unpack, &unpack->inner)) return;
        inner_feed(unpack, unpack->head, sizeof unpack->head, in);
    }
    inner_feed(unpack, data, size, in);
}

/* Returns how many bytes belong to the packed stream. */
static size_t outer_feed(struct unpack *unpack, const uint8_t *data, size_t size) {
    struct level *outer = &unpack->outer;
    bool more = true;
    outer->zlib.next_in = (z_const Bytef *)data;
    outer->zlib.avail_in = (uInt)size;
    while (more && unpack->outcome == UNPACK_FINE) {
        size_t came;
        more = level_step(unpack, outer, &came);
        outer_came(unpack, came, unpack->in + size - outer->zlib.avail_in);
    }
    if (outer->open) return size;
    unpack->place = KEYWORD;
    unpack->matched = 0;
    return size - outer->zlib.avail_in;
}

static void packed_begin(struct unpack *unpack) {
    uint8_t head[2] = {unpack->head[0], unpack->head[1]};
    unpack->inner.open = false;
    unpack->head_size = 0;
    unpack->place = PACKED;
    if (level_open(unpack, &unpack->outer)) (void)outer_feed(unpack, head, sizeof head);
}

/* True when the byte ends the word. Only the first letter is 's', so a word that breaks off can begin anew only at the letter that
 * broke it. */
static bool keyword_byte(struct unpack *unpack, uint8_t byte) {
    static const uint8_t word[] = {'s', 't', 'r', 'e', 'a', 'm'};
    if (byte == word[unpack->matched]) unpack->matched++;
    else unpack->matched = byte == word[0];
    if (unpack->matched < sizeof word) return false;
    unpack->matched = 0;
    unpack->head_size = 0;
    unpack->line_skipped = false;
    unpack->place = DATA;
    return true;
}

static size_t keyword_feed(struct unpack *unpack, const uint8_t *data, size_t size) {
    const uint8_t *first = unpack->matched ? data : memchr(data, 's', size);
    if (!first) return size;
    (void)keyword_byte(unpack, *first);
    return (size_t)(first - data) + 1;
}

/* Not zlib's: what follows on the next line may be; after that, it is another kind of data. */
static size_t data_missed(struct unpack *unpack) {
    unpack->head_size = 0;
    unpack->place = unpack->line_skipped ? KEYWORD : LINE;
    return 0; /* this byte is looked at again there */
}

static size_t data_feed(struct unpack *unpack, const uint8_t *data, size_t size) {
    static const char blank[] = " \t\r\n\f";
    (void)size;
    if (unpack->head_size) {
        unpack->head[1] = data[0];
        if (!is_zlib(unpack->head)) return data_missed(unpack);
        packed_begin(unpack);
        return 1;
    }
    if (!data[0] || strchr(blank, data[0])) return 1;
    if (!may_begin(data[0])) return data_missed(unpack);
    unpack->head[unpack->head_size++] = data[0];
    return 1;
}

/* The word may come again on this line, or this was the end of "endstream" and the line holds another one. */
static size_t line_feed(struct unpack *unpack, const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (keyword_byte(unpack, data[i])) return i + 1;
        if (data[i] != '\n' && data[i] != '\r') continue;
        unpack->line_skipped = true;
        unpack->place = DATA;
        return i + 1;
    }
    return size;
}

enum unpack_outcome unpack_feed(struct unpack *unpack, const uint8_t *data, size_t size) {
    static size_t (*const feeds[])(struct unpack *, const uint8_t *, size_t) = {
        [KEYWORD] = keyword_feed, [DATA] = data_feed, [LINE] = line_feed, [PACKED] = outer_feed};
    while (size && unpack->outcome == UNPACK_FINE) {
        size_t taken = feeds[unpack->place](unpack, data, size);
        unpack->in += taken;
        data += taken;
        size -= taken;
    }
    return unpack->outcome;
}
