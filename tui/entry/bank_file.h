/* A bank's file of payments: lines of day, reference, amount and description. Reads bytes, tells every mistake with its line, and
 * knows nothing of the screen or the server.
 *
 * A header line, then one line for each payment, between its columns ; or , (the header decides); UTF-8, at most
 * BANK_FILE_BYTES and BANK_FILE_ROWS. Days are 2026-11-24 or 24/11/2026; amounts 1250000, 1.250.000 or 1250000,00. */
#ifndef TUI_ENTRY_BANK_FILE_H
#define TUI_ENTRY_BANK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BANK_FILE_BYTES    (1024u * 1024u)
#define BANK_FILE_ROWS     5000u
#define BANK_FILE_MISTAKES 200u

struct bank_row {
    int line; /* of the file, from 1 */
    char paid_on[11], reference[41], description[301];
    int64_t amount; /* rupiah */
};

struct bank_mistake {
    int line;            /* 0: the whole file */
    const char *message; /* a msgid with at most one %s */
    char argument[48];
};

struct bank_file {
    struct bank_row *rows; /* owned */
    size_t row_count;
    struct bank_mistake mistakes[BANK_FILE_MISTAKES];
    size_t mistake_count;
};

/* Reads `bytes` into `file`, which is zeroed. `today` (ISO): nothing is paid later. False when there is a mistake. */
bool bank_file_read(struct bank_file *file, const char *bytes, size_t size, const char *today);
void bank_file_free(struct bank_file *file);

/* Rupiah of "1.250.000", "1250000" or "1250000,00"; -1: it is none. */
int64_t bank_amount(const char *text);

#endif
