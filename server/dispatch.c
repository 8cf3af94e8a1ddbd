/* From envelope to method, permission, database and back. No rule of the office is here. */
#include <server/announce.h>
#include <server/auth_channel.h>
#include <server/dispatch.h>
#include <server/log.h>
#include <server/refusal.h>
#include <server/standby.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MEMORY (4u * 1024 * 1024) /* what one request may take while it is bound */

static void request_log(const struct request *request, const struct error *error) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long micros =
        (long long)(now.tv_sec - request->began_at.tv_sec) * 1000000 + (now.tv_nsec - request->began_at.tv_nsec) / 1000;
    metrics_request(request->method->name, error ? error->code : LOKET_OK, (uint64_t)micros);
    log_info("request", "request", log_number((long long)request->serial), "method", request->method->name, "user",
             request->session ? request->session->username : "-", "address", request->session ? request->session->address : "-",
             "certificate", request->session ? request->session->certificate : "", "us", log_number(micros), "code",
             error_name(error ? error->code : LOKET_OK), "field", error ? error->field : "");
}

void request_finish(struct request *request, const struct buffer *body, const struct error *error) {
    struct session *session = request->session;
    request->worker->requests_open--;
    request_log(request, error);
    refusal_note(request, error);
    if (session) {
        struct request **link = &session->requests;
        while (*link != request) link = &(*link)->next;
        *link = request->next;
        session->request_count--;
        session_resume_reading(session);
        if (session->state != SESSION_CLOSING) session_reply(session, request->id, body, error);
    }
    explicit_bzero(request->token, sizeof request->token);
    if (request->body) explicit_bzero(request->body, request->body_size); /* a PIN may be in it */
    free(request->body);
    free(request);
}

/* What a reply changes in the session that it goes to. */
static void session_follow(const struct request *request, const struct buffer *body) {
    struct session *session = request->session;
    if (!session) return;
    if (strcmp(request->method->name, "auth.logout") == 0) session_logout(session);
    if (strcmp(request->method->name, "session.ping") != 0 || session->state != SESSION_LOGGED_IN) return;
    Loket__PingReply *reply = loket__ping_reply__unpack(NULL, body->size, body->data);
    if (reply) session_roles(session, reply->roles, reply->n_roles, reply->queues, reply->n_queues);
    loket__ping_reply__free_unpacked(reply, NULL);
}

static void announce_text(const char *text, size_t size, void *data) {
    announcer_add(data, text, size);
}

static void announce_result(struct worker *worker, const struct method *method, const PGresult *result) {
    int column = (int)method->reply->n_fields;
    if (method->kind != METHOD_WRITE || PQnfields(result) <= column || PQgetisnull(result, 0, column)) return;
    (void)bind_each_text((const uint8_t *)PQgetvalue(result, 0, column), (size_t)PQgetlength(result, 0, column), announce_text,
                         worker->announcer);
}

static void on_answer(const PGresult *result, const struct error *error, void *data) {
    struct request *request = data;
    struct buffer body = {.limit = LIMIT_FRAME_BYTES - 64};
    struct error failure;
    if (result) {
        announce_result(request->worker, request->method, result);
        if (bind_reply(request->method->reply, result, &body, &failure) != LOKET_OK) {
            log_error("answer does not fit", "request", log_number((long long)request->serial), "field", failure.argument);
            error = &failure;
        } else {
            session_follow(request, &body);
        }
    }
    request_finish(request, &body, error);
    buffer_free(&body);
}

/* The application that the request names, from its bound parameters. */
static void note_application(struct request *request, const struct parameters *parameters) {
    int first = parameters->count - (int)request->method->request->n_fields;
    for (int i = first; i < parameters->count; i++)
        if (strcmp(request->method->request->fields[i - first].name, "application_id") == 0 && parameters->values[i])
            (void)snprintf(request->application_id, sizeof request->application_id, "%s", parameters->values[i]);
}

/* What is sent with it is the session's; the body is bound and sent before this returns. */
static enum loket_error to_pool(struct request *request, const struct method *method, struct pool *pool,
                                const ProtobufCBinaryData *body, const uint8_t *key, pool_answer *answer, struct error *error) {
    const struct session *session = request->session;
    struct arena arena;
    struct parameters parameters = {.count = 0};
    struct caller caller = {.token = session->token, .key = key, .address = session->address};
    arena_init(&arena, REQUEST_MEMORY);
    enum loket_error result = bind_request(method, body->data, body->len, &caller, &arena, &parameters, error);
    if (result == LOKET_OK) note_application(request, &parameters);
    if (result == LOKET_OK) result = pool_call(pool, method, &parameters, answer, request, error);
    arena_drop(&arena);
    return result;
}

