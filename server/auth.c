/* The auth process: the loop, its line to the database, and the table of what workers may ask. Blocking on purpose: one password
 * at a time, and a second process when an office needs it. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <loket/limits.h>
#include <proto/frame.h>
#include <server/auth.h>
#include <server/auth_call.h>
#include <server/log.h>
#include <server/one_time_code.h>
#include <server/password.h>
#include <server/sandbox/sandbox.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct auth_method {
    const char *name;
    enum loket_error (*handle)(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply);
};

void auth_unavailable(struct error *error) {
    error_set(error, LOKET_UNAVAILABLE, NULL, "The database is away: try again", NULL);
    error->retry_after_ms = 1000;
}

PGresult *auth_query(struct auth *auth, const char *sql, const struct parameters *p, struct error *error) {
    if (auth->db && PQstatus(auth->db) != CONNECTION_OK) {
        PQfinish(auth->db);
        auth->db = NULL;
    }
    if (!auth->db) {
        const char *const names[] = {"dbname", "application_name", "options", "connect_timeout", NULL};
        const char *const values[] = {auth->config->database_auth, "loketd auth", "-c statement_timeout=10s", "5", NULL};
        auth->db = PQconnectdbParams(names, values, 1);
    }
    if (PQstatus(auth->db) != CONNECTION_OK) {
        log_warn("database away", "why", PQerrorMessage(auth->db));
        auth_unavailable(error);
        return NULL;
    }
    PGresult *result = PQexecParams(auth->db, sql, p->count, NULL, p->values, p->lengths, p->formats, 1);
    if (PQresultStatus(result) == PGRES_TUPLES_OK) return result;
    if (PQstatus(auth->db) != CONNECTION_OK || !PQresultErrorField(result, PG_DIAG_SQLSTATE)) {
        /* not the database's answer: the call never got there, which the state of the connection need not tell yet */
        PQfinish(auth->db);
        auth->db = NULL;
        auth_unavailable(error);
    } else {
        pool_error(result, error);
    }
    PQclear(result);
    return NULL;
}

void auth_text(struct parameters *p, const char *text) {
    p->values[p->count] = text && *text ? text : NULL;
    p->lengths[p->count] = 0;
    p->formats[p->count++] = 0;
}

void auth_bytes(struct parameters *p, const uint8_t *bytes, size_t size) {
    p->values[p->count] = (const char *)bytes;
    p->lengths[p->count] = (int)size;
    p->formats[p->count++] = 1;
}

static void column(const PGresult *result, int number, char *out, size_t size) {
    (void)snprintf(out, size, "%s", PQgetvalue(result, 0, number));
}

enum loket_error auth_account(struct auth *auth, const char *sql, const struct parameters *p, struct account *account,
                              struct error *error) {
    PGresult *result = auth_query(auth, sql, p, error);
    if (!result) return error->code;
    column(result, 0, account->office_id, sizeof account->office_id);
    column(result, 1, account->user_id, sizeof account->user_id);
    column(result, 2, account->hash, sizeof account->hash);
    column(result, 3, account->username, sizeof account->username);
    column(result, 4, account->names, sizeof account->names);
    account->known = !PQgetisnull(result, 0, 1) && !PQgetisnull(result, 0, 2);
    PQclear(result);
    return LOKET_OK;
}

enum loket_error auth_owner(struct auth *auth, const Loket__AuthCall *call, const char *method, struct account *account,
                            struct error *error) {
    struct parameters p = {.count = 0};
    auth_bytes(&p, call->token.data, call->token.len);
    auth_text(&p, method);
    return auth_account(auth, "select office_id::text, user_id::text, password_hash, username, names from api_auth.owner($1, $2)",
                        &p, account, error);
}

enum loket_error auth_run_statement(struct auth *auth, const char *sql, const struct parameters *p, struct error *error) {
    PGresult *result = auth_query(auth, sql, p, error);
    if (!result) return error->code;
    PQclear(result);
    return LOKET_OK;
}

enum loket_error auth_failed(struct auth *auth, const struct account *account, const char *username, const char *address,
                             const char *kind, struct error *error) {
    struct parameters p = {.count = 0};
    auth_text(&p, account->office_id);
    auth_text(&p, username);
    auth_text(&p, address);
    auth_text(&p, kind);
    return auth_run_statement(auth, "select api_auth.login_failed($1, $2, $3, $4)", &p, error);
}

enum loket_error auth_bad_request(struct error *error) {
    return error_set(error, LOKET_BAD_REQUEST, NULL, "This is not the message of the method", NULL);
}

void auth_answer(struct auth_reply *reply, const ProtobufCMessage *message) {
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(size + 1);
    if (!bytes) abort();
    protobuf_c_message_pack(message, bytes);
    buffer_add(&reply->body, bytes, size);
    explicit_bzero(bytes, size);
    free(bytes);
}

static const struct auth_method auth_table[] = {
    {"auth.login", auth_login},
    {"auth.login_certificate", auth_login_certificate},
    {"auth.resume", auth_resume},
    {"auth.change_password", auth_change_password},
    {"auth.reset_password", auth_reset_password},
    {"auth.unlock", auth_unlock},
    {"auth.prove", auth_prove},
    {"auth.code_begin", auth_code_begin},
    {"auth.code_confirm", auth_code_confirm},
};

