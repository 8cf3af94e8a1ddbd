/* Dates as people type them: 24, 24/11, 24-11-2026, 24 Nov 2026, +3, +3k (working days), hari ini, besok, today. */
#ifndef TUI_ENTRY_DATE_ENTRY_H
#define TUI_ENTRY_DATE_ENTRY_H

#include <tui/entry/workday.h>

/* Reads `text` into `iso`. A day without a month is the next one to come (today counts), a day without a year likewise. `today` is
 * a day number; `calendar` is for "+3k" and may be NULL. Returns NULL, or the msgid of what is wrong. */
const char *date_read(const char *text, long today, const struct calendar *calendar, char iso[11]);

#endif
