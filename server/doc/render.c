/* Writes a document twice: once for nothing, to count its pages, then as a PDF. Blocks go one after the other down the
 * page; those with a look of their own are in render_row.c and render_block.c. */
#include <cairo-pdf.h>
#include <math.h>
#include <server/doc/writer.h>
#include <stdio.h>
#include <string.h>

#define PARAGRAPH_AFTER 6.0
#define RULE_AFTER      8.0
#define ARMS_PIXELS     2048 /* each way; a small file can hold a large picture */

/* The bytes of a PNG that are not read yet. */
struct source {
    const unsigned char *at;
    size_t left;
};

/* The value of @lines, cut into one line after the other. */
static void lines_walk(struct writer *writer, const struct block *block, const struct scope *scope, block_visit *visit,
                       void *context) {
    const char *value = data_get(writer->data, block->name);
    struct scope inner = {.outer = scope};
    struct buffer line = {0};
    while (value && *value && !writer->code) {
        size_t size = strcspn(value, "\n");
        size_t blank = strspn(value, " ");
        line.size = 0;
        if (blank < size) {
            buffer_add(&line, value, size);
            buffer_byte(&line, '\0');
            if (line.failed) break;
            inner.number++;
            inner.line = (const char *)line.data;
            blocks_walk(writer, block->children, &inner, visit, context);
        }
        value += size + (value[size] == '\n');
    }
    if (line.failed) writer_fail(writer, LOKET_INTERNAL, NULL, "out of memory");
    buffer_free(&line);
}

static void each_walk(struct writer *writer, const struct block *block, const struct scope *scope, block_visit *visit,
                      void *context) {
    struct scope inner = {.outer = scope, .list = block->name};
    size_t count = data_count(writer->data, block->name);
    for (inner.number = 1; inner.number <= count && !writer->code; inner.number++)
        blocks_walk(writer, block->children, &inner, visit, context);
}

void blocks_walk(struct writer *writer, const struct block *first, const struct scope *scope, block_visit *visit, void *context) {
    for (const struct block *block = first; block && !writer->code; block = block->next) {
        if (block->kind == BLOCK_EACH) each_walk(writer, block, scope, visit, context);
        else if (block->kind == BLOCK_LINES) lines_walk(writer, block, scope, visit, context);
        else if (block->kind != BLOCK_IF) visit(writer, block, scope, context);
        else {
            bool holds = condition_holds(&block->condition, writer->data, scope);
            blocks_walk(writer, holds ? block->children : block->otherwise, scope, visit, context);
        }
    }
}

/* A paragraph goes on in the next page line by line. A field that is empty leaves no gap where it stands alone. */
static void paragraph_write(struct writer *writer, const struct block *block, const struct scope *scope) {
    const struct look look = {.style = block->style};
    struct laid laid = laid_text(writer, block->cells, scope, &look, TEXT_WIDTH);
    size_t from = 0;
    if (*pango_layout_get_text(laid.layout) == '\0') from = laid.count;
    bool empty = from == laid.count;
    while (from < laid.count && !writer->code) {
        size_t to = laid_fit(&laid, from, page_room(writer));
        if (to == from && writer->y <= MARGIN) to = from + 1;
        laid_draw(writer, &laid, from, to, MARGIN, writer->y);
        writer->y += laid_height(&laid, from, to);
        from = to;
        if (from < laid.count) page_break(writer);
    }
    if (!empty) writer->y += PARAGRAPH_AFTER;
    laid_free(&laid);
}

static void keep_write(struct writer *writer, const struct block *block, const struct scope *scope) {
    double top = writer->y;
    if (!writer->measuring) {
        writer->measuring = true;
        blocks_write(writer, block->children, scope);
        writer->measuring = false;
        double height = writer->y - top;
        writer->y = top;
        page_need(writer, height);
    }
    blocks_write(writer, block->children, scope);
}

