/* What the commands that work as the database's owner share (migrate, catalogue, user): connecting, asking, and
 * saying on standard error what PostgreSQL refused. The server's processes never include this. */
#ifndef SERVER_OWNER_H
#define SERVER_OWNER_H

#include <libpq-fe.h>
#include <server/config.h>
#include <stdbool.h>
#include <stddef.h>

/* Connects with [database] owner. NULL after saying why on standard error; else PQfinish() it. */
PGconn *owner_connect(const struct config *config);

/* Runs one statement with text parameters (`values` may be NULL when there are none). NULL after saying what was
 * refused; else the caller clears the result. */
PGresult *owner_query(PGconn *db, const char *sql, int count, const char *const *values);

/* The same where the answer does not matter. */
bool owner_do(PGconn *db, const char *sql, int count, const char *const *values);

/* Runs the statements of `text`, which is the file `path`. False after saying file and line of the error. */
bool owner_run_file(PGconn *db, const char *path, const char *text);

/* `message` on standard error, its one %s replaced by `argument`, and a line end. */
void owner_print_message(const char *message, const char *argument);

/* The whole file as a string, to be freed; NULL after saying why not. `size` may be NULL. A file over 16 MiB or
 * with a NUL byte is refused. */
char *owner_read_file(const char *path, size_t *size);

#endif
