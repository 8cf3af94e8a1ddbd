/* Counting without locks: a word has one writer, and whoever reads sees the word of a moment ago. */
#include <server/api/method.h>
#include <server/metrics/count.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

const uint32_t metrics_ends[METRICS_BUCKETS] = {1000,   2500,   5000,   10000,   25000,   50000,
                                                100000, 250000, 500000, 1000000, 2500000, 5000000};

static struct metrics_slot nowhere; /* of commands and tests, that nobody looks at */
static struct metrics_slot *own = &nowhere;

struct metrics *metrics_new(void) {
    void *memory = mmap(NULL, sizeof(struct metrics), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void word_add(uint64_t *word, uint64_t number) {
    __atomic_store_n(word, __atomic_load_n(word, __ATOMIC_RELAXED) + number, __ATOMIC_RELAXED);
}

void metrics_count_into(struct metrics_slot *slot) {
    own = slot ? slot : &nowhere;
    for (int i = 0; i < METRICS_GAUGES; i++) metrics_set((enum metrics_gauge)i, 0);
    __atomic_store_n(&own->alive_at, 0, __ATOMIC_RELAXED);
}

void metrics_add(enum metrics_counter counter, uint64_t number) {
    word_add(&own->counters[counter], number);
}

void metrics_set(enum metrics_gauge gauge, int64_t value) {
    __atomic_store_n(&own->gauges[gauge], value, __ATOMIC_RELAXED);
}

void metrics_alive(int64_t limit_seconds) {
    __atomic_store_n(&own->alive_limit, limit_seconds, __ATOMIC_RELAXED);
    __atomic_store_n(&own->alive_at, metrics_now(), __ATOMIC_RELAXED);
}

static int compare_name(const void *name, const void *row) {
    const struct method *const *method = row;
    return strcmp(name, (*method)->name);
}

static size_t method_index(const char *name) {
    size_t count;
    const struct method *const *rows = method_all(&count);
    const struct method *const *found = bsearch(name, rows, count, sizeof rows[0], compare_name);
    return found && found - rows < METRICS_METHODS - 1 ? (size_t)(found - rows) : METRICS_METHODS - 1;
}

void metrics_request(const char *method, enum loket_error code, uint64_t micros) {
    struct metrics_method *row = &own->methods[method_index(method)];
    word_add(&row->count, 1);
    word_add(&row->micros, micros);
    word_add(&row->codes[(unsigned)code < METRICS_CODES ? (unsigned)code : LOKET_INTERNAL], 1);
    for (int i = 0; i < METRICS_BUCKETS; i++) {
        if (micros > metrics_ends[i]) continue;
        word_add(&row->buckets[i], 1);
        return;
    }
}

int64_t metrics_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Odd while the figures are written: a reader that saw an odd number, or another one afterwards, reads again. */
void metrics_figures_set(struct metrics *metrics, const struct metrics_figure *figures, uint32_t count) {
    uint64_t version = __atomic_load_n(&metrics->figures_version, __ATOMIC_RELAXED) | 1; /* one who died in here left it odd */
    __atomic_store_n(&metrics->figures_version, version, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    metrics->figure_count = count < METRICS_FIGURES ? count : METRICS_FIGURES;
    memcpy(metrics->figures, figures, metrics->figure_count * sizeof *figures);
    metrics->figures_at = metrics_now();
    __atomic_store_n(&metrics->figures_version, version + 1, __ATOMIC_SEQ_CST);
}

bool metrics_figures_get(const struct metrics *metrics, struct metrics_figure *figures, uint32_t *count, int64_t *at) {
    for (int tries = 0; tries < 100; tries++) {
        uint64_t version = __atomic_load_n(&metrics->figures_version, __ATOMIC_SEQ_CST);
        if (version & 1) continue;
        *count = metrics->figure_count < METRICS_FIGURES ? metrics->figure_count : METRICS_FIGURES;
        *at = metrics->figures_at;
        memcpy(figures, metrics->figures, *count * sizeof *figures);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (__atomic_load_n(&metrics->figures_version, __ATOMIC_RELAXED) == version) return true;
    }
    return false;
}

void metrics_method_sum(const struct metrics *metrics, unsigned method, struct metrics_method *sum) {
    *sum = (struct metrics_method){0};
    for (int i = 0; i < METRICS_SLOTS; i++) {
        const struct metrics_method *row = &metrics->slots[i].methods[method];
        if (!metrics->slots[i].role || !__atomic_load_n(&row->count, __ATOMIC_RELAXED)) continue;
        sum->micros += __atomic_load_n(&row->micros, __ATOMIC_RELAXED);
        for (int b = 0; b < METRICS_BUCKETS; b++) sum->buckets[b] += __atomic_load_n(&row->buckets[b], __ATOMIC_RELAXED);
        for (int c = 0; c < METRICS_CODES; c++) sum->codes[c] += __atomic_load_n(&row->codes[c], __ATOMIC_RELAXED);
        /* last: the writer counts before it fills a bucket, so no bucket holds more than the count */
        sum->count += __atomic_load_n(&row->count, __ATOMIC_RELAXED);
    }
}

uint64_t metrics_counter_sum(const struct metrics *metrics, enum metrics_counter counter) {
    uint64_t sum = 0;
    for (int i = 0; i < METRICS_SLOTS; i++) sum += __atomic_load_n(&metrics->slots[i].counters[counter], __ATOMIC_RELAXED);
    return sum;
}

int64_t metrics_gauge_sum(const struct metrics *metrics, enum metrics_gauge gauge) {
    int64_t sum = 0;
    for (int i = 0; i < METRICS_SLOTS; i++)
        if (metrics->slots[i].pid) sum += __atomic_load_n(&metrics->slots[i].gauges[gauge], __ATOMIC_RELAXED);
    return sum;
}