static void rule_write(struct writer *writer, const struct block *block, const struct scope *scope) {
    (void)block;
    (void)scope;
    page_need(writer, RULE_AFTER);
    if (!writer->measuring && !writer->code) {
        cairo_set_line_width(writer->cairo, 0.7);
        cairo_move_to(writer->cairo, MARGIN, writer->y + 1);
        cairo_line_to(writer->cairo, PAGE_WIDTH - MARGIN, writer->y + 1);
        cairo_stroke(writer->cairo);
    }
    writer->y += RULE_AFTER;
}

static void space_write(struct writer *writer, const struct block *block, const struct scope *scope) {
    (void)scope;
    writer->y += block->space * MILLIMETRE;
}

static void page_write(struct writer *writer, const struct block *block, const struct scope *scope) {
    (void)block;
    (void)scope;
    page_break(writer);
}

/* Rows and items are their table's; what repeats or chooses is blocks_walk's. */
static void visit_block(struct writer *writer, const struct block *block, const struct scope *scope, void *context) {
    (void)context;
    static void (*const writes[])(struct writer *, const struct block *, const struct scope *) = {
        [BLOCK_TEXT] = paragraph_write,      [BLOCK_LETTERHEAD] = letterhead_write,
        [BLOCK_SPACE] = space_write,         [BLOCK_RULE] = rule_write,
        [BLOCK_PAGE] = page_write,           [BLOCK_QR] = qr_write,
        [BLOCK_SIGNATURE] = signature_write, [BLOCK_TABLE] = table_write,
        [BLOCK_LIST] = list_write,           [BLOCK_KEEP] = keep_write,
    };
    if (block->kind < sizeof writes / sizeof writes[0] && writes[block->kind]) writes[block->kind](writer, block, scope);
}

void blocks_write(struct writer *writer, const struct block *first, const struct scope *scope) {
    blocks_walk(writer, first, scope, visit_block, NULL);
}

static cairo_status_t bytes_read(void *context, unsigned char *data, unsigned int size) {
    struct source *source = context;
    if (size > source->left) return CAIRO_STATUS_READ_ERROR;
    memcpy(data, source->at, size);
    source->at += size;
    source->left -= size;
    return CAIRO_STATUS_SUCCESS;
}

