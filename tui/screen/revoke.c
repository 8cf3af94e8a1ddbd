/* A revocation begins: at the counter by the holder's request, or in the office with a legal reason. A head decides it. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/picker.h>
#include <tui/screen/receipt.h>
#include <tui/screen/screens.h>
#include <tui/ui/form.h>
#include <tui/ui/text.h>

struct revoke_screen {
    struct screen base;
    struct form form;
    char number[128], holder[200];
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("register"), N_("register the revocation; a head decides it")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("the next choice of a coded field (or its first letter)")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void revoke_free(struct screen *screen) {
    form_free(&((struct revoke_screen *)screen)->form);
}

static void revoke_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct revoke_screen *)screen)->form, row, rows);
}

static void on_begun(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    char holder[200];
    if (error) return;
    const Loket__IntakeSubmitReply *receipt = (const Loket__IntakeSubmitReply *)reply;
    (void)snprintf(holder, sizeof holder, "%s", ((struct revoke_screen *)screen)->holder);
    app_pop(app);
    app_say(app, N_("Registered: %s"), receipt->number);
    receipt_open(app, receipt, holder);
}

static void revoke_send(struct revoke_screen *self) {
    Loket__IntakeRevokeRequest request = LOKET__INTAKE_REVOKE_REQUEST__INIT;
    struct form *form = &self->form;
    if (!form_complete(form)) {
        app_complain(self->base.app, N_("Something is missing or wrong: see the marked field"), NULL);
        return;
    }
    request.permit_number = self->number;
    request.asked_by = (char *)form_value(form, "asked_by");
    request.reason = (char *)form_value(form, "reason");
    request.rule = (char *)form_value(form, "rule");
    app_write(&self->base, "intake.revoke", &request.base, NULL, &loket__intake_submit_reply__descriptor, on_begun);
}

static enum outcome revoke_action(struct screen *screen, int action) {
    struct revoke_screen *self = (struct revoke_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_MAIN) revoke_send(self);
    if (action == ACTION_LOOK_UP) picker_look_up(screen, &self->form);
    return REDRAW;
}

static enum outcome revoke_key(struct screen *screen, int key, bool pasted) {
    return form_key(&((struct revoke_screen *)screen)->form, key, pasted) == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool revoke_refused(struct screen *screen, const struct error *error) {
    struct form *form = &((struct revoke_screen *)screen)->form;
    return form_refuse(form, error->field, screen->app->message) || form_refuse(form, "asked_by", screen->app->message);
}

static const struct screen_ops ops = {
    .title = N_("Revocation of a permit"),
    .about = N_(
        "A permit ends before its day: the holder asks for it at the counter, or the office has a reason and names the rule that "
        "it "
        "rests on. The holder is told. An analyst drafts the decree, a head who had no part in it decides; the permit is in force "
        "until the decree is signed."),
    .keys = keys,
    .size = sizeof(struct revoke_screen),
    .free = revoke_free,
    .draw = revoke_draw,
    .action = revoke_action,
    .key = revoke_key,
    .refused = revoke_refused,
    .typing = true,
};

void revoke_open(struct app *app, const Loket__PermitRow *permit) {
    bool counter = app_has_role(app, "front_office"), office = app_has_role(app, "analyst") || app_has_role(app, "section_head");
    char heading[400];
    if (!counter && !office) {
        app_complain(app, N_("Only the counter, an analyst or a section head begins a revocation"), NULL);
        return;
    }
    (void)snprintf(heading, sizeof heading, "%s  %s", permit->number, permit->holder);
    struct revoke_screen *self = (struct revoke_screen *)app_push(app, &ops);
    (void)snprintf(self->number, sizeof self->number, "%s", permit->number);
    (void)snprintf(self->holder, sizeof self->holder, "%s", permit->holder);
    form_init(&self->form);
    form_add(&self->form, "", heading, FIELD_HEADING, false);
    struct field *asked = form_add(&self->form, "asked_by", _("Asked by"), FIELD_CHOICE, true);
    if (counter) field_choice(asked, "holder", _("holder"));
    if (office) field_choice(asked, "office", _("office"));
    field_set(asked, counter ? "holder" : "office");
    form_add(&self->form, "reason", _("Reason"), FIELD_MULTILINE, true)->longest = 2000;
    struct field *rule = form_add(&self->form, "rule", _("Rule that it rests on"), FIELD_TEXT, true);
    rule->longest = 500;
    field_when(rule, "asked_by", "office");
    form_first(&self->form);
}
