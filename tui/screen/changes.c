/* Changes of issued permits: an analyst or a section head proposes one from the application, the head decides. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/picker.h>
#include <tui/screen/screens.h>
#include <tui/screen/signing.h>
#include <tui/screen/stage.h>
#include <tui/screen/table_rows.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/reader.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

/* ------------------------------------------------------------------------------------------------- proposing */

struct proposal_screen {
    struct screen base;
    struct form form;
    Loket__ApplicationOpenReply *application; /* owned */
    int64_t application_id;
};

static const struct key_row proposal_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("propose"), N_("propose it to the head")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("the next choice of a coded field (or its first letter)")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void proposal_free(struct screen *screen) {
    struct proposal_screen *self = (struct proposal_screen *)screen;
    form_free(&self->form);
    loket__application_open_reply__free_unpacked(self->application, NULL);
}

static void proposal_draw(struct screen *screen, int row, int rows) {
    struct proposal_screen *self = (struct proposal_screen *)screen;
    if (!self->application) {
        text_draw(row, 1, COLS - 2, _("Reading…"));
        return;
    }
    form_draw(&self->form, row, rows);
}

static struct field *add_correctable(struct form *form, const char *code, const char *label, const char *now) {
    char name[64];
    (void)snprintf(name, sizeof name, "fields.%.56s", code);
    struct field *field = form_add(form, name, label, FIELD_TEXT, false);
    field->longest = 1000;
    field_set(field, now);
    field_when(field, "kind", "correction");
    return field;
}

/* A file is of its application and not corrected here. */
static void add_form_field(struct form *form, const Loket__FieldRow *row) {
    if (!row->value[0] || strcmp(row->type, "file") == 0) return;
    struct field *field = add_correctable(form, row->code, row->label, row->value);
    if (strcmp(row->type, "table") == 0) table_field(field, row->columns, row->n_columns, row->min_rows, row->max_rows);
}

static void on_application(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct proposal_screen *self = (struct proposal_screen *)screen;
    static const char *const kinds[] = {"correction", "suspension", "reinstatement"};
    screen->waits = false;
    if (error) return;
    self->application = app_copy(reply);
    const Loket__ApplicationOpenReply *a = self->application;
    struct form *form = &self->form;
    char heading[160];
    (void)snprintf(heading, sizeof heading, "%s  %s", a->permit_number, a->applicant ? a->applicant->name : "");
    form_add(form, "", heading, FIELD_HEADING, false);
    struct field *kind = form_add(form, "kind", _("Change"), FIELD_CHOICE, true);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) field_choice(kind, kinds[i], text_word(kinds[i]));
    field_set(kind, strcmp(a->permit_status, "suspended") == 0 ? "reinstatement" : "correction");
    form_add(form, "reason", _("Reason"), FIELD_MULTILINE, true)->longest = 2000;
    form_add(form, "rule", _("Rule that it rests on"), FIELD_TEXT, true)->longest = 500;
    if (a->applicant) {
        add_correctable(form, "applicant.name", _("Name"), a->applicant->name);
        add_correctable(form, "applicant.birth_place", _("Place of birth"), a->applicant->birth_place);
        add_correctable(form, "applicant.address", _("Address"), a->applicant->address);
    }
    for (size_t i = 0; i < a->n_fields; i++) add_form_field(form, a->fields[i]);
    form_first(form);
}

/* What the application says of this code now. */
static const char *present_value(const Loket__ApplicationOpenReply *a, const char *code) {
    if (a->applicant && strcmp(code, "applicant.name") == 0) return a->applicant->name;
    if (a->applicant && strcmp(code, "applicant.address") == 0) return a->applicant->address;
    if (a->applicant && strcmp(code, "applicant.birth_place") == 0) return a->applicant->birth_place;
    for (size_t i = 0; i < a->n_fields; i++)
        if (strcmp(a->fields[i]->code, code) == 0) return a->fields[i]->value;
    return "";
}

static void on_proposed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    struct app *app = screen->app;
    if (error) return;
    app_pop(app);
    app_say(app, N_("Proposed: the head decides"), NULL);
}

