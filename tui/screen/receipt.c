/* What the applicant takes home: the number, the promised date, the PIN and what it costs; or what is missing. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <tui/screen/printout.h>
#include <tui/screen/receipt.h>
#include <tui/screen/screens.h>
#include <tui/screen/viewer.h>
#include <tui/ui/text.h>

enum { ACTION_PRINT = ACTION_OWN, ACTION_WRITE, ACTION_DOCUMENTS, ACTION_PDF, ACTION_BESIDE };

struct receipt_screen {
    struct screen base;
    struct reader reader;
    char name[64], pin[8];               /* the PIN of all applications of the visit */
    int64_t application_id, document_id; /* 0: nothing was registered */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_PRINT, "print", "F9 p", N_("print"), N_("send it to the printer")},
    {ACTION_WRITE, "write", "F8 w", N_("to a file"), N_("write it to a text file")},
    {ACTION_DOCUMENTS, "documents", "F7 a", N_("documents"), N_("attach the documents that were brought")},
    {ACTION_PDF, "document", "F4 d", N_("PDF"), N_("the receipt, or the list of what is missing, as a PDF to print")},
    {ACTION_BESIDE, "beside", "F6 b", N_("further permit"), N_("a further permit for this applicant, in the same visit")},
    {ACTION_NEW, "new", "F2 n", N_("next"), N_("take in the next application")},
    {ACTION_BACK, "back", "F3 q Esc Enter", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void receipt_free(struct screen *screen) {
    reader_free(&((struct receipt_screen *)screen)->reader);
}

static void receipt_draw(struct screen *screen, int row, int rows) {
    struct receipt_screen *self = (struct receipt_screen *)screen;
    self->rows = rows;
    reader_draw(&self->reader, row, rows);
}

static enum outcome receipt_action(struct screen *screen, int action) {
    struct receipt_screen *self = (struct receipt_screen *)screen;
    struct app *app = screen->app;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_PRINT) printout_send(app, &self->reader);
    if (action == ACTION_DOCUMENTS && self->application_id) documents_open(app, self->application_id);
    if (action == ACTION_PDF && self->document_id) viewer_open(app, self->document_id);
    if (action == ACTION_WRITE) printout_write(app, &self->reader, self->name);
    if (action == ACTION_BESIDE && self->application_id && self->pin[0]) {
        int64_t application_id = self->application_id;
        char pin[8];
        memcpy(pin, self->pin, sizeof pin);
        app_pop(app);
        beside_open(app, application_id, pin);
    }
    if (action == ACTION_NEW) {
        app_pop(app);
        intake_open(app);
    }
    return REDRAW;
}

static enum outcome receipt_key(struct screen *screen, int key, bool pasted) {
    struct receipt_screen *self = (struct receipt_screen *)screen;
    return !pasted && reader_key(&self->reader, key, self->rows) ? REDRAW : UNUSED;
}

static const struct screen_ops ops = {
    .title = N_("Receipt"),
    .about = N_("Give the applicant the number and the PIN: with both, anybody can follow the application without an account. The "
                "PIN is not shown again. Nothing has to be paid that is not on it. A further permit for the same applicant (F6) "
                "has its own number, "
                "promise and decision, the same PIN, and the documents that were brought once."),
    .keys = keys,
    .size = sizeof(struct receipt_screen),
    .free = receipt_free,
    .draw = receipt_draw,
    .action = receipt_action,
    .key = receipt_key,
};

static void add_missing(struct reader *out, const Loket__IntakeSubmitReply *reply) {
    reader_add(out, LOOK_WARNING, "%s", _("Not registered yet. This is missing:"));
    for (size_t i = 0; i < reply->n_missing; i++) reader_add(out, LOOK_PLAIN, "  - %s", reply->missing[i]->name);
}

/* Everything that was applied for in this visit. */
static void add_visit(struct reader *out, const Loket__IntakeSubmitReply *reply) {
    char date[40];
    if (!reply->visit[0]) return;
    reader_add(out, LOOK_TITLE, "%s: %s", _("Visit"), reply->visit);
    for (size_t i = 0; i < reply->n_applications; i++) {
        text_date(reply->applications[i]->promised_on, date, sizeof date);
        reader_add(out, LOOK_PLAIN, "  %s  %s (%s)", reply->applications[i]->number, reply->applications[i]->permit_name, date);
    }
}

static void add_receipt(struct reader *out, const Loket__IntakeSubmitReply *reply) {
    char date[40], money[40], days[80], count[16];
    text_date(reply->promised_on, date, sizeof date);
    text_money(reply->fee, money, sizeof money);
    (void)snprintf(count, sizeof count, "%d", reply->service_days);
    text_message(N_("%s working days"), count, days, sizeof days);
    reader_add(out, LOOK_TITLE, "%s: %s", _("Number"), reply->number);
    reader_add(out, LOOK_TITLE, "%s: %s", _("PIN"), reply->pin);
    reader_add(out, LOOK_PLAIN, "%s: %s", _("Permit"), reply->permit_name);
    reader_add(out, LOOK_PLAIN, "%s: %s (%s)", _("Promised"), date, days);
    add_visit(out, reply);
    reader_add(out, LOOK_PLAIN, "%s: %s%s%s", _("To pay"), money, reply->fee ? "" : " - ", reply->fee ? "" : _("nothing"));
    reader_add(out, LOOK_PLAIN, " ");
    reader_add(out, LOOK_PLAIN, "%s", _("Follow every step with the number and the PIN: loket --track"));
}

void receipt_open(struct app *app, const Loket__IntakeSubmitReply *reply, const char *applicant) {
    struct receipt_screen *self = (struct receipt_screen *)app_push(app, &ops);
    struct reader *out = &self->reader;
    char now[40];
    text_instant(time(NULL), now, sizeof now);
    (void)snprintf(self->name, sizeof self->name, "%s", reply->n_missing ? "missing" : reply->number);
    self->application_id = reply->application_id;
    self->document_id = reply->document_id;
    (void)snprintf(self->pin, sizeof self->pin, "%s", reply->pin);
    reader_add(out, LOOK_TITLE, "%s", app->session.office_name);
    reader_add(out, LOOK_PLAIN, "%s: %s", _("Applicant"), applicant);
    if (reply->n_missing) add_missing(out, reply);
    else add_receipt(out, reply);
    reader_add(out, LOOK_PLAIN, "%s: %s, %s", _("Taken in"), now, app->session.name);
}
