/* What is typed at the counter: identity numbers, dates, working days. Each row is a mistake that somebody makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <stdlib.h>
#include <tui/entry/coordinates.h>
#include <tui/entry/date_entry.h>
#include <tui/entry/identity_number.h>
#include <tui/entry/table_text.h>

static void a_wrong_nik_is_told_at_once(void **state) {
    (void)state;
    static const struct {
        const char *nik, *wrong, *birth_on;
        char gender;
    } rows[] = {
        {"1872014503900001", NULL, "1990-03-05", 'f'},
        {"1872010503900001", NULL, "1990-03-05", 'm'},
        {"1872012902000003", NULL, "2000-02-29", 'm'},
        {"1872012902040003", NULL, "2004-02-29", 'm'},
        {"1872016902960003", NULL, "1996-02-29", 'f'},
        {"1872012902010003", "The birth date in this NIK does not exist", NULL, 0},
        {"187201050390000", "A NIK has 16 digits", NULL, 0},
        {"18720105039000012", "A NIK has 16 digits", NULL, 0},
        {"18720105O3900001", "A NIK has 16 digits", NULL, 0},
        {"0172010503900001", "The region in this NIK does not exist", NULL, 0},
        {"1800010503900001", "The region in this NIK does not exist", NULL, 0},
        {"1872000503900001", "The region in this NIK does not exist", NULL, 0},
        {"1872013204900001", "The birth date in this NIK does not exist", NULL, 0},
        {"1872013104900001", "The birth date in this NIK does not exist", NULL, 0},
        {"1872017304900001", "The birth date in this NIK does not exist", NULL, 0},
        {"1872010013900001", "The birth date in this NIK does not exist", NULL, 0},
        {"1872010503900000", "The last four digits of a NIK are not 0000", NULL, 0},
        {"", "A NIK has 16 digits", NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nik_facts facts;
        const char *wrong = nik_check(rows[i].nik, 2026, &facts);
        if (rows[i].wrong) {
            assert_non_null(wrong);
            assert_string_equal(wrong, rows[i].wrong);
            continue;
        }
        assert_null(wrong);
        assert_string_equal(facts.birth_on, rows[i].birth_on);
        assert_int_equal(facts.gender, rows[i].gender);
    }
}

static void an_npwp_is_checked_by_its_ninth_digit(void **state) {
    (void)state;
    char digits[17];
    assert_null(npwp_check("01.234.567.4-321.000", digits));
    assert_string_equal(digits, "012345674321000");
    assert_null(npwp_check("0012345674321000", digits));
    assert_null(npwp_check("1872010503900001", digits));
    assert_non_null(npwp_check("01.234.567.5-321.000", digits));
    assert_non_null(npwp_check("000000000000000", digits));
    assert_non_null(npwp_check("01234567432100", digits));
    assert_non_null(npwp_check("01234567432100000", digits));
    assert_non_null(npwp_check("01234567432100x", digits));
}

static void other_numbers_are_checked(void **state) {
    (void)state;
    assert_null(nib_check("9120001234567"));
    assert_non_null(nib_check("912000123456"));
    assert_non_null(nib_check("91200012345678"));
    assert_null(phone_check("+62 812-3456-789"));
    assert_non_null(phone_check("0812"));
    assert_non_null(phone_check("nomor saya"));
    assert_null(email_check("sari@metro.go.id"));
    assert_non_null(email_check("sari@metro"));
    assert_non_null(email_check("@metro.go.id"));
    assert_non_null(email_check("sari@metro.go.id "));
    assert_non_null(email_check("sari@@metro.go.id"));
    assert_non_null(email_check("sari@metro."));
}

static const char *const holidays[] = {"2026-12-24", "2026-12-25", "2027-01-01"};
static const struct calendar calendar = {0x60, holidays, 3};

static void dates_are_read_as_people_type_them(void **state) {
    (void)state;
    static const struct {
        const char *typed, *iso; /* NULL: refused */
    } rows[] = {
        {"24", "2026-11-24"},
        {"23", "2026-12-23"},
        {"24/11", "2026-11-24"},
        {"23/11", "2027-11-23"},
        {"24-11-2026", "2026-11-24"},
        {"24 Nov 2026", "2026-11-24"},
        {"1 Des", "2026-12-01"},
        {"1 dec 27", "2027-12-01"},
        {"17 Agustus", "2027-08-17"},
        {"2026-11-24", "2026-11-24"},
        {"+0", "2026-11-24"},
        {"+3", "2026-11-27"},
        {"+3k", "2026-11-27"},
        {"+4k", "2026-11-30"},
        {"hari ini", "2026-11-24"},
        {"besok", "2026-11-25"},
        {"Today", "2026-11-24"},
        {"31", "2026-12-31"},
        {"29/2", "2028-02-29"},
        {" 24 ", "2026-11-24"},
        {"30/2", NULL},
        {"32", NULL},
        {"24/13", NULL},
        {"0", NULL},
        {"29-2-2027", NULL},
        {"2026-02-30", NULL},
        {"abc", NULL},
        {"24/11/2026/1", NULL},
        {"+", NULL},
        {"+1001", NULL},
        {"+3x", NULL},
        {"99999", NULL},
        {"", NULL},
    };
    long today = day_from_iso("2026-11-24");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char iso[11] = "";
        const char *wrong = date_read(rows[i].typed, today, &calendar, iso);
        if (rows[i].iso) {
            if (wrong) fail_msg("%s: %s", rows[i].typed, wrong);
            assert_string_equal(iso, rows[i].iso);
        } else if (!wrong) {
            fail_msg("%s was taken for %s", rows[i].typed, iso);
        }
    }
}

