/* Reads a template line by line and keeps the stack of open blocks. What a directive means: template_directive.c; what
 * stands in a text: template_text.c. */
#include <server/doc/template_parse.h>
#include <server/utf8.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (16u * 1024u * 1024u)

void *parser_take(struct parser *parser, size_t size) {
    void *taken = arena_take(&parser->template->arena, size);
    if (!taken) parser->failed = true;
    return taken ? memset(taken, 0, size) : NULL;
}

char *parser_copy(struct parser *parser, const char *text, size_t size) {
    char *copy = parser_take(parser, size + 1);
    return copy ? memcpy(copy, text, size) : NULL;
}

void parser_mistake(struct parser *parser, const char *format, ...) {
    struct template *template = parser->template;
    char text[256];
    if (template->mistake_count == TEMPLATE_MISTAKES) return;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size >= (int)sizeof text) (void)snprintf(text + sizeof text - 4, 4, "...");
    bool last = template->mistake_count == TEMPLATE_MISTAKES - 1;
    if (last) (void)snprintf(text, sizeof text, "and more mistakes");
    const char *kept = parser_copy(parser, text, strlen(text));
    if (kept) template->mistakes[template->mistake_count++] = (struct template_mistake){kept, parser->line};
}

struct block *parser_append(struct parser *parser, enum block_kind kind) {
    struct open_block *open = &parser->open[parser->depth];
    struct block *block = parser_take(parser, sizeof *block);
    if (!block) return NULL;
    block->kind = kind;
    block->line = parser->line;
    block->style = parser->style;
    *open->end = block;
    open->end = &block->next;
    open->last = block;
    return block;
}

/* The table that the line stands in. */
static const struct block *table_around(const struct parser *parser) {
    for (size_t i = parser->depth; i > 0; i--)
        if (parser->open[i].block->kind == BLOCK_TABLE) return parser->open[i].block;
    return NULL;
}

void parser_finish(struct parser *parser) {
    struct block *block = parser->current;
    parser->current = NULL;
    parser->broken = false;
    bold_check(parser);
    if (!block || block->kind != BLOCK_ROW) return;
    const struct block *table = table_around(parser);
    if (!table || !table->column_count || block->cell_count == table->column_count) return;
    int line = parser->line;
    parser->line = block->line;
    parser_mistake(parser, "the row has %zu cells, but the table %zu columns", block->cell_count, table->column_count);
    parser->line = line;
}

/* A line of a paragraph, row or item: cut into `cells` of the block. A backslash at its end breaks the line there. */
static void block_line(struct parser *parser, struct block *block, const char *line) {
    size_t size = strlen(line), most = block->kind == BLOCK_ROW ? TEMPLATE_COLUMNS : 1;
    bool broken = size && line[size - 1] == '\\';
    if (broken) size--;
    if (most > 1) {
        cells_read(parser, &block->cells, &block->cell_count, most, line, size);
    } else {
        if (!block->cells) block->cells = parser_take(parser, sizeof *block->cells);
        if (!block->cells) return;
        while (size && line[size - 1] == ' ') size--;
        if (block->cell_count) text_read(parser, block->cells, parser->broken ? "\n" : " ", 1);
        block->cell_count = 1;
        text_read(parser, block->cells, line, size);
    }
    parser->broken = broken;
}

static void body_line(struct parser *parser, const char *line) {
    if (!parser->current) parser->current = parser_append(parser, BLOCK_TEXT);
    if (parser->current) block_line(parser, parser->current, line + strspn(line, " "));
}

static void row_line(struct parser *parser, const char *line) {
    bool goes_on = line[0] == ' ' && parser->current;
    if (!goes_on) parser_finish(parser);
    if (!goes_on) parser->current = parser_append(parser, BLOCK_ROW);
    if (parser->current) block_line(parser, parser->current, line + strspn(line, " "));
}

static void item_line(struct parser *parser, const char *line) {
    bool begins = strncmp(line, "- ", 2) == 0;
    if (begins) {
        parser_finish(parser);
        parser->current = parser_append(parser, BLOCK_ITEM);
    }
    if (parser->current) block_line(parser, parser->current, begins ? line + 2 : line + strspn(line, " "));
    else if (!begins) parser_mistake(parser, "an item of a list begins with \"- \"");
}

/* A comment stands behind " ;" in a directive's line. */
static void comment_cut(char *line) {
    for (char *at = line; (at = strchr(at, ';')); at++) {
        if (at == line || (at[-1] != ' ' && at[-1] != '\t')) continue;
        *at = '\0';
        return;
    }
}

