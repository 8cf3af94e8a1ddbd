/* Verification: every document accepted or refused with a reason, and what must be corrected, on one screen. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/screen/stage.h>
#include <tui/ui/text.h>

enum { ACTION_ACCEPT_REST = ACTION_STAGE };

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("send"),
     N_("send what is decided; without a decision below, what follows from the documents")},
    {ACTION_ACCEPT_REST, "accept_rest", "F9 ^G", N_("accept rest"), N_("accept every document that is not decided yet")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("the next choice (or its first letter)")},
    {ACTION_STAGE_DOCUMENTS, "documents", "F7 ^D", N_("documents"), N_("look at what was brought")},
    {ACTION_STAGE_READ, "read", "F6 ^O", N_("read all"), N_("everything about the application, its history and control slip")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back; what was typed is kept as a draft")},
    {0, NULL, NULL, NULL, NULL},
};

static void describe(const char *number, const char *valid_until_on, char *out, size_t size) {
    char until[40] = "";
    if (valid_until_on[0]) text_date(valid_until_on, until, sizeof until);
    (void)snprintf(out, size, "%s%s%s", number, until[0] ? " > " : "", until);
}

static void add_document(struct stage *stage, const Loket__RequirementRow *r) {
    char code[64], why[64];
    (void)snprintf(code, sizeof code, "decisions.%s", r->code);
    (void)snprintf(why, sizeof why, "reason.%s", r->code);
    struct field *field = form_add(&stage->form, code, r->name, FIELD_CHOICE, false);
    field_choice(field, "accepted", _("conforms"));
    field_choice(field, "refused", _("does not conform"));
    if (strcmp(r->status, "pending") != 0) field_set(field, r->status);
    describe(r->document_number, r->valid_until_on, field->note, sizeof field->note);
    if (r->judged_in[0]) {
        char judged[300];
        (void)snprintf(judged, sizeof judged, "%s: %s, %s", r->judged_in, text_word(r->judged_as), r->judged_by);
        stage_show(stage, _("   judged in"), judged);
    }
    if (r->changed) {
        char before[200];
        describe(r->old_document_number, r->old_valid_until_on, before, sizeof before);
        stage_show(stage, _("   before"), before[0] ? before : "-");
    }
    field = form_add(&stage->form, why, _("   why"), FIELD_TEXT, true);
    field_when(field, code, "refused");
    field_set(field, r->reason);
}

static void add_field(struct stage *stage, const Loket__FieldRow *f) {
    char code[64];
    if (!f->value[0]) return;
    (void)snprintf(code, sizeof code, "returned.%s", f->code);
    struct field *field = form_add(&stage->form, code, f->label, FIELD_YES_NO, false);
    (void)snprintf(field->note, sizeof field->note, "%s", stage_value(f, f->value));
    if (f->changed) stage_show(stage, _("   before"), f->old_value[0] ? stage_value(f, f->old_value) : "-");
}

static void add_inspections(struct stage *stage, const Loket__ApplicationOpenReply *a) {
    for (size_t i = 0; i < a->n_inspections; i++)
        stage_show(stage, a->inspections[i]->unit_name,
                   a->inspections[i]->recommendation[0] ? _(a->inspections[i]->recommendation) : "");
}

static void build(struct stage *stage) {
    static const char *const actions[] = {"draft", "inspect", "return", "propose_refusal", NULL};
    const Loket__ApplicationOpenReply *a = stage->application;
    char units[300] = "";
    stage_heading(stage, _("Documents"));
    for (size_t i = 0; i < a->n_requirements; i++)
        if (a->requirements[i]->present) add_document(stage, a->requirements[i]);
    stage_heading(stage, _("Form: mark what the applicant must correct"));
    for (size_t i = 0; i < a->n_fields; i++) add_field(stage, a->fields[i]);
    stage_heading(stage, _("Decision (empty: what follows from the documents)"));
    add_inspections(stage, a);
    stage_add_actions(stage, actions);
    form_find(&stage->form, "action")->required = false;
    for (size_t i = 0, used = 0; i < a->n_inspection_units && used < sizeof units; i++)
        used += (size_t)snprintf(units + used, sizeof units - used, "%s%s", i ? ", " : "", a->inspection_units[i]);
    struct field *field = form_add(&stage->form, "units", _("Departments"), FIELD_TEXT, false);
    field_when(field, "action", "inspect");
    field_set(field, units);
}

/* Anything wrong: return. Else to the technical team where a visit is due, else to drafting. */
static const char *what_follows(const struct stage *stage, bool wrong) {
    const Loket__ApplicationOpenReply *a = stage->application;
    if (wrong) return "return";
    return a->visit_required && a->n_inspections == 0 ? "inspect" : "draft";
}

