/* From envelope to method, permission, database and back. No rule of the office is here. */
#include <server/announce.h>
#include <server/auth_channel.h>
#include <server/dispatch.h>
#include <server/log.h>
#include <server/refusal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MEMORY (4u * 1024 * 1024) /* what one request may take while it is bound */

static void request_log(const struct request *request, const struct error *error) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long micros =
        (long long)(now.tv_sec - request->began_at.tv_sec) * 1000000 + (now.tv_nsec - request->began_at.tv_nsec) / 1000;
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

static enum loket_error to_database(struct request *request, const Loket__Envelope *envelope, struct error *error) {
    struct session *session = request->session;
    struct arena arena;
    struct parameters parameters = {.count = 0};
    struct caller caller = {.token = session->token, .address = session->address};
    if (envelope->key.len == IDEMPOTENCY_KEY_BYTES) caller.key = envelope->key.data;
    arena_init(&arena, REQUEST_MEMORY);
    enum loket_error result =
        bind_request(request->method, envelope->body.data, envelope->body.len, &caller, &arena, &parameters, error);
    if (result == LOKET_OK) note_application(request, &parameters);
    if (result == LOKET_OK) result = pool_call(request->worker->pool, request->method, &parameters, on_answer, request, error);
    arena_drop(&arena);
    return result;
}

/* A delegate's role begins and ends between two requests, and the database alone knows when: what can be delegated is for it to
 * refuse. What can't (an administrator's, an auditor's) and what costs the auth process its time is refused here already. */
static bool refused_here(const struct session *session, const struct method *method) {
    if (session->roles & method->roles) return false;
    return method->place != AT_DATABASE || !(method->roles & ~(uint32_t)(ROLE_ADMIN | ROLE_AUDITOR));
}

static enum loket_error may_call(const struct session *session, const struct method *method, struct error *error) {
    if (method->kind == METHOD_PUBLIC) return LOKET_OK;
    if (session->state != SESSION_LOGGED_IN) return error_set(error, LOKET_NOT_LOGGED_IN, NULL, "Log in first", NULL);
    if (refused_here(session, method)) return error_set(error, LOKET_FORBIDDEN, NULL, "Your role may not do this", NULL);
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
