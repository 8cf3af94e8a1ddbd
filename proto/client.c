/* libloket: the client's end of the wire. One connection at a time, calls in a list until they are answered. */
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <proto/client.h>
#include <proto/frame.h>
#include <proto/loket.pb-c.h>
#include <proto/tls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_DELAY_MS 200u
#define LAST_DELAY_MS  10000u
#define NEXT_DELAY_MS  20u    /* to the next address of the list */
#define CONNECT_S      10     /* to be live, from the first packet */
#define UNACKED_MS     20000u /* what was sent and the other machine did not even receive */
#define PING_SECONDS   60
#define TRIES_AT_MOST  8u /* of a call that the server asks to send again later */
#define RESUME_CALL    1u /* our own calls have the first numbers */
#define PING_CALL      2u
#define FIRST_CALL     16u

struct call {
    struct call *next;
    uint64_t id;
    char method[LIMIT_METHOD_BYTES + 1];
    uint8_t *body;
    size_t body_size;
    uint8_t key[IDEMPOTENCY_KEY_BYTES];
    bool has_key, sent;
    unsigned tries;
    const ProtobufCMessageDescriptor *reply_type;
    client_reply *reply;
    void *data;
    struct client *client;
    struct event *again; /* waits for retry_after */
};

struct client {
    struct event_base *base;
    SSL_CTX *tls;
    char *addresses, *server_name;
    size_t turn;   /* which address is next: the one that worked last, as long as it does */
    size_t failed; /* addresses tried in vain since a line was live */
    struct client_hooks hooks;
    struct bufferevent *stream;
    enum client_line line;
    struct event *retry, *ping, *limit;
    bool heard; /* anything, since the last ping */
    unsigned delay_ms;
    uint8_t token[TOKEN_BYTES];
    bool has_token;
    EVP_PKEY *proof;    /* the session's own key, in this memory alone; NULL before a log-in */
    struct call *calls; /* oldest first */
    uint64_t next_id;
    int64_t counter;
};

static void line_set(struct client *client, enum client_line line, const char *why) {
    client->line = line;
    if (client->hooks.line) client->hooks.line(client, line, why, client->hooks.data);
}

static void call_free(struct call *call) {
    if (call->again) event_free(call->again);
    if (call->body) explicit_bzero(call->body, call->body_size);
    free(call->body);
    free(call);
}

static struct call *call_unlink(struct client *client, uint64_t id) {
    for (struct call **link = &client->calls; *link; link = &(*link)->next) {
        if ((*link)->id != id) continue;
        struct call *call = *link;
        *link = call->next;
        return call;
    }
    return NULL;
}

static bool envelope_send(struct client *client, const Loket__Envelope *envelope) {
    size_t size = loket__envelope__get_packed_size(envelope);
    uint8_t *frame = malloc(size + LIMIT_FRAME_HEADER);
    bool sent = frame && frame_header(frame, size) == LOKET_OK;
    if (sent) {
        loket__envelope__pack(envelope, frame + LIMIT_FRAME_HEADER);
        sent = bufferevent_write(client->stream, frame, size + LIMIT_FRAME_HEADER) == 0;
        explicit_bzero(frame, size + LIMIT_FRAME_HEADER);
    }
    free(frame);
    return sent;
}

/* Sends one of our own small calls. */
static void own_call(struct client *client, uint64_t id, const char *method, const ProtobufCMessage *request) {
    uint8_t body[128];
    char name[LIMIT_METHOD_BYTES + 1];
    Loket__Envelope envelope = LOKET__ENVELOPE__INIT;
    (void)snprintf(name, sizeof name, "%s", method);
    envelope.id = id;
    envelope.method = name;
    envelope.body.data = body;
    envelope.body.len = protobuf_c_message_pack(request, body);
    (void)envelope_send(client, &envelope); /* a lost line sends it again */
    explicit_bzero(body, sizeof body);
}

static void call_send(struct client *client, struct call *call) {
    Loket__Envelope envelope = LOKET__ENVELOPE__INIT;
    if (client->line != CLIENT_LIVE || call->sent || call->again) return;
    envelope.id = call->id;
    envelope.method = call->method;
    envelope.body.data = call->body;
    envelope.body.len = call->body_size;
    if (call->has_key) {
        envelope.key.data = call->key;
        envelope.key.len = sizeof call->key;
    }
    call->sent = envelope_send(client, &envelope);
}

static void send_waiting(struct client *client) {
    for (struct call *call = client->calls; call; call = call->next) call_send(client, call);
}