struct verification {
    Loket__RequirementDecision *decisions, **decision_rows;
    char **returned, *units[16], unit_text[300];
    size_t decision_count, returned_count, unit_count;
    bool wrong;
};

static void take_decisions(struct verification *v, struct stage *stage) {
    for (size_t i = 0; i < stage->form.count; i++) {
        const struct field *field = &stage->form.fields[i];
        if (strncmp(field->code, "returned.", 9) == 0 && field->value[0]) {
            v->returned[v->returned_count++] = (char *)field->code + 9;
            v->wrong = true;
        }
        if (strncmp(field->code, "decisions.", 10) != 0 || !field->value[0]) continue;
        Loket__RequirementDecision *decision = &v->decisions[v->decision_count];
        char why[80];
        loket__requirement_decision__init(decision);
        (void)snprintf(why, sizeof why, "reason.%s", field->code + 10);
        decision->code = (char *)field->code + 10;
        decision->accepted = strcmp(field->value, "accepted") == 0;
        decision->reason = stage_text(stage, why);
        v->wrong |= !decision->accepted;
        v->decision_rows[v->decision_count++] = decision;
    }
}

static void take_units(struct verification *v, struct stage *stage) {
    char *rest = v->unit_text;
    (void)snprintf(v->unit_text, sizeof v->unit_text, "%s", stage_text(stage, "units"));
    for (char *unit; (unit = strtok_r(rest, ", ", &rest)) && v->unit_count < sizeof v->units / sizeof v->units[0];)
        v->units[v->unit_count++] = unit;
}

static void verify_send(struct stage *stage) {
    struct verification v = {0};
    Loket__VerifySubmitRequest request = LOKET__VERIFY_SUBMIT_REQUEST__INIT;
    v.decisions = calloc(stage->form.count, sizeof *v.decisions);
    v.decision_rows = calloc(stage->form.count, sizeof *v.decision_rows);
    v.returned = calloc(stage->form.count, sizeof *v.returned);
    if (!v.decisions || !v.decision_rows || !v.returned) abort();
    take_decisions(&v, stage);
    take_units(&v, stage);
    const char *action = stage_text(stage, "action");
    request.application_id = stage->application_id;
    request.version = stage->application->version;
    request.decisions = v.decision_rows;
    request.n_decisions = v.decision_count;
    request.returned_fields = v.returned;
    request.n_returned_fields = v.returned_count;
    request.units = v.units;
    request.n_units = v.unit_count;
    request.action = (char *)(*action ? action : what_follows(stage, v.wrong));
    request.reason = stage_text(stage, "reason");
    stage_write(stage, "verify.submit", &request.base);
    free(v.decisions);
    free(v.decision_rows);
    free(v.returned);
}

static enum outcome verify_action(struct screen *screen, int action) {
    struct stage *stage = (struct stage *)screen;
    if (action != ACTION_ACCEPT_REST) return stage_action(screen, action);
    for (size_t i = 0; i < stage->form.count; i++) {
        struct field *field = &stage->form.fields[i];
        if (strncmp(field->code, "decisions.", 10) != 0 || field->value[0]) continue;
        field_set(field, "accepted");
        stage->form.changed = true;
    }
    stage_shown(screen);
    return REDRAW;
}

static const struct stage_kind kind = {
    .ops = STAGE_KEYS_OPS(
        N_("Verification"),
        N_("Accept or refuse each document, with the reason of a refusal. A return tells the applicant everything that is "
           "wrong at once, never one thing at a time, and opens only that to correction; the clock stands still until they "
           "answer. Whoever verifies an application never decides it."),
        keys, verify_action),
    .draft = "verify",
    .build = build,
    .send = verify_send,
};

void verify_open(struct app *app, int64_t application_id, int64_t task_id) {
    stage_open(app, &kind, application_id, task_id, false);
}
