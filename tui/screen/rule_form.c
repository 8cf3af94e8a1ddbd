/* The forms of a draft: one of its parts, its proposal, and the copy of a rule under a new code. What a part may hold is a
 * table here; the database checks it by a table of its own (rule.draft_keys). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/picker.h>
#include <tui/screen/rules.h>
#include <tui/screen/screens.h>
#include <tui/screen/typed_check.h>
#include <tui/ui/form.h>
#include <tui/ui/text.h>

#define ROWS_MORE 5 /* empty lines of a checklist */

static const char *const roles[] = {"front_office",
                                    "analyst",
                                    "section_head",
                                    "head",
                                    "technical_coordinator",
                                    "surveyor",
                                    "treasurer",
                                    "archivist",
                                    "complaints_officer",
                                    "system",
                                    NULL};
static const char *const clocks[] = {N_("runs"), N_("stands"), NULL};
static const char *const stage_kinds[] = {N_("task"), N_("inspection"), N_("issue"), N_("refuse"), N_("sign"), N_("end"), NULL};
static const char *const outcomes[] = {"approved", "refused", "withdrawn", "lapsed", NULL};
static const char *const flags[] = {N_("yes"), N_("no"), NULL};
static const char *const sources[] = {N_("counter"), N_("oss"), NULL};
static const char *const disposals[] = {N_("keep"), N_("destroy"), NULL};
static const char *const types[] = {N_("text"),        N_("multiline"), N_("number"), N_("money"), N_("date"),     N_("choice"),
                                    N_("nik"),         N_("npwp"),      N_("nib"),    N_("phone"), N_("postcode"), N_("email"),
                                    N_("coordinates"), N_("table"),     N_("file"),   NULL};
static const char *const column_types[] = {"text", "number", "money", "date",     "choice", "nik",
                                           "npwp", "nib",    "phone", "postcode", "email",  NULL};

