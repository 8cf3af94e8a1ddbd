/* Adds a signature field to a PDF as an incremental update (ISO 32000-1 sections 7.5.6 and 12.8), and puts the CMS into it. Changes
 * no byte that was there. Draws nothing, and knows nothing of cryptography but a digest. */
#include <inttypes.h>
#include <math.h>
#include <server/doc/pdf_read.h>
#include <server/doc/signature.h>
#include <server/doc/signature_hole.h>
#include <server/utf8.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_OBJECT  8388607u /* ISO 32000-1 annex C */
#define LARGEST_PLACE   14400.0  /* points; the largest page */
#define RANGE_DIGITS    10
#define OBJECTS_WRITTEN 5

/* One update while it is written. */
struct update {
    struct pdf pdf;
    const struct signature_field *field;
    struct buffer *out;
    struct pdf_reference root, page;
    struct pdf_span root_dictionary, page_dictionary;
    uint32_t first; /* number of the first new object: the field; then the signature, the appearance */
    struct {
        struct pdf_reference object;
        size_t offset;
    } written[OBJECTS_WRITTEN];
    size_t count;
    size_t range, hole; /* where the four numbers and the hex string are */
};

__attribute__((format(printf, 2, 3))) static void print(struct buffer *out, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof text) out->failed = true;
    else buffer_add(out, text, (size_t)size);
}

static void add_span(struct update *update, size_t start, size_t end) {
    buffer_add(update->out, update->pdf.data + start, end - start);
}

static void object_begin(struct update *update, struct pdf_reference object) {
    update->written[update->count].object = object;
    update->written[update->count++].offset = update->out->size;
    print(update->out, "%" PRIu32 " %" PRIu32 " obj\n", object.number, object.generation);
}

static void object_end(struct update *update) {
    buffer_text(update->out, "\nendobj\n");
}

/* Points with two decimals, whatever the locale's point is. */
static void add_place(struct buffer *out, double place) {
    long hundredths = (long)(place * 100 + (place < 0 ? -0.5 : 0.5));
    print(out, "%s%ld.%02ld", hundredths < 0 ? "-" : "", labs(hundredths) / 100, labs(hundredths) % 100);
}

static uint32_t character_value(const unsigned char *text, size_t bytes) {
    if (bytes == 1) return text[0];
    uint32_t value = text[0] & (0x7fu >> bytes);
    for (size_t i = 1; i < bytes; i++) value = value << 6 | (text[i] & 0x3fu);
    return value;
}

/* UTF-16BE with its mark, in hex: no byte of a name can end the string. */
static void add_text(struct buffer *out, const char *key, const char *text) {
    if (!text) return;
    print(out, "\n/%s <FEFF", key);
    for (size_t bytes; (bytes = utf8_character(text)); text += bytes) {
        uint32_t value = character_value((const unsigned char *)text, bytes);
        if (value < 0x10000) print(out, "%04" PRIX32, value);
        else print(out, "%04" PRIX32 "%04" PRIX32, 0xd800 + ((value - 0x10000) >> 10), 0xdc00 + (value & 0x3ff));
    }
    buffer_byte(out, '>');
}

/* The dictionary without one pair (which may be empty) and without its closing brackets. */
static void add_dictionary_but(struct update *update, struct pdf_span dictionary, struct pdf_span pair) {
    if (pair.end > pair.start) {
        add_span(update, dictionary.start, pair.start);
        dictionary.start = pair.end;
    }
    add_span(update, dictionary.start, dictionary.end - 2);
    buffer_byte(update->out, '\n');
}

/* The page with the field among its annotations. These are written into the page even if they were an object of their own. */
static bool add_page(struct update *update) {
    struct pdf_span list = {0, 0}, pair = {0, 0};
    struct pdf_reference elsewhere;
    const struct pdf *pdf = &update->pdf;
    bool has = pdf_find(pdf, update->page_dictionary, "Annots", &list, &pair);
    if (has && pdf_reference(pdf, list, &elsewhere) && !pdf_object(pdf, elsewhere, &list)) return false;
    if (has && pdf->data[list.start] != '[') return false;
    object_begin(update, update->page);
    add_dictionary_but(update, update->page_dictionary, pair);
    buffer_text(update->out, "/Annots [ ");
    if (has) add_span(update, list.start + 1, list.end - 1);
    print(update->out, "\n%" PRIu32 " 0 R ]\n>>", update->first);
    object_end(update);
    return true;
}

static void add_root(struct update *update) {
    object_begin(update, update->root);
    add_dictionary_but(update, update->root_dictionary, (struct pdf_span){0, 0});
    print(update->out, "/AcroForm << /Fields [ %" PRIu32 " 0 R ] /SigFlags 3 >>\n>>", update->first);
    object_end(update);
}

