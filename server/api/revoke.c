/* A permit ends before its day: at the holder's request, or because the office has a legal reason. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method revoke_methods[] = {
    {"intake.revoke", METHOD_WRITE, AT_DATABASE, ROLE_FRONT_OFFICE | ROLE_ANALYST | ROLE_SECTION_HEAD,
     MESSAGE(intake_revoke_request), MESSAGE(intake_submit_reply)},
    {.name = NULL},
};
