/* libloket: a client's end of the wire, on libevent. One connection, kept alive; never blocks.
 *
 * Calls are answered through callbacks from the event loop. When the line falls the client reconnects by
 * itself (0.2 s, doubling up to 10 s, with jitter), takes the session up again with auth.resume and sends
 * every unanswered call again: a write keeps its idempotency key, so it is done once. Calls made while
 * there is no line wait in order. Of several addresses the one that worked last is tried first, then the
 * others in their order, all of them before the wait grows.
 *
 *   CLIENT_OFFLINE --connect--> CLIENT_CONNECTING --TLS up--> [resume] --> CLIENT_LIVE
 *        ^------------- lost, retry timer --------------------------------------'
 */
#ifndef PROTO_CLIENT_H
#define PROTO_CLIENT_H

#include <event2/event.h>
#include <loket/error.h>
#include <loket/limits.h>
#include <proto/loket.pb-c.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

struct client;

enum client_line { CLIENT_OFFLINE, CLIENT_CONNECTING, CLIENT_LIVE };

struct client_options {
    const char *addresses;                     /* "host:port[,host:port...]" */
    const char *ca_file;                       /* PEM; NULL: the system's */
    const char *server_name;                   /* the name in the server's certificate; NULL: the host */
    const char *certificate, *certificate_key; /* our own, PEM, where the office wants one; NULL: none, in the certificate's file */
};

/* What the client tells its owner; any may be NULL. */
struct client_hooks {
    void (*line)(struct client *client, enum client_line line, const char *why, void *data);
    void (*event)(struct client *client, const char *queue, int64_t application_id, int64_t counter, void *data);
    /* The roles of this session as the server has them by now; borrowed. */
    void (*roles)(struct client *client, Loket__RoleRow *const *roles, size_t count, void *data);
    /* The session ended on the server (logout elsewhere, expiry): log in again. */
    void (*session_lost)(struct client *client, void *data);
    void *data;
};

/* The answer to one call: `reply` is the message asked for (borrowed for the time of the callback) or NULL, and then
 * `error` says why. */
typedef void client_reply(struct client *client, const ProtobufCMessage *reply, const struct error *error, void *data);

/* NULL and *error on bad options (unreadable CA file, bad address). Copies the options and hooks. */
struct client *client_new(struct event_base *base, const struct client_options *options, const struct client_hooks *hooks,
                          struct error *error);
void client_free(struct client *client);  /* drops what is unanswered without calling back */
void client_start(struct client *client); /* begins to connect */

/* The session to resume with on each connection; NULL forgets it. 32 bytes, copied, wiped on free. */
void client_set_token(struct client *client, const uint8_t token[TOKEN_BYTES]);

/* The public half of the key that the next session is bound to, for auth.login: made when there is none, forgotten with the
 * token, never written anywhere. False when there is no randomness. */
bool client_proof_key(struct client *client, uint8_t key[PROOF_KEY_BYTES]);

/* The signature by that key over `text`, the SHA-256 of `what` and this connection (proto/README.md). False while there is no
 * connection. */
bool client_prove(struct client *client, const char *text, const uint8_t *what, size_t what_size, uint8_t proof[PROOF_BYTES]);

/* Fresh random idempotency key for a write. */
void client_key(uint8_t key[IDEMPOTENCY_KEY_BYTES]);

/* Asks. `request` is packed at once (the caller keeps it); `key` is NULL for a read. `reply_type` is the expected
 * message. Returns the call's number, for client_cancel; 0 when it can't be sent at all (*error set; no callback). */
uint64_t client_call(struct client *client, const char *method, const ProtobufCMessage *request,
                     const uint8_t key[IDEMPOTENCY_KEY_BYTES], const ProtobufCMessageDescriptor *reply_type, client_reply *reply,
                     void *data, struct error *error);
/* Forgets a call: its callback will not come. The server may still do it. */
void client_cancel(struct client *client, uint64_t id);

enum client_line client_line(const struct client *client);
size_t client_waiting(const struct client *client); /* calls without an answer */

#endif
