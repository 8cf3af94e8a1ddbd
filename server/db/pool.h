/* The worker's database connections: few, non-blocking, in libpq's pipeline mode (manual, section 34.5), each statement
 * prepared when the connection opens. One request is one statement and one Sync: a transaction and a round trip.
 *
 *   CLOSED --timer--> CONNECTING --> PREPARING --> READY --lost--> CLOSED
 *
 * A primary that became a standby refuses to write (SQLSTATE 25006): its connection is given up, and the next one finds the new
 * primary. A lost connection fails what was under way on it (UNAVAILABLE) and is opened again; the others go on. */
#ifndef SERVER_DB_POOL_H
#define SERVER_DB_POOL_H

#include <event2/event.h>
#include <libpq-fe.h>
#include <server/db/bind.h>

struct pool;

/* The answer to a call: `result` (borrowed) has one row, or is NULL and `error` says why. */
typedef void pool_answer(const PGresult *result, const struct error *error, void *data);

/* Where a pool connects to; borrowed. */
struct pool_target {
    const char *conninfo;
    const char *hosts; /* as in [database] hosts: another one comes first when a host does not answer; "": none */
    int usual;         /* connections that are used as long as none of them is held up for long; the rest is a reserve */
    bool standby;      /* a standby: it may be behind, and a database that does not fit this program is only not used */
};

/* Opens `connections` connections; they come up in the background. NULL when memory is short. */
struct pool *pool_new(struct event_base *base, const struct pool_target *target, int connections);
/* Closes at once; what is under way is not answered. */
void pool_free(struct pool *pool);

/* Calls the method's function. The parameters are sent before it returns. `answer` is called later, exactly once;
 * LOKET_UNAVAILABLE (and no call of `answer`) when no connection is ready or each has too much under way. */
enum loket_error pool_call(struct pool *pool, const struct method *method, const struct parameters *parameters, pool_answer *answer,
                           void *data, struct error *error);

int pool_ready(const struct pool *pool);   /* connections that can be used */
int pool_waiting(const struct pool *pool); /* calls without an answer */

/* Turns an error result into ours: LKnnn as it is, a database that is busy or away into UNAVAILABLE, anything else into INTERNAL
 * (whose truth goes to the log and not to the client). Returns the code. */
enum loket_error pool_error(const PGresult *result, struct error *error);

#endif
