/* One mail: what it looks like on the wire, and handing it to a mail server (SMTP). Blocks while it is handed over: for the job
 * process, never for a worker. */
#ifndef SERVER_MAIL_H
#define SERVER_MAIL_H

#include <server/buffer.h>
#include <server/config.h>
#include <stdbool.h>

struct mail {
    const char *from, *from_name, *to, *subject, *text; /* UTF-8 */
    const char *id;                                     /* left of the @ of its Message-ID: the same when it is sent again */
    long long made_at;                                  /* Unix seconds */
};

/* Writes the message (RFC 5322, 2045, 2047) into `out`. False when an address is none, or memory is short. Whatever the texts hold,
 * nothing in them can begin a header. */
bool mail_write(const struct mail *mail, struct buffer *out);

enum mail_outcome {
    MAIL_SENT,
    MAIL_REFUSED, /* by the mail server, for good: trying again would change nothing */
    MAIL_LATER,   /* the mail server refuses it for now */
    MAIL_AWAY     /* it can't be reached, or won't let us in */
};

/* Hands it to [mail] server. `problem` says why not, in English. */
enum mail_outcome mail_send(const struct config *config, const struct mail *mail, char *problem, size_t size);

#endif
