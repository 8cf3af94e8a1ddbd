/* The lines that begin with @, one function each, and the table of them. Each reads its words and says what is wrong; a block
 * is opened even when its words are wrong, so that its @end is no further mistake. */
#include <server/doc/template_parse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LEAST 6
#define SIZE_MOST  36
#define SPACE_MOST 100
#define LIST_MOST  500

struct directive {
    const char *name;
    void (*read)(struct parser *, const struct directive *, char *words);
    unsigned places;  /* bits of enum place */
    unsigned once;    /* bit of what is given once a template, outside blocks; 1: @document */
    int detail;       /* the align or the block kind */
    bool takes_words; /* else words behind it are a mistake */
};

static char *word_next(char **words) {
    char *from = *words + strspn(*words, " ");
    size_t size = strcspn(from, " ");
    if (!size) return NULL;
    *words = from + size + (from[size] != '\0');
    from[size] = '\0';
    return from;
}

/* A whole number within the bounds; says so when it is none. */
static bool number_read(struct parser *parser, const char *text, int least, int most, const char *what, int *number) {
    char *end;
    long value = strtol(text, &end, 10);
    if (end != text && *end == '\0' && value >= least && value <= most) {
        *number = (int)value;
        return true;
    }
    parser_mistake(parser, "%s is a number from %d to %d, not \"%s\"", what, least, most, text);
    return false;
}

static void block_open(struct parser *parser, struct block *block, enum place place) {
    if (parser->depth == TEMPLATE_DEPTH) {
        parser_mistake(parser, "blocks stand deeper than %u in each other", TEMPLATE_DEPTH);
        parser->too_deep++;
        return;
    }
    if (block) parser->open[++parser->depth] = (struct open_block){block, &block->children, NULL, place};
}

static void read_document(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    const char *kind = word_next(&words);
    parser->kind_known = kind && document_kind_find(kind, &parser->template->kind);
    if (!kind) parser_mistake(parser, "@document names no kind");
    else if (!parser->kind_known) parser_mistake(parser, "there is no kind of document \"%s\"", kind);
    if (word_next(&words)) parser_mistake(parser, "@document takes one word");
}

static void text_of_line(struct parser *parser, struct text *text, const char *words) {
    text_read(parser, text, words, strlen(words));
    bold_check(parser);
}

static void read_title(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    parser->titled = true;
    if (!*words) parser_mistake(parser, "@title has no text");
    text_of_line(parser, &parser->template->title, words);
}

static void read_footer(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    text_of_line(parser, &parser->template->footer, words);
}

static void read_watermark(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    text_of_line(parser, &parser->template->watermark, words);
}

static void read_simple(struct parser *parser, const struct directive *directive, char *words) {
    (void)words;
    if (directive->detail == BLOCK_LETTERHEAD) parser->template->letterhead = true;
    (void)parser_append(parser, (enum block_kind)directive->detail);
}

/* bold, italic, size=N; false when the word is none of them. */
static bool style_word(struct parser *parser, const char *word, struct style *style) {
    if (strcmp(word, "bold") == 0) return style->bold = true;
    if (strcmp(word, "italic") == 0) return style->italic = true;
    if (strncmp(word, "size=", 5) != 0) return false;
    (void)number_read(parser, word + 5, SIZE_LEAST, SIZE_MOST, "size", &style->size);
    return true;
}

static void read_style(struct parser *parser, const struct directive *directive, char *words) {
    struct style style = {(enum align)directive->detail, false, false, 11};
    for (const char *word; (word = word_next(&words));)
        if (!style_word(parser, word, &style)) parser_mistake(parser, "\"%s\" is no style (bold italic size=N)", word);
    parser->style = style;
}

static void read_space(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    const char *size = word_next(&words);
    struct block *block = parser_append(parser, BLOCK_SPACE);
    if (block) (void)number_read(parser, size ? size : "", 1, SPACE_MOST, "space (millimetres)", &block->space);
    if (word_next(&words)) parser_mistake(parser, "@space takes one number");
}

static void table_word(struct parser *parser, struct block *table, const char *word) {
    int column;
    if (*word >= '0' && *word <= '9') {
        if (table->column_count == TEMPLATE_COLUMNS) parser_mistake(parser, "more than %u columns", TEMPLATE_COLUMNS);
        else if (number_read(parser, word, 1, 100, "a column (percent)", &column)) table->columns[table->column_count++] = column;
    } else if (strcmp(word, "border") == 0) table->border = true;
    else if (strcmp(word, "header") == 0) table->header = true;
    else if (strcmp(word, "colon") == 0) table->colon = true;
    else if (strncmp(word, "right=", 6) == 0) {
        if (number_read(parser, word + 6, 1, (int)TEMPLATE_COLUMNS, "right", &column)) table->right |= 1u << (column - 1);
    } else if (!style_word(parser, word, &table->style))
        parser_mistake(parser, "\"%s\" is no word of @table (percents border header colon right=N bold italic size=N)", word);
}

