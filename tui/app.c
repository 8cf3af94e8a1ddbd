/* The client's loop: keys and the line to the server in one libevent loop, screens on a stack. Nothing here waits. */
#include <curses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <tui/app.h>
#include <tui/lock.h>
#include <tui/screen/screens.h>
#include <tui/screen/signing.h>
#include <tui/transfer/upload.h>
#include <tui/ui/dialog.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>
#include <unistd.h>

/* A call made for a screen. The screen may be gone when the answer comes. */
struct pending {
    struct pending *next;
    struct app *app;
    struct screen *screen;
    app_reply *reply;
    /* of a write: to send it again when the person has proved who they are */
    bool is_write, unproved;
    char method[LIMIT_METHOD_BYTES + 1];
    uint8_t key[IDEMPOTENCY_KEY_BYTES];
    ProtobufCMessage *request;
    const ProtobufCMessageDescriptor *reply_type;
};

static struct pending *pendings; /* of the process's one app */

struct screen *app_push(struct app *app, const struct screen_ops *ops) {
    struct screen *screen = calloc(1, ops->size);
    if (!screen) abort();
    screen->ops = ops;
    screen->app = app;
    screen->below = app->top;
    app->top = screen;
    app->dirty = true;
    app->help_open = false;
    return screen;
}

static void screen_forget(struct screen *screen) {
    for (struct pending *pending = pendings; pending; pending = pending->next)
        if (pending->screen == screen) pending->screen = NULL;
}

void app_pop(struct app *app) {
    struct screen *screen = app->top;
    if (!screen) return;
    dialog_close(app);
    app->top = screen->below;
    screen_forget(screen);
    if (screen->ops->free) screen->ops->free(screen);
    free(screen);
    app->dirty = true;
    if (!app->top) app->ended = true;
    else if (app->top->ops->shown) app->top->ops->shown(app->top);
}

void app_say(struct app *app, const char *message, const char *argument) {
    text_message(message, argument, app->message, sizeof app->message);
    app->message_is_error = false;
    app->dirty = true;
}

void app_complain(struct app *app, const char *message, const char *argument) {
    app_say(app, message, argument);
    app->message_is_error = true;
}

void app_refused(struct app *app, struct screen *screen, const struct error *error) {
    app_complain(app, error->message, error->argument);
    app->unavailable = error->code == LOKET_UNAVAILABLE;
    if (error->code == LOKET_ENROLMENT_NEEDED) codes_open(app);
    if (screen && error->field[0] && screen->ops->refused) (void)screen->ops->refused(screen, error);
}

static void keys_replay(struct app *app);
static void ask_proof(struct screen *screen);

static void pending_free(struct pending *pending) {
    struct pending **link = &pendings;
    while (*link != pending) link = &(*link)->next;
    *link = pending->next;
    if (pending->request) protobuf_c_message_free_unpacked(pending->request, NULL);
    free(pending);
}

static void answered(struct pending *pending, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = pending->app;
    struct screen *screen = pending->screen;
    if (screen) {
        if (error) app_refused(app, screen, error);
        else if (pending->is_write || app->unavailable) {
            app->message[0] = '\0';
            app->unavailable = false;
        }
        pending->reply(screen, reply, error);
        app->dirty = true;
    }
    pending_free(pending);
    keys_replay(app);
}

/* Answers may overtake each other: of one question asked again only the last answer counts. */
static void supersede(const struct screen *screen, app_reply *reply) {
    for (struct pending *pending = pendings; pending; pending = pending->next)
        if (pending->screen == screen && pending->reply == reply && !pending->is_write) pending->screen = NULL;
}

static void on_reply(struct client *client, const ProtobufCMessage *reply, const struct error *error, void *data) {
    (void)client;
    struct pending *pending = data;
    struct screen *screen = pending->screen;
    if (screen && pending->is_write) screen->waits = false;
    pending->unproved = screen && pending->is_write && error && error->code == LOKET_PROOF_NEEDED;
    if (pending->unproved) ask_proof(screen);
    else answered(pending, reply, error);
}

static struct pending *next_unproved(struct app *app) {
    for (struct pending *pending = pendings; pending; pending = pending->next)
        if (pending->unproved && pending->app == app) return pending;
    return NULL;
}

