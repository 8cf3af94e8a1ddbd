/* Signs a document's digest with the head's key. Where the key is, is signer_file.c's and signer_token.c's; which document it is,
 * the server's. Keeps no passphrase. */
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/pkcs7.h>
#include <proto/certificate.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tui/entry/signer.h>
#include <tui/entry/signer_key.h>
#include <tui/ui/text.h>

struct signer {
    struct signer_key key;
    char name[256];
    char expires_on[CERTIFICATE_DATE_BYTES];
};

static enum loket_error key_open(struct signer *signer, const char *place, const char *passphrase, struct error *error) {
    struct signer_key *key = &signer->key;
    enum loket_error code = strncmp(place, "pkcs11:", 7) == 0 ? signer_token_open(place, passphrase, key, error)
                                                              : signer_file_open(place, passphrase, key, error);
    if (code != LOKET_OK) return code;
    if (X509_check_private_key(key->certificate, key->key) != 1)
        return error_set(error, LOKET_INVALID, "key", N_("The key does not fit its certificate"), NULL);
    return certificate_check(key->certificate, time(NULL), "key", error);
}

struct signer *signer_open(const char *place, const char *passphrase, struct error *error) {
    struct signer *signer = calloc(1, sizeof *signer);
    if (!signer) {
        (void)error_set(error, LOKET_INTERNAL, "key", N_("Out of memory"), NULL);
        return NULL;
    }
    enum loket_error code = key_open(signer, place, passphrase, error);
    ERR_clear_error(); /* what OpenSSL says of it has been said in our words */
    if (code != LOKET_OK) {
        signer_free(signer);
        return NULL;
    }
    certificate_name(X509_get_subject_name(signer->key.certificate), signer->name, sizeof signer->name);
    certificate_date(X509_get0_notAfter(signer->key.certificate), signer->expires_on);
    return signer;
}

void signer_free(struct signer *signer) {
    if (!signer) return;
    if (signer->key.token) signer_token_close(&signer->key);
    EVP_PKEY_free(signer->key.key); /* OpenSSL wipes the key's numbers */
    X509_free(signer->key.certificate);
    sk_X509_pop_free(signer->key.chain, X509_free);
    explicit_bzero(signer, sizeof *signer);
    free(signer);
}

const char *signer_name(const struct signer *signer) {
    return signer->name;
}

const char *signer_expires_on(const struct signer *signer) {
    return signer->expires_on;
}

/* The signed attribute of RFC 5035: the digest of the signer's certificate. */
static bool add_certificate_digest(PKCS7_SIGNER_INFO *info, X509 *certificate) {
    ESS_SIGNING_CERT_V2 *named = OSSL_ESS_signing_cert_v2_new_init(EVP_sha256(), certificate, NULL, 1);
    ASN1_STRING *value = ASN1_STRING_new();
    uint8_t *der = NULL;
    int size = named ? i2d_ESS_SIGNING_CERT_V2(named, &der) : 0;
    bool good = value && size > 0 && ASN1_STRING_set(value, der, size) == 1 &&
                PKCS7_add_signed_attribute(info, NID_id_smime_aa_signingCertificateV2, V_ASN1_SEQUENCE, value) == 1;
    if (!good) ASN1_STRING_free(value); /* else the attribute owns it */
    OPENSSL_free(der);
    ESS_SIGNING_CERT_V2_free(named);
    return good;
}

static bool add_certificates(PKCS7 *message, const struct signer_key *key) {
    if (PKCS7_add_certificate(message, key->certificate) != 1) return false;
    for (int i = 0; i < sk_X509_num(key->chain); i++)
        if (PKCS7_add_certificate(message, sk_X509_value(key->chain, i)) != 1) return false;
    return true;
}

/* By OpenSSL's PKCS7 functions, whose SignedData is a CMS too: those named CMS always add a signing time, which PAdES forbids. */
static PKCS7 *message_new(const struct signer_key *key, const uint8_t digest[SIGNER_DIGEST_BYTES]) {
    PKCS7 *message = PKCS7_new();
    if (!message || PKCS7_set_type(message, NID_pkcs7_signed) != 1 || PKCS7_content_new(message, NID_pkcs7_data) != 1) goto failed;
    (void)PKCS7_set_detached(message, 1);
    PKCS7_SIGNER_INFO *info = PKCS7_add_signature(message, key->certificate, key->key, EVP_sha256());
    if (!info || !add_certificates(message, key)) goto failed;
    if (PKCS7_add_attrib_content_type(info, NULL) != 1) goto failed; /* NULL: data */
    if (PKCS7_add1_attrib_digest(info, digest, SIGNER_DIGEST_BYTES) != 1) goto failed;
    if (!add_certificate_digest(info, key->certificate) || PKCS7_SIGNER_INFO_sign(info) != 1) goto failed;
    return message;
failed:
    PKCS7_free(message);
    return NULL;
}

enum loket_error signer_sign(struct signer *signer, const uint8_t digest[SIGNER_DIGEST_BYTES], uint8_t **cms, size_t *size,
                             struct error *error) {
    PKCS7 *message = message_new(&signer->key, digest);
    int length = message ? i2d_PKCS7(message, NULL) : 0;
    uint8_t *der = length > 0 ? malloc((size_t)length) : NULL, *at = der;
    *cms = NULL;
    *size = 0;
    if (der && i2d_PKCS7(message, &at) == length) {
        *cms = der;
        *size = (size_t)length;
        der = NULL;
    }
    free(der);
    PKCS7_free(message);
    ERR_clear_error();
    if (*cms) return LOKET_OK;
    return error_set(error, LOKET_INTERNAL, "key", N_("The key refuses to sign: is the token still there?"), NULL);
}
