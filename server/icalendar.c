/* Lines are unfolded first (a line that begins with a blank goes on the one before), then each is "NAME;PARAMETER=VALUE...:VALUE".
 * What belongs to other components than VEVENT is passed over. */
#include <ctype.h>
#include <server/icalendar.h>
#include <server/utf8.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_BYTES    4096
#define DEPTH_AT_MOST 8
#define NAME_LONGEST  120 /* characters */

struct reader {
    const char *at;
    int next_line, line;   /* of the file; of the unfolded line's beginning */
    char text[LINE_BYTES]; /* the unfolded line */
    char *name, *parameters, *value;
};

struct parsing {
    struct days_off *out;
    struct reader reader;
    char stack[DEPTH_AT_MOST][32]; /* the components that are open */
    size_t depth;
    bool calendar; /* there was a VCALENDAR */
    /* of the event that is open */
    struct day_off day;
    bool cancelled;
    int began_line;
};

static bool wrong(struct parsing *p, int line, const char *mistake) {
    p->out->line = line;
    p->out->mistake = mistake;
    return false;
}

/* Takes the next unfolded line. False at the end and at a mistake (then out->mistake is set). */
static bool line_next(struct parsing *p) {
    struct reader *r = &p->reader;
    size_t size = 0;
    if (!*r->at) return false;
    r->line = r->next_line;
    do {
        size_t length = strcspn(r->at, "\n"), kept = length;
        if (kept && r->at[kept - 1] == '\r') kept--;
        const char *from = r->at + (r->next_line > r->line);
        kept -= r->next_line > r->line;
        if (size + kept >= sizeof r->text) return wrong(p, r->line, "this line is too long");
        memcpy(r->text + size, from, kept);
        size += kept;
        r->at += length + (r->at[length] == '\n');
        r->next_line++;
    } while (*r->at == ' ' || *r->at == '\t');
    r->text[size] = '\0';
    return true;
}

/* Takes the line apart. A colon inside quotes belongs to a parameter. */
static bool line_split(struct reader *r) {
    bool quoted = false;
    r->name = r->text;
    r->parameters = r->value = NULL;
    for (char *c = r->text; *c && !r->value; c++) {
        if (*c == '"') quoted = !quoted;
        if (quoted) continue;
        if (*c == ';' && !r->parameters) {
            *c = '\0';
            r->parameters = c + 1;
        } else if (*c == ':') {
            *c = '\0';
            r->value = c + 1;
        }
    }
    if (!r->parameters) r->parameters = r->text + strlen(r->text);
    for (char *c = r->name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '-') return false;
    return r->value && *r->name;
}

static void iso_write(const struct tm *t, char iso[11]) {
    (void)snprintf(iso, 11, "%04u-%02u-%02u", (unsigned)(t->tm_year + 1900) % 10000, (unsigned)(t->tm_mon + 1) % 100,
                   (unsigned)t->tm_mday % 100);
}

/* "20261224" as ISO. */
static bool date_read(const char *value, char iso[11]) {
    int year, month, day;
    struct tm t = {0}, back;
    if (strspn(value, "0123456789") != 8 || value[8] || sscanf(value, "%4d%2d%2d", &year, &month, &day) != 3) return false;
    if (year < 1900 || year > 2200) return false;
    t.tm_year = year - 1900;
    t.tm_mon = month - 1;
    t.tm_mday = day;
    time_t seconds = timegm(&t);
    if (!gmtime_r(&seconds, &back) || back.tm_year != year - 1900 || back.tm_mon != month - 1 || back.tm_mday != day) return false;
    iso_write(&back, iso);
    return true;
}

static time_t date_seconds(const char iso[11]) {
    struct tm t = {0};
    (void)sscanf(iso, "%4d-%2d-%2d", &t.tm_year, &t.tm_mon, &t.tm_mday);
    t.tm_year -= 1900;
    t.tm_mon--;
    return timegm(&t);
}

/* Undoes the escapes of a text (RFC 5545, 3.3.11) into `name`; an escaped line end becomes a blank. */
static const char *name_read(const char *value, char *name, size_t size) {
    size_t used = 0, characters = 0;
    bool valid = false;
    for (; *value; value++) {
        char c = *value;
        if (c == '\\' && value[1]) c = strchr("nN", *++value) ? ' ' : *value;
        if (c == '\t') c = ' ';
        if (used + 1 >= size) return "the name is longer than 120 characters";
        name[used++] = c;
    }
    while (used && name[used - 1] == ' ') used--;
    name[used] = '\0';
    if (!used) return "the name is empty";
    characters = utf8_count(name, &valid);
    if (!valid) return "the name has characters that are not UTF-8, or can't be shown";
    return characters > NAME_LONGEST ? "the name is longer than 120 characters" : NULL;
}

static bool is_collective(const char *name) {
    return strcasestr(name, "cuti bersama") != NULL;
}

/* ------------------------------------------------------------------------------------------ the event's lines */

static bool on_date(struct parsing *p, char iso[11]) {
    const struct reader *r = &p->reader;
    if (iso[0]) return wrong(p, r->line, "is there twice in this event");
    if (strchr(r->value, 'T')) return wrong(p, r->line, "has a time of day: only whole days are read");
    if (!date_read(r->value, iso)) return wrong(p, r->line, "is not a day like 20261225");
    return true;
}

static bool on_begin_day(struct parsing *p) {
    return on_date(p, p->day.from);
}

