/* Two records that may be one applicant: listed, compared side by side, merged by a section head's decision, and made two again. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/applicant.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

/* ---------------------------------------------------------------------------------------------- side by side */

enum { ACTION_SWAP = ACTION_OWN, ACTION_DISTINCT };

struct pair_screen {
    struct screen base;
    struct list list;
    Loket__ApplicantPairReply *reply; /* owned */
    bool from_right[APPLICANT_PARTS]; /* whose value stays */
    size_t kept;                      /* the side whose record stays: 0 or 1 */
    int rows;
};

static const struct key_row pair_keys[] = {
    {ACTION_OPEN, "take", "Enter", N_("other value"), N_("let the other value of this row stay")},
    {ACTION_SWAP, "swap", "Tab F6", N_("other record"), N_("let the other record stay, with all its values")},
    {ACTION_MAIN, "main", "F10 ^S", N_("merge"), N_("make one record of both, as marked")},
    {ACTION_DISTINCT, "distinct", "F8 x", N_("not the same"), N_("they are two: do not list them again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back, without merging")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t part_id(size_t index, void *data) {
    (void)data;
    return (int64_t)index + 1;
}

/* The value that stays stands in [brackets]; what differs is marked with an asterisk. */
static void part_draw(size_t index, int row, bool marked, void *data) {
    const struct pair_screen *self = data;
    int label = COLS < 76 ? 14 : 20, half = (COLS - label - 3) / 2;
    const char *values[2];
    (void)marked;
    for (size_t side = 0; side < 2; side++) values[side] = applicant_part_value(self->reply->sides[side]->applicant, index);
    bool differs = strcmp(values[0], values[1]) != 0;
    text_draw(row, 0, 2, differs ? "*" : "");
    text_draw(row, 2, label, _(applicant_parts[index].label));
    for (size_t side = 0; side < 2; side++) {
        char text[500];
        bool stays = self->from_right[index] == (side == 1);
        (void)snprintf(text, sizeof text, stays && differs ? "[%s]" : " %s ", values[side][0] ? values[side] : "-");
        text_draw(row, 2 + label + (int)side * half, half - 1, text);
    }
}

static const struct list_ops part_rows = {part_id, part_draw};

static void pair_free(struct screen *screen) {
    struct pair_screen *self = (struct pair_screen *)screen;
    loket__applicant_pair_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
}

static void pair_draw(struct screen *screen, int row, int rows) {
    struct pair_screen *self = (struct pair_screen *)screen;
    int label = COLS < 76 ? 14 : 20, half = (COLS - label - 3) / 2;
    if (!self->reply) {
        text_draw(row, 1, COLS - 2, _("Reading…"));
        return;
    }
    self->rows = rows - 3;
    for (size_t side = 0; side < 2; side++) {
        const Loket__ApplicantSide *record = self->reply->sides[side];
        char text[300];
        terminal_look(LOOK_TITLE);
        text_draw(row, 2 + label + (int)side * half, half - 1,
                  side == self->kept ? _("[this record stays]") : _(" goes into the other"));
        terminal_look(LOOK_DIM);
        (void)snprintf(text, sizeof text, " %zu: %s", record->n_numbers, record->n_numbers ? record->numbers[0] : "-");
        text_draw(row + 1, 2 + label + (int)side * half, half - 1, text);
        terminal_look(LOOK_PLAIN);
    }
    text_draw(row + 1, 2, label, _("Applications"));
    list_draw(&self->list, row + 3, self->rows, &part_rows, self);
}

static void keep_side(struct pair_screen *self, size_t side) {
    self->kept = side;
    for (size_t i = 0; i < APPLICANT_PARTS; i++) {
        /* what only one of them knows is not lost */
        const char *own = applicant_part_value(self->reply->sides[side]->applicant, i);
        const char *other = applicant_part_value(self->reply->sides[1 - side]->applicant, i);
        self->from_right[i] = (!own[0] && other[0]) != (side == 1);
    }
}

static void on_pair(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct pair_screen *self = (struct pair_screen *)screen;
    screen->waits = false;
    if (error || ((const Loket__ApplicantPairReply *)reply)->n_sides != 2) return;
    self->reply = app_copy(reply);
    keep_side(self, 0);
    list_refresh(&self->list, APPLICANT_PARTS, &part_rows, self);
}

static void on_decided(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    (void)reply;
    if (error) return;
    app_pop(app);
    app_say(app, N_("Done"), NULL);
}

static void merge(struct screen *screen, bool yes, const char *reason) {
    struct pair_screen *self = (struct pair_screen *)screen;
    Loket__ApplicantMergeRequest request = LOKET__APPLICANT_MERGE_REQUEST__INIT;
    const char *from_other[APPLICANT_PARTS];
    if (!yes) return;
    const Loket__ApplicantSide *kept = self->reply->sides[self->kept], *other = self->reply->sides[1 - self->kept];
    for (size_t i = 0; i < APPLICANT_PARTS; i++)
        if (self->from_right[i] != (self->kept == 1) &&
            strcmp(applicant_part_value(kept->applicant, i), applicant_part_value(other->applicant, i)) != 0)
            from_other[request.n_from_other++] = applicant_parts[i].code;
    request.kept_id = kept->applicant->applicant_id;
    request.kept_version = kept->version;
    request.merged_id = other->applicant->applicant_id;
    request.merged_version = other->version;
    request.from_other = (char **)(void *)from_other;
    request.reason = (char *)reason;
    app_write(screen, "applicant.merge", &request.base, NULL, &loket__empty__descriptor, on_decided);
}

static void keep_apart(struct screen *screen, bool yes, const char *reason) {
    struct pair_screen *self = (struct pair_screen *)screen;
    Loket__ApplicantDistinctRequest request = LOKET__APPLICANT_DISTINCT_REQUEST__INIT;
    if (!yes) return;
    request.first_id = self->reply->sides[0]->applicant->applicant_id;
    request.second_id = self->reply->sides[1]->applicant->applicant_id;
    request.reason = (char *)reason;
    app_write(screen, "applicant.distinct", &request.base, NULL, &loket__empty__descriptor, on_decided);
}

static enum outcome pair_action(struct screen *screen, int action) {
    struct pair_screen *self = (struct pair_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (!self->reply) return HANDLED;
    if (action == ACTION_OPEN) self->from_right[self->list.at] = !self->from_right[self->list.at];
    if (action == ACTION_SWAP) keep_side(self, 1 - self->kept);
    if (action == ACTION_MAIN)
        dialog_ask(screen, _("Make one record of both? All applications go to the record that stays. This can be undone."),
                   _("Reason"), true, merge);
    if (action == ACTION_DISTINCT) dialog_ask(screen, _("They are two: how do you know?"), _("Reason"), true, keep_apart);
    return REDRAW;
}

static enum outcome pair_key(struct screen *screen, int key, bool pasted) {
    struct pair_screen *self = (struct pair_screen *)screen;
    if (pasted || !self->reply || key == ' ' || key == '*') return UNUSED;
    return list_key(&self->list, key, self->rows, &part_rows, self) ? REDRAW : UNUSED;
}

static const struct screen_ops pair_ops = {
    .title = N_("Two records, side by side"),
    .about =
        N_("Decide whether these are one applicant. One record stays, with the values in [brackets]; the applications of the other "
           "go to it. The other row is kept, and the merge can be undone as long as the data was not changed since."),
    .keys = pair_keys,
    .size = sizeof(struct pair_screen),
    .free = pair_free,
    .draw = pair_draw,
    .action = pair_action,
    .key = pair_key,
};

static void pair_open(struct app *app, int64_t first_id, int64_t second_id) {
    struct pair_screen *self = (struct pair_screen *)app_push(app, &pair_ops);
    Loket__ApplicantPairRequest request = LOKET__APPLICANT_PAIR_REQUEST__INIT;
    request.first_id = first_id;
    request.second_id = second_id;
    self->base.waits = true;
    app_ask(&self->base, "applicant.pair", &request.base, &loket__applicant_pair_reply__descriptor, on_pair);
}

/* -------------------------------------------------------------------------------------------------- the list */

enum { ACTION_UNDO = ACTION_OWN, ACTION_VIEW, ACTION_DAYS };

struct duplicates_screen {
    struct screen base;
    struct list list;
    Loket__ApplicantDuplicatesReply *reply; /* owned */
    bool merges;                            /* those that were made are shown */
    int32_t days;
    int rows;
};

static const struct key_row duplicate_keys[] = {
    {ACTION_OPEN, "open", "Enter", N_("compare"), N_("both records side by side")},
    {ACTION_VIEW, "view", "Tab f", N_("merged ones"), N_("possible duplicates, or those that were merged")},
    {ACTION_UNDO, "undo", "F8 u", N_("undo"), N_("undo this merge, with the reason")},
    {ACTION_DAYS, "days", "/ F7", NULL, N_("records that were new or changed in how many days (90)")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t duplicate_id(size_t index, void *data) {
    const struct duplicates_screen *self = data;
    if (self->merges) return self->reply->merges[index]->merge_id;
    return self->reply->duplicates[index]->first_id * 1000003 + self->reply->duplicates[index]->second_id;
}

static void duplicate_draw(size_t index, int row, bool marked, void *data) {
    const struct duplicates_screen *self = data;
    int third = (COLS - 16) / 2;
    char text[80], at[40];
    (void)marked;
    if (self->merges) {
        const Loket__MergeRow *merge = self->reply->merges[index];
        text_instant(merge->at, at, sizeof at);
        text_draw(row, 1, third, merge->merged);
        text_draw(row, 1 + third, third, merge->kept);
        text_draw(row, 1 + 2 * third, COLS - 1 - 2 * third, at);
        return;
    }
    const Loket__DuplicateRow *pair = self->reply->duplicates[index];
    (void)snprintf(text, sizeof text, "%d%s%s", pair->score, pair->n_equal ? " " : "", pair->n_equal ? pair->equal[0] : "");
    text_draw(row, 1, third, pair->first);
    text_draw(row, 1 + third, third, pair->second);
    text_draw(row, 1 + 2 * third, COLS - 1 - 2 * third, text);
}

static const struct list_ops duplicate_rows = {duplicate_id, duplicate_draw};

static size_t duplicate_count(const struct duplicates_screen *self) {
    if (!self->reply) return 0;
    return self->merges ? self->reply->n_merges : self->reply->n_duplicates;
}

static void duplicates_free(struct screen *screen) {
    struct duplicates_screen *self = (struct duplicates_screen *)screen;
    loket__applicant_duplicates_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
}

static void duplicates_draw(struct screen *screen, int row, int rows) {
    struct duplicates_screen *self = (struct duplicates_screen *)screen;
    self->rows = rows - 2;
    if (!self->reply) {
        text_draw(row, 1, COLS - 2, _("Reading…"));
        return;
    }
    terminal_look(LOOK_TITLE);
    text_draw(row, 1, COLS - 2,
              self->merges ? _("Merged: record, and the record that it went into") : _("Records that may be one applicant"));
    terminal_look(LOOK_PLAIN);
    if (!duplicate_count(self)) text_draw(row + 2, 1, COLS - 2, _("None."));
    else list_draw(&self->list, row + 1, self->rows, &duplicate_rows, self);
}

static void on_duplicates(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct duplicates_screen *self = (struct duplicates_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__applicant_duplicates_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    list_refresh(&self->list, duplicate_count(self), &duplicate_rows, self);
}

static void duplicates_read(struct duplicates_screen *self) {
    Loket__DuplicatesRequest request = LOKET__DUPLICATES_REQUEST__INIT;
    request.days = self->days;
    self->base.waits = true;
    app_ask(&self->base, "applicant.duplicates", &request.base, &loket__applicant_duplicates_reply__descriptor, on_duplicates);
}

static void on_undone(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    if (error) return;
    duplicates_read((struct duplicates_screen *)screen);
    app_say(screen->app, N_("Undone: each record is as it was"), NULL);
}

static void undo(struct screen *screen, bool yes, const char *reason) {
    struct duplicates_screen *self = (struct duplicates_screen *)screen;
    Loket__ApplicantUndoMergeRequest request = LOKET__APPLICANT_UNDO_MERGE_REQUEST__INIT;
    if (!yes || self->list.at >= duplicate_count(self)) return;
    request.merge_id = self->reply->merges[self->list.at]->merge_id;
    request.reason = (char *)reason;
    app_write(screen, "applicant.undo_merge", &request.base, NULL, &loket__empty__descriptor, on_undone);
}

static void take_days(struct screen *screen, bool yes, const char *text) {
    struct duplicates_screen *self = (struct duplicates_screen *)screen;
    char *end;
    long days = strtol(text, &end, 10);
    if (!yes) return;
    if (*end || days < 0 || days > 3660) {
        app_complain(screen->app, N_("This is not a number of days"), NULL);
        return;
    }
    self->days = (int32_t)days;
    duplicates_read(self);
}

static void show_other(struct duplicates_screen *self) {
    self->merges = !self->merges;
    self->list.at = self->list.first = 0;
    list_refresh(&self->list, duplicate_count(self), &duplicate_rows, self);
}

static enum outcome duplicates_action(struct screen *screen, int action) {
    struct duplicates_screen *self = (struct duplicates_screen *)screen;
    bool here = self->list.at < duplicate_count(self);
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_OPEN:
        if (here && !self->merges)
            pair_open(screen->app, self->reply->duplicates[self->list.at]->first_id,
                      self->reply->duplicates[self->list.at]->second_id);
        break;
    case ACTION_VIEW: show_other(self); break;
    case ACTION_UNDO:
        if (here && self->merges) dialog_ask(screen, _("Make two records of this one again: why?"), _("Reason"), true, undo);
        else app_complain(screen->app, N_("Tab shows what was merged: one of those can be undone"), NULL);
        break;
    case ACTION_DAYS: dialog_ask(screen, _("New or changed in how many days? (empty: 90)"), _("Days"), false, take_days); break;
    default: duplicates_read(self);
    }
    return REDRAW;
}

static enum outcome duplicates_key(struct screen *screen, int key, bool pasted) {
    struct duplicates_screen *self = (struct duplicates_screen *)screen;
    if (pasted || !self->reply) return UNUSED;
    return list_key(&self->list, key, self->rows, &duplicate_rows, self) ? REDRAW : UNUSED;
}

static void duplicates_shown(struct screen *screen) {
    duplicates_read((struct duplicates_screen *)screen);
}

static bool duplicates_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops duplicate_ops = {
    .title = N_("Possible duplicates"),
    .about =
        N_("Records that may be one applicant: an equal NIK, NPWP or NIB, or the same day of birth and a similar name. Nothing is "
           "merged by itself: you compare, decide and say why, and can undo it. Nobody decides about their own household. Reading "
           "this is recorded."),
    .keys = duplicate_keys,
    .size = sizeof(struct duplicates_screen),
    .free = duplicates_free,
    .draw = duplicates_draw,
    .action = duplicates_action,
    .key = duplicates_key,
    .shown = duplicates_shown,
    .refused = duplicates_refused,
};

void duplicates_open(struct app *app) {
    duplicates_read((struct duplicates_screen *)app_push(app, &duplicate_ops));
}
