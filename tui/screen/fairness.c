/* For the auditor: who left the order of work, and patterns that are worth a look; each leads to its applications. And the numbers
 * that the patterns go by, for the administrator. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tui/entry/date_entry.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/form.h>
#include <tui/ui/list.h>
#include <tui/ui/reader.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

/* ------------------------------------------------------------------------------------------------- the report */

enum { ACTION_VIEW = ACTION_OWN, ACTION_PERIOD };
enum view { VIEW_DEVIATIONS, VIEW_FINDINGS, VIEW_APPLICATIONS };

struct fairness_screen {
    struct screen base;
    struct list list;
    struct reader reader;
    Loket__FairnessReportReply *reply; /* owned */
    enum view view;
    size_t finding; /* whose applications are shown */
    size_t told;    /* the row that the reader shows, from 1 */
    char from[11], until[11];
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_OPEN, "open", "Enter", N_("open"), N_("its application; of a pattern: its applications")},
    {ACTION_VIEW, "view", "Tab f", N_("order / patterns"), N_("who left the order of work, or the patterns")},
    {ACTION_PERIOD, "period", "/ F7", N_("period"), N_("from which day until which (90 days until today)")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read it again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static const Loket__DeviationRow *deviation_at(const struct fairness_screen *self, size_t index) {
    return self->reply->deviations[index];
}

static const Loket__FindingRow *finding_at(const struct fairness_screen *self, size_t index) {
    return self->reply->findings[index];
}

static size_t row_count(const struct fairness_screen *self) {
    if (!self->reply) return 0;
    if (self->view == VIEW_DEVIATIONS) return self->reply->n_deviations;
    if (self->view == VIEW_FINDINGS) return self->reply->n_findings;
    return finding_at(self, self->finding)->n_numbers;
}

static int64_t row_id(size_t index, void *data) {
    const struct fairness_screen *self = data;
    if (self->view == VIEW_DEVIATIONS) return deviation_at(self, index)->deviation_id;
    if (self->view == VIEW_APPLICATIONS) return finding_at(self, self->finding)->application_ids[index];
    return (int64_t)index + 1;
}

static void deviation_draw(const Loket__DeviationRow *deviation, int row) {
    char at[40], forward[32];
    int third = (COLS - 27 - 14) / 2;
    text_instant(deviation->at, at, sizeof at);
    (void)snprintf(forward, sizeof forward, "+%d", deviation->places);
    text_draw(row, 1, 13, at);
    text_draw(row, 15, third, deviation->officer);
    text_draw(row, 15 + third, 12, deviation->number);
    text_draw(row, 27 + third, third, deviation->applicant);
    text_draw_right(row, COLS - 13, 12, forward);
}

/* "6 applications" and the like: what the value of each kind counts. */
static const struct {
    const char *kind, *name, *value;
} kinds[] = {
    {"same_pair", N_("same officer, same applicant"), N_("%s applications")},
    {"fast_minutes", N_("approved within minutes"), N_("%s approvals")},
    {"outside_hours", N_("decided outside office hours"), N_("%s decisions")},
    {"returns", N_("returned many times"), N_("%s times")},
    {"refusal_points", N_("refuses more than colleagues"), N_("%s points above")},
};

static void finding_words(const Loket__FindingRow *finding, const char **name, char *value, size_t size) {
    char number[16];
    (void)snprintf(number, sizeof number, "%d", finding->value);
    *name = finding->kind;
    (void)snprintf(value, size, "%s", number);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, finding->kind) != 0) continue;
        *name = _(kinds[i].name);
        text_message(kinds[i].value, number, value, size);
    }
}

