/* One rule, a version or a draft: the list of its parts. In a draft they are opened, added, moved and removed; what is
 * wrong with it and what it changes are a key away. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/rules.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

enum {
    ACTION_REJECT = ACTION_OWN,
    ACTION_CHECK,
    ACTION_PICTURE,
    ACTION_COMPARE,
    ACTION_REMOVE,
    ACTION_UP,
    ACTION_DOWN,
    ACTION_WALK
};

struct rule_screen {
    struct screen base;
    struct list list;
    Loket__RuleOpenReply *rule; /* owned; NULL until it is read */
    char kind[16], code[40];
    int64_t draft_id;
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("propose"), N_("propose the draft; of a proposed one: approve it")},
    {ACTION_OPEN, "open", "Enter", N_("open"), N_("open this part")},
    {ACTION_NEW, "new", "F2 n", N_("new"), N_("a new part of the draft")},
    {ACTION_CHECK, "check", "F5 e", N_("check"), N_("everything that is wrong with it, and what an import could not keep")},
    {ACTION_COMPARE, "compare", "F7 d", N_("changes"),
     N_("what it changes, beside the version before; and every version with its applications")},
    {ACTION_PICTURE, "picture", "F6 p", N_("picture"), N_("the workflow as boxes and arrows")},
    {ACTION_WALK, "walk", "F8 w", N_("walk"), N_("walk through the workflow without an application")},
    {ACTION_UP, "up", "<", NULL, N_("move this part up")},
    {ACTION_DOWN, "down", ">", NULL, N_("move this part down")},
    {ACTION_REMOVE, "remove", "x Del", NULL, N_("remove this part of the draft")},
    {ACTION_REJECT, "reject", "F9 b", N_("send back"), N_("send a proposed draft back, with the reason; throw an open one away")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back; a draft is kept as it is")},
    {0, NULL, NULL, NULL, NULL},
};

const char *rule_value(const Loket__RuleSection *section, const char *key) {
    for (size_t i = 0; i < section->n_entries; i++)
        if (strcmp(section->entries[i]->key, key) == 0) return section->entries[i]->value;
    return "";
}

void rule_documents(const Loket__RuleSection *stage, const char *key, char *out, size_t size) {
    const char *rest = rule_value(stage, key);
    size_t used = 0;
    *out = '\0';
    while (*rest && used + 1 < size) {
        char word[40];
        size_t length = strcspn(rest, ",");
        (void)snprintf(word, sizeof word, "%.*s", (int)length, rest);
        (void)snprintf(out + used, size - used, "%s%s", used ? ", " : "", text_word(word));
        used += strlen(out + used);
        rest += length;
        rest += strspn(rest, ", ");
    }
}

/* "Drafting (analyst)  needs: inspection report  makes: draft of the decision, bill" */
static void stage_line(const Loket__RuleSection *stage, char *out, size_t size) {
    char demands[200], produces[200];
    rule_documents(stage, "demands", demands, sizeof demands);
    rule_documents(stage, "produces", produces, sizeof produces);
    (void)snprintf(out, size, "%s (%s)%s%s%s%s%s%s", text_word(rule_value(stage, "name")), text_word(rule_value(stage, "role")),
                   *demands ? "  " : "", *demands ? _("needs: ") : "", demands, *produces ? "  " : "",
                   *produces ? _("makes: ") : "", produces);
}

