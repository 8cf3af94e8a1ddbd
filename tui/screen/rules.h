/* The office's rules: what its screens share. */
#ifndef TUI_SCREEN_RULES_H
#define TUI_SCREEN_RULES_H

#include <tui/app.h>

/* One rule: its draft (draft_id not 0) or the version in force. */
void rule_open(struct app *app, const char *kind, const char *code, int64_t draft_id);
/* One part of a draft in a form: the section at `place` (from 1), or a new one (0). */
void rule_section_open(struct app *app, const Loket__RuleOpenReply *rule, size_t place);
/* From which day and why: proposes the draft. */
void rule_propose_open(struct app *app, const Loket__RuleOpenReply *rule);
/* The rule as a file: read, and saved. `draft_id` 0: the version in force. */
void rule_export_open(struct app *app, const char *kind, const char *code, int64_t draft_id);
/* A file that becomes a draft. */
void rule_import_open(struct app *app);
/* A new rule made from another one. */
void rule_copy_open(struct app *app, const char *kind, const char *copy_of);

/* Something to read about a rule. */
enum rule_text { RULE_CHECK, RULE_DIFFERENCES, RULE_PICTURE, RULE_SECTION };
void rule_text_open(struct app *app, const Loket__RuleOpenReply *rule, enum rule_text what, size_t place);
/* Who changed which rule, proposed and approved it. */
void rule_history_open(struct app *app);
/* Walks through a workflow, without an application. */
void rule_walk_open(struct app *app, const Loket__RuleOpenReply *rule);

/* Running applications to another version of their workflow: a proposal; and those that wait for approval. */
void rule_move_open(struct app *app, const Loket__RuleRow *rule);
void rule_moves_open(struct app *app);

/* The documents that a stage demands or produces (`key`), in the present language, with commas; "" when it has none. */
void rule_documents(const Loket__RuleSection *stage, const char *key, char *out, size_t size);

/* The value of a section's key, "" when it has none. */
const char *rule_value(const Loket__RuleSection *section, const char *key);

#endif
