/* `loketd workflow` and `loketd permit`: rules as files. What the database makes of them: sql/api/03_rule_exchange.sql. */
#include <getopt.h>
#include <server/command.h>
#include <server/owner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char usage[] = "usage: loketd workflow export CODE --office O [--version N]\n"
                            "       loketd workflow import-digit FILE --office O\n"
                            "       loketd permit export CODE --office O [--version N]\n";

static int refuse_usage(void) {
    (void)fputs(usage, stderr);
    return EX_USAGE;
}

/* One statement as the owner, in a transaction of its own; prints the rows' first column. `ends`: what ends each row. */
static int run(const struct config *config, const char *sql, int count, const char *const *values, const char *ends) {
    int code = EX_UNAVAILABLE;
    PGresult *result = NULL;
    PGconn *db = owner_connect(config);
    if (!db || !owner_do(db, "begin", 0, NULL) || !owner_do(db, "set local role loket_owner", 0, NULL)) goto out;
    code = EX_DATAERR;
    result = owner_query(db, sql, count, values);
    if (!result || !owner_do(db, "commit", 0, NULL)) goto out;
    code = EX_OK;
    for (int row = 0; row < PQntuples(result); row++)
        if (printf("%s%s", PQgetvalue(result, row, 0), ends) < 0) code = EX_IOERR;
    if (fflush(stdout) != 0) code = EX_IOERR;
out:
    PQclear(result);
    PQfinish(db);
    return code;
}

static int import_digit(const struct config *config, const char *path, const char *office) {
    char *text = owner_read_file(path, NULL);
    if (!text) return EX_NOINPUT;
    const char *values[] = {office, text};
    int code = run(config, "select * from rule.import_digit($1, $2)", 2, values, "\n");
    free(text);
    return code;
}

/* `kind` is also the command's name. */
static int rules_main(struct config *config, int argc, char **argv, const char *kind) {
    static const struct option options[] = {
        {"office", required_argument, NULL, 'o'}, {"version", required_argument, NULL, 'v'}, {NULL, 0, NULL, 0}};
    const char *office = NULL, *version = "0";
    optind = 0;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'o') office = optarg;
        else if (option == 'v' && *optarg && strspn(optarg, "0123456789") == strlen(optarg) && strlen(optarg) < 9) version = optarg;
        else return refuse_usage();
    }
    if (!office || argc != optind + 2) return refuse_usage();
    if (strcmp(argv[optind], "import-digit") == 0 && strcmp(kind, "workflow") == 0)
        return import_digit(config, argv[optind + 1], office);
    if (strcmp(argv[optind], "export") != 0) return refuse_usage();
    const char *values[] = {office, kind, argv[optind + 1], version};
    return run(config, "select rule.export_rule($1, $2, $3, $4::int)", 4, values, "");
}

int workflow_main(struct config *config, int argc, char **argv) {
    return rules_main(config, argc, argv, "workflow");
}

int permit_main(struct config *config, int argc, char **argv) {
    return rules_main(config, argc, argv, "permit");
}
