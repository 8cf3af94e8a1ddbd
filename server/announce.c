/* Events between the nodes. Holds no state that matters: everything announced is in the database. */
#include <server/announce.h>
#include <server/clock.h>
#include <server/db/hosts.h>
#include <server/log.h>
#include <server/session.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GATHER_MS      20  /* after a quiet while */
#define APART_MS       50  /* between one and the next */
#define APART_MUCH_MS  200 /* while much happens: nobody reads a screen that changes more often */
#define MUCH_BYTES     400 /* some ten announcements in one */
#define QUEUES_AT_ONCE 32
#define CONNECT_S      5
#define PAYLOAD_BYTES  7000u /* NOTIFY takes less than 8,000 */

struct announcer {
    struct worker *worker;
    unsigned turn; /* which of the hosts comes first */
    PGconn *db;
    bool ready, sending;
    uint64_t next_at_ms; /* not before: clock_milliseconds() */
    struct event *socket_event, *gather, *retry;
    struct buffer lines;
};

bool announcement_read(const char *line, size_t size, char office[40], char queue[96], long long *application_id,
                       long long *counter) {
    char text[192];
    int end = 0;
    if (size >= sizeof text) return false;
    memcpy(text, line, size);
    text[size] = '\0';
    return sscanf(text, "%39[^:]:%95[^:]:%lld:%lld%n", office, queue, application_id, counter, &end) == 4 && (size_t)end == size;
}

static void lost(struct announcer *announcer) {
    struct timeval second = {1, 0};
    if (announcer->socket_event) event_free(announcer->socket_event);
    announcer->socket_event = NULL;
    PQfinish(announcer->db);
    announcer->db = NULL;
    announcer->ready = announcer->sending = false;
    event_add(announcer->retry, &second);
}

static void send_in(struct announcer *announcer, uint64_t wait_ms) {
    struct timeval delay = {0, (suseconds_t)(wait_ms * 1000)};
    if (!evtimer_pending(announcer->gather, NULL)) event_add(announcer->gather, &delay);
}

static void send_gathered(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct announcer *announcer = data;
    if (!announcer->lines.size || !announcer->ready) return;
    if (announcer->sending) {
        send_in(announcer, GATHER_MS);
        return;
    }
    size_t size = announcer->lines.size;
    if (size > PAYLOAD_BYTES) {
        size = PAYLOAD_BYTES;
        while (size && announcer->lines.data[size - 1] != '\n') size--;
    }
    char payload[PAYLOAD_BYTES + 1];
    memcpy(payload, announcer->lines.data, size);
    payload[size] = '\0';
    const char *values[] = {payload};
    announcer->sending = true;
    announcer->next_at_ms = clock_milliseconds() + (size > MUCH_BYTES ? APART_MUCH_MS : APART_MS);
    if (PQsendQueryParams(announcer->db, "select pg_notify('" ANNOUNCE_CHANNEL "', $1)", 1, NULL, values, NULL, NULL, 0) != 1 ||
        PQflush(announcer->db) < 0) {
        lost(announcer);
        return;
    }
    memmove(announcer->lines.data, announcer->lines.data + size, announcer->lines.size - size);
    announcer->lines.size -= size;
    if (announcer->lines.size) send_in(announcer, GATHER_MS);
}

/* What one NOTIFY says of one queue. */
struct heard {
    char office[40], queue[96];
    struct buffer frames;
    unsigned count;
};

static void tell(struct worker *worker, struct heard *heard, size_t count) {
    for (size_t i = 0; i < count; i++) {
        session_push(worker, heard[i].office, heard[i].queue, &heard[i].frames, heard[i].count);
        buffer_free(&heard[i].frames);
    }
}

/* Sorted by queue first: a session then gets all that its queues had in one write, not each by itself. */
static void hear(struct announcer *announcer, const char *payload) {
    struct heard heard[QUEUES_AT_ONCE], *place;
    char office[sizeof heard->office], queue[sizeof heard->queue];
    long long application_id, counter;
    size_t known = 0;
    for (size_t size; *payload; payload += size + (payload[size] == '\n')) {
        size = strcspn(payload, "\n");
        if (!announcement_read(payload, size, office, queue, &application_id, &counter)) continue;
        for (place = heard; place < heard + known; place++)
            if (strcmp(place->queue, queue) == 0 && strcmp(place->office, office) == 0) break;
        if (place == heard + QUEUES_AT_ONCE) {
            tell(announcer->worker, heard, known);
            place = heard;
            known = 0;
        }
        if (place == heard + known) {
            *place = (struct heard){0};
            memcpy(place->office, office, sizeof office);
            memcpy(place->queue, queue, sizeof queue);
            known++;
        }
        session_event_frame(&place->frames, queue, application_id, counter);
        place->count++;
    }
    tell(announcer->worker, heard, known);
}

