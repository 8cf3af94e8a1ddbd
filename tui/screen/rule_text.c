/* What there is to read about a rule: its mistakes, its changes, its picture, one of its parts, and the history of all. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/entry/flow_picture.h>
#include <tui/screen/printout.h>
#include <tui/screen/rules.h>
#include <tui/screen/screens.h>
#include <tui/ui/reader.h>
#include <tui/ui/text.h>

/* What the database says of drafts, for the translators; it comes as it stands here. */
static const char *const told[] __attribute__((unused)) = {
    N_("is empty"),
    N_("has characters that cannot be shown"),
    N_("can't be written to a file: a blank before ; or #, at its begin or end, or a word of 150 characters"),
    N_("is longer than %s characters"),
    N_("is not a number (digits only)"),
    N_("is not between %s"),
    N_("is neither yes nor no"),
    N_("is not one of %s"),
    N_("\"%s\" is not one of the choices"),
    N_("is not a date (YYYY-MM-DD)"),
    N_("the day %s does not exist"),
    N_("is not of the form field=value"),
    N_("is not never, always or when field=value"),
    N_("\"%s\" is not of the form code=label"),
    N_("two choices have the code \"%s\""),
    N_("has something in { } that is not one of %s"),
    N_("must have the running number {NNNN} once"),
    N_("must have the year {YYYY}: the running number begins anew each year"),
    N_("is not a code: %s, 2 to 31 of them, a letter first"),
    N_("is not of the form stage.action"),
    N_("is not a section of this file"),
    N_("is there twice"),
    N_("is not a key of this section"),
    N_("is missing"),
    N_("is given twice"),
    N_("the section [%s] is missing"),
    N_("a task needs somebody who does it"),
    N_("people with the role %s work on inspections or complaints, not in a stage of this kind"),
    N_("a stage of the kind %s has no role"),
    N_("a stage of this kind has the role %s"),
    N_("there is no [step:%s]"),
    N_("is the first stage, but there is no [step:%s]"),
    N_("this stage is worked on by: %s"),
    N_("a stage with this code is of the kind %s"),
    N_("the work in this stage does not write the document %s"),
    N_("a stage of this kind writes at least the document %s"),
    N_("no stage before this one produces the document %s"),
    N_("receipt"),
    N_("bill"),
    N_("draft_decree"),
    N_("decree"),
    N_("refusal"),
    N_("signed_decision"),
    N_("handover"),
    N_("nobody in this office has the role %s today"),
    N_("no step leads here from the first stage"),
    N_("no step leads from here to a stage of the kind end"),
    N_("there is no [stage:%s]"),
    N_("leaves a stage of the kind end"),
    N_("the same step is there twice"),
    N_("nobody can take this step: the work in this stage knows only %s"),
    N_("nobody can take this step: the system takes only %s"),
    N_("this step is taken by: %s"),
    N_("a step to a stage of the kind refuse has the outcome refused"),
    N_("a step that lapses has the outcome lapsed"),
    N_("column %s"),
    N_("is missing: approval by silence needs its legal basis"),
    N_("a step to a stage of the kind issue has the outcome approved"),
    N_("there is no way to refuse: no step has the outcome refused"),
    N_("there is no way to withdraw: no step has the outcome withdrawn"),
    N_("no permit is ever issued: there is no stage of the kind issue"),
    N_("there is no stage of the kind end"),
    N_("there is no [field:%s]"),
    N_("depends on itself"),
    N_("is not a choice of [field:%s]"),
    N_("there is no workflow \"%s\""),
    N_("there is no [requirement:%s]"),
    N_("this office has no unit %s"),
    N_("a visit needs a department that makes it"),
    N_("is only for type = choice"),
    N_("stands in [checklist:*] too"),
    N_("[field:%s] is not a number"),
    N_("is the same day as in another price of this item"),
    N_("the code of this draft is %s"),
    N_("has no stage to go on in"),
    N_("goes on in a stage of another kind"),
    N_("an inspection goes on where it is"),
    N_("is being issued: wait until it is done"),
    N_("This draft is proposed: it is approved or sent back first"),
    N_("This draft is not proposed yet"),
    N_("This draft is closed"),
    N_("added"),
    N_("removed"),
    N_("changed"),
    N_("moved"),
    N_("open"),
    N_("workflow"),
    N_("stage"),
    N_("step"),
    N_("permit"),
    N_("field"),
    N_("requirement"),
    N_("checklist"),
    N_("levy"),
    N_("rules_draft"),
    N_("rules_save"),
    N_("rules_remove"),
    N_("rules_move"),
    N_("rules_propose"),
    N_("rules_publish"),
    N_("rules_send_back"),
    N_("rules_discard"),
    N_("rules_move_propose"),
    N_("rules_move_reject"),
};

