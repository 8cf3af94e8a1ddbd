/* The technical departments: assigning, visiting, reporting, signing. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

#define TECHNICAL_TEAM (ROLE_TECHNICAL_COORDINATOR | ROLE_SURVEYOR)

const struct method inspect_methods[] = {
    {"inspection.open", METHOD_READ, AT_DATABASE, TECHNICAL_TEAM, MESSAGE(inspection_open_request), MESSAGE(inspection_open_reply)},
    {"inspection.assign", METHOD_WRITE, AT_DATABASE, ROLE_TECHNICAL_COORDINATOR, MESSAGE(inspection_assign_request),
     MESSAGE(step_reply)},
    {"inspection.report", METHOD_WRITE, AT_DATABASE, ROLE_SURVEYOR, MESSAGE(inspection_report_request), MESSAGE(step_reply)},
    {"inspection.sign", METHOD_WRITE, AT_DATABASE, ROLE_SURVEYOR, MESSAGE(inspection_sign_request), MESSAGE(step_reply)},
    {.name = NULL},
};
