/* Logging in. Also the way back when a session ended: what was typed in the screen below stays.
 *
 * On the office's SSH gateway (--ssh) sshd has asked who it is already: loket-ticket gives a certificate of five minutes for this
 * account, and that is tried first. Where it is refused, the password is asked for as anywhere. */
#include <loket/limits.h>
#include <stdlib.h>
#include <string.h>
#include <tui/child.h>
#include <tui/screen/screens.h>
#include <tui/ui/form.h>
#include <tui/ui/text.h>

struct login_screen {
    struct screen base;
    struct form form;
    struct child *gateway; /* it makes the certificate */
    uint8_t certificate[LIMIT_TICKET_BYTES];
    size_t certificate_size; /* 0: none, or it was refused */
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("log in"), N_("log in")},
    {ACTION_BACK, "back", "F3 Esc ^C", N_("quit"), N_("leave the program")},
    {0, NULL, NULL, NULL, NULL},
};

static void login_free(struct screen *screen) {
    struct login_screen *self = (struct login_screen *)screen;
    if (self->gateway) child_cancel(self->gateway);
    form_free(&self->form);
}

static void login_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct login_screen *)screen)->form, row + 1, rows - 1);
}

/* What is asked for: who it is and the password, or the code alone when a certificate has said that. */
static void form_begin(struct login_screen *self) {
    const struct app *app = self->base.app;
    form_free(&self->form);
    form_init(&self->form);
    if (self->certificate_size) {
        form_add(&self->form, "code", _("One-time code"), FIELD_TEXT, true);
        form_first(&self->form);
        return;
    }
    if (app->office && *app->office) field_set(form_add(&self->form, "office", _("Office"), FIELD_TEXT, false), app->office);
    struct field *user = form_add(&self->form, "username", _("User name"), FIELD_TEXT, true);
    if (app->user) field_set(user, app->user);
    form_add(&self->form, "password", _("Password"), FIELD_PASSWORD, true)->longest = LIMIT_PASSWORD_BYTES;
    self->form.at = self->form.count - (app->user && *app->user ? 1 : 2);
}

/* The certificate was good and a code is asked for, or it was no use. */
static void refuse_certificate(struct login_screen *self, const struct error *error) {
    const struct app *app = self->base.app;
    bool asks = error->code == LOKET_CODE_NEEDED || strcmp(error->field, "code") == 0;
    if (!asks) self->certificate_size = 0;
    form_begin(self);
    (void)form_refuse(&self->form, asks ? "code" : app->user && *app->user ? "password" : "username", app->message);
}

/* The password was right and a code is asked for: it is kept, and the second field comes. */
static void refuse(struct login_screen *self, const struct error *error) {
    const char *message = self->base.app->message;
    struct field *code = form_find(&self->form, "code");
    if (self->certificate_size) {
        refuse_certificate(self, error);
        return;
    }
    if (error->code == LOKET_CODE_NEEDED || strcmp(error->field, "code") == 0) {
        if (!code) code = form_add(&self->form, "code", _("One-time code"), FIELD_TEXT, false);
        field_set(code, "");
        (void)form_refuse(&self->form, "code", message);
        return;
    }
    if (code) field_set(code, "");
    field_set(form_find(&self->form, "password"), "");
    (void)form_refuse(&self->form, "password", message);
}

static void on_session(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct login_screen *self = (struct login_screen *)screen;
    struct app *app = screen->app;
    if (error) {
        refuse(self, error);
        return;
    }
    const Loket__SessionReply *session = (const Loket__SessionReply *)reply;
    bool change = session->must_change_password;
    app_logged_in(app, session);
    if (!app->language_given && session->language[0]) language_use(session->language);
    client_set_token(app->client, session->token.data);
    /* what lies below belongs to whoever worked before */
    bool again = screen->below != NULL && strcmp(app->last_user, app->session.username) == 0;
    bool enrol = session->must_enrol;
    app_pop(app);
    while (!again && app->top) app_pop(app);
    if (!again) {
        app->ended = false;
        queue_open(app);
    }
    if (change) password_open(app);
    else if (enrol) codes_open(app);
    app_say(app, N_("Welcome, %s"), app->session.name);
}

static void submit_certificate(struct login_screen *self) {
    struct screen *screen = &self->base;
    Loket__AuthLoginCertificateRequest request = LOKET__AUTH_LOGIN_CERTIFICATE_REQUEST__INIT;
    uint8_t proof[PROOF_BYTES];
    struct field *code = form_find(&self->form, "code");
    request.certificate.data = self->certificate;
    request.certificate.len = self->certificate_size;
    request.code = code ? code->value : (char *)"";
    if (client_prove(screen->app->client, TICKET_TEXT, self->certificate, self->certificate_size, proof)) {
        request.proof.data = proof;
        request.proof.len = sizeof proof;
    }
    app_ask(screen, "auth.login_certificate", &request.base, &loket__session_reply__descriptor, on_session);
    app_say(screen->app, N_("Logging in…"), NULL);
}

