/* `loketd audit`: the key, checkpoints now, finding what was tampered with, proofs. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/pem.h>
#include <server/audit/command.h>
#include <server/audit/work.h>
#include <server/command.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static const char usage[] =
    "usage: loketd audit init                        make the key that checkpoints are signed with\n"
    "       loketd audit checkpoint                  sign one now\n"
    "       loketd audit checkpoints [--office CODE] print the lines that the database keeps\n"
    "       loketd audit verify [--office CODE]      check everything, name the first row that does not fit\n"
    "       loketd audit prove [--office CODE] EVENT\n"
    "       loketd audit consistency [--office CODE] SIZE SIZE\n"
    "       loketd audit export [--office CODE] FOLDER\n";

/* ------------------------------------------------------------------------------------------------- streams */

bool audit_is_null(const PGresult *row, int column) {
    return PQgetisnull(row, 0, column);
}

const char *audit_text(const PGresult *row, int column) {
    return PQgetisnull(row, 0, column) ? "" : PQgetvalue(row, 0, column);
}

bool audit_is_hash(const PGresult *row, int column, const uint8_t hash[TREE_HASH_BYTES]) {
    return PQgetlength(row, 0, column) == TREE_HASH_BYTES && memcmp(PQgetvalue(row, 0, column), hash, TREE_HASH_BYTES) == 0;
}

bool audit_stream_open(struct audit_stream *stream, PGconn *db, const char *sql, int count, const char *const *values) {
    *stream = (struct audit_stream){.db = db};
    if (PQsendQueryParams(db, sql, count, NULL, values, NULL, NULL, 1) && PQsetSingleRowMode(db)) return true;
    (void)fprintf(stderr, "loketd: %s", PQerrorMessage(db));
    stream->failed = true;
    return false;
}

const PGresult *audit_stream_next(struct audit_stream *stream) {
    PQclear(stream->row);
    stream->row = stream->failed ? NULL : PQgetResult(stream->db);
    ExecStatusType status = PQresultStatus(stream->row);
    if (stream->row && status == PGRES_SINGLE_TUPLE) return stream->row;
    if (stream->row && status != PGRES_TUPLES_OK) {
        (void)fprintf(stderr, "loketd: %s", PQresultErrorMessage(stream->row));
        stream->failed = true;
    }
    return NULL;
}

void audit_stream_close(struct audit_stream *stream) {
    PQclear(stream->row);
    stream->row = NULL;
    for (PGresult *rest; (rest = PQgetResult(stream->db)); PQclear(rest)) continue;
}

PGresult *audit_row(PGconn *db, const char *sql, int count, const char *const *values) {
    PGresult *row = PQexecParams(db, sql, count, NULL, values, NULL, NULL, 1);
    if (PQresultStatus(row) == PGRES_TUPLES_OK && PQntuples(row) == 1) return row;
    (void)fprintf(stderr, "loketd: %s\n", PQresultStatus(row) == PGRES_TUPLES_OK ? "no such row" : PQresultErrorMessage(row));
    PQclear(row);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------- init */

static bool key_write(const char *path, mode_t mode, EVP_PKEY *key, bool private) {
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *out = file >= 0 ? fdopen(file, "w") : NULL;
    bool good = out && (private ? PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) : PEM_write_PUBKEY(out, key)) == 1;
    good = good && fflush(out) == 0 && fsync(file) == 0;
    if (!good) (void)fprintf(stderr, "loketd: %s: %s\n", path, strerror(errno));
    if (out) (void)fclose(out);
    else if (file >= 0) close(file);
    return good;
}

static bool public_path(const struct config *config, char *path, size_t size) {
    int length = snprintf(path, size, "%s.pub", config->audit_key);
    return length > 0 && (size_t)length < size;
}

static int init(const struct config *config) {
    char public[4096];
    if (!*config->audit_key || !public_path(config, public, sizeof public)) {
        (void)fputs("loketd: set [audit] key to the file that the key is to be in\n", stderr);
        return EX_CONFIG;
    }
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    bool good = key && key_write(config->audit_key, 0600, key, true) && key_write(public, 0644, key, false);
    EVP_PKEY_free(key);
    if (good) printf("%s\n", public);
    return good ? EX_OK : EX_CANTCREAT;
}

static int checkpoint(const struct config *config) {
    if (!audit_configured(config)) {
        (void)fputs("loketd: no checkpoints are configured: set [audit] key and checkpoints\n", stderr);
        return EX_CONFIG;
    }
    PGconn *db = PQconnectdb(config->database_job);
    int code = EX_UNAVAILABLE;
    if (PQstatus(db) != CONNECTION_OK)
        (void)fprintf(stderr, "loketd: no connection to the database ([database] job): %s", PQerrorMessage(db));
    else code = audit_work_now(config, db) ? EX_OK : EXIT_FAILURE;
    PQfinish(db);
    return code;
}

