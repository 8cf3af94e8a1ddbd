/* Days off from an iCalendar file: whole days as they are meant, and every hostile or unclear file refused with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <server/buffer.h>
#include <server/icalendar.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
#define END      "END:VCALENDAR\r\n"
#define EVENT(x) "BEGIN:VEVENT\r\n" x "END:VEVENT\r\n"
#define NEW_YEAR "DTSTART;VALUE=DATE:20270101\r\n"
#define NAMED    "SUMMARY:Tahun Baru\r\n"
#define FILE_(x)                                                                                                                   \
    BEGIN EVENT(x)                                                                                                                 \
    END

static void days_are_read_as_meant(void **state) {
    (void)state;
    static const struct {
        const char *text, *from, *until, *name, *kind;
    } cases[] = {
        {FILE_(NEW_YEAR NAMED), "2027-01-01", "2027-01-01", "Tahun Baru", "national"},
        /* DTEND is the day after the last */
        {FILE_(NEW_YEAR "DTEND;VALUE=DATE:20270103\r\n" NAMED), "2027-01-01", "2027-01-02", "Tahun Baru", "national"},
        {FILE_(NEW_YEAR "SUMMARY;LANGUAGE=id:Cuti Bersama Idul Fitri\r\n"), "2027-01-01", "2027-01-01", "Cuti Bersama Idul Fitri",
         "collective"},
        {FILE_(NEW_YEAR "SUMMARY:Natal\\, dan\\nTahun\\; Baru \\\\n\r\n"), "2027-01-01", "2027-01-01", "Natal, dan Tahun; Baru \\n",
         "national"},
        /* folded in the middle of a word; line ends of Unix; a byte order mark; other components; a parameter with a colon */
        {"\xef\xbb\xbf"
         "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nRRULE:X\nEND:VTIMEZONE\nBEGIN:VEVENT\ndtstart;value=date;x=\"a:b;c\":20270101\n"
         "SUMMARY:Tahun B\n aru\nBEGIN:VALARM\nDURATION:PT1H\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n",
         "2027-01-01", "2027-01-01", "Tahun Baru", "national"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct days_off days;
        assert_true(icalendar_read(cases[i].text, &days));
        assert_int_equal(days.count, 1);
        assert_string_equal(days.days[0].from, cases[i].from);
        assert_string_equal(days.days[0].until, cases[i].until);
        assert_string_equal(days.days[0].name, cases[i].name);
        assert_string_equal(days.days[0].kind, cases[i].kind);
        days_off_free(&days);
    }
}

static void what_is_cancelled_is_no_day_off(void **state) {
    (void)state;
    struct days_off days;
    assert_true(icalendar_read(FILE_(NEW_YEAR NAMED "STATUS:CANCELLED\r\n"), &days));
    assert_int_equal(days.count, 0);
    days_off_free(&days);
}

