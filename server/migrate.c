/* `loketd migrate`: brings the database to what the folder sql/ says. migrations/NNNN_name.sql are applied once
 * each, in order; the functions of api/ are made anew when they or the method table changed. Everything is done in
 * transactions: an error leaves the database as it was after the last whole migration. */
#include <getopt.h>
#include <server/api/method.h>
#include <server/command.h>
#include <server/migrate_plan.h>
#include <server/owner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* One advisory lock in the database: two migrations never run at once. */
#define LOCK_TRY  "select pg_try_advisory_lock(7443, 1)"
#define LOCK_WAIT "select pg_advisory_lock(7443, 1)"

static const char bootstrap[] = "begin;"
                                "create schema if not exists meta;"
                                "create table if not exists meta.migration ("
                                "  number     int primary key check (number > 0),"
                                "  name       text not null unique,"
                                "  sha256     bytea not null check (octet_length(sha256) = 32),"
                                "  applied_at timestamptz not null default now());"
                                "create table if not exists meta.code ("
                                "  sha256     bytea not null check (octet_length(sha256) = 32),"
                                "  applied_at timestamptz not null default now());"
                                "commit";

/* The schemas of functions are dropped with all that is in them; no table stands in one. */
static const char recreate[] = "drop schema if exists api_job cascade;"
                               "drop schema if exists api_auth cascade;"
                               "drop schema if exists api cascade;"
                               "drop schema if exists rule cascade;"
                               "create schema rule authorization loket_owner;"
                               "create schema api authorization loket_owner;"
                               "create schema api_auth authorization loket_owner;"
                               "create schema api_job authorization loket_owner;"
                               "set local role loket_owner";

/* The files of sql/api with one hash over all of them and the method table. */
struct code {
    char **names, **paths, **texts;
    size_t count;
    char sha256[SHA256_HEX_BYTES];
    bool current; /* the database has just this */
};

static bool simple(PGconn *db, const char *sql) {
    PGresult *result = PQexec(db, sql);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!good) (void)fprintf(stderr, "loketd: %s", PQerrorMessage(db));
    PQclear(result);
    return good;
}

/* Ends the transaction as `good` says; true when it was good and is committed. */
static bool finish(PGconn *db, bool good) {
    if (good) return simple(db, "commit");
    PQclear(PQexec(db, "rollback"));
    return false;
}

static bool lock(PGconn *db) {
    PGresult *result = owner_query(db, LOCK_TRY, 0, NULL);
    if (!result) return false;
    bool got = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    if (got) return true;
    (void)fputs("loketd: another migration is running; waiting for it\n", stderr);
    return owner_do(db, LOCK_WAIT, 0, NULL);
}

static const char *kind_name(enum method_kind kind) {
    static const char *const names[] = {[METHOD_PUBLIC] = "public", [METHOD_READ] = "read", [METHOD_WRITE] = "write"};
    return names[kind];
}

/* ------------------------------------------------------------------------------------------- migrations */

static bool plan_allowed(const struct migration_plan *plan) {
    bool allowed = true;
    for (size_t i = 0; i < plan->count; i++) {
        const struct migration *row = &plan->rows[i];
        if (row->state == MIGRATION_PENDING || row->state == MIGRATION_APPLIED) continue;
        (void)fprintf(stderr, "loketd: migration %s: %s\n", row->name, migration_state_name(row->state));
        allowed = false;
    }
    if (!allowed) (void)fputs("loketd: nothing was changed\n", stderr);
    return allowed;
}

static bool migration_apply(PGconn *db, const struct migration *row) {
    char number[16];
    (void)snprintf(number, sizeof number, "%d", row->number);
    const char *values[] = {number, row->name, row->sha256};
    bool good = simple(db, "begin") && owner_run_file(db, row->path, row->text) && simple(db, "reset role") &&
                owner_do(db, "insert into meta.migration (number, name, sha256) values ($1, $2, decode($3, 'hex'))", 3, values);
    good = finish(db, good);
    if (good) (void)printf("applied %s\n", row->name);
    return good;
}

static bool migrations_apply(PGconn *db, const struct migration_plan *plan, size_t *applied) {
    *applied = 0;
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->rows[i].state != MIGRATION_PENDING) continue;
        if (!migration_apply(db, &plan->rows[i])) return false;
        ++*applied;
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- functions */

/* The method table as text, a row a line. */
static void methods_print(FILE *out) {
    size_t count = 0;
    const struct method *const *methods = method_all(&count);
    for (size_t i = 0; i < count; i++)
        (void)fprintf(out, "%s %s %u\n", methods[i]->name, kind_name(methods[i]->kind), methods[i]->roles);
}

static bool code_hash(struct code *code) {
    char *whole = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&whole, &size);
    if (!out) return false;
    (void)fprintf(out, "%s\n", recreate);
    for (size_t i = 0; i < code->count; i++)
        (void)fprintf(out, "%s %zu\n%s\n", code->names[i], strlen(code->texts[i]), code->texts[i]);
    methods_print(out);
    bool good = fclose(out) == 0 && sha256_hex(whole, size, code->sha256);
    free(whole);
    return good;
}

