/* A template of an office's document, as an administrator's editor left it. */
#include <server/doc/template.h>
#include <stdlib.h>
#include <tests/fuzz/fuzz.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct template *template = template_parse((const char *)data, size, "fuzz.tmpl");
    for (size_t i = 0; template && i < template->mistake_count; i++)
        if (template->mistakes[i].line < 1 || !template->mistakes[i].text) abort();
    template_free(template);
    return 0;
}
