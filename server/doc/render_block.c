/* The blocks with a look of their own: letterhead, QR code, signature. */
#include <errno.h>
#include <math.h>
#include <qrencode.h>
#include <server/doc/writer.h>
#include <stdlib.h>
#include <string.h>

#define ARMS_HEIGHT     (24.0 * MILLIMETRE)
#define ARMS_WIDTH      (22.0 * MILLIMETRE)
#define QR_SIDE         (32.0 * MILLIMETRE)
#define QR_QUIET        4 /* modules, ISO/IEC 18004 */
#define QR_GAP          12.0
#define SIGNATURE_WIDTH (TEXT_WIDTH * 0.54)
#define CODE_WIDTH      (TEXT_WIDTH - SIGNATURE_WIDTH - QR_GAP)
#define SIGNATURE_PAD   8.0
#define SIGNATURE_SPACE (20.0 * MILLIMETRE)
#define SPACE_AFTER     8.0

static const char *value(const struct writer *writer, const char *key) {
    const char *found = data_get(writer->data, key);
    return found ? found : "";
}

/* Fits the arms in a box whose upper left corner is given, centred. */
static void arms_draw(struct writer *writer, double x, double y) {
    if (!writer->arms || writer->measuring || writer->code) return;
    double width = cairo_image_surface_get_width(writer->arms), height = cairo_image_surface_get_height(writer->arms);
    double scale = fmin(ARMS_WIDTH / width, ARMS_HEIGHT / height);
    cairo_save(writer->cairo);
    cairo_translate(writer->cairo, x + (ARMS_WIDTH - width * scale) / 2, y + (ARMS_HEIGHT - height * scale) / 2);
    cairo_scale(writer->cairo, scale, scale);
    cairo_set_source_surface(writer->cairo, writer->arms, 0, 0);
    cairo_paint(writer->cairo);
    cairo_restore(writer->cairo);
}

static void rule_draw(struct writer *writer, double y, double width) {
    if (writer->measuring || writer->code) return;
    cairo_set_line_width(writer->cairo, width);
    cairo_move_to(writer->cairo, MARGIN, y);
    cairo_line_to(writer->cairo, PAGE_WIDTH - MARGIN, y);
    cairo_stroke(writer->cairo);
}

static void centred_put(struct writer *writer, const char *text, bool bold, double size, double inset) {
    const struct look look = {.style = {ALIGN_CENTER, bold, false, 11}, .size = size};
    if (*text) laid_put(writer, laid_new(writer, text, NULL, &look, TEXT_WIDTH - inset), MARGIN + inset);
}

void letterhead_write(struct writer *writer, const struct block *block, const struct scope *scope) {
    (void)block;
    (void)scope;
    struct buffer address = {0};
    double top = writer->y, inset = writer->arms ? ARMS_WIDTH + 6 : 0;
    const char *phone = value(writer, "office.phone");
    buffer_text(&address, value(writer, "office.address"));
    if (*phone) buffer_text(&address, address.size ? " \xC2\xB7 Telepon " : "Telepon ");
    buffer_text(&address, phone);
    buffer_byte(&address, '\0');
    if (address.failed) writer_fail(writer, LOKET_INTERNAL, NULL, "out of memory");
    arms_draw(writer, MARGIN, top);
    if (writer->arms) writer->y += 4;
    centred_put(writer, value(writer, "office.header"), false, 13, inset);
    centred_put(writer, value(writer, "office.name"), true, 15, inset);
    if (!address.failed) centred_put(writer, (const char *)address.data, false, 9.5, inset);
    if (writer->arms && writer->y < top + ARMS_HEIGHT) writer->y = top + ARMS_HEIGHT;
    rule_draw(writer, writer->y + 6, 2.2);
    rule_draw(writer, writer->y + 9, 0.7);
    writer->y += 24;
    buffer_free(&address);
}

