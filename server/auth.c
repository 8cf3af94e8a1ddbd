/* The auth process. Blocking on purpose: one password at a time, and a second process when an office needs it. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <loket/limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <proto/frame.h>
#include <proto/loket.pb-c.h>
#include <server/auth.h>
#include <server/log.h>
#include <server/password.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct auth {
    const struct config *config;
    struct event_base *base;
    PGconn *db;
};

struct auth_reply {
    struct buffer body;
    struct error error;
};

struct auth_method {
    const char *name;
    enum loket_error (*handle)(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply);
};

static void unavailable(struct error *error) {
    error_set(error, LOKET_UNAVAILABLE, NULL, "The database is away: try again", NULL);
    error->retry_after_ms = 1000;
}

/* Runs one statement; NULL and *error when it fails. Connects again when the line fell. */
static PGresult *query(struct auth *auth, const char *sql, const struct parameters *p, struct error *error) {
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
        unavailable(error);
        return NULL;
    }
    PGresult *result = PQexecParams(auth->db, sql, p->count, NULL, p->values, p->lengths, p->formats, 1);
    if (PQresultStatus(result) == PGRES_TUPLES_OK) return result;
    if (PQstatus(auth->db) != CONNECTION_OK) unavailable(error);
    else pool_error(result, error);
    PQclear(result);
    return NULL;
}

static void put_text(struct parameters *p, const char *text) {
    p->values[p->count] = text && *text ? text : NULL;
    p->lengths[p->count] = 0;
    p->formats[p->count++] = 0;
}

static void put_bytes(struct parameters *p, const uint8_t *bytes, size_t size) {
    p->values[p->count] = (const char *)bytes;
    p->lengths[p->count] = (int)size;
    p->formats[p->count++] = 1;
}

/* The row of api_auth.login: office and user as texts, hash. */
struct account {
    char office_id[24], user_id[24], hash[PASSWORD_HASH_BYTES];
    bool known;
};

static enum loket_error account_read(struct auth *auth, const char *sql, const struct parameters *p, struct account *account,
                                     struct error *error) {
    PGresult *result = query(auth, sql, p, error);
    if (!result) return error->code;
    (void)snprintf(account->office_id, sizeof account->office_id, "%s", PQgetvalue(result, 0, 0));
    (void)snprintf(account->user_id, sizeof account->user_id, "%s", PQgetvalue(result, 0, 1));
    (void)snprintf(account->hash, sizeof account->hash, "%s", PQgetvalue(result, 0, 2));
    account->known = !PQgetisnull(result, 0, 1) && !PQgetisnull(result, 0, 2);
    PQclear(result);
    return LOKET_OK;
}

static enum loket_error run(struct auth *auth, const char *sql, const struct parameters *p, struct error *error) {
    PGresult *result = query(auth, sql, p, error);
    if (!result) return error->code;
    PQclear(result);
    return LOKET_OK;
}

static enum loket_error wrong(struct auth_reply *reply, const char *field) {
    return error_set(&reply->error, LOKET_WRONG_LOGIN, field, "The user name or the password is wrong", NULL);
}

static enum loket_error open_session(struct auth *auth, const struct account *account, const char *address, const char *new_hash,
                                     struct auth_reply *reply) {
    uint8_t token[TOKEN_BYTES], hash[32];
    enum loket_error code = LOKET_INTERNAL;
    if (RAND_bytes(token, sizeof token) != 1 || EVP_Digest(token, sizeof token, hash, NULL, EVP_sha256(), NULL) != 1) {
        error_set(&reply->error, LOKET_INTERNAL, NULL, "The server failed; it is in its log", NULL);
        return LOKET_INTERNAL;
    }
    struct parameters p = {.count = 0};
    put_text(&p, account->office_id);
    put_text(&p, account->user_id);
    put_bytes(&p, hash, sizeof hash);
    put_text(&p, address);
    put_text(&p, new_hash);
    PGresult *result = query(auth, "select * from api_auth.login_done($1, $2, $3, $4, $5)", &p, &reply->error);
    if (!result) return reply->error.code;
    code = bind_reply(&loket__session_reply__descriptor, result, &reply->body, &reply->error);
    PQclear(result);
    /* the token is field 1 of SessionReply and stands nowhere in the database */
    buffer_varint(&reply->body, 1 << 3 | 2);
    buffer_varint(&reply->body, sizeof token);
    buffer_add(&reply->body, token, sizeof token);
    explicit_bzero(token, sizeof token);
    return code;
}