static bool on_end_day(struct parsing *p) {
    return on_date(p, p->day.until);
}

static bool on_summary(struct parsing *p) {
    if (p->day.name[0]) return wrong(p, p->reader.line, "is there twice in this event");
    const char *mistake = name_read(p->reader.value, p->day.name, sizeof p->day.name);
    return mistake ? wrong(p, p->reader.line, mistake) : true;
}

static bool on_status(struct parsing *p) {
    p->cancelled = strcasecmp(p->reader.value, "CANCELLED") == 0;
    return true;
}

static bool on_repeat(struct parsing *p) {
    return wrong(p, p->reader.line, "repeats: write each day as an event of its own");
}

static bool on_duration(struct parsing *p) {
    return wrong(p, p->reader.line, "DURATION is not read: write DTEND");
}

static const struct property {
    const char *name;
    bool (*read)(struct parsing *p);
} properties[] = {
    {"DTSTART", on_begin_day}, {"DTEND", on_end_day}, {"SUMMARY", on_summary},   {"STATUS", on_status},
    {"RRULE", on_repeat},      {"RDATE", on_repeat},  {"DURATION", on_duration}, {"RECURRENCE-ID", on_repeat},
};

/* --------------------------------------------------------------------------------------------- components */

/* The event is whole: its last day is the one before DTEND (RFC 5545, 3.6.1), or its only one. */
static bool event_end(struct parsing *p) {
    struct day_off *day = &p->day;
    if (p->cancelled) return true;
    if (!day->from[0]) return wrong(p, p->began_line, "this event has no DTSTART");
    if (!day->name[0]) return wrong(p, p->began_line, "this event has no SUMMARY");
    time_t from = date_seconds(day->from), until = day->until[0] ? date_seconds(day->until) - 86400 : from;
    struct tm t;
    if (until < from) return wrong(p, p->began_line, "this event ends before it begins");
    if ((until - from) / 86400 >= ICALENDAR_DAYS) return wrong(p, p->began_line, "this event lasts longer than a year");
    if (!gmtime_r(&until, &t)) return wrong(p, p->began_line, "this event ends on no day");
    iso_write(&t, day->until);
    day->kind = is_collective(day->name) ? "collective" : "national";
    struct days_off *out = p->out;
    if (out->count == ICALENDAR_EVENTS) return wrong(p, p->began_line, "there are more than 2000 events");
    if (out->count == out->room) {
        size_t room = out->room ? out->room * 2 : 64;
        struct day_off *more = realloc(out->days, room * sizeof *more);
        if (!more) return wrong(p, p->began_line, "there is no memory for more events");
        out->days = more;
        out->room = room;
    }
    out->days[out->count++] = *day;
    return true;
}

static bool component_begin(struct parsing *p) {
    const char *name = p->reader.value;
    bool event = strcasecmp(name, "VEVENT") == 0, whole = strcasecmp(name, "VCALENDAR") == 0;
    if (p->depth == DEPTH_AT_MOST) return wrong(p, p->reader.line, "is inside too many others");
    if (strlen(name) >= sizeof p->stack[0]) return wrong(p, p->reader.line, "is not a component");
    if (whole != (p->depth == 0)) return wrong(p, p->reader.line, "stands in the wrong place: events are in a VCALENDAR");
    if (event && p->depth != 1) return wrong(p, p->reader.line, "stands inside another event");
    (void)snprintf(p->stack[p->depth++], sizeof p->stack[0], "%s", name);
    p->calendar = true;
    if (!event) return true;
    memset(&p->day, 0, sizeof p->day);
    p->cancelled = false;
    p->began_line = p->reader.line;
    return true;
}

static bool component_end(struct parsing *p) {
    if (!p->depth || strcasecmp(p->stack[p->depth - 1], p->reader.value) != 0)
        return wrong(p, p->reader.line, "ends what was not begun");
    p->depth--;
    return p->depth == 1 && strcasecmp(p->reader.value, "VEVENT") == 0 ? event_end(p) : true;
}

static bool line_take(struct parsing *p) {
    const struct reader *r = &p->reader;
    if (!r->text[0]) return true;
    if (!line_split(&p->reader)) return wrong(p, r->line, "is not a line of iCalendar (NAME:VALUE)");
    if (strcasecmp(r->name, "BEGIN") == 0) return component_begin(p);
    if (strcasecmp(r->name, "END") == 0) return component_end(p);
    if (!p->depth) return wrong(p, r->line, "stands outside of BEGIN:VCALENDAR and END:VCALENDAR");
    if (p->depth != 2 || strcasecmp(p->stack[1], "VEVENT") != 0) return true;
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++)
        if (strcasecmp(properties[i].name, r->name) == 0) return properties[i].read(p);
    return true;
}

bool icalendar_read(const char *text, struct days_off *out) {
    struct parsing *p = calloc(1, sizeof *p);
    bool good = true;
    memset(out, 0, sizeof *out);
    if (!p) abort();
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) text += 3;
    p->out = out;
    p->reader.at = text;
    p->reader.next_line = 1;
    while (good && line_next(p)) good = line_take(p);
    good = good && !out->mistake;
    if (good && !p->calendar) good = wrong(p, 1, "there is no BEGIN:VCALENDAR");
    if (good && p->depth) good = wrong(p, p->reader.next_line - 1, "the file ends before its END:VCALENDAR");
    free(p);
    return good;
}

void days_off_free(struct days_off *days) {
    free(days->days);
    days->days = NULL;
    days->count = days->room = 0;
}
