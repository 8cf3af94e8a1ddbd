/* A worker process: TLS, sessions, dispatch. Its one context, shared by the files of this folder that make it up. */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include <event2/event.h>
#include <openssl/ssl.h>
#include <server/address.h>
#include <server/config.h>
#include <server/db/pool.h>
#include <server/metrics/count.h>
#include <server/ticket_secret.h>
#include <stdint.h>

#define LISTENERS_AT_MOST 8
#define METRICS_LISTENERS 2

/* What the master gives to each child. */
struct inheritance {
    const struct config *config;
    int listeners[LISTENERS_AT_MOST];
    int listener_count;
    int auth_listener;
    struct metrics *metrics; /* shared by master and children */
    int metrics_listeners[METRICS_LISTENERS];
    int metrics_listener_count;
    int usual_connections;         /* of each worker: as many as keep the machine's cores at work, and no more */
    struct ticket_secret *tickets; /* each worker goes on with it by itself */
};

struct worker {
    const struct inheritance *given;
    struct event_base *base;
    SSL_CTX *tls;
    struct pool *pool;
    struct standby *standby; /* NULL: nothing is read from one */
    struct announcer *announcer;
    struct auth_channel *auth;
    struct session *sessions; /* all, newest first */
    int session_count;
    struct addresses addresses;
    uint64_t next_request;
    int requests_open;
    bool draining;
};

/* Runs the process until it is told to stop; returns its exit code. */
int worker_run(const struct inheritance *given);

#endif
