/* What waits for me: the first screen of everybody. Kept fresh by pushed events, without moving the cursor. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/screen/signing.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

enum {
    ACTION_FILTER = ACTION_OWN,
    ACTION_READ,
    ACTION_RELEASE,
    ACTION_TAKE_OVER,
    ACTION_MORE,
    ACTION_FIND,
    ACTION_GO,
    ACTION_ASSIGN,
    ACTION_NEXT
};

/* Rows that are asked for: a screenful goes over a slow line in a quarter of the time of all, and again with each event. */
enum { ROWS_FIRST = 25, ROWS_MORE = 50, ROWS_MOST = 100 };

/* The server counts no further (QueueListReply.total). */
enum { COUNTED_MOST = 500 };

/* A row that is decided with others at once. */
struct decision {
    int64_t application_id;
    int32_t version;
    const struct stage_screen *stage;
};

struct queue_screen {
    struct screen base;
    struct list list;
    Loket__QueueListReply *reply; /* owned */
    int filter;
    char text[80];
    bool searches; /* the search screen: application.search instead of queue.list */
    bool going;    /* g was pressed: the next letter names a place */
    int rows;
    int wanted;                 /* rows of a page: more once the cursor came to the end of what is there */
    char after[64];             /* what the page comes after; "" the first */
    struct decision *decisions; /* rows that are decided at once, owned */
    size_t decision_count, sent, done;
    bool writing; /* a claim or release is under way: rows that come meanwhile don't end the waiting for it */
};

static const struct {
    const char *code, *name;
} filters[] = {{"", N_("all")}, {"today", N_("today")}, {"late", N_("late")}, {"mine", N_("mine")}, {"unit", N_("unit")}};