static void add_field(struct update *update) {
    const struct signature_field *field = update->field;
    struct buffer *out = update->out;
    object_begin(update, (struct pdf_reference){update->first, 0});
    buffer_text(out, "<< /Type /Annot /Subtype /Widget /FT /Sig /F 132"); /* to be printed, locked */
    add_text(out, "T", "Signature1");
    print(out, "\n/P %" PRIu32 " %" PRIu32 " R /V %" PRIu32 " 0 R", update->page.number, update->page.generation,
          update->first + 1);
    print(out, "\n/AP << /N %" PRIu32 " 0 R >>\n/Rect [", update->first + 2);
    const double corners[] = {field->x, field->y, field->x + field->width, field->y + field->height};
    for (int i = 0; i < 4; i++) {
        buffer_byte(out, ' ');
        add_place(out, corners[i]);
    }
    buffer_text(out, " ]\n>>");
    object_end(update);
    object_begin(update, (struct pdf_reference){update->first + 2, 0});
    buffer_text(out, "<< /Type /XObject /Subtype /Form /Resources << >> /Length 0\n/BBox [ 0 0 ");
    add_place(out, field->width);
    buffer_byte(out, ' ');
    add_place(out, field->height);
    buffer_text(out, " ]\n>>\nstream\n\nendstream");
    object_end(update);
}

static void add_signature(struct update *update) {
    struct buffer *out = update->out;
    char when[40];
    struct tm parts;
    if (!gmtime_r(&update->field->at, &parts) || strftime(when, sizeof when, "%Y%m%d%H%M%SZ", &parts) == 0) out->failed = true;
    object_begin(update, (struct pdf_reference){update->first + 1, 0});
    buffer_text(out, "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached\n/ByteRange [ ");
    update->range = out->size;
    for (int i = 0; i < 3 * (RANGE_DIGITS + 1) + 1; i++) buffer_byte(out, ' ');
    buffer_text(out, " ]\n/Contents ");
    update->hole = out->size;
    static const char zeros[64] = "0000000000000000000000000000000000000000000000000000000000000000";
    buffer_byte(out, '<');
    for (size_t i = 0; i < SIGNATURE_CMS_BYTES * 2; i += sizeof zeros) buffer_add(out, zeros, sizeof zeros);
    buffer_byte(out, '>');
    if (!out->failed) print(out, "\n/M (D:%s)", when);
    add_text(out, "Name", update->field->name);
    add_text(out, "Reason", update->field->reason);
    add_text(out, "Location", update->field->location);
    buffer_text(out, "\n>>");
    object_end(update);
}

/* The table of what was written, each object a section of its own, and the old trailer with what has changed in it. */
static bool add_table(struct update *update) {
    static const char *const replaced[] = {"Size", "Prev"};
    struct buffer *out = update->out;
    size_t table = out->size;
    buffer_text(out, "xref\n");
    for (size_t i = 0; i < update->count; i++) {
        const struct pdf_reference *object = &update->written[i].object;
        print(out, "%" PRIu32 " 1\n%010zu %05" PRIu32 " n \n", object->number, update->written[i].offset, object->generation);
    }
    buffer_text(out, "trailer\n<<");
    size_t from = update->pdf.trailer.start + 2;
    struct pdf_span value, pair[2] = {{0, 0}, {0, 0}};
    for (size_t i = 0; i < 2; i++) (void)pdf_find(&update->pdf, update->pdf.trailer, replaced[i], &value, &pair[i]);
    if (pair[1].start && pair[1].start < pair[0].start) {
        struct pdf_span swapped = pair[0];
        pair[0] = pair[1];
        pair[1] = swapped;
    }
    for (size_t i = 0; i < 2; i++) {
        if (pair[i].end == 0) continue;
        if (pair[i].start < from) return false;
        add_span(update, from, pair[i].start);
        from = pair[i].end;
    }
    add_span(update, from, update->pdf.trailer.end - 2);
    print(out, "\n/Size %" PRIu32 " /Prev %zu\n>>\nstartxref\n%zu\n%%%%EOF\n", update->first + 3, update->pdf.table, table);
    return true;
}

/* Overwrites the blanks of /ByteRange: only now is the file's size known. */
static void fill_range(struct update *update) {
    struct buffer *out = update->out;
    size_t end = update->hole + SIGNATURE_CMS_BYTES * 2 + 2;
    char text[3 * (RANGE_DIGITS + 1) + 2];
    (void)snprintf(text, sizeof text, "0 %-*zu %-*zu %-*zu", RANGE_DIGITS, update->hole, RANGE_DIGITS, end, RANGE_DIGITS,
                   out->size - end);
    memcpy(out->data + update->range, text, strlen(text));
}