static enum loket_error login(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply) {
    Loket__AuthLoginRequest *request = loket__auth_login_request__unpack(NULL, call->body.len, call->body.data);
    struct account account = {.known = false};
    char new_hash[PASSWORD_HASH_BYTES] = "";
    enum loket_error code = LOKET_BAD_REQUEST;
    if (!request || !utf8_valid(request->username) || !utf8_valid(request->office) || strlen(request->username) > 200 ||
        strlen(request->password) > LIMIT_PASSWORD_BYTES) {
        code = request ? wrong(reply, "password")
                       : error_set(&reply->error, LOKET_BAD_REQUEST, NULL, "This is not the message of the method", NULL);
        goto out;
    }
    struct parameters p = {.count = 0};
    put_text(&p, request->office);
    put_text(&p, request->username);
    put_text(&p, call->address);
    code = account_read(auth, "select office_id::text, user_id::text, password_hash from api_auth.login_lookup($1, $2, $3)", &p,
                        &account, &reply->error);
    if (code == LOKET_TOO_MANY) {
        struct error ignored; /* what the client is told is that there were too many */
        (void)run(auth, "select api_auth.login_blocked($1, $2, $3)", &p, &ignored);
    }
    if (code != LOKET_OK) goto out;
    /* an unknown user costs the same work as a known one */
    if (!password_verify(account.known ? account.hash : NULL, request->password)) {
        p.count = 0;
        put_text(&p, account.office_id);
        put_text(&p, request->username);
        put_text(&p, call->address);
        code = run(auth, "select api_auth.login_failed($1, $2, $3)", &p, &reply->error);
        if (code == LOKET_OK) code = wrong(reply, "password");
        goto out;
    }
    if (password_needs_rehash(account.hash) && !password_hash(request->password, new_hash)) new_hash[0] = '\0';
    code = open_session(auth, &account, call->address, new_hash, reply);
out:
    if (request) explicit_bzero(request->password, strlen(request->password));
    loket__auth_login_request__free_unpacked(request, NULL);
    explicit_bzero(&account, sizeof account);
    return code;
}

static enum loket_error change_password(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply) {
    Loket__AuthChangePasswordRequest *request = loket__auth_change_password_request__unpack(NULL, call->body.len, call->body.data);
    struct account account = {.known = false};
    char hash[PASSWORD_HASH_BYTES];
    enum loket_error code;
    if (!request) return error_set(&reply->error, LOKET_BAD_REQUEST, NULL, "This is not the message of the method", NULL);
    struct parameters p = {.count = 0};
    put_bytes(&p, call->token.data, call->token.len);
    code = account_read(auth, "select office_id::text, user_id::text, password_hash from api_auth.password_lookup($1)", &p,
                        &account, &reply->error);
    if (code == LOKET_OK && !password_verify(account.known ? account.hash : NULL, request->current_password)) {
        /* sent again after a broken line: it is done already */
        if (account.known && password_verify(account.hash, request->new_password)) goto out;
        code = error_set(&reply->error, LOKET_WRONG_LOGIN, "current_password", "The present password is wrong", NULL);
    }
    if (code == LOKET_OK) code = password_check_rules(request->new_password, NULL, &reply->error);
    if (code == LOKET_OK && strcmp(request->current_password, request->new_password) == 0)
        code = error_set(&reply->error, LOKET_INVALID, "new_password", "The new password must differ from the present one", NULL);
    if (code == LOKET_OK && !password_hash(request->new_password, hash)) {
        unavailable(&reply->error);
        code = LOKET_UNAVAILABLE;
    }
    if (code != LOKET_OK) goto out;
    put_text(&p, hash);
    code = run(auth, "select api_auth.password_change($1, $2)", &p, &reply->error);
out:
    explicit_bzero(request->current_password, strlen(request->current_password));
    explicit_bzero(request->new_password, strlen(request->new_password));
    loket__auth_change_password_request__free_unpacked(request, NULL);
    explicit_bzero(&account, sizeof account);
    return code;
}

static enum loket_error reset_password(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply) {
    Loket__AuthResetPasswordRequest *request = loket__auth_reset_password_request__unpack(NULL, call->body.len, call->body.data);
    char password[PASSWORD_RANDOM_BYTES], hash[PASSWORD_HASH_BYTES], user_id[24];
    enum loket_error code;
    if (!request) return error_set(&reply->error, LOKET_BAD_REQUEST, NULL, "This is not the message of the method", NULL);
    (void)snprintf(user_id, sizeof user_id, "%lld", (long long)request->user_id);
    loket__auth_reset_password_request__free_unpacked(request, NULL);
    password_random(password);
    if (!password_hash(password, hash)) {
        unavailable(&reply->error);
        return LOKET_UNAVAILABLE;
    }
    struct parameters p = {.count = 0};
    put_bytes(&p, call->token.data, call->token.len);
    put_text(&p, user_id);
    put_text(&p, hash);
    code = run(auth, "select api_auth.password_reset($1, $2, $3)", &p, &reply->error);
    if (code == LOKET_OK) {
        buffer_varint(&reply->body, 1 << 3 | 2);
        buffer_varint(&reply->body, strlen(password));
        buffer_text(&reply->body, password);
    }
    explicit_bzero(password, sizeof password);
    return code;
}

static const struct auth_method auth_table[] = {
    {"auth.login", login},
    {"auth.change_password", change_password},
    {"auth.reset_password", reset_password},
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
    struct event *stop = auth.base ? evsignal_new(auth.base, SIGTERM, on_stop, auth.base) : NULL;
    struct evconnlistener *listener =
        auth.base ? evconnlistener_new(auth.base, on_accept, &auth, LEV_OPT_CLOSE_ON_EXEC, 0, given->auth_listener) : NULL;
    if (stop && listener && event_add(stop, NULL) == 0) {
        log_info("auth ready");
        code = event_base_dispatch(auth.base) < 0 ? EX_SOFTWARE : EX_OK;
    }
    if (listener) evconnlistener_free(listener);
    if (stop) event_free(stop);
    if (auth.base) event_base_free(auth.base);
    PQfinish(auth.db);
    return code;
}
