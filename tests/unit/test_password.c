/* Passwords: what is hashed verifies, nothing else does, and weak ones are refused with the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <server/password.h>

static void a_password_verifies_only_against_its_own_hash(void **state) {
    (void)state;
    char hash[PASSWORD_HASH_BYTES], other[PASSWORD_HASH_BYTES];
    assert_true(password_hash("kalimat khas saya", hash));
    assert_true(password_hash("kalimat khas saya", other));
    assert_string_not_equal(hash, other); /* each has its salt */
    assert_non_null(strstr(hash, "$argon2id$"));
    assert_true(password_verify(hash, "kalimat khas saya"));
    assert_false(password_verify(hash, "kalimat khas anda"));
    assert_false(password_verify(hash, ""));
    assert_false(password_verify(NULL, "kalimat khas saya"));
    assert_false(password_needs_rehash(hash));
}

static void a_weak_password_is_refused_beside_its_field(void **state) {
    (void)state;
    static const char *const weak[] = {
        "", "pendek", "aaaaaaaaaaaaaaaa", "rinamarlina1", "rinamarlina1rinamarlina1", "\xff\xfe tidak sah sama sekali"};
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        struct error error = {0};
        assert_int_not_equal(password_check_rules(weak[i], "rinamarlina1", &error), LOKET_OK);
        assert_string_equal(error.field, "new_password");
        assert_true(error.message[0] != '\0');
    }
    struct error error;
    assert_int_equal(password_check_rules("kuda kayu di loket", "rina", &error), LOKET_OK);
}

static void random_passwords_repeat_or_are_weak(void **state) {
    (void)state;
    char one[PASSWORD_RANDOM_BYTES], two[PASSWORD_RANDOM_BYTES];
    struct error error;
    password_random(one);
    password_random(two);
    assert_string_not_equal(one, two);
    assert_int_equal(strlen(one), PASSWORD_RANDOM_BYTES - 2);
    assert_int_equal(password_check_rules(one, "rina", &error), LOKET_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_verifies_only_against_its_own_hash),
        cmocka_unit_test(a_weak_password_is_refused_beside_its_field),
        cmocka_unit_test(random_passwords_repeat_or_are_weak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
