/* Does a workflow hold together: its stages, the steps between them, and a way to the end from each? What a guard
 * means is not known here: sql/api/00_rule_workflow.sql. */
#include <server/catalogue.h>
#include <server/catalogue_rules.h>
#include <string.h>

/* What each kind of stage asks: who works in it, and the step that the functions in the database take there. */
static const struct stage_rule {
    const char *kind, *role, *step;
} stage_rules[] = {
    {"inspection", "technical_coordinator", "complete"},
    {"issue", "system", "issue"},
    {"refuse", "system", "issue"},
    {"sign", "head", "sign"},
    {"end", "", NULL},
};

/* What the work in a stage writes: by its kind, or by the code of a stage with work of its own. sql/api/00_rule_stage_document.sql
 * says the same of drafts. */
static const struct product_rule {
    const char *kind, *code; /* code NULL: of any */
    const char *documents[3];
} product_rules[] = {
    {"inspection", NULL, {"inspection_report"}},
    {"issue", NULL, {"decree", "permit"}},
    {"refuse", NULL, {"refusal"}},
    {"sign", NULL, {"signed_decision"}},
    {"task", "intake", {"receipt"}},
    {"task", "drafting", {"draft_decree", "bill"}},
    {"task", "payment", {"bill"}},
    {"task", "handover", {"handover"}},
};

static bool is_stage(const struct ini_section *section) {
    return strcmp(section->kind, "stage") == 0;
}

static bool is_step(const struct ini_section *section) {
    return strcmp(section->kind, "step") == 0;
}

/* The stage that a step leaves; NULL when it is not in the file. */
static const struct ini_section *step_from(struct catalogue *catalogue, const struct ini_file *file,
                                           const struct ini_section *step) {
    const char *rest = step->code, *code = list_next(catalogue, &rest, '.');
    return section_find(file, "stage", code ? code : "");
}

static const struct ini_section *step_to(const struct ini_file *file, const struct ini_section *step) {
    return section_find(file, "stage", entry_value(step, "to", ""));
}

static void check_step(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *step) {
    const struct ini_entry *to = entry_find(step, "to");
    const struct ini_section *from = step_from(catalogue, file, step);
    if (!from) mistake_add(catalogue, file, step->line, step, NULL, "there is no such [stage]");
    if (from && strcmp(entry_value(from, "kind", ""), "end") == 0)
        mistake_add(catalogue, file, step->line, step, NULL, "leaves a stage of the kind end");
    if (!to) return;
    if (!step_to(file, step)) mistake_add(catalogue, file, to->line, step, "to", "there is no [stage:%s]", to->value);
    for (const struct ini_section *other = file->sections; other < step; other++)
        if (is_step(other) && strcmp(other->code, step->code) == 0 && strcmp(entry_value(other, "to", ""), to->value) == 0)
            mistake_add(catalogue, file, to->line, step, "to", "the same step stands in line %d", other->line);
}

static void check_stage(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *stage) {
    static const struct stage_rule task = {"task", NULL, NULL};
    const char *kind = entry_value(stage, "kind", "task"), *role = entry_value(stage, "role", "");
    const struct stage_rule *rule = &task;
    for (size_t i = 0; i < sizeof stage_rules / sizeof stage_rules[0]; i++)
        if (strcmp(stage_rules[i].kind, kind) == 0) rule = &stage_rules[i];
    if (rule == &task && (!*role || strcmp(role, "system") == 0))
        mistake_add(catalogue, file, stage->line, stage, "role", "a task needs somebody who does it");
    if (rule->role && strcmp(rule->role, role) != 0)
        mistake_add(catalogue, file, stage->line, stage, "role", "a stage of the kind %s has %s%s", kind,
                    *rule->role ? "the role " : "no role", rule->role);
    if (rule->step && !section_find(file, "step", catalogue_text(catalogue, "%s.%s", stage->code, rule->step)))
        mistake_add(catalogue, file, stage->line, stage, NULL, "there is no [step:%s.%s]", stage->code, rule->step);
}

/* Marks every stage that steps lead to from a marked one; `back`: that lead to a marked one. */
static void marks_spread(struct catalogue *catalogue, const struct ini_file *file, bool *marks, bool back) {
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < file->count; i++) {
            const struct ini_section *step = &file->sections[i], *from, *to;
            if (!is_step(step)) continue;
            from = step_from(catalogue, file, step);
            to = step_to(file, step);
            if (!from || !to) continue;
            bool *known = &marks[(back ? to : from) - file->sections];
            bool *next = &marks[(back ? from : to) - file->sections];
            more = more || (*known && !*next);
            *next = *next || *known;
        }
    }
}

