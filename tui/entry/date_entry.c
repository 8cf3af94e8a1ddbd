/* Dates as people type them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tui/entry/date_entry.h>
#include <tui/ui/text.h>

static const char *const not_a_date = N_("This is not a date");
static const char *const no_such_day = N_("This day does not exist");

/* Indonesian and English names; the first three letters decide. */
static const char *const months[12][2] = {{"jan", "jan"}, {"feb", "feb"}, {"mar", "mar"}, {"apr", "apr"},
                                          {"mei", "may"}, {"jun", "jun"}, {"jul", "jul"}, {"agu", "aug"},
                                          {"sep", "sep"}, {"okt", "oct"}, {"nov", "nov"}, {"des", "dec"}};

static const struct {
    const char *word;
    int days;
} words[] = {{"hari ini", 0}, {"today", 0}, {"besok", 1}, {"tomorrow", 1}, {"lusa", 2}, {"kemarin", -1}, {"yesterday", -1}};

static int month_named(const char *text) {
    for (int i = 0; i < 12; i++)
        if (strncasecmp(text, months[i][0], 3) == 0 || strncasecmp(text, months[i][1], 3) == 0) return i + 1;
    return 0;
}

/* Day, month and year, as far as they were typed (0: not). False when the text is something else. */
static int parts_read(const char *text, int parts[3]) {
    int count = 0;
    parts[0] = parts[1] = parts[2] = 0;
    while (*text) {
        text += strspn(text, " /.-");
        if (!*text) break;
        if (count == 3) return 0;
        if (isdigit((unsigned char)*text)) {
            char *end;
            long value = strtol(text, &end, 10);
            if (value > 9999 || end - text > 4) return 0;
            parts[count++] = (int)value;
            text = end;
        } else {
            int month = count == 1 ? month_named(text) : 0;
            if (!month) return 0;
            parts[count++] = month;
            while (isalpha((unsigned char)*text)) text++;
        }
    }
    if (count == 3 && parts[2] < 100) parts[2] += 2000;
    return count;
}

static long day_of(int year, int month, int date) {
    char iso[32];
    if (year < 1900 || year > 2200 || month < 1 || month > 12 || date < 1 || date > 31) return -1;
    (void)snprintf(iso, sizeof iso, "%04d-%02d-%02d", year, month, date);
    return day_from_iso(iso);
}

/* The first day from today on that fits what was typed; a 31st may be a month away, a 29 February four years. */
static long next_fitting(const int parts[3], int count, long today) {
    char iso[11];
    int year, month;
    day_to_iso(today, iso);
    year = atoi(iso);
    month = atoi(iso + 5);
    for (int i = 0; i < 120; i++) {
        int m = (month - 1 + i) % 12 + 1, y = year + (month - 1 + i) / 12;
        if (count == 2 && m != parts[1]) continue;
        long day = day_of(y, m, parts[0]);
        if (day >= today) return day;
    }
    return -1;
}

static const char *relative_read(const char *text, long today, const struct calendar *calendar, long *day) {
    char *end;
    long count = strtol(text + 1, &end, 10);
    if (end == text + 1 || count < 0 || count > 1000) return not_a_date;
    if (!*end) {
        *day = today + count;
        return NULL;
    }
    if ((*end != 'k' && *end != 'K') || end[1] || !calendar) return not_a_date;
    *day = workday_add(calendar, today, (int)count);
    return *day < 0 ? N_("The office calendar does not reach that far") : NULL;
}

const char *date_read(const char *text, long today, const struct calendar *calendar, char iso[11]) {
    long day = -1;
    int parts[3];
    text += strspn(text, " ");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(text, words[i].word) == 0) {
            day_to_iso(today + words[i].days, iso);
            return NULL;
        }
    if (*text == '+') {
        const char *wrong = relative_read(text, today, calendar, &day);
        if (wrong) return wrong;
    } else if (strlen(text) == 10 && text[4] == '-' && text[7] == '-') {
        day = day_from_iso(text);
    } else {
        int count = parts_read(text, parts);
        if (count == 0) return not_a_date;
        day = count == 3 ? day_of(parts[2], parts[1], parts[0]) : next_fitting(parts, count, today);
    }
    if (day < 0) return no_such_day;
    day_to_iso(day, iso);
    return NULL;
}
