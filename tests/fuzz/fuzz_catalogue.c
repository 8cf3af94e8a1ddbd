/* A data file of the catalogue. The first byte chooses which. */
#include <server/catalogue.h>
#include <server/catalogue_rules.h>
#include <stdlib.h>
#include <string.h>
#include <tests/fuzz/fuzz.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"office", "units", "holidays", "provinces", "workflow", "permit"};
    struct catalogue catalogue;
    char *text = malloc(size + 1);
    if (!text || !size) {
        free(text);
        return 0;
    }
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    catalogue_init(&catalogue);
    catalogue_read_text(&catalogue, "fuzz.ini", file_rule_find(names[data[0] % (sizeof names / sizeof names[0])]), text);
    catalogue_check(&catalogue);
    if (!catalogue.mistake_count) free(catalogue_json(&catalogue, false));
    catalogue_free(&catalogue);
    free(text);
    return 0;
}
