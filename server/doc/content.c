/* The check of an uploaded document. Whatever comes is cut into blocks of one size, so that the pieces it came in change nothing;
 * the first block tells the type, and the type tells what to look for in all of them. */
#include <openssl/evp.h>
#include <server/doc/content.h>
#include <server/doc/picture.h>
#include <server/doc/unpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_(text) (text) /* for xgettext */

#define PDF_HEAD 1024u /* "%PDF-" is in here */
#define PDF_TAIL 2048u /* and "%%EOF" in here */

struct content {
    struct file_type *types;
    EVP_MD_CTX *digest;
    struct unpack *unpack; /* of a PDF, NULL otherwise */
    struct picture picture;
    struct content_verdict verdict;
    bool typed, broken;
    size_t used, tail_size;
    uint8_t tail[PDF_TAIL], block[FILE_TYPE_HEAD];
};

struct content *content_new(struct file_type *types) {
    struct content *content = calloc(1, sizeof *content);
    if (!content) return NULL;
    content->types = types;
    content->digest = EVP_MD_CTX_new();
    if (content->digest && EVP_DigestInit_ex(content->digest, EVP_sha256(), NULL) == 1) return content;
    content_free(content);
    return NULL;
}

void content_free(struct content *content) {
    if (!content) return;
    EVP_MD_CTX_free(content->digest);
    unpack_free(content->unpack);
    free(content);
}

/* The first reason is the one that is told. */
static void refuse(struct content *content, const char *problem, const char *argument) {
    if (content->verdict.problem) return;
    content->verdict.problem = problem;
    (void)snprintf(content->verdict.argument, sizeof content->verdict.argument, "%s", argument);
}

static void pdf_begin(struct content *content) {
    size_t head = content->used < PDF_HEAD ? content->used : PDF_HEAD;
    if (!memmem(content->block, head, "%PDF-", 5)) refuse(content, N_("This PDF is not whole"), "");
    content->unpack = unpack_new();
    content->broken = content->broken || !content->unpack;
}

static void jpeg_begin(struct content *content) {
    content->picture.place = PICTURE_JPEG_MARKER;
}

static void png_begin(struct content *content) {
    content->picture.place = PICTURE_PNG;
}

static void tiff_begin(struct content *content) {
    (void)content; /* its sizes may stand anywhere in it, also before what points to them */
}

static void type_begin(struct content *content) {
    static const struct {
        const char *type;
        void (*begin)(struct content *content);
    } rows[] = {{"application/pdf", pdf_begin}, {"image/jpeg", jpeg_begin}, {"image/png", png_begin}, {"image/tiff", tiff_begin}};
    const char *type = content->verdict.media_type = file_type_of(content->types, content->block, content->used);
    content->typed = true;
    for (size_t i = 0; type && i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].type, type) == 0) rows[i].begin(content);
    if (!type) refuse(content, N_("This is not a PDF, JPEG, PNG or TIFF file"), "");
}

static void tail_keep(struct content *content) {
    size_t fresh = content->used < PDF_TAIL ? content->used : PDF_TAIL;
    size_t old = content->tail_size < PDF_TAIL - fresh ? content->tail_size : PDF_TAIL - fresh;
    memmove(content->tail, content->tail + content->tail_size - old, old);
    memcpy(content->tail + old, content->block + content->used - fresh, fresh);
    content->tail_size = old + fresh;
}

static void look_inside(struct content *content) {
    enum unpack_outcome outcome = content->unpack ? unpack_feed(content->unpack, content->block, content->used) : UNPACK_FINE;
    picture_feed(&content->picture, content->block, content->used);
    content->broken = content->broken || outcome == UNPACK_NO_MEMORY;
    if (outcome == UNPACK_TOO_MUCH) refuse(content, N_("This PDF unpacks to more than %s: it is not taken"), UNPACK_SHOWN);
    if (content->picture.pixels > CONTENT_MOST_PIXELS)
        refuse(content, N_("This picture has more than %s million pixels: it is not taken"), PIXELS_SHOWN);
}

static void block_take(struct content *content) {
    if (!content->used) return;
    content->broken = content->broken || EVP_DigestUpdate(content->digest, content->block, content->used) != 1;
    if (!content->typed) type_begin(content);
    tail_keep(content);
    if (!content->verdict.problem && !content->broken) look_inside(content);
    content->used = 0;
}

bool content_feed(struct content *content, const void *data, size_t size) {
    const uint8_t *next = data;
    content->verdict.size += size;
    while (size) {
        size_t room = sizeof content->block - content->used, part = size < room ? size : room;
        memcpy(content->block + content->used, next, part);
        content->used += part;
        next += part;
        size -= part;
        if (content->used == sizeof content->block) block_take(content);
    }
    return !content->verdict.problem && !content->broken;
}

bool content_end(struct content *content, struct content_verdict *verdict) {
    *verdict = (struct content_verdict){0};
    if (!content->verdict.size) refuse(content, N_("This file is empty"), "");
    block_take(content);
    if (content->unpack && !memmem(content->tail, content->tail_size, "%%EOF", 5)) refuse(content, N_("This PDF is not whole"), "");
    if (content->broken || EVP_DigestFinal_ex(content->digest, content->verdict.sha256, NULL) != 1) return false;
    *verdict = content->verdict;
    return true;
}
