/* What TLS session tickets are sealed with (RFC 5077, section 4; RFC 8446, section 4.6.1). Every process makes the same keys of one
 * secret without a word to the others, and the secret of a period is gone when the period is over: who takes one later opens no
 * older ticket. */
#ifndef SERVER_TICKET_SECRET_H
#define SERVER_TICKET_SECRET_H

#include <stdbool.h>
#include <time.h>

#define TICKET_SECRET_BYTES  64
#define TICKET_KEY_BYTES     80          /* SSL_CTX_set_tlsext_ticket_keys of OpenSSL 3 */
#define TICKET_SECRET_PERIOD (12 * 3600) /* seconds */

struct ticket_secret {
    unsigned char bytes[TICKET_SECRET_BYTES];
    time_t begun_at; /* of this period, by clock_seconds() */
};

/* A secret by chance; `now` is clock_seconds(). False: no randomness. */
bool ticket_secret_new(struct ticket_secret *secret, time_t now);

/* Goes on to the period of `now`, over as many as have passed. True when that is another one: tickets need new keys then, and those
 * of before are refused, which costs their owner a full handshake. */
bool ticket_secret_advance(struct ticket_secret *secret, time_t now);

/* The keys of this period for SSL_CTX_set_tlsext_ticket_keys; the caller wipes them. */
void ticket_secret_keys(const struct ticket_secret *secret, unsigned char keys[TICKET_KEY_BYTES]);

#endif
