/* What is to be migrated. Reads only: neither a file nor a table is changed here. */
#include "server/migrate_plan.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <server/owner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {
    [MIGRATION_PENDING] = "pending",   [MIGRATION_APPLIED] = "applied",       [MIGRATION_CHANGED] = "changed",
    [MIGRATION_MISSING] = "file gone", [MIGRATION_DISORDER] = "out of order",
};

const char *migration_state_name(enum migration_state state) {
    return state_names[state];
}

bool sha256_hex(const void *data, size_t bytes, char hex[SHA256_HEX_BYTES]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(data, bytes, digest, &size, EVP_sha256(), NULL) != 1 || size != 32) return false;
    for (unsigned int i = 0; i < size; i++) (void)snprintf(hex + (size_t)i * 2, 3, "%02x", digest[i]);
    return true;
}

static void *need(void *memory) {
    if (memory) return memory;
    (void)fputs("loketd: out of memory\n", stderr);
    exit(1);
}

char *path_join(const char *folder, const char *name) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0) path = NULL;
    return need(path);
}

static int is_sql(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 4 && strcmp(entry->d_name + length - 4, ".sql") == 0;
}

static int by_bytes(const struct dirent **left, const struct dirent **right) {
    return strcmp((*left)->d_name, (*right)->d_name);
}

char **sql_names(const char *folder, size_t *count) {
    struct dirent **entries = NULL;
    int found = scandir(folder, &entries, is_sql, by_bytes);
    if (found < 0) {
        (void)fprintf(stderr, "loketd: %s: %s (is [paths] sql right?)\n", folder, strerror(errno));
        return NULL;
    }
    char **names = need(calloc((size_t)found + 1, sizeof *names));
    for (int i = 0; i < found; i++) {
        names[i] = need(strdup(entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
    *count = (size_t)found;
    return names;
}

void names_free(char **names, size_t count) {
    for (size_t i = 0; names && i < count; i++) free(names[i]);
    free(names);
}

static struct migration *plan_add(struct migration_plan *plan) {
    plan->rows = need(reallocarray(plan->rows, plan->count + 1, sizeof *plan->rows));
    struct migration *row = &plan->rows[plan->count++];
    *row = (struct migration){0};
    return row;
}

/* The number of "0007_audit.sql", 0 when the name is not of that form. */
static int name_number(const char *name) {
    size_t digits = strspn(name, "0123456789");
    size_t words = strspn(name + digits, "_abcdefghijklmnopqrstuvwxyz0123456789");
    if (digits != 4 || name[4] != '_' || words < 2 || strcmp(name + digits + words, ".sql") != 0) return 0;
    return (int)strtol(name, NULL, 10);
}

static bool read_file(struct migration_plan *plan, const char *folder, const char *name) {
    int number = name_number(name);
    if (number == 0) {
        (void)fprintf(stderr, "loketd: %s/%s: a migration is called NNNN_name.sql (small letters)\n", folder, name);
        return false;
    }
    struct migration *row = plan_add(plan);
    size_t size = 0;
    row->number = number;
    row->name = need(strndup(name, strlen(name) - 4));
    row->path = path_join(folder, name);
    row->text = owner_read_file(row->path, &size);
    return row->text && sha256_hex(row->text, size, row->sha256);
}

static bool read_folder(struct migration_plan *plan, const char *folder) {
    size_t count = 0;
    bool good = true;
    char **names = sql_names(folder, &count);
    if (!names) return false;
    for (size_t i = 0; i < count && good; i++) good = read_file(plan, folder, names[i]);
    names_free(names, count);
    if (good && count == 0) {
        (void)fprintf(stderr, "loketd: %s: no migration here (is [paths] sql right?)\n", folder);
        return false;
    }
    return good;
}

static struct migration *plan_find(struct migration_plan *plan, const char *name) {
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->rows[i].name, name) == 0) return &plan->rows[i];
    return NULL;
}

static void mark_applied(struct migration_plan *plan, const PGresult *result, int i) {
    const char *name = PQgetvalue(result, i, 1), *sha256 = PQgetvalue(result, i, 2);
    struct migration *row = plan_find(plan, name);
    if (row) {
        row->state = strcmp(row->sha256, sha256) == 0 ? MIGRATION_APPLIED : MIGRATION_CHANGED;
    } else {
        row = plan_add(plan);
        row->name = need(strdup(name));
        row->number = (int)strtol(PQgetvalue(result, i, 0), NULL, 10);
        row->state = MIGRATION_MISSING;
    }
    row->applied_at = need(strdup(PQgetvalue(result, i, 3)));
}

static bool read_table(struct migration_plan *plan, PGconn *db) {
    PGresult *result = owner_query(db, "select to_regclass('meta.migration') is null", 0, NULL);
    if (!result) return false;
    bool fresh = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    if (fresh) return true;
    result = owner_query(db,
                         "select number, name, encode(sha256, 'hex'), to_char(applied_at, 'YYYY-MM-DD HH24:MI:SSOF')"
                         "  from meta.migration order by number",
                         0, NULL);
    if (!result) return false;
    for (int i = 0; i < PQntuples(result); i++) mark_applied(plan, result, i);
    PQclear(result);
    return true;
}

static int by_number(const void *left, const void *right) {
    const struct migration *a = left, *b = right;
    return a->number != b->number ? (a->number > b->number) - (a->number < b->number) : strcmp(a->name, b->name);
}

static void mark_disorder(struct migration_plan *plan) {
    bool later_applied = false;
    for (size_t i = plan->count; i-- > 0;) {
        struct migration *row = &plan->rows[i];
        int before = i > 0 ? plan->rows[i - 1].number : 0;
        bool in_order = !later_applied && row->number == before + 1;
        if (row->state == MIGRATION_PENDING && !in_order) row->state = MIGRATION_DISORDER;
        later_applied = later_applied || row->state == MIGRATION_APPLIED || row->state == MIGRATION_CHANGED;
    }
}

bool migration_plan_read(struct migration_plan *plan, PGconn *db, const char *folder) {
    *plan = (struct migration_plan){0};
    if (!read_folder(plan, folder) || !read_table(plan, db)) return false;
    qsort(plan->rows, plan->count, sizeof *plan->rows, by_number);
    mark_disorder(plan);
    return true;
}

void migration_plan_free(struct migration_plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->rows[i].path);
        free(plan->rows[i].name);
        free(plan->rows[i].text);
        free(plan->rows[i].applied_at);
    }
    free(plan->rows);
    *plan = (struct migration_plan){0};
}
