/* The job process. Woken by announcements of the system's queue, and every few seconds in case one was lost. */
#include <errno.h>
#include <poll.h>
#include <server/announce.h>
#include <server/buffer.h>
#include <server/job.h>
#include <server/log.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define POLL_MS       5000
#define PRUNE_SECONDS 3600

static volatile sig_atomic_t stopping;

static void on_stop(int signal_number) {
    (void)signal_number;
    stopping = 1;
}

static PGconn *job_connect(const char *conninfo) {
    const char *const names[] = {"dbname", "application_name", "options", "connect_timeout", NULL};
    const char *const values[] = {conninfo, "loketd job", "-c statement_timeout=60s", "5", NULL};
    PGconn *db = PQconnectdbParams(names, values, 1);
    PGresult *result = PQstatus(db) == CONNECTION_OK ? PQexec(db, "listen " ANNOUNCE_CHANNEL) : NULL;
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (good) return db;
    log_warn("database away", "why", PQerrorMessage(db));
    PQfinish(db);
    return NULL;
}

static void add_line(const char *text, size_t size, void *data) {
    struct buffer *lines = data;
    if (lines->size) buffer_byte(lines, '\n');
    buffer_add(lines, text, size);
}

static void job_announce(PGconn *db, const PGresult *issued) {
    struct buffer lines = {.limit = 7000};
    (void)bind_each_text((const uint8_t *)PQgetvalue(issued, 0, 0), (size_t)PQgetlength(issued, 0, 0), add_line, &lines);
    buffer_byte(&lines, 0);
    if (!lines.failed) {
        const char *values[] = {(const char *)lines.data};
        PQclear(PQexecParams(db, "select pg_notify('" ANNOUNCE_CHANNEL "', $1)", 1, NULL, values, NULL, NULL, 0));
    }
    buffer_free(&lines);
}

/* Issues one decision. False when there is none, or the database objects (it is tried again later). */
static bool issue_one(PGconn *db) {
    PGresult *result = PQexecParams(db, "select api_job.issue_next()", 0, NULL, NULL, NULL, NULL, 1);
    bool issued = PQresultStatus(result) == PGRES_TUPLES_OK && !PQgetisnull(result, 0, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) log_error("issue failed", "why", PQerrorMessage(db));
    if (issued) {
        log_info("issued");
        job_announce(db, result);
    }
    PQclear(result);
    return issued;
}

static void prune(PGconn *db, time_t *pruned_at) {
    time_t now = time(NULL);
    if (now - *pruned_at < PRUNE_SECONDS) return;
    *pruned_at = now;
    PGresult *result = PQexec(db, "select api_job.prune()");
    if (PQresultStatus(result) != PGRES_TUPLES_OK) log_error("prune failed", "why", PQerrorMessage(db));
    PQclear(result);
}

/* Waits until something is announced, the signal comes, or the time is over. */
static void job_wait(PGconn *db) {
    struct pollfd line = {.fd = db ? PQsocket(db) : -1, .events = POLLIN};
    if (poll(&line, 1, db ? POLL_MS : 1000) < 0 && errno != EINTR) log_error("poll failed", "why", strerror(errno));
    if (!db) return;
    (void)PQconsumeInput(db); /* a lost line shows in PQstatus */
    for (PGnotify *notice; (notice = PQnotifies(db)); PQfreemem(notice)) continue;
}

int job_run(const struct inheritance *given) {
    struct sigaction action = {.sa_handler = on_stop};
    time_t pruned_at = 0;
    PGconn *db = NULL;
    sigaction(SIGTERM, &action, NULL);
    log_info("job ready");
    while (!stopping) {
        if (db && PQstatus(db) != CONNECTION_OK) {
            PQfinish(db);
            db = NULL;
        }
        if (!db) db = job_connect(given->config->database_job);
        if (db) {
            while (!stopping && issue_one(db)) continue;
            prune(db, &pruned_at);
        }
        if (!stopping) job_wait(db);
    }
    PQfinish(db);
    return EX_OK;
}
