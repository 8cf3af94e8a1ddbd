/* Running applications go on under another version of their workflow: where each stage's go is filled in and seen with
 * their number before it is proposed; another administrator approves it from the list of what waits. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/rules.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/form.h>
#include <tui/ui/list.h>
#include <tui/ui/reader.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

/* ------------------------------------------------------------------------------------------------- proposing */

enum { ACTION_PREVIEW = ACTION_OWN, ACTION_REJECT };

struct move_screen {
    struct screen base;
    struct form form;
    char code[40];
    bool mapped; /* the stages are in the form */
};

static const struct key_row move_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("propose"), N_("propose the move to another administrator")},
    {ACTION_PREVIEW, "preview", "F8 ^V", N_("preview"),
     N_("how many applications stand in each stage, and which have no place to go")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back without moving anything")},
    {0, NULL, NULL, NULL, NULL},
};

static void move_free(struct screen *screen) {
    form_free(&((struct move_screen *)screen)->form);
}

static void move_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct move_screen *)screen)->form, row, rows);
}

/* What the stages' fields say, for a request: the caller frees both arrays. */
static size_t mapping_read(struct form *form, Loket__RuleEntry **entries, Loket__RuleEntry ***list) {
    size_t count = 0;
    *entries = calloc(form->count, sizeof **entries);
    *list = calloc(form->count, sizeof **list);
    if (!*entries || !*list) abort();
    for (size_t i = 0; i < form->count; i++) {
        const struct field *field = &form->fields[i];
        if (strncmp(field->code, "mapping.", 8) != 0 || !field->value[0]) continue;
        Loket__RuleEntry *entry = &(*entries)[count];
        loket__rule_entry__init(entry);
        entry->key = (char *)field->code + 8;
        entry->value = field->value;
        (*list)[count++] = entry;
    }
    return count;
}

/* A field for each stage, when it is read for the first time; beside it how many stand there, below it what is wrong. */
static void on_preview(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct move_screen *self = (struct move_screen *)screen;
    const Loket__RuleMovePreviewReply *reply = (const Loket__RuleMovePreviewReply *)answer;
    char code[64], counts[80];
    screen->waits = false;
    if (error) return;
    for (size_t i = 0; i < reply->n_stages; i++) {
        const Loket__RuleMoveStage *stage = reply->stages[i];
        (void)snprintf(code, sizeof code, "mapping.%.50s", stage->stage);
        struct field *field = form_find(&self->form, code);
        if (!field) field = form_add(&self->form, code, text_word(stage->name), FIELD_TEXT, false);
        if (!field->value[0] && !stage->problem[0]) field_set(field, stage->to_stage);
        (void)snprintf(field->note, sizeof field->note, "%d", (int)stage->running);
        (void)snprintf(field->error, sizeof field->error, "%s", stage->running ? text_word(stage->problem) : "");
    }
    self->mapped = true;
    (void)snprintf(counts, sizeof counts, "%d, %d", (int)reply->running, (int)reply->stuck);
    app_say(screen->app, N_("Applications, and those of them without a place to go: %s"), counts);
}

static void preview(struct move_screen *self) {
    struct form *form = &self->form;
    Loket__RuleMovePreviewRequest request = LOKET__RULE_MOVE_PREVIEW_REQUEST__INIT;
    Loket__RuleEntry *entries;
    request.code = self->code;
    request.from_version = atoi(form_value(form, "from_version"));
    request.to_version = atoi(form_value(form, "to_version"));
    request.n_mapping = mapping_read(form, &entries, &request.mapping);
    self->base.waits = true;
    app_ask(&self->base, "rules.move_preview", &request.base, &loket__rule_move_preview_reply__descriptor, on_preview);
    free(request.mapping);
    free(entries);
}

static void on_proposed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    (void)reply;
    if (error) return;
    app_pop(app);
    app_say(app, N_("Proposed: another administrator approves it"), NULL);
}

