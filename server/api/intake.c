/* The counter: taking in, correcting, withdrawing, handing over. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method intake_methods[] = {
    {"applicant.find", METHOD_READ, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(applicant_find_request), MESSAGE(applicant_find_reply)},
    {"intake.submit", METHOD_WRITE, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(intake_submit_request), MESSAGE(intake_submit_reply)},
    {"intake.correct", METHOD_WRITE, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(intake_correct_request), MESSAGE(step_reply)},
    {"intake.withdraw", METHOD_WRITE, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(intake_withdraw_request), MESSAGE(step_reply)},
    {"handover.record", METHOD_WRITE, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(handover_record_request), MESSAGE(step_reply)},
    {.name = NULL},
};
