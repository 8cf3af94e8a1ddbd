/* One client's connection: TLS, frames in, frames out, who is logged in on it.
 *
 *   HANDSHAKE --TLS and ALPN agreed--> ANONYMOUS --login or resume--> LOGGED_IN --logout--> ANONYMOUS
 *       any of them --error, time limit, hostile frame--> CLOSING --written out--> gone
 */
#ifndef SERVER_SESSION_H
#define SERVER_SESSION_H

#include <event2/bufferevent.h>
#include <event2/util.h>
#include <loket/error.h>
#include <loket/limits.h>
#include <proto/loket.pb-c.h>
#include <server/buffer.h>
#include <server/worker.h>
#include <time.h>

enum session_state { SESSION_HANDSHAKE, SESSION_ANONYMOUS, SESSION_LOGGED_IN, SESSION_CLOSING };

struct session {
    struct worker *worker;
    struct session *next, *previous;
    struct bufferevent *stream;
    enum session_state state;
    char address[INET6_ADDRSTRLEN];
    struct address *from;
    char certificate[128]; /* the name in the client's certificate; "" none */
    uint8_t token[TOKEN_BYTES];
    uint32_t roles;
    char username[40], office[40];
    char **queues;
    size_t queue_count;
    struct request *requests; /* without an answer yet */
    unsigned request_count;
    time_t began_at, heard_at, refusals_since; /* monotonic seconds */
    time_t frame_at;                           /* when the frame began that is not whole yet; 0: none */
    time_t taken_at;                           /* when the client last took something of what waits for it */
    time_t frames_at;                          /* the second that `frames` counts */
    int frames;
    int refusals; /* recorded since then */
};

/* Takes over the accepted socket. Refused (and closed) above the limits. */
void session_new(struct worker *worker, evutil_socket_t socket, const struct sockaddr *address);
/* Ends it at once. Requests under way lose their session, not their effect. */
void session_free(struct session *session);

/* Sends the answer to request `id`: the packed body, or an error. */
void session_reply(struct session *session, uint64_t id, const struct buffer *body, const struct error *error);

/* Who is logged in from now on; the token is copied. */
void session_login(struct session *session, const uint8_t token[TOKEN_BYTES], const Loket__SessionReply *reply);
void session_logout(struct session *session);
/* The roles and queues of whoever is logged in, as they are by now; copied. */
void session_roles(struct session *session, Loket__RoleRow *const *roles, size_t role_count, char *const *queues,
                   size_t queue_count);

/* What TLS exports of this connection and no other (RFC 8446, 7.5). False before the handshake. */
bool session_channel(const struct session *session, uint8_t channel[CHANNEL_BYTES]);

/* Adds the frame of one event. `queue` has at most 95 bytes. */
void session_event_frame(struct buffer *frames, const char *queue, int64_t application_id, int64_t counter);
/* Tells every session of the office that has the queue: `count` frames, in one write to each. */
void session_push(struct worker *worker, const char *office, const char *queue, const struct buffer *frames, unsigned count);

/* Closes those that passed a time limit. Called every few seconds. */
void session_sweep(struct worker *worker);

/* Reads on after a pause (too many open requests, too many in this second, too much that is not read). */
void session_resume_reading(struct session *session);

#endif
