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

#define UNREAD_PAUSE  (256u * 1024u) /* bytes that wait for a client before its next request is looked at */
#define FRAMES_A_TURN 32             /* then it is another connection's turn */

static time_t seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static const struct config *config_of(const struct session *session) {
    return session->worker->given->config;
}

static size_t unread(const struct session *session) {
    return evbuffer_get_length(bufferevent_get_output(session->stream));
}

/* A stranger has little to say, and no room to say it in. */
static size_t frame_limit(const struct session *session) {
    return session->state == SESSION_LOGGED_IN ? LIMIT_FRAME_BYTES : LIMIT_STRANGER_BYTES;
}

static void room_for_frames(struct session *session) {
    bufferevent_setwatermark(session->stream, EV_READ, 0, frame_limit(session) + LIMIT_FRAME_HEADER);
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
    session->from->open--;
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

static bool is_read(const struct session *session) {
    if (unread(session) <= (size_t)config_of(session)->unread_kib * 1024) return true;
    log_warn("client does not read: dropped", "address", session->address);
    return false;
}

static bool send_envelope(struct session *session, const Loket__Envelope *envelope) {
    uint8_t header[LIMIT_FRAME_HEADER];
    size_t size = loket__envelope__get_packed_size(envelope);
    if (frame_header(header, size) != LOKET_OK || !is_read(session)) return false;
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
    room_for_frames(session);
}

void session_logout(struct session *session) {
    forget_login(session);
    session->state = SESSION_ANONYMOUS;
    session->began_at = seconds_now();
    room_for_frames(session);
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

void session_event_frame(struct buffer *frames, const char *queue, int64_t application_id, int64_t counter) {
    Loket__Event event = LOKET__EVENT__INIT;
    uint8_t body[256], header[LIMIT_FRAME_HEADER], bytes[sizeof body + 64];
    char name[96], method[] = "event";
    (void)snprintf(name, sizeof name, "%s", queue);
    event.queue = name;
    event.application_id = application_id;
    event.counter = counter;
    Loket__Envelope envelope = LOKET__ENVELOPE__INIT;
    envelope.method = method;
    envelope.body.data = body;
    envelope.body.len = loket__event__pack(&event, body);
    size_t size = loket__envelope__pack(&envelope, bytes);
    if (frame_header(header, size) != LOKET_OK) return;
    buffer_add(frames, header, sizeof header);
    buffer_add(frames, bytes, size);
}

void session_push(struct worker *worker, const char *office, const char *queue, const struct buffer *frames, unsigned count) {
    if (frames->failed) return; /* memory is short: pings tell it */
    for (struct session *session = worker->sessions, *next; session; session = next) {
        next = session->next;
        if (session->state != SESSION_LOGGED_IN || strcmp(session->office, office) != 0 || !has_queue(session, queue)) continue;
        if (!is_read(session) || bufferevent_write(session->stream, frames->data, frames->size) != 0) session_close(session);
        else metrics_add(COUNT_EVENTS, count);
    }
}

static void refuse_frame(struct session *session) {
    struct error error;
    error_set(&error, LOKET_BAD_FRAME, NULL, "This is not a frame of this protocol", NULL);
    metrics_add(COUNT_BAD_FRAME, 1);
    log_warn("bad frame", "address", session->address, "user", session->username);
    session_reply(session, 0, NULL, &error);
    if (session->state != SESSION_CLOSING) session_close(session);
}

/* Must it wait before its next request is looked at: for its answers, for the client to read them, or for the next second? */
static bool must_wait(struct session *session) {
    if (session->frames_at != session->heard_at) {
        session->frames_at = session->heard_at;
        session->frames = 0;
    }
    return session->request_count >= LIMIT_REQUESTS_OPEN || session->frames >= config_of(session)->requests_per_second ||
           unread(session) > UNREAD_PAUSE;
}

/* Not now: the bytes stay where they are, and when they are many no more come. Whatever it waits for calls session_resume_reading.
 */
static void pause_reading(struct session *session) {
    session->frame_at = 0;
    bufferevent_disable(session->stream, EV_READ);
}

/* Every whole frame in the input. Stops when the session closes or must wait, and after a few for the others' sake. */
static void on_read(struct bufferevent *stream, void *data) {
    struct session *session = data;
    struct evbuffer *input = bufferevent_get_input(stream);
    session->heard_at = seconds_now();
    for (int turn = 0; session->state == SESSION_ANONYMOUS || session->state == SESSION_LOGGED_IN; turn++) {
        if (must_wait(session)) {
            pause_reading(session);
            return;
        }
        if (turn == FRAMES_A_TURN) {
            bufferevent_trigger(stream, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
            return;
        }
        const uint8_t *body;
        size_t size, available = evbuffer_get_length(input);
        uint8_t header[LIMIT_FRAME_HEADER];
        if (!available) session->frame_at = 0;
        else if (!session->frame_at) session->frame_at = session->heard_at;
        if (evbuffer_copyout(input, header, sizeof header) < (ev_ssize_t)sizeof header) return;
        size_t length = (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
        bool broken = frame_read(header, sizeof header, &body, &size) == FRAME_BROKEN;
        if (!broken && length > frame_limit(session) && session->request_count) { /* perhaps a log-in is under way */
            pause_reading(session);
            return;
        }
        if (broken || length > frame_limit(session)) {
            refuse_frame(session);
            return;
        }
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
        session->frame_at = 0;
        session->frames++;
        session->request_count++;
        dispatch(session, envelope);
        loket__envelope__free_unpacked(envelope, NULL);
    }
}

static void on_written(struct bufferevent *stream, void *data) {
    (void)stream;
    struct session *session = data;
    if (session->state == SESSION_CLOSING) session_free(session);
    else session_resume_reading(session);
}

/* A client takes what waits for it, or something begins to wait. */
static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *data) {
    (void)output;
    struct session *session = data;
    if (info->n_deleted || !info->orig_size) session->taken_at = seconds_now();
}

static void handshake_failed(const struct session *session) {
    metrics_add(COUNT_TLS_FAILED, 1);
    log_info("handshake failed", "address", session->address);
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
    if (session->state == SESSION_HANDSHAKE) handshake_failed(session);
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
    address_text(address, text, sizeof text);
    const struct config *config = worker->given->config;
    struct address *from = address_of(&worker->addresses, address);
    SSL *ssl = NULL;
    struct session *session = NULL;
    if (worker->session_count >= config->clients_in_all || !address_admit(from, config, seconds_now())) {
        metrics_add(COUNT_TURNED_AWAY, 1);
        /* a flood is not to fill the disk with lines */
        if (from->refused++ % 1000 == 0)
            log_warn("too many connections: refused", "address", text, "before", log_number(from->refused - 1));
        evutil_closesocket(socket);
        return;
    }
    ssl = SSL_new(worker->tls);
    session = calloc(1, sizeof *session);
    if (!ssl || !session) goto refuse;
    session->stream = bufferevent_openssl_socket_new(worker->base, socket, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                                     BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!session->stream) goto refuse;
    session->worker = worker;
    session->from = from;
    memcpy(session->address, text, sizeof text);
    session->began_at = session->heard_at = seconds_now();
    session->next = worker->sessions;
    if (session->next) session->next->previous = session;
    worker->sessions = session;
    worker->session_count++;
    metrics_add(COUNT_ACCEPTED, 1);
    bufferevent_openssl_set_allow_dirty_shutdown(session->stream, 1);
    bufferevent_setcb(session->stream, on_read, on_written, on_event, session);
    room_for_frames(session);
    (void)evbuffer_add_cb(bufferevent_get_output(session->stream), on_output, session);
    bufferevent_enable(session->stream, EV_READ | EV_WRITE);
    return;
refuse:
    from->open--;
    free(session);
    SSL_free(ssl);
    evutil_closesocket(socket);
}

/* Which limit it passed, NULL: none. */
static const char *outlived(const struct session *session, time_t now) {
    const struct config *config = config_of(session);
    time_t age = now - session->began_at, silence = now - session->heard_at;
    if (session->state == SESSION_CLOSING) return silence > config->handshake_seconds || !unread(session) ? "" : NULL;
    if (session->state == SESSION_HANDSHAKE) return age > config->handshake_seconds ? "handshake_seconds" : NULL;
    if (unread(session) && now - session->taken_at > config->unread_seconds) return "unread_seconds";
    if (session->frame_at && now - session->frame_at > config->frame_seconds) return "frame_seconds";
    if (session->state == SESSION_LOGGED_IN) return silence > config->idle_seconds ? "idle_seconds" : NULL;
    /* what is asked for is answered first, but not for ever */
    return age > (session->request_count ? 2 : 1) * (time_t)config->login_seconds ? "login_seconds" : NULL;
}

void session_sweep(struct worker *worker) {
    time_t now = seconds_now();
    int logged_in = 0;
    for (struct session *session = worker->sessions, *next; session; session = next) {
        next = session->next;
        const char *limit = outlived(session, now);
        logged_in += session->state == SESSION_LOGGED_IN;
        if (!limit) {
            session_resume_reading(session);
            continue;
        }
        if (session->state == SESSION_HANDSHAKE) metrics_add(COUNT_TLS_FAILED, 1);
        if (*limit) log_info("connection ended", "address", session->address, "user", session->username, "limit", limit);
        session_free(session);
    }
    metrics_set(GAUGE_LOGGED_IN, logged_in);
    metrics_set(GAUGE_CONNECTIONS, worker->session_count);
}
