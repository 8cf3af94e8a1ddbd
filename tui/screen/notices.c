/* Notices to applicants: which did not go out and why, and sending one again. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/reader.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

enum { ACTION_FILTER = ACTION_OWN };

struct notices_screen {
    struct screen base;
    struct list list;
    struct reader reader;
    Loket__NoticeListReply *reply; /* owned */
    size_t filter, told;           /* `told`: the row that the reader shows, from 1 */
    int rows;
};

static const struct {
    const char *code, *name, *none;
} filters[] = {{"failed", N_("failed"), N_("No notice failed.")},
               {"waiting", N_("waiting"), N_("No notice waits.")},
               {"sent", N_("sent"), N_("No notice was sent yet.")}};
#define FILTERS (sizeof filters / sizeof filters[0])

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("send again"), N_("send the notice in this row again, to the applicant's present address")},
    {ACTION_OPEN, "open", "Enter o", N_("read"), N_("everything about its application (not for an administrator)")},
    {ACTION_FILTER, "filter", "Tab f", N_("filter"), N_("failed, waiting, sent")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static const Loket__NoticeRow *present(const struct notices_screen *self) {
    return self->reply && self->list.at < self->reply->n_rows ? self->reply->rows[self->list.at] : NULL;
}

static int64_t row_id(size_t index, void *data) {
    return ((const struct notices_screen *)data)->reply->rows[index]->notice_id;
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const Loket__NoticeRow *notice = ((const struct notices_screen *)data)->reply->rows[index];
    char made[40];
    int email = COLS - 28 < 30 ? COLS - 28 : 30;
    (void)marked;
    text_instant(notice->made_at, made, sizeof made);
    text_draw(row, 1, 13, notice->number);
    text_draw(row, 14, 13, made);
    text_draw(row, 27, email, notice->email[0] ? notice->email : _("no e-mail address"));
    text_draw(row, 28 + email, COLS - 28 - email, notice->subject);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void notices_free(struct screen *screen) {
    struct notices_screen *self = (struct notices_screen *)screen;
    loket__notice_list_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
    reader_free(&self->reader);
}

static void describe(struct notices_screen *self) {
    const Loket__NoticeRow *notice = present(self);
    char next[40];
    if (!notice || self->told == self->list.at + 1) return;
    self->told = self->list.at + 1;
    reader_free(&self->reader);
    reader_pair(&self->reader, _("Subject"), notice->subject);
    reader_pair(&self->reader, _("Problem"), notice->problem);
    reader_add(&self->reader, LOOK_PLAIN, "%s: %d", _("Tries"), notice->tries);
    if (strcmp(notice->state, "waiting") != 0 || !notice->email[0]) return;
    text_instant(notice->next_try_at, next, sizeof next);
    reader_pair(&self->reader, _("Next try"), next);
}

static void notices_draw(struct screen *screen, int row, int rows) {
    struct notices_screen *self = (struct notices_screen *)screen;
    char line[160];
    size_t used = 0;
    for (size_t i = 0; i < FILTERS && used < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, i == self->filter ? "[%s] " : "%s ", _(filters[i].name));
    text_draw(row, 1, COLS - 2, line);
    self->rows = rows - 7;
    if (!self->reply || !self->reply->n_rows) {
        text_draw(row + 2, 1, COLS - 2, self->reply ? _(filters[self->filter].none) : _("Reading…"));
        return;
    }
    describe(self);
    reader_draw(&self->reader, row + self->rows + 3, rows - self->rows - 3);
    list_draw(&self->list, row + 2, self->rows, &rows_ops, self);
}

static void on_notices(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct notices_screen *self = (struct notices_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__notice_list_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    self->told = 0;
    list_refresh(&self->list, self->reply->n_rows, &rows_ops, self);
}

static void notices_read(struct notices_screen *self) {
    Loket__NoticeListRequest request = LOKET__NOTICE_LIST_REQUEST__INIT;
    request.filter = (char *)filters[self->filter].code;
    self->base.waits = true;
    app_ask(&self->base, "notice.list", &request.base, &loket__notice_list_reply__descriptor, on_notices);
}

static void on_resent(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    if (error) return;
    notices_read((struct notices_screen *)screen);
    app_say(screen->app, N_("It is sent again"), NULL);
}

static void resend(struct screen *screen, bool yes, const char *text) {
    const Loket__NoticeRow *notice = present((struct notices_screen *)screen);
    Loket__NoticeResendRequest request = LOKET__NOTICE_RESEND_REQUEST__INIT;
    (void)text;
    if (!yes || !notice) return;
    request.notice_id = notice->notice_id;
    app_write(screen, "notice.resend", &request.base, NULL, &loket__empty__descriptor, on_resent);
}

static void ask_resend(struct notices_screen *self) {
    const Loket__NoticeRow *notice = present(self);
    char question[200];
    if (!notice) return;
    text_message(N_("Send it again: %s?"), notice->subject, question, sizeof question);
    dialog_ask(&self->base, question, NULL, false, resend);
}

static enum outcome notices_action(struct screen *screen, int action) {
    struct notices_screen *self = (struct notices_screen *)screen;
    const Loket__NoticeRow *notice = present(self);
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_MAIN: ask_resend(self); break;
    case ACTION_OPEN:
        if (notice) application_open(screen->app, notice->application_id);
        break;
    case ACTION_FILTER:
        self->filter = (self->filter + 1) % FILTERS;
        notices_read(self);
        break;
    default: notices_read(self);
    }
    return REDRAW;
}

static enum outcome notices_key(struct screen *screen, int key, bool pasted) {
    struct notices_screen *self = (struct notices_screen *)screen;
    return !pasted && self->reply && list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static bool notices_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Notices"),
    .about =
        N_("What applicants were told by e-mail. A notice that the mail server refuses is marked as failed; one that is put off "
           "waits, and is tried again by itself. Correct the address first (front office: key a in the application), then "
           "send it again: it goes to the address of today, and who did it is recorded."),
    .keys = keys,
    .size = sizeof(struct notices_screen),
    .free = notices_free,
    .draw = notices_draw,
    .action = notices_action,
    .key = notices_key,
    .refused = notices_refused,
};

void notices_open(struct app *app) {
    notices_read((struct notices_screen *)app_push(app, &ops));
}
