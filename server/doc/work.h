/* The job process's work on documents: draws what the office writes, checks what comes in, puts signatures into files, and
 * reads back what lies there. Each piece is one transaction: a process that dies leaves it for the next. */
#ifndef SERVER_DOC_WORK_H
#define SERVER_DOC_WORK_H

#include <libpq-fe.h>
#include <loket/error.h>
#include <server/config.h>
#include <server/doc/content.h>
#include <server/privacy/file.h>
#include <stdbool.h>

struct document_work;

/* `config` is borrowed. NULL when memory or the database of file types is not there. */
struct document_work *document_work_new(const struct config *config);
void document_work_free(struct document_work *work);

/* Does one piece, the most urgent first. False when nothing is due, or the database objects. */
bool document_work_do(struct document_work *work, PGconn *db);

/* What is done with each chunk of a content beside checking it; false ends the reading. */
typedef bool content_chunk(int number, const void *bytes, size_t size, void *data);

struct content_place {
    const char *office_id, *content_id, *upload_id; /* the upload of one that is still on its way in, else NULL */
    int chunks;
    content_chunk *also; /* may be NULL */
    void *data;
};

/* Reads a content back, chunk by chunk, opened, through `content` (which may be NULL). OK, NOT_FOUND when a chunk is missing or the
 * database objects, UNAVAILABLE when its key is not here, INTERNAL when it is damaged. */
enum loket_error content_read_back(PGconn *db, const struct content_place *place, struct content *content);

/* A content that gets a key of its own: pass content_seal_chunk and this as `also` and `data` of its place. Each chunk is exchanged
 * in the transaction that runs; the key has to be set at its end. */
struct content_sealing {
    PGconn *db;
    const struct content_place *place;
    uint8_t key[FILE_KEY_BYTES];
};
content_chunk content_seal_chunk;

#endif
