/* The back office: checking documents, drafting the decision. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method verify_methods[] = {
    {"verify.submit", METHOD_WRITE, AT_DATABASE, ROLE_ANALYST, MESSAGE(verify_submit_request), MESSAGE(step_reply)},
    {"draft.submit", METHOD_WRITE, AT_DATABASE, ROLE_ANALYST, MESSAGE(draft_submit_request), MESSAGE(step_reply)},
    {.name = NULL},
};
