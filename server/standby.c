/* Two connections to standbys, each with its own lag: they may be to different ones. */
#include <server/api/method.h>
#include <server/log.h>
#include <server/standby.h>
#include <stdlib.h>
#include <string.h>

#define LINES          2
#define SAMPLES        64
#define PLACES         4096
#define STRICT_SECONDS 60   /* who was refused asks the primary so long */
#define SILENT_MS      3000 /* a standby whose position was not heard for so long is not asked */

struct line {
    struct standby *standby;
    struct pool *pool;
    bool asked; /* for its position, and without an answer */
    bool is_standby;
    int64_t lsn, heard_at_ms;
};

struct standby {
    struct worker *worker;
    struct line lines[LINES];
    struct standby_sample samples[SAMPLES]; /* of the primary, oldest first */
    int sample_count;
    bool asked;
    struct {
        bool busy;
        int64_t strict_until_ms;
    } places[PLACES]; /* by hash of the address; two addresses in one place only ask the primary more often */
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t standby_lag_ms(const struct standby_sample *samples, int count, int64_t lsn, int64_t now) {
    for (int i = 0; i < count; i++)
        if (samples[i].lsn > lsn) return now - samples[i].at_ms;
    return 0;
}

struct standby *standby_new(struct worker *worker) {
    struct standby *standby = calloc(1, sizeof *standby);
    const struct config *config = worker->given->config;
    const struct pool_target target = {config->database_standby, config->database_hosts, 1, true};
    if (!standby) return NULL;
    standby->worker = worker;
    for (int i = 0; i < LINES; i++) {
        standby->lines[i].standby = standby;
        standby->lines[i].pool = pool_new(worker->base, &target, 1);
        if (standby->lines[i].pool) continue;
        standby_free(standby);
        return NULL;
    }
    return standby;
}

void standby_free(struct standby *standby) {
    if (!standby) return;
    for (int i = 0; i < LINES; i++) pool_free(standby->lines[i].pool);
    free(standby);
}

/* bigint and boolean of api.node_position_reply. */
static int64_t position_of(const PGresult *result, bool *is_standby) {
    const unsigned char *bytes = (const unsigned char *)PQgetvalue(result, 0, 0);
    uint64_t lsn = 0;
    if (PQgetlength(result, 0, 0) != 8 || PQgetisnull(result, 0, 0)) return 0;
    for (int i = 0; i < 8; i++) lsn = lsn << 8 | bytes[i];
    *is_standby = *PQgetvalue(result, 0, 1) != 0;
    return (int64_t)lsn;
}

static void on_primary(const PGresult *result, const struct error *error, void *data) {
    struct standby *standby = data;
    bool is_standby = false;
    standby->asked = false;
    int64_t lsn = error ? 0 : position_of(result, &is_standby);
    if (!lsn || is_standby) return;
    if (standby->sample_count == SAMPLES)
        memmove(standby->samples, standby->samples + 1, (size_t)--standby->sample_count * sizeof standby->samples[0]);
    standby->samples[standby->sample_count++] = (struct standby_sample){now_ms(), lsn};
}

static void on_line(const PGresult *result, const struct error *error, void *data) {
    struct line *line = data;
    line->asked = false;
    if (error) return;
    line->lsn = position_of(result, &line->is_standby);
    line->heard_at_ms = now_ms();
}

static bool ask(struct pool *pool, pool_answer *answer, void *data) {
    static const struct parameters nobody = {.count = 1};
    const struct method *method = method_find("node.position");
    struct error error;
    return method && pool_call(pool, method, &nobody, answer, data, &error) == LOKET_OK;
}

/* One that was promoted is as near as can be. */
static int64_t line_lag(const struct standby *standby, const struct line *line) {
    return line->is_standby ? standby_lag_ms(standby->samples, standby->sample_count, line->lsn, now_ms()) : 0;
}

static bool line_usable(const struct standby *standby, const struct line *line) {
    return pool_ready(line->pool) && line->lsn && standby->sample_count && now_ms() - line->heard_at_ms < SILENT_MS &&
           line_lag(standby, line) <= (int64_t)standby->worker->given->config->standby_lag * 1000;
}

void standby_watch(struct standby *standby) {
    int64_t lag = 0;
    int ready = 0;
    if (!standby->asked) standby->asked = ask(standby->worker->pool, on_primary, standby);
    for (int i = 0; i < LINES; i++) {
        struct line *line = &standby->lines[i];
        if (!line->asked) line->asked = ask(line->pool, on_line, line);
        ready += line_usable(standby, line);
        if (line->lsn && line_lag(standby, line) > lag) lag = line_lag(standby, line);
    }
    metrics_set(GAUGE_STANDBY_READY, ready);
    metrics_set(GAUGE_STANDBY_LAG_MS, lag);
}

static int place_of(const char *address) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *p = address; *p; p++) hash = (hash ^ (unsigned char)*p) * 16777619u;
    return (int)(hash % PLACES);
}

struct pool *standby_enter(struct standby *standby, const char *address, int *place) {
    struct line *best = NULL;
    *place = place_of(address);
    if (standby->places[*place].busy || now_ms() < standby->places[*place].strict_until_ms) return NULL;
    for (int i = 0; i < LINES; i++) {
        struct line *line = &standby->lines[i];
        if (line_usable(standby, line) && (!best || pool_waiting(line->pool) < pool_waiting(best->pool))) best = line;
    }
    if (!best) return NULL;
    standby->places[*place].busy = true;
    return best->pool;
}

void standby_leave(struct standby *standby, int place, bool refused) {
    standby->places[place].busy = false;
    if (refused) standby->places[place].strict_until_ms = now_ms() + STRICT_SECONDS * 1000;
}
