/* A walk through a workflow, a draft or a version, without an application: at each stage a step is chosen, its guards
 * are answered yes or no, and the way so far is shown with the service clock running or standing. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/rules.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/reader.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

struct walk_screen {
    struct screen base;
    struct list list; /* steps out of the present stage */
    struct reader path;
    Loket__RuleOpenReply *rule; /* owned */
    const Loket__RuleSection *at;
    const char *guards; /* of the chosen step, those not answered yet */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_OPEN, "open", "Enter F10", N_("take"), N_("take this step; its guards are asked first")},
    {ACTION_NEW, "again", "F2 n", N_("again"), N_("begin again in the first stage")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static bool leaves(const Loket__RuleSection *step, const Loket__RuleSection *stage) {
    size_t size = strlen(stage->code);
    return strcmp(step->kind, "step") == 0 && strncmp(step->code, stage->code, size) == 0 && step->code[size] == '.';
}

/* The index-th step out of the present stage; NULL when there are fewer. */
static const Loket__RuleSection *step_at(const struct walk_screen *self, size_t index) {
    for (size_t i = 0; self->at && i < self->rule->n_sections; i++)
        if (leaves(self->rule->sections[i], self->at) && index-- == 0) return self->rule->sections[i];
    return NULL;
}

static const Loket__RuleSection *stage_find(const struct walk_screen *self, const char *code) {
    for (size_t i = 0; i < self->rule->n_sections; i++) {
        const Loket__RuleSection *s = self->rule->sections[i];
        if (strcmp(s->kind, "stage") == 0 && (!code || strcmp(s->code, code) == 0)) return s;
    }
    return NULL;
}

static int64_t row_id(size_t index, void *data) {
    (void)data;
    return (int64_t)index + 1;
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const Loket__RuleSection *step = step_at(data, index);
    char line[400];
    (void)marked;
    (void)snprintf(line, sizeof line, "%s > %s (%s) %s", text_word(rule_value(step, "label")), rule_value(step, "to"),
                   text_word(rule_value(step, "role")), rule_value(step, "guards"));
    text_draw(row, 1, COLS - 2, line);
}

static const struct list_ops rows_ops = {row_id, row_draw};

/* What must be there before a step leads on from here, and what is written here. */
static void add_documents(struct walk_screen *self, const Loket__RuleSection *stage) {
    char list[200];
    rule_documents(stage, "demands", list, sizeof list);
    if (*list) reader_add(&self->path, LOOK_DIM, "  %s%s", _("needs: "), list);
    rule_documents(stage, "produces", list, sizeof list);
    if (*list) reader_add(&self->path, LOOK_DIM, "  %s%s", _("makes: "), list);
}

/* The application stands here now, in this sample. */
static void stand(struct walk_screen *self, const Loket__RuleSection *stage) {
    size_t steps = 0;
    self->at = stage;
    if (stage) {
        bool stands = strcmp(rule_value(stage, "clock"), "stands") == 0;
        reader_add(&self->path, stands ? LOOK_WARNING : LOOK_PLAIN, "%s (%s): %s", text_word(rule_value(stage, "name")),
                   text_word(rule_value(stage, "role")), stands ? _("the clock stands") : _("the clock runs"));
        add_documents(self, stage);
        if (strcmp(rule_value(stage, "kind"), "end") == 0) reader_add(&self->path, LOOK_GOOD, "%s", _("The end."));
    }
    while (step_at(self, steps)) steps++;
    self->list.at = 0;
    list_refresh(&self->list, steps, &rows_ops, self);
}

static void begin(struct walk_screen *self) {
    reader_free(&self->path);
    stand(self, stage_find(self, NULL));
}

static void ask_guard(struct walk_screen *self);

static void take(struct walk_screen *self) {
    const Loket__RuleSection *step = step_at(self, self->list.at), *to = step ? stage_find(self, rule_value(step, "to")) : NULL;
    if (!step) return;
    if (!to) {
        app_complain(self->base.app, N_("there is no [stage:%s]"), rule_value(step, "to"));
        return;
    }
    reader_add(&self->path, LOOK_DIM, "  %s %s%s%s", text_word(rule_value(step, "label")),
               rule_value(step, "outcome")[0] ? "= " : "", text_word(rule_value(step, "outcome")),
               strcmp(rule_value(step, "reason"), "yes") == 0 ? _(" (with a reason)") : "");
    stand(self, to);
}

static size_t guard_size(const char *guards) {
    return strcspn(guards, ",");
}

static void on_guard(struct screen *screen, bool yes, const char *text) {
    struct walk_screen *self = (struct walk_screen *)screen;
    char guard[60];
    (void)text;
    (void)snprintf(guard, sizeof guard, "%.*s", (int)guard_size(self->guards), self->guards);
    if (!yes) {
        app_complain(screen->app, N_("Not possible: %s does not hold"), guard);
        return;
    }
    self->guards += guard_size(self->guards);
    self->guards += strspn(self->guards, ", ");
    ask_guard(self);
}

/* Asks for the next guard; takes the step when all hold. */
static void ask_guard(struct walk_screen *self) {
    char question[200], guard[60];
    if (!*self->guards) {
        take(self);
        return;
    }
    (void)snprintf(guard, sizeof guard, "%.*s", (int)guard_size(self->guards), self->guards);
    text_message(N_("Does %s hold?"), guard, question, sizeof question);
    dialog_ask(&self->base, question, NULL, false, on_guard);
}

static void walk_free(struct screen *screen) {
    struct walk_screen *self = (struct walk_screen *)screen;
    reader_free(&self->path);
    list_free(&self->list);
    loket__rule_open_reply__free_unpacked(self->rule, NULL);
}

/* The way so far above, its end in sight; the steps that can be taken below. */
static void walk_draw(struct screen *screen, int row, int rows) {
    struct walk_screen *self = (struct walk_screen *)screen;
    int above = rows / 2;
    self->rows = rows - above - 1;
    self->path.first = self->path.count > (size_t)above ? self->path.count - (size_t)above : 0;
    reader_draw(&self->path, row, above);
    terminal_rule(row + above);
    list_draw(&self->list, row + above + 1, self->rows, &rows_ops, self);
}

static enum outcome walk_action(struct screen *screen, int action) {
    struct walk_screen *self = (struct walk_screen *)screen;
    const Loket__RuleSection *step = step_at(self, self->list.at);
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_NEW) begin(self);
    if (action == ACTION_OPEN && step) {
        self->guards = rule_value(step, "guards");
        ask_guard(self);
    }
    return REDRAW;
}

static enum outcome walk_key(struct screen *screen, int key, bool pasted) {
    struct walk_screen *self = (struct walk_screen *)screen;
    return !pasted && list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static const struct screen_ops ops = {
    .title = N_("Walk"),
    .about = N_("Try the workflow: choose a step at each stage and say whether its guards hold. Only the steps of the workflow are "
                "there. No application is touched."),
    .keys = keys,
    .size = sizeof(struct walk_screen),
    .free = walk_free,
    .draw = walk_draw,
    .action = walk_action,
    .key = walk_key,
};

void rule_walk_open(struct app *app, const Loket__RuleOpenReply *rule) {
    struct walk_screen *self = (struct walk_screen *)app_push(app, &ops);
    (void)snprintf(self->base.title, sizeof self->base.title, "%s: %.60s", _(ops.title), rule->code);
    self->rule = app_copy(&rule->base);
    begin(self);
}
