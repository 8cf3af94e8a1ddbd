/* What is counted, and how it is told: to Prometheus and to people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <server/metrics/text.h>

static struct metrics *metrics;
static struct config config = {.listen = "here:1", .metrics_disks = "/", .metrics_interval = 60};

static int setup(void **state) {
    (void)state;
    metrics = metrics_new();
    if (!metrics) return -1;
    config.metrics_disk_least = 0;
    metrics->slots[0] = (struct metrics_slot){.role = "worker", .pid = 7, .wanted = true};
    metrics->slots[1] = (struct metrics_slot){.role = "worker", .pid = 8, .wanted = true};
    metrics_count_into(&metrics->slots[0]);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    metrics_count_into(NULL);
    return 0; /* the pages go with the process */
}

static const char *told(bool people, int *wrongs) {
    static struct buffer out;
    buffer_free(&out);
    out = (struct buffer){.limit = 1u << 20};
    int count = people ? metrics_status(metrics, &config, &out) : 0;
    if (wrongs) *wrongs = count;
    if (!people) metrics_text(metrics, &config, &out);
    buffer_byte(&out, 0);
    assert_false(out.failed);
    return (const char *)out.data;
}

static void has(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("not there: %s\n%s", part, text);
}

static void a_request_is_in_the_wrong_bucket(void **state) {
    (void)state;
    metrics_request("queue.list", LOKET_OK, 1000);
    metrics_request("queue.list", LOKET_OK, 1001);
    metrics_request("queue.list", LOKET_STALE, 4999999);
    metrics_request("queue.list", LOKET_OK, 5000001);
    const char *text = told(false, NULL);
    has(text, "loket_request_duration_seconds_bucket{method=\"queue.list\",le=\"0.001\"} 1\n");
    has(text, "loket_request_duration_seconds_bucket{method=\"queue.list\",le=\"0.0025\"} 2\n");
    has(text, "loket_request_duration_seconds_bucket{method=\"queue.list\",le=\"2.5\"} 2\n");
    has(text, "loket_request_duration_seconds_bucket{method=\"queue.list\",le=\"5\"} 3\n");
    has(text, "loket_request_duration_seconds_bucket{method=\"queue.list\",le=\"+Inf\"} 4\n");
    has(text, "loket_request_duration_seconds_sum{method=\"queue.list\"} 10.002001\n");
    has(text, "loket_request_duration_seconds_count{method=\"queue.list\"} 4\n");
    has(text, "loket_requests_total{method=\"queue.list\",code=\"ok\"} 3\n");
    has(text, "loket_requests_total{method=\"queue.list\",code=\"stale\"} 1\n");
    has(text, "# TYPE loket_request_duration_seconds histogram\n");
}

static void what_a_stranger_calls_a_method_becomes_a_label(void **state) {
    (void)state;
    metrics_request("evil\"} 1\nloket_up", LOKET_UNKNOWN_METHOD, 5);
    const char *text = told(false, NULL);
    has(text, "loket_requests_total{method=\"unknown\",code=\"unknown_method\"} 1\n");
    assert_null(strstr(text, "evil"));
}

static void a_label_breaks_out_of_its_quotes(void **state) {
    (void)state;
    struct buffer out = {.limit = 1000};
    metrics_label(&out, "a\"b\\c\nd");
    buffer_byte(&out, 0);
    assert_string_equal((const char *)out.data, "\"a\\\"b\\\\c\\nd\"");
    buffer_free(&out);
    const struct metrics_figure figure = {"applications_open", "kota\"x", "SIP", "draft", 3};
    metrics_figures_set(metrics, &figure, 1);
    has(told(false, NULL), "\nloket_applications_open{office=\"kota\\\"x\",permit_type=\"SIP\",stage=\"draft\"} 3\n");
}

static void what_a_child_counts_is_not_seen_or_is_lost_when_it_dies(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        metrics_count_into(&metrics->slots[1]);
        metrics_add(COUNT_ACCEPTED, 5);
        metrics_set(GAUGE_CONNECTIONS, 3);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    metrics_add(COUNT_ACCEPTED, 2);
    has(told(false, NULL), "\nloket_connections_accepted_total 7\n");
    has(told(false, NULL), "\nloket_connections 3\n");
    metrics->slots[1].pid = 0; /* counters stay, what was connected is not any more */
    has(told(false, NULL), "\nloket_connections_accepted_total 7\n");
    has(told(false, NULL), "\nloket_connections 0\n");
    metrics_count_into(&metrics->slots[1]); /* whoever takes the place goes on */
    metrics_add(COUNT_ACCEPTED, 1);
    has(told(false, NULL), "\nloket_connections_accepted_total 8\n");
}

static void half_written_figures_are_told(void **state) {
    (void)state;
    static struct metrics_figure copy[METRICS_FIGURES];
    uint32_t count;
    int64_t at;
    const struct metrics_figure figure = {"jobs_late", "metro", "", "", 1};
    metrics_figures_set(metrics, &figure, 1);
    assert_true(metrics_figures_get(metrics, copy, &count, &at));
    assert_int_equal(count, 1);
    metrics->figures_version++; /* a writer that was killed in the middle */
    assert_false(metrics_figures_get(metrics, copy, &count, &at));
    metrics_figures_set(metrics, &figure, 1);
    assert_true(metrics_figures_get(metrics, copy, &count, &at));
}

static void all_is_well_and_it_is_called_wrong(void **state) {
    (void)state;
    int wrongs;
    metrics_set(GAUGE_POOL, 4);
    metrics_set(GAUGE_POOL_READY, 1);
    metrics_alive(10);
    const char *text = told(true, &wrongs);
    has(text, "worker                   2 of 2 run, 0 ended by themselves\n");
    has(text, "database                 1 of 4 connections ready, 0 calls open\n");
    assert_int_equal(wrongs, 0);
}

static void what_is_wrong_is_not_said(void **state) {
    (void)state;
    int wrongs;
    metrics->slots[1].pid = 0;
    has(told(true, &wrongs), "wrong: 1 worker of 2 down\n");
    assert_int_equal(wrongs, 1);
    metrics->slots[1].pid = 8;
    metrics->slots[1].alive_at = metrics_now() - 11;
    metrics->slots[1].alive_limit = 10;
    has(told(true, &wrongs), "wrong: worker 8 does not move since 11 s\n");
    metrics->slots[1].alive_at = 0;
    metrics_set(GAUGE_POOL, 4);
    has(told(true, &wrongs), "wrong: the database can't be reached\n");
    metrics_set(GAUGE_POOL_READY, 4);
    config.metrics_disk_least = 100;
    has(told(true, &wrongs), "wrong: the disk of / is nearly full\n");
    config.metrics_disk_least = 0;
    const struct metrics_figure figures[] = {{"jobs_late", "kota", "", "", 0}, {"jobs_late", "metro", "", "", 2}};
    metrics_figures_set(metrics, figures, 2);
    has(told(true, &wrongs), "wrong: metro: 2 jobs wait for more than 5 minutes\n");
    assert_int_equal(wrongs, 1);
    metrics->figures_at -= 300;
    has(told(true, &wrongs), "wrong: the office's work was last looked at 300 s ago\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_is_in_the_wrong_bucket, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_stranger_calls_a_method_becomes_a_label, setup, teardown),
        cmocka_unit_test_setup_teardown(a_label_breaks_out_of_its_quotes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_child_counts_is_not_seen_or_is_lost_when_it_dies, setup, teardown),
        cmocka_unit_test_setup_teardown(half_written_figures_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(all_is_well_and_it_is_called_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_not_said, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
