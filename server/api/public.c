/* For everybody: following an application with its number and PIN, checking a permit by its code. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method public_methods[] = {
    {"public.track", METHOD_PUBLIC, AT_STANDBY, 0, MESSAGE(public_track_request), MESSAGE(public_track_reply)},
    {"public.verify", METHOD_PUBLIC, AT_STANDBY, 0, MESSAGE(public_verify_request), MESSAGE(public_verify_reply)},
    {.name = NULL},
};
