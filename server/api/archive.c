/* The archive. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method archive_methods[] = {
    {"archive.file", METHOD_WRITE, AT_DATABASE, ROLE_ARCHIVIST, MESSAGE(archive_file_request), MESSAGE(step_reply)},
    {.name = NULL},
};