static void send_reply(struct bufferevent *stream, uint64_t id, struct auth_reply *reply, enum loket_error code) {
    Loket__Envelope envelope = LOKET__ENVELOPE__INIT;
    Loket__Error wire = LOKET__ERROR__INIT;
    envelope.id = id;
    if (code == LOKET_OK) {
        envelope.body.data = reply->body.data;
        envelope.body.len = reply->body.size;
    } else {
        wire.code = (Loket__ErrorCode)code;
        wire.field = reply->error.field;
        wire.message = reply->error.message;
        wire.argument = reply->error.argument;
        wire.retry_after_ms = reply->error.retry_after_ms;
        envelope.error = &wire;
    }
    size_t size = loket__envelope__get_packed_size(&envelope);
    uint8_t *frame = malloc(size + LIMIT_FRAME_HEADER);
    if (frame && frame_header(frame, size) == LOKET_OK) {
        loket__envelope__pack(&envelope, frame + LIMIT_FRAME_HEADER);
        bufferevent_write(stream, frame, size + LIMIT_FRAME_HEADER);
        explicit_bzero(frame, size);
    }
    free(frame);
}

static void handle(struct auth *auth, struct bufferevent *stream, const Loket__Envelope *envelope) {
    struct auth_reply reply = {.body = {.limit = LIMIT_FRAME_BYTES}};
    enum loket_error code = error_set(&reply.error, LOKET_UNKNOWN_METHOD, "method", "There is no such method", NULL);
    Loket__AuthCall *call = loket__auth_call__unpack(NULL, envelope->body.len, envelope->body.data);
    for (size_t i = 0; call && i < sizeof auth_table / sizeof auth_table[0]; i++)
        if (strcmp(auth_table[i].name, envelope->method) == 0) code = auth_table[i].handle(auth, call, &reply);
    log_info("auth", "method", envelope->method, "address", call ? call->address : "", "code", error_name(code));
    send_reply(stream, envelope->id, &reply, code);
    if (call && call->body.data) explicit_bzero(call->body.data, call->body.len);
    loket__auth_call__free_unpacked(call, NULL);
    if (reply.body.data) explicit_bzero(reply.body.data, reply.body.size);
    buffer_free(&reply.body);
}

static void on_read(struct bufferevent *stream, void *data) {
    struct evbuffer *input = bufferevent_get_input(stream);
    for (;;) {
        const uint8_t *body;
        size_t size, available = evbuffer_get_length(input);
        uint8_t *bytes = available ? evbuffer_pullup(input, -1) : NULL;
        enum frame_state state = bytes ? frame_read(bytes, available, &body, &size) : FRAME_PARTIAL;
        if (state == FRAME_PARTIAL) return;
        Loket__Envelope *envelope = state == FRAME_WHOLE ? loket__envelope__unpack(NULL, size, body) : NULL;
        if (!envelope) {
            bufferevent_free(stream);
            return;
        }
        explicit_bzero(bytes + LIMIT_FRAME_HEADER, size);
        evbuffer_drain(input, LIMIT_FRAME_HEADER + size);
        handle(data, stream, envelope);
        if (envelope->body.data) explicit_bzero(envelope->body.data, envelope->body.len);
        loket__envelope__free_unpacked(envelope, NULL);
    }
}

static void on_event(struct bufferevent *stream, short what, void *data) {
    (void)data;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) bufferevent_free(stream);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t socket, struct sockaddr *address, int size, void *data) {
    (void)listener;
    (void)address;
    (void)size;
    struct auth *auth = data;
    struct bufferevent *stream = bufferevent_socket_new(auth->base, socket, BEV_OPT_CLOSE_ON_FREE);
    if (!stream) {
        evutil_closesocket(socket);
        return;
    }
    bufferevent_setcb(stream, on_read, NULL, on_event, auth);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
}

static void on_stop(evutil_socket_t signal_number, short what, void *data) {
    (void)signal_number;
    (void)what;
    event_base_loopexit(data, NULL);
}

int auth_run(const struct inheritance *given) {
    struct auth auth = {.config = given->config, .base = event_base_new()};
    int code = EX_SOFTWARE;
    struct error error;
    password_cost(auth.config->opslimit, auth.config->memlimit);
    if (*auth.config->secret_key && code_key_read(auth.config->secret_key, auth.code_key, &error) != LOKET_OK) {
        log_error(error.message, "file", error.argument);
        event_base_free(auth.base);
        return EX_CONFIG;
    }
    auth.has_code_key = *auth.config->secret_key != '\0';
    if (!auth_ticket_authority(&auth, auth.config->ticket_ca)) {
        log_error("This CA file can't be used", "setting", "auth.ticket_ca", "file", auth.config->ticket_ca);
        X509_STORE_free(auth.tickets);
        event_base_free(auth.base);
        return EX_CONFIG;
    }
    struct event *stop = auth.base ? evsignal_new(auth.base, SIGTERM, on_stop, auth.base) : NULL;
    struct evconnlistener *listener =
        auth.base ? evconnlistener_new(auth.base, on_accept, &auth, LEV_OPT_CLOSE_ON_EXEC, 0, given->auth_listener) : NULL;
    if (stop && listener && event_add(stop, NULL) == 0 && sandbox_enter(CHILD_AUTH, auth.config)) {
        log_info("auth ready");
        code = event_base_dispatch(auth.base) < 0 ? EX_SOFTWARE : EX_OK;
    }
    if (listener) evconnlistener_free(listener);
    if (stop) event_free(stop);
    if (auth.base) event_base_free(auth.base);
    PQfinish(auth.db);
    X509_STORE_free(auth.tickets);
    return code;
}
