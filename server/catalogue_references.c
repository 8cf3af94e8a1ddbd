/* What the files of a catalogue say of each other, and the parts of a permit type: what is named must be there, and
 * what is the key of a row in the database must be there once. */
#include <server/catalogue.h>
#include <server/catalogue_rules.h>
#include <stdlib.h>
#include <string.h>

static bool unit_known(const struct catalogue *catalogue, const char *code) {
    for (size_t i = 0; i < catalogue->file_count; i++)
        if (strcmp(catalogue->files[i].rule->name, "units") == 0 && section_find(&catalogue->files[i], "unit", code)) return true;
    return false;
}

/* The first file of the kind whose main section has this code; NULL when there is none. */
static const struct ini_file *file_find(const struct catalogue *catalogue, const char *kind, const char *code) {
    for (size_t i = 0; i < catalogue->file_count; i++) {
        const struct ini_file *file = &catalogue->files[i];
        if (strcmp(file->rule->name, kind) == 0 && strcmp(entry_value(section_find(file, kind, ""), "code", ""), code) == 0)
            return file;
    }
    return NULL;
}

/* The code of a permit type or workflow is its name in the database. */
static void check_code(struct catalogue *catalogue, const struct ini_file *file) {
    const struct ini_section *section = section_find(file, file->rule->name, "");
    const struct ini_entry *code = entry_find(section, "code");
    const struct ini_file *other = code ? file_find(catalogue, file->rule->name, code->value) : file;
    if (other != file) mistake_add(catalogue, file, code->line, section, "code", "%s is the code of %s", code->value, other->path);
}

/* "field=value" names a field of this permit type and, where that has choices, one of them. */
static void check_condition(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *section,
                            const struct ini_entry *entry, const char *condition) {
    const char *rest = condition, *code = list_next(catalogue, &rest, '='), *value = list_next(catalogue, &rest, '=');
    if (!value) return; /* not of this form: told already */
    const struct ini_section *field = section_find(file, "field", code);
    const char *choices = entry_value(field, "choices", "");
    if (!field) mistake_add(catalogue, file, entry->line, section, entry->key, "there is no [field:%s]", code);
    if (field == section) mistake_add(catalogue, file, entry->line, section, entry->key, "depends on itself");
    if (!*choices) return;
    size_t length = strlen(value);
    for (const char *choice; (choice = list_next(catalogue, &choices, '|')) != NULL;)
        if (strncmp(choice, value, length) == 0 && choice[length] == '=') return;
    mistake_add(catalogue, file, entry->line, section, entry->key, "\"%s\" is not a choice of [field:%s]", value, code);
}

static void check_departments(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *permit) {
    const struct ini_entry *entry = entry_find(permit, "departments");
    if (!entry) return;
    const char *list = entry->value;
    for (const char *code; (code = list_next(catalogue, &list, ',')) != NULL;)
        if (!unit_known(catalogue, code))
            mistake_add(catalogue, file, entry->line, permit, entry->key, "units.ini has no [unit:%s]", code);
}

/* What nobody decides in time counts as granted only by a rule, and by a step that the workflow has. */
static void check_deemed(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *permit) {
    const struct ini_entry *deemed = entry_find(permit, "deemed_approval");
    const struct ini_file *workflow = file_find(catalogue, "workflow", entry_value(permit, "workflow", ""));
    bool step = false;
    if (!deemed || strcmp(deemed->value, "yes") != 0) return;
    if (!entry_find(permit, "deemed_basis")) {
        mistake_add(catalogue, file, deemed->line, permit, "deemed_basis", "is missing");
        return;
    }
    for (size_t i = 0; workflow && i < workflow->count; i++) {
        const char *dot = strchr(workflow->sections[i].code, '.');
        step = step || (strcmp(workflow->sections[i].kind, "step") == 0 && dot && strcmp(dot, ".deem") == 0);
    }
    if (workflow && !step)
        mistake_add(catalogue, file, deemed->line, permit, deemed->key, "the workflow has no step \"deem\" in any stage");
}

/* What is to be destroyed one day has a schedule that says when. */
static void check_disposal(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *permit) {
    static const char *const years[] = {"active_years", "inactive_years"};
    const struct ini_entry *disposal = entry_find(permit, "disposal");
    if (!disposal || strcmp(disposal->value, "destroy") != 0) return;
    for (size_t i = 0; i < 2; i++)
        if (!entry_find(permit, years[i])) mistake_add(catalogue, file, disposal->line, permit, years[i], "is missing");
}

static void check_permit_keys(struct catalogue *catalogue, const struct ini_file *file) {
    const struct ini_section *permit = section_find(file, "permit", "");
    static const char *const ways[] = {"workflow", "short_workflow"};
    const struct ini_entry *visit = entry_find(permit, "visit");
    const struct ini_entry *limit = entry_find(permit, "valid_not_past");
    for (size_t i = 0; i < 2; i++) {
        const struct ini_entry *way = entry_find(permit, ways[i]);
        if (way && !file_find(catalogue, "workflow", way->value))
            mistake_add(catalogue, file, way->line, permit, way->key, "there is no workflow \"%s\"", way->value);
    }
    if (limit && !section_find(file, "requirement", limit->value))
        mistake_add(catalogue, file, limit->line, permit, limit->key, "there is no [requirement:%s]", limit->value);
    if (visit && strncmp(visit->value, "when ", 5) == 0) check_condition(catalogue, file, permit, visit, visit->value + 5);
    check_departments(catalogue, file, permit);
    check_deemed(catalogue, file, permit);
    check_disposal(catalogue, file, permit);
}

