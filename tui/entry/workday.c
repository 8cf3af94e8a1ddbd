/* Working days, counted one by one: the spans that people type are short. */
#include <stdio.h>
#include <string.h>
#include <tui/entry/workday.h>

/* Days from civil and back: H. Hinnant, "chrono-compatible low-level date algorithms". */
static long from_civil(long year, int month, int day) {
    year -= month <= 2;
    long era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    long of_year = (153L * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void day_to_iso(long day, char iso[11]) {
    day += 719468;
    long era = (day >= 0 ? day : day - 146096) / 146097, of_era = day - era * 146097;
    long year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    long of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    long shifted = (5 * of_year + 2) / 153, month = shifted + (shifted < 10 ? 3 : -9);
    long year = year_of_era + era * 400 + (month <= 2);
    (void)snprintf(iso, 11, "%04u-%02u-%02u", (unsigned)year % 10000, (unsigned)month % 100,
                   (unsigned)(of_year - (153 * shifted + 2) / 5 + 1) % 100);
}

long day_from_iso(const char *iso) {
    int year, month, date, end = 0;
    char back[11];
    if (strlen(iso) != 10 || sscanf(iso, "%4d-%2d-%2d%n", &year, &month, &date, &end) != 3 || end != 10) return -1;
    if (year < 1900 || year > 2200 || month < 1 || month > 12 || date < 1 || date > 31) return -1;
    long day = from_civil(year, month, date);
    day_to_iso(day, back);
    return strcmp(back, iso) == 0 ? day : -1;
}

int day_of_week(long day) {
    long shifted = (day + 3) % 7; /* 1970-01-01 was a Thursday */
    return (int)(shifted < 0 ? shifted + 7 : shifted);
}

bool workday_is(const struct calendar *calendar, long day) {
    char iso[11];
    if (calendar->weekly_off & 1 << day_of_week(day)) return false;
    day_to_iso(day, iso);
    for (size_t i = 0; i < calendar->holiday_count; i++)
        if (strcmp(calendar->holidays[i], iso) == 0) return false;
    return true;
}

long workday_add(const struct calendar *calendar, long day, int count) {
    long limit = day + 3660;
    while (count > 0 && day < limit) count -= workday_is(calendar, ++day);
    return count > 0 ? -1 : day;
}

int workday_between(const struct calendar *calendar, long from, long until) {
    int count = 0;
    if (until < from) return -workday_between(calendar, until, from);
    for (long day = from + 1; day <= until; day++) count += workday_is(calendar, day);
    return count;
}
