/* What the stages' screens share. Which fields a stage has and what it sends is in its own file. */
#include <curses.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/entry/draft.h>
#include <tui/screen/picker.h>
#include <tui/screen/screens.h>
#include <tui/screen/signing.h>
#include <tui/screen/stage.h>
#include <tui/screen/table_rows.h>
#include <tui/screen/typed_check.h>
#include <tui/ui/dialog.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

const struct key_row stage_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("send"), N_("send what is filled in")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("the next choice of a coded field (or its first letter)")},
    {ACTION_STAGE_DOCUMENTS, "documents", "F7 ^D", N_("documents"), N_("look at the documents, or attach files (front office)")},
    {ACTION_STAGE_READ, "read", "F6 ^O", N_("read all"), N_("everything about the application, its history and control slip")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back; what was typed is kept as a draft")},
    {0, NULL, NULL, NULL, NULL},
};

static void draft_name(const struct stage *stage, char name[48]) {
    int64_t id = stage->by_inspection ? stage->task_id : stage->application_id;
    (void)snprintf(name, 48, "%s-%lld", stage->kind->draft, (long long)id);
}

static void keep_draft(struct stage *stage) {
    char name[48];
    struct draft draft = {0};
    memcpy(draft.key, stage->key, sizeof draft.key);
    for (size_t i = 0; i < stage->form.count; i++)
        if (stage->form.fields[i].code[0] && !stage->form.fields[i].read_only && stage->form.fields[i].value[0])
            draft_put(&draft, stage->form.fields[i].code, stage->form.fields[i].value);
    draft_name(stage, name);
    if (!draft_save(stage->base.app->session.username, name, &draft))
        app_complain(stage->base.app, N_("The draft can't be kept: %s"), strerror(errno));
    draft_free(&draft);
}

static void take_draft(struct stage *stage) {
    char name[48];
    struct draft draft;
    draft_name(stage, name);
    if (!draft_load(stage->base.app->session.username, name, &draft)) return;
    memcpy(stage->key, draft.key, sizeof stage->key);
    for (size_t i = 0; i < draft.count; i++) {
        struct field *field = form_find(&stage->form, draft.values[i].code);
        if (field && !field->read_only) field_set(field, draft.values[i].value);
    }
    draft_free(&draft);
    stage->base.unsaved = true;
    app_say(stage->base.app, N_("Your draft is here again"), NULL);
}

/* Reads the form's fields anew and puts back what was typed. */
static void rebuild(struct stage *stage, bool first) {
    struct form typed = stage->form;
    form_init(&stage->form);
    stage->form.check = stage_check;
    stage->form.data = stage;
    stage->kind->build(stage);
    for (size_t i = 0; i < typed.count; i++) {
        struct field *field = typed.fields[i].code[0] ? form_find(&stage->form, typed.fields[i].code) : NULL;
        if (field && !field->read_only) field_set(field, typed.fields[i].value);
    }
    form_first(&stage->form);
    if (typed.count && typed.at < stage->form.count) stage->form.at = typed.at;
    form_free(&typed);
    if (first) take_draft(stage);
}

void stage_rebuild(struct stage *stage) {
    rebuild(stage, false);
}

void stage_heading(struct stage *stage, const char *label) {
    form_add(&stage->form, "", label, FIELD_HEADING, false);
}

void stage_show(struct stage *stage, const char *label, const char *value) {
    if (!value || !*value) return;
    struct field *field = form_add(&stage->form, "", label, text_width(value) > COLS * 3 / 5 ? FIELD_MULTILINE : FIELD_TEXT, false);
    field->read_only = true;
    field_set(field, value);
}

const char *stage_value(const Loket__FieldRow *row, const char *value) {
    static char tables[2][400]; /* a caller shows an old value beside the new one */
    static unsigned turn;
    size_t size = strlen(value);
    if (strcmp(row->type, "table") == 0) {
        char *shown = tables[turn++ % 2];
        table_shown(value, row->columns, row->n_columns, shown, sizeof tables[0]);
        return shown;
    }
    for (size_t i = 0; i < row->n_choices; i++)
        if (strncmp(row->choices[i], value, size) == 0 && row->choices[i][size] == '=') return row->choices[i] + size + 1;
    return value;
}

bool stage_check(struct form *form, struct field *field, void *data) {
    (void)form;
    return typed_check(((struct stage *)data)->base.app, field);
}

char *stage_text(struct stage *stage, const char *code) {
    return (char *)form_value(&stage->form, code);
}

static void on_read(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct stage *stage = (struct stage *)screen;
    screen->waits = false;
    if (error) return;
    bool first = !stage->application && !stage->inspection;
    if (stage->by_inspection) {
        loket__inspection_open_reply__free_unpacked(stage->inspection, NULL);
        stage->inspection = app_copy(reply);
        stage->application_id = stage->inspection->application_id;
    } else {
        loket__application_open_reply__free_unpacked(stage->application, NULL);
        stage->application = app_copy(reply);
    }
    rebuild(stage, first);
}

static void read_again(struct stage *stage) {
    stage->base.waits = true; /* what is typed ahead belongs to the form that comes */
    if (stage->by_inspection) {
        Loket__InspectionOpenRequest request = LOKET__INSPECTION_OPEN_REQUEST__INIT;
        request.task_id = stage->task_id;
        app_ask(&stage->base, "inspection.open", &request.base, &loket__inspection_open_reply__descriptor, on_read);
        return;
    }
    Loket__ApplicationOpenRequest request = LOKET__APPLICATION_OPEN_REQUEST__INIT;
    request.application_id = stage->application_id;
    app_ask(&stage->base, "application.open", &request.base, &loket__application_open_reply__descriptor, on_read);
}

