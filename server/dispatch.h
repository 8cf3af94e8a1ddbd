/* From a request's envelope to the database or the auth process, and back to the session. */
#ifndef SERVER_DISPATCH_H
#define SERVER_DISPATCH_H

#include <server/session.h>

/* One request that has no answer yet. It outlives its session: what was sent to the database is done. */
struct request {
    struct session *session; /* NULL when the client is gone */
    struct request *next;    /* of the session */
    struct worker *worker;
    const struct method *method;
    uint64_t id;                /* the client's number */
    uint64_t serial;            /* ours, for the log */
    char application_id[24];    /* that it is about, for the log of refusals; "" none */
    uint8_t token[TOKEN_BYTES]; /* of auth.resume, to log in with when it succeeds */
    struct timespec began_at;
    uint8_t *body; /* kept while a standby is asked, to ask the primary; NULL otherwise */
    size_t body_size;
    struct pool *standby_pool;
    int standby_place; /* of the address that asks, at the standby */
};

/* Answers the envelope, now or later. The envelope is borrowed. */
void dispatch(struct session *session, const Loket__Envelope *envelope);

/* Ends a request with a packed body or an error; used by those who hold one. */
void request_finish(struct request *request, const struct buffer *body, const struct error *error);

#endif
