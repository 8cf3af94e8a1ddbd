/* Time: the calendar, warnings before a promise is broken, the register of permits and their renewal, notices to applicants. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor
#define REGISTER_READERS                                                                                                           \
    (ROLE_FRONT_OFFICE | ROLE_ANALYST | ROLE_SECTION_HEAD | ROLE_HEAD | ROLE_ARCHIVIST | ROLE_MANAGER | ROLE_AUDITOR)

const struct method time_methods[] = {
    {"calendar.year", METHOD_READ, AT_DATABASE, ROLE_ADMIN | ROLE_AUDITOR, MESSAGE(calendar_year_request),
     MESSAGE(calendar_year_reply)},
    {"calendar.day_save", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(calendar_day_save_request),
     MESSAGE(calendar_change_reply)},
    {"calendar.day_remove", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(calendar_day_remove_request),
     MESSAGE(calendar_change_reply)},
    {"calendar.hours_save", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(calendar_hours_save_request),
     MESSAGE(calendar_change_reply)},
    {"warning.list", METHOD_READ, AT_DATABASE, ROLE_SECTION_HEAD | ROLE_HEAD, MESSAGE(empty), MESSAGE(warning_list_reply)},
    {"permit.list", METHOD_READ, AT_DATABASE, REGISTER_READERS, MESSAGE(permit_list_request), MESSAGE(permit_list_reply)},
    {"intake.renewal_of", METHOD_READ, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(intake_renewal_of_request),
     MESSAGE(intake_renewal_of_reply)},
    {"notice.list", METHOD_READ, AT_DATABASE, ROLE_FRONT_OFFICE | ROLE_ADMIN | ROLE_AUDITOR, MESSAGE(notice_list_request),
     MESSAGE(notice_list_reply)},
    {"notice.resend", METHOD_WRITE, AT_DATABASE, ROLE_FRONT_OFFICE | ROLE_ADMIN, MESSAGE(notice_resend_request), MESSAGE(empty)},
    {.name = NULL},
};