/* Nobody proved anything: what was asked for is refused. */
static void proof_given_up(struct app *app) {
    struct error error;
    error_set(&error, LOKET_PROOF_NEEDED, NULL, N_("Not done: your password was not given again"), NULL);
    for (struct pending *pending; (pending = next_unproved(app));) {
        pending->unproved = false;
        answered(pending, NULL, &error);
    }
}

static void send_again(struct app *app) {
    struct error error;
    for (struct pending *pending; (pending = next_unproved(app));) {
        pending->unproved = false;
        if (!pending->screen) pending_free(pending);
        else if (client_call(app->client, pending->method, pending->request, pending->key, pending->reply_type, on_reply, pending,
                             &error))
            pending->screen->waits = true;
        else answered(pending, NULL, &error);
    }
}

static void on_proved(struct client *client, const ProtobufCMessage *reply, const struct error *error, void *data) {
    struct app *app = data;
    struct pending *pending = next_unproved(app);
    (void)client;
    (void)reply;
    app->dirty = true;
    if (!error) {
        app_say(app, "", NULL);
        send_again(app);
        return;
    }
    app_complain(app, error->message, error->argument);
    if (error->code == LOKET_WRONG_LOGIN && pending && pending->screen) ask_proof(pending->screen);
    else proof_given_up(app);
}

static void on_proof(struct screen *screen, bool yes, const char *text) {
    struct app *app = screen->app;
    Loket__AuthProveRequest request = LOKET__AUTH_PROVE_REQUEST__INIT;
    struct error error;
    request.password = (char *)text;
    if (!yes || !client_call(app->client, "auth.prove", &request.base, NULL, &loket__empty__descriptor, on_proved, app, &error))
        proof_given_up(app);
}

/* One question for all that waits for it. */
static void ask_proof(struct screen *screen) {
    if (dialog_asks(screen->app, on_proof)) return;
    dialog_ask_secret(screen, _("This is done in your name, and your password was given more than 5 minutes ago."),
                      _("Password or one-time code"), on_proof);
}

static void call(struct screen *screen, const char *method, const ProtobufCMessage *request, const uint8_t *key,
                 const ProtobufCMessageDescriptor *reply_type, app_reply *reply) {
    struct app *app = screen->app;
    struct error error;
    struct pending *pending = calloc(1, sizeof *pending);
    if (!pending) abort();
    *pending = (struct pending){
        .next = pendings, .app = app, .screen = screen, .reply = reply, .is_write = key != NULL, .reply_type = reply_type};
    (void)snprintf(pending->method, sizeof pending->method, "%s", method);
    if (key) {
        memcpy(pending->key, key, sizeof pending->key);
        pending->request = app_copy(request);
    }
    if (!key) supersede(screen, reply);
    pendings = pending;
    if (!client_call(app->client, method, request, key, reply_type, on_reply, pending, &error)) {
        pending_free(pending);
        app_refused(app, screen, &error);
        return;
    }
    if (key) {
        screen->waits = true;
        app_say(app, app->line == CLIENT_LIVE ? N_("Sending…") : N_("The line is down: it is sent as soon as it is back"), NULL);
    }
}

void app_ask(struct screen *screen, const char *method, const ProtobufCMessage *request,
             const ProtobufCMessageDescriptor *reply_type, app_reply *reply) {
    call(screen, method, request, NULL, reply_type, reply);
}

void app_write(struct screen *screen, const char *method, const ProtobufCMessage *request, const uint8_t *key,
               const ProtobufCMessageDescriptor *reply_type, app_reply *reply) {
    uint8_t fresh[IDEMPOTENCY_KEY_BYTES];
    if (!key) client_key(fresh);
    call(screen, method, request, key ? key : fresh, reply_type, reply);
}

void *app_copy(const ProtobufCMessage *message) {
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(size + 1);
    if (!bytes) abort();
    protobuf_c_message_pack(message, bytes);
    void *copy = protobuf_c_message_unpack(message->descriptor, NULL, size, bytes);
    free(bytes);
    return copy;
}

bool app_has_role(const struct app *app, const char *role) {
    for (size_t i = 0; i < app->session.role_count; i++)
        if (strcmp(app->session.roles[i].role, role) == 0) return true;
    return false;
}

void app_logged_out(struct app *app) {
    uploads_stop(app->uploads);
    signing_forget(app->signing);
    lock_forget(app->lock);
    if (app->session.username[0]) (void)snprintf(app->last_user, sizeof app->last_user, "%s", app->session.username);
    free(app->session.roles);
    app->session = (struct session_info){0};
    app->last_folder[0] = '\0';
    client_set_token(app->client, NULL);
}

