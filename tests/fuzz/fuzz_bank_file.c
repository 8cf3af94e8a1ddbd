/* The bank's file, as whoever sits between bank and treasurer may have written it. */
#include <stdlib.h>
#include <string.h>
#include <tests/fuzz/fuzz.h>
#include <tui/entry/bank_file.h>

#define AMOUNT_AT_MOST 999999999999999 /* nobody pays more rupiah than a double can count */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bank_file file = {0};
    char *bytes = malloc(size + 1);
    if (!bytes) return 0;
    memcpy(bytes, data, size);
    bytes[size] = '\0';
    bool good = bank_file_read(&file, bytes, size, "2026-11-24");
    if (good != (file.mistake_count == 0) || file.row_count > BANK_FILE_ROWS || file.mistake_count > BANK_FILE_MISTAKES) abort();
    for (size_t i = 0; good && i < file.row_count; i++) {
        const struct bank_row *row = &file.rows[i];
        if (row->amount <= 0 || row->amount > AMOUNT_AT_MOST || strlen(row->paid_on) != 10 ||
            strcmp(row->paid_on, "2026-11-24") > 0)
            abort();
        for (const char *p = row->reference; *p; p++)
            if ((unsigned char)*p < 0x20) abort();
    }
    (void)bank_amount(bytes);
    bank_file_free(&file);
    free(bytes);
    return 0;
}
