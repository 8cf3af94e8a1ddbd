/* One client's connection. Knows frames and who is logged in; what a request means is dispatch's. */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <proto/frame.h>
#include <proto/tls.h>
#include <server/dispatch.h>
#include <server/log.h>
#include <server/session.h>
#include <stdlib.h>
#include <string.h>

#define UNREAD_AT_MOST (4u * 1024 * 1024) /* bytes that a client may leave unread */

static time_t seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static uint16_t *address_slot(struct worker *worker, const char *address) {
    uint32_t hash = 2166136261u; /* FNV-1a; two addresses in one slot only make the limit stricter */
    for (const char *p = address; *p; p++) hash = (hash ^ (unsigned char)*p) * 16777619u;
    return &worker->per_address[hash % ADDRESS_SLOTS];
}

static void forget_roles(struct session *session) {
    for (size_t i = 0; i < session->queue_count; i++) free(session->queues[i]);
    free(session->queues);
    session->queues = NULL;
    session->queue_count = 0;
    session->roles = 0;
}

static void forget_login(struct session *session) {
    explicit_bzero(session->token, sizeof session->token);
    forget_roles(session);
    session->username[0] = session->office[0] = '\0';
}

void session_free(struct session *session) {
    struct worker *worker = session->worker;
    for (struct request *request = session->requests; request; request = request->next) request->session = NULL;
    if (session->previous) session->previous->next = session->next;
    else worker->sessions = session->next;
    if (session->next) session->next->previous = session->previous;
    worker->session_count--;
    (*address_slot(worker, session->address))--;
    forget_login(session);
    SSL *ssl = bufferevent_openssl_get_ssl(session->stream);
    /* An ordinary end of the line keeps the TLS session good for a ticket. */
    if (ssl) SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    bufferevent_free(session->stream);
    free(session);
}

/* CLOSING: what was written is sent first; on_written or the sweep frees it, never the caller's own stack. */
static void session_close(struct session *session) {
    session->state = SESSION_CLOSING;
    session->heard_at = seconds_now();
    bufferevent_disable(session->stream, EV_READ);
}

static bool send_envelope(struct session *session, const Loket__Envelope *envelope) {
    uint8_t header[LIMIT_FRAME_HEADER];
    size_t size = loket__envelope__get_packed_size(envelope);
    if (frame_header(header, size) != LOKET_OK) return false;
    struct evbuffer *output = bufferevent_get_output(session->stream);
    if (evbuffer_get_length(output) > UNREAD_AT_MOST) {
        log_warn("client does not read: dropped", "address", session->address);
        return false;
    }
    struct evbuffer_iovec space;
    struct evbuffer *frame = evbuffer_new();
    if (!frame) return false;
    bool sent = evbuffer_reserve_space(frame, (ev_ssize_t)(size + sizeof header), &space, 1) == 1;
    if (sent) {
        uint8_t *bytes = space.iov_base;
        memcpy(bytes, header, sizeof header);
        loket__envelope__pack(envelope, bytes + sizeof header);
        space.iov_len = size + sizeof header;
        sent = evbuffer_commit_space(frame, &space, 1) == 0 && bufferevent_write_buffer(session->stream, frame) == 0;
    }
    evbuffer_free(frame);
    return sent;
}

void session_reply(struct session *session, uint64_t id, const struct buffer *body, const struct error *error) {
    Loket__Envelope envelope = LOKET__ENVELOPE__INIT;
    Loket__Error wire = LOKET__ERROR__INIT;
    envelope.id = id;
    if (error) {
        struct error copy = *error;
        wire.code = (Loket__ErrorCode)error->code;
        wire.field = copy.field;
        wire.message = copy.message;
        wire.argument = copy.argument;
        wire.retry_after_ms = error->retry_after_ms;
        envelope.error = &wire;
        if (!send_envelope(session, &envelope)) session_close(session);
        return;
    }
    if (body) {
        envelope.body.data = body->data;
        envelope.body.len = body->size;
    }
    if (!send_envelope(session, &envelope)) session_close(session);
}

