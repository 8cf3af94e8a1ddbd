/* The end of a person's data: one proposes, another decides. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor
#define PROPOSERS     (ROLE_FRONT_OFFICE | ROLE_ARCHIVIST)
#define READERS       (PROPOSERS | ROLE_HEAD | ROLE_AUDITOR)

const struct method erasure_methods[] = {
    {"erasure.due", METHOD_READ, AT_DATABASE, READERS, MESSAGE(empty), MESSAGE(erasure_due_reply)},
    {"erasure.propose", METHOD_WRITE, AT_DATABASE, PROPOSERS, MESSAGE(erasure_propose_request), MESSAGE(empty)},
    {"erasure.list", METHOD_READ, AT_DATABASE, READERS, MESSAGE(empty), MESSAGE(erasure_list_reply)},
    {"erasure.decide", METHOD_WRITE, AT_DATABASE, ROLE_HEAD, MESSAGE(erasure_decide_request), MESSAGE(empty)},
    {.name = NULL},
};