static void propose(struct proposal_screen *self) {
    Loket__PermitProposeRequest request = LOKET__PERMIT_PROPOSE_REQUEST__INIT;
    struct form *form = &self->form;
    if (!self->application || !form_complete(form)) return;
    Loket__FieldValue *values = calloc(form->count, sizeof *values), **rows = calloc(form->count, sizeof *rows);
    if (!values || !rows) abort();
    for (size_t i = 0; i < form->count; i++) {
        const struct field *field = &form->fields[i];
        const char *code = field->code + 7;
        if (strncmp(field->code, "fields.", 7) != 0 || !form_applies(form, field)) continue;
        if (strcmp(field->value, present_value(self->application, code)) == 0) continue;
        Loket__FieldValue *value = &values[request.n_fields];
        loket__field_value__init(value);
        value->code = (char *)code;
        value->value = field->value;
        rows[request.n_fields++] = value;
    }
    request.application_id = self->application_id;
    request.kind = (char *)form_value(form, "kind");
    request.reason = (char *)form_value(form, "reason");
    request.rule = (char *)form_value(form, "rule");
    request.fields = rows;
    app_write(&self->base, "permit.propose", &request.base, NULL, &loket__empty__descriptor, on_proposed);
    free(rows);
    free(values);
}

static enum outcome proposal_action(struct screen *screen, int action) {
    struct proposal_screen *self = (struct proposal_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_MAIN) propose(self);
    if (action == ACTION_LOOK_UP) picker_look_up(screen, &self->form);
    return REDRAW;
}

