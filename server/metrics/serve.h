/* The metrics process: answers GET /metrics (Prometheus) and GET /status (people; 503 when something is wrong) on a unix socket
 * that only its own account can open, and on a loopback port where one is set. Apart from the workers, so that whoever holds it up
 * with slow or endless requests holds up nothing else; it has no line to the database. */
#ifndef SERVER_METRICS_SERVE_H
#define SERVER_METRICS_SERVE_H

#include <server/worker.h>

/* Runs the process until SIGTERM; returns its exit code. */
int metrics_run(const struct inheritance *given);

/* The socket's path: `[metrics] socket`, or metrics.sock in the run folder. False when it is too long for a socket. */
bool metrics_socket_path(const struct config *config, char *path, size_t size);

#endif
