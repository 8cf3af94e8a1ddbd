/* The worker's database connections. Knows results and errors of libpq, nothing of clients. */
#include <loket/limits.h>
#include <server/clock.h>
#include <server/db/pool.h>
#include <server/db/hosts.h>
#include <server/db/shape.h>
#include <server/log.h>
#include <server/privacy/keyring.h>
#include <server/metrics/count.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define UNDER_WAY_AT_MOST 256 /* calls on one connection */
#define RETRY_MS          1000u
#define STUCK_MS          100u /* a call that takes longer: what comes now goes past it, to a connection in reserve */
#define CONNECT_SECONDS   5    /* a host that says nothing: the next one comes first then */

enum state { CLOSED, CONNECTING, PREPARING, READY };

struct call {
    struct call *next;
    pool_answer *answer;
    void *data;
    bool answered, keeps_numbers; /* a result comes before the answer's */
};

struct connection {
    struct pool *pool;
    PGconn *db;
    enum state state;
    struct event *readable, *writable, *retry;
    struct call *first, *last; /* under way, oldest first */
    int under_way;
    uint64_t first_since_ms; /* when the server came to the first of them */
    int prepared;            /* results seen while PREPARING */
    PGresult *functions, *types;
    unsigned delay_ms, turn;
    bool misplaced; /* on a server that does not write */
};

struct pool {
    struct event_base *base;
    struct pool_target target;
    int count;
    struct connection connections[];
};

static void on_readable(evutil_socket_t socket, short what, void *data);
static void on_writable(evutil_socket_t socket, short what, void *data);

static void events_drop(struct connection *connection) {
    if (connection->readable) event_free(connection->readable);
    if (connection->writable) event_free(connection->writable);
    connection->readable = connection->writable = NULL;
}

static bool events_make(struct connection *connection) {
    int socket = PQsocket(connection->db);
    events_drop(connection);
    if (socket < 0) return false;
    connection->readable = event_new(connection->pool->base, socket, EV_READ | EV_PERSIST, on_readable, connection);
    connection->writable = event_new(connection->pool->base, socket, EV_WRITE, on_writable, connection);
    return connection->readable && connection->writable;
}

static void call_answer(struct call *call, const PGresult *result, const struct error *error) {
    if (call->answered) return;
    call->answered = true;
    call->answer(result, error, call->data);
}

/* CLOSED: everything under way fails; the timer opens it again, later each time. */
static void connection_close(struct connection *connection, const char *why) {
    if (!connection->pool->target.standby) metrics_add(COUNT_DATABASE_LOST, 1);
    if (why) log_warn("database connection lost", "why", why);
    events_drop(connection);
    PQclear(connection->functions);
    PQclear(connection->types);
    connection->functions = connection->types = NULL;
    PQfinish(connection->db);
    connection->db = NULL;
    connection->state = CLOSED;
    connection->misplaced = false;
    struct call *call = connection->first;
    connection->first = connection->last = NULL;
    connection->under_way = 0;
    while (call) {
        struct call *next = call->next;
        struct error error;
        error_set(&error, LOKET_UNAVAILABLE, NULL, "The database is away: try again", NULL);
        error.retry_after_ms = RETRY_MS;
        call_answer(call, NULL, &error);
        free(call);
        call = next;
    }
    struct timeval delay = {connection->delay_ms / 1000, (connection->delay_ms % 1000) * 1000};
    event_add(connection->retry, &delay);
    /* a primary that is promoted meanwhile is soon found; a standby that is away is not missed */
    unsigned longest_ms = connection->pool->target.standby ? 10000 : 3000;
    connection->delay_ms = connection->delay_ms * 2 < longest_ms ? connection->delay_ms * 2 : longest_ms;
}

static void connection_flush(struct connection *connection) {
    int left = PQflush(connection->db);
    if (left < 0) connection_close(connection, PQerrorMessage(connection->db));
    else if (left > 0) event_add(connection->writable, NULL);
}

static bool prepare_method(PGconn *db, const struct method *method) {
    char sql[512], function[64];
    bind_function_name(method, function, sizeof function);
    int parameters = (int)method->request->n_fields + 1 + (method->kind == METHOD_WRITE);
    /* nothing from outside: the names are those of our own table */
    int used = snprintf(sql, sizeof sql, "%s%s(", "select * from api.", function);
    for (int i = 1; i <= parameters; i++) used += snprintf(sql + used, sizeof sql - (size_t)used, "%s$%d", i > 1 ? "," : "", i);
    (void)snprintf(sql + used, sizeof sql - (size_t)used, ")");
    return PQsendPrepare(db, function, sql, 0, NULL) == 1;
}

