/* Prometheus's text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */
#include <inttypes.h>
#include <loket/version.h>
#include <server/api/method.h>
#include <server/metrics/text.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

static __attribute__((format(printf, 2, 3))) void put(struct buffer *out, const char *format, ...) {
    char text[256];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    buffer_text(out, text);
}

void metrics_label(struct buffer *out, const char *value) {
    buffer_byte(out, '"');
    for (const char *p = value; *p; p++) {
        if (*p == '\n') {
            buffer_text(out, "\\n");
            continue;
        }
        if (*p == '\\' || *p == '"') buffer_byte(out, '\\');
        buffer_byte(out, (uint8_t)*p);
    }
    buffer_byte(out, '"');
}

static void head(struct buffer *out, const char *name, const char *kind, const char *help) {
    put(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

/* ---------------------------------------------------------------------------------- requests and processes */

static const char *method_name(unsigned index) {
    size_t count;
    const struct method *const *rows = method_all(&count);
    return index < count ? rows[index]->name : "unknown";
}

static void put_codes(struct buffer *out, const char *method, const struct metrics_method *row) {
    for (unsigned code = 0; code < METRICS_CODES; code++) {
        if (!row->codes[code]) continue;
        buffer_text(out, "loket_requests_total{method=");
        metrics_label(out, method);
        buffer_text(out, ",code=");
        metrics_label(out, error_name((enum loket_error)code));
        put(out, "} %" PRIu64 "\n", row->codes[code]);
    }
}

static void put_histogram(struct buffer *out, const char *method, const struct metrics_method *row) {
    uint64_t below = 0;
    for (int i = 0; i <= METRICS_BUCKETS; i++) {
        below = i < METRICS_BUCKETS ? below + row->buckets[i] : row->count;
        buffer_text(out, "loket_request_duration_seconds_bucket{method=");
        metrics_label(out, method);
        if (i < METRICS_BUCKETS) put(out, ",le=\"%g\"} %" PRIu64 "\n", metrics_ends[i] / 1e6, below);
        else put(out, ",le=\"+Inf\"} %" PRIu64 "\n", below);
    }
    put(out, "loket_request_duration_seconds_sum{method=\"%s\"} %.6f\n", method, (double)row->micros / 1e6);
    put(out, "loket_request_duration_seconds_count{method=\"%s\"} %" PRIu64 "\n", method, row->count);
}

/* The methods that were asked for: one that never was has no line. */
static void put_methods(const struct metrics *metrics, struct buffer *out) {
    static void (*const puts_of[])(struct buffer *, const char *, const struct metrics_method *) = {put_codes, put_histogram};
    static const char *const names[] = {"loket_requests_total", "loket_request_duration_seconds"};
    static const char *const kinds[] = {"counter", "histogram"};
    static const char *const helps[] = {"Requests that were answered.", "From a request's last byte to its answer."};
    struct metrics_method sum;
    for (int part = 0; part < 2; part++) {
        head(out, names[part], kinds[part], helps[part]);
        for (unsigned i = 0; i < METRICS_METHODS; i++) {
            metrics_method_sum(metrics, i, &sum);
            if (sum.count) puts_of[part](out, method_name(i), &sum);
        }
    }
}

static const struct row {
    const char *name, *help;
    int number;
} counter_rows[] = {
    {"loket_connections_accepted_total", "Connections of clients.", COUNT_ACCEPTED},
    {"loket_connections_refused_total", "Connections above a limit.", COUNT_TURNED_AWAY},
    {"loket_tls_failures_total", "TLS handshakes that failed.", COUNT_TLS_FAILED},
    {"loket_bad_frames_total", "Frames that were none.", COUNT_BAD_FRAME},
    {"loket_events_total", "Events that were pushed to clients.", COUNT_EVENTS},
    {"loket_standby_reads_total", "Reads that a standby answered.", COUNT_READ_STANDBY},
    {"loket_primary_reads_total", "Reads that a standby could have answered, and the primary did.", COUNT_READ_PRIMARY},
    {"loket_database_lost_total", "Connections to the database that were lost, or could not be made.", COUNT_DATABASE_LOST},
    {"loket_decisions_issued_total", "Decisions that the job process gave numbers.", COUNT_ISSUED},
    {"loket_documents_done_total", "Documents drawn, checked, signed or read back.", COUNT_DOCUMENTS},
    {"loket_notices_tried_total", "Notices that were given to the mail server.", COUNT_NOTICES},
    {"loket_clock_rounds_total", "Rounds of warnings, lapses and ends of permits.", COUNT_ROUNDS},
};
static const struct row gauge_rows[] = {
    {"loket_connections", "Clients that are connected.", GAUGE_CONNECTIONS},
    {"loket_sessions", "Clients that are logged in.", GAUGE_LOGGED_IN},
    {"loket_requests_open", "Requests without an answer.", GAUGE_REQUESTS},
    {"loket_database_connections", "Connections to the database that there should be.", GAUGE_POOL},
    {"loket_database_connections_ready", "Connections to the database that can be used.", GAUGE_POOL_READY},
    {"loket_database_calls_open", "Calls to the database without an answer.", GAUGE_POOL_WAITING},
    {"loket_standby_connections_ready", "Connections to a standby that can be used.", GAUGE_STANDBY_READY},
    {"loket_clock_leader", "1 on the node whose job process keeps the time.", GAUGE_LEADER},
};

static void put_totals(const struct metrics *metrics, struct buffer *out) {
    for (size_t i = 0; i < sizeof counter_rows / sizeof counter_rows[0]; i++) {
        head(out, counter_rows[i].name, "counter", counter_rows[i].help);
        put(out, "%s %" PRIu64 "\n", counter_rows[i].name,
            metrics_counter_sum(metrics, (enum metrics_counter)counter_rows[i].number));
    }
    for (size_t i = 0; i < sizeof gauge_rows / sizeof gauge_rows[0]; i++) {
        head(out, gauge_rows[i].name, "gauge", gauge_rows[i].help);
        put(out, "%s %" PRId64 "\n", gauge_rows[i].name, metrics_gauge_sum(metrics, (enum metrics_gauge)gauge_rows[i].number));
    }
    int64_t lag = 0;
    for (int i = 0; i < METRICS_SLOTS; i++)
        if (metrics->slots[i].pid && metrics->slots[i].gauges[GAUGE_STANDBY_LAG_MS] > lag)
            lag = metrics->slots[i].gauges[GAUGE_STANDBY_LAG_MS];
    head(out, "loket_standby_lag_seconds", "gauge", "How far the standby that is read from is behind.");
    put(out, "loket_standby_lag_seconds %.3f\n", (double)lag / 1000);
}

static void put_processes(const struct metrics *metrics, struct buffer *out) {
    static const char *const roles[] = {"worker", "auth", "job", "metrics"};
    static const char *const names[] = {"loket_processes", "loket_processes_wanted", "loket_process_deaths_total"};
    static const char *const helps[] = {"Processes that run.", "Processes that should run.", "Processes that ended by themselves."};
    for (int part = 0; part < 3; part++) {
        head(out, names[part], part == 2 ? "counter" : "gauge", helps[part]);
        for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++) {
            uint64_t sum = 0;
            for (int i = 0; i < METRICS_SLOTS; i++) {
                const struct metrics_slot *slot = &metrics->slots[i];
                if (!slot->role || strcmp(slot->role, roles[r]) != 0) continue;
                sum += part == 0 ? slot->pid != 0 : part == 1 ? slot->wanted : slot->deaths;
            }
            put(out, "%s{role=\"%s\"} %" PRIu64 "\n", names[part], roles[r], sum);
        }
    }
}

/* ---------------------------------------------------------------------------- disks and the office's work */

bool metrics_disk_next(const char **rest, struct metrics_disk *disk) {
    struct statvfs about;
    while (**rest) {
        size_t size = strcspn(*rest, ",");
        (void)snprintf(disk->path, sizeof disk->path, "%.*s", (int)size, *rest);
        *rest += size + ((*rest)[size] == ',');
        if (statvfs(disk->path, &about) != 0) continue;
        disk->bytes = (int64_t)(about.f_blocks * about.f_frsize);
        disk->free = (int64_t)(about.f_bavail * about.f_frsize);
        return true;
    }
    return false;
}

static void put_disks(const struct config *config, struct buffer *out) {
    static const char *const names[] = {"loket_disk_bytes", "loket_disk_free_bytes"};
    static const char *const helps[] = {"How large the disk is.", "What is free on it."};
    struct metrics_disk disk;
    for (int part = 0; part < 2; part++) {
        head(out, names[part], "gauge", helps[part]);
        for (const char *rest = config->metrics_disks; metrics_disk_next(&rest, &disk);) {
            put(out, "%s{path=", names[part]);
            metrics_label(out, disk.path);
            put(out, "} %" PRId64 "\n", part == 0 ? disk.bytes : disk.free);
        }
    }
}

static void put_figure(struct buffer *out, const struct metrics_figure *figure) {
    put(out, "loket_%s{office=", figure->name);
    metrics_label(out, figure->office);
    if (*figure->permit_type) {
        buffer_text(out, ",permit_type=");
        metrics_label(out, figure->permit_type);
    }
    if (*figure->stage) {
        buffer_text(out, ",stage=");
        metrics_label(out, figure->stage);
    }
    put(out, "} %" PRId64 "\n", figure->value);
}

/* The database gives them sorted by name. */
static void put_figures(const struct metrics *metrics, struct buffer *out) {
    struct metrics_figure *figures = calloc(METRICS_FIGURES, sizeof *figures);
    uint32_t count = 0;
    int64_t at = 0;
    if (figures && metrics_figures_get(metrics, figures, &count, &at) && at) {
        head(out, "loket_work_age_seconds", "gauge", "How old the figures of the office's work are.");
        put(out, "loket_work_age_seconds %" PRId64 "\n", metrics_now() - at);
        for (uint32_t i = 0; i < count; i++) {
            if (i == 0 || strcmp(figures[i].name, figures[i - 1].name) != 0) put(out, "# TYPE loket_%s gauge\n", figures[i].name);
            put_figure(out, &figures[i]);
        }
    }
    free(figures);
}

void metrics_text(const struct metrics *metrics, const struct config *config, struct buffer *out) {
    head(out, "loket_build_info", "gauge", "1, with the version.");
    buffer_text(out, "loket_build_info{version=\"" LOKET_VERSION "\"} 1\n");
    put_processes(metrics, out);
    put_totals(metrics, out);
    put_methods(metrics, out);
    put_disks(config, out);
    put_figures(metrics, out);
}