/* A field of a part. `words`: one of them is chosen. `stage`: a stage of the draft is chosen. */
static const struct rule_key {
    const char *section, *key, *label;
    bool required, stage;
    const char *const *words;
    const char *note;
} rule_keys[] = {
    {"workflow", "code", N_("Code"), true, false, NULL, NULL},
    {"workflow", "name", N_("Name"), false, false, NULL, NULL},
    {"stage", "", N_("Code"), true, false, NULL, N_("small letters and _")},
    {"stage", "name", N_("Name"), true, false, NULL, NULL},
    {"stage", "role", N_("Who works here"), false, false, roles, NULL},
    {"stage", "kind", N_("Kind"), false, false, stage_kinds, NULL},
    {"stage", "clock", N_("Service clock"), false, false, clocks, NULL},
    {"stage", "days", N_("Days for this stage"), false, false, NULL, NULL},
    {"stage", "reassign", N_("Late work goes to another"), false, false, flags, NULL},
    {"stage", "demands", N_("Demands (documents)"), false, false, NULL,
     N_("receipt inspection_report bill draft_decree decree permit refusal signed_decision handover")},
    {"stage", "produces", N_("Produces (documents)"), false, false, NULL, N_("what the work in this stage writes; with commas")},
    {"step", "from", N_("From the stage"), true, true, NULL, NULL},
    {"step", "action", N_("Action (code)"), true, false, NULL, N_("small letters and _")},
    {"step", "to", N_("To the stage"), true, true, NULL, NULL},
    {"step", "role", N_("Who takes it"), true, false, roles, NULL},
    {"step", "label", N_("Label"), true, false, NULL, NULL},
    {"step", "guards", N_("Guards (with commas)"), false, false, NULL,
     N_("all_accepted some_refused no_visit_needed inspections_done levy_due no_levy fee_paid initialled not_involved "
        "signature_due no_signature")},
    {"step", "reason", N_("Asks for a reason"), false, false, flags, NULL},
    {"step", "outcome", N_("Outcome"), false, false, outcomes, NULL},
    {"permit", "code", N_("Code"), true, false, NULL, NULL},
    {"permit", "name", N_("Name"), true, false, NULL, NULL},
    {"permit", "sector", N_("Sector"), true, false, NULL, NULL},
    {"permit", "service_days", N_("Service promise (working days)"), true, false, NULL, NULL},
    {"permit", "valid_years", N_("Valid for (years)"), true, false, NULL, NULL},
    {"permit", "valid_not_past", N_("Not longer than (requirement)"), false, false, NULL, NULL},
    {"permit", "number_pattern", N_("Number"), true, false, NULL, "{NNNN} {J} {DD} {MM} {mm} {YYYY}"},
    {"permit", "legal_basis", N_("Legal basis"), false, false, NULL, NULL},
    {"permit", "source", N_("Comes from"), false, false, sources, NULL},
    {"permit", "workflow", N_("Workflow"), true, false, NULL, NULL},
    {"permit", "levy_formula", N_("Formula of the levy"), false, false, NULL,
     N_("tariff items, number fields, + - * / ( ), min max round ceil if(a > b, x, y)")},
    {"permit", "due_days", N_("A bill is due in (days)"), false, false, NULL, NULL},
    {"permit", "lapse_days", N_("Waits for the applicant (days)"), false, false, NULL, NULL},
    {"permit", "deemed_approval", N_("Silence approves"), false, false, flags, NULL},
    {"permit", "deemed_basis", N_("Legal basis of that"), false, false, NULL, NULL},
    {"permit", "short_workflow", N_("Workflow of a change or copy"), false, false, NULL, NULL},
    {"permit", "short_days", N_("Promise of these (days)"), false, false, NULL, NULL},
    {"permit", "active_years", N_("Archive: years active"), false, false, NULL, NULL},
    {"permit", "inactive_years", N_("Archive: years inactive"), false, false, NULL, NULL},
    {"permit", "disposal", N_("Archive: after that"), false, false, disposals, NULL},
    {"permit", "departments", N_("Departments (with commas)"), false, false, NULL, NULL},
    {"permit", "visit", N_("Visit"), false, false, NULL, N_("never, always, when field=value")},
    {"permit", "kinds", N_("Kinds (with commas)"), false, false, NULL, "new, renewal, change, copy"},
    {"field", "", N_("Code"), true, false, NULL, N_("small letters, digits and _")},
    {"field", "label", N_("Label"), true, false, NULL, NULL},
    {"field", "type", N_("Type"), true, false, types, NULL},
    {"field", "required", N_("Must be filled in"), false, false, flags, NULL},
    {"field", "max_length", N_("Longest (characters)"), false, false, NULL, NULL},
    {"field", "choices", N_("Choices"), false, false, NULL, N_("code=label | code=label")},
    {"field", "when", N_("Only when"), false, false, NULL, N_("field=value")},
    {"field", "hint", N_("Hint"), false, false, NULL, NULL},
    {"field", "inside", N_("In the office's area"), false, false, flags, N_("of coordinates")},
    {"field", "min_rows", N_("Fewest rows"), false, false, NULL, N_("of a table")},
    {"field", "max_rows", N_("Most rows"), false, false, NULL, N_("of a table")},
    {"field", "requirement", N_("Formats and size as"), false, false, NULL, N_("of a file: the code of a requirement")},
    {"column", "", N_("Code"), true, false, NULL, N_("field.column, both in small letters")},
    {"column", "label", N_("Label"), true, false, NULL, NULL},
    {"column", "type", N_("Type"), true, false, column_types, NULL},
    {"column", "required", N_("Must be filled in"), false, false, flags, NULL},
    {"column", "max_length", N_("Longest (characters)"), false, false, NULL, NULL},
    {"column", "choices", N_("Choices"), false, false, NULL, N_("code=label | code=label")},
    {"requirement", "", N_("Code"), true, false, NULL, N_("capital letters, digits and _")},
    {"requirement", "name", N_("Name"), true, false, NULL, NULL},
    {"requirement", "required", N_("Must be brought"), false, false, flags, NULL},
    {"requirement", "number", N_("Its number is asked"), false, false, flags, NULL},
    {"requirement", "expiry", N_("Its validity is asked"), false, false, flags, NULL},
    {"requirement", "largest", N_("Largest file (MiB)"), false, false, NULL, NULL},
    {"requirement", "formats", N_("Formats (with commas)"), false, false, NULL, "pdf, jpeg, png, tiff"},
    {"requirement", "when", N_("Only when"), false, false, NULL, N_("field=value")},
    {"requirement", "hint", N_("Hint"), false, false, NULL, NULL},
    {"checklist", "", N_("Department (code, or *)"), true, false, NULL, NULL},
    {"levy", "", N_("Code"), true, false, NULL, N_("small letters, digits and _")},
    {"levy", "name", N_("Name"), true, false, NULL, NULL},
    {"levy", "legal_basis", N_("Legal basis"), true, false, NULL, NULL},
    {"levy", "price", N_("Price (rupiah)"), true, false, NULL, NULL},
    {"levy", "valid_from", N_("From (YYYY-MM-DD)"), true, false, NULL, NULL},
    {"levy", "quantity", N_("Times the fields (with commas)"), false, false, NULL, NULL},
    {"levy", "when", N_("Only when"), false, false, NULL, N_("field=value")},
    {NULL, NULL, NULL, false, false, NULL, NULL},
};