static void read_table(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    struct block *table = parser_append(parser, BLOCK_TABLE);
    int sum = 0;
    if (!table) return;
    table->style = (struct style){ALIGN_LEFT, false, false, parser->style.size};
    for (const char *word; (word = word_next(&words));) table_word(parser, table, word);
    for (size_t i = 0; i < table->column_count; i++) sum += table->columns[i];
    if (sum != 100) parser_mistake(parser, "the columns add up to %d percent, not 100", sum);
    block_open(parser, table, IN_TABLE);
}

static void read_list(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    static const struct {
        const char *name;
        enum marks marks;
    } all[] = {{"a", MARKS_LETTERS}, {"1", MARKS_NUMBERS}, {"kesatu", MARKS_DECREE}, {"plain", MARKS_NONE}};
    const char *name = word_next(&words);
    struct block *list = parser_append(parser, BLOCK_LIST);
    size_t i = 0, count = sizeof all / sizeof all[0];
    if (!list) return;
    while (name && i < count && strcmp(all[i].name, name) != 0) i++;
    if (!name || i == count) parser_mistake(parser, "a list is numbered by a, 1, kesatu or plain, not \"%s\"", name ? name : "");
    else list->marks = all[i].marks;
    list->first = 1;
    words += strspn(words, " ");
    if (strncmp(words, "from=", 5) == 0) (void)number_read(parser, word_next(&words) + 5, 1, LIST_MOST, "from", &list->first);
    list->style = (struct style){ALIGN_JUSTIFY, false, false, parser->style.size};
    text_of_line(parser, &list->label, words + strspn(words, " "));
    block_open(parser, list, IN_LIST);
}

static void read_each(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    const char *list = word_next(&words);
    struct block *block = parser_append(parser, BLOCK_EACH);
    if (!list) parser_mistake(parser, "@each names no list");
    else if (parser->kind_known && !document_list_known(parser->template->kind, list))
        parser_mistake(parser, "a document of kind %s has no list \"%s\"", document_kind_name(parser->template->kind), list);
    if (word_next(&words)) parser_mistake(parser, "@each takes one word");
    if (block) block->name = list;
    block_open(parser, block, parser->open[parser->depth].place);
}

static void read_lines(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    enum piece_kind kind;
    const char *name = word_next(&words);
    struct block *block = parser_append(parser, BLOCK_LINES);
    if (!name) parser_mistake(parser, "@lines names no field");
    else if (name_check(parser, name, &kind) && kind != PIECE_FIELD)
        parser_mistake(parser, "@lines takes a field, not \"%s\"", name);
    if (word_next(&words)) parser_mistake(parser, "@lines takes one word");
    if (block) block->name = name ? name : "";
    block_open(parser, block, parser->open[parser->depth].place);
}

/* FIELD, FIELD = WORDS, FIELD != WORDS; the rest of the line is one value. */
static void condition_read(struct parser *parser, struct condition *condition, char *words) {
    enum piece_kind kind;
    const char *name = word_next(&words), *compare;
    if (name && strcmp(name, "not") == 0) {
        condition->negated = true;
        name = word_next(&words);
    }
    if (!name) {
        parser_mistake(parser, "@if names no field");
        return;
    }
    /* a field of the form may be a text or a table: its value tells */
    condition->list = parser->kind_known && document_list_known(parser->template->kind, name) &&
                      !document_field_known(parser->template->kind, name);
    if (!condition->list && name_check(parser, name, &kind) && kind != PIECE_FIELD && kind != PIECE_ELEMENT)
        parser_mistake(parser, "@if takes a field, not \"%s\"", name);
    condition->element = name[0] == '.';
    condition->name = condition->element ? name + 1 : name;
    compare = word_next(&words);
    if (!compare) return;
    if (condition->list || (strcmp(compare, "=") != 0 && strcmp(compare, "!=") != 0))
        parser_mistake(parser, "behind the field of @if stands = VALUE, != VALUE or nothing, not \"%s\"", compare);
    if (compare[0] == '!') condition->negated = !condition->negated;
    condition->equals = words + strspn(words, " ");
}

static void read_if(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    struct block *block = parser_append(parser, BLOCK_IF);
    if (!block) return;
    condition_read(parser, &block->condition, words);
    block_open(parser, block, parser->open[parser->depth].place);
}

static void read_else(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    (void)words;
    struct open_block *open = &parser->open[parser->depth];
    if (parser->too_deep) return;
    if (!parser->depth || open->block->kind != BLOCK_IF) parser_mistake(parser, "@else stands outside @if");
    else if (open->end == &open->block->otherwise || open->block->otherwise) parser_mistake(parser, "@else is given twice");
    else *open = (struct open_block){open->block, &open->block->otherwise, NULL, open->place};
}

