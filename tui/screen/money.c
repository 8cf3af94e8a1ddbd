/* Refunds and waivers: one person proposes, another decides. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/picker.h>
#include <tui/screen/screens.h>
#include <tui/screen/typed_check.h>
#include <tui/ui/dialog.h>
#include <tui/ui/form.h>
#include <tui/ui/list.h>
#include <tui/ui/reader.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

/* ------------------------------------------------------------------------------------------------- proposing */

struct proposal_screen {
    struct screen base;
    struct form form;
    int64_t application_id;
};

static const struct key_row form_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("propose"), N_("propose it; somebody else decides")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("the next choice of a coded field (or its first letter)")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void proposal_free(struct screen *screen) {
    form_free(&((struct proposal_screen *)screen)->form);
}

static void proposal_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct proposal_screen *)screen)->form, row, rows);
}

static bool check(struct form *form, struct field *field, void *data) {
    (void)form;
    return typed_check(data, field);
}

static void on_proposed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    struct app *app = screen->app;
    if (error) return;
    app_pop(app);
    app_say(app, N_("Proposed: somebody else decides"), NULL);
}

static void propose_waiver(struct proposal_screen *self) {
    Loket__WaiverProposeRequest request = LOKET__WAIVER_PROPOSE_REQUEST__INIT;
    request.application_id = self->application_id;
    request.kind = (char *)form_value(&self->form, "kind");
    request.percent = (int32_t)strtol(form_value(&self->form, "percent"), NULL, 10);
    request.reason = (char *)form_value(&self->form, "reason");
    request.rule = (char *)form_value(&self->form, "rule");
    app_write(&self->base, "waiver.propose", &request.base, NULL, &loket__empty__descriptor, on_proposed);
}

static void propose_refund(struct proposal_screen *self) {
    Loket__RefundProposeRequest request = LOKET__REFUND_PROPOSE_REQUEST__INIT;
    request.payment_id = strtoll(form_value(&self->form, "payment_id"), NULL, 10);
    request.amount = strtoll(form_value(&self->form, "amount"), NULL, 10);
    request.reason = (char *)form_value(&self->form, "reason");
    app_write(&self->base, "refund.propose", &request.base, NULL, &loket__empty__descriptor, on_proposed);
}

static enum outcome proposal_action(struct screen *screen, int action) {
    struct proposal_screen *self = (struct proposal_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_LOOK_UP) picker_look_up(screen, &self->form);
    if (action != ACTION_MAIN || !form_complete(&self->form)) return REDRAW;
    if (form_find(&self->form, "payment_id")) propose_refund(self);
    else propose_waiver(self);
    return REDRAW;
}

