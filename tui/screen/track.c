/* The applicant's own look at the application: number and PIN, no account. */
#include <curses.h>
#include <stdio.h>
#include <tui/screen/screens.h>
#include <tui/ui/form.h>
#include <tui/ui/reader.h>
#include <tui/ui/text.h>

struct track_screen {
    struct screen base;
    struct form form;
    struct reader reader;
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("show"), N_("show where the application is")},
    {ACTION_BACK, "back", "F3 Esc ^C", N_("quit"), N_("leave")},
    {0, NULL, NULL, NULL, NULL},
};

static void track_free(struct screen *screen) {
    struct track_screen *self = (struct track_screen *)screen;
    form_free(&self->form);
    reader_free(&self->reader);
}

static void track_draw(struct screen *screen, int row, int rows) {
    struct track_screen *self = (struct track_screen *)screen;
    int fields = (int)self->form.count + 2;
    self->rows = rows - fields;
    reader_draw(&self->reader, row + fields, self->rows);
    form_draw(&self->form, row, fields - 1);
}

static void add_steps(struct reader *out, const Loket__PublicTrackReply *reply) {
    reader_add(out, LOOK_PLAIN, " ");
    for (size_t i = 0; i < reply->n_steps; i++) {
        char at[40];
        text_instant(reply->steps[i]->at, at, sizeof at);
        reader_add(out, LOOK_PLAIN, "%s  %s", at, text_word(reply->steps[i]->step));
    }
}

static void add_returned(struct reader *out, const Loket__PublicTrackReply *reply) {
    if (!reply->n_returned && !reply->return_note[0]) return;
    reader_add(out, LOOK_WARNING, "%s %s", _("Please bring:"), reply->return_note);
    for (size_t i = 0; i < reply->n_returned; i++) reader_add(out, LOOK_PLAIN, "  - %s", reply->returned[i]->name);
}

/* What is to be paid, paid and left, by when and with which reference; or that it is nothing, in words. */
static void add_money(struct reader *out, const Loket__PublicTrackReply *reply) {
    char money[40], date[40];
    text_money(reply->fee, money, sizeof money);
    if (reply->fee_unknown) reader_pair(out, _("To pay"), _("not known yet"));
    else if (!reply->fee) reader_add(out, LOOK_PLAIN, "%s: %s", _("To pay"), _("Rp 0, there is nothing to pay"));
    else reader_pair(out, _("To pay"), money);
    if (reply->fee_paid) {
        text_money(reply->fee_paid, money, sizeof money);
        reader_pair(out, _("Paid"), money);
        text_money(reply->fee_left, money, sizeof money);
        reader_pair(out, _("Left to pay"), money);
    }
    if (!reply->payment_reference[0]) return;
    text_date(reply->due_on, date, sizeof date);
    reader_pair(out, _("To be paid by"), date);
    reader_pair(out, _("Payment reference"), reply->payment_reference);
}

/* A visit's code shows all its applications; each has the same PIN. */
static void add_visit(struct reader *out, const Loket__PublicTrackReply *reply) {
    char date[40];
    reader_add(out, LOOK_TITLE, "%s: %s", _("Visit"), reply->visit);
    for (size_t i = 0; i < reply->n_applications; i++) {
        const Loket__VisitRow *row = reply->applications[i];
        text_date(row->promised_on, date, sizeof date);
        reader_add(out, LOOK_PLAIN, " ");
        reader_add(out, LOOK_TITLE, "%s  %s", row->number, row->permit_name);
        reader_add(out, LOOK_PLAIN, "%s: %s", _("Stage"), text_word(row->stage_name));
        if (row->outcome[0]) reader_pair(out, _("Outcome"), text_word(row->outcome));
        else reader_pair(out, _("Promised"), date);
    }
    reader_add(out, LOOK_PLAIN, " ");
    reader_add(out, LOOK_PLAIN, "%s", _("Type one of these numbers, with the same PIN, for every step of it."));
}

