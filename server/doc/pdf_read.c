/* Reads values, dictionaries and the cross-reference table of a PDF. Builds no tree: everything is looked up in the bytes, and
 * every loop ends by the file's size or a fixed limit. No compressed objects, no encryption: what is printed here has neither. */
#include <server/doc/pdf_read.h>
#include <string.h>

#define DEPTH       16    /* arrays in dictionaries in arrays, and of the tree of pages */
#define UPDATES     32    /* tables chained by /Prev */
#define PAGE_NODES  20000 /* of the tree of pages that are looked at */
#define ENTRY_BYTES 20    /* of a cross-reference table */

static bool is_space(uint8_t byte) {
    return byte == 0 || byte == '\t' || byte == '\n' || byte == '\f' || byte == '\r' || byte == ' ';
}

static bool is_delimiter(uint8_t byte) {
    return byte != 0 && strchr("()<>[]{}/%", byte) != NULL;
}

static bool is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

static size_t skip_space(const struct pdf *pdf, size_t at) {
    while (at < pdf->size) {
        if (pdf->data[at] == '%')
            while (at < pdf->size && pdf->data[at] != '\n' && pdf->data[at] != '\r') at++;
        else if (is_space(pdf->data[at])) at++;
        else break;
    }
    return at;
}

static size_t skip_regular(const struct pdf *pdf, size_t at) {
    while (at < pdf->size && !is_space(pdf->data[at]) && !is_delimiter(pdf->data[at])) at++;
    return at;
}

static bool starts(const struct pdf *pdf, size_t at, const char *text) {
    size_t size = strlen(text);
    return at <= pdf->size && size <= pdf->size - at && memcmp(pdf->data + at, text, size) == 0;
}

/* Steps over `word` if it is there, with the space before it. */
static bool take_word(const struct pdf *pdf, size_t *at, const char *word) {
    size_t from = skip_space(pdf, *at);
    if (!starts(pdf, from, word) || skip_regular(pdf, from) != from + strlen(word)) return false;
    *at = from + strlen(word);
    return true;
}

static bool take_number(const struct pdf *pdf, size_t *at, uint64_t *number) {
    size_t from = skip_space(pdf, *at), end = from;
    uint64_t sum = 0;
    for (; end < pdf->size && is_digit(pdf->data[end]); end++)
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, (uint64_t)(pdf->data[end] - '0'), &sum))
            return false;
    if (end == from || skip_regular(pdf, end) != end) return false;
    *at = end;
    *number = sum;
    return true;
}

static bool take_reference(const struct pdf *pdf, size_t *at, struct pdf_reference *reference) {
    uint64_t number, generation;
    size_t from = *at;
    if (!take_number(pdf, &from, &number) || !take_number(pdf, &from, &generation) || !take_word(pdf, &from, "R")) return false;
    if (number == 0 || number > UINT32_MAX || generation > UINT16_MAX) return false;
    *reference = (struct pdf_reference){(uint32_t)number, (uint32_t)generation};
    *at = from;
    return true;
}

/* "(...)": brackets nest, a backslash guards the next byte. */
static bool skip_string(const struct pdf *pdf, size_t *at) {
    size_t open = 0;
    for (size_t i = *at; i < pdf->size; i++) {
        if (pdf->data[i] == '\\') i++;
        else if (pdf->data[i] == '(') open++;
        else if (pdf->data[i] == ')' && --open == 0) {
            *at = i + 1;
            return true;
        }
    }
    return false;
}

static bool skip_value(const struct pdf *pdf, size_t *at, int depth);

/* What is between `*at` and `close`; a dictionary is keys and values in turn, which pdf_find sees to. */
static bool skip_group(const struct pdf *pdf, size_t *at, const char *close, int depth) {
    if (depth == 0) return false;
    for (;;) {
        *at = skip_space(pdf, *at);
        if (starts(pdf, *at, close)) {
            *at += strlen(close);
            return true;
        }
        if (!skip_value(pdf, at, depth - 1)) return false;
    }
}

static bool skip_value(const struct pdf *pdf, size_t *at, int depth) {
    struct pdf_reference reference;
    *at = skip_space(pdf, *at);
    if (*at >= pdf->size) return false;
    size_t from = *at;
    switch (pdf->data[from]) {
    case '(': return skip_string(pdf, at);
    case '[': (*at)++; return skip_group(pdf, at, "]", depth);
    case '<':
        if (starts(pdf, from, "<<")) {
            *at += 2;
            return skip_group(pdf, at, ">>", depth);
        }
        while (*at < pdf->size && pdf->data[*at] != '>') (*at)++;
        if (*at < pdf->size) (*at)++;
        return *at <= pdf->size && pdf->data[*at - 1] == '>';
    case '/': *at = skip_regular(pdf, from + 1); return true;
    default:
        if (take_reference(pdf, at, &reference)) return true;
        *at = skip_regular(pdf, from);
        return *at > from;
    }
}

static bool dictionary_at(const struct pdf *pdf, size_t at, struct pdf_span *dictionary) {
    at = skip_space(pdf, at);
    dictionary->start = dictionary->end = at;
    return starts(pdf, at, "<<") && skip_value(pdf, &dictionary->end, DEPTH);
}

