/* Setting up one-time codes: the password, then the secret as picture and text, then a first code, then the recovery codes. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/printout.h>
#include <tui/screen/screens.h>
#include <tui/ui/form.h>
#include <tui/ui/picture.h>
#include <tui/ui/reader.h>
#include <tui/ui/text.h>

enum { ACTION_PICTURE = ACTION_OWN, ACTION_WRITE };

enum phase { PHASE_PASSWORD, PHASE_SECRET, PHASE_RECOVERY };

struct codes_screen {
    struct screen base;
    enum phase phase;
    struct form form;
    struct reader reader; /* the recovery codes */
    char secret[64], address[200];
    bool picture; /* it takes the whole screen */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("send"), N_("send what is filled in")},
    {ACTION_PICTURE, "picture", "F8 ^V", N_("picture"), N_("the picture for the telephone's camera, and back")},
    {ACTION_WRITE, "write", "F7 ^D", N_("to a file"), N_("write the recovery codes to a text file that only you can read")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void wipe(struct codes_screen *self) {
    explicit_bzero(self->secret, sizeof self->secret);
    explicit_bzero(self->address, sizeof self->address);
}

static void codes_free(struct screen *screen) {
    struct codes_screen *self = (struct codes_screen *)screen;
    form_free(&self->form);
    reader_free(&self->reader);
    wipe(self);
}

static int draw_wrapped(int row, const char *text) {
    for (const char *p = text; *p; row++) {
        size_t skip, bytes = text_wrap(p, COLS - 4, &skip);
        char line[400];
        (void)snprintf(line, sizeof line, "%.*s", (int)bytes, p);
        text_draw(row, 1, COLS - 2, line);
        p += bytes + skip;
    }
    return row;
}

static void draw_secret(struct codes_screen *self, int row, int rows) {
    if (self->picture && picture_draw(self->address, row, 1, rows, COLS - 2)) {
        move(row, 0);
        return;
    }
    int at =
        draw_wrapped(row, _("Take this up in the program for one-time codes on your telephone (F8: as a picture), then type the "
                            "six digits that it shows."));
    char line[120];
    (void)snprintf(line, sizeof line, "%s: %s", _("Secret"), self->secret);
    text_draw(at + 1, 1, COLS - 2, line);
    form_draw(&self->form, at + 3, rows - (at + 3 - row));
}

static void codes_draw(struct screen *screen, int row, int rows) {
    struct codes_screen *self = (struct codes_screen *)screen;
    self->rows = rows;
    if (self->phase == PHASE_RECOVERY) reader_draw(&self->reader, row, rows);
    else if (self->phase == PHASE_SECRET) draw_secret(self, row, rows);
    else {
        int at = draw_wrapped(row, _("With one-time codes your password alone opens nothing: a log-in asks for six digits of your "
                                     "telephone as well."));
        form_draw(&self->form, at + 1, rows - (at + 1 - row));
    }
}

static void on_confirmed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct codes_screen *self = (struct codes_screen *)screen;
    if (error) return;
    const Loket__AuthCodeConfirmReply *answer = (const Loket__AuthCodeConfirmReply *)reply;
    self->phase = PHASE_RECOVERY;
    wipe(self);
    reader_add(&self->reader, LOOK_PLAIN, "%s",
               _("One-time codes are on. Without your telephone, each of these logs you in once. "
                 "They are shown only now: keep them on paper, away from the password."));
    reader_add(&self->reader, LOOK_PLAIN, "%s", "");
    for (size_t i = 0; i < answer->n_recovery_codes; i++)
        reader_add(&self->reader, LOOK_TITLE, "  %2zu  %s", i + 1, answer->recovery_codes[i]);
    app_say(screen->app, N_("F7 writes them to a file"), NULL);
}

