/* How a stored value is written in a document: {permit.valid_until_on|date}. */
#ifndef SERVER_DOC_FILTER_H
#define SERVER_DOC_FILTER_H

#include <server/buffer.h>

/* Adds `value` in the filter's form. A value that the filter does not understand is added as it is: a document rather
 * shows an odd date than none. */
typedef void filter_run(const char *value, struct buffer *out);

/* NULL when there is no such filter. */
filter_run *filter_find(const char *name);

#endif
