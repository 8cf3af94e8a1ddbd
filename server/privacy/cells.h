/* A form's table is one text of JSON, [{"nik": "1872...", "name": "Sari"}], and each of its strings may be an identity number. This
 * goes over the strings of such a text; what is done with each of them is the caller's. */
#ifndef SERVER_PRIVACY_CELLS_H
#define SERVER_PRIVACY_CELLS_H

#include <loket/error.h>
#include <server/buffer.h>
#include <stdbool.h>
#include <stddef.h>

#define CELL_BYTES 200u /* a number, its sealed form or a token, with all that may stand between digits; longer is neither */

/* Does a text begin as a table does, with "[" behind JSON's blanks? */
bool cells_begin(const char *text, size_t size);

/* Does with one string, as it stands between its quotes, what it has to, and adds what is to stand there to `out`. */
typedef enum loket_error cell_function(const char *cell, size_t size, struct buffer *out, void *data);

/* `text` with each of its strings as `cell` makes it; the first refusal ends it. */
enum loket_error cells_each(const char *text, size_t size, struct buffer *out, cell_function *cell, void *data);

/* What a string says, in `plain`: its escapes are undone, each that is no ASCII character as a "?". False: it is longer than any
 * number, once its blanks, points and dashes are out of it. */
bool cell_plain(const char *cell, size_t size, char plain[CELL_BYTES]);

#endif
