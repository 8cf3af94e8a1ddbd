/* Makes the PDF of a document: A4, text that can be selected and searched, the same bytes for the same data. */
#ifndef SERVER_DOC_RENDER_H
#define SERVER_DOC_RENDER_H

#include <loket/error.h>
#include <server/buffer.h>
#include <server/doc/data.h>
#include <server/doc/template.h>

#define DOCUMENT_PAGES      200u
#define DOCUMENT_ARMS_BYTES (512u * 1024u)

struct document_assets {
    const void *arms; /* a PNG; NULL: none */
    size_t arms_size;
};

/* In PDF points, from the lower left corner of the page. */
struct rectangle {
    double x, y, width, height;
};

struct document_layout {
    size_t pages;
    size_t signature_page; /* from 1; 0: the document has no signature block */
    struct rectangle signature;
};

/* Renders a template without mistakes. `assets` may be NULL. Adds to `pdf`, which is empty, belongs to the caller and is
 * without meaning after an error. Errors: LOKET_INVALID, field "arms" (no PNG, too large) or "qr" (too long a text for a
 * QR code); LOKET_TOO_MANY, field "pages"; LOKET_INTERNAL (memory, or `pdf->limit` reached). Keeps nothing between calls. */
enum loket_error document_render(const struct template *template, const struct document_data *data,
                                 const struct document_assets *assets, struct buffer *pdf, struct document_layout *layout,
                                 struct error *error);

#endif