static cairo_status_t bytes_write(void *context, const unsigned char *data, unsigned int size) {
    struct buffer *pdf = context;
    buffer_add(pdf, data, size);
    return pdf->failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static unsigned long four_bytes(const unsigned char *at) {
    return (unsigned long)at[0] << 24 | (unsigned long)at[1] << 16 | (unsigned long)at[2] << 8 | at[3];
}

/* A PNG by its first bytes, with a sensible size in its header, which is looked at before memory is taken for it. */
static bool png_plausible(const struct document_assets *assets) {
    static const unsigned char begin[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const unsigned char *bytes = assets->arms;
    if (assets->arms_size < 33 || assets->arms_size > DOCUMENT_ARMS_BYTES) return false;
    if (memcmp(bytes, begin, sizeof begin - 1) != 0) return false;
    unsigned long width = four_bytes(bytes + 16), height = four_bytes(bytes + 20);
    return width > 0 && height > 0 && width <= ARMS_PIXELS && height <= ARMS_PIXELS;
}

static void arms_open(struct writer *writer, const struct document_assets *assets) {
    if (!assets || !assets->arms) return;
    struct source source = {assets->arms, assets->arms_size};
    if (assets->arms_size > DOCUMENT_ARMS_BYTES) {
        writer_fail(writer, LOKET_INVALID, "arms", "the picture of the arms has more than 512 KiB");
        return;
    }
    bool plausible = png_plausible(assets);
    if (plausible) writer->arms = cairo_image_surface_create_from_png_stream(bytes_read, &source);
    if (!plausible || cairo_surface_status(writer->arms) != CAIRO_STATUS_SUCCESS)
        writer_fail(writer, LOKET_INVALID, "arms", "the picture of the arms is no PNG of at most 2048 by 2048 pixels");
}

static void metadata_set(cairo_surface_t *surface, cairo_pdf_metadata_t name, const char *value) {
    if (value && *value) cairo_pdf_surface_set_metadata(surface, name, value);
}

/* The date of the document, not of today: so the same data give the same bytes. */
static void metadata_write(struct writer *writer, cairo_surface_t *surface) {
    const struct document_data *data = writer->data;
    const char *code = data_get(data, "document.code"), *made = data_get(data, "document.made_at");
    struct buffer title = {0}, keywords = {0};
    expand_text(&writer->template->title, data, NULL, &title, NULL);
    buffer_text(&keywords, "loket:");
    buffer_text(&keywords, code ? code : "");
    buffer_byte(&keywords, '\0');
    if (title.failed || keywords.failed) {
        writer_fail(writer, LOKET_INTERNAL, NULL, "out of memory");
    } else {
        metadata_set(surface, CAIRO_PDF_METADATA_TITLE, (const char *)title.data);
        metadata_set(surface, CAIRO_PDF_METADATA_AUTHOR, data_get(data, "office.name"));
        metadata_set(surface, CAIRO_PDF_METADATA_SUBJECT, data_get(data, "application.number"));
        metadata_set(surface, CAIRO_PDF_METADATA_CREATOR, "Loket");
        if (code && *code) metadata_set(surface, CAIRO_PDF_METADATA_KEYWORDS, (const char *)keywords.data);
        if (!made || !*made) made = data_get(data, "document.made_on");
        metadata_set(surface, CAIRO_PDF_METADATA_CREATE_DATE, made && *made ? made : "1970-01-01T00:00:00Z");
    }
    buffer_free(&title);
    buffer_free(&keywords);
}

/* Pango for a page: lengths are points, shapes don't depend on a screen, words don't depend on the machine's locale. */
static PangoContext *pango_new(PangoFontMap *fonts) {
    PangoContext *pango = pango_font_map_create_context(fonts);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(pango, options);
    pango_cairo_context_set_resolution(pango, 72);
    pango_context_set_round_glyph_positions(pango, FALSE);
    pango_context_set_language(pango, pango_language_from_string("id"));
    pango_context_set_base_dir(pango, PANGO_DIRECTION_LTR);
    cairo_font_options_destroy(options);
    return pango;
}

/* Writes the document to `pdf`, or only counts its pages when that is NULL. */
static void document_write(struct writer *writer, PangoFontMap *fonts, struct buffer *pdf) {
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(pdf ? bytes_write : NULL, pdf, PAGE_WIDTH, PAGE_HEIGHT);
    writer->cairo = cairo_create(surface);
    writer->pango = pango_new(fonts);
    writer->page = 0;
    writer->layout->signature_page = 0;
    metadata_write(writer, surface);
    page_begin(writer);
    blocks_write(writer, writer->template->blocks, NULL);
    page_end(writer);
    cairo_surface_finish(surface);
    if (cairo_status(writer->cairo) != CAIRO_STATUS_SUCCESS || cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
        writer_fail(writer, LOKET_INTERNAL, NULL, "the document could not be written");
    g_object_unref(writer->pango);
    cairo_destroy(writer->cairo);
    cairo_surface_destroy(surface);
    writer->pages = writer->page;
}

enum loket_error document_render(const struct template *template, const struct document_data *data,
                                 const struct document_assets *assets, struct buffer *pdf, struct document_layout *layout,
                                 struct error *error) {
    struct writer writer = {.template = template, .data = data, .layout = layout, .error = error};
    *layout = (struct document_layout){0};
    if (template->mistake_count) return error_set(error, LOKET_INVALID, "template", "the template has mistakes", NULL);
    if (template->letterhead) arms_open(&writer, assets);
    if (!writer.code) {
        PangoFontMap *fonts = pango_cairo_font_map_new();
        document_write(&writer, fonts, NULL);
        if (!writer.code) document_write(&writer, fonts, pdf);
        g_object_unref(fonts);
    }
    if (!writer.code && pdf->failed) writer_fail(&writer, LOKET_INTERNAL, NULL, "the document could not be written");
    layout->pages = writer.pages;
    if (writer.arms) cairo_surface_destroy(writer.arms);
    return writer.code;
}
