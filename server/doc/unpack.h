/* How much the packed streams of a PDF become. Counts, keeps nothing of it; about 120 KiB whatever the document. */
#ifndef SERVER_DOC_UNPACK_H
#define SERVER_DOC_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNPACK_FREE_BYTES (256ull * 1024u * 1024u) /* so much is never too much */
#define UNPACK_SHOWN      "256 MiB"                /* the same as people read it */
#define UNPACK_RATIO      100u                     /* beyond that, more than so many times the document is */

enum unpack_outcome { UNPACK_FINE, UNPACK_TOO_MUCH, UNPACK_NO_MEMORY };

struct unpack;

/* The caller gives it to unpack_free. NULL when memory is short. */
struct unpack *unpack_new(void);
void unpack_free(struct unpack *unpack);

/* The next bytes of the document. Once the outcome is not UNPACK_FINE it stays so, and nothing is unpacked any more. Where exactly
 * too much is seen depends on how the bytes are cut. */
enum unpack_outcome unpack_feed(struct unpack *unpack, const uint8_t *data, size_t size);

#endif
