/* Queues, search, reading an application, and who works on what. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method work_methods[] = {
    {"queue.list", METHOD_READ, AT_DATABASE, ROLE_EVERYONE, MESSAGE(queue_list_request), MESSAGE(queue_list_reply)},
    {"application.search", METHOD_READ, AT_DATABASE, ROLE_READERS, MESSAGE(search_request), MESSAGE(queue_list_reply)},
    {"application.open", METHOD_READ, AT_DATABASE, ROLE_READERS, MESSAGE(application_open_request),
     MESSAGE(application_open_reply)},
    {"application.custody", METHOD_READ, AT_DATABASE, ROLE_READERS, MESSAGE(application_open_request),
     MESSAGE(application_custody_reply)},
    {"task.claim", METHOD_WRITE, AT_DATABASE, ROLE_OFFICERS, MESSAGE(task_request), MESSAGE(step_reply)},
    {"task.release", METHOD_WRITE, AT_DATABASE, ROLE_OFFICERS, MESSAGE(task_request), MESSAGE(step_reply)},
    {"task.take_over", METHOD_WRITE, AT_DATABASE, ROLE_OFFICERS, MESSAGE(task_request), MESSAGE(step_reply)},
    {"task.assign", METHOD_WRITE, AT_DATABASE, ROLE_SECTION_HEAD, MESSAGE(task_assign_request), MESSAGE(step_reply)},
    {"staff.list", METHOD_READ, AT_DATABASE, ROLE_SECTION_HEAD | ROLE_TECHNICAL_COORDINATOR, MESSAGE(staff_list_request),
     MESSAGE(staff_list_reply)},
    {"catalogue.list", METHOD_PUBLIC, AT_DATABASE, 0, MESSAGE(catalogue_list_request), MESSAGE(catalogue_list_reply)},
    {"catalogue.open", METHOD_PUBLIC, AT_DATABASE, 0, MESSAGE(catalogue_open_request), MESSAGE(catalogue_open_reply)},
    {"catalogue.units", METHOD_READ, AT_DATABASE, ROLE_EVERYONE, MESSAGE(empty), MESSAGE(units_reply)},
    {"catalogue.calendar", METHOD_READ, AT_DATABASE, ROLE_EVERYONE, MESSAGE(empty), MESSAGE(calendar_reply)},
    {.name = NULL},
};