/* The dark modules as one path: each run of a row is a rectangle. */
static void code_draw(struct writer *writer, const QRcode *code, double x, double y) {
    if (writer->measuring || writer->code) return;
    double module = QR_SIDE / (code->width + 2 * QR_QUIET);
    cairo_set_source_rgb(writer->cairo, 1, 1, 1);
    cairo_rectangle(writer->cairo, x, y, QR_SIDE, QR_SIDE);
    cairo_fill(writer->cairo);
    cairo_set_source_rgb(writer->cairo, 0, 0, 0);
    for (int row = 0; row < code->width; row++) {
        const unsigned char *at = code->data + (size_t)row * (size_t)code->width;
        for (int from = 0, to; from < code->width; from = to) {
            for (to = from; to < code->width && (at[to] & 1) == (at[from] & 1);) to++;
            if (at[from] & 1)
                cairo_rectangle(writer->cairo, x + (QR_QUIET + from) * module, y + (QR_QUIET + row) * module, (to - from) * module,
                                module);
        }
    }
    cairo_fill(writer->cairo);
}

/* The QR code of what the block says; NULL when that is empty, or after a failure. */
static QRcode *code_new(struct writer *writer, const struct block *block, const struct scope *scope) {
    struct buffer text = {0};
    QRcode *code = NULL;
    expand_text(block->cells, writer->data, scope, &text, NULL);
    if (!text.failed && text.size > 1) code = QRcode_encodeString8bit((const char *)text.data, 0, QR_ECLEVEL_M);
    if (!text.failed && text.size > 1 && !code && errno == ERANGE)
        writer_fail(writer, LOKET_INVALID, "qr", "the text is too long for a QR code");
    else if (text.failed || (text.size > 1 && !code)) writer_fail(writer, LOKET_INTERNAL, NULL, "out of memory");
    buffer_free(&text);
    return code;
}

/* The code, what it is called below it, and the text: beside it, or below when it stands beside a signature. */
static void qr_put(struct writer *writer, const QRcode *code, const struct block *block, const struct scope *scope) {
    const struct look small = {.style = {ALIGN_CENTER, true, false, 11}, .sans = true, .size = 8};
    const struct look look = {.style = {ALIGN_LEFT, false, false, 11}, .size = block->beside ? 8.5 : 9.5};
    static const struct text nothing;
    double left = block->beside ? 0 : QR_SIDE + QR_GAP, width = block->beside ? CODE_WIDTH : TEXT_WIDTH - left;
    struct laid name = laid_new(writer, value(writer, "document.code"), NULL, &small, QR_SIDE);
    struct laid text = laid_text(writer, block->cell_count > 1 ? &block->cells[1] : &nothing, scope, &look, width);
    double below = QR_SIDE + laid_height(&name, 0, name.count), text_height = laid_height(&text, 0, text.count);
    double top = block->beside ? below + 2 : fmax(0, (QR_SIDE - text_height) / 2);
    double height = fmax(below, top + text_height);
    page_need(writer, height);
    code_draw(writer, code, MARGIN, writer->y);
    laid_draw(writer, &name, 0, name.count, MARGIN, writer->y + QR_SIDE - 4);
    laid_draw(writer, &text, 0, text.count, MARGIN + left, writer->y + top);
    writer->y += height + SPACE_AFTER;
    laid_free(&name);
    laid_free(&text);
}

static void code_put(struct writer *writer, const struct block *block, const struct scope *scope) {
    QRcode *code = code_new(writer, block, scope);
    if (code) qr_put(writer, code, block, scope);
    QRcode_free(code);
}

void qr_write(struct writer *writer, const struct block *block, const struct scope *scope) {
    if (!block->beside) code_put(writer, block, scope);
}

/* Where the block is on the page; the first of a document counts. */
static void signature_note(struct writer *writer, double top) {
    struct document_layout *layout = writer->layout;
    if (writer->measuring || layout->signature_page) return;
    layout->signature_page = writer->page;
    layout->signature =
        (struct rectangle){PAGE_WIDTH - MARGIN - SIGNATURE_WIDTH, PAGE_HEIGHT - writer->y, SIGNATURE_WIDTH, writer->y - top};
}

static void signature_line(struct writer *writer, const char *text, const struct look *look) {
    double width = SIGNATURE_WIDTH - 2 * SIGNATURE_PAD;
    if (*text) laid_put(writer, laid_new(writer, text, NULL, look, width), PAGE_WIDTH - MARGIN - SIGNATURE_WIDTH + SIGNATURE_PAD);
}

