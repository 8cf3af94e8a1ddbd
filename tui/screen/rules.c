/* The rules of the office: its workflows and permit types, which version is in force, what is to come, and whose draft
 * waits. The administrator changes them, the auditor reads them. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/rules.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

enum { ACTION_HISTORY = ACTION_OWN, ACTION_COPY, ACTION_READ, ACTION_MOVE, ACTION_MOVES, ACTION_EXPORT, ACTION_IMPORT };

struct rules_screen {
    struct screen base;
    struct list list;
    Loket__RulesListReply *reply; /* owned */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_OPEN, "open", "Enter", N_("open"), N_("open its draft; where there is none, the version in force")},
    {ACTION_NEW, "new", "F2 n", N_("draft"), N_("begin a draft of it: a copy of the version in force, to be changed")},
    {ACTION_READ, "read", "F6 o", N_("in force"), N_("read the version in force, though there is a draft")},
    {ACTION_COPY, "copy", "F8 c", N_("copy"), N_("a new one with a code of its own, made from this one")},
    {ACTION_HISTORY, "history", "F7 h", N_("history"), N_("who changed, proposed and approved what")},
    {ACTION_MOVE, "move", "F9 v", N_("move"), N_("move running applications to another version of this workflow")},
    {ACTION_MOVES, "moves", "w", N_("moves"), N_("moves that wait for another administrator")},
    {ACTION_EXPORT, "export", "x", N_("export"), N_("read it as a file, and save that: its draft, else the version in force")},
    {ACTION_IMPORT, "import", "i", N_("import"), N_("a draft from a file, of ours or of DIGIT")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t row_id(size_t index, void *data) {
    (void)data;
    return (int64_t)index + 1;
}

/* What will be, or who works on it; the rest is seen when it is opened. */
static void row_draw(size_t index, int row, bool marked, void *data) {
    const Loket__RuleRow *rule = ((const struct rules_screen *)data)->reply->rules[index];
    char version[60], date[40], state[120] = "";
    (void)marked;
    (void)snprintf(version, sizeof version, rule->version ? "v%d (%d)" : "-", (int)rule->version, (int)rule->running);
    if (rule->draft_id)
        (void)snprintf(state, sizeof state, "%s: %s", strcmp(rule->draft_state, "proposed") == 0 ? _("proposed") : _("draft"),
                       rule->draft_by);
    else if (rule->next_version) {
        text_date(rule->starts_on, date, sizeof date);
        (void)snprintf(state, sizeof state, "v%d: %s", (int)rule->next_version, date);
    }
    int rest = COLS - 1 - 14 - 12 - 22;
    text_draw(row, 1, 13, rule->code);
    text_draw(row, 15, rest - 1, text_word(rule->name));
    text_draw(row, 15 + rest, 12, version);
    text_draw(row, 27 + rest, 22, state);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void rules_free(struct screen *screen) {
    struct rules_screen *self = (struct rules_screen *)screen;
    loket__rules_list_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
}

static void rules_draw(struct screen *screen, int row, int rows) {
    struct rules_screen *self = (struct rules_screen *)screen;
    self->rows = rows;
    if (self->reply) list_draw(&self->list, row, rows, &rows_ops, self);
    else text_draw(row, 1, COLS - 2, _("Reading…"));
}

static void on_rules(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct rules_screen *self = (struct rules_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__rules_list_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    list_refresh(&self->list, self->reply->n_rules, &rows_ops, self);
}

static void rules_shown(struct screen *screen) {
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    screen->waits = true;
    app_ask(screen, "rules.list", &nothing.base, &loket__rules_list_reply__descriptor, on_rules);
}

static const Loket__RuleRow *present(const struct rules_screen *self) {
    return self->reply && self->list.at < self->reply->n_rules ? self->reply->rules[self->list.at] : NULL;
}

static void on_draft(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    if (!error) rule_open(screen->app, "", "", ((const Loket__RuleDraftReply *)reply)->draft_id);
}

static void begin_draft(struct rules_screen *self) {
    const Loket__RuleRow *rule = present(self);
    Loket__RuleDraftRequest request = LOKET__RULE_DRAFT_REQUEST__INIT;
    request.kind = rule->kind;
    request.code = rule->code;
    app_write(&self->base, "rules.draft", &request.base, NULL, &loket__rule_draft_reply__descriptor, on_draft);
}

static enum outcome rules_action(struct screen *screen, int action) {
    struct rules_screen *self = (struct rules_screen *)screen;
    const Loket__RuleRow *rule = present(self);
    bool admin = app_has_role(screen->app, "admin");
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_HISTORY) rule_history_open(screen->app);
    if (action == ACTION_MOVES) rule_moves_open(screen->app);
    if (action == ACTION_REFRESH) rules_shown(screen);
    if (action == ACTION_IMPORT && admin) rule_import_open(screen->app);
    if (!rule) return REDRAW;
    if (action == ACTION_EXPORT) rule_export_open(screen->app, rule->kind, rule->code, rule->draft_id);
    if (action == ACTION_OPEN) rule_open(screen->app, rule->kind, rule->code, rule->draft_id);
    if (action == ACTION_READ && rule->version) rule_open(screen->app, rule->kind, rule->code, 0);
    if (action == ACTION_NEW && admin) begin_draft(self);
    if (action == ACTION_COPY && admin) rule_copy_open(screen->app, rule->kind, rule->code);
    if (action == ACTION_MOVE && admin && rule->version && strcmp(rule->kind, "workflow") == 0) rule_move_open(screen->app, rule);
    return REDRAW;
}

static enum outcome rules_key(struct screen *screen, int key, bool pasted) {
    struct rules_screen *self = (struct rules_screen *)screen;
    return !pasted && self->reply && list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static bool rules_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Rules"),
    .about = N_("Workflows and permit types: the version in force with the number of applications that run under any version, what "
                "is published and begins later, and drafts. A change is a draft that one administrator proposes with the day on "
                "which it starts, and another approves who had no part in it. Running applications keep the rules that they "
                "began with."),
    .keys = keys,
    .size = sizeof(struct rules_screen),
    .free = rules_free,
    .draw = rules_draw,
    .action = rules_action,
    .key = rules_key,
    .refused = rules_refused,
    .shown = rules_shown,
};

void rules_open(struct app *app) {
    rules_shown(app_push(app, &ops));
}
