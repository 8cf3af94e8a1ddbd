/* The job process. Woken by announcements of the system's queue, and every few seconds in case one was lost. */
#include <errno.h>
#include <poll.h>
#include <server/announce.h>
#include <server/audit/work.h>
#include <server/clock.h>
#include <server/doc/work.h>
#include <server/job.h>
#include <server/job_query.h>
#include <server/log.h>
#include <server/notice.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define POLL_MS       5000
#define PRUNE_SECONDS 3600
#define CLOCK_SECONDS 60

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

/* Issues one decision. False when there is none, or the database objects (it is tried again later). */
static bool issue_one(PGconn *db) {
    PGresult *result = job_query(db, "select api_job.issue_next()", NULL);
    bool issued = result && !PQgetisnull(result, 0, 0);
    if (issued) {
        log_info("issued");
        job_announce(db, result);
    }
    PQclear(result);
    return issued;
}

static void prune(PGconn *db, time_t *pruned_at) {
    time_t now = clock_seconds();
    if (now - *pruned_at < PRUNE_SECONDS) return;
    *pruned_at = now;
    (void)job_do(db, "select api_job.prune()", NULL);
}

/* What the clock does: warnings, lapses, the ends of permits. Each is a call that may be repeated at will. */
static void keep_time(PGconn *db, time_t *kept_at) {
    static const char *const calls[] = {"select api_job.warn()", "select api_job.lapse()", "select api_job.permits()",
                                        "select api_job.deem()"};
    time_t now = clock_seconds();
    if (now - *kept_at < CLOCK_SECONDS) return;
    *kept_at = now;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        PGresult *result = job_query(db, calls[i], NULL);
        if (result) job_announce(db, result);
        PQclear(result);
    }
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
    time_t pruned_at = 0, kept_at = 0;
    struct audit_work audit = {.config = given->config};
    PGconn *db = NULL;
    struct document_work *documents = document_work_new(given->config);
    if (!documents) {
        log_error("the database of file types (libmagic) can't be read");
        return EX_UNAVAILABLE;
    }
    sigaction(SIGTERM, &action, NULL);
    log_info("job ready");
    while (!stopping) {
        if (db && PQstatus(db) != CONNECTION_OK) {
            PQfinish(db);
            db = NULL;
        }
        if (!db) db = job_connect(given->config->database_job);
        if (db) {
            while (!stopping && (issue_one(db) || document_work_do(documents, db))) continue;
            prune(db, &pruned_at);
            keep_time(db, &kept_at);
            while (!stopping && notice_send(db, given->config)) continue;
            audit_work_do(&audit, db);
        }
        if (!stopping) job_wait(db);
    }
    PQfinish(db);
    document_work_free(documents);
    return EX_OK;
}
