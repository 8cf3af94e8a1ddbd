/* The office's calendar: days off, half days and office hours, changed by the administrator, read by the auditor. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/picker.h>
#include <tui/screen/screens.h>
#include <tui/screen/typed_check.h>
#include <tui/ui/dialog.h>
#include <tui/ui/form.h>
#include <tui/ui/list.h>
#include <tui/ui/text.h>

enum { ACTION_REMOVE = ACTION_OWN, ACTION_HOURS, ACTION_NEXT_YEAR, ACTION_LAST_YEAR };

struct calendar_screen {
    struct screen base;
    struct list list;
    Loket__CalendarYearReply *reply; /* owned */
    int32_t year;                    /* 0: this one */
    int rows;
};

/* Of a day, or of the week's hours. */
struct change_screen {
    struct screen base;
    struct form form;
    char was_on[11];
};

static const char *const weekdays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
static const char *const weekday_labels[] = {N_("Monday"), N_("Tuesday"),  N_("Wednesday"), N_("Thursday"),
                                             N_("Friday"), N_("Saturday"), N_("Sunday")};

/* ------------------------------------------------------------------------------------------------- changing */

static const struct key_row change_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("save"), N_("save it; promises follow at once")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("the next choice of a coded field (or its first letter)")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back without saving")},
    {0, NULL, NULL, NULL, NULL},
};

static void change_free(struct screen *screen) {
    form_free(&((struct change_screen *)screen)->form);
}

static void change_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct change_screen *)screen)->form, row, rows);
}

static void say_moved(struct app *app, const Loket__CalendarChangeReply *reply) {
    char count[16];
    (void)snprintf(count, sizeof count, "%d", reply->moved);
    app_say(app, N_("Saved. Promises that moved: %s"), count);
}

static void on_saved(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    if (error) return;
    app_pop(app);
    say_moved(app, (const Loket__CalendarChangeReply *)reply);
}

static void day_send(struct change_screen *self) {
    Loket__CalendarDaySaveRequest request = LOKET__CALENDAR_DAY_SAVE_REQUEST__INIT;
    struct form *form = &self->form;
    request.day_on = (char *)form_value(form, "day_on");
    request.kind = (char *)form_value(form, "kind");
    request.name = (char *)form_value(form, "name");
    request.opens = (char *)form_value(form, "opens");
    request.closes = (char *)form_value(form, "closes");
    request.was_on = self->was_on;
    app_write(&self->base, "calendar.day_save", &request.base, NULL, &loket__calendar_change_reply__descriptor, on_saved);
}

static void hours_send(struct change_screen *self) {
    Loket__CalendarHoursSaveRequest request = LOKET__CALENDAR_HOURS_SAVE_REQUEST__INIT;
    char **const days[] = {&request.monday, &request.tuesday,  &request.wednesday, &request.thursday,
                           &request.friday, &request.saturday, &request.sunday};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) *days[i] = (char *)form_value(&self->form, weekdays[i]);
    app_write(&self->base, "calendar.hours_save", &request.base, NULL, &loket__calendar_change_reply__descriptor, on_saved);
}

static const struct screen_ops hours_ops;

static enum outcome change_action(struct screen *screen, int action) {
    struct change_screen *self = (struct change_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_LOOK_UP) picker_look_up(screen, &self->form);
    if (action != ACTION_MAIN || !form_complete(&self->form)) return REDRAW;
    if (screen->ops == &hours_ops) hours_send(self);
    else day_send(self);
    return REDRAW;
}

