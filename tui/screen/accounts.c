/* What one administrator asked for: another decides. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/reader.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

enum { ACTION_REJECT = ACTION_OWN };

struct accounts_screen {
    struct screen base;
    struct list list;
    struct reader reader;
    Loket__AccountChangesReply *reply; /* owned */
    size_t told;                       /* the row that the reader shows, from 1 */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("approve"), N_("approve the change in this row (another administrator)")},
    {ACTION_REJECT, "reject", "F9 x", N_("reject"), N_("reject it, with the reason; your own: take it back")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static const char *kind_word(const Loket__AccountChangeRow *change) {
    return strcmp(change->kind, "codes") == 0 ? _("take the one-time codes away") : _("roles");
}

static int64_t row_id(size_t index, void *data) {
    return ((const struct accounts_screen *)data)->reply->changes[index]->change_id;
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const Loket__AccountChangeRow *change = ((const struct accounts_screen *)data)->reply->changes[index];
    (void)marked;
    text_draw(row, 1, 13, change->username);
    text_draw(row, 15, 23, change->name);
    text_draw(row, 39, COLS - 39, kind_word(change));
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void accounts_free(struct screen *screen) {
    struct accounts_screen *self = (struct accounts_screen *)screen;
    loket__account_changes_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
    reader_free(&self->reader);
}

static const Loket__AccountChangeRow *present(const struct accounts_screen *self) {
    return self->reply && self->list.at < self->reply->n_changes ? self->reply->changes[self->list.at] : NULL;
}

static void tell_roles(struct accounts_screen *self, const char *label, Loket__RoleRow **roles, size_t count) {
    char text[600] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%s%s%s%s", i ? ", " : "", text_word(roles[i]->role),
                                 roles[i]->unit[0] ? "@" : "", roles[i]->unit, roles[i]->permit_type[0] ? ":" : "",
                                 roles[i]->permit_type);
    reader_pair(&self->reader, label, count ? text : "-");
}

static void describe(struct accounts_screen *self) {
    const Loket__AccountChangeRow *change = present(self);
    char at[40];
    if (!change || self->told == self->list.at + 1) return;
    self->told = self->list.at + 1;
    reader_free(&self->reader);
    text_instant(change->asked_at, at, sizeof at);
    reader_add(&self->reader, LOOK_PLAIN, "%s: %s, %s", _("Asked by"), change->asked_by, at);
    reader_pair(&self->reader, _("Reason"), change->reason);
    if (strcmp(change->kind, "roles") != 0) return;
    tell_roles(self, _("Roles now"), change->before, change->n_before);
    tell_roles(self, _("Roles then"), change->after, change->n_after);
}

static void accounts_draw(struct screen *screen, int row, int rows) {
    struct accounts_screen *self = (struct accounts_screen *)screen;
    self->rows = rows / 2;
    if (!self->reply || !self->reply->n_changes) {
        text_draw(row, 1, COLS - 2, self->reply ? _("Nothing waits for a second administrator.") : _("Reading…"));
        return;
    }
    describe(self);
    reader_draw(&self->reader, row + self->rows + 1, rows - self->rows - 1);
    list_draw(&self->list, row, self->rows, &rows_ops, self);
}

static void on_changes(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct accounts_screen *self = (struct accounts_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__account_changes_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    self->told = 0;
    list_refresh(&self->list, self->reply ? self->reply->n_changes : 0, &rows_ops, self);
}

static void accounts_read(struct accounts_screen *self) {
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    self->base.waits = true;
    app_ask(&self->base, "admin.changes", &nothing.base, &loket__account_changes_reply__descriptor, on_changes);
}

static void on_decided(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    accounts_read((struct accounts_screen *)screen);
    if (!error) app_say(screen->app, N_("Decided"), NULL);
}

static void decide(struct accounts_screen *self, bool approve, const char *reason) {
    const Loket__AccountChangeRow *change = present(self);
    Loket__AccountChangeDecideRequest request = LOKET__ACCOUNT_CHANGE_DECIDE_REQUEST__INIT;
    if (!change) return;
    request.change_id = change->change_id;
    request.approve = approve;
    request.reason = (char *)reason;
    app_write(&self->base, "admin.change_decide", &request.base, NULL, &loket__empty__descriptor, on_decided);
}

static void approve(struct screen *screen, bool yes, const char *text) {
    (void)text;
    if (yes) decide((struct accounts_screen *)screen, true, "");
}

static void reject(struct screen *screen, bool yes, const char *reason) {
    if (yes) decide((struct accounts_screen *)screen, false, reason);
}

static enum outcome accounts_action(struct screen *screen, int action) {
    struct accounts_screen *self = (struct accounts_screen *)screen;
    const Loket__AccountChangeRow *change = present(self);
    char question[200], what[120];
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_REFRESH) accounts_read(self);
    if (!change || !app_has_role(screen->app, "admin")) return REDRAW;
    (void)snprintf(what, sizeof what, "%s, %s", change->name, kind_word(change));
    text_message(N_("Approve: %s?"), what, question, sizeof question);
    if (action == ACTION_MAIN) dialog_ask(screen, question, NULL, false, approve);
    if (action == ACTION_REJECT && change->mine) dialog_ask(screen, _("Take it back?"), NULL, false, reject);
    else if (action == ACTION_REJECT) dialog_ask(screen, _("Reject this change: why?"), _("Reason"), true, reject);
    return REDRAW;
}

static enum outcome accounts_key(struct screen *screen, int key, bool pasted) {
    struct accounts_screen *self = (struct accounts_screen *)screen;
    if (pasted || !self->reply) return UNUSED;
    return list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static const struct screen_ops ops = {
    .title = N_("Waiting for a second administrator"),
    .about = N_("Changes of roles (where the office wants four eyes for them) and lost telephones. Nobody approves what they asked "
                "for, and nobody decides about their own account. Both names are recorded."),
    .keys = keys,
    .size = sizeof(struct accounts_screen),
    .free = accounts_free,
    .draw = accounts_draw,
    .action = accounts_action,
    .key = accounts_key,
};

void accounts_open(struct app *app) {
    accounts_read((struct accounts_screen *)app_push(app, &ops));
}
