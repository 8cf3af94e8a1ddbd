/* What the parts of the template reader share. Only template*.c include this. */
#ifndef SERVER_DOC_TEMPLATE_PARSE_H
#define SERVER_DOC_TEMPLATE_PARSE_H

#include <server/doc/template.h>

/* What a line without @ is: a paragraph, a row or an item. */
enum place { IN_BODY = 1, IN_TABLE = 2, IN_LIST = 4 };

struct open_block {
    struct block *block;
    struct block **end; /* where the next child goes */
    struct block *last; /* child; NULL: none, or none since @else */
    enum place place;
};

struct parser {
    struct template *template;
    int line;
    bool failed;     /* memory */
    bool kind_known; /* else fields are not checked */
    bool begun;      /* a line that is no comment was read */
    bool titled;
    unsigned noted; /* bits of the directives that may be given once */
    struct style style;
    struct open_block open[TEMPLATE_DEPTH + 1]; /* [0] is the document */
    size_t depth;
    size_t too_deep;       /* blocks that were opened beyond TEMPLATE_DEPTH */
    struct block *current; /* the paragraph, row or item that further lines belong to */
    bool broken;           /* its last line ended in a backslash */
    int bold_line;         /* of the * that is still open; 0: none */
};

/* Notes a mistake at parser->line. */
__attribute__((format(printf, 2, 3))) void parser_mistake(struct parser *parser, const char *format, ...);
/* Zeroed memory of the template; NULL (and parser->failed) when there is no more. */
void *parser_take(struct parser *parser, size_t size);
char *parser_copy(struct parser *parser, const char *text, size_t size);

/* A block of this kind behind the last one; NULL when memory is short. */
struct block *parser_append(struct parser *parser, enum block_kind kind);
/* Ends the paragraph, row or item that is being read. */
void parser_finish(struct parser *parser);

/* The pieces of `size` bytes of text behind those that `text` has. */
void text_read(struct parser *parser, struct text *text, const char *from, size_t size);
/* Splits at the | outside braces into parser_take()n texts, behind the `*count` that there are in *cells. The first part
 * goes on in the last of them. At most `most` cells. */
void cells_read(struct parser *parser, struct text **cells, size_t *count, size_t most, const char *from, size_t size);
/* One line's * are closed? Says so when not. */
void bold_check(struct parser *parser);

/* A name as it stands in braces or behind @if: which kind of piece it is. Says when it is unknown. */
bool name_check(struct parser *parser, const char *name, enum piece_kind *kind);

/* Carries out a line that begins with @; `line` is behind it, without a comment, and may be changed. */
void directive_read(struct parser *parser, char *line);

#endif
