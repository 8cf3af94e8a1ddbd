/* Pages and broken text: what the renderer's parts draw with. */
#include <math.h>
#include <server/doc/writer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIF            "Liberation Serif, Times New Roman, serif"
#define SANS             "Liberation Sans, Arial, sans-serif"
#define LINE_SPACING     1.15f
#define WORD_BYTES       120u
#define ZERO_WIDTH_SPACE "\xE2\x80\x8B"
#define LINE_GAP         1.5  /* between texts that are put below each other */
#define WATERMARK_BYTES  120u /* a few words */
#define FOOTER_BYTES     400u
#define FOOTER_SIZE      8.0
#define FOOTER_WIDTH     (TEXT_WIDTH * 0.82)

struct laid_line {
    PangoLayoutLine *line;          /* of the layout */
    double top, bottom, base, left; /* within the layout */
};

void writer_fail(struct writer *writer, enum loket_error code, const char *field, const char *message) {
    if (!writer->code) writer->code = error_set(writer->error, code, field, message, NULL);
}

static PangoFontDescription *font_new(const struct look *look) {
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family_static(font, look->sans ? SANS : SERIF);
    pango_font_description_set_weight(font, look->style.bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_style(font, look->style.italic ? PANGO_STYLE_ITALIC : PANGO_STYLE_NORMAL);
    pango_font_description_set_size(font, (int)lround((look->size > 0 ? look->size : look->style.size) * PANGO_SCALE));
    return font;
}

/* Adds `text` and its end to `out`, with a place to break in each word that has more than WORD_BYTES: Pango takes time by the
 * square of a word's length to find its own. */
static void words_break(const char *text, PangoAttrList *attributes, struct buffer *out) {
    size_t word = 0;
    for (; *text; text++) {
        bool blank = *text == ' ' || *text == '\n', within = ((unsigned char)*text & 0xc0) == 0x80;
        if (word >= WORD_BYTES && !blank && !within) {
            pango_attr_list_update(attributes, (int)out->size, 0, (int)strlen(ZERO_WIDTH_SPACE));
            buffer_text(out, ZERO_WIDTH_SPACE);
            word = 0;
        }
        word = blank ? 0 : word + 1;
        buffer_byte(out, (uint8_t)*text);
    }
    buffer_byte(out, '\0');
}

static PangoLayout *layout_new(struct writer *writer, const char *text, PangoAttrList *attributes, const struct look *look,
                               double width) {
    PangoLayout *layout = pango_layout_new(writer->pango);
    PangoFontDescription *font = font_new(look);
    struct buffer broken = {0};
    static const PangoAlignment aligns[] = {PANGO_ALIGN_LEFT, PANGO_ALIGN_CENTER, PANGO_ALIGN_RIGHT, PANGO_ALIGN_LEFT};
    if (!attributes) attributes = pango_attr_list_new();
    if (look->underline) pango_attr_list_insert(attributes, pango_attr_underline_new(PANGO_UNDERLINE_SINGLE));
    pango_layout_set_font_description(layout, font);
    pango_layout_set_auto_dir(layout, FALSE);
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_line_spacing(layout, LINE_SPACING);
    pango_layout_set_alignment(layout, aligns[look->style.align]);
    pango_layout_set_justify(layout, look->style.align == ALIGN_JUSTIFY);
    if (strlen(text) > WORD_BYTES) words_break(text, attributes, &broken);
    if (broken.failed) writer_fail(writer, LOKET_INTERNAL, NULL, "out of memory");
    pango_layout_set_attributes(layout, attributes);
    pango_layout_set_text(layout, broken.data && !broken.failed ? (const char *)broken.data : text, -1);
    buffer_free(&broken);
    pango_font_description_free(font);
    pango_attr_list_unref(attributes);
    return layout;
}

struct laid laid_new(struct writer *writer, const char *text, PangoAttrList *attributes, const struct look *look, double width) {
    struct laid laid = {.layout = layout_new(writer, text, attributes, look, width)};
    size_t count = (size_t)pango_layout_get_line_count(laid.layout);
    laid.lines = calloc(count ? count : 1, sizeof *laid.lines);
    if (!laid.lines) {
        writer_fail(writer, LOKET_INTERNAL, NULL, "out of memory");
        return laid;
    }
    PangoLayoutIter *iter = pango_layout_get_iter(laid.layout);
    do {
        PangoRectangle extents;
        int top, bottom;
        pango_layout_iter_get_line_extents(iter, NULL, &extents);
        pango_layout_iter_get_line_yrange(iter, &top, &bottom);
        laid.lines[laid.count++] =
            (struct laid_line){pango_layout_iter_get_line_readonly(iter), pango_units_to_double(top), pango_units_to_double(bottom),
                               pango_units_to_double(pango_layout_iter_get_baseline(iter)), pango_units_to_double(extents.x)};
    } while (laid.count < count && pango_layout_iter_next_line(iter));
    pango_layout_iter_free(iter);
    return laid;
}

struct laid laid_text(struct writer *writer, const struct text *text, const struct scope *scope, const struct look *look,
                      double width) {
    struct buffer buffer = {0};
    PangoAttrList *bold = pango_attr_list_new();
    expand_text(text, writer->data, scope, &buffer, bold);
    if (buffer.failed) writer_fail(writer, LOKET_INTERNAL, NULL, "out of memory");
    struct laid laid = laid_new(writer, buffer.failed ? "" : (const char *)buffer.data, bold, look, width);
    buffer_free(&buffer);
    return laid;
}

void laid_free(struct laid *laid) {
    free(laid->lines);
    if (laid->layout) g_object_unref(laid->layout);
    *laid = (struct laid){0};
}

double laid_height(const struct laid *laid, size_t from, size_t to) {
    return from < to ? laid->lines[to - 1].bottom - laid->lines[from].top : 0;
}

size_t laid_fit(const struct laid *laid, size_t from, double room) {
    size_t to = from;
    while (to < laid->count && laid_height(laid, from, to + 1) <= room) to++;
    if (to == laid->count || to == from) return to;
    if (from == 0 && to == 1) return from;                     /* a first line alone at the foot */
    if (laid->count - to == 1 && to - from > 2) return to - 1; /* a last line alone at the head */
    return to;
}

void laid_draw(struct writer *writer, const struct laid *laid, size_t from, size_t to, double x, double y) {
    if (writer->measuring || writer->code || from >= to) return;
    double top = laid->lines[from].top;
    for (size_t i = from; i < to; i++) {
        const struct laid_line *line = &laid->lines[i];
        cairo_move_to(writer->cairo, x + line->left, y + line->base - top);
        pango_cairo_show_layout_line(writer->cairo, line->line);
    }
}

void laid_put(struct writer *writer, struct laid laid, double x) {
    laid_draw(writer, &laid, 0, laid.count, x, writer->y);
    writer->y += laid_height(&laid, 0, laid.count) + LINE_GAP;
    laid_free(&laid);
}

/* What stands on every page is cut to `most` bytes: it is laid out again on each. */
static void short_text(struct writer *writer, const struct text *text, size_t most, struct buffer *out) {
    expand_text(text, writer->data, NULL, out, NULL);
    if (out->failed) writer_fail(writer, LOKET_INTERNAL, NULL, "out of memory");
    if (out->failed || out->size <= most) return;
    while (most && (out->data[most] & 0xc0) == 0x80) most--; /* not within a character */
    out->data[most] = '\0';
}

/* Across the page as a shape, so that it does not come between the words when text is copied. */
static void watermark_shape(struct writer *writer, const char *text) {
    const struct look look = {.style = {ALIGN_LEFT, true, false, 100}, .sans = true};
    int width, height;
    PangoLayout *layout = layout_new(writer, text, NULL, &look, TEXT_WIDTH);
    pango_layout_set_width(layout, -1);
    pango_layout_set_single_paragraph_mode(layout, TRUE);
    pango_layout_get_size(layout, &width, &height);
    double scale = fmin(1.2, TEXT_WIDTH * 1.1 / (pango_units_to_double(width) + 1));
    cairo_save(writer->cairo);
    cairo_translate(writer->cairo, PAGE_WIDTH / 2, PAGE_HEIGHT / 2);
    cairo_rotate(writer->cairo, -M_PI / 4);
    cairo_scale(writer->cairo, scale, scale);
    cairo_set_source_rgb(writer->cairo, 0.91, 0.91, 0.91);
    cairo_move_to(writer->cairo, -pango_units_to_double(width) / 2, -pango_units_to_double(height) / 2);
    pango_cairo_layout_path(writer->cairo, layout);
    cairo_fill(writer->cairo);
    cairo_restore(writer->cairo);
    g_object_unref(layout);
}

/* The template's watermark: below everything else, and in words at the head of each page. */
static void watermark_draw(struct writer *writer) {
    const struct look look = {.style = {ALIGN_CENTER, true, false, 11}, .sans = true, .size = 9};
    struct buffer text = {0};
    short_text(writer, &writer->template->watermark, WATERMARK_BYTES, &text);
    if (!writer->code && text.size > 1) {
        watermark_shape(writer, (const char *)text.data);
        cairo_set_source_rgb(writer->cairo, 0.25, 0.25, 0.25);
        struct laid laid = laid_new(writer, (const char *)text.data, NULL, &look, TEXT_WIDTH);
        laid_draw(writer, &laid, 0, 1, MARGIN, MARGIN - 30);
        laid_free(&laid);
    }
    buffer_free(&text);
}

static void footer_draw(struct writer *writer) {
    struct look look = {.style = {ALIGN_LEFT, false, false, 8}, .sans = true, .size = FOOTER_SIZE};
    struct buffer text = {0};
    char number[64];
    double y = PAGE_BOTTOM + 14;
    cairo_set_source_rgb(writer->cairo, 0.25, 0.25, 0.25);
    cairo_set_line_width(writer->cairo, 0.5);
    cairo_move_to(writer->cairo, MARGIN, y - 5);
    cairo_line_to(writer->cairo, PAGE_WIDTH - MARGIN, y - 5);
    cairo_stroke(writer->cairo);
    short_text(writer, &writer->template->footer, FOOTER_BYTES, &text);
    struct laid left = laid_new(writer, text.failed ? "" : (const char *)text.data, NULL, &look, FOOTER_WIDTH);
    laid_draw(writer, &left, 0, left.count > 3 ? 3 : left.count, MARGIN, y);
    laid_free(&left);
    buffer_free(&text);
    look.style.align = ALIGN_RIGHT;
    (void)snprintf(number, sizeof number, "Halaman %zu dari %zu", writer->page, writer->pages);
    struct laid right = laid_new(writer, number, NULL, &look, TEXT_WIDTH - FOOTER_WIDTH);
    laid_draw(writer, &right, 0, right.count, MARGIN + FOOTER_WIDTH, y);
    laid_free(&right);
    cairo_set_source_rgb(writer->cairo, 0, 0, 0);
}

void page_begin(struct writer *writer) {
    writer->page++;
    writer->y = MARGIN;
    if (writer->page > DOCUMENT_PAGES) writer_fail(writer, LOKET_TOO_MANY, "pages", "the document would have more than 200 pages");
    if (writer->code) return;
    watermark_draw(writer);
    cairo_set_source_rgb(writer->cairo, 0, 0, 0);
}

void page_end(struct writer *writer) {
    if (writer->code) return;
    footer_draw(writer);
    cairo_show_page(writer->cairo);
}

void page_break(struct writer *writer) {
    if (writer->measuring) return;
    page_end(writer);
    page_begin(writer);
}

double page_room(const struct writer *writer) {
    return writer->measuring ? HUGE_VAL : PAGE_BOTTOM - writer->y;
}

void page_need(struct writer *writer, double height) {
    if (height > page_room(writer) && height <= TEXT_HEIGHT) page_break(writer);
}
