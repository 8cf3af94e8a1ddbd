/* The secret is a chain of HMACs: each period's is made of the one before, and the keys are made of the secret under other names.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <server/ticket_secret.h>
#include <stdlib.h>
#include <string.h>

/* 64 bytes of the secret under a name. */
static void derive(const struct ticket_secret *secret, const char *name, unsigned char out[TICKET_SECRET_BYTES]) {
    if (!HMAC(EVP_sha512(), secret->bytes, sizeof secret->bytes, (const unsigned char *)name, strlen(name), out, NULL))
        abort(); /* no memory; without it the keys would be known to nobody, or to everybody */
}

bool ticket_secret_new(struct ticket_secret *secret, time_t now) {
    secret->begun_at = now;
    return RAND_bytes(secret->bytes, sizeof secret->bytes) == 1;
}

bool ticket_secret_advance(struct ticket_secret *secret, time_t now) {
    bool advanced = false;
    for (; now - secret->begun_at >= TICKET_SECRET_PERIOD; secret->begun_at += TICKET_SECRET_PERIOD) {
        unsigned char next[TICKET_SECRET_BYTES];
        derive(secret, "next period", next);
        memcpy(secret->bytes, next, sizeof next);
        explicit_bzero(next, sizeof next);
        advanced = true;
    }
    return advanced;
}

void ticket_secret_keys(const struct ticket_secret *secret, unsigned char keys[TICKET_KEY_BYTES]) {
    unsigned char rest[TICKET_SECRET_BYTES];
    derive(secret, "ticket keys 1", keys);
    derive(secret, "ticket keys 2", rest);
    memcpy(keys + TICKET_SECRET_BYTES, rest, TICKET_KEY_BYTES - TICKET_SECRET_BYTES);
    explicit_bzero(rest, sizeof rest);
}
