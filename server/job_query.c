/* Calls of the job process. What the work is, is not known here. */
#include <server/announce.h>
#include <server/buffer.h>
#include <server/db/bind.h>
#include <server/job_query.h>
#include <server/log.h>
#include <string.h>

#define LINES_BYTES 7000u /* NOTIFY takes less than 8,000 */

void job_text(struct job_parameters *parameters, const char *text) {
    parameters->values[parameters->count] = text;
    parameters->lengths[parameters->count] = 0;
    parameters->formats[parameters->count++] = 0;
}

void job_bytes(struct job_parameters *parameters, const void *bytes, size_t size) {
    parameters->values[parameters->count] = bytes;
    parameters->lengths[parameters->count] = (int)size;
    parameters->formats[parameters->count++] = 1;
}

PGresult *job_query(PGconn *db, const char *sql, const struct job_parameters *parameters) {
    static const struct job_parameters none = {.count = 0};
    const struct job_parameters *p = parameters ? parameters : &none;
    PGresult *result = PQexecParams(db, sql, p->count, NULL, p->values, p->lengths, p->formats, 1);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return result;
    log_error("job failed", "call", sql, "why", PQerrorMessage(db));
    PQclear(result);
    return NULL;
}

bool job_do(PGconn *db, const char *sql, const struct job_parameters *parameters) {
    PGresult *result = job_query(db, sql, parameters);
    PQclear(result);
    return result != NULL;
}

static void add_line(const char *text, size_t size, void *data) {
    struct buffer *lines = data;
    if (lines->size) buffer_byte(lines, '\n');
    buffer_add(lines, text, size);
}

void job_announce(PGconn *db, const PGresult *result) {
    struct buffer lines = {.limit = LINES_BYTES};
    if (PQntuples(result) != 1 || PQgetisnull(result, 0, 0)) return;
    (void)bind_each_text((const uint8_t *)PQgetvalue(result, 0, 0), (size_t)PQgetlength(result, 0, 0), add_line, &lines);
    buffer_byte(&lines, 0);
    if (!lines.failed && lines.size > 1) {
        struct job_parameters parameters = {.count = 0};
        job_text(&parameters, (const char *)lines.data);
        (void)job_do(db, "select pg_notify('" ANNOUNCE_CHANNEL "', $1)", &parameters);
    }
    buffer_free(&lines);
}

void job_leave(PGconn *db) {
    (void)job_do(db, "rollback", NULL);
}

PGresult *job_take(PGconn *db, const char *sql) {
    if (!job_do(db, "begin", NULL)) return NULL;
    PGresult *piece = job_query(db, sql, NULL);
    if (piece && PQntuples(piece) == 1 && !PQgetisnull(piece, 0, 0)) return piece;
    PQclear(piece);
    job_leave(db);
    return NULL;
}

bool job_finish(PGconn *db, const char *sql, const struct job_parameters *parameters) {
    PGresult *result = job_query(db, sql, parameters);
    bool good = result && job_do(db, "commit", NULL);
    if (good) job_announce(db, result);
    else job_leave(db);
    PQclear(result);
    return good;
}
