/* Who is away, from when to when, and who has their role meanwhile: for oneself; for others by a section head or the administrator.
 */
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

/* ------------------------------------------------------------------------------------------------- recording one */

struct absence_screen {
    struct screen base;
    struct form form;
    char person[24]; /* whose delegates the form has */
};

static const struct key_row absence_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("record"), N_("record this absence")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("the next choice of a coded field (or its first letter)")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back without recording")},
    {0, NULL, NULL, NULL, NULL},
};

static void absence_free(struct screen *screen) {
    form_free(&((struct absence_screen *)screen)->form);
}

static void absence_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct absence_screen *)screen)->form, row, rows);
}

static bool absence_check(struct form *form, struct field *field, void *data) {
    (void)form;
    return typed_check(data, field);
}

static void forget_choices(struct field *field) {
    for (size_t i = 0; i < field->choice_count; i++) {
        free(field->choices[i].code);
        free(field->choices[i].label);
    }
    field->choice_count = 0;
    field_set(field, "");
}

/* The people, once; and the delegates of the one who was asked about, each "id:role". */
static void on_people(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct absence_screen *self = (struct absence_screen *)screen;
    const Loket__AbsencePeopleReply *reply = (const Loket__AbsencePeopleReply *)answer;
    char code[64], label[240];
    screen->waits = false;
    if (error) return;
    struct field *person = form_find(&self->form, "user_id");
    for (size_t i = person->choice_count; i < reply->n_people; i++) { /* all of them, the first time */
        (void)snprintf(code, sizeof code, "%lld", (long long)reply->people[i]->user_id);
        field_choice(person, code, reply->people[i]->name);
    }
    struct field *delegate = form_find(&self->form, "delegate_id");
    forget_choices(delegate);
    field_choice(delegate, "", "-");
    for (size_t i = 0; i < reply->n_delegates; i++) {
        const Loket__PersonRow *row = reply->delegates[i];
        (void)snprintf(code, sizeof code, "%lld:%s", (long long)row->user_id, row->role);
        (void)snprintf(label, sizeof label, "%s (%s)", row->name, text_word(row->role));
        field_choice(delegate, code, label);
    }
}

static void ask_people(struct absence_screen *self) {
    Loket__AbsencePeopleRequest request = LOKET__ABSENCE_PEOPLE_REQUEST__INIT;
    (void)snprintf(self->person, sizeof self->person, "%s", form_value(&self->form, "user_id"));
    request.user_id = strtoll(self->person, NULL, 10);
    self->base.waits = true;
    app_ask(&self->base, "absence.people", &request.base, &loket__absence_people_reply__descriptor, on_people);
}

static void on_recorded(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    (void)reply;
    if (error) return;
    app_pop(app);
    app_say(app, N_("Recorded"), NULL);
}

static void record(struct absence_screen *self) {
    Loket__AbsenceSaveRequest request = LOKET__ABSENCE_SAVE_REQUEST__INIT;
    struct form *form = &self->form;
    if (!form_complete(form)) return;
    const char *delegate = form_value(form, "delegate_id"), *colon = strchr(delegate, ':');
    request.user_id = strtoll(form_value(form, "user_id"), NULL, 10);
    request.from_on = (char *)form_value(form, "from_on");
    request.until_on = (char *)form_value(form, "until_on");
    request.reason = (char *)form_value(form, "reason");
    request.delegate_id = strtoll(delegate, NULL, 10);
    request.role = colon ? (char *)colon + 1 : (char *)"";
    request.decree = (char *)form_value(form, "decree");
    app_write(&self->base, "absence.save", &request.base, NULL, &loket__absence_save_reply__descriptor, on_recorded);
}

/* Another person has other delegates. */
static enum outcome follow(struct absence_screen *self, bool known) {
    if (strcmp(self->person, form_value(&self->form, "user_id")) != 0) ask_people(self);
    return known ? REDRAW : UNUSED;
}