static void finding_draw(const Loket__FindingRow *finding, int row) {
    const char *name;
    char value[80];
    int half = (COLS - 20) / 2;
    finding_words(finding, &name, value, sizeof value);
    text_draw(row, 1, half, name);
    text_draw(row, 1 + half, half, finding->officer);
    text_draw_right(row, COLS - 19, 18, value);
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const struct fairness_screen *self = data;
    (void)marked;
    if (self->view == VIEW_DEVIATIONS) deviation_draw(deviation_at(self, index), row);
    else if (self->view == VIEW_FINDINGS) finding_draw(finding_at(self, index), row);
    else text_draw(row, 1, COLS - 2, finding_at(self, self->finding)->numbers[index]);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void fairness_free(struct screen *screen) {
    struct fairness_screen *self = (struct fairness_screen *)screen;
    loket__fairness_report_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
    reader_free(&self->reader);
}

static void describe_deviation(struct reader *out, const Loket__DeviationRow *deviation) {
    char forward[32];
    (void)snprintf(forward, sizeof forward, "%d", deviation->places);
    reader_add(out, LOOK_PLAIN, "%s: %s (%s)", _("Taken by"), deviation->officer, text_word(deviation->role));
    reader_pair(out, _("Taken"), deviation->number);
    reader_pair(out, _("Whose applicant gained"), deviation->applicant);
    reader_pair(out, _("Next was"), deviation->next_number);
    reader_pair(out, _("Places forward"), forward);
    reader_pair(out, _("Reason"), deviation->reason[0] ? deviation->reason : _("none given"));
}

static void describe_finding(struct reader *out, const Loket__FindingRow *finding) {
    const char *name;
    char value[80];
    finding_words(finding, &name, value, sizeof value);
    reader_add(out, LOOK_TITLE, "%s", name);
    reader_pair(out, _("Officer"), finding->officer);
    reader_pair(out, _("Of"), finding->subject);
    reader_add(out, LOOK_PLAIN, "%s: %s (%s %d)", _("Found"), value, _("threshold"), finding->threshold);
    for (size_t i = 0; i < finding->n_numbers && i < 6; i++) reader_pair(out, _("Application"), finding->numbers[i]);
}

static void describe(struct fairness_screen *self) {
    if (self->told == self->list.at + 1 || self->list.at >= row_count(self)) return;
    self->told = self->list.at + 1;
    reader_free(&self->reader);
    if (self->view == VIEW_DEVIATIONS) describe_deviation(&self->reader, deviation_at(self, self->list.at));
    else describe_finding(&self->reader, finding_at(self, self->view == VIEW_FINDINGS ? self->list.at : self->finding));
}

static void draw_head(const struct fairness_screen *self, int row) {
    static const char *const names[] = {N_("Left the order"), N_("Patterns"), N_("Applications of this pattern")};
    char line[300], from[40], until[40];
    text_date(self->reply->from_on, from, sizeof from);
    text_date(self->reply->until_on, until, sizeof until);
    (void)snprintf(line, sizeof line, "%s: %d   %s - %s", _(names[self->view]),
                   self->view == VIEW_DEVIATIONS ? self->reply->total : (int)row_count(self), from, until);
    terminal_look(LOOK_TITLE);
    text_draw(row, 1, COLS - 2, line);
    terminal_look(LOOK_PLAIN);
}

static void fairness_draw(struct screen *screen, int row, int rows) {
    struct fairness_screen *self = (struct fairness_screen *)screen;
    if (!self->reply) {
        text_draw(row, 1, COLS - 2, _("Reading…"));
        return;
    }
    self->rows = rows - 10;
    draw_head(self, row);
    if (!row_count(self)) {
        text_draw(row + 2, 1, COLS - 2, _("Nothing in this period."));
        return;
    }
    describe(self);
    reader_draw(&self->reader, row + 2 + self->rows, rows - 2 - self->rows);
    list_draw(&self->list, row + 1, self->rows, &rows_ops, self);
}

static void show(struct fairness_screen *self, enum view view, size_t at) {
    self->view = view;
    self->told = 0;
    self->list.at = self->list.first = 0;
    self->list.at_id = 0;
    list_refresh(&self->list, row_count(self), &rows_ops, self);
    if (at < row_count(self)) {
        self->list.at = at;
        self->list.at_id = row_id(at, self);
    }
}

static void on_report(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct fairness_screen *self = (struct fairness_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__fairness_report_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    show(self, self->view == VIEW_APPLICATIONS ? VIEW_FINDINGS : self->view, 0);
}

static void report_read(struct fairness_screen *self) {
    Loket__FairnessReportRequest request = LOKET__FAIRNESS_REPORT_REQUEST__INIT;
    request.from_on = self->from;
    request.until_on = self->until;
    self->base.waits = true;
    app_ask(&self->base, "fairness.report", &request.base, &loket__fairness_report_reply__descriptor, on_report);
}

/* A day of the period; empty: as it comes. False when it is none, which is said. */
static bool read_day(struct app *app, const char *text, char iso[11]) {
    char today[11];
    time_t now = time(NULL);
    struct tm parts;
    const char *wrong = NULL;
    iso[0] = '\0';
    if (!*text) return true;
    if (!localtime_r(&now, &parts)) return false;
    (void)strftime(today, sizeof today, "%Y-%m-%d", &parts);
    wrong = date_read(text, day_from_iso(today), app->calendar.holidays ? &app->calendar : NULL, iso);
    if (wrong) app_complain(app, wrong, NULL);
    return !wrong;
}

static void take_until(struct screen *screen, bool yes, const char *text) {
    struct fairness_screen *self = (struct fairness_screen *)screen;
    if (yes && read_day(screen->app, text, self->until)) report_read(self);
}

static void take_from(struct screen *screen, bool yes, const char *text) {
    struct fairness_screen *self = (struct fairness_screen *)screen;
    if (yes && read_day(screen->app, text, self->from))
        dialog_ask(screen, _("Until which day? (empty: today)"), _("Until"), false, take_until);
}

static void open_row(struct fairness_screen *self) {
    if (self->list.at >= row_count(self)) return;
    if (self->view == VIEW_FINDINGS) {
        self->finding = self->list.at;
        show(self, VIEW_APPLICATIONS, 0);
        return;
    }
    application_open(self->base.app, self->view == VIEW_DEVIATIONS ? deviation_at(self, self->list.at)->application_id
                                                                   : row_id(self->list.at, self));
}

static enum outcome fairness_action(struct screen *screen, int action) {
    struct fairness_screen *self = (struct fairness_screen *)screen;
    switch (action) {
    case ACTION_BACK:
        if (self->view != VIEW_APPLICATIONS) return LEAVE;
        show(self, VIEW_FINDINGS, self->finding);
        break;
    case ACTION_OPEN: open_row(self); break;
    case ACTION_VIEW:
        if (self->reply) show(self, self->view == VIEW_DEVIATIONS ? VIEW_FINDINGS : VIEW_DEVIATIONS, 0);
        break;
    case ACTION_PERIOD:
        dialog_ask(screen, _("From which day? (empty: 90 days before the last)"), _("From"), false, take_from);
        break;
    default: report_read(self);
    }
    return REDRAW;
}

static enum outcome fairness_key(struct screen *screen, int key, bool pasted) {
    struct fairness_screen *self = (struct fairness_screen *)screen;
    if (pasted || !self->reply) return UNUSED;
    return list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static bool fairness_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Fairness"),
    .about =
        N_("Who took work before what was next, for whose gain and why; and patterns that are worth a look: the same officer and "
           "the same applicant again and again, approvals within minutes, decisions outside office hours, many returns, many "
           "refusals. A pattern is a question, not a verdict. Reading this is recorded."),
    .keys = keys,
    .size = sizeof(struct fairness_screen),
    .free = fairness_free,
    .draw = fairness_draw,
    .action = fairness_action,
    .key = fairness_key,
    .refused = fairness_refused,
};

void fairness_open(struct app *app) {
    report_read((struct fairness_screen *)app_push(app, &ops));
}

/* ------------------------------------------------------------------------------------------------- thresholds */

struct thresholds_screen {
    struct screen base;
    struct form form;
    Loket__ThresholdsReply *reply; /* owned */
};

static const struct key_row threshold_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("save"), N_("save these numbers")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back without saving")},
    {0, NULL, NULL, NULL, NULL},
};

static const struct {
    const char *code, *label;
} threshold_labels[] = {
    {"same_pair", N_("Same pair: applications")},     {"fast_minutes", N_("Approved within minutes")},
    {"outside_hours", N_("Off hours: decisions")},    {"returns", N_("Returned: times")},
    {"refusal_points", N_("Refuses more: points")},   {"refusal_decisions", N_("   from decisions on")},
    {"duplicate_score", N_("Duplicate from points")}, {"duplicate_number", N_("   equal number")},
    {"duplicate_name", N_("   equal name")},          {"duplicate_birth", N_("   equal day of birth")},
};

static void thresholds_free(struct screen *screen) {
    struct thresholds_screen *self = (struct thresholds_screen *)screen;
    form_free(&self->form);
    loket__thresholds_reply__free_unpacked(self->reply, NULL);
}

static void thresholds_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct thresholds_screen *)screen)->form, row, rows);
}