static size_t address_count(const struct client *client) {
    size_t count = 1;
    for (const char *p = client->addresses; *p; p++) count += *p == ',';
    return count;
}

/* How long until the next address is tried. A line that fell is taken up where it was first: most often that server only starts
 * again. The wait grows when the whole list was tried. */
static unsigned next_delay(struct client *client) {
    uint8_t jitter = 0;
    bool was_live = client->line == CLIENT_LIVE;
    (void)RAND_bytes(&jitter, sizeof jitter);
    if (!was_live) {
        client->turn++;
        if (++client->failed % address_count(client) != 0) return NEXT_DELAY_MS;
    }
    unsigned wait_ms = client->delay_ms / 2 + client->delay_ms * jitter / 512;
    if (!was_live) client->delay_ms = client->delay_ms * 2 > LAST_DELAY_MS ? LAST_DELAY_MS : client->delay_ms * 2;
    return wait_ms;
}

static void connection_lost(struct client *client, const char *why) {
    if (client->stream) bufferevent_free(client->stream);
    client->stream = NULL;
    for (struct call *call = client->calls; call; call = call->next) call->sent = false;
    unsigned wait_ms = next_delay(client);
    struct timeval delay = {wait_ms / 1000, (wait_ms % 1000) * 1000};
    event_add(client->retry, &delay);
    event_del(client->ping);
    event_del(client->limit);
    line_set(client, CLIENT_OFFLINE, why);
}

/* A server that took the connection and says nothing is no better than one that is away. */
static void on_limit(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    connection_lost(data, "The server can't be reached");
}

static void ping_schedule(struct client *client) {
    struct timeval later = {PING_SECONDS, 0};
    event_add(client->ping, &later);
}

static void ping_send(struct client *client) {
    Loket__Empty empty = LOKET__EMPTY__INIT;
    if (client->has_token) own_call(client, PING_CALL, "session.ping", &empty.base);
}

static void on_ping(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct client *client = data;
    if (client->line != CLIENT_LIVE) return;
    if (client->has_token && !client->heard) {
        connection_lost(client, "The line fell"); /* not a byte since the last ping, not even its answer */
        return;
    }
    client->heard = false;
    ping_send(client);
    ping_schedule(client);
}

static void became_live(struct client *client) {
    client->delay_ms = FIRST_DELAY_MS;
    client->failed = 0;
    client->heard = true;
    event_del(client->limit);
    line_set(client, CLIENT_LIVE, NULL);
    ping_schedule(client);
}

static void session_over(struct client *client) {
    client_set_token(client, NULL);
    if (client->hooks.session_lost) client->hooks.session_lost(client, client->hooks.data);
}

static void counter_seen(struct client *client, const char *queue, int64_t application_id, int64_t counter) {
    if (counter > client->counter) client->counter = counter;
    if (client->hooks.event) client->hooks.event(client, queue, application_id, counter, client->hooks.data);
}

static void on_resumed(struct client *client, const Loket__Envelope *envelope) {
    /* a database that dies while it is asked is a failure of the server, and no end of the session */
    if (envelope->error &&
        (envelope->error->code == LOKET__ERROR_CODE__UNAVAILABLE || envelope->error->code == LOKET__ERROR_CODE__INTERNAL)) {
        connection_lost(client, envelope->error->message ? envelope->error->message : "The server is busy");
        return;
    }
    became_live(client);
    /* what waits is sent now, or after the next log-in */
    if (envelope->error) {
        session_over(client);
        return;
    }
    send_waiting(client);
    /* what was announced while there was no line: every list is read again */
    counter_seen(client, "", 0, client->counter);
}

static void on_pong(struct client *client, const Loket__Envelope *envelope) {
    if (envelope->error) {
        if (envelope->error->code == LOKET__ERROR_CODE__NOT_LOGGED_IN) session_over(client);
        return;
    }
    Loket__PingReply *reply = loket__ping_reply__unpack(NULL, envelope->body.len, envelope->body.data);
    if (reply && client->hooks.roles) client->hooks.roles(client, reply->roles, reply->n_roles, client->hooks.data);
    if (reply && reply->counter > client->counter) counter_seen(client, "", 0, reply->counter);
    loket__ping_reply__free_unpacked(reply, NULL);
}

static void on_again(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct call *call = data;
    event_free(call->again);
    call->again = NULL;
    call->sent = false;
    call_send(call->client, call);
}