/* What may be added to a draft. */
static const char *const workflow_parts[] = {"stage", "step", NULL};
static const char *const permit_parts[] = {"field", "column", "requirement", "checklist", "levy", NULL};

struct form_screen {
    struct screen base;
    struct form form;
    int64_t draft_id;
    int32_t version;
    size_t place; /* from 1; 0: new */
    char kind[16], copy_of[40];
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("save"), N_("save this part; of a proposal: propose; of a copy: make it")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("the next choice of a coded field (or its first letter)")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back without saving")},
    {0, NULL, NULL, NULL, NULL},
};

static void form_screen_free(struct screen *screen) {
    form_free(&((struct form_screen *)screen)->form);
}

static void form_screen_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct form_screen *)screen)->form, row, rows);
}

static void add_words(struct field *field, const char *const *words, bool optional) {
    if (optional) field_choice(field, "", "-");
    for (; *words; words++) field_choice(field, *words, text_word(*words));
}

static void add_stages(struct field *field, const Loket__RuleOpenReply *rule) {
    for (size_t i = 0; i < rule->n_sections; i++)
        if (strcmp(rule->sections[i]->kind, "stage") == 0)
            field_choice(field, rule->sections[i]->code, text_word(rule_value(rule->sections[i], "name")));
}

static void add_part_kinds(struct form *form, const char *const *kinds) {
    struct field *field = form_add(form, "kind", _("Kind of part"), FIELD_CHOICE, true);
    add_words(field, kinds, false);
    field_set(field, kinds[0]);
}

/* The value that a part has for a key: of its code, or of an entry. */
static void present_value(const Loket__RuleSection *section, const char *key, char *out, size_t size) {
    const char *dot = strchr(section->code, '.');
    if (!*key) (void)snprintf(out, size, "%s", section->code);
    else if (strcmp(key, "from") == 0) (void)snprintf(out, size, "%.*s", (int)strcspn(section->code, "."), section->code);
    else if (strcmp(key, "action") == 0) (void)snprintf(out, size, "%s", dot ? dot + 1 : "");
    else (void)snprintf(out, size, "%s", rule_value(section, key));
}

/* "stage.role": the fields of all kinds stand in one form, and the kind says which apply. */
static void add_key(struct form *form, const struct rule_key *key, const Loket__RuleOpenReply *rule,
                    const Loket__RuleSection *section) {
    char code[64], value[4100] = "";
    (void)snprintf(code, sizeof code, "%s.%s", key->section, key->key);
    enum field_kind kind = key->stage ? FIELD_CODED : key->words ? FIELD_CHOICE : FIELD_TEXT;
    struct field *field = form_add(form, code, _(key->label), kind, key->required);
    field->longest = 4000;
    if (key->stage) add_stages(field, rule);
    if (key->words) add_words(field, key->words, !key->required);
    if (key->note) (void)snprintf(field->note, sizeof field->note, "%s", _(key->note));
    if (section) present_value(section, key->key, value, sizeof value);
    else field_when(field, "kind", key->section);
    field_set(field, value);
}

/* A checklist's questions, one a line: code=question. */
static void add_rows(struct form *form, const Loket__RuleSection *section) {
    size_t count = (section ? section->n_entries : 0) + ROWS_MORE;
    for (size_t i = 0; i < count; i++) {
        char code[24], value[500];
        (void)snprintf(code, sizeof code, "row%zu", i);
        struct field *field = form_add(form, code, _("Question (code=question)"), FIELD_TEXT, false);
        field->longest = 340;
        if (!section) field_when(field, "kind", "checklist");
        if (!section || i >= section->n_entries) continue;
        (void)snprintf(value, sizeof value, "%s=%s", section->entries[i]->key, section->entries[i]->value);
        field_set(field, value);
    }
}

static void on_saved(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    (void)reply;
    if (error) return;
    app_pop(app);
    app_say(app, N_("Saved"), NULL);
}

/* The kind of the part: of an old one, or as it is chosen. */
static const char *part_kind(struct form_screen *self) {
    return self->kind[0] ? self->kind : form_value(&self->form, "kind");
}

