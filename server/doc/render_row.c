/* Cells beside each other, and what is made of them: tables and lists. */
#include <server/doc/writer.h>
#include <stdio.h>
#include <string.h>

#define LINE_WIDTH  0.6
#define COLON_WIDTH 10.0
#define LABEL_WIDTH (27.0 * MILLIMETRE)
#define MARK_WIDTH  18.0
#define SPACE_AFTER 8.0
#define SPACE_ITEM  3.0
#define GRACE       0.01 /* points: what rounding may cost */

/* The table that is being written. */
struct table {
    const struct block *block;
    const struct row *header; /* NULL: none, or not yet */
};

struct list {
    const struct block *block;
    size_t number; /* of the last item */
};

double row_height(const struct row *row) {
    double height = 0;
    for (size_t i = 0; i < row->count; i++) {
        double cell = laid_height(&row->cells[i], 0, row->cells[i].count);
        if (cell > height) height = cell;
    }
    return height + 2 * row->padding_y;
}

void row_free(struct row *row) {
    for (size_t i = 0; i < row->count; i++) laid_free(&row->cells[i]);
    row->count = 0;
}

static void border_draw(struct writer *writer, const struct row *row, double top, double bottom) {
    if (!row->border || writer->measuring || writer->code || row->count == 0) return;
    cairo_set_line_width(writer->cairo, LINE_WIDTH);
    for (size_t i = 0; i < row->count; i++)
        cairo_rectangle(writer->cairo, row->x[i] - row->padding_x, top, row->width[i] + 2 * row->padding_x, bottom - top);
    cairo_stroke(writer->cairo);
}

/* Draws what fits of the row from the lines `from` on, at least one line when `forced`, and moves `from`. */
static void row_draw(struct writer *writer, const struct row *row, size_t from[], double room, bool forced) {
    double height = 0, top = writer->y;
    bool lines_forced = forced; /* nothing fits: a line that is higher than the page */
    for (size_t i = 0; i < row->count; i++)
        if (laid_fit(&row->cells[i], from[i], room) > from[i]) lines_forced = false;
    for (size_t i = 0; i < row->count; i++) {
        const struct laid *cell = &row->cells[i];
        size_t to = laid_fit(cell, from[i], room);
        if (to == from[i] && lines_forced && from[i] < cell->count) to = from[i] + 1;
        double part = laid_height(cell, from[i], to);
        if (part > height) height = part;
        laid_draw(writer, cell, from[i], to, row->x[i], top + row->padding_y);
        from[i] = to;
    }
    writer->y += height + 2 * row->padding_y;
    if (height > 0) border_draw(writer, row, top, writer->y);
    else writer->y = top;
}

static bool row_finished(const struct row *row, const size_t from[]) {
    for (size_t i = 0; i < row->count; i++)
        if (from[i] < row->cells[i].count) return false;
    return true;
}

void row_write(struct writer *writer, const struct row *row, const struct row *header) {
    size_t from[ROW_COLUMNS] = {0}, above[ROW_COLUMNS] = {0};
    double height = row_height(row);
    /* A row stays whole unless that leaves half a page empty. */
    bool fresh = writer->y <= MARGIN + GRACE;
    bool draw = fresh || height > TEXT_HEIGHT / 2 || height <= page_room(writer) + GRACE;
    for (;; draw = true) {
        if (draw) row_draw(writer, row, from, page_room(writer) - 2 * row->padding_y + GRACE, fresh);
        if (writer->code || row_finished(row, from)) return;
        page_break(writer);
        fresh = true;
        if (!header || row_height(header) > TEXT_HEIGHT / 2) continue;
        memset(above, 0, sizeof above);
        row_draw(writer, header, above, page_room(writer), true);
    }
}

static void row_make(struct writer *writer, const struct block *table, const struct block *block, const struct scope *scope,
                     bool header, struct row *row) {
    double x = MARGIN;
    *row = (struct row){.padding_x = table->border ? 5 : 0, .padding_y = table->border ? 3 : 1.5, .border = table->border};
    for (size_t i = 0; i < table->column_count; i++) {
        struct look look = {.style = table->style};
        double width = TEXT_WIDTH * table->columns[i] / 100, colon = table->colon && i == 1 && !header ? COLON_WIDTH : 0;
        double gap = table->border || i + 1 == table->column_count ? 0 : 6;
        if (table->right & (1u << i)) look.style.align = ALIGN_RIGHT;
        if (header) look.style.bold = true;
        if (header && table->border) look.style.align = ALIGN_CENTER;
        if (colon > 0) {
            row->x[row->count] = x;
            row->width[row->count] = colon;
            row->cells[row->count++] = laid_new(writer, ":", NULL, &look, colon);
        }
        row->x[row->count] = x + colon + row->padding_x;
        row->width[row->count] = width - colon - 2 * row->padding_x;
        double inner = row->width[row->count] - gap;
        static const struct text empty;
        const struct text *text = i < block->cell_count ? &block->cells[i] : &empty;
        row->cells[row->count++] = laid_text(writer, text, scope, &look, inner > 10 ? inner : 10);
        x += width;
    }
}