/* A standby's answer counts when it is one. Anything else may be only that it is behind, or that it can't write. */
static void on_standby(const PGresult *result, const struct error *error, void *data) {
    struct request *request = data;
    struct error failure = {.code = LOKET_OK};
    const ProtobufCBinaryData body = {.data = request->body, .len = request->body_size};
    standby_leave(request->worker->standby, request->standby_place, error && request->method->kind == METHOD_PUBLIC);
    if (!error) {
        metrics_add(COUNT_READ_STANDBY, 1);
        on_answer(result, NULL, request);
        return;
    }
    metrics_add(COUNT_READ_PRIMARY, 1);
    enum loket_error again = request->session
                                 ? to_pool(request, request->method, request->worker->pool, &body, NULL, on_answer, &failure)
                                 : error_set(&failure, LOKET_UNAVAILABLE, NULL, "The database is busy: try again", NULL);
    if (again != LOKET_OK) request_finish(request, NULL, &failure);
}

/* The primary wrote down who looks at what, and that they may: now the standby does the work. */
static void on_viewed(const PGresult *result, const struct error *error, void *data) {
    struct request *request = data;
    struct error failure = {.code = LOKET_OK};
    const ProtobufCBinaryData body = {.data = request->body, .len = request->body_size};
    (void)result;
    if (!error && request->session &&
        to_pool(request, request->method, request->standby_pool, &body, NULL, on_standby, &failure) == LOKET_OK)
        return;
    if (!error) error_set(&failure, LOKET_UNAVAILABLE, NULL, "The database is busy: try again", NULL);
    standby_leave(request->worker->standby, request->standby_place, false);
    request_finish(request, NULL, error ? error : &failure);
}

/* What is recorded of a reader can't be written by a standby: then the primary is asked first whether they may, and records it, by
 * the method of the same name that ends in _viewed; the standby does the long work. */
static const struct method *viewing_of(const struct method *method) {
    char name[LIMIT_METHOD_BYTES + 8];
    (void)snprintf(name, sizeof name, "%s_viewed", method->name);
    return method_find(name);
}

/* False: the primary is to be asked. */
static bool to_standby(struct request *request, const Loket__Envelope *envelope) {
    struct standby *standby = request->worker->standby;
    struct error error = {.code = LOKET_OK};
    struct pool *pool = standby ? standby_enter(standby, request->session->address, &request->standby_place) : NULL;
    if (!pool) return false;
    request->standby_pool = pool;
    const struct method *viewing = viewing_of(request->method);
    request->body = malloc(envelope->body.len + 1);
    request->body_size = envelope->body.len;
    if (request->body && envelope->body.len) memcpy(request->body, envelope->body.data, envelope->body.len);
    if (request->body && to_pool(request, viewing ? viewing : request->method, viewing ? request->worker->pool : pool,
                                 &envelope->body, NULL, viewing ? on_viewed : on_standby, &error) == LOKET_OK)
        return true;
    standby_leave(standby, request->standby_place, false);
    return false;
}

static enum loket_error to_database(struct request *request, const Loket__Envelope *envelope, struct error *error) {
    const uint8_t *key = envelope->key.len == IDEMPOTENCY_KEY_BYTES ? envelope->key.data : NULL;
    if (request->method->place == AT_STANDBY) {
        if (to_standby(request, envelope)) return LOKET_OK;
        if (request->worker->standby) metrics_add(COUNT_READ_PRIMARY, 1);
    }
    return to_pool(request, request->method, request->worker->pool, &envelope->body, key, on_answer, error);
}

static enum loket_error may_call(const struct session *session, const struct method *method, struct error *error) {
    if (method->kind == METHOD_PUBLIC) return LOKET_OK;
    if (session->state != SESSION_LOGGED_IN) return error_set(error, LOKET_NOT_LOGGED_IN, NULL, "Log in first", NULL);
    /* a delegate's role begins here with the next session.ping, which clients send when they are told of it; it ends at once, in
     * the database */
    if (!(session->roles & method->roles)) return error_set(error, LOKET_FORBIDDEN, NULL, "Your role may not do this", NULL);
    return LOKET_OK;
}

void dispatch(struct session *session, const Loket__Envelope *envelope) {
    static const struct method unknown = {.name = "unknown"};
    struct worker *worker = session->worker;
    struct error error;
    const struct method *method = strlen(envelope->method) <= LIMIT_METHOD_BYTES ? method_find(envelope->method) : NULL;
    struct request *request = calloc(1, sizeof *request);
    if (!request) {
        session->request_count--;
        error_set(&error, LOKET_UNAVAILABLE, NULL, "The server is busy: try again", NULL);
        session_reply(session, envelope->id, NULL, &error);
        return;
    }
    request->session = session;
    request->worker = worker;
    if (method && method->place == AT_WORKER) method = NULL;
    request->method = method ? method : &unknown;
    request->id = envelope->id;
    request->serial = ++worker->next_request;
    clock_gettime(CLOCK_MONOTONIC, &request->began_at);
    request->next = session->requests;
    session->requests = request;
    worker->requests_open++;

    enum loket_error result;
    if (!method) result = error_set(&error, LOKET_UNKNOWN_METHOD, "method", "There is no such method", NULL);
    else result = may_call(session, method, &error);
    if (result == LOKET_OK && request->method->place == AT_AUTH)
        result = auth_channel_call(worker->auth, request, envelope, &error);
    else if (result == LOKET_OK) result = to_database(request, envelope, &error);
    if (result != LOKET_OK) request_finish(request, NULL, &error);
}