static enum outcome absence_action(struct screen *screen, int action) {
    struct absence_screen *self = (struct absence_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_MAIN) record(self);
    if (action == ACTION_LOOK_UP) picker_look_up(screen, &self->form);
    return action == ACTION_MAIN ? REDRAW : follow(self, true);
}

static enum outcome absence_key(struct screen *screen, int key, bool pasted) {
    struct absence_screen *self = (struct absence_screen *)screen;
    return follow(self, form_key(&self->form, key, pasted) != FORM_UNUSED);
}

static void absence_shown(struct screen *screen) {
    (void)follow((struct absence_screen *)screen, true);
}

static bool absence_refused(struct screen *screen, const struct error *error) {
    struct form *form = &((struct absence_screen *)screen)->form;
    screen->waits = false;
    return form_refuse(form, error->field, screen->app->message) ||
           (strcmp(error->field, "role") == 0 && form_refuse(form, "delegate_id", screen->app->message));
}

static const struct screen_ops absence_ops = {
    .title = N_("Absence"),
    .about =
        N_("While somebody is away they are given no work. A delegate has one of their roles for these days, may go on with what "
           "they had begun, and everything is recorded on behalf of them. A head's delegate is named by a decree. The delegate "
           "gets the role at the next login."),
    .keys = absence_keys,
    .size = sizeof(struct absence_screen),
    .free = absence_free,
    .draw = absence_draw,
    .action = absence_action,
    .key = absence_key,
    .shown = absence_shown,
    .refused = absence_refused,
    .typing = true,
};

static void absence_open(struct app *app) {
    struct absence_screen *self = (struct absence_screen *)app_push(app, &absence_ops);
    struct form *form = &self->form;
    char own[24];
    form_init(form);
    form->check = absence_check;
    form->data = app;
    (void)snprintf(own, sizeof own, "%lld", (long long)app->session.user_id);
    struct field *person = form_add(form, "user_id", _("Who"), FIELD_CHOICE, true);
    field_set(person, own);
    person->read_only = !app_has_role(app, "section_head") && !app_has_role(app, "admin");
    form_add(form, "from_on", _("From"), FIELD_DATE, true);
    form_add(form, "until_on", _("Until (included)"), FIELD_DATE, true);
    form_add(form, "reason", _("Reason"), FIELD_TEXT, true)->longest = 500;
    form_add(form, "delegate_id", _("Delegate"), FIELD_CHOICE, false);
    struct field *decree = form_add(form, "decree", _("Decree (of a head's delegate)"), FIELD_TEXT, false);
    decree->longest = 100;
    field_when(decree, "delegate_id", "!");
    form_first(form);
    ask_people(self);
}

/* ------------------------------------------------------------------------------------------------- the list */

enum { ACTION_END = ACTION_OWN };

