/* Several permits in one visit. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method visit_methods[] = {
    {"intake.beside", METHOD_READ, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(intake_beside_request),
     MESSAGE(intake_renewal_of_reply)},
    {.name = NULL},
};
