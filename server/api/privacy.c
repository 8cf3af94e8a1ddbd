/* A person's data: identity numbers seen whole with a reason, and everything given to the person who asks for it. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method privacy_methods[] = {
    {"applicant.reveal", METHOD_READ, AT_DATABASE, ROLE_FRONT_OFFICE | ROLE_ANALYST | ROLE_SECTION_HEAD | ROLE_HEAD | ROLE_AUDITOR,
     MESSAGE(applicant_reveal_request), MESSAGE(applicant_reveal_reply)},
    {"applicant.export", METHOD_READ, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(applicant_export_request),
     MESSAGE(applicant_export_reply)},
    {.name = NULL},
};