static int64_t row_id(size_t index, void *data) {
    (void)data;
    return (int64_t)index + 1;
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    static const char *const names[] = {"name", "label", "to", NULL};
    const Loket__RuleSection *section = ((const struct rule_screen *)data)->rule->sections[index];
    char text[600] = "";
    (void)marked;
    for (size_t i = 0; names[i] && !text[0]; i++) (void)snprintf(text, sizeof text, "%s", rule_value(section, names[i]));
    if (strcmp(section->kind, "step") == 0)
        (void)snprintf(text, sizeof text, "> %s (%s) %s", rule_value(section, "to"), text_word(rule_value(section, "role")),
                       rule_value(section, "label"));
    if (strcmp(section->kind, "stage") == 0) stage_line(section, text, sizeof text);
    text_draw(row, 1, 12, text_word(section->kind));
    text_draw(row, 13, 26, section->code);
    text_draw(row, 40, COLS - 41, text);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void rule_free(struct screen *screen) {
    struct rule_screen *self = (struct rule_screen *)screen;
    loket__rule_open_reply__free_unpacked(self->rule, NULL);
    list_free(&self->list);
}

static bool is_open(const struct rule_screen *self) {
    return self->rule && self->rule->draft_id && strcmp(self->rule->state, "open") == 0 && app_has_role(self->base.app, "admin");
}

static bool is_proposed(const struct rule_screen *self) {
    return self->rule && self->rule->draft_id && strcmp(self->rule->state, "proposed") == 0 &&
           app_has_role(self->base.app, "admin");
}

/* "standard: draft of version 1, 2 mistakes, 4 changes" */
static void headline(const struct rule_screen *self, char *out, size_t size) {
    const Loket__RuleOpenReply *rule = self->rule;
    char date[40];
    text_date(rule->starts_on, date, sizeof date);
    if (!rule->draft_id) (void)snprintf(out, size, "%s: %s %d", rule->code, _("version"), (int)rule->version);
    else if (strcmp(rule->state, "proposed") == 0)
        (void)snprintf(out, size, "%s: %s %s, %s. %s", rule->code, _("proposed by"), rule->proposed_by, date, rule->reason);
    else
        (void)snprintf(out, size, "%s: %s, %zu %s, %zu %s. %s", rule->code, text_word(rule->state), rule->n_mistakes, _("mistakes"),
                       rule->n_differences, _("changes"), rule->decision_reason);
}

static void rule_draw(struct screen *screen, int row, int rows) {
    struct rule_screen *self = (struct rule_screen *)screen;
    char line[600];
    self->rows = rows - 2;
    if (!self->rule) {
        text_draw(row, 1, COLS - 2, _("Reading…"));
        return;
    }
    headline(self, line, sizeof line);
    terminal_look(LOOK_TITLE);
    text_draw(row, 1, COLS - 2, line);
    terminal_look(LOOK_PLAIN);
    list_draw(&self->list, row + 2, self->rows, &rows_ops, self);
}

static void on_rule(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct rule_screen *self = (struct rule_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__rule_open_reply__free_unpacked(self->rule, NULL);
    self->rule = app_copy(reply);
    list_refresh(&self->list, self->rule->n_sections, &rows_ops, self);
}

static void rule_shown(struct screen *screen) {
    struct rule_screen *self = (struct rule_screen *)screen;
    Loket__RuleOpenRequest request = LOKET__RULE_OPEN_REQUEST__INIT;
    request.kind = self->kind;
    request.code = self->code;
    request.draft_id = self->draft_id;
    screen->waits = true;
    app_ask(screen, "rules.open", &request.base, &loket__rule_open_reply__descriptor, on_rule);
}

static void on_changed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    (void)error;
    rule_shown(screen);
}

/* Removes the part under the cursor, or moves it to another place. */
static void change(struct rule_screen *self, const char *what, size_t to_place) {
    Loket__RuleSectionRequest request = LOKET__RULE_SECTION_REQUEST__INIT;
    size_t at = self->list.at;
    if (!is_open(self) || at >= self->rule->n_sections) return;
    if (to_place > self->rule->n_sections || (strcmp(what, "move") == 0 && to_place == 0)) return;
    request.draft_id = self->rule->draft_id;
    request.version = self->rule->draft_version;
    request.place = (int32_t)at + 1;
    request.change = (char *)what;
    request.to_place = (int32_t)to_place;
    app_write(&self->base, "rules.section", &request.base, NULL, &loket__rule_draft_reply__descriptor, on_changed);
    if (to_place) {
        self->list.at = to_place - 1; /* the cursor goes with it */
        self->list.at_id = (int64_t)to_place;
    }
}

static void remove_part(struct screen *screen, bool yes, const char *text) {
    (void)text;
    if (yes) change((struct rule_screen *)screen, "remove", 0);
}

static void on_decided(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    (void)reply;
    if (error) {
        rule_shown(screen);
        return;
    }
    app_pop(app);
    app_say(app, N_("Decided"), NULL);
}

static void decide(struct rule_screen *self, bool approve, const char *reason) {
    Loket__RuleDecideRequest request = LOKET__RULE_DECIDE_REQUEST__INIT;
    request.draft_id = self->rule->draft_id;
    request.version = self->rule->draft_version;
    request.approve = approve;
    request.reason = (char *)reason;
    app_write(&self->base, "rules.decide", &request.base, NULL, &loket__rule_draft_reply__descriptor, on_decided);
}

static void approve(struct screen *screen, bool yes, const char *text) {
    (void)text;
    if (yes) decide((struct rule_screen *)screen, true, "");
}

static void send_back(struct screen *screen, bool yes, const char *reason) {
    if (yes) decide((struct rule_screen *)screen, false, reason);
}

static void discard(struct screen *screen, bool yes, const char *text) {
    struct rule_screen *self = (struct rule_screen *)screen;
    Loket__RuleDiscardRequest request = LOKET__RULE_DISCARD_REQUEST__INIT;
    (void)text;
    if (!yes) return;
    request.draft_id = self->rule->draft_id;
    request.version = self->rule->draft_version;
    app_write(screen, "rules.discard", &request.base, NULL, &loket__rule_draft_reply__descriptor, on_decided);
}

static void ask_approval(struct rule_screen *self) {
    char question[200], date[40], what[120];
    text_date(self->rule->starts_on, date, sizeof date);
    (void)snprintf(what, sizeof what, "%s, %s", self->rule->code, date);
    text_message(N_("Approve: %s?"), what, question, sizeof question);
    dialog_ask(&self->base, question, NULL, false, approve);
}

static void open_part(struct rule_screen *self) {
    if (self->list.at >= self->rule->n_sections) return;
    if (is_open(self)) rule_section_open(self->base.app, self->rule, self->list.at + 1);
    else rule_text_open(self->base.app, self->rule, RULE_SECTION, self->list.at + 1);
}

static void main_thing(struct rule_screen *self) {
    if (is_open(self)) rule_propose_open(self->base.app, self->rule);
    else if (is_proposed(self)) ask_approval(self);
    else app_complain(self->base.app, N_("This is no draft: begin one in the list of rules"), NULL);
}

static enum outcome rule_action(struct screen *screen, int action) {
    struct rule_screen *self = (struct rule_screen *)screen;
    bool workflow = self->rule && strcmp(self->rule->kind, "workflow") == 0;
    if (action == ACTION_BACK) return LEAVE;
    if (!self->rule) return HANDLED;
    switch (action) {
    case ACTION_OPEN: open_part(self); break;
    case ACTION_MAIN: main_thing(self); break;
    case ACTION_NEW:
        if (is_open(self)) rule_section_open(screen->app, self->rule, 0);
        break;
    case ACTION_CHECK: rule_text_open(screen->app, self->rule, RULE_CHECK, 0); break;
    case ACTION_COMPARE: rule_text_open(screen->app, self->rule, RULE_DIFFERENCES, 0); break;
    case ACTION_PICTURE:
        if (workflow) rule_text_open(screen->app, self->rule, RULE_PICTURE, 0);
        break;
    case ACTION_WALK:
        if (workflow) rule_walk_open(screen->app, self->rule);
        break;
    case ACTION_UP: change(self, "move", self->list.at); break;
    case ACTION_DOWN: change(self, "move", self->list.at + 2); break;
    case ACTION_REMOVE:
        if (is_open(self)) dialog_ask(screen, _("Remove this part?"), NULL, false, remove_part);
        break;
    case ACTION_REJECT:
        if (is_proposed(self)) dialog_ask(screen, _("Send this draft back: why?"), _("Reason"), true, send_back);
        else if (is_open(self)) dialog_ask(screen, _("Throw this draft away?"), NULL, false, discard);
        break;
    default: break;
    }
    return REDRAW;
}

static enum outcome rule_key(struct screen *screen, int key, bool pasted) {
    struct rule_screen *self = (struct rule_screen *)screen;
    return !pasted && self->rule && list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static bool rule_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Rule"),
    .about = N_("The parts of a workflow (stages, and steps between them) or of a permit type (fields, requirements, checklists, "
                "levies). A draft is published only when it has no mistake, another administrator than those who wrote and "
                "proposed it approves, and its day is not in the past. The change is in the audit log, part by part."),
    .keys = keys,
    .size = sizeof(struct rule_screen),
    .free = rule_free,
    .draw = rule_draw,
    .action = rule_action,
    .key = rule_key,
    .refused = rule_refused,
    .shown = rule_shown,
};

void rule_open(struct app *app, const char *kind, const char *code, int64_t draft_id) {
    struct rule_screen *self = (struct rule_screen *)app_push(app, &ops);
    (void)snprintf(self->kind, sizeof self->kind, "%s", kind);
    (void)snprintf(self->code, sizeof self->code, "%s", code);
    self->draft_id = draft_id;
    rule_shown(&self->base);
}