bool pdf_find(const struct pdf *pdf, struct pdf_span dictionary, const char *key, struct pdf_span *value, struct pdf_span *pair) {
    if (!starts(pdf, dictionary.start, "<<")) return false;
    size_t at = dictionary.start + 2;
    for (;;) {
        at = skip_space(pdf, at);
        if (at >= dictionary.end || pdf->data[at] != '/') return false;
        struct pdf_span name = {at + 1, skip_regular(pdf, at + 1)}, found;
        found.start = found.end = skip_space(pdf, name.end);
        if (!skip_value(pdf, &found.end, DEPTH) || found.end > dictionary.end) return false;
        if (name.end - name.start == strlen(key) && starts(pdf, name.start, key)) {
            *value = found;
            if (pair) *pair = (struct pdf_span){at, found.end};
            return true;
        }
        at = found.end;
    }
}

bool pdf_number(const struct pdf *pdf, struct pdf_span value, uint64_t *number) {
    return take_number(pdf, &value.start, number) && value.start == value.end;
}

bool pdf_reference(const struct pdf *pdf, struct pdf_span value, struct pdf_reference *reference) {
    return take_reference(pdf, &value.start, reference) && value.start == value.end;
}

/* Looks through one table; *at is then at its trailer. An object that it doesn't name, or names as free, leaves *offset 0. */
static bool table_search(const struct pdf *pdf, size_t *at, uint32_t wanted, size_t *offset) {
    *offset = 0;
    if (!take_word(pdf, at, "xref")) return false;
    while (!take_word(pdf, at, "trailer")) {
        uint64_t first, count, place;
        if (!take_number(pdf, at, &first) || !take_number(pdf, at, &count)) return false;
        *at = skip_space(pdf, *at);
        if (*at >= pdf->size || count > (pdf->size - *at) / ENTRY_BYTES) return false;
        if (wanted >= first && wanted - first < count) {
            size_t entry = *at + (size_t)(wanted - first) * ENTRY_BYTES, from = entry;
            if (!take_number(pdf, &from, &place) || from != entry + 10 || place >= pdf->size) return false;
            if (pdf->data[entry + 17] == 'n') *offset = (size_t)place;
        }
        *at += (size_t)count * ENTRY_BYTES;
    }
    return true;
}

bool pdf_open(struct pdf *pdf, const uint8_t *data, size_t size) {
    *pdf = (struct pdf){.data = data, .size = size};
    static const char word[] = "startxref";
    if (!starts(pdf, 0, "%PDF-")) return false;
    size_t at = size < sizeof word ? 0 : size - sizeof word + 1;
    while (at > 0 && !starts(pdf, at, word)) at--;
    uint64_t table;
    size_t offset;
    if (!take_word(pdf, &at, word) || !take_number(pdf, &at, &table) || table >= size) return false;
    pdf->table = at = (size_t)table;
    return table_search(pdf, &at, 0, &offset) && dictionary_at(pdf, at, &pdf->trailer);
}

static bool object_offset(const struct pdf *pdf, uint32_t number, size_t *offset) {
    size_t at = pdf->table;
    for (int i = 0; i < UPDATES; i++) {
        struct pdf_span trailer, previous;
        uint64_t table;
        if (!table_search(pdf, &at, number, offset)) return false;
        if (*offset) return true;
        if (!dictionary_at(pdf, at, &trailer) || !pdf_find(pdf, trailer, "Prev", &previous, NULL)) return false;
        if (!pdf_number(pdf, previous, &table) || table >= pdf->size) return false;
        at = (size_t)table;
    }
    return false;
}

bool pdf_object(const struct pdf *pdf, struct pdf_reference reference, struct pdf_span *value) {
    size_t at;
    uint64_t number, generation;
    if (!object_offset(pdf, reference.number, &at)) return false;
    if (!take_number(pdf, &at, &number) || !take_number(pdf, &at, &generation) || !take_word(pdf, &at, "obj")) return false;
    if (number != reference.number || generation != reference.generation) return false;
    value->start = value->end = skip_space(pdf, at);
    return skip_value(pdf, &value->end, DEPTH);
}

/* Where a walk through the pages is. */
struct walk {
    const struct pdf *pdf;
    unsigned wanted, seen, nodes;
    struct pdf_reference page; /* the last one seen */
};

static bool walk_node(struct walk *walk, struct pdf_reference node, int depth) {
    struct pdf_span dictionary, kids;
    if (depth == 0 || ++walk->nodes > PAGE_NODES || !pdf_object(walk->pdf, node, &dictionary)) return false;
    if (!pdf_find(walk->pdf, dictionary, "Kids", &kids, NULL)) {
        walk->seen++;
        walk->page = node;
        return true;
    }
    size_t at = kids.start + 1;
    if (walk->pdf->data[kids.start] != '[') return false;
    while (walk->wanted == 0 || walk->seen < walk->wanted) {
        struct pdf_reference kid;
        if (take_reference(walk->pdf, &at, &kid)) {
            if (!walk_node(walk, kid, depth - 1)) return false;
            continue;
        }
        return skip_space(walk->pdf, at) == kids.end - 1;
    }
    return true;
}

bool pdf_page(const struct pdf *pdf, struct pdf_reference pages, unsigned wanted, struct pdf_reference *page) {
    struct walk walk = {.pdf = pdf, .wanted = wanted};
    if (!walk_node(&walk, pages, DEPTH) || walk.seen == 0 || walk.seen < wanted) return false;
    *page = walk.page;
    return true;
}
