/* Everything about one application, to read; and its control slip (kartu kendali), to print. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/own_data.h>
#include <tui/screen/printout.h>
#include <tui/screen/screens.h>
#include <tui/screen/stage.h>
#include <tui/screen/table_rows.h>
#include <tui/ui/dialog.h>
#include <tui/ui/reader.h>
#include <tui/ui/text.h>

enum {
    ACTION_SLIP = ACTION_OWN,
    ACTION_PRINT,
    ACTION_PAPER,
    ACTION_WITHDRAW,
    ACTION_DOCUMENTS,
    ACTION_CHANGE,
    ACTION_BILL,
    ACTION_APPLICANT,
    ACTION_REVEAL,
    ACTION_EXPORT,
    ACTION_BESIDE,
    ACTION_ERASE
};

struct application_screen {
    struct screen base;
    struct reader reader;
    int64_t application_id;
    char number[32];
    int rows, version;
    bool slip; /* the control slip is shown instead */
};

static const struct key_row keys[] = {
    {ACTION_SLIP, "slip", "F6 c", N_("control slip"), N_("who had it, from when to when, in working time")},
    {ACTION_DOCUMENTS, "documents", "F4 d", N_("documents"), N_("its documents: look, attach, reprint, certify")},
    {ACTION_CHANGE, "change", "F2 h", NULL, N_("correct, suspend or reinstate its permit (analyst, section head)")},
    {ACTION_BILL, "bill", "F11 b", NULL, N_("its bill and payments (treasurer, analyst, section head, head, auditor, manager)")},
    {ACTION_APPLICANT, "applicant", "F12 a", NULL, N_("correct the applicant's data (front office)")},
    {ACTION_REVEAL, "reveal", "w", NULL, N_("see the identity numbers whole, for a reason that is recorded")},
    {ACTION_EXPORT, "export", "x", NULL, N_("all that the office knows of the applicant, as files for them (front office)")},
    {ACTION_ERASE, "erase", "E", NULL,
     N_("propose that the applicant's data is erased, at their request: a head decides (front office, archivist)")},
    {ACTION_BESIDE, "beside", "m", NULL, N_("a further permit in the same visit, today: asks for the PIN (front office)")},
    {ACTION_PRINT, "print", "F8 p", N_("print"), N_("write what is shown to a text file")},
    {ACTION_PAPER, "paper", "F9 P", NULL, N_("send what is shown to the printer")},
    {ACTION_WITHDRAW, "withdraw", "F7 W", NULL, N_("withdraw it for the applicant, with the reason (front office)")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read it again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void application_free(struct screen *screen) {
    reader_free(&((struct application_screen *)screen)->reader);
}

static void application_draw(struct screen *screen, int row, int rows) {
    struct application_screen *self = (struct application_screen *)screen;
    self->rows = rows;
    reader_draw(&self->reader, row, rows);
}

static void add_head(struct reader *out, const Loket__ApplicationOpenReply *a) {
    char date[40], days[48], money[40], line[200];
    text_date(a->promised_on, date, sizeof date);
    text_days_left(a->days_left, a->clock_stopped, days, sizeof days);
    text_money(a->fee, money, sizeof money);
    reader_add(out, LOOK_TITLE, "%s  %s", a->number, a->permit_name);
    reader_add(out, LOOK_PLAIN, "%s: %s%s%s", _("Stage"), text_word(a->stage_name), a->holder[0] ? " · " : "", a->holder);
    if (a->outcome[0]) reader_add(out, LOOK_PLAIN, "%s: %s", _("Outcome"), text_word(a->outcome));
    reader_add(out, LOOK_PLAIN, "%s: %s (%s)", _("Promised"), date, a->outcome[0] ? text_word(a->outcome) : days);
    if (a->deemed_on[0]) {
        text_date(a->deemed_on, date, sizeof date);
        text_message(N_("Counts as granted on %s unless it is decided before"), date, line, sizeof line);
        reader_add(out, LOOK_WARNING, "%s", line);
    }
    reader_add(out, LOOK_PLAIN, "%s: %s", _("To pay"), money);
    reader_pair(out, _("Location"), a->location);
    reader_pair(out, _("Renews or changes"), a->previous_permit);
    reader_pair(out, _("Number of the permit"), a->permit_number);
    if (a->permit_status[0])
        reader_add(out, strcmp(a->permit_status, "current") == 0 ? LOOK_PLAIN : LOOK_WARNING, "%s: %s", _("Permit"),
                   text_word(a->permit_status));
    if (strcmp(a->permit_status, "") != 0) reader_pair(out, _("Code to check it by"), a->permit_code);
    if (a->permit_valid_until_on[0]) {
        text_date(a->permit_valid_until_on, date, sizeof date);
        reader_pair(out, _("Valid until"), date);
    }
}

static void add_applicant(struct reader *out, const Loket__Applicant *p) {
    if (!p) return;
    reader_add(out, LOOK_PLAIN, " ");
    reader_add(out, LOOK_TITLE, "%s", _("Applicant"));
    reader_pair(out, _("Name"), p->name);
    reader_pair(out, _("NIK"), p->nik);
    reader_pair(out, _("NPWP"), p->npwp);
    reader_pair(out, _("NIB"), p->nib);
    reader_pair(out, _("Responsible"), p->responsible_name);
    reader_pair(out, _("Address"), p->address);
    reader_pair(out, _("Telephone"), p->phone);
    reader_pair(out, _("E-mail"), p->email);
}

static void add_table(struct reader *out, const Loket__FieldRow *f) {
    char line[1000];
    if (strcmp(f->type, "table") != 0) return;
    for (size_t i = 0;; i++) {
        table_row_shown(f->value, i, f->columns, f->n_columns, line, sizeof line);
        if (!line[0]) return;
        reader_add(out, LOOK_PLAIN, "  %zu. %s", i + 1, line);
    }
}

static void add_documents(struct reader *out, const Loket__ApplicationOpenReply *a) {
    reader_add(out, LOOK_PLAIN, " ");
    reader_add(out, LOOK_TITLE, "%s", _("Requirements"));
    for (size_t i = 0; i < a->n_requirements; i++) {
        const Loket__RequirementRow *r = a->requirements[i];
        if (!r->present) continue;
        reader_add(out, strcmp(r->status, "refused") == 0 ? LOOK_WARNING : LOOK_PLAIN, "[%s] %s%s%s%s%s", text_word(r->status),
                   r->name, r->document_number[0] ? " · " : "", r->document_number, r->reason[0] ? " - " : "", r->reason);
    }
    reader_add(out, LOOK_PLAIN, " ");
    reader_add(out, LOOK_TITLE, "%s", _("Form"));
    for (size_t i = 0; i < a->n_fields; i++) {
        const Loket__FieldRow *f = a->fields[i];
        if (!f->value[0]) continue;
        if (f->changed)
            reader_add(out, LOOK_WARNING, "%s: %s (%s: %s)", f->label, stage_value(f, f->value), _("before"),
                       stage_value(f, f->old_value));
        else reader_pair(out, f->label, stage_value(f, f->value));
        add_table(out, f);
    }
}

static void add_revocation(struct reader *out, const Loket__ApplicationOpenReply *a) {
    if (!a->revoke_asked_by[0]) return;
    reader_add(out, LOOK_PLAIN, " ");
    reader_add(out, LOOK_TITLE, "%s: %s", _("Revocation of a permit"), a->previous_permit);
    reader_pair(out, _("Asked by"), text_word(a->revoke_asked_by));
    reader_pair(out, _("Reason"), a->revoke_reason);
    reader_pair(out, _("Rule that it rests on"), a->revoke_rule);
}

static void add_inspections(struct reader *out, const Loket__ApplicationOpenReply *a) {
    for (size_t i = 0; i < a->n_inspections; i++) {
        const Loket__InspectionRow *n = a->inspections[i];
        reader_add(out, LOOK_PLAIN, " ");
        reader_add(out, LOOK_TITLE, "%s: %s [%s]", _("Inspection"), n->unit_name, text_word(n->status));
        for (size_t j = 0; j < n->n_surveyors; j++) reader_pair(out, _("Surveyor"), n->surveyors[j]);
        reader_pair(out, _("Recommendation"), n->recommendation[0] ? _(n->recommendation) : "");
        reader_pair(out, _("Findings"), n->findings);
        reader_pair(out, _("Conditions"), n->conditions);
    }
}

static void add_decision(struct reader *out, const Loket__ApplicationOpenReply *a) {
    if (a->proposal[0] || a->return_note[0]) reader_add(out, LOOK_PLAIN, " ");
    reader_pair(out, _("Returned with"), a->return_note);
    reader_pair(out, _("Proposal"), a->proposal[0] ? _(a->proposal) : "");
    reader_pair(out, _("Considerations"), a->considerations);
    reader_pair(out, _("Conditions"), a->conditions);
    reader_pair(out, _("Reason of the decision"), a->decision_reason);
    reader_pair(out, _("Rule"), a->decision_rule);
    for (size_t i = 0; i < a->n_bill; i++) {
        char money[40];
        text_money(a->bill[i]->amount, money, sizeof money);
        reader_add(out, LOOK_PLAIN, "%s: %s = %s (%s)", a->bill[i]->item, a->bill[i]->arithmetic, money, a->bill[i]->legal_basis);
    }
    reader_pair(out, _("Classification"), a->classification);
    if (a->room[0]) reader_add(out, LOOK_PLAIN, "%s: %s / %s / %s / %s", _("Place"), a->room, a->shelf, a->box, a->folder);
}

static void add_history(struct reader *out, const Loket__ApplicationOpenReply *a) {
    reader_add(out, LOOK_PLAIN, " ");
    reader_add(out, LOOK_TITLE, "%s", _("History"));
    for (size_t i = 0; i < a->n_history; i++) {
        const Loket__HistoryRow *h = a->history[i];
        char at[40], who[300];
        text_instant(h->at, at, sizeof at);
        (void)snprintf(who, sizeof who, h->on_behalf_of[0] ? "%s %s %s" : "%s", h->actor, _("on behalf of"), h->on_behalf_of);
        reader_add(out, LOOK_PLAIN, "%s  %s  %s%s%s%s%s", at, who, text_word(h->action), h->to_stage_name[0] ? " > " : "",
                   text_word(h->to_stage_name), h->reason[0] ? " - " : "", h->reason);
    }
}

static void on_application(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct application_screen *self = (struct application_screen *)screen;
    screen->waits = false;
    if (error) return;
    const Loket__ApplicationOpenReply *a = (const Loket__ApplicationOpenReply *)reply;
    size_t first = self->reader.first;
    reader_free(&self->reader);
    (void)snprintf(self->number, sizeof self->number, "%s", a->number);
    self->version = a->version;
    add_head(&self->reader, a);
    add_applicant(&self->reader, a->applicant);
    add_revocation(&self->reader, a);
    add_documents(&self->reader, a);
    add_inspections(&self->reader, a);
    add_decision(&self->reader, a);
    add_history(&self->reader, a);
    self->reader.first = first;
}

/* Of all stays in a stage; with the applicant's time they add up to the whole. */
static void add_stages(struct reader *out, const Loket__ApplicationCustodyReply *slip) {
    reader_add(out, LOOK_PLAIN, " ");
    reader_add(out, LOOK_TITLE, "%s", _("Time of each stage"));
    for (size_t i = 0; i < slip->n_stages; i++) {
        const Loket__StageTimeRow *stage = slip->stages[i];
        char limit[64] = "", days[48];
        text_days_left(stage->days, false, days, sizeof days);
        if (stage->days) (void)snprintf(limit, sizeof limit, "  (%s: %s)", _("of"), days);
        reader_add(out, LOOK_PLAIN, "%3d:%02d  %s%s", stage->minutes / 60, stage->minutes % 60, text_word(stage->stage_name),
                   limit);
    }
    reader_add(out, LOOK_PLAIN, "%3d:%02d  %s", slip->applicant_minutes / 60, slip->applicant_minutes % 60,
               _("the applicant's, in which the clock stood"));
}

static void on_custody(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct application_screen *self = (struct application_screen *)screen;
    screen->waits = false;
    if (error) return;
    const Loket__ApplicationCustodyReply *slip = (const Loket__ApplicationCustodyReply *)reply;
    reader_free(&self->reader);
    reader_add(&self->reader, LOOK_TITLE, "%s %s", _("Control slip"), slip->number);
    for (size_t i = 0; i < slip->n_rows; i++) {
        const Loket__CustodyRow *row = slip->rows[i];
        char from[40], until[40];
        text_instant(row->begin_at, from, sizeof from);
        text_instant(row->end_at, until, sizeof until);
        reader_add(&self->reader, LOOK_PLAIN, "%-14s - %-14s  %2d:%02d  %s%s%s  %s", from, row->end_at ? until : _("now"),
                   row->working_minutes / 60, row->working_minutes % 60, text_word(row->stage_name), row->unit[0] ? " " : "",
                   row->unit, row->holder[0] ? row->holder : text_word(row->reason));
    }
    add_stages(&self->reader, slip);
    reader_add(&self->reader, LOOK_TITLE, "%s: %d:%02d", _("Working time that counts (hours:minutes)"), slip->total_minutes / 60,
               slip->total_minutes % 60);
}

static void application_read(struct application_screen *self) {
    Loket__ApplicationOpenRequest request = LOKET__APPLICATION_OPEN_REQUEST__INIT;
    request.application_id = self->application_id;
    if (self->base.app->top == &self->base) self->base.waits = true;
    if (self->slip)
        app_ask(&self->base, "application.custody", &request.base, &loket__application_custody_reply__descriptor, on_custody);
    else app_ask(&self->base, "application.open", &request.base, &loket__application_open_reply__descriptor, on_application);
}

static void print(struct application_screen *self) {
    char name[64];
    (void)snprintf(name, sizeof name, "%s%s", self->number, self->slip ? "-slip" : "");
    printout_write(self->base.app, &self->reader, name);
}

static void on_withdrawn(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    application_read((struct application_screen *)screen);
    if (!error) app_say(screen->app, N_("Withdrawn"), NULL);
}

static void withdraw(struct screen *screen, bool yes, const char *reason) {
    struct application_screen *self = (struct application_screen *)screen;
    Loket__IntakeWithdrawRequest request = LOKET__INTAKE_WITHDRAW_REQUEST__INIT;
    if (!yes) return;
    request.application_id = self->application_id;
    request.version = self->version;
    request.reason = (char *)reason;
    app_write(screen, "intake.withdraw", &request.base, NULL, &loket__step_reply__descriptor, on_withdrawn);
}

static void reveal(struct screen *screen, bool yes, const char *reason) {
    Loket__ApplicantRevealRequest request = LOKET__APPLICANT_REVEAL_REQUEST__INIT;
    if (!yes) return;
    request.application_id = ((struct application_screen *)screen)->application_id;
    request.reason = (char *)reason;
    app_ask(screen, "applicant.reveal", &request.base, &loket__applicant_reveal_reply__descriptor, own_data_reveal);
}

static void export(struct screen *screen, bool yes, const char *reason) {
    Loket__ApplicantExportRequest request = LOKET__APPLICANT_EXPORT_REQUEST__INIT;
    if (!yes) return;
    request.application_id = ((struct application_screen *)screen)->application_id;
    request.reason = (char *)reason;
    app_ask(screen, "applicant.export", &request.base, &loket__applicant_export_reply__descriptor, own_data_export);
}

static void on_proposed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    application_read((struct application_screen *)screen);
    if (!error) app_say(screen->app, N_("Proposed: the head decides"), NULL);
}

static void propose_erasure(struct screen *screen, bool yes, const char *reason) {
    if (yes) erasure_propose(screen, ((struct application_screen *)screen)->application_id, "request", reason, on_proposed);
}

static void beside(struct screen *screen, bool yes, const char *pin) {
    if (yes) beside_open(screen->app, ((struct application_screen *)screen)->application_id, pin);
}

static enum outcome application_action(struct screen *screen, int action) {
    struct application_screen *self = (struct application_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_PRINT) print(self);
    if (action == ACTION_SLIP) self->slip = !self->slip;
    if (action == ACTION_DOCUMENTS) documents_open(screen->app, self->application_id);
    if (action == ACTION_CHANGE && (app_has_role(screen->app, "analyst") || app_has_role(screen->app, "section_head")))
        proposal_open(screen->app, self->application_id);
    if (action == ACTION_BILL) bill_open(screen->app, self->application_id);
    if (action == ACTION_APPLICANT && app_has_role(screen->app, "front_office")) applicant_open(screen->app, self->application_id);
    if (action == ACTION_REVEAL) dialog_ask(screen, _("The numbers whole: what for? It is recorded."), _("Reason"), true, reveal);
    if (action == ACTION_EXPORT && app_has_role(screen->app, "front_office"))
        dialog_ask(screen, _("Everything of this applicant, as files: who asks, and how are they known?"), _("Reason"), true,
                   export);
    if (action == ACTION_ERASE && (app_has_role(screen->app, "front_office") || app_has_role(screen->app, "archivist")))
        dialog_ask(screen, _("Erase the applicant's data: how did they ask? Write no name, it stays."), _("Reason"), true,
                   propose_erasure);
    if (action == ACTION_BESIDE && app_has_role(screen->app, "front_office"))
        dialog_ask(screen, _("A further permit of this applicant: the PIN of the receipt?"), _("PIN"), true, beside);
    if (action == ACTION_PAPER) printout_send(screen->app, &self->reader);
    if (action == ACTION_WITHDRAW && app_has_role(screen->app, "front_office"))
        dialog_ask(screen, _("The applicant withdraws: why?"), _("Reason"), true, withdraw);
    if (action == ACTION_SLIP || action == ACTION_REFRESH) application_read(self);
    return REDRAW;
}

static enum outcome application_key(struct screen *screen, int key, bool pasted) {
    struct application_screen *self = (struct application_screen *)screen;
    return !pasted && reader_key(&self->reader, key, self->rows) ? REDRAW : UNUSED;
}

static void application_event(struct screen *screen, int64_t application_id) {
    struct application_screen *self = (struct application_screen *)screen;
    if (application_id == self->application_id) application_read(self);
}

static const struct screen_ops ops = {
    .title = N_("Application"),
    .about = N_("Everything about this application. Reading it is recorded. Identity numbers are masked, but for who takes the "
                "application in or "
                "checks it just now; whoever needs one says what for."),
    .keys = keys,
    .size = sizeof(struct application_screen),
    .free = application_free,
    .draw = application_draw,
    .action = application_action,
    .key = application_key,
    .event = application_event,
};

void application_open(struct app *app, int64_t application_id) {
    struct application_screen *self = (struct application_screen *)app_push(app, &ops);
    self->application_id = application_id;
    application_read(self);
}
