/* The formula of a permit type's levy in its file: what its names mean there, and where in the file a mistake is. The language
 * itself is in formula.c. */
#include <server/catalogue.h>
#include <server/catalogue_rules.h>
#include <server/formula.h>
#include <stdlib.h>
#include <string.h>

struct names {
    struct catalogue *catalogue;
    const struct ini_file *file;
};

static enum formula_name field_kind(const struct ini_section *field) {
    const char *type = entry_value(field, "type", "");
    if (strcmp(type, "choice") == 0) return NAME_CHOICE;
    return strcmp(type, "number") == 0 || strcmp(type, "money") == 0 ? NAME_NUMBER : NAME_OTHER;
}

static enum formula_name name_kind(void *data, const char *name) {
    const struct names *names = data;
    const struct ini_section *field = section_find(names->file, "field", name);
    bool item = section_find(names->file, "levy", name) != NULL;
    if (item && field) return NAME_BOTH;
    if (item) return NAME_ITEM;
    return field ? field_kind(field) : NAME_UNKNOWN;
}

static bool choice_known(void *data, const char *name, const char *code) {
    const struct names *names = data;
    const char *choices = entry_value(section_find(names->file, "field", name), "choices", "");
    size_t size = strlen(code);
    for (const char *choice; (choice = list_next(names->catalogue, &choices, '|')) != NULL;)
        if (strncmp(choice, code, size) == 0 && choice[size] == '=') return true;
    return false;
}

static bool read_formula(struct catalogue *catalogue, const struct ini_file *file, const char *text, struct formula *formula,
                         FILE *tree) {
    struct names data = {catalogue, file};
    struct formula_names names = {name_kind, choice_known, &data};
    return formula_read(formula, text, &names, tree);
}

/* The line of the file that the value's byte `at` stands in, and its column there. */
static struct ini_part place(const struct ini_entry *entry, size_t at) {
    struct ini_part found = {0, entry->line, 1};
    for (size_t i = 0; i < entry->part_count && entry->parts[i].offset <= at; i++) found = entry->parts[i];
    found.column += (int)(at - found.offset);
    return found;
}

void catalogue_check_formula(struct catalogue *catalogue, const struct ini_file *file) {
    const struct ini_section *permit = section_find(file, "permit", "");
    const struct ini_entry *entry = entry_find(permit, "levy_formula");
    struct formula formula;
    if (!entry || !*entry->value || read_formula(catalogue, file, entry->value, &formula, NULL)) return;
    for (size_t i = 0; i < formula.mistake_count; i++) {
        struct ini_part where = place(entry, formula.mistakes[i].at);
        mistake_add(catalogue, file, where.line, permit, entry->key, "column %d: %s", where.column, formula.mistakes[i].text);
    }
}

const char *catalogue_formula_tree(struct catalogue *catalogue, const struct ini_file *file) {
    const struct ini_entry *entry = entry_find(section_find(file, "permit", ""), "levy_formula");
    struct formula formula;
    char *text = NULL;
    size_t size = 0;
    if (!entry) return NULL;
    FILE *out = open_memstream(&text, &size);
    bool good = out && read_formula(catalogue, file, entry->value, &formula, out);
    if (out && fclose(out) != 0) good = false;
    const char *tree = good ? catalogue_text(catalogue, "%s", text) : NULL;
    free(text);
    return tree;
}
