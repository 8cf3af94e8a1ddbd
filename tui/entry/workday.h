/* The office's calendar on the client's side: enough to count working days while a date is typed. */
#ifndef TUI_ENTRY_WORKDAY_H
#define TUI_ENTRY_WORKDAY_H

#include <stdbool.h>
#include <stddef.h>

struct calendar {
    int weekly_off;              /* bit 0 Monday ... bit 6 Sunday */
    const char *const *holidays; /* ISO, sorted; borrowed */
    size_t holiday_count;
};

/* A day as the number of days since 1970-01-01; -1 when `iso` is no date between 1900 and 2200. */
long day_from_iso(const char *iso);
void day_to_iso(long day, char iso[11]);
/* 0 Monday ... 6 Sunday. */
int day_of_week(long day);

bool workday_is(const struct calendar *calendar, long day);
/* The day that is `count` (0 to 1,000) working days after `day`, which itself does not count. -1 when there is none within 10
 * years. */
long workday_add(const struct calendar *calendar, long day, int count);
/* Working days after `from` up to `until`: negative when `until` is earlier. */
int workday_between(const struct calendar *calendar, long from, long until);

#endif
