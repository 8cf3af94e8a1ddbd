/* What nodes ask of the database by themselves. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method node_methods[] = {
    {"node.position", METHOD_PUBLIC, AT_WORKER, 0, MESSAGE(empty), MESSAGE(node_position_reply)},
    {.name = NULL},
};
