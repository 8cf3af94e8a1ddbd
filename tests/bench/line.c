/* Connections of the load. */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <loket/limits.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/rand.h>
#include <proto/frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tests/bench/line.h>
#include <time.h>

uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

EVP_PKEY *key_read(const char *file) {
    uint8_t bytes[PROOF_KEY_BYTES];
    FILE *in = fopen(file, "re");
    size_t got = in ? fread(bytes, 1, sizeof bytes, in) : 0;
    if (in) (void)fclose(in);
    return got == sizeof bytes ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes, sizeof bytes) : NULL;
}

/* Keeps the newest ticket that a server gave. */
static int on_ticket(SSL *ssl, SSL_SESSION *session) {
    struct load *load = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (load->session) return 0;
    load->session = session;
    return 1;
}

bool load_open(struct load *load, const char *server, const char *ca) {
    char host[256];
    struct error error;
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    const char *colon = strrchr(server, ':');
    if (!colon || (size_t)(colon - server) >= sizeof host) return false;
    (void)snprintf(host, sizeof host, "%.*s", (int)(colon - server), server);
    if (getaddrinfo(host, colon + 1, &wanted, &found) != 0) return false;
    memcpy(&load->address, found->ai_addr, found->ai_addrlen);
    load->address_size = found->ai_addrlen;
    freeaddrinfo(found);
    load->base = event_base_new();
    load->tls = tls_client(ca, NULL, NULL, &error);
    if (!load->base || !load->tls) return false;
    SSL_CTX_set_app_data(load->tls, load);
    SSL_CTX_set_session_cache_mode(load->tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(load->tls, on_ticket);
    return true;
}

void load_close(struct load *load) {
    SSL_SESSION_free(load->session);
    EVP_PKEY_free(load->key);
    SSL_CTX_free(load->tls);
    if (load->base) event_base_free(load->base);
}

static void broken(struct line *line, const char *why) {
    if (line->state == LINE_BROKEN) return;
    line->state = LINE_BROKEN;
    line->load->on_broken(line, why);
}

static void send_envelope(struct line *line, const Loket__Envelope *envelope) {
    uint8_t bytes[8192];
    size_t size = loket__envelope__get_packed_size(envelope);
    if (size + LIMIT_FRAME_HEADER > sizeof bytes || frame_header(bytes, size) != LOKET_OK) abort();
    loket__envelope__pack(envelope, bytes + LIMIT_FRAME_HEADER);
    if (bufferevent_write(line->stream, bytes, size + LIMIT_FRAME_HEADER) != 0) broken(line, "can't write");
}

void line_ask(struct line *line, const char *method, const ProtobufCMessage *request, bool write) {
    uint8_t body[4096], key[IDEMPOTENCY_KEY_BYTES];
    char name[LIMIT_METHOD_BYTES + 1];
    Loket__Envelope envelope = LOKET__ENVELOPE__INIT;
    if (protobuf_c_message_get_packed_size(request) > sizeof body) abort();
    (void)snprintf(name, sizeof name, "%s", method);
    envelope.id = ++line->id;
    envelope.method = name;
    envelope.body.data = body;
    envelope.body.len = protobuf_c_message_pack(request, body);
    if (write) {
        if (RAND_bytes(key, sizeof key) != 1) abort();
        envelope.key.data = key;
        envelope.key.len = sizeof key;
    }
    line->asked = now_ns();
    send_envelope(line, &envelope);
}

/* The token of a session of the data set is known from the person's place. */
static void token_of(int place, uint8_t token[TOKEN_BYTES]) {
    char text[32];
    int size = snprintf(text, sizeof text, "bench %d", place);
    if (EVP_Digest(text, (size_t)size, token, NULL, EVP_sha256(), NULL) != 1) abort();
}

/* proto/README.md: a session in a new connection. */
static void resume(struct line *line) {
    uint8_t message[sizeof PROOF_TEXT - 1 + 32 + CHANNEL_BYTES], token[TOKEN_BYTES], proof[PROOF_BYTES], *at = message;
    size_t size = sizeof proof;
    Loket__AuthResumeRequest request = LOKET__AUTH_RESUME_REQUEST__INIT;
    token_of(line->place, token);
    memcpy(at, PROOF_TEXT, sizeof PROOF_TEXT - 1);
    at += sizeof PROOF_TEXT - 1;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_Digest(token, sizeof token, at, NULL, EVP_sha256(), NULL) != 1 ||
        !tls_channel(bufferevent_openssl_get_ssl(line->stream), at + 32) ||
        EVP_DigestSignInit(context, NULL, NULL, NULL, line->load->key) != 1 ||
        EVP_DigestSign(context, proof, &size, message, sizeof message) != 1)
        abort();
    EVP_MD_CTX_free(context);
    request.token.data = token;
    request.token.len = sizeof token;
    request.proof.data = proof;
    request.proof.len = size;
    line->state = LINE_RESUMING;
    line_ask(line, "auth.resume", &request.base, false);
}

