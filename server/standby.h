/* Reading from a standby: what a worker needs to know before it asks one instead of the primary.
 *
 * Only methods that are marked AT_STANDBY are read there, and only while the standby has everything that the primary wrote until
 * `[database] standby_lag` seconds ago. Everything else reads what it wrote: from the primary.
 *
 * A standby can't count failed tries (public.track: number and PIN). So an address has at most one question there at a time, and
 * who was refused is answered by the primary, which counts exactly, for a minute: a standby gives nobody more guesses than one for
 * each worker. */
#ifndef SERVER_STANDBY_H
#define SERVER_STANDBY_H

#include <server/worker.h>

struct standby;

/* NULL when memory is short. Connects in the background. */
struct standby *standby_new(struct worker *worker);
void standby_free(struct standby *standby);

/* Compares the positions of primary and standby; once a second. */
void standby_watch(struct standby *standby);

/* The pool to ask for this address, and a place to give back with standby_leave; NULL: the primary is to be asked. */
struct pool *standby_enter(struct standby *standby, const char *address, int *place);
void standby_leave(struct standby *standby, int place, bool refused);

/* For tests: how far behind is who has replayed `lsn`, by what was known of the primary: samples (milliseconds, position), oldest
 * first. */
struct standby_sample {
    int64_t at_ms, lsn;
};
int64_t standby_lag_ms(const struct standby_sample *samples, int count, int64_t lsn, int64_t now_ms);

#endif
