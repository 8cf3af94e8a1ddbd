/* Tickets of TLS: every worker makes the same keys without a word to the others, and no later secret makes an earlier key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <server/ticket_secret.h>
#include <string.h>

static void keys_are_alike(const struct ticket_secret *one, const struct ticket_secret *other, bool alike) {
    unsigned char of_one[TICKET_KEY_BYTES], of_other[TICKET_KEY_BYTES];
    ticket_secret_keys(one, of_one);
    ticket_secret_keys(other, of_other);
    assert_int_equal(memcmp(of_one, of_other, TICKET_KEY_BYTES) == 0, alike);
}

static void two_workers_make_other_keys_of_one_secret(void **state) {
    (void)state;
    struct ticket_secret often, seldom;
    assert_true(ticket_secret_new(&often, 1000));
    seldom = often;
    for (time_t now = 1000; now < 1000 + 5 * TICKET_SECRET_PERIOD; now += 600) (void)ticket_secret_advance(&often, now);
    assert_true(ticket_secret_advance(&seldom, 1000 + 5 * TICKET_SECRET_PERIOD - 1));
    keys_are_alike(&often, &seldom, true);
    assert_int_equal(often.begun_at, seldom.begun_at);
}

static void a_period_keeps_the_keys_of_the_one_before(void **state) {
    (void)state;
    struct ticket_secret before, after;
    assert_true(ticket_secret_new(&before, 0));
    after = before;
    assert_false(ticket_secret_advance(&after, TICKET_SECRET_PERIOD - 1));
    keys_are_alike(&before, &after, true);
    assert_true(ticket_secret_advance(&after, TICKET_SECRET_PERIOD));
    assert_false(ticket_secret_advance(&after, TICKET_SECRET_PERIOD));
    keys_are_alike(&before, &after, false);
    assert_memory_not_equal(before.bytes, after.bytes, TICKET_SECRET_BYTES);
}

static void keys_show_the_secret_or_each_other(void **state) {
    (void)state;
    struct ticket_secret secret, another;
    unsigned char keys[TICKET_KEY_BYTES];
    assert_true(ticket_secret_new(&secret, 0) && ticket_secret_new(&another, 0));
    keys_are_alike(&secret, &another, false);
    ticket_secret_keys(&secret, keys);
    assert_memory_not_equal(keys, secret.bytes, TICKET_SECRET_BYTES);
    assert_memory_not_equal(keys, keys + TICKET_SECRET_BYTES, TICKET_KEY_BYTES - TICKET_SECRET_BYTES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_workers_make_other_keys_of_one_secret),
        cmocka_unit_test(a_period_keeps_the_keys_of_the_one_before),
        cmocka_unit_test(keys_show_the_secret_or_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
