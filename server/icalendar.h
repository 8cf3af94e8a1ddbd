/* Days off from an iCalendar file (RFC 5545), as offices of the state publish them: VEVENTs of whole days. What repeats (RRULE),
 * has a time of day or is not understood is refused with its line; nothing is guessed. */
#ifndef SERVER_ICALENDAR_H
#define SERVER_ICALENDAR_H

#include <stdbool.h>
#include <stddef.h>

#define ICALENDAR_EVENTS 2000 /* at most */
#define ICALENDAR_DAYS   366  /* of one event, at most */

struct day_off {
    char from[11], until[11]; /* ISO; `until` is the last day */
    char name[481];           /* at most 120 characters */
    const char *kind;         /* "collective" when it is called cuti bersama, else "national" */
};

struct days_off {
    struct day_off *days; /* owned */
    size_t count, room;
    int line;            /* of the mistake */
    const char *mistake; /* what is wrong there, in words; NULL: nothing */
};

/* Reads a whole file's `text`. False with line and mistake set. Free with days_off_free, also then. */
bool icalendar_read(const char *text, struct days_off *out);
void days_off_free(struct days_off *days);

#endif