static enum outcome change_key(struct screen *screen, int key, bool pasted) {
    return form_key(&((struct change_screen *)screen)->form, key, pasted) == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool change_refused(struct screen *screen, const struct error *error) {
    return form_refuse(&((struct change_screen *)screen)->form, error->field, screen->app->message);
}

static bool change_check(struct form *form, struct field *field, void *data) {
    (void)form;
    return typed_check(((struct screen *)data)->app, field);
}

#define CHANGE_OPS                                                                                                                 \
    .keys = change_keys, .size = sizeof(struct change_screen), .free = change_free, .draw = change_draw, .action = change_action,  \
    .key = change_key, .refused = change_refused, .typing = true

static const struct screen_ops day_ops = {
    .title = N_("Day of the calendar"),
    .about =
        N_("A national holiday or collective leave is no working day. Half a day is one, with hours of its own. The promises of "
           "all open applications are computed again, and the change is in the audit log."),
    CHANGE_OPS,
};

static const struct screen_ops hours_ops = {
    .title = N_("Office hours"),
    .about = N_("When the office works, for each day of the week, like 08:00-12:00, 13:00-16:00. A day without hours is off every "
                "week. Hours measure how long work takes; they close nothing."),
    CHANGE_OPS,
};

static struct change_screen *change_open(struct app *app, const struct screen_ops *ops) {
    struct change_screen *self = (struct change_screen *)app_push(app, ops);
    form_init(&self->form);
    self->form.check = change_check;
    self->form.data = self;
    return self;
}

/* Asked of half a day only. */
static void add_time(struct form *form, const char *code, const char *label, const char *value) {
    struct field *field = form_add(form, code, label, FIELD_TEXT, true);
    (void)snprintf(field->type, sizeof field->type, "time");
    field_when(field, "kind", "half");
    field_set(field, value);
}

static void day_open(struct app *app, const Loket__CalendarDay *day) {
    struct change_screen *self = change_open(app, &day_ops);
    struct form *form = &self->form;
    field_set(form_add(form, "day_on", _("Day"), FIELD_DATE, true), day ? day->day_on : "");
    struct field *kind = form_add(form, "kind", _("Kind"), FIELD_CHOICE, true);
    field_choice(kind, "national", _("national holiday"));
    field_choice(kind, "collective", _("collective leave"));
    field_choice(kind, "half", _("half a day"));
    field_set(kind, day ? day->kind : "national");
    struct field *name = form_add(form, "name", _("Name"), FIELD_TEXT, true);
    name->longest = 480;
    field_set(name, day ? day->name : "");
    add_time(form, "opens", _("Opens (08:00)"), day ? day->opens : "");
    add_time(form, "closes", _("Closes (12:00)"), day ? day->closes : "");
    (void)snprintf(self->was_on, sizeof self->was_on, "%s", day ? day->day_on : "");
    form_first(form);
}

static void hours_open(struct app *app, const Loket__CalendarYearReply *reply) {
    struct change_screen *self = change_open(app, &hours_ops);
    const char *const hours[] = {reply->monday, reply->tuesday,  reply->wednesday, reply->thursday,
                                 reply->friday, reply->saturday, reply->sunday};
    for (size_t i = 0; i < sizeof hours / sizeof hours[0]; i++)
        field_set(form_add(&self->form, weekdays[i], _(weekday_labels[i]), FIELD_TEXT, false), hours[i]);
    form_first(&self->form);
}

/* -------------------------------------------------------------------------------------------------- the year */

static const struct key_row calendar_keys[] = {
    {ACTION_OPEN, "open", "Enter", N_("edit"), N_("change this day (administrator)")},
    {ACTION_NEW, "new", "F2 n", N_("new"), N_("a day off, or half a day (administrator)")},
    {ACTION_REMOVE, "remove", "F8 x", N_("remove"), N_("take this day out of the calendar (administrator)")},
    {ACTION_HOURS, "hours", "F6 h", N_("hours"), N_("office hours and the days off of every week (administrator)")},
    {ACTION_NEXT_YEAR, "next_year", "> .", N_("next year"), N_("the next year")},
    {ACTION_LAST_YEAR, "last_year", "< ,", NULL, N_("the year before")},
    {ACTION_REFRESH, "refresh", "F5 r", NULL, N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t day_id(size_t index, void *data) {
    return day_from_iso(((const struct calendar_screen *)data)->reply->days[index]->day_on);
}

static const char *kind_word(const char *kind) {
    if (strcmp(kind, "half") == 0) return _("half a day");
    return strcmp(kind, "collective") == 0 ? _("collective leave") : _("national holiday");
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const Loket__CalendarDay *day = ((const struct calendar_screen *)data)->reply->days[index];
    char date[40], name[600];
    (void)marked;
    text_date(day->day_on, date, sizeof date);
    (void)snprintf(name, sizeof name, "%s%s%s%s%s", day->name, day->opens[0] ? "  " : "", day->opens, day->opens[0] ? "-" : "",
                   day->closes);
    text_draw(row, 1, 12, _(weekday_labels[day_of_week(day_from_iso(day->day_on))]));
    text_draw_right(row, 13, 11, date);
    text_draw(row, 26, 18, kind_word(day->kind));
    text_draw(row, 45, COLS - 45, name);
}

static const struct list_ops rows_ops = {day_id, row_draw};

static void calendar_free(struct screen *screen) {
    struct calendar_screen *self = (struct calendar_screen *)screen;
    loket__calendar_year_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
}

static void hours_line(const Loket__CalendarYearReply *reply, char *out, size_t size) {
    const char *const hours[] = {reply->monday, reply->tuesday,  reply->wednesday, reply->thursday,
                                 reply->friday, reply->saturday, reply->sunday};
    size_t used = (size_t)snprintf(out, size, "%d  %s:", reply->year, _("Off every week"));
    for (size_t i = 0; i < sizeof hours / sizeof hours[0] && used < size; i++)
        if (!hours[i][0]) used += (size_t)snprintf(out + used, size - used, " %s", _(weekday_labels[i]));
}

static void calendar_draw(struct screen *screen, int row, int rows) {
    struct calendar_screen *self = (struct calendar_screen *)screen;
    char line[200];
    self->rows = rows - 2;
    if (!self->reply) {
        text_draw(row, 1, COLS - 2, _("Reading…"));
        return;
    }
    hours_line(self->reply, line, sizeof line);
    text_draw(row, 1, COLS - 2, line);
    if (!self->reply->n_days) text_draw(row + 2, 1, COLS - 2, _("No day off is in the calendar of this year."));
    else list_draw(&self->list, row + 2, self->rows, &rows_ops, self);
}

static void on_year(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct calendar_screen *self = (struct calendar_screen *)screen;
    screen->waits = false;
    if (error) {
        if (self->reply) self->year = self->reply->year;
        return;
    }
    loket__calendar_year_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    self->year = self->reply->year;
    list_refresh(&self->list, self->reply->n_days, &rows_ops, self);
}

static void calendar_read(struct calendar_screen *self) {
    Loket__CalendarYearRequest request = LOKET__CALENDAR_YEAR_REQUEST__INIT;
    request.year = self->year;
    self->base.waits = true;
    app_ask(&self->base, "calendar.year", &request.base, &loket__calendar_year_reply__descriptor, on_year);
}

static void calendar_shown(struct screen *screen) {
    calendar_read((struct calendar_screen *)screen);
}

static const Loket__CalendarDay *present(const struct calendar_screen *self) {
    return self->reply && self->list.at < self->reply->n_days ? self->reply->days[self->list.at] : NULL;
}

static void on_removed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    calendar_read((struct calendar_screen *)screen);
    if (!error) say_moved(screen->app, (const Loket__CalendarChangeReply *)reply);
}

static void remove_day(struct screen *screen, bool yes, const char *text) {
    const Loket__CalendarDay *day = present((struct calendar_screen *)screen);
    Loket__CalendarDayRemoveRequest request = LOKET__CALENDAR_DAY_REMOVE_REQUEST__INIT;
    (void)text;
    if (!yes || !day) return;
    request.day_on = day->day_on;
    app_write(screen, "calendar.day_remove", &request.base, NULL, &loket__calendar_change_reply__descriptor, on_removed);
}

static void ask_removal(struct screen *screen, const Loket__CalendarDay *day) {
    char date[40], what[600], question[700];
    text_date(day->day_on, date, sizeof date);
    (void)snprintf(what, sizeof what, "%s, %.500s", date, day->name);
    text_message(N_("Take it out of the calendar: %s?"), what, question, sizeof question);
    dialog_ask(screen, question, NULL, false, remove_day);
}

/* What only the administrator does. */
static void change(struct calendar_screen *self, int action) {
    struct app *app = self->base.app;
    const Loket__CalendarDay *day = present(self);
    if (action == ACTION_NEW) day_open(app, NULL);
    if (action == ACTION_HOURS && self->reply) hours_open(app, self->reply);
    if (action == ACTION_OPEN && day) day_open(app, day);
    if (action == ACTION_REMOVE && day) ask_removal(&self->base, day);
}

static enum outcome calendar_action(struct screen *screen, int action) {
    struct calendar_screen *self = (struct calendar_screen *)screen;
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_NEXT_YEAR:
    case ACTION_LAST_YEAR:
        if (!self->reply) break;
        self->year = self->reply->year + (action == ACTION_NEXT_YEAR ? 1 : -1);
        calendar_read(self);
        break;
    case ACTION_REFRESH: calendar_read(self); break;
    default:
        if (app_has_role(screen->app, "admin")) change(self, action);
        else app_complain(screen->app, N_("Only the administrator changes the calendar"), NULL);
    }
    return REDRAW;
}

static enum outcome calendar_key(struct screen *screen, int key, bool pasted) {
    struct calendar_screen *self = (struct calendar_screen *)screen;
    return !pasted && self->reply && list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static bool calendar_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Working days"),
    .about =
        N_("The days on which the office does not work, and half days. Promises count working days: a change moves the promises of "
           "all open applications at once, never what the applicant's pauses added, and is in the audit log."),
    .keys = calendar_keys,
    .size = sizeof(struct calendar_screen),
    .free = calendar_free,
    .draw = calendar_draw,
    .action = calendar_action,
    .key = calendar_key,
    .refused = calendar_refused,
    .shown = calendar_shown,
};

void calendar_open(struct app *app) {
    calendar_read((struct calendar_screen *)app_push(app, &ops));
}