static void check_choice(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *field) {
    const struct ini_entry *choices = entry_find(field, "choices");
    bool choice = strcmp(entry_value(field, "type", ""), "choice") == 0;
    if (choice && !choices) mistake_add(catalogue, file, field->line, field, "choices", "is missing");
    if (choices && !choice) mistake_add(catalogue, file, choices->line, field, choices->key, "is only for type = choice");
}

/* Does the section "column" belong to that table? */
static bool column_of(const struct ini_section *column, const char *field) {
    size_t length = strlen(field);
    return strcmp(column->kind, "column") == 0 && strncmp(column->code, field, length) == 0 && column->code[length] == '.';
}

static void check_table(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *field) {
    bool columns = false;
    long least = strtol(entry_value(field, "min_rows", "0"), NULL, 10),
         most = strtol(entry_value(field, "max_rows", "100"), NULL, 10);
    for (size_t i = 0; i < file->count; i++) columns = columns || column_of(&file->sections[i], field->code);
    if (!columns) mistake_add(catalogue, file, field->line, field, "type", "a table needs a [column:%s]", field->code);
    if (least > most) mistake_add(catalogue, file, field->line, field, "min_rows", "is more than max_rows");
}

static void check_file(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *field) {
    const struct ini_entry *requirement = entry_find(field, "requirement");
    if (!requirement) mistake_add(catalogue, file, field->line, field, "requirement", "is missing");
    else if (!section_find(file, "requirement", requirement->value))
        mistake_add(catalogue, file, requirement->line, field, requirement->key, "there is no [requirement:%s]",
                    requirement->value);
}

static void check_field(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *field) {
    static const struct {
        const char *key, *type;
    } only[] = {{"inside", "coordinates"}, {"min_rows", "table"}, {"max_rows", "table"}, {"requirement", "file"}};
    const char *type = entry_value(field, "type", "");
    check_choice(catalogue, file, field);
    for (size_t i = 0; i < sizeof only / sizeof only[0]; i++) {
        const struct ini_entry *entry = entry_find(field, only[i].key);
        if (entry && strcmp(type, only[i].type) != 0)
            mistake_add(catalogue, file, entry->line, field, entry->key, "is only for type = %s", only[i].type);
    }
    if (strcmp(type, "table") == 0) check_table(catalogue, file, field);
    if (strcmp(type, "file") == 0) check_file(catalogue, file, field);
}

static void check_column(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *column) {
    const struct ini_section *table = NULL;
    check_choice(catalogue, file, column);
    for (size_t i = 0; i < file->count && !table; i++)
        if (strcmp(file->sections[i].kind, "field") == 0 && column_of(column, file->sections[i].code)) table = &file->sections[i];
    if (!table || strcmp(entry_value(table, "type", ""), "table") != 0)
        mistake_add(catalogue, file, column->line, column, NULL, "there is no [field:%.*s] of the type table",
                    (int)strcspn(column->code, "."), column->code);
}

static void check_checklist(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *checklist) {
    const struct ini_section *all = section_find(file, "checklist", "*");
    if (all == checklist) return;
    if (!unit_known(catalogue, checklist->code))
        mistake_add(catalogue, file, checklist->line, checklist, NULL, "units.ini has no [unit:%s]", checklist->code);
    for (size_t i = 0; i < checklist->count; i++)
        if (entry_find(all, checklist->entries[i].key))
            mistake_add(catalogue, file, checklist->entries[i].line, checklist, checklist->entries[i].key,
                        "stands in [checklist:*] too");
}

/* The price is multiplied by the fields named, so they must be numbers. */
static void check_levy(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *levy) {
    const struct ini_entry *quantity = entry_find(levy, "quantity"), *from = entry_find(levy, "valid_from");
    const char *list = quantity ? quantity->value : "";
    for (const char *name; quantity && (name = list_next(catalogue, &list, ',')) != NULL;) {
        const struct ini_section *field = section_find(file, "field", name);
        const char *type = entry_value(field, "type", "");
        if (!field || (strcmp(type, "number") != 0 && strcmp(type, "money") != 0))
            mistake_add(catalogue, file, quantity->line, levy, quantity->key,
                        field ? "[field:%s] is not a number" : "there is no [field:%s]", name);
    }
    for (const struct ini_section *other = file->sections; from && other < levy; other++)
        if (strcmp(other->kind, "levy") == 0 && strcmp(other->code, levy->code) == 0 &&
            strcmp(entry_value(other, "valid_from", ""), from->value) == 0)
            mistake_add(catalogue, file, from->line, levy, from->key, "is the same day as in line %d", other->line);
}

static void check_permit(struct catalogue *catalogue, const struct ini_file *file) {
    static const struct {
        const char *kind;
        void (*check)(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *section);
    } parts[] = {{"field", check_field}, {"column", check_column}, {"checklist", check_checklist}, {"levy", check_levy}};
    check_permit_keys(catalogue, file);
    catalogue_check_formula(catalogue, file);
    for (size_t i = 0; i < file->count; i++) {
        const struct ini_section *section = &file->sections[i];
        const struct ini_entry *when = entry_find(section, "when");
        if (when) check_condition(catalogue, file, section, when, when->value);
        for (size_t j = 0; j < sizeof parts / sizeof parts[0]; j++)
            if (strcmp(parts[j].kind, section->kind) == 0) parts[j].check(catalogue, file, section);
    }
}

void catalogue_check_references(struct catalogue *catalogue) {
    for (size_t i = 0; i < catalogue->file_count; i++) {
        const struct ini_file *file = &catalogue->files[i];
        if (file->rule->several) check_code(catalogue, file);
        if (strcmp(file->rule->name, "permit") == 0) check_permit(catalogue, file);
        if (strcmp(file->rule->name, "workflow") == 0) catalogue_check_workflow(catalogue, file);
    }
}
