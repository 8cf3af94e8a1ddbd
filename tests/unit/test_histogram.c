/* The quantiles that `make bench` reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* no library of the program holds it: it belongs to the load */
#include <tests/bench/histogram.c>

static void a_quantile_is_off_by_more_than_its_bin(void **state) {
    (void)state;
    static struct histogram histogram;
    for (uint64_t value = 1; value <= 100000; value++) histogram_add(&histogram, value);
    static const double shares[] = {0.01, 0.5, 0.95, 0.99};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        double wanted = shares[i] * 100000, told = (double)histogram_quantile(&histogram, shares[i]);
        assert_true(told >= wanted && told <= wanted * (1 + 1.0 / STEPS) + 1);
    }
}

static void the_slowest_is_lost_among_many(void **state) {
    (void)state;
    static struct histogram histogram;
    for (int i = 0; i < 99; i++) histogram_add(&histogram, 10);
    histogram_add(&histogram, 5000000);
    assert_int_equal(histogram_quantile(&histogram, 0.5), 10);
    assert_true(histogram_quantile(&histogram, 1.0) >= 5000000);
}

static void an_empty_or_endless_time_breaks_it(void **state) {
    (void)state;
    static struct histogram histogram;
    assert_int_equal(histogram_quantile(&histogram, 0.99), 0);
    histogram_add(&histogram, UINT64_MAX);
    assert_true(histogram_quantile(&histogram, 0.99) > 1000000000u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quantile_is_off_by_more_than_its_bin),
        cmocka_unit_test(the_slowest_is_lost_among_many),
        cmocka_unit_test(an_empty_or_endless_time_breaks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