void session_roles(struct session *session, Loket__RoleRow *const *roles, size_t role_count, char *const *queues,
                   size_t queue_count) {
    forget_roles(session);
    for (size_t i = 0; i < role_count; i++) session->roles |= role_bit(roles[i]->role);
    session->queues = calloc(queue_count + 1, sizeof *session->queues);
    for (size_t i = 0; session->queues && i < queue_count; i++) {
        session->queues[i] = strdup(queues[i]);
        if (!session->queues[i]) break;
        session->queue_count++;
    }
}

void session_login(struct session *session, const uint8_t token[TOKEN_BYTES], const Loket__SessionReply *reply) {
    forget_login(session);
    memcpy(session->token, token, TOKEN_BYTES);
    (void)snprintf(session->username, sizeof session->username, "%s", reply->username);
    (void)snprintf(session->office, sizeof session->office, "%s", reply->office);
    session_roles(session, reply->roles, reply->n_roles, reply->queues, reply->n_queues);
    session->state = SESSION_LOGGED_IN;
}

void session_logout(struct session *session) {
    forget_login(session);
    session->state = SESSION_ANONYMOUS;
    session->began_at = seconds_now();
}

bool session_channel(const struct session *session, uint8_t channel[CHANNEL_BYTES]) {
    SSL *ssl = bufferevent_openssl_get_ssl(session->stream);
    return ssl && tls_channel(ssl, channel);
}

static bool has_queue(const struct session *session, const char *queue) {
    for (size_t i = 0; i < session->queue_count; i++)
        if (strcmp(session->queues[i], queue) == 0) return true;
    return false;
}

void session_push(struct worker *worker, const char *office, const char *queue, int64_t application_id, int64_t counter) {
    Loket__Event event = LOKET__EVENT__INIT;
    uint8_t body[256];
    char name[96], method[] = "event";
    (void)snprintf(name, sizeof name, "%s", queue);
    event.queue = name;
    event.application_id = application_id;
    event.counter = counter;
    Loket__Envelope envelope = LOKET__ENVELOPE__INIT;
    envelope.method = method;
    envelope.body.data = body;
    envelope.body.len = loket__event__pack(&event, body);
    for (struct session *session = worker->sessions, *next; session; session = next) {
        next = session->next;
        if (session->state != SESSION_LOGGED_IN || strcmp(session->office, office) != 0 || !has_queue(session, name)) continue;
        if (!send_envelope(session, &envelope)) session_close(session);
    }
}

static void refuse_frame(struct session *session) {
    struct error error;
    error_set(&error, LOKET_BAD_FRAME, NULL, "This is not a frame of this protocol", NULL);
    log_warn("bad frame", "address", session->address, "user", session->username);
    session_reply(session, 0, NULL, &error);
    if (session->state != SESSION_CLOSING) session_close(session);
}