bool app_roles(struct app *app, Loket__RoleRow *const *roles, size_t count) {
    struct session_info *session = &app->session;
    struct role_row *rows = calloc(count + 1, sizeof *rows);
    if (!rows) abort();
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(rows[i].role, sizeof rows[i].role, "%s", roles[i]->role);
        (void)snprintf(rows[i].unit, sizeof rows[i].unit, "%s", roles[i]->unit);
    }
    bool same = session->roles && session->role_count == count && memcmp(session->roles, rows, count * sizeof *rows) == 0;
    free(session->roles);
    session->roles = rows;
    session->role_count = count;
    return !same;
}

void app_logged_in(struct app *app, const Loket__SessionReply *reply) {
    struct session_info *session = &app->session;
    free(session->roles);
    *session = (struct session_info){.live = true, .user_id = reply->user_id};
    (void)snprintf(session->username, sizeof session->username, "%s", reply->username);
    (void)snprintf(session->name, sizeof session->name, "%s", reply->name);
    (void)snprintf(session->office, sizeof session->office, "%s", reply->office);
    (void)snprintf(session->office_name, sizeof session->office_name, "%s", reply->office_name);
    (void)snprintf(session->language, sizeof session->language, "%s", reply->language);
    (void)app_roles(app, reply->roles, reply->n_roles);
    if (reply->time_zone[0]) {
        setenv("TZ", reply->time_zone, 1);
        tzset();
    }
    uploads_resume(app->uploads);
    signing_event(app->signing);
    lock_touch(app->lock);
}

static const struct key_row common_keys[] = {
    {ACTION_HELP, "help", "F1 ? ^T", N_("help"), N_("this page")},
    {ACTION_REDRAW, "redraw", "^L", NULL, N_("draw the screen again")},
    {ACTION_PALETTE, "palette", "^P :", NULL, N_("any action or screen by a few letters of its name")},
    {ACTION_LOCK, "lock", "^K", NULL, N_("lock the screen: your password opens it again")},
    {0, NULL, NULL, NULL, NULL},
};

static void draw_title(struct app *app) {
    static const char *const dots[] = {"○", "◐", "●"};
    static const char *const words[] = {N_("offline"), N_("connecting"), N_("live")};
    char right[200], role[64] = "";
    struct screen *top = app->top;
    if (app->session.role_count) (void)snprintf(role, sizeof role, " (%s)", text_word(app->session.roles[0].role));
    (void)snprintf(right, sizeof right, "%s%s %s %s", app->session.username, role, terminal_unicode() ? dots[app->line] : "",
                   _(words[app->line]));
    int width = text_width(right);
    /* whether the line is alive comes before what one is */
    if (width > COLS / 2) {
        (void)snprintf(right, sizeof right, "%s %s %s", app->session.username, terminal_unicode() ? dots[app->line] : "",
                       _(words[app->line]));
        width = text_width(right) < COLS / 2 ? text_width(right) : COLS / 2;
    }
    char left[300];
    (void)snprintf(left, sizeof left, "Loket%s%s  %s", app->session.office_name[0] ? " - " : "", app->session.office_name,
                   top->title[0] ? top->title : _(top->ops->title));
    /* where am I comes before whose office it is */
    if (text_width(left) > COLS - width - 4)
        (void)snprintf(left, sizeof left, "%s", top->title[0] ? top->title : _(top->ops->title));
    terminal_look(LOOK_TITLE);
    text_draw(0, 0, 1, "");
    text_draw(0, 1, COLS - width - 4, left);
    text_draw(0, COLS - width - 2, width + 2, right);
    terminal_look(LOOK_PLAIN);
}

static bool offered(const struct screen *screen, const struct key_row *key) {
    return !screen->ops->offers || screen->ops->offers(screen, key->action);
}

static int draw_legend_rows(const struct screen *screen, const struct key_row *rows, int row, int column) {
    char key[24], text[96];
    for (; rows && rows->action; rows++) {
        if (!rows->label || !offered(screen, rows)) continue;
        key_shown(rows, key, sizeof key);
        (void)snprintf(text, sizeof text, "%s %s", key, _(rows->label));
        int width = text_width(text);
        if (column + width + 1 > COLS) return column;
        text_draw(row, column, width, text);
        column += width + 2;
    }
    return column;
}

