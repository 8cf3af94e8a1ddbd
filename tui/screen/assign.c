/* A section head gives a piece of work to somebody. */
#include <stdio.h>
#include <stdlib.h>
#include <tui/screen/screens.h>
#include <tui/ui/form.h>
#include <tui/ui/text.h>

struct assign_screen {
    struct screen base;
    struct form form;
    int64_t task_id;
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("assign"), N_("give the work to this person")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("the next person")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void assign_free(struct screen *screen) {
    form_free(&((struct assign_screen *)screen)->form);
}

static void assign_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct assign_screen *)screen)->form, row + 1, rows - 1);
}

static void on_assigned(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    if (error) return;
    app_pop(app);
    app_say(app, N_("Assigned: %s"), ((const Loket__StepReply *)reply)->number);
}

static enum outcome assign_action(struct screen *screen, int action) {
    struct assign_screen *self = (struct assign_screen *)screen;
    Loket__TaskAssignRequest request = LOKET__TASK_ASSIGN_REQUEST__INIT;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_LOOK_UP) form_look_up(&self->form);
    if (action != ACTION_MAIN || !form_complete(&self->form)) return REDRAW;
    request.task_id = self->task_id;
    request.user_id = strtoll(form_value(&self->form, "user_id"), NULL, 10);
    request.reason = (char *)form_value(&self->form, "reason");
    app_write(screen, "task.assign", &request.base, NULL, &loket__step_reply__descriptor, on_assigned);
    return REDRAW;
}

static enum outcome assign_key(struct screen *screen, int key, bool pasted) {
    return form_key(&((struct assign_screen *)screen)->form, key, pasted) == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool assign_refused(struct screen *screen, const struct error *error) {
    return form_refuse(&((struct assign_screen *)screen)->form, error->field, screen->app->message);
}

static void on_staff(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct assign_screen *self = (struct assign_screen *)screen;
    if (error) return;
    const Loket__StaffListReply *staff = (const Loket__StaffListReply *)reply;
    struct field *field = form_find(&self->form, "user_id");
    for (size_t i = 0; i < staff->n_staff; i++) {
        char id[24], label[200];
        (void)snprintf(id, sizeof id, "%lld", (long long)staff->staff[i]->user_id);
        (void)snprintf(label, sizeof label, "%s (%d)", staff->staff[i]->name, staff->staff[i]->open_tasks);
        field_choice(field, id, label);
    }
}

static const struct screen_ops ops = {
    .title = N_("Assign work"),
    .about =
        N_("Give this piece of work to somebody who has the role for it. The number behind each name is the work that they have."),
    .keys = keys,
    .size = sizeof(struct assign_screen),
    .free = assign_free,
    .draw = assign_draw,
    .action = assign_action,
    .key = assign_key,
    .refused = assign_refused,
    .typing = true,
};

void assign_open(struct app *app, int64_t task_id, const char *role) {
    struct assign_screen *self = (struct assign_screen *)app_push(app, &ops);
    Loket__StaffListRequest request = LOKET__STAFF_LIST_REQUEST__INIT;
    self->task_id = task_id;
    form_init(&self->form);
    form_add(&self->form, "user_id", _("To"), FIELD_CHOICE, true);
    form_add(&self->form, "reason", _("Reason"), FIELD_MULTILINE, false)->longest = 2000;
    request.role = (char *)role;
    app_ask(&self->base, "staff.list", &request.base, &loket__staff_list_reply__descriptor, on_staff);
}