static enum outcome proposal_key(struct screen *screen, int key, bool pasted) {
    return form_key(&((struct proposal_screen *)screen)->form, key, pasted) == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool proposal_refused(struct screen *screen, const struct error *error) {
    struct form *form = &((struct proposal_screen *)screen)->form;
    return table_refuse(form, error->field, screen->app->message) || form_refuse(form, "kind", screen->app->message);
}

static const struct screen_ops proposal_ops = {
    .title = N_("Change of a permit"),
    .about = N_("Correct, suspend or reinstate an issued permit (it is revoked from the register of permits). You propose it with "
                "the reason and the rule, the head decides; "
                "what was issued before stays in the archive. A correction makes a new version of the permit, signed anew."),
    .keys = proposal_keys,
    .size = sizeof(struct proposal_screen),
    .free = proposal_free,
    .draw = proposal_draw,
    .action = proposal_action,
    .key = proposal_key,
    .refused = proposal_refused,
    .typing = true,
};

void proposal_open(struct app *app, int64_t application_id) {
    struct proposal_screen *self = (struct proposal_screen *)app_push(app, &proposal_ops);
    Loket__ApplicationOpenRequest request = LOKET__APPLICATION_OPEN_REQUEST__INIT;
    self->application_id = application_id;
    self->base.waits = true;
    form_init(&self->form);
    request.application_id = application_id;
    app_ask(&self->base, "application.open", &request.base, &loket__application_open_reply__descriptor, on_application);
}

/* -------------------------------------------------------------------------------------------------- deciding */

enum { ACTION_REJECT = ACTION_OWN, ACTION_READ };

struct changes_screen {
    struct screen base;
    struct list list;
    struct reader reader;
    Loket__PermitChangesReply *reply; /* owned */
    size_t told;                      /* the row that the reader shows, from 1 */
    int rows;
};

static const struct key_row changes_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("approve"), N_("approve the change in this row (head)")},
    {ACTION_REJECT, "reject", "F9 x", N_("reject"), N_("reject it, with the reason (head)")},
    {ACTION_READ, "read", "F6 Enter", N_("read all"), N_("everything about the application")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t change_id(size_t index, void *data) {
    return ((const struct changes_screen *)data)->reply->changes[index]->change_id;
}

static void change_draw(size_t index, int row, bool marked, void *data) {
    const Loket__PermitChangeRow *change = ((const struct changes_screen *)data)->reply->changes[index];
    (void)marked;
    int third = (COLS - 16) / 2;
    text_draw(row, 1, 13, text_word(change->kind));
    text_draw(row, 15, third, change->number);
    text_draw(row, 15 + third, COLS - 15 - third, change->applicant);
}

static const struct list_ops change_rows = {change_id, change_draw};

static void changes_free(struct screen *screen) {
    struct changes_screen *self = (struct changes_screen *)screen;
    loket__permit_changes_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
    reader_free(&self->reader);
}

static const Loket__PermitChangeRow *present(const struct changes_screen *self) {
    return self->reply && self->list.at < self->reply->n_changes ? self->reply->changes[self->list.at] : NULL;
}

/* The row's own words below the list: old beside new. */
static void describe(struct changes_screen *self) {
    const Loket__PermitChangeRow *change = present(self);
    char at[40];
    if (!change || self->told == self->list.at + 1) return;
    self->told = self->list.at + 1;
    reader_free(&self->reader);
    text_instant(change->proposed_at, at, sizeof at);
    reader_add(&self->reader, LOOK_PLAIN, "%s: %s, %s", _("Proposed by"), change->proposed_by, at);
    reader_pair(&self->reader, _("Reason"), change->reason);
    reader_pair(&self->reader, _("Rule that it rests on"), change->rule);
    for (size_t i = 0; i < change->n_fields; i++) {
        const Loket__FieldRow *field = change->fields[i];
        const char *label = strcmp(field->code, "applicant.name") == 0          ? _("Name")
                            : strcmp(field->code, "applicant.address") == 0     ? _("Address")
                            : strcmp(field->code, "applicant.birth_place") == 0 ? _("Place of birth")
                                                                                : field->label;
        reader_add(&self->reader, LOOK_WARNING, "%s: %s (%s: %s)", label, stage_value(field, field->value), _("before"),
                   field->old_value[0] ? stage_value(field, field->old_value) : "-");
    }
}

static void changes_draw(struct screen *screen, int row, int rows) {
    struct changes_screen *self = (struct changes_screen *)screen;
    self->rows = rows / 2;
    if (!self->reply || !self->reply->n_changes) {
        text_draw(row, 1, COLS - 2, self->reply ? _("No change waits for a decision.") : _("Reading…"));
        return;
    }
    describe(self);
    reader_draw(&self->reader, row + self->rows + 1, rows - self->rows - 1);
    list_draw(&self->list, row, self->rows, &change_rows, self);
}

static void on_changes(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct changes_screen *self = (struct changes_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__permit_changes_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    self->told = 0;
    list_refresh(&self->list, self->reply->n_changes, &change_rows, self);
}

static void changes_read(struct changes_screen *self) {
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    self->base.waits = true;
    app_ask(&self->base, "permit.changes", &nothing.base, &loket__permit_changes_reply__descriptor, on_changes);
}

static void on_decided(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    changes_read((struct changes_screen *)screen);
    if (error) return;
    app_say(screen->app, N_("Decided"), NULL);
    signing_soon(screen->app->signing);
}

static void decide(struct changes_screen *self, bool approve, const char *reason) {
    const Loket__PermitChangeRow *change = present(self);
    Loket__PermitDecideRequest request = LOKET__PERMIT_DECIDE_REQUEST__INIT;
    if (!change) return;
    request.change_id = change->change_id;
    request.approve = approve;
    request.reason = (char *)reason;
    app_write(&self->base, "permit.decide", &request.base, NULL, &loket__empty__descriptor, on_decided);
}

static void approve(struct screen *screen, bool yes, const char *text) {
    (void)text;
    if (yes) decide((struct changes_screen *)screen, true, "");
}

static void reject(struct screen *screen, bool yes, const char *reason) {
    if (yes) decide((struct changes_screen *)screen, false, reason);
}

static enum outcome changes_action(struct screen *screen, int action) {
    struct changes_screen *self = (struct changes_screen *)screen;
    const Loket__PermitChangeRow *change = present(self);
    char question[200], number[120];
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_REFRESH) changes_read(self);
    if (!change) return REDRAW;
    (void)snprintf(number, sizeof number, "%s %s", text_word(change->kind), change->number);
    text_message(N_("Approve: %s?"), number, question, sizeof question);
    if (action == ACTION_MAIN) dialog_ask(screen, question, NULL, false, approve);
    if (action == ACTION_REJECT) dialog_ask(screen, _("Reject this change: why?"), _("Reason"), true, reject);
    if (action == ACTION_READ) application_open(screen->app, change->application_id);
    return REDRAW;
}

static enum outcome changes_key(struct screen *screen, int key, bool pasted) {
    struct changes_screen *self = (struct changes_screen *)screen;
    if (pasted || !self->reply) return UNUSED;
    return list_key(&self->list, key, self->rows, &change_rows, self) ? REDRAW : UNUSED;
}

static void changes_event(struct screen *screen, int64_t application_id) {
    (void)application_id;
    changes_read((struct changes_screen *)screen);
}

static const struct screen_ops changes_ops = {
    .title = N_("Changes of permits"),
    .about = N_("Corrections, suspensions and reinstatements that wait for the head. Nobody decides what they proposed."),
    .keys = changes_keys,
    .size = sizeof(struct changes_screen),
    .free = changes_free,
    .draw = changes_draw,
    .action = changes_action,
    .key = changes_key,
    .event = changes_event,
};

void changes_open(struct app *app) {
    changes_read((struct changes_screen *)app_push(app, &changes_ops));
}
