/* `loketd catalogue`: checks the data files of an office and gives them to the database as one document. What the
 * database makes of it: sql/api/00_rule_catalogue.sql. */
#include <getopt.h>
#include <server/catalogue.h>
#include <server/command.h>
#include <server/owner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char usage[] = "usage: loketd catalogue load FOLDER [--demonstration]\n"
                            "       loketd catalogue check FOLDER\n";

static int refuse_usage(void) {
    (void)fputs(usage, stderr);
    return EX_USAGE;
}

/* All or nothing: closing the connection takes back what was not committed. */
static int document_load(const struct config *config, const char *document) {
    const char *values[] = {document};
    PGresult *result = NULL;
    int code = EX_UNAVAILABLE;
    PGconn *db = owner_connect(config);
    if (!db || !owner_do(db, "begin", 0, NULL) || !owner_do(db, "set local role loket_owner", 0, NULL)) goto out;
    code = EX_DATAERR;
    result = owner_query(db, "select rule.catalogue_load($1::jsonb)", 1, values);
    if (!result || !owner_do(db, "commit", 0, NULL)) goto out;
    (void)puts(PQgetvalue(result, 0, 0));
    code = EX_OK;
out:
    PQclear(result);
    PQfinish(db);
    return code;
}

static int load(const struct config *config, struct catalogue *catalogue, bool demonstration) {
    char *document = catalogue_json(catalogue, demonstration);
    if (!document) {
        (void)fputs("loketd: no memory for the catalogue\n", stderr);
        return EX_OSERR;
    }
    int code = document_load(config, document);
    free(document);
    return code;
}

int catalogue_main(struct config *config, int argc, char **argv) {
    static const struct option options[] = {{"demonstration", no_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
    bool demonstration = false;
    optind = 0;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1; demonstration = true)
        if (option != 'd') return refuse_usage();
    if (argc != optind + 2) return refuse_usage();
    bool loads = strcmp(argv[optind], "load") == 0;
    if (!loads && (demonstration || strcmp(argv[optind], "check") != 0)) return refuse_usage();

    struct catalogue catalogue;
    catalogue_init(&catalogue);
    catalogue_read(&catalogue, argv[optind + 1]);
    catalogue_check(&catalogue);
    for (size_t i = 0; i < catalogue.mistake_count; i++) {
        const struct mistake *mistake = &catalogue.mistakes[i];
        (void)fprintf(stderr, "%s:%d: %s\n", mistake->path, mistake->line, mistake->text);
    }
    int code = catalogue.mistake_count ? EXIT_FAILURE : EX_OK;
    if (code == EX_OK && loads) code = load(config, &catalogue, demonstration);
    catalogue_free(&catalogue);
    return code;
}