/* CONNECTING is done: compare shapes and prepare every statement, in one flight. */
static void connection_prepare(struct connection *connection) {
    connection->state = PREPARING;
    connection->prepared = 0;
    PGconn *db = connection->db;
    bool sent = PQsetnonblocking(db, 1) == 0 && PQenterPipelineMode(db) == 1 &&
                PQsendQueryParams(db, shape_functions_query, 0, NULL, NULL, NULL, NULL, 0) == 1 &&
                PQsendQueryParams(db, shape_types_query, 0, NULL, NULL, NULL, NULL, 0) == 1 && PQpipelineSync(db) == 1;
    if (sent && events_make(connection)) {
        event_add(connection->readable, NULL);
        connection_flush(connection);
        return;
    }
    connection_close(connection, PQerrorMessage(db));
}

#define NUMBER_KEEP "number_keep" /* what a request keeps first: sql/api/00_rule_number.sql */

/* The request's numbers, in its transaction: it is one because no Sync comes between. */
static bool numbers_send(PGconn *db, const struct parameters *parameters) {
    uint8_t proof[KEY_CHECK_BYTES];
    const char *const values[] = {parameters->values[0], (const char *)proof, parameters->numbers,
                                  parameters->only_known_numbers ? "t" : "f"};
    const int lengths[] = {parameters->lengths[0], sizeof proof, 0, 0}, formats[] = {parameters->formats[0], 1, 0, 0};
    if (!parameters->numbers) return true;
    return keyring_check(KEYRING_INDEX_ID, proof) && PQsendQueryPrepared(db, NUMBER_KEEP, 4, values, lengths, formats, 1) == 1;
}

static bool prepare_all(struct connection *connection) {
    size_t count;
    if (PQsendPrepare(connection->db, NUMBER_KEEP, "select api.number_keep($1, $2, $3, $4)", 0, NULL) != 1) return false;
    const struct method *const *methods = method_all(&count);
    for (size_t i = 0; i < count; i++)
        if (methods[i]->place != AT_AUTH && !prepare_method(connection->db, methods[i])) return false;
    return PQpipelineSync(connection->db) == 1;
}

/* PREPARING: the two shapes, their Sync, then the statements and theirs. */
static void on_preparing(struct connection *connection, PGresult *result) {
    struct error error;
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK) {
        if (!connection->functions) connection->functions = result;
        else connection->types = result;
        return;
    }
    if (status == PGRES_FATAL_ERROR) {
        log_error("a function of the database can't be prepared", "why", PQresultErrorMessage(result));
        PQclear(result);
        connection_close(connection, NULL);
        return;
    }
    bool sync = status == PGRES_PIPELINE_SYNC;
    PQclear(result);
    if (!sync) return;
    if (connection->prepared++ == 1) {
        connection->state = READY;
        connection->delay_ms = 200;
        log_info("database connection ready");
        return;
    }
    if (shape_check(connection->functions, connection->types, &error) != LOKET_OK) {
        if (connection->pool->target.standby) {
            connection_close(connection, "the standby is not migrated yet");
            return;
        }
        log_error("the database does not fit this program: run loketd migrate", "name", error.field, "what", error.message,
                  "difference", error.argument);
        exit(EX_CONFIG);
    }
    if (!prepare_all(connection)) connection_close(connection, PQerrorMessage(connection->db));
    else connection_flush(connection);
}

static bool is_read_only(const PGresult *result) {
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return sqlstate && strcmp(sqlstate, "25006") == 0;
}

static void on_ready(struct connection *connection, PGresult *result) {
    struct call *call = connection->first;
    ExecStatusType status = PQresultStatus(result);
    if (!call) {
        PQclear(result);
        return;
    }
    if (status == PGRES_PIPELINE_SYNC) {
        connection->first = call->next;
        if (!connection->first) connection->last = NULL;
        connection->under_way--;
        connection->first_since_ms = clock_milliseconds();
        free(call);
    } else if (status == PGRES_TUPLES_OK && call->keeps_numbers) {
        call->keeps_numbers = false;
    } else if (status == PGRES_TUPLES_OK) {
        call_answer(call, result, NULL);
    } else if (!call->answered) { /* else it was its numbers that were refused: the rest follows them */
        struct error error;
        connection->misplaced = !connection->pool->target.standby && is_read_only(result);
        pool_error(result, &error);
        call_answer(call, NULL, &error);
    }
    PQclear(result);
    if (connection->misplaced) connection_close(connection, "this server does not write: it is no primary any more");
}

