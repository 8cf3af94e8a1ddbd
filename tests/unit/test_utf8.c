/* Texts of strangers on the way to a terminal or a log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <server/log.h>
#include <server/utf8.h>
#include <stdio.h>
#include <string.h>
#include <tui/ui/text.h>
#include <unistd.h>

static const struct {
    const char *text, *server, *client;
} cases[] = {
    {"Sari Wulandari", "Sari Wulandari", "Sari Wulandari"},
    {"caf\u00e9 \u65e5", "caf\u00e9 \u65e5", "caf\u00e9 \u65e5"},
    {"\033]0;owned\007x", "?]0;owned?x", "\u00b7]0;owned\u00b7x"},
    {"\xc2\x9b"
     "31mred",
     "??31mred", "\u00b731mred"}, /* CSI as one character */
    {"a\x9b"
     "31m",
     "a?31m",
     "a\u00b7"
     "31m"}, /* and as one byte */
    {"line\r\nline", "line??line", "line\u00b7\u00b7line"},
    {"exe.\u202efdp", "exe.?fdp",
     "exe.\u00b7"
     "fdp"}, /* turned round it reads as .pdf */
    {"\x7f\xc3", "??", "\u00b7\u00b7"},
    {"", "", ""},
};

static void a_stored_text_commands_a_terminal(void **state) {
    (void)state;
    char out[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        utf8_plain(cases[i].text, out, sizeof out);
        assert_string_equal(out, cases[i].server);
        text_plain(cases[i].text, out, sizeof out);
        assert_string_equal(out, cases[i].client);
    }
}

static void a_long_text_is_cut_within_a_character(void **state) {
    (void)state;
    char out[5];
    utf8_plain("ab\u65e5\u65e5", out, sizeof out);
    assert_string_equal(out, "ab");
    text_plain("ab\u65e5\u65e5", out, sizeof out);
    assert_string_equal(out, "ab");
    utf8_plain("a\u65e5\u65e5", out, sizeof out);
    assert_string_equal(out, "a\u65e5");
}

static void a_stored_text_commands_the_terminal_of_who_reads_the_log(void **state) {
    (void)state;
    char line[512] = "";
    int ends[2], before = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    (void)log_setup("test", "info");
    log_info("x", "user",
             "\033[2J\xc2\x9b"
             "2J\n level=error",
             "good", "\u00e9");
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before);
    (void)close(ends[1]);
    assert_true(read(ends[0], line, sizeof line - 1) > 0);
    (void)close(ends[0]);
    assert_null(strchr(line, 0x9b - 256));
    assert_non_null(strstr(line, "user=\"\\x1b[2J\\xc2"));
    assert_null(strchr(line, '\033'));
    assert_null(strstr(line, "\xc2\x9b"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_non_null(strstr(line, "\u00e9"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stored_text_commands_a_terminal),
        cmocka_unit_test(a_long_text_is_cut_within_a_character),
        cmocka_unit_test(a_stored_text_commands_the_terminal_of_who_reads_the_log),
    };
    if (!setlocale(LC_ALL, "C.UTF-8")) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
