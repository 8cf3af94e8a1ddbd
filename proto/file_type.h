/* The type of a document by its content, never by its name. Both ends ask here, so that the client refuses before it sends what
 * the server would refuse after. Only the four types that an office takes are known. */
#ifndef PROTO_FILE_TYPE_H
#define PROTO_FILE_TYPE_H

#include <stddef.h>

#define FILE_TYPE_HEAD (64u * 1024u) /* more than this of a document is not looked at */

struct file_type;

/* Loads the database of file types, once for many documents; the caller gives it to file_type_free. NULL when the database is
 * not there or memory is short. Not to be used by two threads at once. */
struct file_type *file_type_new(void);
void file_type_free(struct file_type *types);

/* "application/pdf", "image/jpeg", "image/png", "image/tiff" (for ever: not to be freed), or NULL for anything else and for
 * nothing at all. `head` is the beginning of the document, up to FILE_TYPE_HEAD bytes of it. */
const char *file_type_of(struct file_type *types, const void *head, size_t size);

#endif