static void read_keep(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    (void)words;
    block_open(parser, parser_append(parser, BLOCK_KEEP), IN_BODY);
}

/* Parts between | : the content of a QR and what stands beside it, the lines above a signature. */
static void read_cells(struct parser *parser, const struct directive *directive, char *words) {
    struct block *before = parser->open[parser->depth].last, *block = parser_append(parser, (enum block_kind)directive->detail);
    if (!block) return;
    if (block->kind == BLOCK_SIGNATURE && before && before->kind == BLOCK_QR) {
        block->code = before;
        before->beside = true;
    }
    if (*words) cells_read(parser, &block->cells, &block->cell_count, directive->detail == BLOCK_QR ? 2 : 4, words, strlen(words));
    bold_check(parser);
    if (directive->detail == BLOCK_QR && !*words) parser_mistake(parser, "@qr has no text");
}

/* A header is one row that is always there: it is repeated on each page. */
static void table_check(struct parser *parser, const struct block *table) {
    if (table->kind != BLOCK_TABLE || !table->header) return;
    if (!table->children || table->children->kind != BLOCK_ROW)
        parser_mistake(parser, "the table has a header, so its first line must be a row");
}

static void read_end(struct parser *parser, const struct directive *directive, char *words) {
    (void)directive;
    (void)words;
    if (parser->too_deep) parser->too_deep--;
    else if (!parser->depth) parser_mistake(parser, "@end has no block");
    else table_check(parser, parser->open[parser->depth--].block);
}

#define ANYWHERE (IN_BODY | IN_TABLE | IN_LIST)

static const struct directive directives[] = {
    {"document", read_document, IN_BODY, 1, 0, true},
    {"title", read_title, IN_BODY, 2, 0, true},
    {"footer", read_footer, IN_BODY, 4, 0, true},
    {"watermark", read_watermark, IN_BODY, 8, 0, true},
    {"letterhead", read_simple, IN_BODY, 0, BLOCK_LETTERHEAD, false},
    {"rule", read_simple, IN_BODY, 0, BLOCK_RULE, false},
    {"page", read_simple, IN_BODY, 0, BLOCK_PAGE, false},
    {"space", read_space, IN_BODY | IN_TABLE, 0, 0, true},
    {"left", read_style, IN_BODY, 0, ALIGN_LEFT, true},
    {"center", read_style, IN_BODY, 0, ALIGN_CENTER, true},
    {"right", read_style, IN_BODY, 0, ALIGN_RIGHT, true},
    {"justify", read_style, IN_BODY, 0, ALIGN_JUSTIFY, true},
    {"table", read_table, IN_BODY, 0, 0, true},
    {"list", read_list, IN_BODY, 0, 0, true},
    {"keep", read_keep, IN_BODY, 0, 0, false},
    {"qr", read_cells, IN_BODY, 0, BLOCK_QR, true},
    {"signature", read_cells, IN_BODY, 0, BLOCK_SIGNATURE, true},
    {"each", read_each, ANYWHERE, 0, 0, true},
    {"lines", read_lines, ANYWHERE, 0, 0, true},
    {"if", read_if, ANYWHERE, 0, 0, true},
    {"else", read_else, ANYWHERE, 0, 0, false},
    {"end", read_end, ANYWHERE, 0, 0, false},
};

static const struct directive *directive_find(const char *name) {
    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++)
        if (strcmp(directives[i].name, name) == 0) return &directives[i];
    return NULL;
}

/* What is asked of every directive, before it reads its own words. */
static void directive_check(struct parser *parser, const struct directive *directive, const char *words) {
    if (!parser->begun && directive->once != 1) parser_mistake(parser, "the first line must be @document KIND");
    if (!(directive->places & parser->open[parser->depth].place))
        parser_mistake(parser, "@%s can't stand in a %s", directive->name,
                       parser->open[parser->depth].place == IN_LIST ? "list" : "table");
    if (parser->noted & directive->once) parser_mistake(parser, "@%s is given twice", directive->name);
    if (directive->once && parser->depth) parser_mistake(parser, "@%s can't stand in a block", directive->name);
    if (!directive->takes_words && *words) parser_mistake(parser, "@%s takes no words", directive->name);
    parser->noted |= directive->once;
    parser->begun = true;
}

void directive_read(struct parser *parser, char *line) {
    size_t size = strcspn(line, " ");
    char *words = line + size + (line[size] != '\0');
    line[size] = '\0';
    words += strspn(words, " ");
    for (size_t end = strlen(words); end && words[end - 1] == ' ';) words[--end] = '\0';
    const struct directive *directive = directive_find(line);
    if (!directive) {
        parser_mistake(parser, "there is no directive \"@%s\"", line);
        parser->begun = true;
        return;
    }
    directive_check(parser, directive, words);
    directive->read(parser, directive, words);
}