/* One entry of the request from a field; false when the field is empty or no entry. `line` takes a checklist's code. */
static bool entry_read(struct form *form, const struct field *field, const char *kind, Loket__RuleEntry *entry, char line[400]) {
    const char *dot = strchr(field->code, '.'), *equals = strchr(field->value, '=');
    loket__rule_entry__init(entry);
    if (!field->value[0] || !form_applies(form, field)) return false;
    if (strncmp(field->code, "row", 3) == 0) {
        (void)snprintf(line, 400, "%.*s", (int)strcspn(field->value, "="), field->value);
        entry->key = line;
        entry->value = (char *)(equals ? equals + 1 : "");
        return true;
    }
    if (!dot || !dot[1] || strcmp(dot, ".from") == 0 || strcmp(dot, ".action") == 0) return false;
    entry->key = (char *)dot + 1;
    entry->value = field->value;
    return strncmp(field->code, kind, strlen(kind)) == 0;
}

static void section_save(struct form_screen *self) {
    struct form *form = &self->form;
    const char *kind = part_kind(self);
    char code[80], field[40];
    Loket__RuleSectionRequest request = LOKET__RULE_SECTION_REQUEST__INIT;
    Loket__RuleEntry *entries = calloc(form->count, sizeof *entries), **list = calloc(form->count, sizeof *list);
    char(*lines)[400] = calloc(form->count, sizeof *lines);
    if (!entries || !list || !lines) abort();
    (void)snprintf(field, sizeof field, "%s.", kind);
    (void)snprintf(code, sizeof code, "%s", form_value(form, field));
    if (strcmp(kind, "step") == 0)
        (void)snprintf(code, sizeof code, "%.36s.%.36s", form_value(form, "step.from"), form_value(form, "step.action"));
    for (size_t i = 0; i < form->count; i++)
        if (entry_read(form, &form->fields[i], kind, &entries[i], lines[i])) list[request.n_entries++] = &entries[i];
    request.draft_id = self->draft_id;
    request.version = self->version;
    request.place = (int32_t)self->place;
    request.change = "save";
    request.kind = (char *)kind;
    request.code = code;
    request.entries = list;
    app_write(&self->base, "rules.section", &request.base, NULL, &loket__rule_draft_reply__descriptor, on_saved);
    free(lines);
    free(list);
    free(entries);
}

static enum outcome common_action(struct screen *screen, int action, void (*save)(struct form_screen *self)) {
    struct form_screen *self = (struct form_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_LOOK_UP) picker_look_up(screen, &self->form);
    if (action == ACTION_MAIN && form_complete(&self->form)) save(self);
    return REDRAW;
}

static enum outcome section_action(struct screen *screen, int action) {
    return common_action(screen, action, section_save);
}

static enum outcome form_screen_key(struct screen *screen, int key, bool pasted) {
    struct form *form = &((struct form_screen *)screen)->form;
    enum form_outcome outcome = form_key(form, key, pasted);
    screen->unsaved = screen->unsaved || form->changed;
    return outcome == FORM_UNUSED ? UNUSED : REDRAW;
}

/* "entries.role" is beside the field "step.role"; a step's code is made of two fields. */
static bool section_refused(struct screen *screen, const struct error *error) {
    struct form_screen *self = (struct form_screen *)screen;
    struct form *form = &self->form;
    char field[120];
    const char *key = strncmp(error->field, "entries.", 8) == 0 ? error->field + 8 : error->field;
    const char *kind = part_kind(self);
    (void)snprintf(field, sizeof field, "%.20s.%.80s", kind,
                   strcmp(key, "code") != 0    ? key
                   : strcmp(kind, "step") == 0 ? "action"
                                               : "");
    if (form_refuse(form, field, screen->app->message) || form_refuse(form, error->field, screen->app->message)) return true;
    for (size_t i = 0; i < form->count; i++)
        if (strncmp(form->fields[i].code, "row", 3) == 0 && strncmp(form->fields[i].value, key, strlen(key)) == 0)
            return form_refuse(form, form->fields[i].code, screen->app->message);
    return false;
}

static const struct screen_ops section_ops = {
    .title = N_("Part of a rule"),
    .about =
        N_("One stage or step, or one field, requirement, checklist or levy item. Each value is checked when it is saved; how the "
           "parts fit together is told by the check of the whole draft. A stage that is called otherwise keeps its steps."),
    .keys = keys,
    .size = sizeof(struct form_screen),
    .free = form_screen_free,
    .draw = form_screen_draw,
    .action = section_action,
    .key = form_screen_key,
    .refused = section_refused,
    .typing = true,
};