static void submit(struct login_screen *self) {
    struct screen *screen = &self->base;
    Loket__AuthLoginRequest request = LOKET__AUTH_LOGIN_REQUEST__INIT;
    uint8_t key[PROOF_KEY_BYTES];
    if (!form_complete(&self->form)) return;
    if (self->certificate_size) {
        submit_certificate(self);
        return;
    }
    request.office = form_find(&self->form, "office") ? form_find(&self->form, "office")->value : (char *)"";
    request.username = form_find(&self->form, "username")->value;
    request.password = form_find(&self->form, "password")->value;
    request.code = form_find(&self->form, "code") ? form_find(&self->form, "code")->value : (char *)"";
    if (client_proof_key(screen->app->client, key)) {
        request.proof_key.data = key;
        request.proof_key.len = sizeof key;
    }
    app_ask(screen, "auth.login", &request.base, &loket__session_reply__descriptor, on_session);
    app_say(screen->app, screen->app->line == CLIENT_LIVE ? N_("Logging in…") : N_("The server can't be reached yet"), NULL);
}

static enum outcome login_action(struct screen *screen, int action) {
    struct login_screen *self = (struct login_screen *)screen;
    if (action == ACTION_BACK) {
        screen->app->ended = true;
        return HANDLED;
    }
    submit(self);
    return REDRAW;
}

static enum outcome login_key(struct screen *screen, int key, bool pasted) {
    struct login_screen *self = (struct login_screen *)screen;
    enum form_outcome outcome = form_key(&self->form, key, pasted);
    if (outcome == FORM_LAST) submit(self);
    return outcome == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool login_refused(struct screen *screen, const struct error *error) {
    return form_refuse(&((struct login_screen *)screen)->form, error->field, screen->app->message);
}

static const struct screen_ops ops = {
    .title = N_("Log in"),
    .about = N_("Log in with your own name. Whoever works under another's name leaves that person's name on the decision."),
    .keys = keys,
    .size = sizeof(struct login_screen),
    .free = login_free,
    .draw = login_draw,
    .action = login_action,
    .key = login_key,
    .refused = login_refused,
    .typing = true,
};

static void on_logged_out(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    (void)reply;
    if (error) return;
    app_logged_out(app);
    while (app->top) app_pop(app);
    app->ended = false;
    login_open(app);
    app_say(app, N_("Logged out"), NULL);
}

void logout_open(struct app *app) {
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    while (app->top->below) app_pop(app);
    app_write(app->top, "auth.logout", &nothing.base, NULL, &loket__empty__descriptor, on_logged_out);
}

void login_open(struct app *app) {
    form_begin((struct login_screen *)app_push(app, &ops));
}

/* Hex as loket-ticket writes it, with a line's end. */
static size_t hex_read(const char *text, size_t size, uint8_t *bytes, size_t room) {
    size_t count = 0;
    if (size && text[size - 1] == '\n') size--;
    if (size % 2 || size / 2 > room || strspn(text, "0123456789abcdef") < size) return 0;
    for (; 2 * count < size; count++) {
        const char pair[] = {text[2 * count], text[2 * count + 1], '\0'};
        bytes[count] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return count;
}

static void on_certificate(int status, const char *output, size_t size, bool cut, void *data) {
    struct login_screen *self = data;
    struct app *app = self->base.app;
    self->gateway = NULL;
    if (status == 0 && !cut) self->certificate_size = hex_read(output, size, self->certificate, sizeof self->certificate);
    if (self->certificate_size) submit_certificate(self);
    else app_complain(app, N_("This host gives your account no certificate: log in with your password"), NULL);
}

void login_by_certificate(struct app *app) {
    static const char digits[] = "0123456789abcdef";
    uint8_t key[PROOF_KEY_BYTES];
    char hex[2 * PROOF_KEY_BYTES + 1] = "";
    struct login_screen *self = (struct login_screen *)app->top;
    if (!app->by_certificate || !self || self->base.ops != &ops || !client_proof_key(app->client, key)) return;
    app->by_certificate = false; /* once: who logs out is asked who comes next */
    for (size_t i = 0; i < sizeof key; i++) {
        hex[2 * i] = digits[key[i] >> 4];
        hex[2 * i + 1] = digits[key[i] & 15];
    }
    const char *program = getenv("LOKET_TICKET");
    const char *const argv[] = {program ? program : LOKET_PREFIX "/bin/loket-ticket", hex, NULL};
    const struct child_spec spec = {.argv = argv,
                                    .stdin_fd = -1,
                                    .output_limit = 3 * LIMIT_TICKET_BYTES,
                                    .seconds = 10,
                                    .memory_limit = SIZE_MAX /* it is ours */};
    self->gateway = child_run(app->base, &spec, on_certificate, self);
    if (!self->gateway) app_complain(app, N_("This host gives your account no certificate: log in with your password"), NULL);
}
