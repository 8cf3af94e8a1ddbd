/* The job process. Any number may run, on one machine or on several: each piece of work is locked in the database by whoever does
 * it (`for update skip locked`) and free again when that one dies. What the clock does is asked for by one alone, the leader, who
 * holds a lock for as long as its line to the database lives; another takes it up then. Two leaders would do no harm, only twice
 * the work of looking: each act of the clock is checked again under the lock of its application.
 *
 * Woken by announcements of the system's queue, soon by others, and every few seconds in case one was lost. */
#include <errno.h>
#include <poll.h>
#include <server/announce.h>
#include <server/audit/work.h>
#include <server/clock.h>
#include <server/doc/work.h>
#include <server/job.h>
#include <server/job_query.h>
#include <server/log.h>
#include <server/privacy/fit.h>
#include <server/metrics/office.h>
#include <server/notice.h>
#include <server/sandbox/sandbox.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define POLL_MS       5000
#define OTHERS_MS     1000 /* see notices_read */
#define PRUNE_SECONDS 3600
#define CLOCK_SECONDS 60
#define STUCK_SECONDS 300 /* drawing and mailing may take their time */
/* A line that fell silently must not hold the leader's lock for hours. */
#define JOB_OPTIONS "-c statement_timeout=60s -c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"

static volatile sig_atomic_t stopping;

static void on_stop(int signal_number) {
    (void)signal_number;
    stopping = 1;
}

static PGconn *job_connect(const char *conninfo) {
    const char *const names[] = {"dbname", "application_name", "options", "connect_timeout", NULL};
    const char *const values[] = {conninfo, "loketd job", JOB_OPTIONS, "5", NULL};
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
        metrics_add(COUNT_ISSUED, 1);
        log_info("issued");
        job_announce(db, result);
    }
    PQclear(result);
    return issued;
}

/* Is this the process that keeps the time? The lock is asked for once a round until it is had. */
static bool leads(PGconn *db, bool *leading) {
    if (*leading) return true;
    PGresult *result = job_query(db, "select pg_try_advisory_lock(hashtextextended('loket clock', 0))::text", NULL);
    *leading = result && strcmp(PQgetvalue(result, 0, 0), "true") == 0;
    PQclear(result);
    if (*leading) log_info("keeps the time");
    metrics_set(GAUGE_LEADER, *leading);
    return *leading;
}

static void prune(PGconn *db, time_t *pruned_at) {
    time_t now = clock_seconds();
    if (now - *pruned_at < PRUNE_SECONDS) return;
    *pruned_at = now;
    (void)job_do(db, "select api_job.make_audit_year()", NULL);
    (void)job_do(db, "select api_job.prune()", NULL);
}

/* What the clock does: warnings, lapses, the ends of permits. Each is a call that may be repeated at will. */
static void keep_time(PGconn *db, time_t *kept_at) {
    static const char *const calls[] = {"select api_job.warn()", "select api_job.lapse()", "select api_job.permits()",
                                        "select api_job.deem()"};
    time_t now = clock_seconds();
    if (now - *kept_at < CLOCK_SECONDS) return;
    *kept_at = now;
    metrics_add(COUNT_ROUNDS, 1);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        PGresult *result = job_query(db, calls[i], NULL);
        if (result) job_announce(db, result);
        PQclear(result);
    }
}

/* Milliseconds of a clock that only goes forward. */
static int64_t clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads what was announced. When to look for work again: at once for the system's queue, and within a second after a step of
 * somebody else, which may have left a notice: a busy office must not be asked for work after each of its steps. */
static int64_t notices_read(PGconn *db, int64_t until) {
    int64_t now = clock_ms();
    (void)PQconsumeInput(db); /* a lost line shows in PQstatus */
    for (PGnotify *notice; (notice = PQnotifies(db)); PQfreemem(notice)) {
        int64_t wanted = strstr(notice->extra, ":system:") ? now : now + OTHERS_MS;
        if (wanted < until) until = wanted;
    }
    return until;
}

static void job_wait(PGconn *db) {
    int64_t until = clock_ms() + (db ? POLL_MS : 1000), left;
    if (db) until = notices_read(db, until); /* came while there was work */
    while (!stopping && (left = until - clock_ms()) > 0) {
        struct pollfd line = {.fd = db ? PQsocket(db) : -1, .events = POLLIN};
        if (poll(&line, 1, (int)left) < 0 && errno != EINTR) {
            log_error("poll failed", "why", strerror(errno));
            return;
        }
        if (!db) continue;
        until = notices_read(db, until);
        if (PQstatus(db) != CONNECTION_OK) return;
    }
}

static bool document_one(struct document_work *documents, PGconn *db) {
    if (!document_work_do(documents, db)) return false;
    metrics_add(COUNT_DOCUMENTS, 1);
    return true;
}

int job_run(const struct inheritance *given) {
    struct sigaction action = {.sa_handler = on_stop};
    time_t pruned_at = 0, kept_at = 0, figures_at = 0;
    bool leading = false;
    struct audit_work audit = {.config = given->config};
    PGconn *db = NULL;
    struct error error;
    char problem[FIT_PROBLEM_BYTES];
    if (keyring_open(given->config->privacy_keys, &error) != LOKET_OK) {
        log_error(error.message, "file", error.argument);
        return EX_CONFIG;
    }
    struct document_work *documents = document_work_new(given->config);
    if (!documents) {
        log_error("the database of file types (libmagic) can't be read");
        return EX_UNAVAILABLE;
    }
    if (!sandbox_enter(CHILD_JOB, given->config)) {
        document_work_free(documents);
        return EX_OSERR;
    }
    sigaction(SIGTERM, &action, NULL);
    log_info("job ready");
    while (!stopping) {
        if (db && PQstatus(db) != CONNECTION_OK) {
            PQfinish(db);
            db = NULL;
            leading = false;
            metrics_set(GAUGE_LEADER, 0);
        }
        metrics_alive(STUCK_SECONDS);
        if (!db) {
            db = job_connect(given->config->database_job);
            if (db && !keys_fit(db, problem)) log_error(problem, "keys", given->config->privacy_keys);
        }
        if (db) {
            while (!stopping && (issue_one(db) || document_one(documents, db))) metrics_alive(STUCK_SECONDS);
            if (leads(db, &leading)) {
                prune(db, &pruned_at);
                keep_time(db, &kept_at);
            }
            while (!stopping && notice_send(db, given->config)) metrics_add(COUNT_NOTICES, 1);
            audit_work_do(&audit, db);
            office_figures_read(db, given, &figures_at);
        }
        if (!stopping) job_wait(db);
    }
    PQfinish(db);
    document_work_free(documents);
    keyring_close();
    return EX_OK;
}
