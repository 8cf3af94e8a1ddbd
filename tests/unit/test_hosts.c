/* Several servers of one database: how they get into a connection string, and how far behind a standby is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libpq-fe.h>
#include <server/config.h>
#include <server/db/hosts.h>
#include <server/standby.h>

/* What libpq itself understands of the string. */
static void understood(const char *conninfo, const char *keyword, const char *value) {
    char *problem = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &problem);
    if (!options) fail_msg("%s: %s", conninfo, problem);
    for (PQconninfoOption *option = options; option->keyword; option++) {
        if (strcmp(option->keyword, keyword) != 0) continue;
        if (value) assert_string_equal(option->val, value);
        else assert_null(option->val);
    }
    PQconninfoFree(options);
}

static void a_host_is_left_out_or_gets_another_s_port(void **state) {
    (void)state;
    char *made = hosts_conninfo("host=old dbname=loket user=u", "a,b:5433,[::1]:5434,/run/pg", "read-write", 0);
    assert_non_null(made);
    understood(made, "host", "a,b,::1,/run/pg");
    understood(made, "port", ",5433,5434,");
    understood(made, "dbname", "loket");
    understood(made, "target_session_attrs", "read-write");
    free(made);
    made = hosts_conninfo("port=5599 dbname=loket", "a,b", "standby", 0);
    understood(made, "port", "5599");
    understood(made, "host", "a,b");
    understood(made, "target_session_attrs", "standby");
    free(made);
}

static void a_host_that_does_not_answer_is_always_asked_first(void **state) {
    (void)state;
    char *made = hosts_conninfo("dbname=x", "a:1,b:2,c:3", "read-write", 0);
    char *turned = hosts_turned(made, "a:1,b:2,c:3", 4);
    understood(turned, "host", "b,c,a");
    understood(turned, "port", "2,3,1");
    understood(turned, "target_session_attrs", "read-write");
    free(made);
    free(turned);
    assert_null(hosts_turned("dbname=x", "", 1));
}

static void what_is_no_list_of_hosts_reaches_libpq(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "", "a,", ",b", "a'b", "a b", "a:port", "a:", "a:1234567", "a:1x", "[::1", "[::1]x", ":5432", "a\\,b", "a,b\nc"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *made = hosts_conninfo("dbname=x", wrong[i], "read-write", 0);
        if (made) fail_msg("taken: %s", wrong[i]);
    }
    assert_null(hosts_conninfo("postgresql://db/loket", "a,b", "read-write", 0));
}

static void a_setting_is_not_applied_to_every_role(void **state) {
    (void)state;
    struct config config = {0};
    struct error error;
    char hosts[] = "database.hosts=a,b";
    char *sets[] = {hosts};
    assert_int_equal(config_read(&config, NULL, sets, 1, &error), LOKET_OK);
    const char *const strings[] = {config.database_worker, config.database_auth, config.database_job, config.database_owner};
    for (size_t i = 0; i < 4; i++) understood(strings[i], "target_session_attrs", "read-write");
    understood(config.database_standby, "target_session_attrs", "standby");
    understood(config.database_standby, "user", "loket_worker");
    config_free(&config);
    char one[] = "database.hosts=a";
    sets[0] = one;
    assert_int_equal(config_read(&config, NULL, sets, 1, &error), LOKET_OK);
    assert_null(config.database_standby);
    config_free(&config);
    char bad[] = "database.hosts=a b";
    sets[0] = bad;
    assert_int_equal(config_read(&config, NULL, sets, 1, &error), LOKET_INVALID);
    assert_string_equal(error.field, "database.hosts");
    config_free(&config);
}

static void a_standby_that_is_behind_is_taken_for_near(void **state) {
    (void)state;
    const struct standby_sample samples[] = {{1000, 10}, {2000, 20}, {3000, 20}, {4000, 30}};
    assert_int_equal(standby_lag_ms(samples, 4, 30, 5000), 0);
    assert_int_equal(standby_lag_ms(samples, 4, 31, 5000), 0);
    assert_int_equal(standby_lag_ms(samples, 4, 25, 5000), 1000);
    assert_int_equal(standby_lag_ms(samples, 4, 15, 5000), 3000); /* what was written at 2000 is not there */
    assert_int_equal(standby_lag_ms(samples, 4, 1, 5000), 4000);
    assert_int_equal(standby_lag_ms(samples, 0, 1, 5000), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_left_out_or_gets_another_s_port),
        cmocka_unit_test(a_host_that_does_not_answer_is_always_asked_first),
        cmocka_unit_test(what_is_no_list_of_hosts_reaches_libpq),
        cmocka_unit_test(a_setting_is_not_applied_to_every_role),
        cmocka_unit_test(a_standby_that_is_behind_is_taken_for_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