/* Every whole frame in the input. Stops when the session closes or has too many open requests. */
static void on_read(struct bufferevent *stream, void *data) {
    struct session *session = data;
    struct evbuffer *input = bufferevent_get_input(stream);
    session->heard_at = seconds_now();
    while (session->state == SESSION_ANONYMOUS || session->state == SESSION_LOGGED_IN) {
        if (session->request_count >= LIMIT_REQUESTS_OPEN) {
            bufferevent_disable(stream, EV_READ);
            return;
        }
        const uint8_t *body;
        size_t size, available = evbuffer_get_length(input);
        uint8_t header[LIMIT_FRAME_HEADER];
        if (evbuffer_copyout(input, header, sizeof header) < (ev_ssize_t)sizeof header) return;
        enum frame_state state = frame_read(header, sizeof header, &body, &size);
        if (state == FRAME_BROKEN) {
            refuse_frame(session);
            return;
        }
        size_t length = (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
        if (available < length + sizeof header) return;
        const uint8_t *whole = evbuffer_pullup(input, (ev_ssize_t)(length + sizeof header));
        if (!whole || frame_read(whole, length + sizeof header, &body, &size) != FRAME_WHOLE) {
            refuse_frame(session);
            return;
        }
        Loket__Envelope *envelope = loket__envelope__unpack(NULL, size, body);
        evbuffer_drain(input, length + sizeof header);
        if (!envelope || envelope->id == 0) {
            loket__envelope__free_unpacked(envelope, NULL);
            refuse_frame(session);
            return;
        }
        session->request_count++;
        dispatch(session, envelope);
        loket__envelope__free_unpacked(envelope, NULL);
    }
}

static void on_written(struct bufferevent *stream, void *data) {
    (void)stream;
    struct session *session = data;
    if (session->state == SESSION_CLOSING) session_free(session);
}

static void on_event(struct bufferevent *stream, short what, void *data) {
    struct session *session = data;
    if (what & BEV_EVENT_CONNECTED) {
        if (!tls_alpn_agreed(bufferevent_openssl_get_ssl(stream))) {
            session_free(session);
            return;
        }
        tls_peer_name(bufferevent_openssl_get_ssl(stream), session->certificate, sizeof session->certificate);
        session->state = SESSION_ANONYMOUS;
        session->began_at = session->heard_at = seconds_now();
        return;
    }
    if (session->state == SESSION_HANDSHAKE) log_info("handshake failed", "address", session->address);
    session_free(session);
}

void session_resume_reading(struct session *session) {
    if (session->state != SESSION_ANONYMOUS && session->state != SESSION_LOGGED_IN) return;
    if (bufferevent_get_enabled(session->stream) & EV_READ) return;
    bufferevent_enable(session->stream, EV_READ);
    bufferevent_trigger(session->stream, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
}

static void address_text(const struct sockaddr *address, char *text, size_t size) {
    const void *bytes = address->sa_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (!inet_ntop(address->sa_family, bytes, text, (socklen_t)size)) text[0] = '\0';
}

void session_new(struct worker *worker, evutil_socket_t socket, const struct sockaddr *address) {
    char text[INET6_ADDRSTRLEN];
    const struct config *config = worker->given->config;
    address_text(address, text, sizeof text);
    uint16_t *slot = address_slot(worker, text);
    SSL *ssl = NULL;
    struct session *session = NULL;
    if (worker->session_count >= config->clients_in_all || *slot >= config->clients_per_address || *slot == UINT16_MAX) {
        log_warn("too many connections: refused", "address", text);
        goto refuse;
    }
    ssl = SSL_new(worker->tls);
    session = calloc(1, sizeof *session);
    if (!ssl || !session) goto refuse;
    session->stream = bufferevent_openssl_socket_new(worker->base, socket, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                                     BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!session->stream) goto refuse;
    session->worker = worker;
    memcpy(session->address, text, sizeof text);
    session->began_at = session->heard_at = seconds_now();
    session->next = worker->sessions;
    if (session->next) session->next->previous = session;
    worker->sessions = session;
    worker->session_count++;
    (*slot)++;
    bufferevent_openssl_set_allow_dirty_shutdown(session->stream, 1);
    bufferevent_setcb(session->stream, on_read, on_written, on_event, session);
    bufferevent_setwatermark(session->stream, EV_READ, 0, LIMIT_FRAME_BYTES + LIMIT_FRAME_HEADER);
    bufferevent_enable(session->stream, EV_READ | EV_WRITE);
    return;
refuse:
    free(session);
    SSL_free(ssl);
    evutil_closesocket(socket);
}

void session_sweep(struct worker *worker) {
    time_t now = seconds_now();
    for (struct session *session = worker->sessions, *next; session; session = next) {
        next = session->next;
        time_t age = now - session->began_at, silence = now - session->heard_at;
        bool over = session->state == SESSION_HANDSHAKE   ? age > HANDSHAKE_SECONDS
                    : session->state == SESSION_ANONYMOUS ? age > LOGIN_SECONDS && !session->request_count
                    : session->state == SESSION_CLOSING
                        ? silence > HANDSHAKE_SECONDS || evbuffer_get_length(bufferevent_get_output(session->stream)) == 0
                        : silence > IDLE_SECONDS;
        if (over) session_free(session);
    }
}