static void on_begun(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct codes_screen *self = (struct codes_screen *)screen;
    if (error && error->code == LOKET_CODE_NEEDED && !form_find(&self->form, "code")) {
        form_add(&self->form, "code", _("One-time code"), FIELD_TEXT, true);
        (void)form_refuse(&self->form, "code", screen->app->message);
    }
    if (error) return;
    const Loket__AuthCodeBeginReply *answer = (const Loket__AuthCodeBeginReply *)reply;
    (void)snprintf(self->secret, sizeof self->secret, "%s", answer->secret);
    (void)snprintf(self->address, sizeof self->address, "%s", answer->address);
    form_free(&self->form);
    form_add(&self->form, "code", _("One-time code"), FIELD_TEXT, true);
    self->phase = PHASE_SECRET;
}

static void step(struct codes_screen *self) {
    struct form *form = &self->form;
    if (self->phase == PHASE_RECOVERY || !form_complete(form)) return;
    self->picture = false;
    if (self->phase == PHASE_PASSWORD) {
        Loket__AuthCodeBeginRequest request = LOKET__AUTH_CODE_BEGIN_REQUEST__INIT;
        request.password = (char *)form_value(form, "password");
        request.code = (char *)form_value(form, "code");
        app_write(&self->base, "auth.code_begin", &request.base, NULL, &loket__auth_code_begin_reply__descriptor, on_begun);
        return;
    }
    Loket__AuthCodeConfirmRequest request = LOKET__AUTH_CODE_CONFIRM_REQUEST__INIT;
    request.code = (char *)form_value(form, "code");
    app_write(&self->base, "auth.code_confirm", &request.base, NULL, &loket__auth_code_confirm_reply__descriptor, on_confirmed);
}

static void turn_picture(struct codes_screen *self) {
    bool fits = picture_fits(self->address, self->rows, COLS - 2);
    self->picture = !self->picture && fits;
    if (!fits) app_say(self->base.app, N_("This window is too small for the picture: type the secret into the telephone"), NULL);
}

static enum outcome codes_action(struct screen *screen, int action) {
    struct codes_screen *self = (struct codes_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_PICTURE && self->phase == PHASE_SECRET) turn_picture(self);
    if (action == ACTION_WRITE && self->phase == PHASE_RECOVERY) printout_write(screen->app, &self->reader, "recovery-codes");
    if (action == ACTION_MAIN) step(self);
    return REDRAW;
}

static enum outcome codes_key(struct screen *screen, int key, bool pasted) {
    struct codes_screen *self = (struct codes_screen *)screen;
    if (self->phase == PHASE_RECOVERY) return !pasted && reader_key(&self->reader, key, self->rows) ? REDRAW : UNUSED;
    if (self->picture) {
        self->picture = false;
        if (key == '\r') return REDRAW;
    }
    enum form_outcome outcome = form_key(&self->form, key, pasted);
    if (outcome == FORM_LAST) step(self);
    return outcome == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool codes_refused(struct screen *screen, const struct error *error) {
    return form_refuse(&((struct codes_screen *)screen)->form, error->field, screen->app->message);
}

static const struct screen_ops ops = {
    .title = N_("One-time codes"),
    .about = N_("Six digits that change every half minute, made by your telephone from a secret that it and the server share. Each "
                "counts once. Where the office asks for them, nothing else works before they are set up. A lost telephone: log in "
                "with a recovery code and set them up again, or have two administrators take them away."),
    .keys = keys,
    .size = sizeof(struct codes_screen),
    .free = codes_free,
    .draw = codes_draw,
    .action = codes_action,
    .key = codes_key,
    .refused = codes_refused,
    .typing = true,
};

void codes_open(struct app *app) {
    if (app->top && app->top->ops == &ops) return;
    struct codes_screen *self = (struct codes_screen *)app_push(app, &ops);
    form_init(&self->form);
    form_add(&self->form, "password", _("Present password"), FIELD_PASSWORD, true)->longest = LIMIT_PASSWORD_BYTES;
}
