/* Initialling, and the decision. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method decide_methods[] = {
    {"review.decide", METHOD_WRITE, AT_DATABASE, ROLE_SECTION_HEAD, MESSAGE(step_request), MESSAGE(step_reply)},
    {"approval.decide", METHOD_WRITE, AT_DATABASE, ROLE_HEAD, MESSAGE(step_request), MESSAGE(step_reply)},
    {.name = NULL},
};
