/* One bill, to read: what it asks for with its arithmetic, what was paid, what is left. */
#include <stdio.h>
#include <tui/screen/bill.h>
#include <tui/screen/screens.h>
#include <tui/ui/reader.h>
#include <tui/ui/text.h>

enum { ACTION_WAIVER = ACTION_OWN, ACTION_REFUND, ACTION_READ };

static void put_money(bill_put *put, void *data, const char *label, int64_t amount) {
    char money[40];
    text_money(amount, money, sizeof money);
    put(data, label, money);
}

static void put_date(bill_put *put, void *data, const char *label, const char *iso, const char *note) {
    char date[40], line[120];
    if (!iso[0]) return;
    text_date(iso, date, sizeof date);
    (void)snprintf(line, sizeof line, "%s%s%s", date, *note ? "  " : "", note);
    put(data, label, line);
}

static void put_item(const Loket__BillItemRow *item, bill_put *put, void *data) {
    char money[40], from[40], line[1400];
    text_money(item->amount, money, sizeof money);
    text_date(item->valid_from_on, from, sizeof from);
    if (item->kind[0] == 'f') (void)snprintf(line, sizeof line, "%s", item->arithmetic);
    else
        (void)snprintf(line, sizeof line, "%s = %s (%s%s%s%s)", item->arithmetic, money,
                       item->valid_from_on[0] ? _("tariff of ") : "", item->valid_from_on[0] ? from : "",
                       item->valid_from_on[0] ? ", " : "", item->legal_basis);
    put(data, item->item, line);
}

static void put_payment(const Loket__BillPaymentRow *payment, bill_put *put, void *data) {
    char money[40], date[40], line[400], back[40], asked[40];
    text_money(payment->amount, money, sizeof money);
    text_date(payment->paid_on, date, sizeof date);
    text_money(payment->refunded, back, sizeof back);
    text_money(payment->refund_asked, asked, sizeof asked);
    (void)snprintf(line, sizeof line, "%s  %s (%s)%s%s%s%s%s", money, payment->reference, payment->entered_by,
                   payment->late ? _(", late") : "", payment->refunded ? _(", given back: ") : "", payment->refunded ? back : "",
                   payment->refund_asked ? _(", refund proposed: ") : "", payment->refund_asked ? asked : "");
    put(data, date, line);
}

void bill_tell(const Loket__BillOpenReply *bill, bill_put *put, void *data) {
    char percent[24];
    put(data, _("Bill"), NULL);
    put(data, _("Number"), bill->number);
    put(data, _("Payment reference"), bill->reference);
    put_date(put, data, _("Issued"), bill->issued_on, "");
    if (bill->left) put_date(put, data, _("To be paid by"), bill->due_on, bill->late ? _("late") : "");
    for (size_t i = 0; i < bill->n_items; i++) put_item(bill->items[i], put, data);
    put_money(put, data, _("To pay"), bill->amount);
    if (!bill->amount) put(data, "", _("Rp 0, there is nothing to pay"));
    if (bill->waiver_asked) {
        (void)snprintf(percent, sizeof percent, "%d%%", bill->waiver_asked);
        put(data, _("Waiver proposed"), percent);
    }
    if (bill->n_payments) put(data, _("Payments"), NULL);
    for (size_t i = 0; i < bill->n_payments; i++) put_payment(bill->payments[i], put, data);
    if (bill->n_payments) put_money(put, data, _("Left to pay"), bill->left);
    if (bill->credit) put_money(put, data, _("Paid too much"), bill->credit);
}

struct bill_screen {
    struct screen base;
    struct reader reader;
    Loket__BillOpenReply *bill; /* owned */
    int64_t application_id;
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_WAIVER, "waiver", "F8 w", N_("waiver"), N_("propose to waive the levy in part or whole (treasurer, analyst)")},
    {ACTION_REFUND, "refund", "F9 x", N_("refund"), N_("propose to give a payment back (treasurer)")},
    {ACTION_READ, "read", "F6 Enter", N_("read all"), N_("everything about the application")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read it again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void bill_free(struct screen *screen) {
    struct bill_screen *self = (struct bill_screen *)screen;
    reader_free(&self->reader);
    loket__bill_open_reply__free_unpacked(self->bill, NULL);
}

static void bill_draw(struct screen *screen, int row, int rows) {
    struct bill_screen *self = (struct bill_screen *)screen;
    self->rows = rows;
    reader_draw(&self->reader, row, rows);
}

static void put_line(void *data, const char *label, const char *value) {
    struct reader *out = data;
    if (!value) {
        reader_add(out, LOOK_PLAIN, " ");
        reader_add(out, LOOK_TITLE, "%s", label);
    } else if (!*label) reader_add(out, LOOK_PLAIN, "%s", value);
    else reader_pair(out, label, value);
}

static void on_bill(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct bill_screen *self = (struct bill_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__bill_open_reply__free_unpacked(self->bill, NULL);
    self->bill = app_copy(reply);
    reader_free(&self->reader);
    reader_add(&self->reader, LOOK_TITLE, "%s  %s  %s", self->bill->application_number, self->bill->applicant,
               self->bill->permit_name);
    if (self->bill->billed) bill_tell(self->bill, put_line, &self->reader);
    else reader_add(&self->reader, LOOK_PLAIN, "%s", _("There is no bill yet."));
}

static void bill_read(struct bill_screen *self) {
    Loket__BillOpenRequest request = LOKET__BILL_OPEN_REQUEST__INIT;
    request.application_id = self->application_id;
    if (self->base.app->top == &self->base) self->base.waits = true;
    app_ask(&self->base, "bill.open", &request.base, &loket__bill_open_reply__descriptor, on_bill);
}

static enum outcome bill_action(struct screen *screen, int action) {
    struct bill_screen *self = (struct bill_screen *)screen;
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_REFRESH: bill_read(self); break;
    case ACTION_READ: application_open(screen->app, self->application_id); break;
    case ACTION_WAIVER:
        if (app_has_role(screen->app, "treasurer") || app_has_role(screen->app, "analyst"))
            waiver_open(screen->app, self->application_id);
        break;
    default:
        if (self->bill && app_has_role(screen->app, "treasurer")) refund_open(screen->app, self->bill);
    }
    return REDRAW;
}

static enum outcome bill_key(struct screen *screen, int key, bool pasted) {
    struct bill_screen *self = (struct bill_screen *)screen;
    return !pasted && reader_key(&self->reader, key, self->rows) ? REDRAW : UNUSED;
}

static void bill_event(struct screen *screen, int64_t application_id) {
    struct bill_screen *self = (struct bill_screen *)screen;
    if (application_id == self->application_id) bill_read(self);
}

static void bill_shown(struct screen *screen) {
    bill_read((struct bill_screen *)screen);
}

static const struct screen_ops ops = {
    .title = N_("Bill"),
    .about =
        N_("What is asked for, computed from the tariff of the day: nobody types it. Each payment is a line that stays; what was "
           "paid wrongly is given back by a refund, which one proposes and another decides."),
    .keys = keys,
    .size = sizeof(struct bill_screen),
    .free = bill_free,
    .draw = bill_draw,
    .action = bill_action,
    .key = bill_key,
    .event = bill_event,
    .shown = bill_shown,
};

void bill_open(struct app *app, int64_t application_id) {
    struct bill_screen *self = (struct bill_screen *)app_push(app, &ops);
    self->application_id = application_id;
    bill_read(self);
}