/* The help as one column of lines, of which those fit that begin at app->help_first. */
struct help_page {
    int line, first; /* the line that comes next, and the first that is shown */
    int row, rows;   /* of the screen */
};

/* The screen's row of the next line; -1 when it is not to be seen. */
static int help_row(struct help_page *page) {
    int row = page->line++ - page->first;
    return row >= 0 && row < page->rows ? page->row + row : -1;
}

/* A text from this column to the right edge, in as many lines as it needs. */
static void help_text(struct help_page *page, const char *text, int column) {
    for (const char *p = text; *p;) {
        size_t skip, bytes = text_wrap(p, COLS - column - 2, &skip);
        char line[400];
        int row = help_row(page);
        (void)snprintf(line, sizeof line, "%.*s", (int)bytes, p);
        if (row >= 0) text_draw(row, column, COLS - column - 1, line);
        p += bytes + skip;
    }
}

static void help_keys(const struct screen *screen, const struct key_row *rows, struct help_page *page) {
    char keys[64];
    for (; rows && rows->action; rows++) {
        if (!rows->help || !offered(screen, rows)) continue;
        int row = page->line - page->first;
        key_all_shown(rows, !screen->ops->typing, keys, sizeof keys);
        if (row >= 0 && row < page->rows) text_draw(page->row + row, 2, 18, keys);
        help_text(page, _(rows->help), 21);
    }
}

static void draw_help(struct app *app, int row, int rows) {
    const struct screen_ops *ops = app->top->ops;
    struct help_page page = {.first = app->help_first, .row = row, .rows = rows};
    help_text(&page, ops->about ? _(ops->about) : "", 2);
    page.line++;
    help_keys(app->top, ops->keys, &page);
    help_keys(app->top, common_keys, &page);
    app->help_more = page.line - page.first > rows;
}

/* Down or up through a help that is longer than the window; any other key closes it. */
static void help_key(struct app *app, int key) {
    int page = LINES - 6;
    bool down = key == (KEY_FUNCTION | KEY_DOWN) || key == (KEY_FUNCTION | KEY_NPAGE) || key == ' ';
    bool up = key == (KEY_FUNCTION | KEY_UP) || key == (KEY_FUNCTION | KEY_PPAGE);
    int step = key == (KEY_FUNCTION | KEY_DOWN) || key == (KEY_FUNCTION | KEY_UP) ? 1 : page;
    app->dirty = true;
    if (down && app->help_more) app->help_first += step;
    else if (up) app->help_first = app->help_first > step ? app->help_first - step : 0;
    else if (!down) app->help_open = false;
}

void app_draw(struct app *app) {
    if (!app->top || !app->dirty) return;
    app->dirty = false;
    erase();
    if (LINES < 8 || COLS < 40) {
        text_draw(0, 0, COLS, _("This window is too small"));
        terminal_show();
        return;
    }
    if (lock_closed(app->lock)) {
        lock_draw(app->lock);
        terminal_show();
        return;
    }
    draw_title(app);
    terminal_rule(1);
    int rows = LINES - 5;
    if (app->help_open) draw_help(app, 2, rows);
    terminal_rule(LINES - 3);
    terminal_look(app->message_is_error ? LOOK_ERROR : LOOK_GOOD);
    text_draw(LINES - 2, 1, COLS - 2, app->message);
    terminal_look(LOOK_DIM);
    if (app->help_open && (app->help_more || app->help_first)) {
        text_draw(LINES - 1, 1, COLS - 2, _("PgDn, PgUp: more of this help; any other key: back"));
    } else {
        int column = draw_legend_rows(app->top, common_keys, LINES - 1, 1);
        (void)draw_legend_rows(app->top, app->top->ops->keys, LINES - 1, column);
    }
    terminal_look(LOOK_PLAIN);
    /* last, so that the cursor stays where it puts it */
    if (!app->help_open) app->top->ops->draw(app->top, 2, rows);
    if (app->dialog) dialog_draw(app);
    terminal_show();
}

static void leave_answer(struct screen *screen, bool yes, const char *text) {
    (void)text;
    if (yes) app_pop(screen->app);
}

static void leave(struct app *app) {
    if (!app->top->unsaved) app_pop(app);
    else dialog_ask(app->top, _("Leave this form? What was typed is kept as a draft."), NULL, false, leave_answer);
}

