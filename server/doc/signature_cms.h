/* A CMS that has been opened, for the parts of signature.h; nobody else includes this. */
#ifndef SERVER_DOC_SIGNATURE_CMS_H
#define SERVER_DOC_SIGNATURE_CMS_H

#include <openssl/cms.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <server/doc/signature.h>

struct signed_message {
    CMS_ContentInfo *cms;
    CMS_SignerInfo *signer;        /* the only one; of cms */
    X509 *certificate;             /* the signer's; of cms */
    STACK_OF(X509) * certificates; /* all that came along; owned */
};

/* Takes apart a detached SignedData of one signer whose certificate is in it. message_close after failure too. */
enum loket_error message_open(struct signed_message *message, const uint8_t *cms, size_t size, struct error *error);
void message_close(struct signed_message *message);

/* Is its digest `digest`? LOKET_STALE, unlike any other failure, when the document is another one. */
enum loket_error message_check_digest(const struct signed_message *message, const uint8_t digest[SIGNATURE_DIGEST_BYTES],
                                      struct error *error);

/* Everything else that signature_check promises, at `at`. */
enum loket_error message_check_signer(const struct signed_message *message, time_t at, const char *trust_file, struct error *error);

void message_report(const struct signed_message *message, struct signature_report *report);

/* A store of the certificates in `trust_file` that judges as of `at`; NULL and *error when the file can't be read. */
X509_STORE *trust_open(const char *trust_file, time_t at, struct error *error);

/* The time of the message's stamp, 0 when it has none. A stamp that is not for this signature, or not by a service that
 * `trust_file` knows, is an error. */
enum loket_error stamp_check(const struct signed_message *message, const char *trust_file, time_t *at, struct error *error);

#endif