static void check_marks(struct catalogue *catalogue, const struct ini_file *file, const bool *marks, const char *wrong) {
    for (size_t i = 0; i < file->count; i++)
        if (is_stage(&file->sections[i]) && !marks[i])
            mistake_add(catalogue, file, file->sections[i].line, &file->sections[i], NULL, "%s", wrong);
}

/* Applications begin in the first stage; from each stage there is a way to an end. */
static void check_ways(struct catalogue *catalogue, const struct ini_file *file) {
    bool *begins = catalogue_take(catalogue, file->count), *ends = catalogue_take(catalogue, file->count);
    const struct ini_section *first = NULL;
    for (size_t i = 0; i < file->count; i++) {
        const struct ini_section *stage = &file->sections[i];
        if (!is_stage(stage)) continue;
        if (!first) first = stage;
        begins[i] = first == stage;
        ends[i] = strcmp(entry_value(stage, "kind", ""), "end") == 0;
    }
    if (!first) return;
    if (!section_find(file, "step", catalogue_text(catalogue, "%s.submit", first->code)))
        mistake_add(catalogue, file, first->line, first, NULL, "is the first stage, but there is no [step:%s.submit]", first->code);
    marks_spread(catalogue, file, begins, false);
    marks_spread(catalogue, file, ends, true);
    check_marks(catalogue, file, begins, "no step leads here from the first stage");
    check_marks(catalogue, file, ends, "no step leads from here to a stage of the kind end");
}

static bool list_has(struct catalogue *catalogue, const struct ini_section *section, const char *key, const char *word) {
    const char *list = entry_value(section, key, "");
    for (const char *item; (item = list_next(catalogue, &list, ',')) != NULL;)
        if (strcmp(item, word) == 0) return true;
    return false;
}

static bool can_produce(const struct ini_section *stage, const char *document) {
    const char *kind = entry_value(stage, "kind", "task");
    for (size_t i = 0; i < sizeof product_rules / sizeof product_rules[0]; i++) {
        const struct product_rule *rule = &product_rules[i];
        if (strcmp(rule->kind, kind) != 0 || (rule->code && strcmp(rule->code, stage->code) != 0)) continue;
        for (size_t j = 0; j < 3 && rule->documents[j]; j++)
            if (strcmp(rule->documents[j], document) == 0) return true;
    }
    return false;
}

static bool document_known(const char *document) {
    const struct key_rule *key = key_rule_find(section_rule_find(file_rule_find("workflow"), "stage"), "demands");
    for (const char *const *word = key->words; *word; word++)
        if (strcmp(*word, document) == 0) return true;
    return false;
}

static void check_products(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *stage) {
    const struct ini_entry *produces = entry_find(stage, "produces");
    const char *list = produces ? produces->value : "";
    if (!produces) return;
    for (const char *word; (word = list_next(catalogue, &list, ',')) != NULL;)
        if (document_known(word) && !can_produce(stage, word))
            mistake_add(catalogue, file, produces->line, stage, "produces", "the work in this stage does not write the document %s",
                        word);
    if (strcmp(entry_value(stage, "kind", ""), "issue") == 0 && !list_has(catalogue, stage, "produces", "permit"))
        mistake_add(catalogue, file, produces->line, stage, "produces", "a stage of this kind writes at least the document permit");
}

/* Is the document produced in a stage from which steps lead to `stage`? */
static bool produced_before(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *stage,
                            const char *document) {
    bool *before = catalogue_take(catalogue, file->count);
    for (size_t i = 0; i < file->count; i++)
        if (is_step(&file->sections[i]) && step_to(file, &file->sections[i]) == stage) {
            const struct ini_section *from = step_from(catalogue, file, &file->sections[i]);
            if (from) before[from - file->sections] = true;
        }
    marks_spread(catalogue, file, before, true);
    for (size_t i = 0; i < file->count; i++)
        if (before[i] && list_has(catalogue, &file->sections[i], "produces", document)) return true;
    return false;
}

static void check_demands(struct catalogue *catalogue, const struct ini_file *file, const struct ini_section *stage) {
    const struct ini_entry *demands = entry_find(stage, "demands");
    const char *list = demands ? demands->value : "";
    for (const char *word; demands && (word = list_next(catalogue, &list, ',')) != NULL;)
        if (document_known(word) && !produced_before(catalogue, file, stage, word))
            mistake_add(catalogue, file, demands->line, stage, "demands", "no stage before this one produces the document %s",
                        word);
}

void catalogue_check_workflow(struct catalogue *catalogue, const struct ini_file *file) {
    for (size_t i = 0; i < file->count; i++) {
        if (is_stage(&file->sections[i])) {
            check_stage(catalogue, file, &file->sections[i]);
            check_products(catalogue, file, &file->sections[i]);
            check_demands(catalogue, file, &file->sections[i]);
        }
        if (is_step(&file->sections[i])) check_step(catalogue, file, &file->sections[i]);
    }
    check_ways(catalogue, file);
}