static void on_socket(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct announcer *announcer = data;
    if (PQconsumeInput(announcer->db) != 1) {
        lost(announcer);
        return;
    }
    while (!PQisBusy(announcer->db)) {
        PGresult *result = PQgetResult(announcer->db);
        if (!result) {
            announcer->sending = false;
            break;
        }
        PQclear(result);
    }
    for (PGnotify *notice; (notice = PQnotifies(announcer->db)); PQfreemem(notice)) hear(announcer, notice->extra);
}

static void on_connect(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    struct announcer *announcer = data;
    struct timeval limit = {CONNECT_S, 0};
    if (what & EV_TIMEOUT) announcer->turn++;
    PostgresPollingStatusType status = announcer->db && !(what & EV_TIMEOUT) ? PQconnectPoll(announcer->db) : PGRES_POLLING_FAILED;
    if (announcer->socket_event) event_free(announcer->socket_event);
    announcer->socket_event = NULL;
    if (status == PGRES_POLLING_FAILED) {
        lost(announcer);
        return;
    }
    bool connected = status == PGRES_POLLING_OK;
    short wait = connected ? EV_READ | EV_PERSIST : status == PGRES_POLLING_WRITING ? EV_WRITE : EV_READ;
    announcer->socket_event =
        event_new(announcer->worker->base, PQsocket(announcer->db), wait, connected ? on_socket : on_connect, announcer);
    if (!announcer->socket_event || event_add(announcer->socket_event, connected ? NULL : &limit) != 0) {
        lost(announcer);
        return;
    }
    if (!connected) return;
    if (PQsetnonblocking(announcer->db, 1) != 0 || PQsendQuery(announcer->db, "listen " ANNOUNCE_CHANNEL) != 1 ||
        PQflush(announcer->db) < 0) {
        lost(announcer);
        return;
    }
    announcer->ready = announcer->sending = true;
    if (announcer->lines.size) send_in(announcer, GATHER_MS);
}

static void connect_start(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct announcer *announcer = data;
    const char *const names[] = {"dbname", "application_name", NULL};
    const struct config *config = announcer->worker->given->config;
    char *turned = announcer->turn ? hosts_turned(config->database_worker, config->database_hosts, announcer->turn) : NULL;
    const char *const values[] = {turned ? turned : config->database_worker, "loketd announcer", NULL};
    struct timeval limit = {CONNECT_S, 0};
    announcer->db = PQconnectStartParams(names, values, 1);
    free(turned);
    if (!announcer->db || PQstatus(announcer->db) == CONNECTION_BAD) {
        lost(announcer);
        return;
    }
    announcer->socket_event = event_new(announcer->worker->base, PQsocket(announcer->db), EV_WRITE, on_connect, announcer);
    if (!announcer->socket_event || event_add(announcer->socket_event, &limit) != 0) lost(announcer);
}

struct announcer *announcer_new(struct worker *worker) {
    struct announcer *announcer = calloc(1, sizeof *announcer);
    struct timeval now = {0, 0};
    if (!announcer) return NULL;
    announcer->worker = worker;
    announcer->lines.limit = 1024u * 1024;
    announcer->gather = evtimer_new(worker->base, send_gathered, announcer);
    announcer->retry = evtimer_new(worker->base, connect_start, announcer);
    if (!announcer->gather || !announcer->retry || event_add(announcer->retry, &now) != 0) {
        announcer_free(announcer);
        return NULL;
    }
    return announcer;
}

void announcer_free(struct announcer *announcer) {
    if (!announcer) return;
    if (announcer->socket_event) event_free(announcer->socket_event);
    if (announcer->gather) event_free(announcer->gather);
    if (announcer->retry) event_free(announcer->retry);
    PQfinish(announcer->db);
    buffer_free(&announcer->lines);
    free(announcer);
}

void announcer_add(struct announcer *announcer, const char *text, size_t size) {
    if (announcer->lines.failed) buffer_free(&announcer->lines); /* the database was long away; pings tell the rest */
    announcer->lines.failed = false;
    buffer_add(&announcer->lines, text, size);
    buffer_byte(&announcer->lines, '\n');
    uint64_t now_ms = clock_milliseconds();
    send_in(announcer, announcer->next_at_ms > now_ms + GATHER_MS ? announcer->next_at_ms - now_ms : GATHER_MS);
}
