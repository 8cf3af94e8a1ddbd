/* The files of sql/migrations beside what the database says was applied: what is to be done, and may it be? */
#ifndef SERVER_MIGRATE_PLAN_H
#define SERVER_MIGRATE_PLAN_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#define SHA256_HEX_BYTES 65 /* 64 digits and a NUL */

enum migration_state {
    MIGRATION_PENDING,
    MIGRATION_APPLIED,
    MIGRATION_CHANGED, /* applied, and the file is not what it was */
    MIGRATION_MISSING, /* applied, and the file is gone */
    MIGRATION_DISORDER /* not applied, but a later one is; or its number is there twice or skipped one */
};

struct migration {
    int number;
    char *path, *name, *text; /* path and text are NULL when the file is missing */
    char sha256[SHA256_HEX_BYTES];
    char *applied_at; /* NULL: not applied */
    enum migration_state state;
};

struct migration_plan {
    struct migration *rows; /* by number */
    size_t count;
};

/* Reads the folder and meta.migration (which need not be there) into `plan`. False after saying why not on
 * standard error; migration_plan_free() is due in either case. */
bool migration_plan_read(struct migration_plan *plan, PGconn *db, const char *folder);
void migration_plan_free(struct migration_plan *plan);

/* The word for --status: "applied", "pending", "changed" ... */
const char *migration_state_name(enum migration_state state);

/* The SHA-256 of `bytes` of `data` in hexadecimal digits. */
bool sha256_hex(const void *data, size_t bytes, char hex[SHA256_HEX_BYTES]);

/* The names in `folder` that end in ".sql", sorted bytewise, as an array to be freed with names_free(). NULL after
 * saying why not. */
char **sql_names(const char *folder, size_t *count);
void names_free(char **names, size_t count);

/* "folder/name", to be freed; never NULL (out of memory ends the command, which has written nothing yet). */
char *path_join(const char *folder, const char *name);

#endif
