/* The open sessions of a user: where they are logged in. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

enum { ACTION_END = ACTION_OWN };

struct sessions_screen {
    struct screen base;
    struct list list;
    Loket__SessionListReply *reply; /* owned */
    int64_t user_id;                /* 0: one's own */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_END, "end", "F9 x", N_("end it"), N_("end the session in this row: whoever is there must log in again")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t row_id(size_t index, void *data) {
    return ((const struct sessions_screen *)data)->reply->sessions[index]->session_id;
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const Loket__SessionRow *session = ((const struct sessions_screen *)data)->reply->sessions[index];
    char since[40], seen[40], rest[200];
    (void)marked;
    text_instant(session->since_at, since, sizeof since);
    text_instant(session->seen_at, seen, sizeof seen);
    (void)snprintf(rest, sizeof rest, "%s%s%s", session->this_one ? _("this one") : "", session->this_one ? "  " : "",
                   session->certificate);
    text_draw(row, 1, 14, since);
    text_draw(row, 16, 14, seen);
    text_draw(row, 31, 15, session->address);
    text_draw(row, 47, COLS - 47, rest);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void sessions_free(struct screen *screen) {
    struct sessions_screen *self = (struct sessions_screen *)screen;
    loket__session_list_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
}

static void sessions_draw(struct screen *screen, int row, int rows) {
    struct sessions_screen *self = (struct sessions_screen *)screen;
    self->rows = rows - 1;
    if (!self->reply || !self->reply->n_sessions) {
        text_draw(row, 1, COLS - 2, self->reply ? _("No session is open.") : _("Reading…"));
        return;
    }
    terminal_look(LOOK_LABEL);
    text_draw(row, 1, 14, _("since"));
    text_draw(row, 16, 14, _("last seen"));
    text_draw(row, 31, 16, _("address"));
    terminal_look(LOOK_PLAIN);
    list_draw(&self->list, row + 1, rows - 1, &rows_ops, self);
}

static void on_sessions(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct sessions_screen *self = (struct sessions_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__session_list_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    list_refresh(&self->list, self->reply ? self->reply->n_sessions : 0, &rows_ops, self);
}

static void sessions_read(struct sessions_screen *self) {
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    Loket__AdminSessionsRequest request = LOKET__ADMIN_SESSIONS_REQUEST__INIT;
    request.user_id = self->user_id;
    self->base.waits = true;
    app_ask(&self->base, self->user_id ? "admin.sessions" : "session.list", self->user_id ? &request.base : &nothing.base,
            &loket__session_list_reply__descriptor, on_sessions);
}

static void on_ended(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    sessions_read((struct sessions_screen *)screen);
    if (!error) app_say(screen->app, N_("The session has ended"), NULL);
}

static void end(struct screen *screen, bool yes, const char *text) {
    struct sessions_screen *self = (struct sessions_screen *)screen;
    Loket__SessionEndRequest request = LOKET__SESSION_END_REQUEST__INIT;
    (void)text;
    if (!yes || !self->reply || self->list.at >= self->reply->n_sessions) return;
    request.session_id = self->reply->sessions[self->list.at]->session_id;
    app_write(screen, self->user_id ? "admin.session_end" : "session.end", &request.base, NULL, &loket__empty__descriptor,
              on_ended);
}

static enum outcome sessions_action(struct screen *screen, int action) {
    struct sessions_screen *self = (struct sessions_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_REFRESH) sessions_read(self);
    if (action == ACTION_END && self->reply && self->list.at < self->reply->n_sessions)
        dialog_ask(screen, _("End this session? What is being typed there is kept as a draft."), NULL, false, end);
    return REDRAW;
}

static enum outcome sessions_key(struct screen *screen, int key, bool pasted) {
    struct sessions_screen *self = (struct sessions_screen *)screen;
    return !pasted && self->reply && list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static const struct screen_ops ops = {
    .title = N_("Sessions"),
    .about = N_("Where this person is logged in, and since when. End what you do not know, and change your password: that ends all "
                "other sessions at once. A session ends by itself after 12 hours, and after 8 hours without use."),
    .keys = keys,
    .size = sizeof(struct sessions_screen),
    .free = sessions_free,
    .draw = sessions_draw,
    .action = sessions_action,
    .key = sessions_key,
};

void sessions_of_open(struct app *app, int64_t user_id, const char *name) {
    struct sessions_screen *self = (struct sessions_screen *)app_push(app, &ops);
    self->user_id = user_id;
    if (name) (void)snprintf(self->base.title, sizeof self->base.title, "%s: %s", _(ops.title), name);
    sessions_read(self);
}

void sessions_open(struct app *app) {
    sessions_of_open(app, 0, NULL);
}
