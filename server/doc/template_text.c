/* Text with {fields} and *bold* words, as it stands in paragraphs, cells and behind directives. */
#include <server/doc/template_parse.h>
#include <string.h>

static struct piece *piece_add(struct parser *parser, struct text *text, enum piece_kind kind, const char *value) {
    struct piece *piece = parser_take(parser, sizeof *piece);
    if (!piece || !value) return NULL;
    piece->kind = kind;
    piece->text = value;
    piece->bold = parser->bold_line != 0;
    if (text->last) text->last->next = piece;
    else text->first = piece;
    text->last = piece;
    return piece;
}

static void literal_add(struct parser *parser, struct text *text, const char *from, size_t size) {
    if (size) (void)piece_add(parser, text, PIECE_LITERAL, parser_copy(parser, from, size));
}

/* The innermost @each or @lines around the line. */
static const struct block *around(const struct parser *parser, enum block_kind kind) {
    for (size_t i = parser->depth; i > 0; i--)
        if (parser->open[i].block->kind == kind) return parser->open[i].block;
    return NULL;
}

static bool element_check(struct parser *parser, const char *name) {
    const struct block *each = around(parser, BLOCK_EACH);
    if (!each) {
        parser_mistake(parser, "{%s} stands outside @each", name);
        return false;
    }
    if (!parser->kind_known || !each->name || !document_list_known(parser->template->kind, each->name)) return true;
    if (document_element_known(parser->template->kind, each->name, name + 1)) return true;
    parser_mistake(parser, "an element of %s has no field %s", each->name, name);
    return false;
}

bool name_check(struct parser *parser, const char *name, enum piece_kind *kind) {
    *kind = PIECE_FIELD;
    if (strcmp(name, ".") == 0) {
        *kind = PIECE_LINE;
        if (around(parser, BLOCK_LINES)) return true;
        parser_mistake(parser, "{.} stands outside @lines");
        return false;
    }
    if (strcmp(name, "#") == 0) {
        *kind = PIECE_COUNTER;
        if (around(parser, BLOCK_EACH) || around(parser, BLOCK_LINES)) return true;
        parser_mistake(parser, "{#} stands outside @each and @lines");
        return false;
    }
    if (name[0] == '.') {
        *kind = PIECE_ELEMENT;
        return element_check(parser, name);
    }
    if (!parser->kind_known || document_field_known(parser->template->kind, name)) return true;
    parser_mistake(parser, "a document of kind %s has no field \"%s\"", document_kind_name(parser->template->kind), name);
    return false;
}

/* Cuts the next part of `*list` at `separator`, without blanks around; NULL at the end. */
static char *part_next(char **list, char separator) {
    char *from = *list;
    if (!from) return NULL;
    char *end = strchr(from, separator);
    *list = end ? end + 1 : NULL;
    if (!end) end = from + strlen(from);
    while (*from == ' ') from++;
    while (end > from && end[-1] == ' ') end--;
    *end = '\0';
    return from;
}

/* name|filter|filter */
static void field_read(struct parser *parser, struct text *text, const char *from, size_t size) {
    char *inside = parser_copy(parser, from, size);
    char *name = part_next(&inside, '|');
    enum piece_kind kind;
    if (!name) return;
    if (!*name) {
        parser_mistake(parser, "{} names no field; write {{ for a brace");
        return;
    }
    (void)name_check(parser, name, &kind);
    struct piece *piece = piece_add(parser, text, kind, kind == PIECE_ELEMENT ? name + 1 : name);
    size_t count = 0;
    for (const char *filter; (filter = part_next(&inside, '|'));) {
        filter_run *run = filter_find(filter);
        if (!run) parser_mistake(parser, "there is no filter \"%s\"", filter);
        else if (count == TEMPLATE_FILTERS) parser_mistake(parser, "more than %u filters", TEMPLATE_FILTERS);
        else if (piece) piece->filters[count++] = run;
    }
}

/* A brace at `at`: the first byte behind the field, or behind {{. */
static const char *brace_read(struct parser *parser, struct text *text, const char *at, const char *end) {
    if (at + 1 < end && at[1] == '{') {
        literal_add(parser, text, "{", 1);
        return at + 2;
    }
    const char *close = memchr(at, '}', (size_t)(end - at)), *again = memchr(at + 1, '{', (size_t)(end - at - 1));
    if (!close || (again && again < close)) {
        parser_mistake(parser, "a { has no }; write {{ for a brace");
        return again ? again : end;
    }
    field_read(parser, text, at + 1, (size_t)(close - at - 1));
    return close + 1;
}

static const char *star_read(struct parser *parser, struct text *text, const char *at, const char *end) {
    if (at + 1 < end && at[1] == '*') {
        literal_add(parser, text, "*", 1);
        return at + 2;
    }
    parser->bold_line = parser->bold_line ? 0 : parser->line;
    return at + 1;
}

void text_read(struct parser *parser, struct text *text, const char *from, size_t size) {
    const char *end = from + size, *at = from;
    while (at < end) {
        if (*at != '{' && *at != '*') {
            at++;
            continue;
        }
        literal_add(parser, text, from, (size_t)(at - from));
        from = at = *at == '{' ? brace_read(parser, text, at, end) : star_read(parser, text, at, end);
    }
    literal_add(parser, text, from, (size_t)(end - from));
}

void bold_check(struct parser *parser) {
    int line = parser->line;
    if (!parser->bold_line) return;
    parser->line = parser->bold_line;
    parser_mistake(parser, "a * has no second one; write ** for a star");
    parser->line = line;
    parser->bold_line = 0;
}

/* The | outside braces, or the end. */
static const char *cell_end(const char *from, const char *end) {
    bool inside = false;
    for (; from < end; from++) {
        if (*from == '{') inside = true;
        if (*from == '}') inside = false;
        if (*from == '|' && !inside) return from;
    }
    return end;
}

static void trim(const char **from, const char **end) {
    while (*from < *end && **from == ' ') (*from)++;
    while (*end > *from && (*end)[-1] == ' ') (*end)--;
}

void cells_read(struct parser *parser, struct text **cells, size_t *count, size_t most, const char *from, size_t size) {
    const char *end = from + size;
    if (!*cells) *cells = parser_take(parser, most * sizeof **cells);
    if (!*cells) return;
    for (bool first = true;; first = false) {
        const char *stop = cell_end(from, end), *cell = from, *cell_stop = stop;
        trim(&cell, &cell_stop);
        if (!first || *count == 0) {
            bold_check(parser);
            if (*count == most) {
                parser_mistake(parser, "more than %zu cells", most);
                return;
            }
            (*count)++;
        } else if (cell < cell_stop) literal_add(parser, &(*cells)[*count - 1], parser->broken ? "\n" : " ", 1);
        text_read(parser, &(*cells)[*count - 1], cell, (size_t)(cell_stop - cell));
        if (stop == end) return;
        from = stop + 1;
    }
}
