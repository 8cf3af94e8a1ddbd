/* The values of one document: "applicant.name" -> "Sari Wulandari"; lists as "requirements.1.name", counted from 1.
 *
 * Values are plain UTF-8 text: days "2026-11-24", instants "2026-11-24T09:41", money in whole rupiah, flags "yes" and
 * "no". What is in them is never markup. */
#ifndef SERVER_DOC_DATA_H
#define SERVER_DOC_DATA_H

#include <loket/error.h>
#include <stddef.h>

#define DATA_KEY_BYTES   128u          /* with its end */
#define DATA_VALUE_BYTES (64u * 1024u) /* longer values are cut at a character */
#define DATA_TOTAL_BYTES (8u * 1024u * 1024u)
#define DATA_LIST_ROWS   2000u

struct document_data;

/* Owned by the caller; NULL when memory is short. */
struct document_data *data_new(void);
void data_free(struct document_data *data);

/* Keeps a copy; a value given again replaces the one before, NULL counts as empty. Line ends are kept; other control
 * characters, characters that turn the direction of text and what is not UTF-8 become U+FFFD, so that what is printed is
 * what is stored. LOKET_INVALID: the key is none; LOKET_TOO_MANY: a limit above, or memory. */
enum loket_error data_put(struct document_data *data, const char *key, const char *value, struct error *error);

/* NULL when absent; else lives until the key is put again or the data are freed. */
const char *data_get(const struct document_data *data, const char *key);

/* The highest number of an element of `list`; 0 when there is none. */
size_t data_count(const struct document_data *data, const char *list);

#endif
