/* The applicant's own data, corrected at the counter, with what it was beside it. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/applicant.h>
#include <tui/screen/screens.h>
#include <tui/screen/typed_check.h>
#include <tui/ui/dialog.h>
#include <tui/ui/form.h>
#include <tui/ui/reader.h>
#include <tui/ui/text.h>

const struct applicant_part applicant_parts[APPLICANT_PARTS] = {
#define PLACE(name) offsetof(Loket__Applicant, name)
    {"kind", N_("Person or company"), "", PLACE(kind), false, "none"},
    {"name", N_("Name"), "", PLACE(name), true, ""},
    {"nik", N_("NIK"), "nik", PLACE(nik), true, ""},
    {"npwp", N_("NPWP"), "npwp", PLACE(npwp), false, ""},
    {"nib", N_("NIB"), "nib", PLACE(nib), false, ""},
    {"responsible_name", N_("Responsible"), "", PLACE(responsible_name), true, "company"},
    {"birth_place", N_("Place of birth"), "", PLACE(birth_place), false, "person"},
    {"birth_on", N_("Date of birth"), "date", PLACE(birth_on), false, "person"},
    {"gender", N_("Sex"), "", PLACE(gender), false, "none"},
    {"address", N_("Address"), "", PLACE(address), true, ""},
    {"region", N_("Region"), "", PLACE(region), false, ""},
    {"phone", N_("Telephone"), "phone", PLACE(phone), false, ""},
    {"email", N_("E-mail"), "email", PLACE(email), false, ""},
#undef PLACE
};

static char **part_of(Loket__Applicant *applicant, size_t part) {
    return (char **)(void *)((char *)applicant + applicant_parts[part].place);
}

const char *applicant_part_value(const Loket__Applicant *applicant, size_t part) {
    return *(char *const *)(const void *)((const char *)applicant + applicant_parts[part].place);
}

struct applicant_screen {
    struct screen base;
    struct form form;
    struct reader reader;
    Loket__ApplicantOpenReply *reply; /* owned */
    int64_t application_id;
};

static const struct key_row applicant_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("correct"), N_("put the corrected data in the place of the old, after a look at both")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back without correcting")},
    {0, NULL, NULL, NULL, NULL},
};

static void applicant_free(struct screen *screen) {
    struct applicant_screen *self = (struct applicant_screen *)screen;
    form_free(&self->form);
    reader_free(&self->reader);
    loket__applicant_open_reply__free_unpacked(self->reply, NULL);
}

static void applicant_draw(struct screen *screen, int row, int rows) {
    struct applicant_screen *self = (struct applicant_screen *)screen;
    int history = rows - (int)self->form.count - 2; /* a line for what is wrong */
    if (!self->reply) {
        text_draw(row, 1, COLS - 2, _("Reading…"));
        return;
    }
    if (history < 3 || !self->reader.count) history = 0;
    if (history) reader_draw(&self->reader, row + rows - history, history);
    form_draw(&self->form, row, rows - history);
}

static bool applicant_check(struct form *form, struct field *field, void *data) {
    (void)form;
    return typed_check(data, field);
}

/* Each earlier state by what it said otherwise than the one after it. */
static void add_history(struct applicant_screen *self) {
    const Loket__Applicant *after = self->reply->applicant;
    if (self->reply->n_history) reader_add(&self->reader, LOOK_TITLE, "%s", _("History"));
    for (size_t i = 0; i < self->reply->n_history; i++) {
        const Loket__ApplicantChange *change = self->reply->history[i];
        char at[40];
        text_instant(change->at, at, sizeof at);
        reader_add(&self->reader, LOOK_PLAIN, "%s  %s  %s%s%s", at, change->officer, text_word(change->action),
                   change->reason[0] ? " - " : "", change->reason);
        for (size_t j = 0; change->before && after && j < APPLICANT_PARTS; j++)
            if (strcmp(applicant_part_value(change->before, j), applicant_part_value(after, j)) != 0)
                reader_add(&self->reader, LOOK_WARNING, "   %s: %s > %s", _(applicant_parts[j].label),
                           applicant_part_value(change->before, j), applicant_part_value(after, j));
        after = change->before;
    }
}

static void on_applicant(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct applicant_screen *self = (struct applicant_screen *)screen;
    screen->waits = false;
    if (error) return;
    self->reply = app_copy(reply);
    const Loket__Applicant *now = self->reply->applicant;
    for (size_t i = 0; i < APPLICANT_PARTS; i++) {
        char code[64];
        if (applicant_parts[i].of_kind[0] && strcmp(applicant_parts[i].of_kind, now->kind) != 0) continue;
        (void)snprintf(code, sizeof code, "applicant.%s", applicant_parts[i].code);
        bool date = strcmp(applicant_parts[i].type, "date") == 0;
        struct field *field =
            form_add(&self->form, code, _(applicant_parts[i].label), date ? FIELD_DATE : FIELD_TEXT, applicant_parts[i].required);
        if (!date) (void)snprintf(field->type, sizeof field->type, "%s", applicant_parts[i].type);
        field->longest = 400;
        field_set(field, applicant_part_value(now, i));
    }
    form_add(&self->form, "reason", _("Reason"), FIELD_TEXT, true)->longest = 500;
    form_first(&self->form);
    add_history(self);
}

