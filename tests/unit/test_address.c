/* Who keeps an office from working by connecting, and who is mistaken for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <server/address.h>
#include <stdio.h>
#include <string.h>

static struct addresses addresses;
static struct config config = {.clients_per_address = 10, .connections_per_minute = 60};

static struct address *of(const char *text) {
    struct sockaddr_storage from = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&from;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&from;
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) from.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) from.ss_family = AF_INET6;
    assert_int_not_equal(from.ss_family, 0);
    return address_of(&addresses, (struct sockaddr *)&from);
}

static int set_up(void **state) {
    (void)state;
    memset(&addresses, 0, sizeof addresses);
    return addresses_init(&addresses) ? 0 : -1;
}

static void an_address_holds_more_than_its_share(void **state) {
    (void)state;
    struct address *from = of("192.0.2.1");
    for (int i = 0; i < 10; i++) assert_true(address_admit(from, &config, 1000));
    assert_false(address_admit(from, &config, 1000));
    assert_false(address_admit(from, &config, 5000)); /* they are still open */
    assert_int_equal(from->open, 10);
}

static void connections_that_come_and_go_are_not_counted(void **state) {
    (void)state;
    struct address *from = of("192.0.2.2");
    int admitted = 0;
    for (int i = 0; i < 100; i++)
        if (address_admit(from, &config, 1000)) {
            admitted++;
            from->open--;
        }
    assert_int_equal(admitted, 10);
    assert_true(address_admit(from, &config, 1001)); /* one in a second is 60 in a minute */
    from->open--;
    assert_false(address_admit(from, &config, 1001));
}

static void an_office_that_comes_back_after_a_night_is_refused(void **state) {
    (void)state;
    struct address *from = of("192.0.2.3");
    while (address_admit(from, &config, 1000)) continue;
    from->open = 0;
    for (int i = 0; i < 10; i++) assert_true(address_admit(from, &config, 1000 + 36000));
}

static void a_network_of_ipv6_is_as_many_strangers_as_it_has_addresses(void **state) {
    (void)state;
    assert_ptr_equal(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
    int other = 0;
    for (int i = 1; i < 100; i++) {
        char text[40];
        (void)snprintf(text, sizeof text, "2001:db8:1:%x::1", i + 2);
        other += of(text) != of("2001:db8:1:2::1");
    }
    assert_true(other > 90);
}

static void somebody_finds_an_address_that_shares_the_office_s_place(void **state) {
    (void)state;
    /* what is found on one server is of no use on another, or on this one after a reload */
    struct address *before = of("192.0.2.1");
    int moved = 0;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(set_up(NULL), 0);
        moved += of("192.0.2.1") != before;
    }
    assert_true(moved > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_address_holds_more_than_its_share, set_up),
        cmocka_unit_test_setup(connections_that_come_and_go_are_not_counted, set_up),
        cmocka_unit_test_setup(an_office_that_comes_back_after_a_night_is_refused, set_up),
        cmocka_unit_test_setup(a_network_of_ipv6_is_as_many_strangers_as_it_has_addresses, set_up),
        cmocka_unit_test_setup(somebody_finds_an_address_that_shares_the_office_s_place, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