static void line_read(struct parser *parser, char *line) {
    size_t size = strlen(line);
    while (size && line[size - 1] == ' ') line[--size] = '\0';
    const char *from = line + strspn(line, " ");
    if (*from == ';') return;
    if (!*from) {
        parser_finish(parser);
        return;
    }
    if (from[0] == '@' && from[1] != '@') {
        parser_finish(parser);
        comment_cut(line);
        directive_read(parser, line + (from - line) + 1);
        return;
    }
    if (from[0] == '@') memmove(line + (from - line), from + 1, strlen(from));
    if (!parser->begun) parser_mistake(parser, "the first line must be @document KIND");
    parser->begun = true;
    enum place place = parser->open[parser->depth].place;
    if (place == IN_TABLE) row_line(parser, line);
    else if (place == IN_LIST) item_line(parser, line);
    else body_line(parser, line);
}

/* Tabs become blanks; what can't be printed is a mistake and becomes '?'. */
static void line_clean(struct parser *parser, char *line, size_t size) {
    bool wrong = false;
    for (char *at = line; at < line + size;) {
        size_t bytes = utf8_character(at);
        if (*at == '\t') *at = ' ';
        else if (bytes == 0) wrong = true, *at = '?';
        at += bytes ? bytes : 1;
    }
    if (wrong) parser_mistake(parser, "a control character, or text that is not UTF-8");
}

/* The next line as a copy, without its end; `*text` goes behind it. NULL when memory is short. */
static char *line_next(struct parser *parser, const char **text, const char *end) {
    const char *stop = memchr(*text, '\n', (size_t)(end - *text));
    size_t length = (size_t)((stop ? stop : end) - *text);
    char *line = parser_copy(parser, *text, length);
    *text = stop ? stop + 1 : end;
    parser->line++;
    if (line && length && line[length - 1] == '\r') line[--length] = '\0';
    if (line) line_clean(parser, line, length);
    return line;
}

/* Does a directive go on in the next line? A backslash is its last character. */
static bool goes_on(const char *line) {
    size_t size = strlen(line), blank = strspn(line, " ");
    while (size && line[size - 1] == ' ') size--;
    return line[blank] == '@' && line[blank + 1] != '@' && line[size - 1] == '\\';
}

/* `line` up to its backslash, and `next` behind a line break; NULL when memory is short. */
static char *line_join(struct parser *parser, const char *line, const char *next) {
    size_t size = (size_t)(strrchr(line, '\\') - line);
    size_t room = size + strlen(next) + 2;
    char *joined = parser_take(parser, room);
    if (joined) (void)snprintf(joined, room, "%.*s\n%s", (int)size, line, next + strspn(next, " "));
    return joined;
}

static void lines_read(struct parser *parser, const char *text, size_t size) {
    const char *end = text + size;
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3; /* some editors begin UTF-8 so */
    while (text < end && !parser->failed) {
        char *line = line_next(parser, &text, end);
        int first = parser->line;
        while (line && goes_on(line) && text < end) {
            const char *next = line_next(parser, &text, end);
            line = next ? line_join(parser, line, next) : NULL;
        }
        int last = parser->line;
        parser->line = first;
        if (line) line_read(parser, line);
        parser->line = last;
    }
}

static int mistake_compare(const void *a, const void *b) {
    const struct template_mistake *one = a, *two = b;
    return (one->line > two->line) - (one->line < two->line);
}

/* What can only be said at the end. */
static void document_finish(struct parser *parser) {
    parser_finish(parser);
    for (; parser->depth; parser->depth--) {
        parser->line = parser->open[parser->depth].block->line;
        parser_mistake(parser, "this block has no @end");
    }
    parser->line = 1;
    if (!parser->begun) parser_mistake(parser, "the file is empty; it begins with @document KIND");
    else if (parser->kind_known && !parser->titled) parser_mistake(parser, "there is no @title");
    struct template *template = parser->template;
    if (template->mistake_count) qsort(template->mistakes, template->mistake_count, sizeof *template->mistakes, mistake_compare);
}

struct template *template_parse(const char *text, size_t size, const char *path) {
    struct template *template = calloc(1, sizeof *template);
    if (!template) return NULL;
    arena_init(&template->arena, ARENA_BYTES);
    struct parser parser = {.template = template, .style = {ALIGN_JUSTIFY, false, false, 11}};
    parser.open[0] = (struct open_block){NULL, &template->blocks, NULL, IN_BODY};
    template->path = parser_copy(&parser, path, strlen(path));
    template->mistakes = parser_take(&parser, TEMPLATE_MISTAKES * sizeof *template->mistakes);
    if (!parser.failed && size > TEMPLATE_BYTES) {
        parser.line = 1;
        parser_mistake(&parser, "the file has %zu bytes, more than %u", size, TEMPLATE_BYTES);
    } else if (!parser.failed) {
        lines_read(&parser, text, size);
        document_finish(&parser);
    }
    if (!parser.failed) return template;
    template_free(template);
    return NULL;
}

void template_free(struct template *template) {
    if (!template) return;
    arena_drop(&template->arena);
    free(template);
}
