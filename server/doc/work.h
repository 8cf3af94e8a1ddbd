/* The job process's work on documents: draws what the office writes, checks what comes in, puts signatures into files, and
 * reads back what lies there. Each piece is one transaction: a process that dies leaves it for the next. */
#ifndef SERVER_DOC_WORK_H
#define SERVER_DOC_WORK_H

#include <libpq-fe.h>
#include <server/config.h>
#include <server/doc/content.h>
#include <stdbool.h>

struct document_work;

/* `config` is borrowed. NULL when memory or the database of file types is not there. */
struct document_work *document_work_new(const struct config *config);
void document_work_free(struct document_work *work);

/* Does one piece, the most urgent first. False when nothing is due, or the database objects. */
bool document_work_do(struct document_work *work, PGconn *db);

/* Reads a content back, chunk by chunk, through `content`. False when a chunk is missing or the database objects. */
bool content_read_back(PGconn *db, const char *office_id, const char *content_id, int chunks, struct content *content);

#endif
