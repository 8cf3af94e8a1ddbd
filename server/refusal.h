/* What was refused is recorded: somebody who tries what they may not is something an auditor wants to see. */
#ifndef SERVER_REFUSAL_H
#define SERVER_REFUSAL_H

#include <server/dispatch.h>

/* The request's answer is `error`. When that is FORBIDDEN and somebody is logged in, the database is told, after the answer and
 * without waiting: the refused call itself was rolled back. At most REFUSALS_PER_MINUTE of a connection; the database
 * has a limit of its own for each user. */
void refusal_note(const struct request *request, const struct error *error);

#endif
