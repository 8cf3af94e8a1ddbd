/* What nodes ask of the database by themselves. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method node_methods[] = {
    {"node.position", METHOD_PUBLIC, AT_WORKER, 0, MESSAGE(empty), MESSAGE(node_position_reply)},
    {"fairness.report_viewed", METHOD_READ, AT_WORKER, ROLE_AUDITOR | ROLE_MANAGER, MESSAGE(fairness_report_request),
     MESSAGE(report_viewed_reply)},
    {.name = NULL},
};
