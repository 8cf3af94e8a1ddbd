/* One-time codes: those of RFC 6238, once each, and secrets that nobody opens without the key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <server/one_time_code.h>

/* RFC 6238, appendix B, SHA-1: the last six of the eight digits. */
static void a_telephone_s_code_is_not_ours(void **state) {
    (void)state;
    static const struct {
        time_t at;
        const char *code;
    } rows[] = {{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"}, {1234567890, "005924"}, {2000000000, "279037"}};
    const uint8_t *secret = (const uint8_t *)"12345678901234567890";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(code_step(secret, rows[i].code, rows[i].at), rows[i].at / CODE_STEP_SECONDS);
}

static void a_code_of_another_time_is_taken(void **state) {
    (void)state;
    const uint8_t *secret = (const uint8_t *)"12345678901234567890";
    assert_int_equal(code_step(secret, "287 082", 59 + 30), 1); /* a slow telephone */
    assert_int_equal(code_step(secret, "287082", 59 - 30), 1);  /* a fast one */
    assert_int_equal(code_step(secret, "287082", 59 + 61), -1);
    static const char *const none[] = {"", "28708", "2870822", "28708a", "287083", "-87082"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) assert_int_equal(code_step(secret, none[i], 59), -1);
}

static void a_sealed_secret_is_opened_without_its_key_or_changed(void **state) {
    (void)state;
    char path[] = "/tmp/loket-test-key.XXXXXX";
    uint8_t key[CODE_KEY_BYTES], other[CODE_KEY_BYTES], secret[CODE_SECRET_BYTES], opened[CODE_SECRET_BYTES],
        sealed[CODE_SEALED_BYTES];
    struct error error;
    close(mkstemp(path));
    assert_int_equal(code_key_make(path, &error), LOKET_DUPLICATE);
    assert_int_equal(code_key_read(path, key, &error), LOKET_INVALID); /* empty */
    unlink(path);
    assert_int_equal(code_key_read(path, key, &error), LOKET_INVALID); /* not there */
    assert_int_equal(code_key_make(path, &error), LOKET_OK);
    assert_int_equal(code_key_read(path, key, &error), LOKET_OK);
    chmod(path, 0640);
    assert_int_equal(code_key_read(path, other, &error), LOKET_INVALID); /* others may read it */
    unlink(path);
    code_secret_new(secret);
    code_seal(key, secret, sealed);
    assert_true(code_unseal(key, sealed, sizeof sealed, opened));
    assert_memory_equal(secret, opened, sizeof secret);
    assert_false(code_unseal(key, sealed, sizeof sealed - 1, opened));
    memset(other, 7, sizeof other);
    assert_false(code_unseal(other, sealed, sizeof sealed, opened));
    sealed[CODE_SEALED_BYTES - 1] ^= 1;
    assert_false(code_unseal(key, sealed, sizeof sealed, opened));
}

static void a_secret_is_written_as_no_telephone_reads_it(void **state) {
    (void)state;
    char text[CODE_BASE32_BYTES];
    code_base32((const uint8_t *)"12345678901234567890", text);
    assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

static void a_recovery_code_depends_on_how_it_is_typed(void **state) {
    (void)state;
    char code[RECOVERY_CODE_BYTES], again[RECOVERY_CODE_BYTES];
    uint8_t key[CODE_KEY_BYTES] = {1}, other[CODE_KEY_BYTES] = {2}, a[RECOVERY_HASH_BYTES], b[RECOVERY_HASH_BYTES];
    recovery_code_new(code);
    recovery_code_new(again);
    assert_string_not_equal(code, again);
    recovery_code_hash(key, "k7mt-p3xw-9dhc", a);
    recovery_code_hash(key, " K7MT p3xw9dhc", b);
    assert_memory_equal(a, b, sizeof a);
    recovery_code_hash(other, "k7mt-p3xw-9dhc", b);
    assert_memory_not_equal(a, b, sizeof a);
    recovery_code_hash(key, "k7mt-p3xw-9dhd", b);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_telephone_s_code_is_not_ours),
        cmocka_unit_test(a_code_of_another_time_is_taken),
        cmocka_unit_test(a_sealed_secret_is_opened_without_its_key_or_changed),
        cmocka_unit_test(a_secret_is_written_as_no_telephone_reads_it),
        cmocka_unit_test(a_recovery_code_depends_on_how_it_is_typed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
