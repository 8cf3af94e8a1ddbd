/* After issuance: a permit is corrected, suspended, revoked or reinstated; one proposes, the head decides. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method permit_methods[] = {
    {"permit.propose", METHOD_WRITE, AT_DATABASE, ROLE_ANALYST | ROLE_SECTION_HEAD, MESSAGE(permit_propose_request),
     MESSAGE(empty)},
    {"permit.changes", METHOD_READ, AT_DATABASE, ROLE_ANALYST | ROLE_SECTION_HEAD | ROLE_HEAD | ROLE_AUDITOR, MESSAGE(empty),
     MESSAGE(permit_changes_reply)},
    {"permit.decide", METHOD_WRITE, AT_DATABASE, ROLE_HEAD, MESSAGE(permit_decide_request), MESSAGE(empty)},
    {.name = NULL},
};