static bool code_compare(struct code *code, PGconn *db) {
    PGresult *result = owner_query(db, "select to_regclass('meta.code') is null", 0, NULL);
    if (!result) return false;
    bool fresh = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    if (fresh) return true;
    result = owner_query(db, "select encode(sha256, 'hex') from meta.code order by applied_at desc limit 1", 0, NULL);
    if (!result) return false;
    code->current = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), code->sha256) == 0;
    PQclear(result);
    return true;
}

static bool code_read(struct code *code, PGconn *db, const char *folder) {
    code->names = sql_names(folder, &code->count);
    if (!code->names) return false;
    code->paths = calloc(code->count + 1, sizeof *code->paths);
    code->texts = calloc(code->count + 1, sizeof *code->texts);
    if (!code->paths || !code->texts) return false;
    for (size_t i = 0; i < code->count; i++) {
        code->paths[i] = path_join(folder, code->names[i]);
        code->texts[i] = owner_read_file(code->paths[i], NULL);
        if (!code->texts[i]) return false;
    }
    return code_hash(code) && code_compare(code, db);
}

static void code_free(struct code *code) {
    names_free(code->names, code->count);
    names_free(code->paths, code->count);
    names_free(code->texts, code->count);
}

static bool method_write(PGconn *db, const struct method *method) {
    const char *values[] = {method->name, kind_name(method->kind)};
    if (!owner_do(db, "insert into identity.method (name, kind) values ($1, $2)", 2, values)) return false;
    for (uint32_t i = 0; i < ROLE_COUNT; i++) {
        const char *pair[] = {method->name, role_name(1u << i)};
        if (!(method->roles & (1u << i)) || method->kind == METHOD_PUBLIC) continue;
        if (!owner_do(db, "insert into identity.method_role (method, role) values ($1, $2)", 2, pair)) return false;
    }
    return true;
}

static bool methods_write(PGconn *db) {
    size_t count = 0;
    const struct method *const *methods = method_all(&count);
    if (!owner_do(db, "delete from identity.method", 0, NULL)) return false;
    for (size_t i = 0; i < count; i++)
        if (!method_write(db, methods[i])) return false;
    return true;
}

static bool code_apply(PGconn *db, const struct code *code) {
    const char *values[] = {code->sha256};
    bool good = simple(db, "begin") && simple(db, recreate);
    for (size_t i = 0; i < code->count && good; i++) good = owner_run_file(db, code->paths[i], code->texts[i]);
    good = good && methods_write(db) && simple(db, "reset role") &&
           owner_do(db, "insert into meta.code (sha256, applied_at) values (decode($1, 'hex'), clock_timestamp())", 1, values);
    good = finish(db, good);
    if (good) (void)printf("functions made anew from %zu files\n", code->count);
    return good;
}

/* ------------------------------------------------------------------------------------------- the command */

static int status_print(const struct migration_plan *plan, const struct code *code) {
    bool sound = true;
    for (size_t i = 0; i < plan->count; i++) {
        const struct migration *row = &plan->rows[i];
        (void)printf("%-12s %s%s%s\n", migration_state_name(row->state), row->name, row->applied_at ? "  " : "",
                     row->applied_at ? row->applied_at : "");
        sound = sound && (row->state == MIGRATION_PENDING || row->state == MIGRATION_APPLIED);
    }
    (void)printf("%-12s functions (%zu files)\n", code->current ? "applied" : "pending", code->count);
    return sound ? EX_OK : EX_DATAERR;
}

static int migrate(PGconn *db, const struct migration_plan *plan, struct code *code) {
    size_t applied = 0;
    if (!plan_allowed(plan) || !simple(db, bootstrap) || !migrations_apply(db, plan, &applied)) return EX_DATAERR;
    /* A new table may be a reason for a function to be compiled again, though its file did not change. */
    if (applied == 0 && code->current) {
        (void)puts("nothing to do");
        return EX_OK;
    }
    return code_apply(db, code) ? EX_OK : EX_DATAERR;
}

static int run(const struct config *config, bool status_only) {
    struct migration_plan plan = {0};
    struct code code = {0};
    char *migrations = path_join(config->sql, "migrations"), *api = path_join(config->sql, "api");
    int result = EX_UNAVAILABLE;
    PGconn *db = owner_connect(config);
    if (!db || !simple(db, "set client_min_messages = warning")) goto out;
    if (!status_only && !lock(db)) goto out;
    result = EX_DATAERR;
    if (!migration_plan_read(&plan, db, migrations) || !code_read(&code, db, api)) goto out;
    result = status_only ? status_print(&plan, &code) : migrate(db, &plan, &code);
out:
    code_free(&code);
    migration_plan_free(&plan);
    free(migrations);
    free(api);
    PQfinish(db); /* gives the lock back */
    return result;
}

int migrate_main(struct config *config, int argc, char **argv) {
    static const struct option options[] = {{"status", no_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
    bool status_only = false;
    optind = 0;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option != 's') return EX_USAGE;
        status_only = true;
    }
    if (optind != argc) {
        (void)fputs("usage: loketd migrate [--status]\n", stderr);
        return EX_USAGE;
    }
    return run(config, status_only);
}
