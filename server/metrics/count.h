/* What loketd counts while it works: in memory that the master makes before it forks, one slot for each child, each written by that
 * child alone and read by the metrics process. No locks: a number is a word that one process adds to.
 *
 * A slot stays with its place: the child that takes the place of one that died counts on, so counters never go back. */
#ifndef SERVER_METRICS_COUNT_H
#define SERVER_METRICS_COUNT_H

#include <loket/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define METRICS_SLOTS   97  /* the master's children at most, and one more that is counted into by who has none */
#define METRICS_METHODS 301 /* the method table at most, and one for what is no method */
#define METRICS_BUCKETS 12  /* of the times below; longer ones are only in the count */
#define METRICS_CODES   32  /* of enum loket_error, with room */
#define METRICS_FIGURES 4000

/* Upper ends of the buckets, in microseconds. */
extern const uint32_t metrics_ends[METRICS_BUCKETS];

enum metrics_counter {
    COUNT_ACCEPTED,    /* connections of clients */
    COUNT_TURNED_AWAY, /* above a limit */
    COUNT_TLS_FAILED,
    COUNT_BAD_FRAME,
    COUNT_EVENTS,       /* pushed to clients */
    COUNT_READ_STANDBY, /* answered by a standby */
    COUNT_READ_PRIMARY, /* could have been, and was not */
    COUNT_DATABASE_LOST,
    COUNT_ISSUED,
    COUNT_DOCUMENTS,
    COUNT_NOTICES,
    COUNT_ROUNDS, /* of the clock: warnings, lapses, ends of permits */
    METRICS_COUNTERS
};

enum metrics_gauge {
    GAUGE_CONNECTIONS, /* of clients */
    GAUGE_LOGGED_IN,
    GAUGE_REQUESTS, /* without an answer */
    GAUGE_POOL,     /* connections to the database that there should be */
    GAUGE_POOL_READY,
    GAUGE_POOL_WAITING, /* calls under way on them */
    GAUGE_STANDBY_READY,
    GAUGE_STANDBY_LAG_MS,
    GAUGE_LEADER, /* of the clock, among the nodes */
    METRICS_GAUGES
};

struct metrics_method {
    uint64_t count, micros, buckets[METRICS_BUCKETS], codes[METRICS_CODES];
};

struct metrics_slot {
    const char *role;    /* "worker"; NULL: never used. The master's text, at the same place in each child */
    int64_t pid;         /* 0: not running; the master's */
    bool wanted;         /* the master's: it is not being retired */
    uint64_t deaths;     /* the master's */
    int64_t alive_at;    /* monotonic seconds, by the child itself; 0: it does not tell */
    int64_t alive_limit; /* seconds of silence after which it hangs */
    uint64_t counters[METRICS_COUNTERS];
    int64_t gauges[METRICS_GAUGES];
    struct metrics_method methods[METRICS_METHODS];
};

/* A figure of the office's work, read from the database by the job process. */
struct metrics_figure {
    char name[40], office[40], permit_type[40], stage[40];
    int64_t value;
};

struct metrics {
    struct metrics_slot slots[METRICS_SLOTS];
    uint64_t figures_version; /* odd while they are written */
    int64_t figures_at;       /* monotonic seconds; 0: never */
    uint32_t figure_count;
    struct metrics_figure figures[METRICS_FIGURES];
};

/* Memory that this process's future children share; NULL when there is none. */
struct metrics *metrics_new(void);

/* From here on this process counts into the slot (NULL: into none that is shown). Gauges begin at 0. */
void metrics_count_into(struct metrics_slot *slot);

void metrics_add(enum metrics_counter counter, uint64_t number);
void metrics_set(enum metrics_gauge gauge, int64_t value);
/* "I still move"; the limit is how long it may take until the next. */
void metrics_alive(int64_t limit_seconds);
/* A request that was answered. `method` is a row's name, or anything: then it counts as unknown. */
void metrics_request(const char *method, enum loket_error code, uint64_t micros);

/* Puts the job process's figures in the place of those of before. */
void metrics_figures_set(struct metrics *metrics, const struct metrics_figure *figures, uint32_t count);
/* A copy that is whole; false when they change too fast to get one. `figures` has room for METRICS_FIGURES. */
bool metrics_figures_get(const struct metrics *metrics, struct metrics_figure *figures, uint32_t *count, int64_t *at);

int64_t metrics_now(void); /* monotonic seconds */

/* The sum over all slots of a method's row; the index is that of method_all, the last one is of what is no method. */
void metrics_method_sum(const struct metrics *metrics, unsigned method, struct metrics_method *sum);
uint64_t metrics_counter_sum(const struct metrics *metrics, enum metrics_counter counter);
int64_t metrics_gauge_sum(const struct metrics *metrics, enum metrics_gauge gauge);

#endif