struct absences_screen {
    struct screen base;
    struct list list;
    struct reader reader;
    Loket__AbsenceListReply *reply; /* owned */
    size_t told;                    /* the row that the reader shows, from 1 */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_NEW, "new", "F2 n", N_("new"), N_("record an absence")},
    {ACTION_END, "end", "F8 x", N_("end it"), N_("back earlier, or recorded by mistake: it ends now")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t row_id(size_t index, void *data) {
    return ((const struct absences_screen *)data)->reply->absences[index]->absence_id;
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const Loket__AbsenceRow *absence = ((const struct absences_screen *)data)->reply->absences[index];
    char from[40], until[40];
    int name = COLS - 1 - 26 - 12;
    (void)marked;
    text_date(absence->from_on, from, sizeof from);
    text_date(absence->until_on, until, sizeof until);
    text_draw(row, 1, name, absence->name);
    text_draw(row, 1 + name, 13, from);
    text_draw(row, 14 + name, 13, until);
    text_draw(row, 27 + name, COLS - 27 - name, text_word(absence->state));
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void absences_free(struct screen *screen) {
    struct absences_screen *self = (struct absences_screen *)screen;
    loket__absence_list_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
    reader_free(&self->reader);
}

static const Loket__AbsenceRow *present(const struct absences_screen *self) {
    return self->reply && self->list.at < self->reply->n_absences ? self->reply->absences[self->list.at] : NULL;
}

static void describe(struct absences_screen *self) {
    const Loket__AbsenceRow *absence = present(self);
    if (!absence || self->told == self->list.at + 1) return;
    self->told = self->list.at + 1;
    reader_free(&self->reader);
    reader_pair(&self->reader, _("Reason"), absence->reason);
    if (absence->delegate[0])
        reader_add(&self->reader, LOOK_PLAIN, "%s: %s (%s)", _("Delegate"), absence->delegate, text_word(absence->role));
    reader_pair(&self->reader, _("Decree"), absence->decree);
    reader_pair(&self->reader, _("Recorded by"), absence->recorded_by);
}

static void absences_draw(struct screen *screen, int row, int rows) {
    struct absences_screen *self = (struct absences_screen *)screen;
    self->rows = rows - 6;
    if (!self->reply || !self->reply->n_absences) {
        text_draw(row, 1, COLS - 2, self->reply ? _("Nobody is away.") : _("Reading…"));
        return;
    }
    describe(self);
    reader_draw(&self->reader, row + self->rows + 1, rows - self->rows - 1);
    list_draw(&self->list, row, self->rows, &rows_ops, self);
}

static void on_absences(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct absences_screen *self = (struct absences_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__absence_list_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    self->told = 0;
    list_refresh(&self->list, self->reply->n_absences, &rows_ops, self);
}

static void absences_read(struct absences_screen *self) {
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    self->base.waits = true;
    app_ask(&self->base, "absence.list", &nothing.base, &loket__absence_list_reply__descriptor, on_absences);
}

static void on_ended(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    absences_read((struct absences_screen *)screen);
    if (!error) app_say(screen->app, N_("Ended"), NULL);
}

static void end(struct screen *screen, bool yes, const char *text) {
    const Loket__AbsenceRow *absence = present((struct absences_screen *)screen);
    Loket__AbsenceEndRequest request = LOKET__ABSENCE_END_REQUEST__INIT;
    (void)text;
    if (!yes || !absence) return;
    request.absence_id = absence->absence_id;
    app_write(screen, "absence.end", &request.base, NULL, &loket__empty__descriptor, on_ended);
}

static enum outcome absences_action(struct screen *screen, int action) {
    struct absences_screen *self = (struct absences_screen *)screen;
    const Loket__AbsenceRow *absence = present(self);
    char question[300];
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_NEW: absence_open(screen->app); break;
    case ACTION_END:
        if (!absence || !absence->may_end) {
            app_complain(screen->app, N_("This absence is over, or not yours to end"), NULL);
            break;
        }
        text_message(N_("Is %s back? The delegate's power ends, too."), absence->name, question, sizeof question);
        dialog_ask(screen, question, NULL, false, end);
        break;
    default: absences_read(self);
    }
    return REDRAW;
}

static enum outcome absences_key(struct screen *screen, int key, bool pasted) {
    struct absences_screen *self = (struct absences_screen *)screen;
    if (pasted || !self->reply) return UNUSED;
    return list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static void absences_shown(struct screen *screen) {
    absences_read((struct absences_screen *)screen);
}

static const struct screen_ops ops = {
    .title = N_("Absence"),
    .about =
        N_("When you are away, and who has your role meanwhile. A section head records it for the people whose work they give, the "
           "administrator for anybody. No work is given to who is away."),
    .keys = keys,
    .size = sizeof(struct absences_screen),
    .free = absences_free,
    .draw = absences_draw,
    .action = absences_action,
    .key = absences_key,
    .shown = absences_shown,
};

void absences_open(struct app *app) {
    absences_read((struct absences_screen *)app_push(app, &ops));
}