enum { ACTION_PRINT = ACTION_OWN, ACTION_MORE };

struct text_screen {
    struct screen base;
    struct reader reader;
    char next[24]; /* of the history: the next page */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_PRINT, "print", "F8 p", N_("print"), N_("write what is shown to a text file")},
    {ACTION_MORE, "more", "m", NULL, N_("of the history: the next page")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void text_free(struct screen *screen) {
    reader_free(&((struct text_screen *)screen)->reader);
}

static void text_show(struct screen *screen, int row, int rows) {
    struct text_screen *self = (struct text_screen *)screen;
    self->rows = rows;
    reader_draw(&self->reader, row, rows);
}

static void read_history(struct text_screen *self, const char *after);

static enum outcome text_action(struct screen *screen, int action) {
    struct text_screen *self = (struct text_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_PRINT) printout_write(screen->app, &self->reader, "rules");
    if (action == ACTION_MORE && self->next[0]) read_history(self, self->next);
    return REDRAW;
}

static enum outcome text_key(struct screen *screen, int key, bool pasted) {
    struct text_screen *self = (struct text_screen *)screen;
    return !pasted && reader_key(&self->reader, key, self->rows) ? REDRAW : UNUSED;
}

#define TEXT_OPS(title_, about_)                                                                                                   \
    {                                                                                                                              \
        .title = title_, .about = about_, .keys = keys, .size = sizeof(struct text_screen), .free = text_free, .draw = text_show,  \
        .action = text_action, .key = text_key                                                                                     \
    }

static const struct screen_ops ops[] = {
    [RULE_CHECK] =
        TEXT_OPS(N_("Check"), N_("What is wrong with the draft, with the part and its field. Nothing that is listed here "
                                 "is published. What an imported file said that means something else here stands below.")),
    [RULE_DIFFERENCES] = TEXT_OPS(
        N_("Changes"),
        N_("What is added, removed, moved and changed, beside the version that it was made from; and all versions there are.")),
    [RULE_PICTURE] =
        TEXT_OPS(N_("Picture"), N_("Stages from top to bottom in the order in which they can be reached; below each row "
                                   "its steps. Arrows to the left lead back.")),
    [RULE_SECTION] = TEXT_OPS(N_("Part"), N_("One part of the rule, as it stands in a catalogue's file.")),
};
static const struct screen_ops history_ops = TEXT_OPS(
    N_("History of the rules"),
    N_("Every change of a workflow or a permit type: who began, changed, proposed and approved it, the newest first. Nobody can "
       "change or delete a row of it."));

static void add_check(struct reader *reader, const Loket__RuleOpenReply *rule) {
    if (!rule->n_mistakes)
        reader_add(reader, LOOK_GOOD, "%s",
                   rule->draft_id ? _("Nothing is wrong with it.") : _("This version was checked when it was made."));
    for (size_t i = 0; i < rule->n_mistakes; i++) {
        const Loket__RuleMistake *mistake = rule->mistakes[i];
        char text[600];
        text_message(mistake->message, mistake->argument, text, sizeof text);
        reader_add(reader, LOOK_ERROR, "%s%s%s: %s", mistake->place, mistake->field[0] ? " " : "", mistake->field, text);
    }
    if (rule->n_report) reader_add(reader, LOOK_TITLE, "%s", _("What means something else here:"));
    for (size_t i = 0; i < rule->n_report; i++) reader_add(reader, LOOK_PLAIN, "%s", rule->report[i]);
}

static void add_differences(struct reader *reader, const Loket__RuleOpenReply *rule) {
    if (!rule->n_differences) reader_add(reader, LOOK_PLAIN, "%s", _("It changes nothing."));
    for (size_t i = 0; i < rule->n_differences; i++) {
        const Loket__RuleDifference *d = rule->differences[i];
        reader_add(reader, LOOK_TITLE, "%s %s %s", text_word(d->change), d->place, d->field);
        if (d->was[0]) reader_add(reader, LOOK_PLAIN, "  - %s", d->was);
        if (d->becomes[0]) reader_add(reader, LOOK_PLAIN, "  + %s", d->becomes);
    }
}

/* Every version there is, the newest first: from when, by whom, and how many applications run under it. */
static void add_versions(struct reader *reader, const Loket__RuleOpenReply *rule) {
    reader_add(reader, LOOK_TITLE, "%s", _("Versions"));
    for (size_t i = 0; i < rule->n_versions; i++) {
        const Loket__RuleVersionRow *v = rule->versions[i];
        char from[40], by[300] = "";
        text_date(v->starts_on, from, sizeof from);
        if (v->approved_by[0])
            (void)snprintf(by, sizeof by, "%s %s, %s %s", _("proposed by"), v->proposed_by, _("approved by"), v->approved_by);
        reader_add(reader, LOOK_PLAIN, "v%d  %s  %s: %d  %s", (int)v->version, from, _("applications"), (int)v->running,
                   *by ? by : _("from a file"));
    }
}

static void add_section(struct reader *reader, const Loket__RuleSection *section) {
    reader_add(reader, LOOK_TITLE, "%s %s", text_word(section->kind), section->code);
    for (size_t i = 0; i < section->n_entries; i++) reader_pair(reader, section->entries[i]->key, section->entries[i]->value);
}

/* The stages and steps of the rule as the picture takes them. */
static void add_picture(struct reader *reader, const Loket__RuleOpenReply *rule, bool plain) {
    struct flow_stage *stages = calloc(rule->n_sections + 1, sizeof *stages);
    struct flow_step *steps = calloc(rule->n_sections + 1, sizeof *steps);
    char(*from)[80] = calloc(rule->n_sections + 1, sizeof *from);
    size_t stage_count = 0, step_count = 0;
    struct flow_picture picture;
    if (!stages || !steps || !from) abort();
    for (size_t i = 0; i < rule->n_sections; i++) {
        const Loket__RuleSection *s = rule->sections[i];
        if (strcmp(s->kind, "stage") == 0)
            stages[stage_count++] =
                (struct flow_stage){s->code, text_word(rule_value(s, "name")), text_word(rule_value(s, "role"))};
        if (strcmp(s->kind, "step") != 0) continue;
        (void)snprintf(from[step_count], sizeof from[0], "%.*s", (int)strcspn(s->code, "."), s->code);
        steps[step_count] = (struct flow_step){from[step_count], rule_value(s, "to"), text_word(rule_value(s, "label"))};
        step_count++;
    }
    if (flow_picture_draw(&picture, stages, stage_count, steps, step_count, COLS - 2, plain)) {
        for (size_t i = 0; i < picture.count; i++) reader_add(reader, LOOK_PLAIN, "%s", picture.lines[i]);
        flow_picture_free(&picture);
    }
    free(stages);
    free(steps);
    free(from);
}

void rule_text_open(struct app *app, const Loket__RuleOpenReply *rule, enum rule_text what, size_t place) {
    struct text_screen *self = (struct text_screen *)app_push(app, &ops[what]);
    (void)snprintf(self->base.title, sizeof self->base.title, "%s: %.60s", _(ops[what].title), rule->code);
    if (what == RULE_CHECK) add_check(&self->reader, rule);
    if (what == RULE_DIFFERENCES) {
        add_differences(&self->reader, rule);
        add_versions(&self->reader, rule);
    }
    if (what == RULE_PICTURE) add_picture(&self->reader, rule, app->plain || !terminal_unicode());
    if (what == RULE_SECTION && place && place <= rule->n_sections) add_section(&self->reader, rule->sections[place - 1]);
}

static void on_history(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct text_screen *self = (struct text_screen *)screen;
    const Loket__RulesHistoryReply *reply = (const Loket__RulesHistoryReply *)answer;
    screen->waits = false;
    if (error) return;
    reader_free(&self->reader);
    (void)snprintf(self->next, sizeof self->next, "%s", reply->next);
    if (!reply->n_rows) reader_add(&self->reader, LOOK_PLAIN, "%s", _("Nothing happened."));
    for (size_t i = 0; i < reply->n_rows; i++) {
        const Loket__RuleHistoryRow *row = reply->rows[i];
        char at[40];
        text_instant(row->at, at, sizeof at);
        reader_add(&self->reader, LOOK_PLAIN, "%s  %s  %s  %s  %s", at, row->actor, text_word(row->action), row->code, row->detail);
    }
}

static void read_history(struct text_screen *self, const char *after) {
    Loket__RulesHistoryRequest request = LOKET__RULES_HISTORY_REQUEST__INIT;
    char place[24];
    (void)snprintf(place, sizeof place, "%s", after);
    request.after = place;
    self->base.waits = true;
    app_ask(&self->base, "rules.history", &request.base, &loket__rules_history_reply__descriptor, on_history);
}

void rule_history_open(struct app *app) {
    read_history((struct text_screen *)app_push(app, &history_ops), "");
}
