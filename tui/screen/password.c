/* Changing one's own password. */
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/ui/form.h>
#include <tui/ui/text.h>

struct password_screen {
    struct screen base;
    struct form form;
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("save"), N_("change the password")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back without a change")},
    {0, NULL, NULL, NULL, NULL},
};

static void password_free(struct screen *screen) {
    form_free(&((struct password_screen *)screen)->form);
}

static void password_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct password_screen *)screen)->form, row + 1, rows - 1);
}

static void on_changed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    struct app *app = screen->app;
    if (error) return;
    app_pop(app);
    app_say(app, N_("The password is changed; your other sessions have ended"), NULL);
}

static enum outcome password_action(struct screen *screen, int action) {
    struct password_screen *self = (struct password_screen *)screen;
    Loket__AuthChangePasswordRequest request = LOKET__AUTH_CHANGE_PASSWORD_REQUEST__INIT;
    if (action == ACTION_BACK) return LEAVE;
    if (!form_complete(&self->form)) return REDRAW;
    if (strcmp(form_value(&self->form, "new_password"), form_value(&self->form, "again")) != 0) {
        (void)form_refuse(&self->form, "again", _("This is not the same as above"));
        return REDRAW;
    }
    request.current_password = form_find(&self->form, "current_password")->value;
    request.new_password = form_find(&self->form, "new_password")->value;
    app_write(screen, "auth.change_password", &request.base, NULL, &loket__empty__descriptor, on_changed);
    return REDRAW;
}

static enum outcome password_key(struct screen *screen, int key, bool pasted) {
    enum form_outcome outcome = form_key(&((struct password_screen *)screen)->form, key, pasted);
    if (outcome == FORM_LAST) return password_action(screen, ACTION_MAIN);
    return outcome == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool password_refused(struct screen *screen, const struct error *error) {
    return form_refuse(&((struct password_screen *)screen)->form, error->field, screen->app->message);
}

static const struct screen_ops ops = {
    .title = N_("Change password"),
    .about =
        N_("At least 12 characters. A sentence that only you would say is easier to keep and harder to guess than a short word."),
    .keys = keys,
    .size = sizeof(struct password_screen),
    .free = password_free,
    .draw = password_draw,
    .action = password_action,
    .key = password_key,
    .refused = password_refused,
    .typing = true,
};

void password_open(struct app *app) {
    struct password_screen *self = (struct password_screen *)app_push(app, &ops);
    form_init(&self->form);
    form_add(&self->form, "current_password", _("Present password"), FIELD_PASSWORD, true);
    form_add(&self->form, "new_password", _("New password"), FIELD_PASSWORD, true);
    form_add(&self->form, "again", _("Once more"), FIELD_PASSWORD, true);
    for (size_t i = 0; i < self->form.count; i++) self->form.fields[i].longest = LIMIT_PASSWORD_BYTES;
}
