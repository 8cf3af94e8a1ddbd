/* The bills that are open, late, or paid too much; what came in today. Read only, but for the treasurer's import. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

enum { ACTION_FILTER = ACTION_OWN, ACTION_IMPORT, ACTION_MORE };

struct payments_screen {
    struct screen base;
    struct list list;
    Loket__BillListReply *reply; /* owned */
    size_t filter;               /* in `filters` */
    int rows;
};

static const struct filter {
    const char *code, *name;
} filters[] = {{"open", N_("to be paid")}, {"late", N_("late")}, {"credit", N_("paid too much")}};

static const struct key_row keys[] = {
    {ACTION_OPEN, "open", "Enter", N_("bill"), N_("the bill with its lines and payments")},
    {ACTION_FILTER, "filter", "F4 v", N_("which"), N_("to be paid, late, or paid too much")},
    {ACTION_IMPORT, "import", "F2 i", N_("bank file"), N_("read a file of the bank and match its payments (treasurer)")},
    {ACTION_MORE, "more", "m", NULL, N_("the next page")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t row_id(size_t index, void *data) {
    return ((const struct payments_screen *)data)->reply->rows[index]->application_id;
}

/* Number, applicant, money, and until when in words. */
static void row_draw(size_t index, int row, bool marked, void *data) {
    const Loket__BillRow *bill = ((const struct payments_screen *)data)->reply->rows[index];
    char money[40], date[40], due[80];
    int name = COLS - 58 < 12 ? 12 : COLS - 58;
    (void)marked;
    text_money(bill->credit ? bill->credit : bill->left, money, sizeof money);
    text_date(bill->due_on, date, sizeof date);
    (void)snprintf(due, sizeof due, "%s%s%s", bill->late ? _("late") : "", bill->late ? " " : "", date);
    text_draw(row, 1, 17, bill->number);
    text_draw(row, 19, name, bill->applicant);
    text_draw_right(row, 20 + name, 18, money);
    text_draw(row, 40 + name, COLS - 40 - name, due);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void payments_free(struct screen *screen) {
    struct payments_screen *self = (struct payments_screen *)screen;
    loket__bill_list_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
}

static void draw_totals(const struct payments_screen *self, int row) {
    char left[40], today[40], back[40], line[300];
    text_money(self->reply->total_left, left, sizeof left);
    text_money(self->reply->received_today, today, sizeof today);
    text_money(self->reply->refunded_today, back, sizeof back);
    (void)snprintf(line, sizeof line, "%s: %d  %s: %s", _(filters[self->filter].name), self->reply->total, _("Left to pay"), left);
    terminal_look(LOOK_TITLE);
    text_draw(row, 1, COLS - 2, line);
    terminal_look(LOOK_PLAIN);
    (void)snprintf(line, sizeof line, "%s: %s  %s: %s", _("Received today"), today, _("Given back today"), back);
    text_draw(row + 1, 1, COLS - 2, line);
}

static void payments_draw(struct screen *screen, int row, int rows) {
    struct payments_screen *self = (struct payments_screen *)screen;
    self->rows = rows - 3;
    if (!self->reply) {
        text_draw(row, 1, COLS - 2, _("Reading…"));
        return;
    }
    draw_totals(self, row);
    if (self->reply->n_rows) list_draw(&self->list, row + 3, self->rows, &rows_ops, self);
    else text_draw(row + 3, 1, COLS - 2, _("No bill is here."));
}

static void on_bills(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct payments_screen *self = (struct payments_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__bill_list_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    list_refresh(&self->list, self->reply->n_rows, &rows_ops, self);
}

static void bills_read(struct payments_screen *self, const char *after) {
    Loket__BillListRequest request = LOKET__BILL_LIST_REQUEST__INIT;
    char place[40];
    (void)snprintf(place, sizeof place, "%s", after);
    request.filter = (char *)filters[self->filter].code;
    request.after = place;
    if (self->base.app->top == &self->base) self->base.waits = true;
    app_ask(&self->base, "bill.list", &request.base, &loket__bill_list_reply__descriptor, on_bills);
}

static enum outcome payments_action(struct screen *screen, int action) {
    struct payments_screen *self = (struct payments_screen *)screen;
    bool there = self->reply && self->list.at < self->reply->n_rows;
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_OPEN:
        if (there) bill_open(screen->app, self->reply->rows[self->list.at]->application_id);
        break;
    case ACTION_IMPORT:
        if (app_has_role(screen->app, "treasurer")) bank_import_open(screen->app);
        break;
    case ACTION_MORE:
        if (!self->reply || !self->reply->next[0]) break;
        list_turn(&self->list);
        bills_read(self, self->reply->next);
        break;
    default:
        if (action == ACTION_FILTER) self->filter = (self->filter + 1) % (sizeof filters / sizeof filters[0]);
        bills_read(self, "");
    }
    return REDRAW;
}

static enum outcome payments_key(struct screen *screen, int key, bool pasted) {
    struct payments_screen *self = (struct payments_screen *)screen;
    return !pasted && self->reply && list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static void payments_event(struct screen *screen, int64_t application_id) {
    (void)application_id;
    bills_read((struct payments_screen *)screen, "");
}

static void payments_shown(struct screen *screen) {
    bills_read((struct payments_screen *)screen, "");
}

static bool payments_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Payments"),
    .about = N_("The bills that are to be paid, that are late, or that were paid too much, and what was entered today. The bank's "
                "file is matched by the payment reference that stands on each bill."),
    .keys = keys,
    .size = sizeof(struct payments_screen),
    .free = payments_free,
    .draw = payments_draw,
    .action = payments_action,
    .key = payments_key,
    .event = payments_event,
    .shown = payments_shown,
    .refused = payments_refused,
};

void payments_open(struct app *app) {
    bills_read((struct payments_screen *)app_push(app, &ops), "");
}
