/* A worker's line to the auth process: the only way a password travels inside the server. */
#ifndef SERVER_AUTH_CHANNEL_H
#define SERVER_AUTH_CHANNEL_H

#include <server/dispatch.h>

/* `path` is the auth process's unix socket (borrowed). NULL when memory is short. Connects when first needed. */
struct auth_channel *auth_channel_new(struct worker *worker, const char *path);
void auth_channel_free(struct auth_channel *channel);

/* Passes the request on; it is finished from here later. LOKET_UNAVAILABLE when the auth process can't be reached or has too
 * much to do. */
enum loket_error auth_channel_call(struct auth_channel *channel, struct request *request, const Loket__Envelope *envelope,
                                   struct error *error);

/* The path of the auth socket in the run folder. */
void auth_socket_path(const char *run_dir, char *path, size_t size);

#endif
