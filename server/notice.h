/* Notices to applicants by mail: the job process takes the next one of the outbox (application.notice) and gives it to the mail
 * server. Without [mail] they stay where they are, to be read in the application's history. */
#ifndef SERVER_NOTICE_H
#define SERVER_NOTICE_H

#include <libpq-fe.h>
#include <server/config.h>
#include <stdbool.h>

/* Sends one notice that is due. False when there is none, mail is not set up, or the mail server is away: it is then left alone for
 * a minute.
 *
 * A try is counted and committed before the mail goes out, its end after. So a crash between the two repeats a mail, minutes later
 * and with the same Message-ID; nothing else does. */
bool notice_send(PGconn *db, const struct config *config);

#endif