/* The catalogue, the page and where new numbers begin. */
static bool find_places(struct update *update) {
    struct pdf *pdf = &update->pdf;
    struct pdf_span value;
    struct pdf_reference pages;
    uint64_t first;
    if (pdf_find(pdf, pdf->trailer, "Encrypt", &value, NULL) || pdf_find(pdf, pdf->trailer, "XRefStm", &value, NULL)) return false;
    if (!pdf_find(pdf, pdf->trailer, "Size", &value, NULL) || !pdf_number(pdf, value, &first)) return false;
    if (first == 0 || first > LARGEST_OBJECT - 3) return false;
    update->first = (uint32_t)first;
    if (!pdf_find(pdf, pdf->trailer, "Root", &value, NULL) || !pdf_reference(pdf, value, &update->root)) return false;
    if (!pdf_object(pdf, update->root, &update->root_dictionary)) return false;
    if (!pdf_find(pdf, update->root_dictionary, "Pages", &value, NULL) || !pdf_reference(pdf, value, &pages)) return false;
    if (!pdf_page(pdf, pages, update->field->page, &update->page)) return false;
    if (!pdf_object(pdf, update->page, &update->page_dictionary)) return false;
    if (!pdf_find(pdf, update->page_dictionary, "Parent", &value, NULL)) return false; /* else it is no page */
    return update->root.number < first && update->page.number < first && update->root.number != update->page.number;
}

static bool place_good(const struct signature_field *field) {
    const double all[] = {field->x, field->y, field->width, field->height};
    for (size_t i = 0; i < 4; i++)
        if (!isfinite(all[i]) || fabs(all[i]) > LARGEST_PLACE) return false;
    return field->width >= 0 && field->height >= 0;
}

static bool text_good(const char *text) {
    bool valid = true;
    if (!text) return true;
    (void)utf8_count(text, &valid);
    return valid && strlen(text) <= SIGNATURE_TEXT_BYTES;
}

static enum loket_error refuse(struct error *error, const char *message) {
    return error_set(error, LOKET_INVALID, "signature", message, NULL);
}

static enum loket_error not_ours(struct error *error) {
    return refuse(error, "This PDF can't be signed: its structure is not as expected");
}

enum loket_error signature_prepare(const struct buffer *pdf, const struct signature_field *field, struct buffer *out,
                                   uint8_t digest[SIGNATURE_DIGEST_BYTES], struct error *error) {
    struct update update = {.field = field, .out = out};
    struct pdf_span value;
    if (!place_good(field)) return refuse(error, "The place of the signature is not on a page");
    if (!text_good(field->name) || !text_good(field->reason) || !text_good(field->location))
        return refuse(error, "The text of the signature is too long or not UTF-8");
    if (pdf->size > SIGNATURE_PDF_BYTES) return refuse(error, "This file is too large");
    if (pdf->size == 0 || !pdf_open(&update.pdf, pdf->data, pdf->size) || !find_places(&update)) return not_ours(error);
    if (pdf_find(&update.pdf, update.root_dictionary, "AcroForm", &value, NULL))
        return refuse(error, "This PDF has a form or a signature already");
    buffer_add(out, pdf->data, pdf->size);
    if (pdf->data[pdf->size - 1] != '\n') buffer_byte(out, '\n');
    add_root(&update);
    if (!add_page(&update)) return not_ours(error);
    add_field(&update);
    add_signature(&update);
    if (!add_table(&update)) return not_ours(error);
    if (out->failed) return error_set(error, LOKET_INTERNAL, "signature", "Out of memory", NULL);
    fill_range(&update);
    struct hole hole;
    if (hole_find(out->data, out->size, &hole) != HOLE_FOUND || hole.start != update.hole) return not_ours(error);
    if (!hole_digest(out->data, out->size, &hole, digest))
        return error_set(error, LOKET_INTERNAL, "signature", "The digest can't be computed", NULL);
    return LOKET_OK;
}

enum loket_error signature_embed(struct buffer *prepared, const uint8_t *cms, size_t cms_size, struct error *error) {
    static const char digits[] = "0123456789abcdef";
    struct hole hole;
    if (hole_find(prepared->data, prepared->size, &hole) != HOLE_FOUND)
        return refuse(error, "This file has no place for a signature");
    if (cms_size == 0 || cms_size > (hole.end - hole.start - 2) / 2)
        return refuse(error, "The signature is too large for this file");
    uint8_t *to = prepared->data + hole.start + 1;
    for (size_t i = 0; i < cms_size; i++) {
        *to++ = (uint8_t)digits[cms[i] >> 4];
        *to++ = (uint8_t)digits[cms[i] & 15];
    }
    memset(to, '0', (size_t)(prepared->data + hole.end - 1 - to)); /* a second try leaves nothing of the first */
    return LOKET_OK;
}
