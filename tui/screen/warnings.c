/* Whose promise runs out or is broken: for those who answer for it. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

struct warnings_screen {
    struct screen base;
    struct list list;
    Loket__WarningListReply *reply; /* owned */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_OPEN, "open", "Enter o", N_("read"), N_("everything about this application, without taking it")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t row_id(size_t index, void *data) {
    return ((const struct warnings_screen *)data)->reply->rows[index]->application_id;
}

/* Number, who holds it, stage, applicant where there is room, and how late: what a section head acts on comes first. */
static void row_draw(size_t index, int row, bool marked, void *data) {
    const struct warnings_screen *self = data;
    const Loket__WarningRow *warning = self->reply->rows[index];
    char days[48];
    int wide = COLS >= 76, rest = COLS - 14 - 18 - 16;
    (void)marked;
    text_days_left(warning->days_left, false, days, sizeof days);
    text_draw(row, 1, 12, warning->number);
    text_draw(row, 14, 17, warning->holder[0] ? warning->holder : _("nobody"));
    text_draw(row, 32, wide ? 14 : rest, text_word(warning->stage_name));
    if (wide) text_draw(row, 47, rest - 16, warning->applicant);
    if (index != self->list.at && warning->days_left < 0) terminal_look(LOOK_WARNING);
    text_draw(row, COLS - 16, 16, days);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void warnings_free(struct screen *screen) {
    struct warnings_screen *self = (struct warnings_screen *)screen;
    loket__warning_list_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
}

static void warnings_draw(struct screen *screen, int row, int rows) {
    struct warnings_screen *self = (struct warnings_screen *)screen;
    int wide = COLS >= 76;
    self->rows = rows - 1;
    terminal_look(LOOK_LABEL);
    text_draw(row, 1, 13, _("Number"));
    text_draw(row, 14, 17, _("Held by"));
    text_draw(row, 32, 14, _("Stage"));
    if (wide) text_draw(row, 47, COLS - 64, _("Applicant"));
    text_draw(row, COLS - 16, 16, _("Due"));
    terminal_look(LOOK_PLAIN);
    if (!self->reply || !self->reply->n_rows)
        text_draw(row + 2, 1, COLS - 2, self->reply ? _("No promise is in danger.") : _("Reading…"));
    else list_draw(&self->list, row + 1, self->rows, &rows_ops, self);
}

static void on_warnings(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct warnings_screen *self = (struct warnings_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__warning_list_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    list_refresh(&self->list, self->reply->n_rows, &rows_ops, self);
}

static void warnings_read(struct warnings_screen *self) {
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    app_ask(&self->base, "warning.list", &nothing.base, &loket__warning_list_reply__descriptor, on_warnings);
}

static void warnings_event(struct screen *screen, int64_t application_id) {
    (void)application_id;
    warnings_read((struct warnings_screen *)screen);
}

static void warnings_shown(struct screen *screen) {
    warnings_read((struct warnings_screen *)screen);
}

static enum outcome warnings_action(struct screen *screen, int action) {
    struct warnings_screen *self = (struct warnings_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_REFRESH) warnings_read(self);
    if (action == ACTION_OPEN && self->reply && self->list.at < self->reply->n_rows)
        application_open(screen->app, self->reply->rows[self->list.at]->application_id);
    return REDRAW;
}

static enum outcome warnings_key(struct screen *screen, int key, bool pasted) {
    struct warnings_screen *self = (struct warnings_screen *)screen;
    return !pasted && self->reply && list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static const struct screen_ops ops = {
    .title = N_("Warnings"),
    .about =
        N_("Applications whose promise runs out. The officer is warned when three quarters of the promised working time are used, "
           "the section head when the promise is broken, the head one working day later; each once for every stage. The clock "
           "stands still while the applicant is waited for."),
    .keys = keys,
    .size = sizeof(struct warnings_screen),
    .free = warnings_free,
    .draw = warnings_draw,
    .action = warnings_action,
    .key = warnings_key,
    .event = warnings_event,
    .shown = warnings_shown,
};

void warnings_open(struct app *app) {
    struct warnings_screen *self = (struct warnings_screen *)app_push(app, &ops);
    self->base.waits = true;
    warnings_read(self);
}
