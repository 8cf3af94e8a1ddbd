/* Where a signer's key comes from. For signer.c only. */
#ifndef TUI_ENTRY_SIGNER_KEY_H
#define TUI_ENTRY_SIGNER_KEY_H

#include <loket/error.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

struct signer_key {
    EVP_PKEY *key;
    X509 *certificate;
    STACK_OF(X509) * chain; /* may be NULL */
    void *token;            /* what signer_token_close takes; NULL: a file */
};

/* Each fills `key`, also partly when it fails; the caller frees what is there. */
enum loket_error signer_file_open(const char *path, const char *passphrase, struct signer_key *key, struct error *error);
enum loket_error signer_token_open(const char *uri, const char *pin, struct signer_key *key, struct error *error);
/* Logs out of the token and frees the key. */
void signer_token_close(struct signer_key *key);

#endif
