/* The bank's file: what is read is what the bank wrote, and every mistake is told with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/entry/bank_file.h>

#define HEADER "date;reference;amount;description\n"
#define TODAY  "2026-11-24"

static void an_amount_is_read_as_another(void **state) {
    static const struct {
        const char *text;
        int64_t amount;
    } cases[] = {
        {"1", 1},
        {"1250000", 1250000},
        {"1.250.000", 1250000},
        {"1250000,00", 1250000},
        {"1.250.000,00", 1250000},
        {"12,0", 12},
        {"1000000000000", 1000000000000},
        {"", -1},
        {"0", -1},
        {"-5", -1},
        {"1,5", -1},
        {"1.25", -1},
        {"1.2500.000", -1},
        {".250", -1},
        {"1250.000", -1},
        {"1.250.", -1},
        {"1000000000001", -1},
        {"99999999999999999999", -1},
        {"1e6", -1},
        {"Rp 5", -1},
        {"5,00,00", -1},
        {"1 000", -1},
        {"1.250.000.00", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) assert_int_equal(bank_amount(cases[i].text), cases[i].amount);
}

static void a_good_file_loses_a_payment(void **state) {
    static const char text[] = "\xEF\xBB\xBFTanggal,Referensi,Jumlah,Keterangan\r\n"
                               "2026-11-24,001 26.000013-38,\"1250000,00\",\"TRF \"\"Jaya\"\", Metro\"\r\n"
                               "\r\n"
                               "23/11/2026 , 0012600001338 ,1.000\r\n"
                               "01-02-2026,A1,7,";
    struct bank_file file = {0};
    (void)state;
    assert_true(bank_file_read(&file, text, sizeof text - 1, TODAY));
    assert_int_equal(file.row_count, 3);
    assert_int_equal(file.rows[0].line, 2);
    assert_string_equal(file.rows[0].reference, "0012600001338");
    assert_int_equal(file.rows[0].amount, 1250000);
    assert_string_equal(file.rows[0].description, "TRF \"Jaya\", Metro");
    assert_int_equal(file.rows[1].line, 4);
    assert_string_equal(file.rows[1].paid_on, "2026-11-23");
    assert_string_equal(file.rows[1].reference, "0012600001338");
    assert_string_equal(file.rows[2].paid_on, "2026-02-01");
    bank_file_free(&file);
}

static void a_mistake_is_passed_over_or_told_elsewhere(void **state) {
    static const struct {
        const char *text;
        int line;
        const char *message;
    } cases[] = {
        {"", 0, "The file has no payments"},
        {HEADER, 0, "The file has no payments"},
        {"2026-11-24;1;5;x\n", 1, "The first line must be the header"},
        {"date;amount;reference;description\n", 1, "The first line must be the header"},
        {"date|reference|amount|description\n", 1, "The first line must be the header"},
        {HEADER "2026-11-24;1\n", 2, "This line does not have the columns"},
        {HEADER "2026-11-24;1;5;x;y\n", 2, "This line does not have the columns"},
        {HEADER "2026-11-24;1;5;\"x\n", 2, "A quotation mark is not closed"},
        {HEADER "2026-11-24;1;5;\"x\"y\n", 2, "A quotation mark is not closed"},
        {HEADER "2026-02-29;1;5;x\n", 2, "\"%s\" is not a day"},
        {HEADER "24/13/2026;1;5;x\n", 2, "\"%s\" is not a day"},
        {HEADER "24 Nov 2026;1;5;x\n", 2, "\"%s\" is not a day"},
        {HEADER "2026-11-25;1;5;x\n", 2, "The day %s is still to come"},
        {HEADER "2026-11-24;;5;x\n", 2, "\"%s\" is not a payment reference"},
        {HEADER "2026-11-24;1' or 1;5;x\n", 2, "\"%s\" is not a payment reference"},
        {HEADER "2026-11-24;12345678901234567890123456789012345678901;5;x\n", 2, "\"%s\" is not a payment reference"},
        {HEADER "2026-11-24;1;five;x\n", 2, "\"%s\" is not an amount"},
        {HEADER "2026-11-24;1;5,50;x\n", 2, "\"%s\" is not an amount"},
        {HEADER "\n\n2026-11-24;1;5;\xFF\n", 4, "This line is not text"},
        {HEADER "2026-11-24;1;5;\xC0\xAF\n", 2, "This line is not text"},
        {HEADER "2026-11-24;1;5;\x1B[2J\n", 2, "This line is not text"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bank_file file = {0};
        assert_false(bank_file_read(&file, cases[i].text, strlen(cases[i].text), TODAY));
        assert_int_equal(file.mistake_count, 1);
        assert_int_equal(file.mistakes[0].line, cases[i].line);
        assert_memory_equal(file.mistakes[0].message, cases[i].message, strlen(cases[i].message));
        bank_file_free(&file);
    }
}

static void only_the_first_mistake_is_told(void **state) {
    static const char text[] = HEADER "x;1;5;a\n2026-11-24;1;5;a\ny;!;z;a\n";
    struct bank_file file = {0};
    (void)state;
    assert_false(bank_file_read(&file, text, sizeof text - 1, TODAY));
    assert_int_equal(file.mistake_count, 4);
    assert_int_equal(file.mistakes[0].line, 2);
    for (size_t i = 1; i < 4; i++) assert_int_equal(file.mistakes[i].line, 4);
    bank_file_free(&file);
}

/* `count` lines of payments behind a header. */
static bool lines(size_t count, const char *line, struct bank_file *file) {
    size_t size = strlen(HEADER) + count * strlen(line);
    char *text = malloc(size + 1), *at = text;
    assert_non_null(text);
    at = stpcpy(at, HEADER);
    for (size_t i = 0; i < count; i++) at = stpcpy(at, line);
    bool good = bank_file_read(file, text, size, TODAY);
    free(text);
    return good;
}

static void a_file_without_end_is_read_to_its_end(void **state) {
    struct bank_file file = {0};
    (void)state;
    assert_true(lines(BANK_FILE_ROWS, "2026-11-24;1;5;x\n", &file));
    assert_int_equal(file.row_count, BANK_FILE_ROWS);
    bank_file_free(&file);
    assert_false(lines(BANK_FILE_ROWS + 1, "2026-11-24;1;5;x\n", &file));
    assert_int_equal(file.mistakes[0].line, BANK_FILE_ROWS + 2);
    bank_file_free(&file);
    assert_false(lines(BANK_FILE_ROWS, "x;1;5;x\n", &file));
    assert_int_equal(file.mistake_count, BANK_FILE_MISTAKES);
    bank_file_free(&file);
    assert_false(lines(70000, "2026-11-24;1;5;x\n", &file));
    assert_string_equal(file.mistakes[0].message, "The file is larger than 1 MiB");
    bank_file_free(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amount_is_read_as_another),
        cmocka_unit_test(a_good_file_loses_a_payment),
        cmocka_unit_test(a_mistake_is_passed_over_or_told_elsewhere),
        cmocka_unit_test(only_the_first_mistake_is_told),
        cmocka_unit_test(a_file_without_end_is_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
