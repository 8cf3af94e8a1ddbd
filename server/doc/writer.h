/* The pages that are being written, for the parts of the renderer; nobody else includes this.
 *
 * All sizes are points; y grows downwards from the upper edge. A failure is kept in writer->code and everything
 * after it does nothing. While writer->measuring nothing is drawn, no page ends, and only y moves. */
#ifndef SERVER_DOC_WRITER_H
#define SERVER_DOC_WRITER_H

#include <cairo.h>
#include <pango/pangocairo.h>
#include <server/doc/expand.h>
#include <server/doc/render.h>

#define MILLIMETRE  (72.0 / 25.4)
#define PAGE_WIDTH  (210.0 * MILLIMETRE)
#define PAGE_HEIGHT (297.0 * MILLIMETRE)
#define MARGIN      (25.0 * MILLIMETRE)
#define PAGE_BOTTOM (PAGE_HEIGHT - MARGIN)
#define TEXT_WIDTH  (PAGE_WIDTH - 2 * MARGIN)
#define TEXT_HEIGHT (PAGE_BOTTOM - MARGIN)
#define ROW_COLUMNS (TEMPLATE_COLUMNS + 1) /* a table's, and one for the colon */

struct writer {
    const struct template *template;
    const struct document_data *data;
    cairo_surface_t *arms; /* NULL: none */
    cairo_t *cairo;
    PangoContext *pango;
    struct document_layout *layout;
    struct error *error;
    enum loket_error code;
    size_t page, pages; /* pages: 0 while they are counted */
    double y;
    bool measuring;
};

/* What a text looks like beside the template's style. */
struct look {
    struct style style;
    bool sans, underline;
    double size; /* 0: style.size */
};

/* A text broken into lines. */
struct laid {
    PangoLayout *layout;
    struct laid_line *lines;
    size_t count;
};

/* Keeps the first failure. */
void writer_fail(struct writer *writer, enum loket_error code, const char *field, const char *message);
void page_begin(struct writer *writer);
void page_end(struct writer *writer);
/* Ends the page and begins the next. */
void page_break(struct writer *writer);
double page_room(const struct writer *writer);
/* Begins a page when there is no room for `height`, unless a whole page has none either. */
void page_need(struct writer *writer, double height);

/* laid_free() what these give, also after a failure. The attributes may be NULL and are taken. */
struct laid laid_new(struct writer *writer, const char *text, PangoAttrList *attributes, const struct look *look, double width);
struct laid laid_text(struct writer *writer, const struct text *text, const struct scope *scope, const struct look *look,
                      double width);
void laid_free(struct laid *laid);
/* Of the lines from `from`, before `to`. */
double laid_height(const struct laid *laid, size_t from, size_t to);
/* The line that no longer fits in `room` when `from` is the first; leaves no line alone where it can. */
size_t laid_fit(const struct laid *laid, size_t from, double room);
void laid_draw(struct writer *writer, const struct laid *laid, size_t from, size_t to, double x, double y);
/* Draws it whole at x and the writer's y, which moves below it. */
void laid_put(struct writer *writer, struct laid laid, double x);

/* Cells beside each other, broken over pages where they must be. */
struct row {
    struct laid cells[ROW_COLUMNS];
    double x[ROW_COLUMNS], width[ROW_COLUMNS]; /* of the text, without padding */
    size_t count;
    double padding_x, padding_y;
    bool border;
};

/* Writes the row; a row that would begin a new page has `header` (may be NULL) drawn above it again. */
void row_write(struct writer *writer, const struct row *row, const struct row *header);
double row_height(const struct row *row);
void row_free(struct row *row);

/* The blocks from `first` on. */
void blocks_write(struct writer *writer, const struct block *first, const struct scope *scope);
typedef void block_visit(struct writer *, const struct block *, const struct scope *, void *context);
/* Calls `visit` for the blocks from `first` on, going through @each, @lines and @if. */
void blocks_walk(struct writer *writer, const struct block *first, const struct scope *scope, block_visit *visit, void *context);

void table_write(struct writer *writer, const struct block *block, const struct scope *scope);
void list_write(struct writer *writer, const struct block *block, const struct scope *scope);
void letterhead_write(struct writer *writer, const struct block *block, const struct scope *scope);
void qr_write(struct writer *writer, const struct block *block, const struct scope *scope);
void signature_write(struct writer *writer, const struct block *block, const struct scope *scope);

#endif