static void propose(struct move_screen *self) {
    struct form *form = &self->form;
    Loket__RuleMoveProposeRequest request = LOKET__RULE_MOVE_PROPOSE_REQUEST__INIT;
    Loket__RuleEntry *entries;
    request.code = self->code;
    request.from_version = atoi(form_value(form, "from_version"));
    request.to_version = atoi(form_value(form, "to_version"));
    request.reason = (char *)form_value(form, "reason");
    request.n_mapping = mapping_read(form, &entries, &request.mapping);
    app_write(&self->base, "rules.move_propose", &request.base, NULL, &loket__empty__descriptor, on_proposed);
    free(request.mapping);
    free(entries);
}

static enum outcome move_action(struct screen *screen, int action) {
    struct move_screen *self = (struct move_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_PREVIEW) preview(self);
    if (action == ACTION_MAIN && !self->mapped) app_complain(screen->app, N_("See the preview first (F8)"), NULL);
    if (action == ACTION_MAIN && self->mapped && form_complete(&self->form)) propose(self);
    return REDRAW;
}

static enum outcome move_key(struct screen *screen, int key, bool pasted) {
    return form_key(&((struct move_screen *)screen)->form, key, pasted) == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool move_refused(struct screen *screen, const struct error *error) {
    struct form *form = &((struct move_screen *)screen)->form;
    return form_refuse(form, error->field, screen->app->message) || form_refuse(form, "reason", screen->app->message);
}

static const struct screen_ops move_ops = {
    .title = N_("Move applications"),
    .about =
        N_("Running applications keep the version of the workflow that they began with. Here they are moved to another one: the "
           "preview tells how many stand in each stage and where they go on; a stage can be given another one. Another "
           "administrator approves it; then all are moved at once, each with a row in its history, and the promised days stay."),
    .keys = move_keys,
    .size = sizeof(struct move_screen),
    .free = move_free,
    .draw = move_draw,
    .action = move_action,
    .key = move_key,
    .refused = move_refused,
    .typing = true,
};

void rule_move_open(struct app *app, const Loket__RuleRow *rule) {
    struct move_screen *self = (struct move_screen *)app_push(app, &move_ops);
    char version[16];
    form_init(&self->form);
    (void)snprintf(self->code, sizeof self->code, "%s", rule->code);
    (void)snprintf(self->base.title, sizeof self->base.title, "%s: %.40s", _(move_ops.title), rule->code);
    (void)snprintf(version, sizeof version, "%d", rule->version > 1 ? (int)rule->version - 1 : 1);
    field_set(form_add(&self->form, "from_version", _("From version"), FIELD_TEXT, true), version);
    (void)snprintf(version, sizeof version, "%d", (int)rule->version);
    field_set(form_add(&self->form, "to_version", _("To version"), FIELD_TEXT, true), version);
    form_add(&self->form, "reason", _("Reason"), FIELD_MULTILINE, true)->longest = 2000;
    form_add(&self->form, "", _("Where each stage goes on (F8 fills this in)"), FIELD_HEADING, false);
    form_first(&self->form);
}

/* -------------------------------------------------------------------------------------------------- approving */

struct moves_screen {
    struct screen base;
    struct list list;
    struct reader reader;
    Loket__RuleMovesReply *reply; /* owned */
    size_t told;                  /* the row that the reader shows, from 1 */
    int rows;
};

static const struct key_row moves_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("approve"), N_("approve the move in this row: it is done at once")},
    {ACTION_REJECT, "reject", "F9 x", N_("reject"), N_("reject it, with the reason")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t row_id(size_t index, void *data) {
    return ((const struct moves_screen *)data)->reply->moves[index]->move_id;
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const Loket__RuleMoveRow *m = ((const struct moves_screen *)data)->reply->moves[index];
    char line[200];
    (void)marked;
    (void)snprintf(line, sizeof line, "%s  v%d > v%d  %s", m->code, (int)m->from_version, (int)m->to_version, m->proposed_by);
    text_draw(row, 1, COLS - 2, line);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void moves_free(struct screen *screen) {
    struct moves_screen *self = (struct moves_screen *)screen;
    loket__rule_moves_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
    reader_free(&self->reader);
}

static const Loket__RuleMoveRow *present(const struct moves_screen *self) {
    return self->reply && self->list.at < self->reply->n_moves ? self->reply->moves[self->list.at] : NULL;
}

static void describe(struct moves_screen *self) {
    const Loket__RuleMoveRow *m = present(self);
    if (!m || self->told == self->list.at + 1) return;
    self->told = self->list.at + 1;
    reader_free(&self->reader);
    reader_pair(&self->reader, _("Reason"), m->reason);
    for (size_t i = 0; i < m->n_stages; i++)
        reader_add(&self->reader, m->stages[i]->problem[0] ? LOOK_ERROR : LOOK_PLAIN, "%s (%d) > %s  %s",
                   text_word(m->stages[i]->name), (int)m->stages[i]->running, m->stages[i]->to_stage,
                   text_word(m->stages[i]->problem));
}

static void moves_draw(struct screen *screen, int row, int rows) {
    struct moves_screen *self = (struct moves_screen *)screen;
    self->rows = rows / 3;
    if (!self->reply || !self->reply->n_moves) {
        text_draw(row, 1, COLS - 2, self->reply ? _("No move waits for approval.") : _("Reading…"));
        return;
    }
    describe(self);
    reader_draw(&self->reader, row + self->rows + 1, rows - self->rows - 1);
    list_draw(&self->list, row, self->rows, &rows_ops, self);
}

static void on_moves(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct moves_screen *self = (struct moves_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__rule_moves_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    self->told = 0;
    list_refresh(&self->list, self->reply->n_moves, &rows_ops, self);
}

static void read_moves(struct moves_screen *self) {
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    self->base.waits = true;
    app_ask(&self->base, "rules.moves", &nothing.base, &loket__rule_moves_reply__descriptor, on_moves);
}

static void on_decided(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    read_moves((struct moves_screen *)screen);
    if (!error) app_say(screen->app, N_("Decided"), NULL);
}

static void decide(struct moves_screen *self, bool approve, const char *reason) {
    const Loket__RuleMoveRow *m = present(self);
    Loket__RuleMoveDecideRequest request = LOKET__RULE_MOVE_DECIDE_REQUEST__INIT;
    if (!m) return;
    request.move_id = m->move_id;
    request.approve = approve;
    request.reason = (char *)reason;
    app_write(&self->base, "rules.move_decide", &request.base, NULL, &loket__empty__descriptor, on_decided);
}

static void approve(struct screen *screen, bool yes, const char *text) {
    (void)text;
    if (yes) decide((struct moves_screen *)screen, true, "");
}

static void reject(struct screen *screen, bool yes, const char *reason) {
    if (yes) decide((struct moves_screen *)screen, false, reason);
}

static enum outcome moves_action(struct screen *screen, int action) {
    struct moves_screen *self = (struct moves_screen *)screen;
    const Loket__RuleMoveRow *m = present(self);
    bool admin = app_has_role(screen->app, "admin");
    char question[200];
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_REFRESH) read_moves(self);
    if (!m || !admin) return REDRAW;
    text_message(N_("Approve: %s?"), m->code, question, sizeof question);
    if (action == ACTION_MAIN) dialog_ask(screen, question, NULL, false, approve);
    if (action == ACTION_REJECT) dialog_ask(screen, _("Reject this move: why?"), _("Reason"), true, reject);
    return REDRAW;
}

static enum outcome moves_key(struct screen *screen, int key, bool pasted) {
    struct moves_screen *self = (struct moves_screen *)screen;
    return !pasted && self->reply && list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static const struct screen_ops moves_ops = {
    .title = N_("Moves that wait"),
    .about = N_("Applications that are to go on under another version of their workflow, with how many stand in which stage now. "
                "Nobody approves what they proposed. It is done for all of them or for none."),
    .keys = moves_keys,
    .size = sizeof(struct moves_screen),
    .free = moves_free,
    .draw = moves_draw,
    .action = moves_action,
    .key = moves_key,
};

void rule_moves_open(struct app *app) {
    read_moves((struct moves_screen *)app_push(app, &moves_ops));
}
