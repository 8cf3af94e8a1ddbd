/* Checks what was read against the tables of catalogue_rules.c: files, sections, keys, values. What they say of each
 * other is not looked at here: catalogue_references.c. */
#include <server/catalogue.h>
#include <server/catalogue_rules.h>
#include <stdlib.h>
#include <string.h>

static void check_entry(struct catalogue *catalogue, const struct ini_file *file, const struct section_rule *rule,
                        const struct ini_section *section, const struct ini_entry *entry) {
    const struct key_rule *key = rule->keys ? key_rule_find(rule, entry->key) : NULL;
    const struct value_rule *value = rule->keys ? key ? key->value : NULL : rule->free_value;
    if (!value) {
        mistake_add(catalogue, file, entry->line, section, entry->key, "is not a key of this section");
        return;
    }
    const char *wrong = rule->keys ? NULL : rule->free_key->check(catalogue, NULL, entry->key);
    if (!wrong) wrong = value->check(catalogue, key, entry->value);
    if (wrong) mistake_add(catalogue, file, entry->line, section, entry->key, "%s", wrong);
}

static void check_section(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *section) {
    const struct section_rule *rule = section_rule_find(file->rule, section->kind);
    if (!rule) {
        mistake_add(catalogue, file, section->line, section, NULL, "is not a section of this file");
        return;
    }
    if (!rule->code && *section->code) mistake_add(catalogue, file, section->line, section, NULL, "takes no code behind a colon");
    const char *wrong = rule->code ? rule->code->check(catalogue, NULL, section->code) : NULL;
    if (wrong) mistake_add(catalogue, file, section->line, section, NULL, "%s", wrong);
    if (!rule->repeats && section_find(file, section->kind, section->code) != section)
        mistake_add(catalogue, file, section->line, section, NULL, "is there twice");
    for (size_t i = 0; i < section->count; i++) check_entry(catalogue, file, rule, section, &section->entries[i]);
    for (const struct key_rule *key = rule->keys; key && key->name; key++)
        if (key->required && !entry_find(section, key->name))
            mistake_add(catalogue, file, section->line, section, key->name, "is missing");
}

static void check_file(struct catalogue *catalogue, const struct ini_file *file) {
    for (size_t i = 0; i < file->count; i++) check_section(catalogue, file, &file->sections[i]);
    for (const struct section_rule *rule = file->rule->sections; rule->kind; rule++) {
        bool there = false;
        for (size_t i = 0; i < file->count; i++) there |= strcmp(file->sections[i].kind, rule->kind) == 0;
        if (rule->required && !there)
            mistake_add(catalogue, file, 1, NULL, NULL, "the section [%s%s] is missing", rule->kind, rule->code ? ":..." : "");
    }
}

static int mistake_order(const void *a, const void *b) {
    const struct mistake *x = a, *y = b;
    int paths = strcmp(x->path, y->path);
    return paths ? paths : (x->line > y->line) - (x->line < y->line);
}

void catalogue_check(struct catalogue *catalogue) {
    for (size_t i = 0; i < catalogue->file_count; i++) check_file(catalogue, &catalogue->files[i]);
    catalogue_check_references(catalogue);
    if (catalogue->mistake_count) qsort(catalogue->mistakes, catalogue->mistake_count, sizeof *catalogue->mistakes, mistake_order);
}