static const struct key_row keys[] = {
    {ACTION_OPEN, "open", "Enter", N_("open"), N_("take the application and work on it")},
    {ACTION_NEW, "new", "F2 N", N_("new"), N_("take in a new application (front office)")},
    {ACTION_NEXT, "next", "n", NULL, N_("take what is next in order, without choosing")},
    {ACTION_SEARCH, "search", "/", N_("narrow"), N_("narrow the list by number or name")},
    {ACTION_FILTER, "filter", "Tab f", N_("filter"), N_("all, due today, late, mine")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back, or leave the program")},
    {ACTION_MAIN, "main", "F10 ^S", NULL, N_("approve (or initial) all marked ones; space marks, * marks all")},
    {ACTION_ASSIGN, "assign", "a", NULL, N_("give this work to somebody (section head; the filter \"unit\" shows everybody's)")},
    {ACTION_READ, "read", "o", NULL, N_("read everything about it, without taking it")},
    {ACTION_RELEASE, "release", "l", NULL, N_("let go of it: another may take it")},
    {ACTION_TAKE_OVER, "take_over", "t", NULL, N_("take it over from the colleague who has it, with a reason")},
    {ACTION_FIND, "find", "F7 s", NULL, N_("find any application by number, name, NIK, NPWP or NIB")},
    {ACTION_MORE, "more", "m", NULL, N_("the next page")},
    {ACTION_GO, "go", "g", N_("screens"), N_("and a letter: go to a screen")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t row_id(size_t index, void *data) {
    struct queue_screen *self = data;
    const Loket__QueueRow *row = self->reply->rows[index];
    return row->task_id ? row->task_id : row->application_id;
}

/* Number, applicant, permit, stage and deadline; what does not fit is left out from the least needed. */
static void row_draw(size_t index, int row, bool marked, void *data) {
    struct queue_screen *self = data;
    const Loket__QueueRow *queued = self->reply->rows[index];
    char days[48], name[300];
    int wide = COLS >= 76, name_columns = COLS - 14 - 18 - 12 - (wide ? 21 : 0);
    text_days_left(queued->days_left, queued->clock_stopped, days, sizeof days);
    size_t used = strlen(days);
    if (strcmp(queued->warning, "75") == 0) (void)snprintf(days + used, sizeof days - used, " (%s)", _("warned"));
    if (queued->outcome[0] && !queued->task_id) (void)snprintf(days, sizeof days, "%s", text_word(queued->outcome));
    (void)snprintf(name, sizeof name, "%s%s%s", queued->priority[0] ? "! " : "", queued->applicant, "");
    text_draw(row, 0, 2, marked ? "*" : "");
    text_draw(row, 2, 12, queued->number);
    text_draw(row, 14, name_columns - 1, name);
    text_draw(row, 14 + name_columns, 11, queued->permit_type);
    int column = 26 + name_columns;
    if (wide) {
        char stage[120];
        (void)snprintf(stage, sizeof stage, "%s%s%s", text_word(queued->stage_name), queued->holder[0] ? " · " : "",
                       queued->holder);
        text_draw(row, column, 20, stage);
        column += 21;
    }
    if (index != self->list.at && queued->days_left < 0 && !queued->clock_stopped) terminal_look(LOOK_WARNING);
    text_draw(row, column, COLS - column, days);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static int filter_count(const struct app *app) {
    int count = (int)(sizeof filters / sizeof filters[0]);
    return app_has_role(app, "section_head") ? count : count - 1;
}

static void queue_free(struct screen *screen) {
    struct queue_screen *self = (struct queue_screen *)screen;
    loket__queue_list_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
    free(self->decisions);
}

/* What this person has no role for is not offered. */
static bool queue_offers(const struct screen *screen, int action) {
    static const struct {
        int action;
        const char *role;
    } needs[] = {
        {ACTION_NEW, "front_office"}, {ACTION_ASSIGN, "section_head"}, {ACTION_MAIN, "head"}, {ACTION_MAIN, "section_head"}};
    bool offers = true;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        if (needs[i].action != action) continue;
        if (app_has_role(screen->app, needs[i].role)) return true;
        offers = false;
    }
    return offers;
}

static void queue_draw(struct screen *screen, int row, int rows) {
    struct queue_screen *self = (struct queue_screen *)screen;
    char line[200];
    int used = 0;
    for (int i = 0; !self->searches && i < filter_count(screen->app); i++) {
        bool here = i == self->filter;
        used += snprintf(line + used, sizeof line - (size_t)used, here ? "[%s] " : "%s ", _(filters[i].name));
    }
    int total = self->reply ? self->reply->total : 0;
    (void)snprintf(line + used, sizeof line - (size_t)used, "%s%s  %d%s", self->text[0] ? "/ " : "", self->text, total,
                   total >= COUNTED_MOST ? "+" : "");
    text_draw(row, 1, COLS - 2, line);
    self->rows = rows - 2;
    terminal_look(LOOK_LABEL);
    int wide = COLS >= 76, name_columns = COLS - 14 - 18 - 12 - (wide ? 21 : 0);
    text_draw(row + 1, 2, 12, _("Number"));
    text_draw(row + 1, 14, name_columns, _("Applicant"));
    text_draw(row + 1, 14 + name_columns, 12, _("Permit"));
    if (wide) text_draw(row + 1, 26 + name_columns, 20, _("Stage"));
    text_draw(row + 1, COLS - 18, 18, _("Due"));
    terminal_look(LOOK_PLAIN);
    if (!self->reply || !self->reply->n_rows) {
        text_draw(row + 3, 2, COLS - 4, self->reply ? _("Nothing waits here.") : screen->waits ? _("Reading…") : "");
        if (self->reply && !self->searches) places_draw(screen->app, row + 5, rows - 5);
        move(row + 2, 0);
        return;
    }
    if (self->going) {
        places_draw(screen->app, row + 2, self->rows);
        return;
    }
    list_draw(&self->list, row + 2, self->rows, &rows_ops, self);
}

static void read_anew(struct queue_screen *self);

static void on_rows(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct queue_screen *self = (struct queue_screen *)screen;
    screen->waits = self->sent < self->decision_count || self->writing;
    if (error) return;
    loket__queue_list_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    list_refresh(&self->list, self->reply ? self->reply->n_rows : 0, &rows_ops, self);
    /* the second page is done: what is left is on the first */
    if (self->after[0] && !self->list.count) read_anew(self);
}

/* Whoever decides many at once sees them all at once; a search is recorded, and so is not read again for more. */
static int rows_wanted(const struct queue_screen *self) {
    const struct app *app = self->base.app;
    if (self->searches || app_has_role(app, "head") || app_has_role(app, "section_head")) return ROWS_MOST;
    int wanted = self->wanted > self->rows ? self->wanted : self->rows;
    return wanted < ROWS_FIRST ? ROWS_FIRST : wanted < ROWS_MOST ? wanted : ROWS_MOST;
}

static void read_rows(struct queue_screen *self, const char *after) {
    char place[sizeof self->after];
    (void)snprintf(place, sizeof place, "%s", after ? after : "");
    memcpy(self->after, place, sizeof place);
    if (self->searches) {
        Loket__SearchRequest request = LOKET__SEARCH_REQUEST__INIT;
        request.text = self->text;
        request.closed = true;
        request.after = place;
        request.limit = rows_wanted(self);
        if (self->text[0]) app_ask(&self->base, "application.search", &request.base, &loket__queue_list_reply__descriptor, on_rows);
        return;
    }
    Loket__QueueListRequest request = LOKET__QUEUE_LIST_REQUEST__INIT;
    char filter[16];
    (void)snprintf(filter, sizeof filter, "%s", filters[self->filter].code);
    request.filter = filter;
    request.text = self->text;
    request.after = place;
    request.limit = rows_wanted(self);
    app_ask(&self->base, "queue.list", &request.base, &loket__queue_list_reply__descriptor, on_rows);
}

/* Rows that were asked for by a key: what is typed ahead is meant for them. */
static void read_anew(struct queue_screen *self) {
    self->base.waits = !self->searches || self->text[0];
    if (self->after[0]) list_turn(&self->list);
    read_rows(self, NULL);
}

/* The cursor is at the end of the first page: more of it is read, and what is typed meanwhile waits for it. */
static void read_further(struct queue_screen *self) {
    int wanted = rows_wanted(self);
    bool first = self->reply->n_rows && !self->after[0], ends = self->list.at + 1 == self->reply->n_rows && self->reply->next[0];
    if (!first || !ends || wanted >= ROWS_MOST) return;
    self->wanted = wanted + ROWS_MORE;
    read_anew(self);
}

static void queue_event(struct screen *screen, int64_t application_id) {
    (void)application_id;
    struct queue_screen *self = (struct queue_screen *)screen;
    if (!self->searches) read_rows(self, self->after);
}

static void queue_shown(struct screen *screen) {
    read_anew((struct queue_screen *)screen);
}

static const Loket__QueueRow *present(const struct queue_screen *self) {
    return self->reply && self->list.at < self->reply->n_rows ? self->reply->rows[self->list.at] : NULL;
}

static void write_task(struct queue_screen *self, const char *method, const char *reason, app_reply *reply);
static void claim_anyway(struct screen *screen, bool yes, const char *reason);

static void on_claimed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct queue_screen *self = (struct queue_screen *)screen;
    const Loket__QueueRow *row = present(self);
    (void)reply;
    self->writing = false;
    if (!row) return;
    if (error && error->code == LOKET_REQUIRED && strcmp(error->field, "reason") == 0) {
        /* something else is next: the office wants to know why */
        dialog_ask(screen, screen->app->message, _("Reason"), true, claim_anyway);
        return;
    }
    /* whoever comes second reads; the message line says who works on it */
    const struct stage_screen *stage = error ? NULL : stage_screen_find(screen->app, row->stage);
    if (stage) stage->open(screen->app, row->application_id, row->task_id);
    else application_open(screen->app, row->application_id);
}

static void write_task(struct queue_screen *self, const char *method, const char *reason, app_reply *reply) {
    const Loket__QueueRow *row = present(self);
    Loket__TaskRequest request = LOKET__TASK_REQUEST__INIT;
    char text[2001];
    if (!row || !row->task_id) return;
    (void)snprintf(text, sizeof text, "%s", reason);
    request.task_id = row->task_id;
    request.reason = text;
    self->writing = true;
    app_write(&self->base, method, &request.base, NULL, &loket__step_reply__descriptor, reply);
}

static void claim_anyway(struct screen *screen, bool yes, const char *reason) {
    if (yes) write_task((struct queue_screen *)screen, "task.claim", reason, on_claimed);
}

static void on_next(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    const Loket__TaskNextReply *reply = (const Loket__TaskNextReply *)answer;
    ((struct queue_screen *)screen)->writing = false;
    if (error) return;
    const struct stage_screen *stage = stage_screen_find(screen->app, reply->stage);
    if (stage) stage->open(screen->app, reply->application_id, reply->task_id);
    else application_open(screen->app, reply->application_id);
}

static void on_task_changed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct queue_screen *self = (struct queue_screen *)screen;
    (void)reply;
    self->writing = false;
    if (!error) read_rows(self, self->after);
}

static void take_over(struct screen *screen, bool yes, const char *text) {
    if (yes) write_task((struct queue_screen *)screen, "task.take_over", text, on_task_changed);
}

static void narrow(struct screen *screen, bool yes, const char *text) {
    struct queue_screen *self = (struct queue_screen *)screen;
    if (!yes) return;
    (void)snprintf(self->text, sizeof self->text, "%s", text);
    read_anew(self);
}

static void open_row(struct queue_screen *self) {
    const Loket__QueueRow *row = present(self);
    if (!row) return;
    if (row->task_id && stage_screen_find(self->base.app, row->stage)) write_task(self, "task.claim", "", on_claimed);
    else application_open(self->base.app, row->application_id);
}

static void decide_next(struct queue_screen *self);

static void on_decided(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct queue_screen *self = (struct queue_screen *)screen;
    char counts[48];
    (void)reply;
    self->done += error == NULL;
    self->sent++;
    screen->waits = self->sent < self->decision_count;
    if (screen->waits) {
        decide_next(self);
        return;
    }
    (void)snprintf(counts, sizeof counts, "%zu", self->done);
    if (!error) app_say(screen->app, N_("Done: %s"), counts);
    signing_soon(screen->app->signing);
    list_unmark(&self->list);
    read_rows(self, NULL);
}

/* One after the other, in the order of the queue: what comes later is not taken before what comes first. */
static void decide_next(struct queue_screen *self) {
    const struct decision *next = &self->decisions[self->sent];
    Loket__StepRequest request = LOKET__STEP_REQUEST__INIT;
    request.application_id = next->application_id;
    request.version = next->version;
    request.action = (char *)next->stage->action;
    app_write(&self->base, next->stage->method, &request.base, NULL, &loket__step_reply__descriptor, on_decided);
}

/* Each row is a step of its own: what can't be decided is refused by itself and stays, the others go on. */
static void decide_marked(struct screen *screen, bool yes, const char *text) {
    struct queue_screen *self = (struct queue_screen *)screen;
    (void)text;
    if (!yes || !self->reply) return;
    free(self->decisions);
    self->sent = self->done = self->decision_count = 0;
    self->decisions = calloc(self->reply->n_rows + 1, sizeof *self->decisions);
    if (!self->decisions) abort();
    for (size_t i = 0; i < self->reply->n_rows; i++) {
        const Loket__QueueRow *row = self->reply->rows[i];
        const struct stage_screen *stage = stage_screen_find(screen->app, row->stage);
        if (!list_marked(&self->list, row->task_id) || !stage || !stage->method) continue;
        self->decisions[self->decision_count++] = (struct decision){row->application_id, row->version, stage};
    }
    if (self->decision_count) decide_next(self);
}

static void ask_marked(struct queue_screen *self) {
    const Loket__QueueRow *row = present(self);
    const struct stage_screen *stage = row ? stage_screen_find(self->base.app, row->stage) : NULL;
    char count[24], question[200];
    if (!stage || !stage->method || !self->list.marked_count) {
        app_complain(self->base.app, N_("Mark with space what is to be decided at once"), NULL);
        return;
    }
    (void)snprintf(count, sizeof count, "%zu", self->list.marked_count);
    text_message(stage->question, count, question, sizeof question);
    dialog_ask(&self->base, question, NULL, false, decide_marked);
}

static void take_next(struct queue_screen *self) {
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    self->writing = true;
    app_write(&self->base, "task.next", &nothing.base, NULL, &loket__task_next_reply__descriptor, on_next);
}

static enum outcome queue_action(struct screen *screen, int action) {
    struct queue_screen *self = (struct queue_screen *)screen;
    const Loket__QueueRow *row = present(self);
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_OPEN: open_row(self); break;
    case ACTION_NEXT: take_next(self); break;
    case ACTION_READ:
        if (row) application_open(screen->app, row->application_id);
        break;
    case ACTION_SEARCH:
        dialog_ask(screen, _("Show only what has this in its number or name (empty: all)"), _("Text"), false, narrow);
        break;
    case ACTION_FILTER:
        self->filter = (self->filter + 1) % filter_count(screen->app);
        read_anew(self);
        break;
    case ACTION_MAIN: ask_marked(self); break;
    case ACTION_ASSIGN:
        if (row && row->task_id && app_has_role(screen->app, "section_head")) assign_open(screen->app, row->task_id, row->role);
        break;
    case ACTION_RELEASE: write_task(self, "task.release", "", on_task_changed); break;
    case ACTION_TAKE_OVER:
        if (row && row->task_id) dialog_ask(screen, _("Take it over: why?"), _("Reason"), true, take_over);
        break;
    case ACTION_MORE:
        if (!self->reply || !self->reply->next[0]) break;
        list_turn(&self->list);
        read_rows(self, self->reply->next);
        break;
    case ACTION_NEW:
        if (app_has_role(screen->app, "front_office")) intake_open(screen->app);
        else app_complain(screen->app, N_("Only the front office takes in applications"), NULL);
        break;
    case ACTION_FIND: search_open(screen->app); break;
    case ACTION_GO: self->going = screen->wants_key = true; break;
    default: read_anew(self);
    }
    return REDRAW;
}

