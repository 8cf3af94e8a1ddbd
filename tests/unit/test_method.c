/* The method table: a row that can't be found, or that asks for nobody's role, is a hole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <loket/limits.h>
#include <server/api/method.h>
#include <string.h>

static void every_row_is_whole_and_found_by_its_name(void **state) {
    (void)state;
    size_t count;
    const struct method *const *rows = method_all(&count);
    assert_true(count >= 35);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(method_find(rows[i]->name), rows[i]);
        assert_true(strlen(rows[i]->name) <= LIMIT_METHOD_BYTES);
        assert_non_null(strchr(rows[i]->name, '.'));
        assert_non_null(rows[i]->request);
        assert_non_null(rows[i]->reply);
        assert_int_equal(rows[i]->kind == METHOD_PUBLIC, rows[i]->roles == 0);
        if (i) assert_true(strcmp(rows[i - 1]->name, rows[i]->name) < 0);
    }
    assert_null(method_find("intake"));
    assert_null(method_find(""));
}

static void an_admin_has_no_step_of_an_application(void **state) {
    (void)state;
    static const char *const theirs[] = {"auth.", "session.", "admin.", "audit.", "queue.list", "absence.", "catalogue.units",
                                         "catalogue.calendar", "calendar.", "rules.",
                                         /* whether the mail arrives is theirs; whom it goes to is masked */
                                         "notice."};
    size_t count;
    const struct method *const *rows = method_all(&count);
    for (size_t i = 0; i < count; i++) {
        bool allowed = false;
        for (size_t j = 0; j < sizeof theirs / sizeof theirs[0]; j++)
            allowed |= strncmp(rows[i]->name, theirs[j], strlen(theirs[j])) == 0;
        if (rows[i]->roles & ROLE_ADMIN) assert_true(allowed);
    }
}

static void roles_have_one_name_each(void **state) {
    (void)state;
    for (uint32_t role = 1; role & ROLE_EVERYONE; role <<= 1) assert_int_equal(role_bit(role_name(role)), role);
    assert_null(role_name(1u << ROLE_COUNT));
    assert_int_equal(role_bit("mayor"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole_and_found_by_its_name),
        cmocka_unit_test(an_admin_has_no_step_of_an_application),
        cmocka_unit_test(roles_have_one_name_each),
    };
    return cmocka_run_group_tests_name("method", tests, NULL, NULL);
}