/* UNAVAILABLE with a time: the call is kept and sent again then. */
static bool call_again(struct client *client, struct call *call, const Loket__Error *error) {
    if (error->code != LOKET__ERROR_CODE__UNAVAILABLE || !error->retry_after_ms || ++call->tries > TRIES_AT_MOST) return false;
    /* a write is worth the wait for a database that changes its place; a read is asked for again by whoever looks at it */
    uint64_t wait_ms = error->retry_after_ms;
    for (unsigned i = 1; call->has_key && i < call->tries && wait_ms * 2 <= LAST_DELAY_MS; i++) wait_ms *= 2;
    struct timeval delay = {(time_t)(wait_ms / 1000), (suseconds_t)(wait_ms % 1000 * 1000)};
    call->again = evtimer_new(client->base, on_again, call);
    return call->again && event_add(call->again, &delay) == 0;
}

static void on_reply(struct client *client, const Loket__Envelope *envelope) {
    struct error error;
    struct call *call = client->calls;
    while (call && call->id != envelope->id) call = call->next;
    if (!call) return; /* cancelled */
    if (envelope->error) {
        if (call_again(client, call, envelope->error)) return;
        error_set(&error, (enum loket_error)envelope->error->code, envelope->error->field, envelope->error->message,
                  envelope->error->argument);
        error.retry_after_ms = envelope->error->retry_after_ms;
        if (error.code == LOKET_NOT_LOGGED_IN && client->has_token) {
            call->sent = false; /* kept: sent again after the next log-in */
            session_over(client);
            return;
        }
    }
    call = call_unlink(client, envelope->id);
    ProtobufCMessage *reply = NULL;
    if (!envelope->error) {
        reply = protobuf_c_message_unpack(call->reply_type, NULL, envelope->body.len, envelope->body.data);
        if (!reply) error_set(&error, LOKET_INTERNAL, NULL, "The server's answer can't be understood", NULL);
    }
    call->reply(client, reply, reply ? NULL : &error, call->data);
    if (reply) protobuf_c_message_free_unpacked(reply, NULL);
    call_free(call);
}

static void on_pushed(struct client *client, const Loket__Envelope *envelope) {
    if (strcmp(envelope->method, "event") != 0) return;
    Loket__Event *event = loket__event__unpack(NULL, envelope->body.len, envelope->body.data);
    if (event) counter_seen(client, event->queue, event->application_id, event->counter);
    /* of oneself and no application: it may be a role that somebody who is away leaves, or takes back */
    if (event && strncmp(event->queue, "user/", 5) == 0 && !event->application_id) ping_send(client);
    loket__event__free_unpacked(event, NULL);
}

static void on_envelope(struct client *client, const Loket__Envelope *envelope) {
    if (envelope->id == 0) on_pushed(client, envelope);
    else if (envelope->id == RESUME_CALL) on_resumed(client, envelope);
    else if (envelope->id == PING_CALL) on_pong(client, envelope);
    else on_reply(client, envelope);
}

static void on_read(struct bufferevent *stream, void *data) {
    struct client *client = data;
    client->heard = true;
    while (client->stream == stream) {
        struct evbuffer *input = bufferevent_get_input(stream);
        const uint8_t *body;
        size_t size, available = evbuffer_get_length(input);
        const uint8_t *bytes = available ? evbuffer_pullup(input, -1) : NULL;
        enum frame_state state = bytes ? frame_read(bytes, available, &body, &size) : FRAME_PARTIAL;
        if (state == FRAME_PARTIAL) return;
        Loket__Envelope *envelope = state == FRAME_WHOLE ? loket__envelope__unpack(NULL, size, body) : NULL;
        if (!envelope) {
            connection_lost(client, "The server does not speak this protocol");
            return;
        }
        evbuffer_drain(input, LIMIT_FRAME_HEADER + size);
        on_envelope(client, envelope);
        loket__envelope__free_unpacked(envelope, NULL);
    }
}

/* Says to the server, in a way that is of no use in any other connection, that it is this client that has `what`. */
bool client_prove(struct client *client, const char *text, const uint8_t *what, size_t what_size, uint8_t proof[PROOF_BYTES]) {
    uint8_t message[PROOF_TEXT_BYTES + 32 + CHANNEL_BYTES], *at;
    size_t size = PROOF_BYTES, length = strlen(text);
    if (length > PROOF_TEXT_BYTES || !client->stream) return false;
    at = mempcpy(message, text, length);
    if (!client->proof || EVP_Digest(what, what_size, at, NULL, EVP_sha256(), NULL) != 1 ||
        !tls_channel(bufferevent_openssl_get_ssl(client->stream), at + 32))
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestSignInit(context, NULL, NULL, NULL, client->proof) == 1 &&
                EVP_DigestSign(context, proof, &size, message, length + 32 + CHANNEL_BYTES) == 1 && size == PROOF_BYTES;
    EVP_MD_CTX_free(context);
    return good;
}