static void working_days_leave_out_weekends_and_holidays(void **state) {
    (void)state;
    static const struct {
        const char *from;
        int days;
        const char *until;
    } rows[] = {
        {"2026-11-24", 3, "2026-11-27"}, {"2026-11-27", 1, "2026-11-30"}, {"2026-11-28", 1, "2026-11-30"},
        {"2026-12-23", 1, "2026-12-28"}, {"2026-12-31", 1, "2027-01-04"}, {"2026-11-24", 0, "2026-11-24"},
        {"2028-02-28", 1, "2028-02-29"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char iso[11];
        long from = day_from_iso(rows[i].from), until = workday_add(&calendar, from, rows[i].days);
        day_to_iso(until, iso);
        assert_string_equal(iso, rows[i].until);
        assert_int_equal(workday_between(&calendar, from, until), rows[i].days);
        assert_int_equal(workday_between(&calendar, until, from), -rows[i].days);
    }
    static const struct calendar never = {0x7f, NULL, 0};
    assert_int_equal(workday_add(&never, 0, 1), -1);
    assert_int_equal(day_of_week(day_from_iso("2026-11-24")), 1);
    assert_int_equal(day_from_iso("2027-02-29"), -1);
}

/* By the same rules as the database: tests/sql/forms.sql. */
static void a_place_is_read_as_people_paste_it(void **state) {
    (void)state;
    static const char *const good[][2] = {
        {"-5.1131, 105.3067", "-5.113100, 105.306700"},
        {"-5,1131 105,3067", "-5.113100, 105.306700"},
        {"-5.1131;105.3067", "-5.113100, 105.306700"},
        {"+5, +105", "5.000000, 105.000000"},
        {"5°06'47.2\"S 105°18'24.1\"E", "-5.113111, 105.306694"},
        {"5° 6′ 47.2″ S, 105° 18′ 24.1″ E", "-5.113111, 105.306694"},
        {"5 6 47 LS, 105 18 24 BT", "-5.113056, 105.306667"},
        {"5.1131 lu 105.3067 bb", "5.113100, -105.306700"},
        {"S 5 6.5 E 105 18.25", "-5.108333, 105.304167"},
        {"105.3067E 5.1131S", "-5.113100, 105.306700"},
        {"-5 6 47.2, 105 18 24.1", "-5.113111, 105.306694"},
        {"-0.0000001, 0", "0.000000, 0.000000"},
        {"90, 180", "90.000000, 180.000000"},
    };
    static const char *const bad[] = {
        "",
        "NaN, NaN",
        "Infinity, 0",
        "1e3, 2",
        "90.1, 0",
        "0, 180.1",
        "-5.1131",
        "-5,105",
        "1 2 3",
        "1 2 3 4 5 6 7 8",
        "5-6",
        "1000, 5",
        "5 60 0 S 105 0 0 E",
        "5.5 6 0 S 105 0 0 E",
        "-5 S 105 E",
        "5 S 105 N",
        "5 S E 105",
        "5.1.3, 105",
        "drop, 5",
        "NSEW",
        "5 6 60 S 105 0 0 E",
    };
    char place[COORDINATES_BYTES];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const char *wrong = coordinates_read(good[i][0], place);
        if (wrong) fail_msg("%s: %s", good[i][0], wrong);
        assert_string_equal(place, good[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (!coordinates_read(bad[i], place)) fail_msg("%s is taken for %s", bad[i], place);
    char much[1000] = "";
    memset(much, '1', sizeof much - 1);
    assert_non_null(coordinates_read(much, place));
}

static void a_table_loses_what_was_typed_into_it(void **state) {
    (void)state;
    struct table_text table = {0}, again = {0};
    struct table_row *row = table_add(&table);
    table_set(row, "name", "\"Sari\" \\ W\u00fclandari");
    table_set(row, "licence", "");
    table_set(table_add(&table), "name", "Budi");
    char *text = table_as_text(&table);
    assert_string_equal(text, "[{\"name\": \"\\\"Sari\\\" \\\\ W\u00fclandari\"}, {\"name\": \"Budi\"}]");
    assert_true(table_read(&again, text));
    free(text);
    assert_int_equal(again.count, 2);
    assert_string_equal(table_get(&again.rows[0], "name"), "\"Sari\" \\ W\u00fclandari");
    assert_string_equal(table_get(&again.rows[0], "licence"), "");
    table_swap(&again, 0, 1);
    assert_string_equal(table_get(&again.rows[0], "name"), "Budi");
    table_remove(&again, 0);
    assert_int_equal(again.count, 1);
    table_remove(&again, 7);
    table_remove(&again, 0);
    text = table_as_text(&again);
    assert_string_equal(text, "");
    free(text);
    table_free(&again);
    table_free(&table);
}

static void what_is_no_table_is_taken_for_one(void **state) {
    (void)state;
    static const char *const bad[] = {"x",
                                      "{}",
                                      "[",
                                      "[{]",
                                      "[{\"a\"}]",
                                      "[{\"a\":1}]",
                                      "[{\"a\":\"b\"",
                                      "[{\"a\":\"\\q\"}]",
                                      "[[{}]]",
                                      "[{\"a\":{\"b\":\"c\"}}]",
                                      "[{}] x",
                                      "[{},]",
                                      "[{\"a\":\"\\ud800\"}]",
                                      "[{\"a\":\"\\u00"};
    struct table_text table = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (table_read(&table, bad[i])) fail_msg("%s is read", bad[i]);
        assert_int_equal(table.count, 0);
    }
    assert_true(table_read(&table, " [ { \"a\" : \"\\u0041\\n\\u20ac\" } ] "));
    assert_string_equal(table_get(&table.rows[0], "a"), "A\n\u20ac");
    table_free(&table);
    size_t rows = TABLE_ROWS + 1;
    char *many = malloc(rows * 3 + 2);
    assert_non_null(many);
    for (size_t i = 0; i < rows; i++) memcpy(many + i * 3, i ? ",{}" : "[{}", 3);
    memcpy(many + rows * 3, "]", 2);
    assert_false(table_read(&table, many));
    free(many);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_nik_is_told_at_once),
        cmocka_unit_test(an_npwp_is_checked_by_its_ninth_digit),
        cmocka_unit_test(other_numbers_are_checked),
        cmocka_unit_test(dates_are_read_as_people_type_them),
        cmocka_unit_test(working_days_leave_out_weekends_and_holidays),
        cmocka_unit_test(a_place_is_read_as_people_paste_it),
        cmocka_unit_test(a_table_loses_what_was_typed_into_it),
        cmocka_unit_test(what_is_no_table_is_taken_for_one),
    };
    return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
