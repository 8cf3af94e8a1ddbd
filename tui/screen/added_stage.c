/* A stage that the office added to its workflow: whoever works there reads the draft and takes one of the steps that lead
 * out of it. */
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/screen/stage.h>
#include <tui/ui/text.h>

static void build(struct stage *stage) {
    const Loket__ApplicationOpenReply *a = stage->application;
    stage_heading(stage, a->permit_name);
    stage_show(stage, _("Stage"), text_word(a->stage_name));
    stage_show(stage, _("Proposal"), a->proposal[0] ? _(a->proposal) : "");
    stage_show(stage, _("Considerations"), a->considerations);
    stage_show(stage, _("Conditions"), a->conditions);
    stage_heading(stage, _("Decision"));
    struct field *action = form_add(&stage->form, "action", _("Decision"), FIELD_CHOICE, true);
    for (size_t i = 0; i < a->n_actions; i++)
        if (strcmp(a->actions[i]->action, "withdraw") != 0)
            field_choice(action, a->actions[i]->action, text_word(a->actions[i]->label));
    if (action->choice_count) field_set(action, action->choices[0].code);
    form_add(&stage->form, "reason", _("Reason"), FIELD_MULTILINE, false)->longest = 2000;
}

static void send_step(struct stage *stage) {
    Loket__StepRequest request = LOKET__STEP_REQUEST__INIT;
    request.application_id = stage->application_id;
    request.version = stage->application->version;
    request.action = stage_text(stage, "action");
    request.reason = stage_text(stage, "reason");
    stage_write(stage, "stage.decide", &request.base);
}

static const struct stage_kind added = {
    .ops =
        STAGE_OPS(N_("Stage of this office"),
                  N_("A stage that your office added to the workflow: read the application and take one of its steps. Some ask for "
                     "a reason.")),
    .draft = "stage",
    .build = build,
    .send = send_step,
};

void added_stage_open(struct app *app, int64_t application_id, int64_t task_id) {
    stage_open(app, &added, application_id, task_id, false);
}