static void visit_row(struct writer *writer, const struct block *block, const struct scope *scope, void *context) {
    const struct table *table = context;
    struct row row;
    if (block->kind == BLOCK_SPACE) writer->y += block->space * MILLIMETRE;
    if (block->kind != BLOCK_ROW || (table->block->header && block == table->block->children)) return;
    row_make(writer, table->block, block, scope, false, &row);
    row_write(writer, &row, table->header);
    row_free(&row);
}

void table_write(struct writer *writer, const struct block *block, const struct scope *scope) {
    struct table table = {.block = block};
    struct row header = {0};
    if (block->header && block->children) {
        row_make(writer, block, block->children, scope, true, &header);
        page_need(writer, row_height(&header) + 3 * block->style.size); /* never alone at the foot */
        row_write(writer, &header, NULL);
        table.header = &header;
    }
    blocks_walk(writer, block->children, scope, visit_row, &table);
    row_free(&header);
    writer->y += SPACE_AFTER;
}

/* a to z, then aa, ab ... */
static void letters(size_t number, char out[8]) {
    char reversed[8];
    size_t size = 0, used = 0;
    for (; number && size < 6; number = (number - 1) / 26) reversed[size++] = (char)('a' + (number - 1) % 26);
    while (size) out[used++] = reversed[--size];
    out[used] = '\0';
}

/* KESATU, KEDUA ... KESEPULUH, KESEBELAS, KEDUA BELAS: "ke" and the number in words. */
static void decree_number(size_t number, struct buffer *out) {
    char digits[24];
    struct buffer words = {0};
    (void)snprintf(digits, sizeof digits, "%zu", number);
    buffer_text(&words, number == 1 ? "kesatu" : "ke");
    if (number != 1) filter_find("spell")(digits, &words);
    buffer_byte(&words, '\0');
    if (!words.failed) filter_find("upper")((const char *)words.data, out);
    buffer_byte(out, '\0');
    buffer_free(&words);
}

static void mark_make(enum marks marks, size_t number, struct buffer *out) {
    char text[32] = "";
    if (marks == MARKS_DECREE) {
        decree_number(number, out);
        return;
    }
    if (marks == MARKS_LETTERS) letters(number, text);
    if (marks == MARKS_NUMBERS) (void)snprintf(text, sizeof text, "%zu", number);
    buffer_text(out, text);
    if (*text) buffer_byte(out, '.');
    buffer_byte(out, '\0');
}

static void row_cell(struct row *row, double *x, double width, struct laid laid) {
    row->x[row->count] = *x;
    row->width[row->count] = width;
    row->cells[row->count++] = laid;
    *x += width;
}

static void visit_item(struct writer *writer, const struct block *block, const struct scope *scope, void *context) {
    struct list *list = context;
    const struct block *of = list->block;
    if (block->kind != BLOCK_ITEM) return;
    struct row row = {0};
    struct buffer mark = {0};
    struct look look = {.style = {ALIGN_LEFT, of->style.bold, of->style.italic, of->style.size}}, text_look = look;
    bool decree = of->marks == MARKS_DECREE, labelled = decree || of->label.first, first = ++list->number == (size_t)of->first;
    double x = MARGIN;
    text_look.style.align = ALIGN_JUSTIFY;
    mark_make(of->marks, list->number, &mark);
    const char *text = mark.failed ? "" : (const char *)mark.data;
    if (labelled) {
        row_cell(&row, &x, LABEL_WIDTH,
                 decree  ? laid_new(writer, text, NULL, &look, LABEL_WIDTH)
                 : first ? laid_text(writer, &of->label, scope, &look, LABEL_WIDTH)
                         : laid_new(writer, "", NULL, &look, LABEL_WIDTH));
        row_cell(&row, &x, COLON_WIDTH, laid_new(writer, decree || first ? ":" : "", NULL, &look, COLON_WIDTH));
    }
    if (of->marks == MARKS_LETTERS || of->marks == MARKS_NUMBERS)
        row_cell(&row, &x, MARK_WIDTH, laid_new(writer, text, NULL, &look, MARK_WIDTH));
    double width = PAGE_WIDTH - MARGIN - x;
    row_cell(&row, &x, width, laid_text(writer, block->cells, scope, &text_look, width));
    row_write(writer, &row, NULL);
    writer->y += SPACE_ITEM;
    row_free(&row);
    buffer_free(&mark);
}

void list_write(struct writer *writer, const struct block *block, const struct scope *scope) {
    struct list list = {.block = block, .number = (size_t)block->first - 1};
    blocks_walk(writer, block->children, scope, visit_item, &list);
    writer->y += SPACE_AFTER - SPACE_ITEM;
}
