/* Checks what was read against the tables of catalogue_rules.c, then what the files say of each other. */
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
        if (rule->required && !there) mistake_add(catalogue, file, 1, NULL, NULL, "the section [%s] is missing", rule->kind);
    }
}

static bool unit_known(const struct catalogue *catalogue, const char *code) {
    for (size_t i = 0; i < catalogue->file_count; i++)
        if (strcmp(catalogue->files[i].rule->name, "units") == 0 && section_find(&catalogue->files[i], "unit", code)) return true;
    return false;
}

static bool workflow_known(const struct catalogue *catalogue, const char *code) {
    for (size_t i = 0; i < catalogue->file_count; i++) {
        const struct ini_file *file = &catalogue->files[i];
        if (strcmp(file->rule->name, "workflow") == 0 && strcmp(entry_value(section_find(file, "workflow", ""), "code", ""), code) == 0)
            return true;
    }
    return false;
}

/* "field=value" names a field of this permit type and, where that has choices, one of them. */
static void check_condition(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *section,
                            const struct ini_entry *entry, const char *condition) {
    const char *rest = condition, *code = list_next(catalogue, &rest, '='), *value = rest;
    const struct ini_section *field = section_find(file, "field", code ? code : "");
    if (!field) {
        mistake_add(catalogue, file, entry->line, section, entry->key, "there is no [field:%s]", code ? code : "");
        return;
    }
    const char *choices = entry_value(field, "choices", "");
    if (!*choices) return;
    for (const char *choice; (choice = list_next(catalogue, &choices, '|'));)
        if (strncmp(choice, value, strlen(value)) == 0 && choice[strlen(value)] == '=') return;
    mistake_add(catalogue, file, entry->line, section, entry->key, "\"%s\" is not a choice of [field:%s]", value, code);
}

static void check_list(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *section, const char *key,
                       bool units) {
    const struct ini_entry *entry = entry_find(section, key);
    const char *list = entry ? entry->value : "";
    for (const char *name; (name = list_next(catalogue, &list, ','));)
        if (units ? !unit_known(catalogue, name) : !section_find(file, "field", name))
            mistake_add(catalogue, file, entry->line, section, key, units ? "units.ini has no [unit:%s]" : "there is no [field:%s]", name);
}

static void check_permit(struct catalogue *catalogue, const struct ini_file *file) {
    const struct ini_section *permit = section_find(file, "permit", "");
    const struct ini_entry *entry;
    if (!permit) return;
    if ((entry = entry_find(permit, "workflow")) && !workflow_known(catalogue, entry->value))
        mistake_add(catalogue, file, entry->line, permit, "workflow", "there is no workflow \"%s\"", entry->value);
    if ((entry = entry_find(permit, "valid_not_past")) && !section_find(file, "requirement", entry->value))
        mistake_add(catalogue, file, entry->line, permit, "valid_not_past", "there is no [requirement:%s]", entry->value);
    if ((entry = entry_find(permit, "visit")) && strncmp(entry->value, "when ", 5) == 0)
        check_condition(catalogue, file, permit, entry, entry->value + 5);
    check_list(catalogue, file, permit, "departments", true);
    for (size_t i = 0; i < file->count; i++) {
        const struct ini_section *section = &file->sections[i];
        bool choice = strcmp(entry_value(section, "type", ""), "choice") == 0;
        if ((entry = entry_find(section, "when"))) check_condition(catalogue, file, section, entry, entry->value);
        if (choice != (entry_find(section, "choices") != NULL))
            mistake_add(catalogue, file, section->line, section, "choices", choice ? "is missing" : "is only for type = choice");
        if (strcmp(section->kind, "levy") == 0) check_list(catalogue, file, section, "quantity", false);
        if (strcmp(section->kind, "checklist") == 0 && strcmp(section->code, "*") != 0 && !unit_known(catalogue, section->code))
            mistake_add(catalogue, file, section->line, section, NULL, "units.ini has no [unit:%s]", section->code);
    }
}

static void check_workflow(struct catalogue *catalogue, const struct ini_file *file) {
    for (size_t i = 0; i < file->count; i++) {
        const struct ini_section *section = &file->sections[i];
        if (strcmp(section->kind, "step") != 0) continue;
        const char *rest = section->code, *from = list_next(catalogue, &rest, '.');
        const struct ini_entry *to = entry_find(section, "to");
        if (from && !section_find(file, "stage", from))
            mistake_add(catalogue, file, section->line, section, NULL, "there is no [stage:%s]", from);
        if (to && !section_find(file, "stage", to->value))
            mistake_add(catalogue, file, to->line, section, "to", "there is no [stage:%s]", to->value);
    }
}

void catalogue_check_references(struct catalogue *catalogue) {
    for (size_t i = 0; i < catalogue->file_count; i++) {
        const struct ini_file *file = &catalogue->files[i];
        if (strcmp(file->rule->name, "permit") == 0) check_permit(catalogue, file);
        if (strcmp(file->rule->name, "workflow") == 0) check_workflow(catalogue, file);
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
    if (catalogue->mistake_count)
        qsort(catalogue->mistakes, catalogue->mistake_count, sizeof *catalogue->mistakes, mistake_order);
}
