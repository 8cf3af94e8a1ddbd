/* One client of the load: a TLS connection that asks and waits for the answer. Thousands of them in one event loop. Knows frames,
 * TLS and how a session is taken up; what is asked is the play's.
 *
 *   IDLE --line_open--> CONNECTING --TLS up--> [RESUMING] --> LIVE --any failure--> BROKEN
 */
#ifndef BENCH_LINE_H
#define BENCH_LINE_H

#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <proto/loket.pb-c.h>
#include <proto/tls.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum line_state { LINE_IDLE, LINE_CONNECTING, LINE_RESUMING, LINE_LIVE, LINE_BROKEN };

struct line;

/* What all lines of a run share. */
struct load {
    struct event_base *base;
    SSL_CTX *tls;
    struct sockaddr_storage address;
    socklen_t address_size;
    EVP_PKEY *key;        /* of the sessions of the data set; NULL: nobody logs in */
    SSL_SESSION *session; /* a TLS session to go on with; NULL: full handshakes */
    void (*on_live)(struct line *line);
    void (*on_reply)(struct line *line, const Loket__Envelope *reply);
    void (*on_event)(struct line *line, const Loket__Event *event);
    void (*on_broken)(struct line *line, const char *why);
    void *play;
};

struct line {
    struct load *load;
    struct bufferevent *stream;
    enum line_state state;
    int number;     /* of the line */
    int place;      /* of the person in the data set; 0: not logged in */
    uint64_t id;    /* of the request under way */
    uint64_t asked; /* when: ns */
    struct event *timer;
    void *own; /* the play's */
};

uint64_t now_ns(void);
/* The key of the data set's sessions, from a file of 32 bytes. NULL when it can't be read. */
EVP_PKEY *key_read(const char *file);
/* "host:port" and the CA. False, and said why, when that is not possible. */
bool load_open(struct load *load, const char *server, const char *ca);
void load_close(struct load *load);

/* Begins to connect; the answer is on_live or on_broken. */
bool line_open(struct line *line, struct load *load, int number, int place);
void line_close(struct line *line);
/* Sends a request; with `write` under a new key. */
void line_ask(struct line *line, const char *method, const ProtobufCMessage *request, bool write);

#endif