static void on_connected(struct client *client) {
    if (!tls_alpn_agreed(bufferevent_openssl_get_ssl(client->stream))) {
        connection_lost(client, "The server does not speak this protocol");
        return;
    }
    if (!client->has_token) {
        became_live(client);
        send_waiting(client);
        return;
    }
    Loket__AuthResumeRequest request = LOKET__AUTH_RESUME_REQUEST__INIT;
    uint8_t proof[PROOF_BYTES];
    request.token.data = client->token;
    request.token.len = sizeof client->token;
    if (client_prove(client, PROOF_TEXT, client->token, sizeof client->token, proof)) {
        request.proof.data = proof;
        request.proof.len = sizeof proof;
    }
    own_call(client, RESUME_CALL, "auth.resume", &request.base);
}

static void on_event(struct bufferevent *stream, short what, void *data) {
    struct client *client = data;
    if (client->stream != stream) return;
    if (what & BEV_EVENT_CONNECTED) {
        on_connected(client);
        return;
    }
    long verified = SSL_get_verify_result(bufferevent_openssl_get_ssl(stream));
    if (verified != X509_V_OK) connection_lost(client, "The server's certificate is not to be trusted");
    else connection_lost(client, client->line == CLIENT_LIVE ? "The line fell" : "The server can't be reached");
}

/* The address whose turn it is, as host and port. */
static void next_address(const struct client *client, char host[256], char port[16]) {
    size_t index = 0;
    const char *place = client->addresses;
    for (size_t wanted = client->turn % address_count(client); index < wanted; index++) place = strchr(place, ',') + 1;
    size_t size = strcspn(place, ",");
    char text[256];
    (void)snprintf(text, sizeof text, "%.*s", (int)size, place);
    char *colon = strrchr(text, ':');
    bool bare_v6 = colon && strchr(text, ':') != colon && text[0] != '[';
    if (colon && !bare_v6) *colon = '\0';
    (void)snprintf(port, 16, "%.15s", colon && !bare_v6 ? colon + 1 : DEFAULT_PORT);
    size_t length = strlen(text);
    if (text[0] == '[' && length > 1 && text[length - 1] == ']') (void)snprintf(host, 256, "%.*s", (int)length - 2, text + 1);
    else (void)snprintf(host, 256, "%s", text);
}

/* A machine that lost its power sends no end of the line: what it does not even receive in time ends it here. A slow line that
 * still carries something is left alone. A request does not wait for the acknowledgement of the one before it. */
static void set_up_line(evutil_socket_t line) {
    static const struct {
        int level, name, value;
    } settings[] = {{IPPROTO_TCP, TCP_NODELAY, 1},
                    {SOL_SOCKET, SO_KEEPALIVE, 1},
                    {IPPROTO_TCP, TCP_KEEPIDLE, 20},
                    {IPPROTO_TCP, TCP_KEEPINTVL, 5},
                    {IPPROTO_TCP, TCP_USER_TIMEOUT, (int)UNACKED_MS}};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        (void)setsockopt(line, settings[i].level, settings[i].name, &settings[i].value, sizeof settings[i].value);
}

static bool connect_to(struct client *client, const char *host, const char *port) {
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    SSL *ssl = SSL_new(client->tls);
    if (!ssl || !tls_expect_name(ssl, client->server_name ? client->server_name : host)) {
        SSL_free(ssl);
        return false;
    }
    client->stream = bufferevent_openssl_socket_new(client->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
                                                    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!client->stream) {
        SSL_free(ssl);
        return false;
    }
    bufferevent_openssl_set_allow_dirty_shutdown(client->stream, 1);
    bufferevent_setcb(client->stream, on_read, NULL, on_event, client);
    bufferevent_enable(client->stream, EV_READ | EV_WRITE);
    if (getaddrinfo(host, port, &wanted, &found) != 0) return false;
    int started = bufferevent_socket_connect(client->stream, found->ai_addr, (int)found->ai_addrlen);
    freeaddrinfo(found);
    if (started == 0) set_up_line(bufferevent_getfd(client->stream));
    return started == 0;
}

static void on_retry(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct client *client = data;
    char host[256], port[16];
    next_address(client, host, port);
    struct timeval limit = {CONNECT_S, 0};
    line_set(client, CLIENT_CONNECTING, NULL);
    event_add(client->limit, &limit);
    if (!connect_to(client, host, port)) connection_lost(client, "The server can't be reached");
}

