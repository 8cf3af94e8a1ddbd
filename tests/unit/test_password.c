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

static void a_stored_hash_stays_cheap_or_a_dear_one_is_made_cheap(void **state) {
    (void)state;
    char cheap[PASSWORD_HASH_BYTES], dear[PASSWORD_HASH_BYTES];
    password_cost(2, 19);
    assert_true(password_hash("kalimat khas saya", cheap));
    password_cost(3, 32);
    assert_true(password_hash("kalimat khas saya", dear));
    assert_true(password_needs_rehash(cheap));
    assert_false(password_needs_rehash(dear));
    password_cost(2, 64);
    assert_true(password_needs_rehash(dear)); /* less memory */
    password_cost(2, 19);
    assert_false(password_needs_rehash(dear));
    assert_true(password_verify(dear, "kalimat khas saya"));
    password_cost(2, 64);
}

static const char names[] = "rina.m Rina Marlina metro DPMPTSP Kota Metro";

static void a_weak_password_is_refused_beside_its_field(void **state) {
    (void)state;
    static const char *const weak[] = {"", "pendek", "aaaaaaaaaaaaaaaa", "\xff\xfe tidak sah sama sekali", "abcabcabcabcabc",
                                       "xkqzvwxkqzvw",
                                       /* that everybody tries, disguised */
                                       "PasswordPassword", "P4ssw0rd2026!", "p@$$w0rd1234", "*** Sayangku ***", "4dm1n1str4t0r",
                                       "Bismillah-2026", "1ndonesiaraya", "selamat.pagi", "!!letmein!!!",
                                       /* walks and sequences */
                                       "qwertyuiop12", "poiuytrewq!!", "1qaz2wsx3edc", "abcdefghijkl", "123456789012",
                                       "9876543210xy", "asdfghjkl;12345", "!@#$%^&*()_+",
                                       /* names */
                                       "RinaMarlina1", "marlina-rina-2026", "dpmptsp metro", "rina kota metro"};
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        struct error error = {0};
        if (password_check_rules(weak[i], names, &error) == LOKET_OK) fail_msg("taken: %s", weak[i]);
        assert_string_equal(error.field, "new_password");
        assert_true(error.message[0] != '\0');
    }
}

static void a_good_password_is_refused(void **state) {
    (void)state;
    static const char *const good[] = {
        "kuda kayu di loket", "rina suka es kelapa",     "tujuh belas 17 rambutan",       "kalimat khas saya",
        "xV9#tuLq2pWz",       "jembatan merah jam lima", "p\u00e9gawai b\u00e9rani tidur"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct error error = {0};
        if (password_check_rules(good[i], names, &error) != LOKET_OK) fail_msg("refused: %s: %s", good[i], error.message);
    }
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
        cmocka_unit_test(a_stored_hash_stays_cheap_or_a_dear_one_is_made_cheap),
        cmocka_unit_test(a_good_password_is_refused),
        cmocka_unit_test(a_weak_password_is_refused_beside_its_field),
        cmocka_unit_test(random_passwords_repeat_or_are_weak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
