/* The payment stage: the treasurer confirms what the bank received. The amount of the bill is never typed. */
#include <stdio.h>
#include <stdlib.h>
#include <tui/screen/bill.h>
#include <tui/screen/screens.h>
#include <tui/screen/stage.h>
#include <tui/ui/text.h>

enum { ACTION_WAIVER = ACTION_STAGE, ACTION_REFUND };

static const struct key_row payment_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("send"), N_("record the payment; when all is paid the application goes on")},
    {ACTION_WAIVER, "waiver", "F8 ^V", N_("waiver"), N_("propose to waive the levy in part or whole: the head decides")},
    {ACTION_REFUND, "refund", "F9 ^R", N_("refund"), N_("propose to give a payment back: a head or section head decides")},
    {ACTION_STAGE_DOCUMENTS, "documents", "F7 ^D", NULL, N_("the bill as a document")},
    {ACTION_STAGE_READ, "read", "F6 ^O", N_("read all"), N_("everything about the application, its history and control slip")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back; what was typed is kept as a draft")},
    {0, NULL, NULL, NULL, NULL},
};

static void on_bill(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct stage *stage = (struct stage *)screen;
    screen->waits = false;
    if (error) return;
    loket__bill_open_reply__free_unpacked(stage->bill, NULL);
    stage->bill = app_copy(reply);
    stage->bill_version = stage->application->version;
    stage_rebuild(stage);
}

static void read_bill(struct stage *stage) {
    Loket__BillOpenRequest request = LOKET__BILL_OPEN_REQUEST__INIT;
    request.application_id = stage->application_id;
    stage->base.waits = true; /* what is typed ahead belongs to the fields that come */
    app_ask(&stage->base, "bill.open", &request.base, &loket__bill_open_reply__descriptor, on_bill);
}

static void put_field(void *data, const char *label, const char *value) {
    if (value) stage_show(data, label, value);
    else stage_heading(data, label);
}

static void build_payment(struct stage *stage) {
    char amount[24];
    if (!stage->bill || stage->bill_version != stage->application->version) read_bill(stage);
    if (!stage->bill) return;
    bill_tell(stage->bill, put_field, stage);
    if (!stage->bill->amount) return;
    stage_heading(stage, _("What the bank received"));
    form_add(&stage->form, "payment_reference", _("Reference of the bank"), FIELD_TEXT, true)->longest = 100;
    form_add(&stage->form, "paid_on", _("Paid on"), FIELD_DATE, true);
    struct field *field = form_add(&stage->form, "amount", _("Amount received"), FIELD_TEXT, true);
    (void)snprintf(field->type, sizeof field->type, "money");
    field->longest = 13;
    (void)snprintf(amount, sizeof amount, "%lld", (long long)stage->bill->left);
    field_set(field, amount);
}

static void send_payment(struct stage *stage) {
    Loket__PaymentConfirmRequest request = LOKET__PAYMENT_CONFIRM_REQUEST__INIT;
    request.application_id = stage->application_id;
    request.version = stage->application->version;
    request.payment_reference = stage_text(stage, "payment_reference");
    request.paid_on = stage_text(stage, "paid_on");
    request.amount = strtoll(stage_text(stage, "amount"), NULL, 10);
    stage_write(stage, "payment.confirm", &request.base);
}

static enum outcome payment_action(struct screen *screen, int action) {
    struct stage *stage = (struct stage *)screen;
    if (action == ACTION_WAIVER) waiver_open(screen->app, stage->application_id);
    else if (action == ACTION_REFUND && stage->bill) refund_open(screen->app, stage->bill);
    else return stage_action(screen, action);
    return REDRAW;
}

static const struct stage_kind payment = {
    .ops =
        STAGE_KEYS_OPS(N_("Payment"),
                       N_("Confirm what the bank received. Only what is on the bill can be asked for. A part is recorded and the "
                          "rest stays to be paid; what is too much is a credit, to be given back."),
                       payment_keys, payment_action),
    .draft = "payment",
    .build = build_payment,
    .send = send_payment,
};

void payment_open(struct app *app, int64_t application_id, int64_t task_id) {
    stage_open(app, &payment, application_id, task_id, false);
}
