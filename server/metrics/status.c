/* What was counted, for people: what stands, and what is wrong. Nothing is computed here that metrics do not say as well. */
#include <inttypes.h>
#include <loket/version.h>
#include <server/metrics/text.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct report {
    const struct metrics *metrics;
    const struct config *config;
    struct buffer *out;
    struct buffer wrong;
    int wrongs;
};

static __attribute__((format(printf, 3, 4))) void line(struct report *report, const char *name, const char *format, ...) {
    char text[300], value[240];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(value, sizeof value, format, values);
    va_end(values);
    (void)snprintf(text, sizeof text, "%-24s %s\n", name, value);
    buffer_text(report->out, text);
}

static __attribute__((format(printf, 2, 3))) void wrong(struct report *report, const char *format, ...) {
    char text[300];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    buffer_text(&report->wrong, "wrong: ");
    buffer_text(&report->wrong, text);
    buffer_byte(&report->wrong, '\n');
    report->wrongs++;
}

static void processes(struct report *report) {
    static const char *const roles[] = {"worker", "auth", "job"};
    for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++) {
        int running = 0, expected = 0;
        uint64_t deaths = 0;
        for (int i = 0; i < METRICS_SLOTS; i++) {
            const struct metrics_slot *slot = &report->metrics->slots[i];
            if (!slot->role || strcmp(slot->role, roles[r]) != 0) continue;
            int64_t silent = slot->alive_at ? metrics_now() - slot->alive_at : 0;
            running += slot->pid && slot->wanted;
            expected += slot->wanted;
            deaths += slot->deaths;
            if (slot->pid && silent > slot->alive_limit)
                wrong(report, "%s %" PRId64 " does not move since %" PRId64 " s", roles[r], slot->pid, silent);
        }
        line(report, roles[r], "%d of %d run, %" PRIu64 " ended by themselves", running, expected, deaths);
        if (strcmp(roles[r], "job") == 0)
            line(report, "keeps the time", "%s",
                 metrics_gauge_sum(report->metrics, GAUGE_LEADER) ? "yes" : "no: another node does");
        if (running < expected) wrong(report, "%d %s of %d down", expected - running, roles[r], expected);
    }
}

static int64_t gauge(const struct report *report, enum metrics_gauge gauge) {
    return metrics_gauge_sum(report->metrics, gauge);
}

static void clients(struct report *report) {
    const struct metrics *metrics = report->metrics;
    line(report, "clients", "%" PRId64 " connected, %" PRId64 " logged in", gauge(report, GAUGE_CONNECTIONS),
         gauge(report, GAUGE_LOGGED_IN));
    line(report, "turned away", "%" PRIu64 " above a limit, %" PRIu64 " without TLS, %" PRIu64 " bad frames",
         metrics_counter_sum(metrics, COUNT_TURNED_AWAY), metrics_counter_sum(metrics, COUNT_TLS_FAILED),
         metrics_counter_sum(metrics, COUNT_BAD_FRAME));
}

static void database(struct report *report) {
    int64_t ready = gauge(report, GAUGE_POOL_READY), pool = gauge(report, GAUGE_POOL);
    line(report, "database", "%" PRId64 " of %" PRId64 " connections ready, %" PRId64 " calls open", ready, pool,
         gauge(report, GAUGE_POOL_WAITING));
    if (pool && !ready) wrong(report, "the database can't be reached");
    line(report, "standby", "%" PRId64 " connections ready, %" PRIu64 " reads there, %" PRIu64 " on the primary",
         gauge(report, GAUGE_STANDBY_READY), metrics_counter_sum(report->metrics, COUNT_READ_STANDBY),
         metrics_counter_sum(report->metrics, COUNT_READ_PRIMARY));
}

/* Below which time so many of a hundred requests were answered; a bucket's end. */
static const char *within(const struct metrics_method *sum, unsigned percent) {
    static char texts[4][24];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    uint64_t below = 0;
    for (int i = 0; i < METRICS_BUCKETS; i++) {
        below += sum->buckets[i];
        if (below * 100 < sum->count * percent) continue;
        (void)snprintf(text, sizeof texts[0], "%g ms", metrics_ends[i] / 1e3);
        return text;
    }
    return "over 5 s";
}

static void requests(struct report *report) {
    struct metrics_method row, all = {0};
    uint64_t failed = 0;
    for (unsigned i = 0; i < METRICS_METHODS; i++) {
        metrics_method_sum(report->metrics, i, &row);
        all.count += row.count;
        for (int b = 0; b < METRICS_BUCKETS; b++) all.buckets[b] += row.buckets[b];
        failed += row.codes[LOKET_INTERNAL] + row.codes[LOKET_UNAVAILABLE];
    }
    line(report, "requests", "%" PRIu64 " answered, %" PRIu64 " failed, %" PRId64 " open", all.count, failed,
         gauge(report, GAUGE_REQUESTS));
    if (all.count)
        line(report, "answered within", "%s (half), %s (95 of 100), %s (99)", within(&all, 50), within(&all, 95), within(&all, 99));
}

static void disks(struct report *report) {
    struct metrics_disk disk;
    for (const char *rest = report->config->metrics_disks; metrics_disk_next(&rest, &disk);) {
        int percent = disk.bytes > 0 ? (int)(disk.free * 100 / disk.bytes) : 0;
        line(report, "disk", "%s: %" PRId64 " MiB free (%d %%)", disk.path, disk.free / 1048576, percent);
        if (percent < report->config->metrics_disk_least) wrong(report, "the disk of %s is nearly full", disk.path);
    }
}

/* The job process's figures, summed up for each office: they are sorted by name, then office. */
static void work(struct report *report) {
    static const struct {
        const char *name;
        bool is_wrong; /* when it is not 0 */
    } rows[] = {{"applications_open", false}, {"applications_late", false}, {"notices_waiting", false},
                {"notices_failing", false},   {"jobs_late", true},          {"documents_failed", false}};
    struct metrics_figure *figures = calloc(METRICS_FIGURES, sizeof *figures);
    uint32_t count = 0;
    int64_t at = 0;
    if (!figures || !metrics_figures_get(report->metrics, figures, &count, &at)) count = 0;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        for (uint32_t i = 0; i < count;) {
            int64_t sum = 0;
            const struct metrics_figure *first = &figures[i];
            for (; i < count && strcmp(figures[i].name, first->name) == 0 && strcmp(figures[i].office, first->office) == 0; i++)
                sum += figures[i].value;
            if (strcmp(first->name, rows[r].name) != 0) continue;
            line(report, rows[r].name, "%s: %" PRId64, first->office, sum);
            if (sum && rows[r].is_wrong) wrong(report, "%s: %" PRId64 " jobs wait for more than 5 minutes", first->office, sum);
        }
    }
    if (at) line(report, "figures", "%" PRId64 " s old", metrics_now() - at);
    if (at && metrics_now() - at > 3 * report->config->metrics_interval + 60)
        wrong(report, "the office's work was last looked at %" PRId64 " s ago", metrics_now() - at);
    free(figures);
}

int metrics_status(const struct metrics *metrics, const struct config *config, struct buffer *out) {
    static void (*const parts[])(struct report *) = {processes, clients, database, requests, disks, work};
    struct report report = {.metrics = metrics, .config = config, .out = out, .wrong = {.limit = 65536}};
    line(&report, "loketd", "%s on %s", LOKET_VERSION, config->listen);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) parts[i](&report);
    buffer_add(out, report.wrong.data, report.wrong.size);
    buffer_free(&report.wrong);
    return report.wrongs;
}
