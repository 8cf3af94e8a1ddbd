/* The stages that decide on the draft: drafting, review, approval. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/screen/stage.h>
#include <tui/ui/text.h>

static void add_reports(struct stage *stage) {
    const Loket__ApplicationOpenReply *a = stage->application;
    for (size_t i = 0; i < a->n_inspections; i++) {
        const Loket__InspectionRow *n = a->inspections[i];
        stage_heading(stage, n->unit_name);
        stage_show(stage, _("Recommendation"), n->recommendation[0] ? _(n->recommendation) : _(n->status));
        stage_show(stage, _("Findings"), n->findings);
        stage_show(stage, _("Conditions"), n->conditions);
    }
}

/* What the decision rests on, for those who did not write it. */
static void add_draft(struct stage *stage) {
    const Loket__ApplicationOpenReply *a = stage->application;
    char money[40];
    stage_heading(stage, a->permit_name);
    stage_show(stage, _("Proposal"), a->proposal[0] ? _(a->proposal) : "");
    stage_show(stage, _("Considerations"), a->considerations);
    stage_show(stage, _("Conditions"), a->conditions);
    if (a->fee) {
        text_money(a->fee, money, sizeof money);
        stage_show(stage, a->bill_paid_on[0] ? _("Paid") : _("Not paid (any more)"), money);
    }
    add_reports(stage);
}

static void reason_unless(struct stage *stage, const char *action) {
    char other[64];
    (void)snprintf(other, sizeof other, "!%s", action);
    struct field *reason = form_find(&stage->form, "reason");
    reason->required = true;
    field_when(reason, "action", other);
}

/* Of a revocation: which permit, who asks for it, and why. */
static void add_revocation(struct stage *stage) {
    const Loket__ApplicationOpenReply *a = stage->application;
    if (!a->revoke_asked_by[0]) return;
    stage_heading(stage, _("Revocation of a permit"));
    stage_show(stage, _("Number of the permit"), a->previous_permit);
    stage_show(stage, _("Asked by"), text_word(a->revoke_asked_by));
    stage_show(stage, _("Reason"), a->revoke_reason);
    stage_show(stage, _("Rule that it rests on"), a->revoke_rule);
}

static void build_draft(struct stage *stage) {
    static const char *const actions[] = {"submit", "send_back", NULL};
    const Loket__ApplicationOpenReply *a = stage->application;
    add_revocation(stage);
    add_reports(stage);
    stage_heading(stage, _("Draft of the decision"));
    struct field *field = form_add(&stage->form, "proposal", _("Proposal"), FIELD_CHOICE, true);
    field_choice(field, "approve", _("approve"));
    field_choice(field, "refuse", _("refuse"));
    field_set(field, a->proposal[0] ? a->proposal : "approve");
    field = form_add(&stage->form, "considerations", _("Considerations"), FIELD_MULTILINE, false);
    field->longest = 4000;
    field_set(field, a->considerations);
    field = form_add(&stage->form, "conditions", _("Conditions"), FIELD_MULTILINE, false);
    field->longest = 4000;
    field_set(field, a->conditions);
    field = form_add(&stage->form, "reason", _("Reason of the refusal"), FIELD_MULTILINE, true);
    field->longest = 2000;
    field_when(field, "proposal", "refuse");
    field_set(field, a->decision_reason);
    stage_add_actions(stage, actions);
    field_set(form_find(&stage->form, "action"), "submit");
    /* the last "reason" is the one of sending back */
    field = &stage->form.fields[stage->form.count - 1];
    (void)snprintf(field->code, sizeof field->code, "send_back_reason");
    field->required = true;
    field_when(field, "action", "send_back");
}

static void send_draft(struct stage *stage) {
    Loket__DraftSubmitRequest request = LOKET__DRAFT_SUBMIT_REQUEST__INIT;
    request.application_id = stage->application_id;
    request.version = stage->application->version;
    request.action = stage_text(stage, "action");
    request.proposal = stage_text(stage, "proposal");
    request.considerations = stage_text(stage, "considerations");
    request.conditions = stage_text(stage, "conditions");
    request.reason = stage_text(stage, strcmp(request.action, "send_back") == 0 ? "send_back_reason" : "reason");
    stage_write(stage, "draft.submit", &request.base);
}