/* Who signs: the signatory, or the officer where the kind has none. */
static const char *signer(const struct writer *writer, const char *of_signatory, const char *of_officer) {
    bool known = document_field_known(writer->template->kind, of_signatory);
    return value(writer, known ? of_signatory : of_officer);
}

static void signature_electronic(struct writer *writer) {
    const struct look note = {.style = {ALIGN_LEFT, false, true, 11}, .size = 9}, strong = {.style = {ALIGN_LEFT, true, false, 11}};
    struct buffer at = {0};
    double top = writer->y, x = PAGE_WIDTH - MARGIN - SIGNATURE_WIDTH;
    const char *made = value(writer, "document.made_at");
    filter_find("instant")(*made ? made : value(writer, "document.made_on"), &at);
    buffer_byte(&at, '\0');
    writer->y += SIGNATURE_PAD;
    signature_line(writer, "Ditandatangani secara elektronik oleh", &note);
    signature_line(writer, value(writer, "signatory.title"), &strong);
    writer->y += SIGNATURE_PAD;
    signature_line(writer, value(writer, "signatory.name"), &strong);
    if (!at.failed) signature_line(writer, (const char *)at.data, &note);
    writer->y += SIGNATURE_PAD;
    buffer_free(&at);
    if (writer->measuring || writer->code) return;
    cairo_set_line_width(writer->cairo, 0.8);
    cairo_rectangle(writer->cairo, x, top, SIGNATURE_WIDTH, writer->y - top);
    cairo_stroke(writer->cairo);
}

static void signature_wet(struct writer *writer) {
    const struct look note = {.style = {ALIGN_LEFT, false, true, 11}, .size = 9}, plain = {.style = {ALIGN_LEFT, false, false, 11}};
    const struct look name = {.style = {ALIGN_LEFT, true, false, 11}, .underline = true};
    struct buffer title = {0};
    filter_find("word")(signer(writer, "signatory.title", "officer.role"), &title);
    buffer_byte(&title, '\0');
    if (!title.failed) title.data[0] = (uint8_t)g_ascii_toupper((gchar)title.data[0]); /* a role's word begins small */
    if (!title.failed) signature_line(writer, (const char *)title.data, &plain);
    writer->y += SIGNATURE_SPACE;
    signature_line(writer, signer(writer, "signatory.name", "officer.name"), &name);
    writer->y += 3;
    signature_line(writer, "Dokumen ini tidak ditandatangani secara elektronik", &note);
    buffer_free(&title);
}

static void signature_put(struct writer *writer, const struct block *block, const struct scope *scope) {
    const struct look plain = {.style = {ALIGN_LEFT, false, false, 11}};
    double width = SIGNATURE_WIDTH - 2 * SIGNATURE_PAD, x = PAGE_WIDTH - MARGIN - SIGNATURE_WIDTH + SIGNATURE_PAD;
    for (size_t i = 0; i < block->cell_count; i++) laid_put(writer, laid_text(writer, &block->cells[i], scope, &plain, width), x);
    if (block->cell_count) writer->y += 4;
    double top = writer->y;
    bool signatory = document_field_known(writer->template->kind, "signatory.electronic");
    if (signatory && strcmp(value(writer, "signatory.electronic"), "yes") == 0) signature_electronic(writer);
    else signature_wet(writer);
    signature_note(writer, top);
    writer->y += SPACE_AFTER;
}

/* The QR code to the left, the signature to the right. */
static void signed_put(struct writer *writer, const struct block *block, const struct scope *scope) {
    writer->y += SPACE_AFTER;
    double top = writer->y, bottom = top;
    if (block->code) {
        code_put(writer, block->code, scope);
        bottom = writer->y;
        writer->y = top;
    }
    signature_put(writer, block, scope);
    writer->y = fmax(writer->y, bottom);
}

void signature_write(struct writer *writer, const struct block *block, const struct scope *scope) {
    if (!writer->measuring) {
        double top = writer->y;
        writer->measuring = true;
        signed_put(writer, block, scope);
        writer->measuring = false;
        double height = writer->y - top - SPACE_AFTER;
        writer->y = top;
        page_need(writer, height);
    }
    signed_put(writer, block, scope);
}
