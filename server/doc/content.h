/* Checks an uploaded document as it streams through: how long it is, its hash, its type, and whether it may be taken at all.
 *
 * About 200 KiB of memory for each, whatever the document. See README.md for what it does not see. */
#ifndef SERVER_DOC_CONTENT_H
#define SERVER_DOC_CONTENT_H

#include <proto/file_type.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTENT_HASH_BYTES  32u
#define CONTENT_MOST_PIXELS 200000000ull /* of one picture */
#define PIXELS_SHOWN        "200"        /* the same in millions, as people read it */

struct content;

struct content_verdict {
    uint64_t size;
    uint8_t sha256[CONTENT_HASH_BYTES];
    const char *media_type; /* as of file_type_of; NULL when it is none that is taken */
    const char *problem;    /* NULL: it may be taken. Else why not: English, a gettext msgid with at most one %s ... */
    char argument[32];      /* ... and what goes there */
};

/* Begins with a document. `types` is borrowed until content_free. NULL when memory is short. */
struct content *content_new(struct file_type *types);

/* The next bytes, as many as there are. False when it is already known that the document can't be taken: the caller may stop here
 * (content_end then tells why), or go on for the hash and size. */
bool content_feed(struct content *content, const void *data, size_t size);

/* The document is over. False when it could not be checked (no memory): it must not be taken, and the verdict is empty. The verdict
 * does not depend on how the document was cut. Nothing may be fed any more. */
bool content_end(struct content *content, struct content_verdict *verdict);

void content_free(struct content *content);

#endif