static void what_is_unclear_is_refused_with_its_line(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int line;
        const char *mistake;
    } cases[] = {
        {"", 1, "no BEGIN:VCALENDAR"},
        {"hello\n", 1, "is not a line of iCalendar"},
        {"A:b\n", 1, "outside of BEGIN:VCALENDAR"},
        {"BEGIN:VEVENT\n", 1, "wrong place"},
        {BEGIN, 2, "ends before its END:VCALENDAR"},
        {BEGIN "BEGIN:VEVENT\r\n" END, 4, "ends what was not begun"},
        {BEGIN "BEGIN:VCALENDAR\r\n", 3, "wrong place"},
        {BEGIN "BEGIN:VTODO\r\nBEGIN:VEVENT\r\n", 4, "inside another"},
        {BEGIN "END:VCALENDAR\r\nEND:VCALENDAR\r\n", 4, "ends what was not begun"},
        {FILE_(NEW_YEAR NAMED "RRULE:FREQ=YEARLY\r\n"), 6, "repeats"},
        {FILE_(NEW_YEAR NAMED "RDATE:20270102\r\n"), 6, "repeats"},
        {FILE_(NEW_YEAR NAMED "DURATION:P2D\r\n"), 6, "DURATION"},
        {FILE_("DTSTART:20270101T080000Z\r\n" NAMED), 4, "time of day"},
        {FILE_("DTSTART;VALUE=DATE:20270229\r\n" NAMED), 4, "is not a day"},
        {FILE_("DTSTART;VALUE=DATE:2027-01-01\r\n" NAMED), 4, "is not a day"},
        {FILE_("DTSTART;VALUE=DATE:99990101\r\n" NAMED), 4, "is not a day"},
        {FILE_("DTSTART;VALUE=DATE:202701011\r\n" NAMED), 4, "is not a day"},
        {FILE_(NEW_YEAR NEW_YEAR NAMED), 5, "twice"},
        {FILE_(NEW_YEAR NAMED NAMED), 6, "twice"},
        {FILE_(NAMED), 3, "no DTSTART"},
        {FILE_(NEW_YEAR), 3, "no SUMMARY"},
        {FILE_(NEW_YEAR "SUMMARY: \r\n"), 5, "empty"},
        {FILE_(NEW_YEAR "SUMMARY:\xc3\x28\r\n"), 5, "not UTF-8"},
        {FILE_(NEW_YEAR "SUMMARY:a\x1b[2J\r\n"), 5, "can't be shown"},
        {FILE_(NEW_YEAR "DTEND;VALUE=DATE:20270101\r\n" NAMED), 3, "ends before it begins"},
        {FILE_(NEW_YEAR "DTEND;VALUE=DATE:20280103\r\n" NAMED), 3, "longer than a year"},
        {FILE_(NEW_YEAR "SUM MARY:x\r\n"), 5, "is not a line of iCalendar"},
        {FILE_(NEW_YEAR "X=\"unclosed:x\r\n"), 5, "is not a line of iCalendar"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct days_off days;
        assert_false(icalendar_read(cases[i].text, &days));
        if (days.line != cases[i].line || !strstr(days.mistake, cases[i].mistake))
            fail_msg("case %zu: line %d: %s", i, days.line, days.mistake);
        days_off_free(&days);
    }
}

static void a_file_without_end_is_refused(void **state) {
    (void)state;
    struct days_off days;
    struct buffer text = {0};
    buffer_text(&text, BEGIN "BEGIN:VEVENT\r\nSUMMARY:");
    for (int i = 0; i < 8000; i++) buffer_byte(&text, 'a');
    buffer_byte(&text, '\0');
    assert_false(icalendar_read((const char *)text.data, &days));
    assert_int_equal(days.line, 4);
    assert_string_equal(days.mistake, "this line is too long");
    days_off_free(&days);
    buffer_free(&text);
    buffer_text(&text, BEGIN);
    for (int i = 0; i <= ICALENDAR_EVENTS; i++) buffer_text(&text, EVENT(NEW_YEAR "SUMMARY:x\r\n"));
    buffer_text(&text, END);
    buffer_byte(&text, '\0');
    assert_false(icalendar_read((const char *)text.data, &days));
    assert_string_equal(days.mistake, "there are more than 2000 events");
    days_off_free(&days);
    buffer_free(&text);
    buffer_text(&text, "BEGIN:VCALENDAR\n");
    for (int i = 0; i < 20; i++) buffer_text(&text, "BEGIN:X\n");
    buffer_byte(&text, '\0');
    assert_false(icalendar_read((const char *)text.data, &days));
    assert_string_equal(days.mistake, "is inside too many others");
    days_off_free(&days);
    buffer_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_read_as_meant),
        cmocka_unit_test(what_is_cancelled_is_no_day_off),
        cmocka_unit_test(what_is_unclear_is_refused_with_its_line),
        cmocka_unit_test(a_file_without_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
