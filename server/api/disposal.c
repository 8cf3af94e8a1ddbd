/* Disposal of archives whose retention is over: one proposes, another decides. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor
#define READERS       (ROLE_ARCHIVIST | ROLE_HEAD | ROLE_AUDITOR)

const struct method disposal_methods[] = {
    {"disposal.due", METHOD_READ, AT_DATABASE, READERS, MESSAGE(disposal_due_request), MESSAGE(disposal_due_reply)},
    {"disposal.propose", METHOD_WRITE, AT_DATABASE, ROLE_ARCHIVIST, MESSAGE(disposal_propose_request),
     MESSAGE(disposal_propose_reply)},
    {"disposal.list", METHOD_READ, AT_DATABASE, READERS, MESSAGE(empty), MESSAGE(disposal_list_reply)},
    {"disposal.open", METHOD_READ, AT_DATABASE, READERS, MESSAGE(disposal_open_request), MESSAGE(disposal_open_reply)},
    {"disposal.decide", METHOD_WRITE, AT_DATABASE, ROLE_HEAD, MESSAGE(disposal_decide_request), MESSAGE(empty)},
    {.name = NULL},
};