static enum outcome queue_key(struct screen *screen, int key, bool pasted) {
    struct queue_screen *self = (struct queue_screen *)screen;
    if (pasted) return UNUSED;
    if (self->going) {
        self->going = false;
        if (key == 'g') return list_key(&self->list, KEY_FUNCTION | KEY_HOME, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
        for (const struct place *place = places; place->name; place++)
            if (place->letter == key && place_offered(screen->app, place)) {
                place->open(screen->app);
                return HANDLED;
            }
        return UNUSED;
    }
    if (!self->reply) return UNUSED;
    if (!list_key(&self->list, key, self->rows, &rows_ops, self)) return UNUSED;
    read_further(self);
    return REDRAW;
}

static const struct screen_ops ops = {
    .title = N_("My queue"),
    .about = N_("What waits for you, the most urgent first. Opening an application takes it: others can read it, and only you can "
                "work on it until you let go of it. Work is taken in order: n takes what is next; who takes another says why."),
    .keys = keys,
    .size = sizeof(struct queue_screen),
    .free = queue_free,
    .draw = queue_draw,
    .offers = queue_offers,
    .action = queue_action,
    .key = queue_key,
    .event = queue_event,
    .shown = queue_shown,
};

static const struct screen_ops search_ops = {
    .title = N_("Find an application"),
    .about =
        N_("Any application of the office, also what is in the archive: by its number, the permit's number, part of a name, or a "
           "whole NIK, NPWP or NIB."),
    .keys = keys,
    .size = sizeof(struct queue_screen),
    .free = queue_free,
    .draw = queue_draw,
    .offers = queue_offers,
    .action = queue_action,
    .key = queue_key,
    .event = queue_event,
};

/* The office's working days, for dates that are typed; once, with the first screen. */
static void on_calendar(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    if (error) return;
    loket__calendar_reply__free_unpacked(app->calendar_reply, NULL);
    app->calendar_reply = app_copy(reply);
    if (!app->calendar_reply) return;
    app->calendar = (struct calendar){app->calendar_reply->weekly_off, (const char *const *)app->calendar_reply->holidays_on,
                                      app->calendar_reply->n_holidays_on};
}

void queue_open(struct app *app) {
    struct queue_screen *self = (struct queue_screen *)app_push(app, &ops);
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    read_anew(self);
    app_ask(&self->base, "catalogue.calendar", &nothing.base, &loket__calendar_reply__descriptor, on_calendar);
}

void search_open(struct app *app) {
    struct queue_screen *self = (struct queue_screen *)app_push(app, &search_ops);
    self->searches = true;
    dialog_ask(&self->base, _("Number, name, NIK, NPWP or NIB (at least 3 characters)"), _("Text"), true, narrow);
}
