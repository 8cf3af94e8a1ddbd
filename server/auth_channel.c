/* A worker's line to the auth process: frames of Envelope over a unix socket, answered in any order. */
#include <event2/buffer.h>
#include <proto/frame.h>
#include <server/auth_channel.h>
#include <server/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CALLS_AT_MOST 500 /* log-ins waiting in one worker */

struct auth_call {
    struct auth_call *next;
    struct request *request;
    struct address *counted; /* the address that it counts for; NULL: it costs little */
    uint64_t id;
};

struct auth_channel {
    struct worker *worker;
    const char *path;
    struct bufferevent *stream;
    struct auth_call *calls;
    unsigned count;
    uint64_t next_id;
};

void auth_socket_path(const char *run_dir, char *path, size_t size) {
    (void)snprintf(path, size, "%s/auth.sock", run_dir);
}

static void unavailable(struct error *error) {
    error_set(error, LOKET_UNAVAILABLE, NULL, "Logging in is not possible at the moment: try again", NULL);
    if (error) error->retry_after_ms = 1000;
}

static void call_free(struct auth_call *call) {
    if (call->counted) call->counted->logins--;
    free(call);
}

static void channel_close(struct auth_channel *channel) {
    struct error error;
    unavailable(&error);
    if (channel->stream) bufferevent_free(channel->stream);
    channel->stream = NULL;
    struct auth_call *call = channel->calls;
    channel->calls = NULL;
    channel->count = 0;
    while (call) {
        struct auth_call *next = call->next;
        request_finish(call->request, NULL, &error);
        call_free(call);
        call = next;
    }
}

static struct request *take_call(struct auth_channel *channel, uint64_t id) {
    for (struct auth_call **link = &channel->calls; *link; link = &(*link)->next) {
        struct auth_call *call = *link;
        if (call->id != id) continue;
        struct request *request = call->request;
        *link = call->next;
        call_free(call);
        channel->count--;
        return request;
    }
    return NULL;
}

/* Who is logged in on the connection from now on. */
static void follow_session(struct request *request, const Loket__Envelope *envelope) {
    bool login = strcmp(request->method->name, "auth.login") == 0 || strcmp(request->method->name, "auth.login_certificate") == 0;
    if (!login && strcmp(request->method->name, "auth.resume") != 0) return;
    Loket__SessionReply *reply = loket__session_reply__unpack(NULL, envelope->body.len, envelope->body.data);
    if (reply && !login) session_login(request->session, request->token, reply);
    if (reply && login && reply->token.len == TOKEN_BYTES) session_login(request->session, reply->token.data, reply);
    loket__session_reply__free_unpacked(reply, NULL);
}

/* The token of auth.resume: the answer does not say it again. */
static void keep_token(struct request *request, const Loket__Envelope *envelope) {
    if (strcmp(request->method->name, "auth.resume") != 0) return;
    Loket__AuthResumeRequest *asked = loket__auth_resume_request__unpack(NULL, envelope->body.len, envelope->body.data);
    if (asked && asked->token.len == TOKEN_BYTES) memcpy(request->token, asked->token.data, TOKEN_BYTES);
    loket__auth_resume_request__free_unpacked(asked, NULL);
}

static void on_reply(struct auth_channel *channel, const Loket__Envelope *envelope) {
    struct request *request = take_call(channel, envelope->id);
    if (!request) return;
    if (envelope->error) {
        struct error error;
        error_set(&error, (enum loket_error)envelope->error->code, envelope->error->field, envelope->error->message,
                  envelope->error->argument);
        error.retry_after_ms = envelope->error->retry_after_ms;
        request_finish(request, NULL, &error);
        return;
    }
    if (request->session) follow_session(request, envelope);
    struct buffer body = {.data = envelope->body.data, .size = envelope->body.len};
    request_finish(request, &body, NULL);
}

static void on_read(struct bufferevent *stream, void *data) {
    struct auth_channel *channel = data;
    struct evbuffer *input = bufferevent_get_input(stream);
    for (;;) {
        const uint8_t *body;
        size_t size, available = evbuffer_get_length(input);
        const uint8_t *bytes = available ? evbuffer_pullup(input, -1) : NULL;
        enum frame_state state = bytes ? frame_read(bytes, available, &body, &size) : FRAME_PARTIAL;
        if (state == FRAME_PARTIAL) return;
        Loket__Envelope *envelope = state == FRAME_WHOLE ? loket__envelope__unpack(NULL, size, body) : NULL;
        if (!envelope) {
            log_error("the auth process sent nonsense");
            channel_close(channel);
            return;
        }
        evbuffer_drain(input, LIMIT_FRAME_HEADER + size);
        on_reply(channel, envelope);
        loket__envelope__free_unpacked(envelope, NULL);
    }
}

