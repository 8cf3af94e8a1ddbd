/* The text of a document kind as an office writes it: lines of text with {fields} and @directives, read into blocks. The
 * language is on one page in sql/catalogue/templates/README.md.
 *
 * Everything that is wrong is collected with its line, never only the first. Nothing here knows a value or a page:
 * render.h. */
#ifndef SERVER_DOC_TEMPLATE_H
#define SERVER_DOC_TEMPLATE_H

#include <server/arena.h>
#include <server/doc/field.h>
#include <server/doc/filter.h>
#include <stdbool.h>
#include <stddef.h>

#define TEMPLATE_BYTES    (64u * 1024u)
#define TEMPLATE_COLUMNS  8u
#define TEMPLATE_DEPTH    8u /* blocks in blocks */
#define TEMPLATE_FILTERS  3u
#define TEMPLATE_MISTAKES 200u

enum align { ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT, ALIGN_JUSTIFY };

struct style {
    enum align align;
    bool bold, italic;
    int size; /* points */
};

enum piece_kind {
    PIECE_LITERAL,
    PIECE_FIELD,   /* {applicant.name} */
    PIECE_ELEMENT, /* {.name}, within @each */
    PIECE_COUNTER, /* {#}, the element's number */
    PIECE_LINE     /* {.}, within @lines */
};

struct piece {
    struct piece *next;
    enum piece_kind kind;
    const char *text; /* the literal, or the name of the field */
    filter_run *filters[TEMPLATE_FILTERS];
    bool bold;
};

struct text {
    struct piece *first, *last;
};

enum block_kind {
    BLOCK_TEXT,
    BLOCK_LETTERHEAD,
    BLOCK_SPACE,
    BLOCK_RULE,
    BLOCK_PAGE,
    BLOCK_QR,
    BLOCK_SIGNATURE,
    BLOCK_TABLE,
    BLOCK_ROW,
    BLOCK_LIST,
    BLOCK_ITEM,
    BLOCK_EACH,
    BLOCK_LINES,
    BLOCK_IF,
    BLOCK_KEEP
};

enum marks { MARKS_LETTERS, MARKS_NUMBERS, MARKS_DECREE, MARKS_NONE }; /* a. | 1. | KESATU : | nothing */

/* @if: is the value given (and not "no"), or is it `equals`? */
struct condition {
    bool negated, element, list;
    const char *name, *equals; /* `equals` NULL: is it given */
};

struct block {
    struct block *next, *children, *otherwise; /* otherwise: behind @else */
    enum block_kind kind;
    int line;
    struct style style;
    struct text *cells; /* text and item: one; row: one a column; QR: content and what stands beside it */
    size_t cell_count;
    struct text label; /* of a list */
    const char *name;  /* each: the list; lines: the field */
    struct condition condition;
    enum marks marks;
    int first;                     /* of a list: the number of its first item */
    int columns[TEMPLATE_COLUMNS]; /* percent */
    size_t column_count;
    unsigned right; /* bit of each column that is set to the right */
    bool border, header, colon;
    int space;                /* millimetres */
    const struct block *code; /* of a signature: the QR code that stands before it, and then beside it */
    bool beside;              /* that QR code */
};

struct template_mistake {
    const char *text; /* English, for the administrator */
    int line;
};

struct template {
    enum document_kind kind;
    const char *path;
    struct text title, footer, watermark;
    struct block *blocks;
    bool letterhead;
    struct template_mistake *mistakes; /* by line */
    size_t mistake_count;
    struct arena arena; /* of everything above */
};

/* Reads `size` bytes of `text`, which stand in `path`. Never NULL but when memory is short; a template with mistakes is
 * only good for printing them as "path:line: text". The caller owns it. */
struct template *template_parse(const char *text, size_t size, const char *path);
void template_free(struct template *template);

#endif