static void on_thresholds(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct thresholds_screen *self = (struct thresholds_screen *)screen;
    screen->waits = false;
    if (error) return;
    self->reply = app_copy(reply);
    for (size_t i = 0; i < self->reply->n_thresholds; i++) {
        const Loket__ThresholdRow *row = self->reply->thresholds[i];
        char code[64], value[16];
        const char *label = row->code;
        for (size_t j = 0; j < sizeof threshold_labels / sizeof threshold_labels[0]; j++)
            if (strcmp(threshold_labels[j].code, row->code) == 0) label = _(threshold_labels[j].label);
        (void)snprintf(code, sizeof code, "thresholds.%.40s", row->code);
        (void)snprintf(value, sizeof value, "%d", row->value);
        struct field *field = form_add(&self->form, code, label, FIELD_TEXT, true);
        (void)snprintf(field->note, sizeof field->note, "%d - %d (%d) %s", row->lowest, row->highest, row->standard,
                       row->changed_by);
        field_set(field, value);
    }
    form_first(&self->form);
}

static void on_saved(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    (void)reply;
    if (error) return;
    app_pop(app);
    app_say(app, N_("Saved"), NULL);
}

/* What is no number goes out as none, and is refused beside its field. */
static void thresholds_save(struct thresholds_screen *self) {
    Loket__ThresholdSaveRequest request = LOKET__THRESHOLD_SAVE_REQUEST__INIT;
    if (!self->reply || !form_complete(&self->form)) return;
    Loket__ThresholdValue *values = calloc(self->form.count + 1, sizeof *values),
                          **rows = calloc(self->form.count + 1, sizeof *rows);
    if (!values || !rows) abort();
    for (size_t i = 0; i < self->form.count; i++) {
        char *end;
        long number = strtol(self->form.fields[i].value, &end, 10);
        loket__threshold_value__init(&values[i]);
        values[i].code = self->form.fields[i].code + strlen("thresholds.");
        values[i].value = *end || number < 0 || number > INT32_MAX ? -1 : (int32_t)number;
        rows[request.n_thresholds++] = &values[i];
    }
    request.thresholds = rows;
    app_write(&self->base, "admin.threshold_save", &request.base, NULL, &loket__empty__descriptor, on_saved);
    free(rows);
    free(values);
}

