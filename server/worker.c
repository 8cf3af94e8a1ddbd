/* A worker process: puts the parts together and runs the loop. */
#include <event2/listener.h>
#include <proto/tls.h>
#include <server/announce.h>
#include <server/auth_channel.h>
#include <server/clock.h>
#include <server/log.h>
#include <server/privacy/keyring.h>
#include <server/sandbox/sandbox.h>
#include <server/session.h>
#include <server/standby.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define DRAIN_SECONDS 10
#define STUCK_SECONDS 10 /* a worker whose loop does not come round in this time */

struct loop {
    struct worker worker;
    struct evconnlistener *listeners[LISTENERS_AT_MOST];
    struct event *sweep, *stop, *drain;
    char auth_path[108];
    time_t drain_until;
};

static void on_accept(struct evconnlistener *listener, evutil_socket_t socket, struct sockaddr *address, int size, void *data) {
    (void)listener;
    (void)size;
    session_new(data, socket, address);
}

static void tickets_seal(struct worker *worker) {
    unsigned char keys[TICKET_KEY_BYTES];
    ticket_secret_keys(worker->given->tickets, keys);
    if (SSL_CTX_set_tlsext_ticket_keys(worker->tls, keys, TICKET_KEY_BYTES) != 1) log_warn("ticket keys are not shared");
    explicit_bzero(keys, sizeof keys);
}

static void on_sweep(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct worker *worker = data;
    session_sweep(worker);
    if (ticket_secret_advance(worker->given->tickets, clock_seconds())) tickets_seal(worker);
    metrics_set(GAUGE_REQUESTS, worker->requests_open);
    metrics_set(GAUGE_POOL, worker->given->config->connections);
    metrics_set(GAUGE_POOL_READY, pool_ready(worker->pool));
    metrics_set(GAUGE_POOL_WAITING, pool_waiting(worker->pool));
    if (worker->standby) standby_watch(worker->standby);
    metrics_alive(STUCK_SECONDS);
}

/* Done when everything asked is answered, or when the time for it is over. */
static void on_drain(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct loop *loop = data;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (loop->worker.requests_open == 0 || now.tv_sec >= loop->drain_until) event_base_loopexit(loop->worker.base, NULL);
}

static void on_stop(evutil_socket_t signal_number, short what, void *data) {
    (void)signal_number;
    (void)what;
    struct loop *loop = data;
    struct timespec now;
    struct timeval tick = {0, 50000};
    if (loop->worker.draining) return;
    loop->worker.draining = true;
    clock_gettime(CLOCK_MONOTONIC, &now);
    loop->drain_until = now.tv_sec + DRAIN_SECONDS;
    for (int i = 0; i < LISTENERS_AT_MOST; i++)
        if (loop->listeners[i]) evconnlistener_disable(loop->listeners[i]);
    log_info("draining", "requests", log_number(loop->worker.requests_open));
    event_add(loop->drain, &tick);
}

static bool loop_open(struct loop *loop) {
    struct worker *worker = &loop->worker;
    struct timeval second = {1, 0};
    struct error error;
    worker->base = event_base_new();
    if (!worker->base || !addresses_init(&worker->addresses)) return false;
    const struct config *config = worker->given->config;
    if (keyring_open(config->privacy_keys, &error) != LOKET_OK) {
        log_error(error.message, "file", error.argument);
        return false;
    }
    const struct tls_clients clients = {config->client_certificates, config->client_ca, config->client_crl};
    worker->tls = tls_server(config->certificate, config->key, &clients, &error);
    if (!worker->tls) {
        log_error(error.message, "file", error.argument);
        return false;
    }
    (void)ticket_secret_advance(worker->given->tickets, clock_seconds());
    tickets_seal(worker);
    auth_socket_path(worker->given->config->run_dir, loop->auth_path, sizeof loop->auth_path);
    const struct pool_target primary = {config->database_worker, config->database_hosts, worker->given->usual_connections, false};
    worker->pool = pool_new(worker->base, &primary, config->connections);
    worker->standby = config->database_standby ? standby_new(worker) : NULL;
    worker->announcer = announcer_new(worker);
    worker->auth = auth_channel_new(worker, loop->auth_path);
    loop->sweep = event_new(worker->base, -1, EV_PERSIST, on_sweep, worker);
    loop->stop = evsignal_new(worker->base, SIGTERM, on_stop, loop);
    loop->drain = event_new(worker->base, -1, EV_PERSIST, on_drain, loop);
    if (!worker->pool || !worker->announcer || !worker->auth || !loop->sweep || !loop->stop || !loop->drain) return false;
    if (event_add(loop->sweep, &second) != 0 || event_add(loop->stop, NULL) != 0) return false;
    for (int i = 0; i < worker->given->listener_count; i++) {
        loop->listeners[i] =
            evconnlistener_new(worker->base, on_accept, worker, LEV_OPT_CLOSE_ON_EXEC, 0, worker->given->listeners[i]);
        if (!loop->listeners[i]) return false;
    }
    return true;
}

static void loop_close(struct loop *loop) {
    struct worker *worker = &loop->worker;
    for (int i = 0; i < LISTENERS_AT_MOST; i++)
        if (loop->listeners[i]) evconnlistener_free(loop->listeners[i]);
    while (worker->sessions) session_free(worker->sessions);
    auth_channel_free(worker->auth);
    announcer_free(worker->announcer);
    standby_free(worker->standby);
    pool_free(worker->pool);
    if (loop->sweep) event_free(loop->sweep);
    if (loop->stop) event_free(loop->stop);
    if (loop->drain) event_free(loop->drain);
    SSL_CTX_free(worker->tls);
    if (worker->base) event_base_free(worker->base);
    keyring_close();
}

int worker_run(const struct inheritance *given) {
    static struct loop loop;
    int code = EX_CONFIG;
    loop.worker.given = given;
    if (loop_open(&loop) && sandbox_enter(CHILD_WORKER, given->config)) {
        log_info("worker ready");
        code = event_base_dispatch(loop.worker.base) < 0 ? EX_SOFTWARE : EX_OK;
    }
    loop_close(&loop);
    return code;
}
