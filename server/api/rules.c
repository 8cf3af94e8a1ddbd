/* The office's rules: workflows and permit types as drafts, their publication, the move of running applications; and
 * the step of a stage that an office added. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor
#define READERS       (ROLE_ADMIN | ROLE_AUDITOR)

const struct method rules_methods[] = {
    {"rules.list", METHOD_READ, AT_DATABASE, READERS, MESSAGE(empty), MESSAGE(rules_list_reply)},
    {"rules.open", METHOD_READ, AT_DATABASE, READERS, MESSAGE(rule_open_request), MESSAGE(rule_open_reply)},
    {"rules.draft", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(rule_draft_request), MESSAGE(rule_draft_reply)},
    {"rules.section", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(rule_section_request), MESSAGE(rule_draft_reply)},
    {"rules.propose", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(rule_propose_request), MESSAGE(rule_draft_reply)},
    {"rules.decide", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(rule_decide_request), MESSAGE(rule_draft_reply)},
    {"rules.discard", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(rule_discard_request), MESSAGE(rule_draft_reply)},
    {"rules.export", METHOD_READ, AT_DATABASE, READERS, MESSAGE(rule_export_request), MESSAGE(rule_export_reply)},
    {"rules.import", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(rule_import_request), MESSAGE(rule_import_reply)},
    {"rules.history", METHOD_READ, AT_DATABASE, READERS, MESSAGE(rules_history_request), MESSAGE(rules_history_reply)},
    {"rules.move_preview", METHOD_READ, AT_DATABASE, READERS, MESSAGE(rule_move_preview_request), MESSAGE(rule_move_preview_reply)},
    {"rules.moves", METHOD_READ, AT_DATABASE, READERS, MESSAGE(empty), MESSAGE(rule_moves_reply)},
    {"rules.move_propose", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(rule_move_propose_request), MESSAGE(empty)},
    {"rules.move_decide", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(rule_move_decide_request), MESSAGE(empty)},
    {"stage.decide", METHOD_WRITE, AT_DATABASE,
     ROLE_FRONT_OFFICE | ROLE_ANALYST | ROLE_SECTION_HEAD | ROLE_HEAD | ROLE_TREASURER | ROLE_ARCHIVIST, MESSAGE(step_request),
     MESSAGE(step_reply)},
    {.name = NULL},
};
