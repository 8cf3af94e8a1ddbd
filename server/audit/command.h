/* What the verbs of `loketd audit` share: the office whose turn it is, streamed rows, and saying what is wrong. They work as the
 * database's owner in one read-only snapshot. */
#ifndef SERVER_AUDIT_COMMAND_H
#define SERVER_AUDIT_COMMAND_H

#include <server/audit/note.h>
#include <server/owner.h>

struct audit_office {
    const struct config *config; /* borrowed */
    PGconn *db;
    char id[24], code[40], origin[CHECKPOINT_ORIGIN_BYTES];
    EVP_PKEY *key; /* the public one; NULL: no checkpoints are configured */
};

/* Rows of a query one at a time, so that a table of any length takes the memory of a row. Values are binary. */
struct audit_stream {
    PGconn *db;
    PGresult *row;
    bool failed;
};
bool audit_stream_open(struct audit_stream *stream, PGconn *db, const char *sql, int count, const char *const *values);
/* The next row, valid until the next call; NULL at the end or (said on standard error, `failed`) when it broke. */
const PGresult *audit_stream_next(struct audit_stream *stream);
/* Reads what is left, so that the connection can be used again. */
void audit_stream_close(struct audit_stream *stream);

/* One row of binary values; NULL (said on standard error) when there is none. The caller clears it. */
PGresult *audit_row(PGconn *db, const char *sql, int count, const char *const *values);
bool audit_is_null(const PGresult *row, int column);
const char *audit_text(const PGresult *row, int column); /* "" when null */
/* Is the column a hash of 32 bytes and this one? */
bool audit_is_hash(const PGresult *row, int column, const uint8_t hash[TREE_HASH_BYTES]);

/* The verbs: each returns an exit code. Verify looks at one office and says what is wrong; the others need one office. */
int audit_verify(struct audit_office *office);
int audit_prove(struct audit_office *office, const char *event_id);
int audit_consistency(struct audit_office *office, const char *older, const char *size);
int audit_export(struct audit_office *office, const char *folder);

#endif
