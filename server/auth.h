/* The auth process: the only one that sees passwords and their hashes. It answers the workers on a unix socket, one call at a
 * time, because checking a password is meant to be slow. */
#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include <server/worker.h>

/* Runs the process until SIGTERM; returns its exit code. */
int auth_run(const struct inheritance *given);

#endif
