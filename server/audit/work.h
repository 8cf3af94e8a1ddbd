/* The tree and the checkpoints, kept up by the job process (and by `loketd audit checkpoint` at once). */
#ifndef SERVER_AUDIT_WORK_H
#define SERVER_AUDIT_WORK_H

#include <server/config.h>
#include <server/job_query.h>
#include <time.h>

struct audit_work {
    const struct config *config; /* borrowed */
    time_t done_at;
};

/* What is due: after [audit] interval seconds, or 1,000 new events. Failures are logged, and tried again at the next time. */
void audit_work_do(struct audit_work *work, PGconn *db);

/* Grows all trees and signs what is new, at once. False (logged) when something stands in the way of a checkpoint. */
bool audit_work_now(const struct config *config, PGconn *db);

/* Are checkpoints to be written at all? */
bool audit_configured(const struct config *config);

#endif
