/* What is typed or pasted into fields: dates, numbers, and any text that is drawn, wrapped and cut. */
#include <stdlib.h>
#include <string.h>
#include <tests/fuzz/fuzz.h>
#include <tui/entry/date_entry.h>
#include <tui/entry/identity_number.h>
#include <tui/ui/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char iso[11], digits[17], date[40], *text = malloc(size + 1);
    struct nik_facts facts;
    wchar_t character;
    if (!text) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (!date_read(text, 20782, NULL, iso) && day_from_iso(iso) < 0) abort();
    (void)nik_check(text, 2026, &facts);
    (void)npwp_check(text, digits);
    (void)nib_check(text);
    (void)phone_check(text);
    (void)email_check(text);
    text_date(text, date, sizeof date);
    size_t whole = strlen(text), seen = 0;
    for (size_t step; (step = text_next(text + seen, &character)) != 0; seen += step)
        if (character < 0x20 || character == 0x7f) abort(); /* nothing that could command the terminal */
    if (seen != whole || text_fit(text, 20) > whole) abort();
    for (const char *p = text; *p;) {
        size_t skip, bytes = text_wrap(p, 20, &skip);
        if (bytes + skip == 0 || bytes + skip > strlen(p)) abort();
        p += bytes + skip;
    }
    free(text);
    return 0;
}
