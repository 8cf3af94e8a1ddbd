/* The server's configuration: which place wins, and what a mistake is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <server/config.h>

static char path[] = "/tmp/loket-config-XXXXXX";

static void file_is(const char *text) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static enum loket_error read_it(struct config *config, char *set, struct error *error) {
    char *sets[] = {set};
    *config = (struct config){0};
    return config_read(config, path, sets, set ? 1 : 0, error);
}

static void the_environment_beats_the_file_and_a_flag_beats_both(void **state) {
    (void)state;
    struct config config;
    struct error error;
    char set[] = "server.listen=127.0.0.1:3";
    file_is("[server]\nlisten = 127.0.0.1:1\nworkers = 3\n");
    assert_int_equal(read_it(&config, NULL, &error), LOKET_OK);
    assert_string_equal(config.listen, "127.0.0.1:1");
    assert_int_equal(config.workers, 3);
    config_free(&config);
    assert_int_equal(setenv("LOKET_SERVER_LISTEN", "127.0.0.1:2", 1), 0);
    assert_int_equal(read_it(&config, NULL, &error), LOKET_OK);
    assert_string_equal(config.listen, "127.0.0.1:2");
    config_free(&config);
    assert_int_equal(read_it(&config, set, &error), LOKET_OK);
    assert_string_equal(config.listen, "127.0.0.1:3");
    config_free(&config);
    assert_int_equal(unsetenv("LOKET_SERVER_LISTEN"), 0);
}

static void refused(const char *text, const char *field) {
    struct config config;
    struct error error;
    file_is(text);
    assert_int_not_equal(read_it(&config, NULL, &error), LOKET_OK);
    assert_non_null(strstr(error.field, field));
    config_free(&config);
}

static void a_mistake_names_its_setting(void **state) {
    (void)state;
    refused("[server]\nworkers = many\n", "workers");
    refused("[server]\nworkers = 0\n", "workers");
    refused("[server]\nworkers = 65\n", "workers");
    refused("[auth]\nopslimit = 1\n", "opslimit"); /* below OWASP's least */
    refused("[auth]\nmemlimit = 18\n", "memlimit");
    refused("[server]\ncolour = blue\n", "colour");
    refused("[kitchen]\nlisten = 1\n", "kitchen");
}

static void a_file_that_is_not_there_is_told(void **state) {
    (void)state;
    struct config config = {0};
    struct error error;
    assert_int_not_equal(config_read(&config, "/nonexistent/loketd.ini", NULL, 0, &error), LOKET_OK);
    assert_string_equal(error.argument, "/nonexistent/loketd.ini");
    config_free(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_beats_the_file_and_a_flag_beats_both),
        cmocka_unit_test(a_mistake_names_its_setting),
        cmocka_unit_test(a_file_that_is_not_there_is_told),
    };
    int file = mkstemp(path);
    if (file < 0) return 1;
    (void)close(file);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    return failed;
}