struct client *client_new(struct event_base *base, const struct client_options *options, const struct client_hooks *hooks,
                          struct error *error) {
    struct client *client = calloc(1, sizeof *client);
    if (!client) goto no_memory;
    client->base = base;
    client->hooks = hooks ? *hooks : (struct client_hooks){0};
    client->delay_ms = FIRST_DELAY_MS;
    client->next_id = FIRST_CALL;
    if (!options->addresses || !*options->addresses) {
        error_set(error, LOKET_REQUIRED, "server", "The server's address is missing", NULL);
        client_free(client);
        return NULL;
    }
    client->tls = tls_client(options->ca_file, options->certificate, options->certificate_key, error);
    if (!client->tls) {
        client_free(client);
        return NULL;
    }
    client->addresses = strdup(options->addresses);
    client->server_name = options->server_name ? strdup(options->server_name) : NULL;
    client->retry = evtimer_new(base, on_retry, client);
    client->ping = evtimer_new(base, on_ping, client);
    client->limit = evtimer_new(base, on_limit, client);
    if (client->addresses && client->retry && client->ping && client->limit && (client->server_name || !options->server_name))
        return client;
no_memory:
    client_free(client);
    error_set(error, LOKET_INTERNAL, NULL, "Out of memory", NULL);
    return NULL;
}

void client_free(struct client *client) {
    if (!client) return;
    if (client->stream) bufferevent_free(client->stream);
    while (client->calls) {
        struct call *call = client->calls;
        client->calls = call->next;
        call_free(call);
    }
    if (client->retry) event_free(client->retry);
    if (client->ping) event_free(client->ping);
    if (client->limit) event_free(client->limit);
    SSL_CTX_free(client->tls);
    free(client->addresses);
    free(client->server_name);
    explicit_bzero(client->token, sizeof client->token);
    EVP_PKEY_free(client->proof);
    free(client);
}

void client_start(struct client *client) {
    struct timeval now = {0, 0};
    event_add(client->retry, &now);
}

void client_set_token(struct client *client, const uint8_t token[TOKEN_BYTES]) {
    explicit_bzero(client->token, sizeof client->token);
    client->has_token = token != NULL;
    if (!token) {
        EVP_PKEY_free(client->proof);
        client->proof = NULL;
        return;
    }
    memcpy(client->token, token, TOKEN_BYTES);
    send_waiting(client); /* what waited for the log-in */
}

bool client_proof_key(struct client *client, uint8_t key[PROOF_KEY_BYTES]) {
    size_t size = PROOF_KEY_BYTES;
    if (!client->proof) client->proof = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return client->proof && EVP_PKEY_get_raw_public_key(client->proof, key, &size) == 1 && size == PROOF_KEY_BYTES;
}

void client_key(uint8_t key[IDEMPOTENCY_KEY_BYTES]) {
    if (RAND_bytes(key, IDEMPOTENCY_KEY_BYTES) != 1) abort(); /* without randomness a key would not be one */
}

uint64_t client_call(struct client *client, const char *method, const ProtobufCMessage *request,
                     const uint8_t key[IDEMPOTENCY_KEY_BYTES], const ProtobufCMessageDescriptor *reply_type, client_reply *reply,
                     void *data, struct error *error) {
    size_t size = protobuf_c_message_get_packed_size(request);
    if (size > LIMIT_FRAME_BYTES - 256) {
        error_set(error, LOKET_INVALID, NULL, "This is too long to send", NULL);
        return 0;
    }
    struct call *call = calloc(1, sizeof *call);
    if (call) call->body = malloc(size + 1);
    if (!call || !call->body) {
        free(call);
        error_set(error, LOKET_INTERNAL, NULL, "Out of memory", NULL);
        return 0;
    }
    (void)snprintf(call->method, sizeof call->method, "%s", method);
    call->body_size = protobuf_c_message_pack(request, call->body);
    call->client = client;
    call->id = client->next_id++;
    call->has_key = key != NULL;
    if (key) memcpy(call->key, key, sizeof call->key);
    call->reply_type = reply_type;
    call->reply = reply;
    call->data = data;
    struct call **link = &client->calls;
    while (*link) link = &(*link)->next;
    *link = call;
    call_send(client, call);
    return call->id;
}

void client_cancel(struct client *client, uint64_t id) {
    struct call *call = call_unlink(client, id);
    if (call) call_free(call);
}

enum client_line client_line(const struct client *client) {
    return client->line;
}

size_t client_waiting(const struct client *client) {
    size_t waiting = 0;
    for (const struct call *call = client->calls; call; call = call->next) waiting++;
    return waiting;
}
