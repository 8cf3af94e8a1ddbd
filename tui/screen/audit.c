/* The audit log, newest first: who did what to which application, from where. Read only. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/printout.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/text.h>

enum { ACTION_NUMBER = ACTION_OWN, ACTION_USER, ACTION_MORE, ACTION_PRINT };

struct audit_screen {
    struct screen base;
    struct reader reader;
    char number[32], username[40], next[40];
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_NUMBER, "number", "/", N_("number"), N_("only what happened to one application")},
    {ACTION_USER, "user", "u", N_("user"), N_("only what one user did")},
    {ACTION_MORE, "more", "m", N_("older"), N_("the next page")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("the newest again")},
    {ACTION_PRINT, "print", "F8 p", N_("print"), N_("write what is shown to a text file")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void audit_free(struct screen *screen) {
    reader_free(&((struct audit_screen *)screen)->reader);
}

static void audit_draw(struct screen *screen, int row, int rows) {
    struct audit_screen *self = (struct audit_screen *)screen;
    self->rows = rows;
    reader_draw(&self->reader, row, rows);
}

static void on_rows(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct audit_screen *self = (struct audit_screen *)screen;
    const Loket__AuditListReply *reply = (const Loket__AuditListReply *)answer;
    screen->waits = false;
    if (error) return;
    reader_free(&self->reader);
    self->reader.first = 0;
    (void)snprintf(self->next, sizeof self->next, "%s", reply->next);
    if (!reply->n_rows) reader_add(&self->reader, LOOK_PLAIN, "%s", _("Nothing happened."));
    for (size_t i = 0; i < reply->n_rows; i++) {
        const Loket__AuditRow *row = reply->rows[i];
        char at[40];
        text_instant(row->at, at, sizeof at);
        reader_add(&self->reader, LOOK_PLAIN, "%s  %s (%s, %s)  %s  %s %s", at, row->actor, text_word(row->role), row->address,
                   text_word(row->action), row->number, row->detail);
    }
}

static void read_rows(struct audit_screen *self, const char *after) {
    Loket__AuditListRequest request = LOKET__AUDIT_LIST_REQUEST__INIT;
    char place[40];
    (void)snprintf(place, sizeof place, "%s", after);
    request.number = self->number;
    request.username = self->username;
    request.after = place;
    self->base.waits = true;
    app_ask(&self->base, "audit.list", &request.base, &loket__audit_list_reply__descriptor, on_rows);
}

static void narrow_number(struct screen *screen, bool yes, const char *text) {
    struct audit_screen *self = (struct audit_screen *)screen;
    if (!yes) return;
    (void)snprintf(self->number, sizeof self->number, "%s", text);
    read_rows(self, "");
}

static void narrow_user(struct screen *screen, bool yes, const char *text) {
    struct audit_screen *self = (struct audit_screen *)screen;
    if (!yes) return;
    (void)snprintf(self->username, sizeof self->username, "%s", text);
    read_rows(self, "");
}

static enum outcome audit_action(struct screen *screen, int action) {
    struct audit_screen *self = (struct audit_screen *)screen;
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_NUMBER: dialog_ask(screen, _("Of which application? (empty: all)"), _("Number"), false, narrow_number); break;
    case ACTION_USER: dialog_ask(screen, _("Of which user? (empty: all)"), _("User name"), false, narrow_user); break;
    case ACTION_PRINT: printout_write(screen->app, &self->reader, "audit"); break;
    case ACTION_MORE:
        if (self->next[0]) read_rows(self, self->next);
        break;
    default: read_rows(self, "");
    }
    return REDRAW;
}

static enum outcome audit_key(struct screen *screen, int key, bool pasted) {
    struct audit_screen *self = (struct audit_screen *)screen;
    return !pasted && reader_key(&self->reader, key, self->rows) ? REDRAW : UNUSED;
}

static bool audit_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Audit log"),
    .about = N_("Every step, reading and change, with who and from where. Nobody can change or delete a row of it."),
    .keys = keys,
    .size = sizeof(struct audit_screen),
    .free = audit_free,
    .draw = audit_draw,
    .action = audit_action,
    .key = audit_key,
    .refused = audit_refused,
};

void audit_open(struct app *app) {
    read_rows((struct audit_screen *)app_push(app, &ops), "");
}