/* ------------------------------------------------------------------------------------------------- offices */

static bool office_enter(struct audit_office *office, const PGresult *offices, int row) {
    const char *values[] = {PQgetvalue(offices, row, 0)};
    (void)snprintf(office->id, sizeof office->id, "%s", PQgetvalue(offices, row, 0));
    (void)snprintf(office->code, sizeof office->code, "%s", PQgetvalue(offices, row, 1));
    (void)snprintf(office->origin, sizeof office->origin, "loket/%s", PQgetvalue(offices, row, 1));
    return owner_do(office->db, "select rule.work_for($1, null)", 1, values);
}

static int office_verify(struct audit_office *office, char **arguments) {
    (void)arguments;
    return audit_verify(office);
}

static int office_prove(struct audit_office *office, char **arguments) {
    return audit_prove(office, arguments[0]);
}

static int office_consistency(struct audit_office *office, char **arguments) {
    return audit_consistency(office, arguments[0], arguments[1]);
}

static int office_export(struct audit_office *office, char **arguments) {
    return audit_export(office, arguments[0]);
}

static int office_checkpoints(struct audit_office *office, char **arguments) {
    (void)arguments;
    struct audit_stream stream;
    const char *values[] = {office->id};
    if (audit_stream_open(&stream, office->db, "select line from audit.checkpoint where office_id = $1 order by size", 1, values))
        for (const PGresult *row; (row = audit_stream_next(&stream));) printf("%s\n", audit_text(row, 0));
    audit_stream_close(&stream);
    return stream.failed ? EX_UNAVAILABLE : EX_OK;
}

static const struct verb {
    const char *name;
    int arguments;
    bool every_office, needs_key;
    int (*run)(struct audit_office *office, char **arguments);
} verbs[] = {
    {"verify", 0, true, false, office_verify}, {"checkpoints", 0, true, false, office_checkpoints},
    {"prove", 1, false, true, office_prove},   {"consistency", 2, false, true, office_consistency},
    {"export", 1, false, true, office_export},
};

static int offices_run(struct audit_office *office, const struct verb *verb, const char *code, char **arguments) {
    const char *values[] = {code};
    int result = EX_OK;
    PGresult *offices = owner_query(office->db,
                                    "select o.office_id::text, o.code from catalogue.office o"
                                    " where $1::text is null or o.code = $1 order by o.office_id",
                                    1, values);
    if (!offices) return EX_UNAVAILABLE;
    if (PQntuples(offices) == 0 || (!verb->every_office && PQntuples(offices) > 1)) {
        (void)fputs(PQntuples(offices) ? "loketd: say which office: --office CODE\n" : "loketd: there is no such office\n", stderr);
        result = EX_DATAERR;
    }
    for (int i = 0; i < PQntuples(offices) && result != EX_DATAERR; i++) {
        int code_of_one = office_enter(office, offices, i) ? verb->run(office, arguments) : EX_UNAVAILABLE;
        if (result == EX_OK) result = code_of_one;
    }
    PQclear(offices);
    return result;
}

static int verb_run(const struct config *config, const struct verb *verb, const char *code, char **arguments) {
    struct audit_office office = {.config = config};
    char path[4096];
    int result = EX_UNAVAILABLE;
    if (audit_configured(config)) {
        office.key = public_path(config, path, sizeof path) ? audit_key_public(path) : NULL;
        if (!office.key) {
            (void)fprintf(stderr, "loketd: %s.pub: there is no public key here: loketd audit init\n", config->audit_key);
            return EX_NOINPUT;
        }
    } else if (verb->needs_key) {
        (void)fputs("loketd: no checkpoints are configured: set [audit] key and checkpoints\n", stderr);
        return EX_CONFIG;
    }
    office.db = owner_connect(config);
    if (office.db && owner_do(office.db, "begin isolation level repeatable read read only", 0, NULL) &&
        owner_do(office.db, "set local role loket_owner", 0, NULL))
        result = offices_run(&office, verb, code, arguments);
    PQfinish(office.db);
    EVP_PKEY_free(office.key);
    return result;
}

int audit_main(struct config *config, int argc, char **argv) {
    static const struct option options[] = {{"office", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
    const char *code = NULL;
    optind = 0;
    for (int option; argc > 1 && (option = getopt_long(argc - 1, argv + 1, "", options, NULL)) != -1; code = optarg)
        if (option != 'o') break;
    int given = argc - 1 - optind;
    if (argc == 2 && strcmp(argv[1], "init") == 0) return init(config);
    if (argc == 2 && strcmp(argv[1], "checkpoint") == 0) return checkpoint(config);
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, argv[1]) == 0 && given == verbs[i].arguments)
            return verb_run(config, &verbs[i], code, argv + 1 + optind);
    (void)fputs(usage, stderr);
    return EX_USAGE;
}