static enum outcome thresholds_action(struct screen *screen, int action) {
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_MAIN) thresholds_save((struct thresholds_screen *)screen);
    return REDRAW;
}

static enum outcome thresholds_key(struct screen *screen, int key, bool pasted) {
    return form_key(&((struct thresholds_screen *)screen)->form, key, pasted) == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool thresholds_refused(struct screen *screen, const struct error *error) {
    screen->waits = false;
    return form_refuse(&((struct thresholds_screen *)screen)->form, error->field, screen->app->message);
}

static const struct screen_ops threshold_ops = {
    .title = N_("Thresholds"),
    .about =
        N_("The numbers from which on the auditor's report shows a pattern, and two records are listed as possible duplicates. "
           "Beside each: what is possible, what is usual, who changed it. Each change is in the audit log."),
    .keys = threshold_keys,
    .size = sizeof(struct thresholds_screen),
    .free = thresholds_free,
    .draw = thresholds_draw,
    .action = thresholds_action,
    .key = thresholds_key,
    .refused = thresholds_refused,
    .typing = true,
};

void thresholds_open(struct app *app) {
    struct thresholds_screen *self = (struct thresholds_screen *)app_push(app, &threshold_ops);
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    form_init(&self->form);
    self->base.waits = true;
    app_ask(&self->base, "admin.thresholds", &nothing.base, &loket__thresholds_reply__descriptor, on_thresholds);
}
