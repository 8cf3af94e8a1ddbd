/* What the parts of the job process share: calls of api_job functions, each piece of work in a transaction of its own, and
 * announcing what came of it. Results are binary: texts and bytes as they are, numbers asked for as text. */
#ifndef SERVER_JOB_QUERY_H
#define SERVER_JOB_QUERY_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#define JOB_PARAMETERS 12

struct job_parameters {
    int count;
    const char *values[JOB_PARAMETERS]; /* borrowed */
    int lengths[JOB_PARAMETERS], formats[JOB_PARAMETERS];
};

void job_text(struct job_parameters *parameters, const char *text); /* NULL is null */
void job_bytes(struct job_parameters *parameters, const void *bytes, size_t size);

/* The result (the caller clears it), or NULL: the failure is logged. `parameters` may be NULL. */
PGresult *job_query(PGconn *db, const char *sql, const struct job_parameters *parameters);
/* A statement without a result that matters. */
bool job_do(PGconn *db, const char *sql, const struct job_parameters *parameters);

/* Announces the lines of a text[] in column 0. */
void job_announce(PGconn *db, const PGresult *result);

/* Takes the next piece with `sql`, inside a new transaction. NULL when there is none (or the database objects): then there is no
 * transaction. The first column of a piece is never null. */
PGresult *job_take(PGconn *db, const char *sql);
/* Ends the piece: calls `sql`, commits, announces its result. False when any of it failed: the piece is as it was. */
bool job_finish(PGconn *db, const char *sql, const struct job_parameters *parameters);
/* Leaves the piece as it was. */
void job_leave(PGconn *db);

#endif