static void follow(struct app *app, enum outcome outcome) {
    if (outcome == LEAVE) leave(app);
    if (outcome != UNUSED) app->dirty = true;
}

static void common_action(struct app *app, int action) {
    if (action == ACTION_HELP) {
        app->help_open = true;
        app->help_first = 0;
    }
    if (action == ACTION_REDRAW) terminal_redraw();
    else if (action == ACTION_PALETTE && app->session.live) palette_open(app);
    app->dirty = true;
}

static void handle_key(struct app *app, int key, bool pasted) {
    struct screen *top = app->top;
    if (!app->dialog && next_unproved(app) && !top->waits) proof_given_up(app);
    if (app->help_open) {
        help_key(app, key);
        return;
    }
    if (app->dialog) {
        dialog_key(app, key, pasted);
        return;
    }
    if (top->wants_key) {
        top->wants_key = false;
        follow(app, top->ops->key(top, key, pasted));
        return;
    }
    bool letters = !top->ops->typing;
    int action = pasted ? ACTION_NONE : key_action(top->ops->keys, key, letters);
    if (action) {
        follow(app, top->ops->action(top, action));
        return;
    }
    action = pasted ? ACTION_NONE : key_action(common_keys, key, letters);
    if (action) {
        common_action(app, action);
        return;
    }
    if (top->ops->key) follow(app, top->ops->key(top, key, pasted));
}

/* Keys typed while an answer was awaited are kept in order. A dead line must not lock anybody in: back always works then. */
static void take_key(struct app *app, int key, bool pasted) {
    bool leaves = app->line != CLIENT_LIVE && !pasted && (key == 27 || key == (KEY_FUNCTION | KEY_F(3)));
    lock_touch(app->lock);
    if (lock_closed(app->lock)) {
        lock_key(app->lock, key, pasted);
        return;
    }
    /* also from a dialog, and while an answer is awaited */
    if (!pasted && app->session.live && key_action(common_keys, key, false) == ACTION_LOCK) {
        lock_close(app->lock);
        return;
    }
    size_t room = sizeof app->kept_keys / sizeof app->kept_keys[0];
    if (app->top->waits && !app->help_open && !app->dialog && key != KEY_CONTROL('L') && !leaves) {
        if (app->kept_count == room) return;
        app->kept_keys[app->kept_count] = key;
        app->kept_pasted[app->kept_count++] = pasted;
        return;
    }
    handle_key(app, key, pasted);
}

static void keys_replay(struct app *app) {
    size_t taken = 0;
    if (lock_closed(app->lock)) return;
    while (taken < app->kept_count && app->top && !app->top->waits) {
        handle_key(app, app->kept_keys[taken], app->kept_pasted[taken]);
        taken++;
    }
    app->kept_count -= taken;
    memmove(app->kept_keys, app->kept_keys + taken, app->kept_count * sizeof app->kept_keys[0]);
    memmove(app->kept_pasted, app->kept_pasted + taken, app->kept_count * sizeof app->kept_pasted[0]);
}

static void on_input(evutil_socket_t socket, short what, void *data) {
    struct app *app = data;
    bool pasted = false;
    (void)what;
    (void)socket;
    for (int key; app->top && (key = terminal_key(&pasted)) >= 0;) take_key(app, key, pasted);
    if (terminal_gone()) app->gone = true;
}

static void on_signal(evutil_socket_t signal_number, short what, void *data) {
    struct app *app = data;
    (void)what;
    if (signal_number != SIGWINCH) app->gone = true;
    else terminal_resize();
    app->dirty = true;
}

int app_run(struct app *app) {
    static const int signals[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT};
    struct event *events[5] = {event_new(app->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, app)};
    for (int i = 0; i < 4; i++) events[i + 1] = evsignal_new(app->base, signals[i], on_signal, app);
    for (int i = 0; i < 5; i++)
        if (!events[i] || event_add(events[i], NULL) != 0) return EX_OSERR;
    while (!app->ended && !app->gone && app->top) {
        app_draw(app);
        if (event_base_loop(app->base, EVLOOP_ONCE) < 0) break;
    }
    while (app->top) app_pop(app);
    for (int i = 0; i < 5; i++) event_free(events[i]);
    while (pendings) pending_free(pendings);
    return EX_OK;
}