static void on_tracked(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct track_screen *self = (struct track_screen *)screen;
    const Loket__PublicTrackReply *reply = (const Loket__PublicTrackReply *)answer;
    struct reader *out = &self->reader;
    char date[40], days[64], line[300];
    screen->waits = false;
    if (error) return;
    reader_free(out);
    if (!reply->number[0]) {
        (void)form_refuse(&self->form, "number", _("There is no application with this number and this PIN"));
        return;
    }
    if (reply->n_applications) {
        add_visit(out, reply);
        return;
    }
    text_date(reply->promised_on, date, sizeof date);
    text_days_left(reply->days_left, reply->clock_stopped, days, sizeof days);
    reader_add(out, LOOK_TITLE, "%s  %s", reply->number, reply->permit_name);
    reader_add(out, LOOK_PLAIN, "%s: %s", _("Stage"), text_word(reply->stage_name));
    reader_pair(out, _("Outcome"), text_word(reply->outcome));
    reader_pair(out, _("Number of the permit"), reply->permit_number);
    if (!reply->outcome[0]) reader_add(out, LOOK_PLAIN, "%s: %s (%s)", _("Promised"), date, days);
    if (reply->erased_on[0]) {
        text_date(reply->erased_on, date, sizeof date);
        text_message(N_("The personal data of this was erased on %s. That it was there, and its steps, stay."), date, line,
                     sizeof line);
        reader_add(out, LOOK_PLAIN, "%s", line);
    } else add_money(out, reply);
    add_returned(out, reply);
    add_steps(out, reply);
}

static void track(struct track_screen *self) {
    Loket__PublicTrackRequest request = LOKET__PUBLIC_TRACK_REQUEST__INIT;
    if (!form_complete(&self->form)) return;
    request.office = (char *)form_value(&self->form, "office");
    request.number = (char *)form_value(&self->form, "number");
    request.pin = (char *)form_value(&self->form, "pin");
    self->base.waits = true;
    app_ask(&self->base, "public.track", &request.base, &loket__public_track_reply__descriptor, on_tracked);
}

static enum outcome track_action(struct screen *screen, int action) {
    if (action == ACTION_BACK) return LEAVE;
    track((struct track_screen *)screen);
    return REDRAW;
}

static enum outcome track_key(struct screen *screen, int key, bool pasted) {
    struct track_screen *self = (struct track_screen *)screen;
    if (!pasted && (key == (KEY_FUNCTION | KEY_NPAGE) || key == (KEY_FUNCTION | KEY_PPAGE)))
        return reader_key(&self->reader, key, self->rows) ? REDRAW : UNUSED;
    enum form_outcome outcome = form_key(&self->form, key, pasted);
    if (outcome == FORM_LAST) track(self);
    return outcome == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool track_refused(struct screen *screen, const struct error *error) {
    screen->waits = false;
    return form_refuse(&((struct track_screen *)screen)->form, error->field, screen->app->message);
}

static const struct screen_ops ops = {
    .title = N_("Follow an application"),
    .about = N_("Type the number and the PIN of the receipt to see every step. It costs nothing, and nobody needs to be asked."),
    .keys = keys,
    .size = sizeof(struct track_screen),
    .free = track_free,
    .draw = track_draw,
    .action = track_action,
    .key = track_key,
    .refused = track_refused,
    .typing = true,
};

void track_open(struct app *app) {
    struct track_screen *self = (struct track_screen *)app_push(app, &ops);
    form_init(&self->form);
    if (app->office && *app->office) field_set(form_add(&self->form, "office", _("Office"), FIELD_TEXT, false), app->office);
    form_add(&self->form, "number", _("Number"), FIELD_TEXT, true);
    form_add(&self->form, "pin", _("PIN"), FIELD_TEXT, true)->longest = 6;
    self->form.at = self->form.count - 2;
}
