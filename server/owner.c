/* Working as the owner of the database: for the commands, never for the server. */
#include "server/owner.h"

#include <errno.h>
#include <server/sql_text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MOST (16u * 1024u * 1024u)

static void notice_drop(void *data, const char *message) {
    (void)data;
    (void)message; /* "drop cascades to 93 other objects": not news */
}

PGconn *owner_connect(const struct config *config) {
    PGconn *db = PQconnectdb(config->database_owner);
    if (PQstatus(db) != CONNECTION_OK) {
        (void)fprintf(stderr, "loketd: no connection to the database ([database] owner): %s", PQerrorMessage(db));
        PQfinish(db);
        return NULL;
    }
    PQsetNoticeProcessor(db, notice_drop, NULL);
    if (PQsetClientEncoding(db, "UTF8") == 0) return db;
    (void)fprintf(stderr, "loketd: the database does not speak UTF-8: %s", PQerrorMessage(db));
    PQfinish(db);
    return NULL;
}

/* One part of an error on a line of its own, when it is there. */
static void print_part(const char *name, const char *text) {
    if (text && *text) (void)fprintf(stderr, "  %s: %s\n", name, text);
}

void owner_print_message(const char *message, const char *argument) {
    const char *place = strstr(message, "%s");
    if (place) (void)fprintf(stderr, "%.*s%s%s\n", (int)(place - message), message, argument ? argument : "", place + 2);
    else (void)fprintf(stderr, "%s\n", message);
}

static void print_error(const PGresult *result, const char *place) {
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (message && state && strncmp(state, "LK", 2) == 0) { /* ours: a field, a sentence and its argument */
        const char *field = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
        (void)fprintf(stderr, "%s: %s%s", place, field ? field : "", field && *field ? ": " : "");
        owner_print_message(message, PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
        return;
    }
    (void)fprintf(stderr, "%s: %s\n", place, message ? message : PQresultErrorMessage(result));
    print_part("detail", PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
    print_part("hint", PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
    print_part("in", PQresultErrorField(result, PG_DIAG_CONTEXT));
}

PGresult *owner_query(PGconn *db, const char *sql, int count, const char *const *values) {
    PGresult *result = PQexecParams(db, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return result;
    if (result && PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)) print_error(result, "loketd: the database refused");
    else (void)fprintf(stderr, "loketd: %s", PQerrorMessage(db));
    PQclear(result);
    return NULL;
}

bool owner_do(PGconn *db, const char *sql, int count, const char *const *values) {
    PGresult *result = owner_query(db, sql, count, values);
    PQclear(result);
    return result != NULL;
}

/* `done` statements of the text went well before this error. */
static void print_file_error(const PGresult *result, const char *path, const char *text, size_t done) {
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    int line = position ? sql_line_at(text, strtoul(position, NULL, 10)) : sql_line_of_statement(text, done);
    char place[4200];
    (void)snprintf(place, sizeof place, "%.4096s:%d", path, line > 0 ? line : 1);
    print_error(result, place);
}

bool owner_run_file(PGconn *db, const char *path, const char *text) {
    size_t done = 0;
    bool good = true;
    if (!PQsendQuery(db, text)) {
        (void)fprintf(stderr, "%s: %s", path, PQerrorMessage(db));
        return false;
    }
    for (PGresult *result; (result = PQgetResult(db)) != NULL; PQclear(result)) {
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
            print_file_error(result, path, text, done);
            good = false;
        }
        done++;
    }
    if (good && PQtransactionStatus(db) != PQTRANS_INTRANS) {
        (void)fprintf(stderr, "%s: ends the transaction that it runs in (commit or rollback)\n", path);
        good = false;
    }
    return good;
}

/* Reads the open file whole; NULL with errno set. */
static char *read_stream(FILE *stream, size_t *size) {
    size_t room = 16384, used = 0;
    char *text = malloc(room);
    while (text) {
        used += fread(text + used, 1, room - used - 1, stream);
        if (used < room - 1) break;
        char *larger = room >= FILE_BYTES_MOST ? NULL : realloc(text, room *= 2);
        if (!larger) free(text);
        text = larger;
        errno = EFBIG;
    }
    if (!text) return NULL;
    text[used] = '\0';
    *size = used;
    if (!ferror(stream) && strlen(text) == used) return text;
    if (!ferror(stream)) errno = EILSEQ;
    free(text);
    return NULL;
}

char *owner_read_file(const char *path, size_t *size) {
    size_t bytes = 0;
    char *text = NULL;
    FILE *stream = fopen(path, "re");
    if (stream) text = read_stream(stream, &bytes);
    if (!text) (void)fprintf(stderr, "loketd: %s: %s\n", path, strerror(errno));
    if (stream) (void)fclose(stream);
    if (text && size) *size = bytes;
    return text;
}
