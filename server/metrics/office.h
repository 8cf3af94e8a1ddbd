/* The office's work in figures, read from the database by the job process at an interval and put where the metrics process sees
 * them. */
#ifndef SERVER_METRICS_OFFICE_H
#define SERVER_METRICS_OFFICE_H

#include <libpq-fe.h>
#include <server/worker.h>

/* Reads them when the interval is over since *read_at; what can't be read now is read the next time. */
void office_figures_read(PGconn *db, const struct inheritance *given, time_t *read_at);

#endif