static enum outcome proposal_key(struct screen *screen, int key, bool pasted) {
    return form_key(&((struct proposal_screen *)screen)->form, key, pasted) == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool proposal_refused(struct screen *screen, const struct error *error) {
    struct form *form = &((struct proposal_screen *)screen)->form;
    return form_refuse(form, error->field, screen->app->message) || form_refuse(form, "reason", screen->app->message);
}

#define PROPOSAL_OPS(title_, about_)                                                                                               \
    {                                                                                                                              \
        .title = title_, .about = about_, .keys = form_keys, .size = sizeof(struct proposal_screen), .free = proposal_free,        \
        .draw = proposal_draw, .action = proposal_action, .key = proposal_key, .refused = proposal_refused, .typing = true         \
    }

static const struct screen_ops waiver_ops = PROPOSAL_OPS(
    N_("Waiver of a levy"),
    N_("Propose to waive a levy in part or whole, with the reason and the rule that allows it. The head decides, before "
       "the bill is settled; the bill then shows the waiver as a line with its legal basis."));
static const struct screen_ops refund_ops = PROPOSAL_OPS(
    N_("Refund"), N_("Propose to give a payment back, whole or in part, with the reason. A head or section head decides, "
                     "never who proposed it. A bill that is not paid any more must be paid again."));

static struct proposal_screen *proposal_new(struct app *app, const struct screen_ops *ops) {
    struct proposal_screen *self = (struct proposal_screen *)app_push(app, ops);
    form_init(&self->form);
    self->form.check = check;
    self->form.data = app;
    return self;
}

void waiver_open(struct app *app, int64_t application_id) {
    struct proposal_screen *self = proposal_new(app, &waiver_ops);
    self->application_id = application_id;
    struct field *field = form_add(&self->form, "kind", _("Waiver"), FIELD_CHOICE, true);
    field_choice(field, "percent", _("a part, in percent"));
    field_choice(field, "whole", _("the whole levy"));
    field_set(field, "percent");
    field = form_add(&self->form, "percent", _("Percent"), FIELD_TEXT, true);
    (void)snprintf(field->type, sizeof field->type, "money");
    field->longest = 2;
    field_when(field, "kind", "percent");
    form_add(&self->form, "reason", _("Reason"), FIELD_MULTILINE, true)->longest = 1000;
    form_add(&self->form, "rule", _("Rule that it rests on"), FIELD_TEXT, true)->longest = 300;
    form_first(&self->form);
}

/* The payments to choose from; the last one, and what was paid too much, stand there already. */
static void add_payments(struct form *form, const Loket__BillOpenReply *bill) {
    char id[24], label[200], money[40], date[40];
    struct field *field = form_add(form, "payment_id", _("Payment"), FIELD_CHOICE, true);
    for (size_t i = 0; i < bill->n_payments; i++) {
        const Loket__BillPaymentRow *payment = bill->payments[i];
        text_money(payment->amount, money, sizeof money);
        text_date(payment->paid_on, date, sizeof date);
        (void)snprintf(id, sizeof id, "%lld", (long long)payment->payment_id);
        (void)snprintf(label, sizeof label, "%s, %s, %.80s", money, date, payment->reference);
        field_choice(field, id, label);
    }
    field_set(field, id);
}

void refund_open(struct app *app, const Loket__BillOpenReply *bill) {
    char amount[24];
    if (!bill->n_payments) {
        app_complain(app, N_("Nothing was paid: there is nothing to give back"), NULL);
        return;
    }
    struct proposal_screen *self = proposal_new(app, &refund_ops);
    const Loket__BillPaymentRow *last = bill->payments[bill->n_payments - 1];
    int64_t rest = last->amount - last->refunded;
    add_payments(&self->form, bill);
    struct field *field = form_add(&self->form, "amount", _("Amount to give back"), FIELD_TEXT, true);
    (void)snprintf(field->type, sizeof field->type, "money");
    field->longest = 13;
    (void)snprintf(amount, sizeof amount, "%lld", (long long)(bill->credit && bill->credit < rest ? bill->credit : rest));
    field_set(field, amount);
    form_add(&self->form, "reason", _("Reason"), FIELD_MULTILINE, true)->longest = 1000;
    form_first(&self->form);
}

/* -------------------------------------------------------------------------------------------------- deciding */

enum { ACTION_REJECT = ACTION_OWN, ACTION_READ };

struct money_screen {
    struct screen base;
    struct list list;
    struct reader reader;
    Loket__MoneyProposalsReply *reply; /* owned */
    size_t told;                       /* the row that the reader shows, from 1 */
    int rows;
};

static const struct key_row list_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("approve"), N_("approve the proposal in this row (head; section head for refunds)")},
    {ACTION_REJECT, "reject", "F9 x", N_("reject"), N_("reject it, with the reason")},
    {ACTION_READ, "read", "F6 Enter", N_("bill"), N_("the bill with its lines and payments")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static const char *kind_name(const Loket__MoneyProposalRow *row) {
    if (strcmp(row->kind, "refund") == 0) return _("refund");
    return strcmp(row->kind, "waiver") == 0 ? _("waiver") : _("not paid any more");
}

static int64_t row_id(size_t index, void *data) {
    const Loket__MoneyProposalRow *row = ((const struct money_screen *)data)->reply->rows[index];
    return row->id * 4 + (row->kind[0] == 'r' ? 1 : row->kind[0] == 'w' ? 2 : 3);
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const Loket__MoneyProposalRow *proposal = ((const struct money_screen *)data)->reply->rows[index];
    char amount[40];
    (void)marked;
    if (proposal->percent) (void)snprintf(amount, sizeof amount, "%d%%", proposal->percent);
    else text_money(proposal->amount, amount, sizeof amount);
    text_draw(row, 1, 17, kind_name(proposal));
    text_draw(row, 19, 13, proposal->application_number);
    text_draw_right(row, 32, 16, amount);
    text_draw(row, 50, COLS - 50, proposal->applicant);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void money_free(struct screen *screen) {
    struct money_screen *self = (struct money_screen *)screen;
    loket__money_proposals_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
    reader_free(&self->reader);
}

static const Loket__MoneyProposalRow *present(const struct money_screen *self) {
    return self->reply && self->list.at < self->reply->n_rows ? self->reply->rows[self->list.at] : NULL;
}

static void describe(struct money_screen *self) {
    const Loket__MoneyProposalRow *row = present(self);
    char at[40], money[40];
    if (!row || self->told == self->list.at + 1) return;
    self->told = self->list.at + 1;
    reader_free(&self->reader);
    text_instant(row->proposed_at, at, sizeof at);
    text_money(row->amount, money, sizeof money);
    reader_pair(&self->reader, _("Bill"), row->bill_number);
    if (row->amount) reader_pair(&self->reader, _("Amount"), money);
    if (row->proposed_by[0]) reader_add(&self->reader, LOOK_PLAIN, "%s: %s, %s", _("Proposed by"), row->proposed_by, at);
    else
        reader_add(&self->reader, LOOK_WARNING, "%s",
                   _("This went past the payment and was given money back: it is not paid now."));
    reader_pair(&self->reader, _("Reason"), row->reason);
    reader_pair(&self->reader, _("Rule that it rests on"), row->rule);
}

static void money_draw(struct screen *screen, int row, int rows) {
    struct money_screen *self = (struct money_screen *)screen;
    self->rows = rows / 2;
    if (!self->reply || !self->reply->n_rows) {
        text_draw(row, 1, COLS - 2, self->reply ? _("No refund or waiver waits for a decision.") : _("Reading…"));
        return;
    }
    describe(self);
    reader_draw(&self->reader, row + self->rows + 1, rows - self->rows - 1);
    list_draw(&self->list, row, self->rows, &rows_ops, self);
}

static void on_rows(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct money_screen *self = (struct money_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__money_proposals_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    self->told = 0;
    list_refresh(&self->list, self->reply->n_rows, &rows_ops, self);
}

static void rows_read(struct money_screen *self) {
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    if (self->base.app->top == &self->base) self->base.waits = true;
    app_ask(&self->base, "money.proposals", &nothing.base, &loket__money_proposals_reply__descriptor, on_rows);
}

static void on_decided(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    rows_read((struct money_screen *)screen);
    if (!error) app_say(screen->app, N_("Decided"), NULL);
}

static void decide(struct money_screen *self, bool approve, const char *reason) {
    const Loket__MoneyProposalRow *row = present(self);
    Loket__MoneyDecideRequest request = LOKET__MONEY_DECIDE_REQUEST__INIT;
    if (!row) return;
    request.kind = row->kind;
    request.id = row->id;
    request.approve = approve;
    request.reason = (char *)reason;
    app_write(&self->base, "money.decide", &request.base, NULL, &loket__empty__descriptor, on_decided);
}

static void approve(struct screen *screen, bool yes, const char *text) {
    (void)text;
    if (yes) decide((struct money_screen *)screen, true, "");
}

static void reject(struct screen *screen, bool yes, const char *reason) {
    if (yes) decide((struct money_screen *)screen, false, reason);
}

static void ask_decision(struct screen *screen, const Loket__MoneyProposalRow *row, int action) {
    char question[200], what[160];
    if (!row->may_decide) {
        app_complain(screen->app, N_("This is not yours to decide"), NULL);
        return;
    }
    (void)snprintf(what, sizeof what, "%s %s", kind_name(row), row->application_number);
    text_message(N_("Approve: %s?"), what, question, sizeof question);
    if (action == ACTION_MAIN) dialog_ask(screen, question, NULL, false, approve);
    else dialog_ask(screen, _("Reject this proposal: why?"), _("Reason"), true, reject);
}

static enum outcome money_action(struct screen *screen, int action) {
    struct money_screen *self = (struct money_screen *)screen;
    const Loket__MoneyProposalRow *row = present(self);
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_REFRESH) rows_read(self);
    if (row && action == ACTION_READ) bill_open(screen->app, row->application_id);
    if (row && (action == ACTION_MAIN || action == ACTION_REJECT)) ask_decision(screen, row, action);
    return REDRAW;
}

static enum outcome money_key(struct screen *screen, int key, bool pasted) {
    struct money_screen *self = (struct money_screen *)screen;
    return !pasted && self->reply && list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static void money_event(struct screen *screen, int64_t application_id) {
    (void)application_id;
    rows_read((struct money_screen *)screen);
}

static bool money_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops money_ops = {
    .title = N_("Refunds and waivers"),
    .about = N_("What waits for a second person: refunds for a head or section head, waivers for the head; never who proposed it. "
                "An application that went past its payment and is not paid any more stands here too."),
    .keys = list_keys,
    .size = sizeof(struct money_screen),
    .free = money_free,
    .draw = money_draw,
    .action = money_action,
    .key = money_key,
    .event = money_event,
    .refused = money_refused,
};

void money_proposals_open(struct app *app) {
    rows_read((struct money_screen *)app_push(app, &money_ops));
}
