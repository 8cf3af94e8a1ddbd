/* Proof of what happened: the tree over the events, and one event in it. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method audit_methods[] = {
    {"audit.state", METHOD_READ, AT_DATABASE, ROLE_ADMIN | ROLE_AUDITOR, MESSAGE(audit_state_request), MESSAGE(audit_state_reply)},
    {"audit.proof", METHOD_READ, AT_DATABASE, ROLE_ADMIN | ROLE_AUDITOR, MESSAGE(audit_proof_request), MESSAGE(audit_proof_reply)},
    {.name = NULL},
};