static void live(struct line *line) {
    line->state = LINE_LIVE;
    line->load->on_live(line);
}

static void on_envelope(struct line *line, const Loket__Envelope *envelope) {
    if (line->state == LINE_RESUMING && envelope->id == line->id) {
        if (envelope->error) broken(line, envelope->error->message);
        else live(line);
    } else if (envelope->id == 0) {
        Loket__Event *event = envelope->error ? NULL : loket__event__unpack(NULL, envelope->body.len, envelope->body.data);
        if (event && line->load->on_event) line->load->on_event(line, event);
        loket__event__free_unpacked(event, NULL);
    } else if (envelope->id == line->id) {
        line->load->on_reply(line, envelope);
    }
}

static void on_read(struct bufferevent *stream, void *data) {
    struct line *line = data;
    struct evbuffer *input = bufferevent_get_input(stream);
    while (line->state == LINE_RESUMING || line->state == LINE_LIVE) {
        const uint8_t *body;
        uint8_t header[LIMIT_FRAME_HEADER];
        if (evbuffer_copyout(input, header, sizeof header) < (ev_ssize_t)sizeof header) return;
        size_t size = (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
        if (evbuffer_get_length(input) < size + sizeof header) return;
        const uint8_t *whole = evbuffer_pullup(input, (ev_ssize_t)(size + sizeof header));
        Loket__Envelope *envelope = NULL;
        if (whole && frame_read(whole, size + sizeof header, &body, &size) == FRAME_WHOLE)
            envelope = loket__envelope__unpack(NULL, size, body);
        evbuffer_drain(input, size + sizeof header);
        if (envelope) on_envelope(line, envelope);
        else broken(line, "not a frame");
        loket__envelope__free_unpacked(envelope, NULL);
    }
}

static void on_event(struct bufferevent *stream, short what, void *data) {
    (void)stream;
    struct line *line = data;
    if (!(what & BEV_EVENT_CONNECTED)) {
        broken(line, line->state == LINE_CONNECTING ? "can't connect" : "the line fell");
        return;
    }
    if (line->place) resume(line);
    else live(line);
}

bool line_open(struct line *line, struct load *load, int number, int place) {
    int on = 1;
    SSL *ssl = SSL_new(load->tls);
    if (!ssl || !tls_expect_name(ssl, "127.0.0.1")) return false;
    if (load->session) (void)SSL_set_session(ssl, load->session);
    line->load = load;
    line->number = number;
    line->place = place;
    line->state = LINE_CONNECTING;
    line->stream = bufferevent_openssl_socket_new(load->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
    if (!line->stream) return false;
    bufferevent_openssl_set_allow_dirty_shutdown(line->stream, 1);
    bufferevent_setcb(line->stream, on_read, NULL, on_event, line);
    bufferevent_enable(line->stream, EV_READ | EV_WRITE);
    if (bufferevent_socket_connect(line->stream, (struct sockaddr *)&load->address, (int)load->address_size) != 0) return false;
    (void)setsockopt(bufferevent_getfd(line->stream), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return true;
}

void line_close(struct line *line) {
    if (line->timer) event_free(line->timer);
    if (line->stream) {
        SSL *ssl = bufferevent_openssl_get_ssl(line->stream);
        if (ssl) SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        bufferevent_free(line->stream);
    }
    line->stream = NULL;
    line->timer = NULL;
    line->state = LINE_IDLE;
}