static void on_event(struct bufferevent *stream, short what, void *data) {
    (void)stream;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) channel_close(data);
}

static bool channel_open(struct auth_channel *channel) {
    if (channel->stream) return true;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(channel->path) >= sizeof address.sun_path) return false;
    memcpy(address.sun_path, channel->path, strlen(channel->path) + 1);
    channel->stream = bufferevent_socket_new(channel->worker->base, -1, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!channel->stream) return false;
    bufferevent_setcb(channel->stream, on_read, NULL, on_event, channel);
    if (bufferevent_socket_connect(channel->stream, (struct sockaddr *)&address, (int)sizeof address) == 0 &&
        bufferevent_enable(channel->stream, EV_READ | EV_WRITE) == 0)
        return true;
    bufferevent_free(channel->stream);
    channel->stream = NULL;
    return false;
}

/* Packs the call as a frame. The copy of the password in it is wiped by the caller. */
static uint8_t *pack_call(struct request *request, const Loket__Envelope *envelope, uint64_t id, size_t *size) {
    Loket__AuthCall call = LOKET__AUTH_CALL__INIT;
    Loket__Envelope outer = LOKET__ENVELOPE__INIT;
    uint8_t channel[CHANNEL_BYTES];
    call.address = request->session->address;
    call.token.data = request->session->token;
    call.token.len = request->session->state == SESSION_LOGGED_IN ? TOKEN_BYTES : 0;
    call.body = envelope->body;
    if (session_channel(request->session, channel)) {
        call.channel.data = channel;
        call.channel.len = sizeof channel;
    }
    call.certificate = request->session->certificate;
    size_t inner_size = loket__auth_call__get_packed_size(&call);
    uint8_t *inner = malloc(inner_size + 1);
    uint8_t *frame = NULL;
    if (!inner) return NULL;
    loket__auth_call__pack(&call, inner);
    outer.id = id;
    outer.method = envelope->method;
    outer.key = envelope->key;
    outer.body.data = inner;
    outer.body.len = inner_size;
    size_t outer_size = loket__envelope__get_packed_size(&outer);
    frame = malloc(outer_size + LIMIT_FRAME_HEADER);
    if (frame && frame_header(frame, outer_size) == LOKET_OK) {
        loket__envelope__pack(&outer, frame + LIMIT_FRAME_HEADER);
        *size = outer_size + LIMIT_FRAME_HEADER;
    } else {
        free(frame);
        frame = NULL;
    }
    explicit_bzero(inner, inner_size);
    free(inner);
    return frame;
}

enum loket_error auth_channel_call(struct auth_channel *channel, struct request *request, const Loket__Envelope *envelope,
                                   struct error *error) {
    if (request->method->kind == METHOD_WRITE && envelope->key.len != IDEMPOTENCY_KEY_BYTES)
        return error_set(error, LOKET_REQUIRED, "key", "A write needs an idempotency key of 16 bytes", NULL);
    /* A password costs a tenth of a second, and others wait for it; to take up a session costs next to nothing. */
    struct address *from = strcmp(request->method->name, "auth.resume") == 0 ? NULL : request->session->from;
    if (from && from->logins >= (unsigned)channel->worker->given->config->logins_per_address) {
        error_set(error, LOKET_TOO_MANY, NULL, "Too many log-ins from here are waiting: try again", NULL);
        error->retry_after_ms = 1000;
        return LOKET_TOO_MANY;
    }
    keep_token(request, envelope);
    struct auth_call *call = channel->count < CALLS_AT_MOST && channel_open(channel) ? calloc(1, sizeof *call) : NULL;
    size_t size = 0;
    uint8_t *frame = call ? pack_call(request, envelope, ++channel->next_id, &size) : NULL;
    bool sent = frame && bufferevent_write(channel->stream, frame, size) == 0;
    if (frame) explicit_bzero(frame, size);
    free(frame);
    if (!sent) {
        free(call);
        unavailable(error);
        return LOKET_UNAVAILABLE;
    }
    call->request = request;
    call->id = channel->next_id;
    call->counted = from;
    if (from) from->logins++;
    call->next = channel->calls;
    channel->calls = call;
    channel->count++;
    return LOKET_OK;
}

struct auth_channel *auth_channel_new(struct worker *worker, const char *path) {
    struct auth_channel *channel = calloc(1, sizeof *channel);
    if (!channel) return NULL;
    channel->worker = worker;
    channel->path = path;
    return channel;
}

void auth_channel_free(struct auth_channel *channel) {
    if (!channel) return;
    if (channel->stream) bufferevent_free(channel->stream);
    while (channel->calls) {
        struct auth_call *call = channel->calls;
        channel->calls = call->next;
        call_free(call);
    }
    free(channel);
}
