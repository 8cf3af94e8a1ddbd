/* The screen lock: see the header. It is no screen of the stack, so that nothing that comes to the stack can lie over it. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/lock.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/form.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

enum { ACTION_LOG_OUT = ACTION_OWN };

struct lock {
    struct app *app;
    struct event *idle;
    struct timeval patience;
    bool closed;
    uint64_t call; /* auth.unlock under way; 0: none */
    struct form form;
    char said[300];
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "Enter F10 ^S", N_("unlock"), NULL},
    {ACTION_LOG_OUT, "log_out", "F9 ^X", N_("log out"), NULL},
    {0, NULL, NULL, NULL, NULL},
};

static void on_idle(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    lock_close(data);
}

struct lock *lock_new(struct app *app, double minutes) {
    struct lock *lock = calloc(1, sizeof *lock);
    if (!lock) abort();
    long milliseconds = (long)(minutes * 60000);
    lock->app = app;
    lock->patience = (struct timeval){milliseconds / 1000, milliseconds % 1000 * 1000};
    lock->idle = evtimer_new(app->base, on_idle, lock);
    form_init(&lock->form);
    form_add(&lock->form, "password", _("Password"), FIELD_PASSWORD, true)->longest = LIMIT_PASSWORD_BYTES;
    return lock;
}

void lock_free(struct lock *lock) {
    if (!lock) return;
    if (lock->idle) event_free(lock->idle);
    form_free(&lock->form);
    free(lock);
}

bool lock_closed(const struct lock *lock) {
    return lock && lock->closed;
}

static void password_wipe(struct lock *lock) {
    struct field *field = &lock->form.fields[0];
    explicit_bzero(field->value, strlen(field->value));
    field_set(field, "");
    field->error[0] = '\0';
    form_first(&lock->form);
}

void lock_touch(struct lock *lock) {
    if (!lock || !lock->idle || lock->closed || (!lock->patience.tv_sec && !lock->patience.tv_usec)) return;
    event_add(lock->idle, &lock->patience);
}

/* What was typed ahead was typed by somebody who is gone. */
void lock_close(struct lock *lock) {
    struct app *app = lock->app;
    if (lock->closed || !app->session.live) return;
    lock->closed = true;
    lock->said[0] = '\0';
    password_wipe(lock);
    explicit_bzero(app->kept_keys, sizeof app->kept_keys);
    app->kept_count = 0;
    app->help_open = false;
    app->dirty = true;
}

void lock_forget(struct lock *lock) {
    if (!lock || !lock->closed) return;
    if (lock->call) client_cancel(lock->app->client, lock->call);
    lock->call = 0;
    lock->closed = false;
    password_wipe(lock);
    lock->app->dirty = true;
}

void lock_draw(struct lock *lock) {
    struct app *app = lock->app;
    int row = 3, column = 1;
    terminal_look(LOOK_TITLE);
    text_draw(0, 0, COLS, "");
    text_draw(0, 1, COLS - 2, "Loket");
    text_draw_right(0, COLS / 2, COLS - COLS / 2 - 1, app->session.username);
    terminal_look(LOOK_PLAIN);
    terminal_rule(1);
    for (const char *p = _("The screen is locked. What was begun is kept; files go on being sent. Type your password to go on.");
         *p; row++) {
        size_t skip, bytes = text_wrap(p, COLS - 4, &skip);
        char line[300];
        (void)snprintf(line, sizeof line, "%.*s", (int)bytes, p);
        text_draw(row, 2, COLS - 4, line);
        p += bytes + skip;
    }
    terminal_rule(LINES - 3);
    terminal_look(LOOK_ERROR);
    text_draw(LINES - 2, 1, COLS - 2, lock->said);
    terminal_look(LOOK_DIM);
    for (const struct key_row *key = keys; key->action; key++) {
        char name[24], text[96];
        key_shown(key, name, sizeof name);
        (void)snprintf(text, sizeof text, "%s %s", name, _(key->label));
        text_draw(LINES - 1, column, text_width(text), text);
        column += text_width(text) + 2;
    }
    terminal_look(LOOK_PLAIN);
    form_draw(&lock->form, row + 1, 3);
}

static void on_answer(struct client *client, const ProtobufCMessage *reply, const struct error *error, void *data) {
    struct lock *lock = data;
    (void)client;
    (void)reply;
    lock->call = 0;
    lock->app->dirty = true;
    password_wipe(lock);
    if (!error) {
        lock->closed = false;
        lock_touch(lock);
        return;
    }
    text_message(error->message, error->argument, lock->said, sizeof lock->said);
    (void)form_refuse(&lock->form, "password", lock->said);
}

static void unlock(struct lock *lock) {
    Loket__AuthProveRequest request = LOKET__AUTH_PROVE_REQUEST__INIT;
    struct error error;
    if (lock->call || !form_complete(&lock->form)) return;
    request.password = lock->form.fields[0].value;
    lock->call =
        client_call(lock->app->client, "auth.unlock", &request.base, NULL, &loket__empty__descriptor, on_answer, lock, &error);
    if (lock->call && lock->app->line != CLIENT_LIVE)
        (void)snprintf(lock->said, sizeof lock->said, "%s", _("The line is down: it is sent as soon as it is back"));
}

void lock_key(struct lock *lock, int key, bool pasted) {
    int action = pasted ? ACTION_NONE : key_action(keys, key, false);
    lock->app->dirty = true;
    if (key == KEY_CONTROL('L')) terminal_redraw();
    else if (action == ACTION_MAIN) unlock(lock);
    else if (action == ACTION_LOG_OUT) logout_open(lock->app);
    else (void)form_key(&lock->form, key, pasted);
}