static void on_readable(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct connection *connection = data;
    if (PQconsumeInput(connection->db) != 1) {
        connection_close(connection, PQerrorMessage(connection->db));
        return;
    }
    int empty = 0; /* NULL ends each statement's results; two in a row mean that there is nothing */
    while (connection->db && empty < 2 && !PQisBusy(connection->db)) {
        PGresult *result = PQgetResult(connection->db);
        if (!result) {
            empty++;
            continue;
        }
        empty = 0;
        if (connection->state == PREPARING) on_preparing(connection, result);
        else on_ready(connection, result);
    }
    if (connection->db && PQstatus(connection->db) == CONNECTION_BAD) connection_close(connection, PQerrorMessage(connection->db));
}

static void on_connecting(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    struct connection *connection = data;
    if (what & EV_TIMEOUT) {
        connection->turn++;
        connection_close(connection, "a database's host does not answer");
        return;
    }
    PostgresPollingStatusType status = PQconnectPoll(connection->db);
    if (status == PGRES_POLLING_OK) {
        connection_prepare(connection);
        return;
    }
    if (status == PGRES_POLLING_FAILED) {
        connection_close(connection, PQerrorMessage(connection->db));
        return;
    }
    struct timeval limit = {CONNECT_SECONDS, 0};
    short wait = status == PGRES_POLLING_WRITING ? EV_WRITE : EV_READ;
    events_drop(connection);
    connection->readable = event_new(connection->pool->base, PQsocket(connection->db), wait, on_connecting, connection);
    if (!connection->readable || event_add(connection->readable, &limit) != 0) connection_close(connection, "no memory");
}

static void on_writable(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    connection_flush(data);
}

static void connection_open(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct connection *connection = data;
    const struct pool_target *target = &connection->pool->target;
    char *turned = connection->turn ? hosts_turned(target->conninfo, target->hosts, connection->turn) : NULL;
    /* A statement that waits for a lock or runs away must not hold up the line behind it for long. */
    const char *const names[] = {"dbname", "application_name", "options", NULL};
    const char *const values[] = {turned ? turned : target->conninfo, "loketd worker",
                                  "-c statement_timeout=15s -c lock_timeout=10s -c plan_cache_mode=force_generic_plan", NULL};
    connection->state = CONNECTING;
    connection->db = PQconnectStartParams(names, values, 1);
    free(turned);
    if (!connection->db || PQstatus(connection->db) == CONNECTION_BAD) {
        connection_close(connection, connection->db ? PQerrorMessage(connection->db) : "no memory");
        return;
    }
    struct timeval limit = {CONNECT_SECONDS, 0};
    connection->readable = event_new(connection->pool->base, PQsocket(connection->db), EV_WRITE, on_connecting, connection);
    if (!connection->readable || event_add(connection->readable, &limit) != 0) connection_close(connection, "no memory");
}

struct pool *pool_new(struct event_base *base, const struct pool_target *target, int connections) {
    struct pool *pool = calloc(1, sizeof *pool + (size_t)connections * sizeof pool->connections[0]);
    if (!pool) return NULL;
    pool->base = base;
    pool->target = *target;
    pool->count = connections;
    for (int i = 0; i < connections; i++) {
        struct connection *connection = &pool->connections[i];
        struct timeval now = {0, 0};
        connection->pool = pool;
        connection->delay_ms = 200;
        connection->retry = evtimer_new(base, connection_open, connection);
        if (!connection->retry) {
            pool_free(pool);
            return NULL;
        }
        event_add(connection->retry, &now);
    }
    return pool;
}

void pool_free(struct pool *pool) {
    if (!pool) return;
    for (int i = 0; i < pool->count; i++) {
        struct connection *connection = &pool->connections[i];
        events_drop(connection);
        if (connection->retry) event_free(connection->retry);
        PQclear(connection->functions);
        PQclear(connection->types);
        PQfinish(connection->db);
        while (connection->first) {
            struct call *call = connection->first;
            connection->first = call->next;
            free(call);
        }
    }
    free(pool);
}

static bool is_stuck(const struct connection *connection, uint64_t now_ms) {
    return connection->first && now_ms - connection->first_since_ms > STUCK_MS;
}

