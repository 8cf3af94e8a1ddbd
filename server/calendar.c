/* `loketd calendar import`: days off from an iCalendar file into an office's calendar, all or nothing. Promises follow at once:
 * sql/api/calendar.sql. */
#include <getopt.h>
#include <server/buffer.h>
#include <server/command.h>
#include <server/icalendar.h>
#include <server/owner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char usage[] = "usage: loketd calendar import FILE --office CODE\n";

static int refuse_usage(void) {
    (void)fputs(usage, stderr);
    return EX_USAGE;
}

static void add_member(struct buffer *out, const char *name, const char *value) {
    buffer_json(out, name);
    buffer_byte(out, ':');
    buffer_json(out, value);
}

/* [{"from": .., "until": .., "name": .., "kind": ..}, ..] */
static void days_json(const struct days_off *days, struct buffer *out) {
    buffer_byte(out, '[');
    for (size_t i = 0; i < days->count; i++) {
        const struct day_off *day = &days->days[i];
        buffer_text(out, i ? ",{" : "{");
        add_member(out, "from", day->from);
        buffer_byte(out, ',');
        add_member(out, "until", day->until);
        buffer_byte(out, ',');
        add_member(out, "name", day->name);
        buffer_byte(out, ',');
        add_member(out, "kind", day->kind);
        buffer_byte(out, '}');
    }
    buffer_byte(out, ']');
    buffer_byte(out, 0);
}

static int store(const struct config *config, const char *office, const struct days_off *days) {
    struct buffer json = {.limit = 4u << 20};
    PGresult *result = NULL;
    int code = EX_OSERR;
    PGconn *db = NULL;
    days_json(days, &json);
    if (json.failed) goto out;
    const char *values[] = {office, (const char *)json.data};
    code = EX_UNAVAILABLE;
    db = owner_connect(config);
    if (!db || !owner_do(db, "begin", 0, NULL) || !owner_do(db, "set local role loket_owner", 0, NULL)) goto out;
    code = EX_DATAERR;
    result = owner_query(db, "select rule.calendar_import($1, $2::jsonb)", 2, values);
    if (!result || !owner_do(db, "commit", 0, NULL)) goto out;
    (void)puts(PQgetvalue(result, 0, 0));
    code = EX_OK;
out:
    PQclear(result);
    PQfinish(db);
    buffer_free(&json);
    return code;
}

static int import(const struct config *config, const char *path, const char *office) {
    struct days_off days;
    char *text = owner_read_file(path, NULL);
    if (!text) return EX_NOINPUT;
    int code = EXIT_FAILURE;
    if (!icalendar_read(text, &days)) (void)fprintf(stderr, "%s:%d: %s\n", path, days.line, days.mistake);
    else if (!days.count) (void)fprintf(stderr, "%s: there is no event in it\n", path);
    else code = store(config, office, &days);
    days_off_free(&days);
    free(text);
    return code;
}

int calendar_main(struct config *config, int argc, char **argv) {
    static const struct option options[] = {{"office", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
    const char *office = NULL;
    optind = 0;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1; office = optarg)
        if (option != 'o') return refuse_usage();
    if (argc != optind + 2 || !office || strcmp(argv[optind], "import") != 0) return refuse_usage();
    return import(config, argv[optind + 1], office);
}