static void build_review(struct stage *stage) {
    static const char *const actions[] = {"initial", "send_back", NULL};
    add_draft(stage);
    stage_heading(stage, _("Decision"));
    stage_add_actions(stage, actions);
    field_set(form_find(&stage->form, "action"), "initial");
    reason_unless(stage, "initial");
}

static void build_approval(struct stage *stage) {
    static const char *const actions[] = {"approve", "refuse", "send_back", NULL};
    bool refuses = strcmp(stage->application->proposal, "refuse") == 0;
    add_revocation(stage);
    add_draft(stage);
    stage_heading(stage, _("Decision"));
    stage_add_actions(stage, actions);
    field_set(form_find(&stage->form, "action"), refuses ? "refuse" : "approve");
    reason_unless(stage, "approve");
    struct field *rule = form_add(&stage->form, "rule", _("Rule that it rests on"), FIELD_TEXT, true);
    rule->longest = 500;
    field_when(rule, "action", "refuse");
}

enum { ACTION_PREVIEW = ACTION_STAGE };

static const struct key_row decision_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("send"), N_("send what is filled in")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("the next choice of a coded field (or its first letter)")},
    {ACTION_PREVIEW, "preview", "F8 ^V", N_("preview"), N_("the permit or the letter as it would be, with what is saved by now")},
    {ACTION_STAGE_DOCUMENTS, "documents", "F7 ^D", N_("documents"), N_("look at what was brought")},
    {ACTION_STAGE_READ, "read", "F6 ^O", N_("read all"), N_("everything about the application, its history and control slip")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back; what was typed is kept as a draft")},
    {0, NULL, NULL, NULL, NULL},
};

static void preview(struct stage *stage) {
    const char *proposal = form_value(&stage->form, "proposal");
    if (!*proposal) proposal = stage->application->proposal;
    preview_ask(&stage->base, stage->application_id,
                strcmp(proposal, "refuse") == 0                   ? "refusal"
                : strcmp(stage->application->kind, "revoke") == 0 ? "revocation"
                                                                  : "permit");
}

static enum outcome decision_action(struct screen *screen, int action) {
    struct stage *stage = (struct stage *)screen;
    if (action != ACTION_PREVIEW) return stage_action(screen, action);
    if (stage->application) preview(stage);
    return REDRAW;
}

static void send_step(struct stage *stage, const char *method) {
    Loket__StepRequest request = LOKET__STEP_REQUEST__INIT;
    request.application_id = stage->application_id;
    request.version = stage->application->version;
    request.action = stage_text(stage, "action");
    request.reason = stage_text(stage, "reason");
    request.rule = stage_text(stage, "rule");
    stage_write(stage, method, &request.base);
}

static void send_review(struct stage *stage) {
    send_step(stage, "review.decide");
}

static void send_approval(struct stage *stage) {
    send_step(stage, "approval.decide");
}

static const struct stage_kind drafting = {
    .ops = STAGE_KEYS_OPS(N_("Drafting"),
                          N_("Write what the decision rests on, and propose to approve or to refuse. A levy is computed from the "
                             "tariff: nobody types an amount."),
                          decision_keys, decision_action),
    .draft = "draft",
    .build = build_draft,
    .send = send_draft,
};
static const struct stage_kind review = {
    .ops = STAGE_KEYS_OPS(N_("Review"),
                          N_("Check the draft and initial it, or send it back with the reason. Nobody reviews what they took in, "
                             "verified or drafted."),
                          decision_keys, decision_action),
    .draft = "review",
    .build = build_review,
    .send = send_review,
};
static const struct stage_kind approval = {
    .ops =
        STAGE_KEYS_OPS(N_("Approval"),
                       N_("Approve, or refuse with the reason and the rule. Nobody decides what they took in or checked. Several "
                          "can be approved at once from the queue: mark them and press F10."),
                       decision_keys, decision_action),
    .draft = "approval",
    .build = build_approval,
    .send = send_approval,
};

void draft_open(struct app *app, int64_t application_id, int64_t task_id) {
    stage_open(app, &drafting, application_id, task_id, false);
}
void review_open(struct app *app, int64_t application_id, int64_t task_id) {
    stage_open(app, &review, application_id, task_id, false);
}
void approval_open(struct app *app, int64_t application_id, int64_t task_id) {
    stage_open(app, &approval, application_id, task_id, false);
}