void stage_open(struct app *app, const struct stage_kind *kind, int64_t application_id, int64_t task_id, bool by_inspection) {
    struct stage *stage = (struct stage *)app_push(app, &kind->ops);
    stage->kind = kind;
    stage->application_id = application_id;
    stage->task_id = task_id;
    stage->by_inspection = by_inspection;
    client_key(stage->key);
    read_again(stage);
}

void stage_free(struct screen *screen) {
    struct stage *stage = (struct stage *)screen;
    form_free(&stage->form);
    loket__application_open_reply__free_unpacked(stage->application, NULL);
    loket__inspection_open_reply__free_unpacked(stage->inspection, NULL);
    loket__staff_list_reply__free_unpacked(stage->staff, NULL);
    loket__bill_open_reply__free_unpacked(stage->bill, NULL);
}

/* Near the end of a promise that counts as granted when nobody decides (fiktif positif). */
static void draw_deemed(const Loket__ApplicationOpenReply *a, int row) {
    char date[40], line[200];
    if (!a || !a->deemed_on[0]) return;
    text_date(a->deemed_on, date, sizeof date);
    text_message(N_("Counts as granted on %s unless it is decided before"), date, line, sizeof line);
    terminal_look(LOOK_WARNING);
    text_draw(row, 1, COLS - 2, line);
    terminal_look(LOOK_PLAIN);
}

void stage_draw(struct screen *screen, int row, int rows) {
    struct stage *stage = (struct stage *)screen;
    const Loket__ApplicationOpenReply *a = stage->application;
    const Loket__InspectionOpenReply *n = stage->inspection;
    char line[400], days[48];
    if (!a && !n) {
        text_draw(row, 1, COLS - 2, _("Reading…"));
        return;
    }
    text_days_left(a ? a->days_left : n->days_left, a && a->clock_stopped, days, sizeof days);
    (void)snprintf(line, sizeof line, "%s  %s  %s  (%s)", a ? a->number : n->number,
                   a ? (a->applicant ? a->applicant->name : "") : n->applicant, a ? a->permit_type : n->permit_type, days);
    terminal_look(LOOK_TITLE);
    text_draw(row, 1, COLS - 2, line);
    terminal_look(LOOK_PLAIN);
    draw_deemed(a, row + 1);
    form_draw(&stage->form, row + 2, rows - 2);
}

static void on_sent(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct stage *stage = (struct stage *)screen;
    struct app *app = screen->app;
    char name[48];
    if (error) {
        if (error->code == LOKET_STALE || error->code == LOKET_NOT_NOW) read_again(stage);
        return;
    }
    const Loket__StepReply *step = (const Loket__StepReply *)reply;
    char text[160];
    (void)snprintf(text, sizeof text, "%s: %s", step->number, text_word(step->stage_name));
    draft_name(stage, name);
    draft_delete(app->session.username, name);
    app_pop(app);
    app_say(app, N_("Done. %s"), text);
    signing_soon(app->signing);
}

void stage_write(struct stage *stage, const char *method, const ProtobufCMessage *request) {
    keep_draft(stage);
    app_write(&stage->base, method, request, stage->key, &loket__step_reply__descriptor, on_sent);
}

static void stage_send(struct stage *stage) {
    if (!stage->form.count) return;
    if (form_complete(&stage->form)) stage->kind->send(stage);
    else app_complain(stage->base.app, N_("Something is missing or wrong: see the marked field"), NULL);
}

static void note_change(struct stage *stage) {
    if (!stage->form.changed) return;
    stage->form.changed = false;
    stage->base.unsaved = true;
    keep_draft(stage);
}

void stage_shown(struct screen *screen) {
    note_change((struct stage *)screen);
}

enum outcome stage_action(struct screen *screen, int action) {
    struct stage *stage = (struct stage *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_MAIN) stage_send(stage);
    if (action == ACTION_STAGE_READ && stage->application_id) application_open(screen->app, stage->application_id);
    if (action == ACTION_STAGE_DOCUMENTS && stage->application_id) documents_open(screen->app, stage->application_id);
    if (action == ACTION_LOOK_UP && stage->form.count) {
        picker_look_up(screen, &stage->form);
        note_change(stage);
    }
    return REDRAW;
}

enum outcome stage_key(struct screen *screen, int key, bool pasted) {
    struct stage *stage = (struct stage *)screen;
    enum form_outcome outcome = form_key(&stage->form, key, pasted);
    note_change(stage);
    return outcome == FORM_UNUSED ? UNUSED : REDRAW;
}

/* "decisions.STR" is beside the field "STR": the part after the dot names it when the whole does not. */
bool stage_refused(struct screen *screen, const struct error *error) {
    struct stage *stage = (struct stage *)screen;
    const char *dot = strchr(error->field, '.');
    return table_refuse(&stage->form, error->field, screen->app->message) ||
           (dot && form_refuse(&stage->form, dot + 1, screen->app->message));
}

void stage_add_actions(struct stage *stage, const char *const *wanted) {
    const Loket__ApplicationOpenReply *a = stage->application;
    struct field *action = form_add(&stage->form, "action", _("Decision"), FIELD_CHOICE, true);
    for (; *wanted; wanted++)
        for (size_t i = 0; i < a->n_actions; i++)
            if (strcmp(a->actions[i]->action, *wanted) == 0) field_choice(action, *wanted, text_word(a->actions[i]->label));
    if (action->choice_count == 1) field_set(action, action->choices[0].code);
    struct field *reason = form_add(&stage->form, "reason", _("Reason"), FIELD_MULTILINE, false);
    reason->longest = 2000;
}