/* What is typed beside what it was, as soon as they differ. */
static void note_changes(struct applicant_screen *self) {
    for (size_t i = 0; self->reply && i < APPLICANT_PARTS; i++) {
        char code[64];
        (void)snprintf(code, sizeof code, "applicant.%s", applicant_parts[i].code);
        struct field *field = form_find(&self->form, code);
        if (!field) continue;
        const char *before = applicant_part_value(self->reply->applicant, i);
        bool changed = strcmp(field->value, before) != 0;
        (void)snprintf(field->note, sizeof field->note, "%s%s%s", changed ? _("before") : "", changed ? ": " : "",
                       !changed    ? ""
                       : before[0] ? before
                                   : "-");
    }
}

static void on_corrected(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    (void)reply;
    if (error) return;
    app_pop(app);
    app_say(app, N_("Corrected"), NULL);
}

static void correct(struct screen *screen, bool yes, const char *text) {
    struct applicant_screen *self = (struct applicant_screen *)screen;
    Loket__ApplicantCorrectRequest request = LOKET__APPLICANT_CORRECT_REQUEST__INIT;
    Loket__Applicant applicant = LOKET__APPLICANT__INIT;
    (void)text;
    if (!yes) return;
    for (size_t i = 0; i < APPLICANT_PARTS; i++) {
        char code[64];
        (void)snprintf(code, sizeof code, "applicant.%s", applicant_parts[i].code);
        if (form_find(&self->form, code)) *part_of(&applicant, i) = (char *)form_value(&self->form, code);
        else if (strcmp(applicant_parts[i].code, "gender") != 0) /* a person's follows from the NIK */
            *part_of(&applicant, i) = (char *)applicant_part_value(self->reply->applicant, i);
    }
    request.application_id = self->application_id;
    request.version = self->reply->version;
    request.applicant = &applicant;
    request.reason = (char *)form_value(&self->form, "reason");
    app_write(screen, "applicant.correct", &request.base, NULL, &loket__empty__descriptor, on_corrected);
}

/* Before and after, once more, before it is sent. */
static void ask_correct(struct applicant_screen *self) {
    char question[1200];
    int used = snprintf(question, sizeof question, "%s", _("Correct this?"));
    if (!self->reply || !form_complete(&self->form)) return;
    note_changes(self);
    for (size_t i = 0; i < self->form.count && used < (int)sizeof question - 1; i++) {
        const struct field *field = &self->form.fields[i];
        if (!field->note[0]) continue;
        used += snprintf(question + used, sizeof question - (size_t)used, "\n%s: %s (%s)", field->label, field->value, field->note);
    }
    dialog_ask(&self->base, question, NULL, false, correct);
}

static enum outcome applicant_action(struct screen *screen, int action) {
    struct applicant_screen *self = (struct applicant_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_MAIN) ask_correct(self);
    return REDRAW;
}

static enum outcome applicant_key(struct screen *screen, int key, bool pasted) {
    struct applicant_screen *self = (struct applicant_screen *)screen;
    enum form_outcome outcome = form_key(&self->form, key, pasted);
    note_changes(self);
    return outcome == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool applicant_refused(struct screen *screen, const struct error *error) {
    screen->waits = false;
    return form_refuse(&((struct applicant_screen *)screen)->form, error->field, screen->app->message);
}

static const struct screen_ops applicant_ops = {
    .title = N_("The applicant's data"),
    .about =
        N_("Correct what is wrong in an applicant's data, with the reason. What it was stays in the history. It is the same record "
           "in all of the applicant's applications; documents that were made before stay as they are. Reading it is recorded."),
    .keys = applicant_keys,
    .size = sizeof(struct applicant_screen),
    .free = applicant_free,
    .draw = applicant_draw,
    .action = applicant_action,
    .key = applicant_key,
    .refused = applicant_refused,
    .typing = true,
};

void applicant_open(struct app *app, int64_t application_id) {
    struct applicant_screen *self = (struct applicant_screen *)app_push(app, &applicant_ops);
    Loket__ApplicantOpenRequest request = LOKET__APPLICANT_OPEN_REQUEST__INIT;
    self->application_id = application_id;
    form_init(&self->form);
    self->form.check = applicant_check;
    self->form.data = app;
    request.application_id = application_id;
    self->base.waits = true;
    app_ask(&self->base, "applicant.open", &request.base, &loket__applicant_open_reply__descriptor, on_applicant);
}