void rule_section_open(struct app *app, const Loket__RuleOpenReply *rule, size_t place) {
    struct form_screen *self = (struct form_screen *)app_push(app, &section_ops);
    const Loket__RuleSection *section = place ? rule->sections[place - 1] : NULL;
    struct form *form = &self->form;
    form_init(form);
    self->draft_id = rule->draft_id;
    self->version = rule->draft_version;
    self->place = place;
    bool workflow = strcmp(rule->kind, "workflow") == 0;
    if (section) (void)snprintf(self->kind, sizeof self->kind, "%s", section->kind);
    else add_part_kinds(form, workflow ? workflow_parts : permit_parts);
    for (const struct rule_key *key = rule_keys; key->section; key++) {
        bool step = strcmp(key->section, "stage") == 0 || strcmp(key->section, "step") == 0;
        bool whole = strcmp(key->section, "workflow") == 0 || strcmp(key->section, "permit") == 0;
        if (section ? strcmp(section->kind, key->section) == 0 : !whole && step == workflow) add_key(form, key, rule, section);
    }
    if (section ? strcmp(section->kind, "checklist") == 0 : !workflow) add_rows(form, section);
    form_first(form);
}

/* ------------------------------------------------------------------------------------------------- proposing */

static bool date_check(struct form *form, struct field *field, void *data) {
    (void)form;
    return typed_check(data, field);
}

static void on_proposed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    (void)reply;
    if (error) return;
    app_pop(app);
    app_say(app, N_("Proposed: another administrator approves it"), NULL);
}

static void propose(struct form_screen *self) {
    Loket__RuleProposeRequest request = LOKET__RULE_PROPOSE_REQUEST__INIT;
    request.draft_id = self->draft_id;
    request.version = self->version;
    request.starts_on = (char *)form_value(&self->form, "starts_on");
    request.reason = (char *)form_value(&self->form, "reason");
    app_write(&self->base, "rules.propose", &request.base, NULL, &loket__rule_draft_reply__descriptor, on_proposed);
}

static enum outcome propose_action(struct screen *screen, int action) {
    return common_action(screen, action, propose);
}

static bool simple_refused(struct screen *screen, const struct error *error) {
    struct form *form = &((struct form_screen *)screen)->form;
    return form_refuse(form, error->field, screen->app->message) || form_refuse(form, form->fields[0].code, screen->app->message);
}

static const struct screen_ops propose_ops = {
    .title = N_("Propose a draft"),
    .about = N_("From which day new applications take the rule, today at the earliest, and why it changes. Another administrator, "
                "who had no part in the draft, approves it."),
    .keys = keys,
    .size = sizeof(struct form_screen),
    .free = form_screen_free,
    .draw = form_screen_draw,
    .action = propose_action,
    .key = form_screen_key,
    .refused = simple_refused,
    .typing = true,
};

void rule_propose_open(struct app *app, const Loket__RuleOpenReply *rule) {
    struct form_screen *self = (struct form_screen *)app_push(app, &propose_ops);
    form_init(&self->form);
    self->form.check = date_check;
    self->form.data = app;
    self->draft_id = rule->draft_id;
    self->version = rule->draft_version;
    form_add(&self->form, "starts_on", _("In force from"), FIELD_DATE, true);
    form_add(&self->form, "reason", _("Reason"), FIELD_MULTILINE, true)->longest = 2000;
}

/* --------------------------------------------------------------------------------------------------- copying */

static void on_copied(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    if (error) return;
    int64_t draft_id = ((const Loket__RuleDraftReply *)reply)->draft_id;
    app_pop(app);
    rule_open(app, "", "", draft_id);
}

static void copy(struct form_screen *self) {
    Loket__RuleDraftRequest request = LOKET__RULE_DRAFT_REQUEST__INIT;
    request.kind = self->kind;
    request.code = (char *)form_value(&self->form, "code");
    request.copy_of = self->copy_of;
    app_write(&self->base, "rules.draft", &request.base, NULL, &loket__rule_draft_reply__descriptor, on_copied);
}

static enum outcome copy_action(struct screen *screen, int action) {
    return common_action(screen, action, copy);
}

static const struct screen_ops copy_ops = {
    .title = N_("Copy a rule"),
    .about = N_("A draft with a code of its own that begins as a copy. Nothing is in force until it is proposed and approved."),
    .keys = keys,
    .size = sizeof(struct form_screen),
    .free = form_screen_free,
    .draw = form_screen_draw,
    .action = copy_action,
    .key = form_screen_key,
    .refused = simple_refused,
    .typing = true,
};

void rule_copy_open(struct app *app, const char *kind, const char *copy_of) {
    struct form_screen *self = (struct form_screen *)app_push(app, &copy_ops);
    form_init(&self->form);
    (void)snprintf(self->kind, sizeof self->kind, "%s", kind);
    (void)snprintf(self->copy_of, sizeof self->copy_of, "%s", copy_of);
    struct field *code = form_add(&self->form, "code", _("Code of the new one"), FIELD_TEXT, true);
    (void)snprintf(code->note, sizeof code->note, "%s", copy_of);
}
