/* Keys into a form: letters, function keys and pastes in any order, as a terminal or a hostile paste sends them. */
#include <stdlib.h>
#include <string.h>
#include <tests/fuzz/fuzz.h>
#include <tui/key.h>
#include <tui/ui/form.h>

static void form_make(struct form *form) {
    form_init(form);
    form_add(form, "", "Heading", FIELD_HEADING, false);
    form_add(form, "text", "Text", FIELD_TEXT, true)->longest = 20;
    form_add(form, "lines", "Lines", FIELD_MULTILINE, false)->longest = 60;
    struct field *choice = form_add(form, "choice", "Choice", FIELD_CHOICE, true);
    field_choice(choice, "a", "Alpha");
    field_choice(choice, "b", "Beta");
    struct field *coded = form_add(form, "coded", "Coded", FIELD_CODED, false);
    field_choice(coded, "SIP-DR", "Dokter");
    field_choice(coded, "SIPP", "Perawat");
    field_when(form_add(form, "when", "When", FIELD_YES_NO, false), "choice", "b");
    form_add(form, "secret", "Secret", FIELD_PASSWORD, false);
    form_first(form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct form form;
    form_make(&form);
    for (size_t i = 0; i + 2 < size; i += 3) {
        int key = data[i] << 8 | data[i + 1];
        if (data[i + 2] & 2) key |= KEY_FUNCTION;
        if (data[i + 2] & 4) form_look_up(&form);
        (void)form_key(&form, key, data[i + 2] & 1);
        if (form.at >= form.count || form.cursor > strlen(form.fields[form.at].value)) abort();
        for (size_t j = 0; j < form.count; j++)
            if (form.fields[j].kind != FIELD_CODED && strlen(form.fields[j].value) > form.fields[j].longest) abort();
    }
    (void)form_complete(&form);
    form_free(&form);
    return 0;
}