/* The least loaded of the usual ones: few backends keep their caches warm. The others are for when those are lost or held up. */
static struct connection *choose(struct pool *pool) {
    struct connection *best = NULL, *last = NULL;
    uint64_t now_ms = clock_milliseconds();
    int good = 0;
    for (int i = 0; i < pool->count && good < pool->target.usual; i++) {
        struct connection *connection = &pool->connections[i];
        if (connection->state != READY || connection->under_way >= UNDER_WAY_AT_MOST) continue;
        bool stuck = is_stuck(connection, now_ms);
        struct connection **place = stuck ? &last : &best;
        good += !stuck;
        if (!*place || connection->under_way < (*place)->under_way) *place = connection;
    }
    return best ? best : last;
}

enum loket_error pool_call(struct pool *pool, const struct method *method, const struct parameters *parameters, pool_answer *answer,
                           void *data, struct error *error) {
    struct connection *connection = choose(pool);
    struct call *call = connection ? calloc(1, sizeof *call) : NULL;
    char function[64];
    bind_function_name(method, function, sizeof function);
    bool sent = call && numbers_send(connection->db, parameters) &&
                PQsendQueryPrepared(connection->db, function, parameters->count, parameters->values, parameters->lengths,
                                    parameters->formats, 1) == 1 &&
                PQpipelineSync(connection->db) == 1;
    if (!sent) {
        if (call)
            connection_close(connection, PQerrorMessage(connection->db)); /* half a request must not become part of the next */
        free(call);
        error_set(error, LOKET_UNAVAILABLE, NULL, "The database is away: try again", NULL);
        if (error) error->retry_after_ms = RETRY_MS;
        return LOKET_UNAVAILABLE;
    }
    call->answer = answer;
    call->data = data;
    call->keeps_numbers = parameters->numbers != NULL;
    if (connection->last) connection->last->next = call;
    else {
        connection->first = call;
        connection->first_since_ms = clock_milliseconds();
    }
    connection->last = call;
    connection->under_way++;
    connection_flush(connection);
    return LOKET_OK;
}

int pool_ready(const struct pool *pool) {
    int ready = 0;
    for (int i = 0; i < pool->count; i++) ready += pool->connections[i].state == READY;
    return ready;
}

int pool_waiting(const struct pool *pool) {
    int waiting = 0;
    for (int i = 0; i < pool->count; i++) waiting += pool->connections[i].under_way;
    return waiting;
}

static bool is_passing(const char *sqlstate) {
    static const char *const passing[] = {"57", "53", "08", "40", "55P03", "25006"};
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        if (strncmp(sqlstate, passing[i], strlen(passing[i])) == 0) return true;
    return false;
}

static const char *field_or_empty(const PGresult *result, int code) {
    const char *text = PQresultErrorField(result, code);
    return text ? text : "";
}

enum loket_error pool_error(const PGresult *result, struct error *error) {
    const char *sqlstate = field_or_empty(result, PG_DIAG_SQLSTATE);
    const char *hint = field_or_empty(result, PG_DIAG_MESSAGE_HINT);
    if (strncmp(sqlstate, "LK", 2) == 0) {
        error_set(error, (enum loket_error)strtol(sqlstate + 2, NULL, 10), field_or_empty(result, PG_DIAG_COLUMN_NAME),
                  field_or_empty(result, PG_DIAG_MESSAGE_PRIMARY), field_or_empty(result, PG_DIAG_MESSAGE_DETAIL));
        if (strncmp(hint, "retry_after_ms=", 15) == 0) error->retry_after_ms = (uint32_t)strtoul(hint + 15, NULL, 10);
        return error->code;
    }
    bool passing = is_passing(sqlstate);
    log_line(passing ? LOG_WARN_ : LOG_ERROR_, "database error", "sqlstate", sqlstate, "why",
             field_or_empty(result, PG_DIAG_MESSAGE_PRIMARY), "where", field_or_empty(result, PG_DIAG_CONTEXT), (char *)NULL);
    /* asking again would not help: somebody must make room first */
    if (strcmp(sqlstate, "53100") == 0)
        return error_set(error, LOKET_UNAVAILABLE, NULL, "The server's disk is full: tell the administrator", NULL);
    if (!passing) return error_set(error, LOKET_INTERNAL, NULL, "The server failed; it is in its log", NULL);
    error_set(error, LOKET_UNAVAILABLE, NULL, "The database is busy: try again", NULL);
    error->retry_after_ms = RETRY_MS;
    return LOKET_UNAVAILABLE;
}
