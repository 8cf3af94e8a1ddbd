/* The register of permits: found by number or holder, by the day on which they end; and a renewal begins here. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

enum { ACTION_FILTER = ACTION_OWN, ACTION_MORE, ACTION_REVOKE };

struct permits_screen {
    struct screen base;
    struct list list;
    Loket__PermitListReply *reply; /* owned */
    size_t filter;
    char text[80];
    int rows;
};

static const struct {
    const char *code, *name;
} filters[] = {{"expiring", N_("90 days")}, {"expired", N_("ended")}, {"suspended", N_("suspended")}, {"", N_("all")}};
#define FILTERS (sizeof filters / sizeof filters[0])

static const struct key_row keys[] = {
    {ACTION_OPEN, "open", "Enter o", N_("read"), N_("everything about the application of this permit")},
    {ACTION_NEW, "new", "F2 n", N_("renew"), N_("begin its renewal, filled in from the last one (front office)")},
    {ACTION_REVOKE, "revoke", "F8 x", N_("revoke"),
     N_("begin its revocation: what the holder asks for, or the office has a reason for")},
    {ACTION_SEARCH, "search", "/", N_("find"), N_("by the permit's number or part of the holder's name, in all permits")},
    {ACTION_FILTER, "filter", "Tab f", N_("filter"), N_("ending within 90 days, ended, suspended, all")},
    {ACTION_MORE, "more", "m", NULL, N_("the next page")},
    {ACTION_REFRESH, "refresh", "F5 r", NULL, N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t row_id(size_t index, void *data) {
    return ((const struct permits_screen *)data)->reply->rows[index]->permit_id;
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const struct permits_screen *self = data;
    const Loket__PermitRow *permit = self->reply->rows[index];
    char end[64], date[40];
    int wide = COLS >= 76, number = wide ? 28 : 22, end_columns = wide ? 24 : 13;
    (void)marked;
    text_date(permit->valid_until_on, date, sizeof date);
    if (wide) (void)snprintf(end, sizeof end, "%.20s %.40s", date, text_word(permit->status));
    else (void)snprintf(end, sizeof end, "%s", strcmp(permit->status, "current") == 0 ? date : text_word(permit->status));
    text_draw(row, 1, number, permit->number);
    text_draw(row, 2 + number, COLS - number - end_columns - 3, permit->holder);
    if (index != self->list.at && strcmp(permit->status, "current") != 0) terminal_look(LOOK_WARNING);
    text_draw(row, COLS - end_columns, end_columns, end);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void permits_free(struct screen *screen) {
    struct permits_screen *self = (struct permits_screen *)screen;
    loket__permit_list_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
}

static void permits_draw(struct screen *screen, int row, int rows) {
    struct permits_screen *self = (struct permits_screen *)screen;
    char line[240];
    size_t used = 0;
    for (size_t i = 0; i < FILTERS && used < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, i == self->filter ? "[%s] " : "%s ", _(filters[i].name));
    if (used < sizeof line)
        (void)snprintf(line + used, sizeof line - used, "%s%s  %d", self->text[0] ? "/ " : "", self->text,
                       self->reply ? self->reply->total : 0);
    text_draw(row, 1, COLS - 2, line);
    self->rows = rows - 2;
    if (!self->reply || !self->reply->n_rows)
        text_draw(row + 2, 1, COLS - 2, self->reply ? _("There is no such permit.") : _("Reading…"));
    else list_draw(&self->list, row + 2, self->rows, &rows_ops, self);
}

static void on_permits(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct permits_screen *self = (struct permits_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__permit_list_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    list_refresh(&self->list, self->reply->n_rows, &rows_ops, self);
}

static void permits_read(struct permits_screen *self, const char *after) {
    Loket__PermitListRequest request = LOKET__PERMIT_LIST_REQUEST__INIT;
    char place[64];
    (void)snprintf(place, sizeof place, "%s", after);
    request.text = self->text;
    request.filter = (char *)filters[self->filter].code;
    request.after = place;
    request.limit = 100;
    self->base.waits = true;
    app_ask(&self->base, "permit.list", &request.base, &loket__permit_list_reply__descriptor, on_permits);
}

static void permits_shown(struct screen *screen) {
    permits_read((struct permits_screen *)screen, "");
}

static const Loket__PermitRow *present(const struct permits_screen *self) {
    return self->reply && self->list.at < self->reply->n_rows ? self->reply->rows[self->list.at] : NULL;
}

static void find(struct screen *screen, bool yes, const char *text) {
    struct permits_screen *self = (struct permits_screen *)screen;
    if (!yes) return;
    (void)snprintf(self->text, sizeof self->text, "%s", text);
    if (self->text[0]) self->filter = FILTERS - 1;
    permits_read(self, "");
}

static enum outcome permits_action(struct screen *screen, int action) {
    struct permits_screen *self = (struct permits_screen *)screen;
    const Loket__PermitRow *permit = present(self);
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_OPEN:
        if (permit) application_open(screen->app, permit->application_id);
        break;
    case ACTION_NEW:
        if (!app_has_role(screen->app, "front_office"))
            app_complain(screen->app, N_("Only the front office takes in applications"), NULL);
        else if (permit) renewal_open(screen->app, permit->number);
        break;
    case ACTION_REVOKE:
        if (permit) revoke_open(screen->app, permit);
        break;
    case ACTION_SEARCH: dialog_ask(screen, _("Number or part of the name (empty: all)"), _("Text"), false, find); break;
    case ACTION_FILTER:
        self->filter = (self->filter + 1) % FILTERS;
        permits_read(self, "");
        break;
    case ACTION_MORE:
        if (!self->reply || !self->reply->next[0]) break;
        list_turn(&self->list);
        permits_read(self, self->reply->next);
        break;
    default: permits_read(self, "");
    }
    return REDRAW;
}

static enum outcome permits_key(struct screen *screen, int key, bool pasted) {
    struct permits_screen *self = (struct permits_screen *)screen;
    return !pasted && self->reply && list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static bool permits_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Permits"),
    .about =
        N_("Every permit that the office issued, by the day on which it ends. Holders are reminded 90, 30 and 7 days before. "
           "A renewal "
           "begins with what the last application said; only documents that are no longer valid are asked for again. A permit is "
           "revoked by an application of its own, which a head decides; it ends when the decree is signed."),
    .keys = keys,
    .size = sizeof(struct permits_screen),
    .free = permits_free,
    .draw = permits_draw,
    .action = permits_action,
    .key = permits_key,
    .refused = permits_refused,
    .shown = permits_shown,
};

void permits_open(struct app *app) {
    permits_read((struct permits_screen *)app_push(app, &ops), "");
}
