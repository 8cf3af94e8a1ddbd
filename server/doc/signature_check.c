/* Judges a CMS by itself: its form, its signature, its certificate. Knows no PDF, and asks nobody about revocation. */
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <proto/certificate.h>
#include <server/doc/signature_cms.h>
#include <stdbool.h>
#include <string.h>

#define CHAIN_STRENGTH 2 /* OpenSSL's level of 112 bits: RSA 2048, SHA-224 */

static enum loket_error refuse(struct error *error, const char *message, const char *argument) {
    ERR_clear_error(); /* what OpenSSL says of it has been said in our words */
    return error_set(error, LOKET_INVALID, "signature", message, argument);
}

enum loket_error message_open(struct signed_message *message, const uint8_t *cms, size_t size, struct error *error) {
    const uint8_t *at = cms;
    *message = (struct signed_message){0};
    if (size == 0 || size > SIGNATURE_CMS_BYTES) return refuse(error, "The signature is empty or too large", NULL);
    message->cms = d2i_CMS_ContentInfo(NULL, &at, (long)size);
    if (!message->cms || at != cms + size) return refuse(error, "This is not a signature (CMS)", NULL);
    if (OBJ_obj2nid(CMS_get0_type(message->cms)) != NID_pkcs7_signed) return refuse(error, "This is not a signature (CMS)", NULL);
    if (OBJ_obj2nid(CMS_get0_eContentType(message->cms)) != NID_pkcs7_data || CMS_is_detached(message->cms) != 1)
        return refuse(error, "The signature is not one of a document: it has content of its own", NULL);
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(message->cms);
    if (sk_CMS_SignerInfo_num(signers) != 1) return refuse(error, "The signature must be of exactly one person", NULL);
    message->signer = sk_CMS_SignerInfo_value(signers, 0);
    message->certificates = CMS_get1_certs(message->cms);
    if (CMS_set1_signers_certs(message->cms, NULL, 0) == 1)
        CMS_SignerInfo_get0_algs(message->signer, NULL, &message->certificate, NULL, NULL);
    if (!message->certificate || !message->certificates)
        return refuse(error, "The signer's certificate is not in the signature", NULL);
    return LOKET_OK;
}

void message_close(struct signed_message *message) {
    sk_X509_pop_free(message->certificates, X509_free);
    CMS_ContentInfo_free(message->cms);
    *message = (struct signed_message){0};
    ERR_clear_error();
}

/* The one value of the one signed attribute of this kind; NULL when there is none, or several. */
static const void *signed_attribute(const struct signed_message *message, int kind, int type) {
    return CMS_signed_get0_data_by_OBJ(message->signer, OBJ_nid2obj(kind), -3, type);
}

enum loket_error message_check_digest(const struct signed_message *message, const uint8_t digest[SIGNATURE_DIGEST_BYTES],
                                      struct error *error) {
    const ASN1_OBJECT *kind;
    const ASN1_OCTET_STRING *signed_digest = signed_attribute(message, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING);
    X509_ALGOR *algorithm = NULL;
    CMS_SignerInfo_get0_algs(message->signer, NULL, NULL, &algorithm, NULL);
    X509_ALGOR_get0(&kind, NULL, NULL, algorithm);
    if (OBJ_obj2nid(kind) != NID_sha256) {
        char name[64];
        if (OBJ_obj2txt(name, sizeof name, kind, 0) <= 0) name[0] = '\0';
        return refuse(error, "The signature must use the digest SHA-256, not %s", name);
    }
    if (!signed_digest) return refuse(error, "The signature does not say which document it is for", NULL);
    if (ASN1_STRING_length(signed_digest) != (int)SIGNATURE_DIGEST_BYTES ||
        CRYPTO_memcmp(ASN1_STRING_get0_data(signed_digest), digest, SIGNATURE_DIGEST_BYTES) != 0)
        return error_set(error, LOKET_STALE, "signature", "The signature is for another document", NULL);
    return LOKET_OK;
}

/* Signing certificate V2, RFC 5035: the certificate's digest is signed too, so that none other can be put in its place. */
static bool certificate_is_signed(const struct signed_message *message) {
    const ASN1_STRING *attribute = signed_attribute(message, NID_id_smime_aa_signingCertificateV2, V_ASN1_SEQUENCE);
    STACK_OF(X509) *chain = sk_X509_new_null();
    ESS_SIGNING_CERT_V2 *named = NULL;
    bool good = false;
    if (!attribute || !chain) goto out;
    const uint8_t *at = ASN1_STRING_get0_data(attribute), *end = at + ASN1_STRING_length(attribute);
    named = d2i_ESS_SIGNING_CERT_V2(NULL, &at, ASN1_STRING_length(attribute));
    if (!named || at != end) goto out;
    if (sk_X509_push(chain, message->certificate) <= 0) goto out; /* the signer's is the first */
    for (int i = 0; i < sk_X509_num(message->certificates); i++) {
        X509 *other = sk_X509_value(message->certificates, i);
        if (X509_cmp(other, message->certificate) != 0 && sk_X509_push(chain, other) <= 0) goto out;
    }
    good = OSSL_ESS_check_signing_certs(NULL, named, chain, 1) == 1;
out:
    ESS_SIGNING_CERT_V2_free(named);
    sk_X509_free(chain);
    return good;
}

/* Where the signature's algorithm names a digest, it is that of the document. (RSA-PSS: OpenSSL compares them.) */
static bool algorithms_agree(const struct signed_message *message) {
    const ASN1_OBJECT *kind;
    X509_ALGOR *algorithm = NULL;
    int digest = NID_undef, key = NID_undef;
    CMS_SignerInfo_get0_algs(message->signer, NULL, NULL, NULL, &algorithm);
    X509_ALGOR_get0(&kind, NULL, NULL, algorithm);
    if (OBJ_find_sigid_algs(OBJ_obj2nid(kind), &digest, &key) != 1 || digest == NID_undef) return true;
    return digest == NID_sha256;
}

X509_STORE *trust_open(const char *trust_file, time_t at, struct error *error) {
    X509_STORE *store = X509_STORE_new();
    if (!store || X509_STORE_load_file(store, trust_file) != 1) {
        X509_STORE_free(store);
        ERR_clear_error();
        (void)error_set(error, LOKET_INTERNAL, "signature", "The trusted authorities can't be read from %s", trust_file);
        return NULL;
    }
    X509_VERIFY_PARAM *rules = X509_STORE_get0_param(store);
    X509_VERIFY_PARAM_set_time(rules, at);
    X509_VERIFY_PARAM_set_auth_level(rules, CHAIN_STRENGTH);
    (void)X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN); /* an office may trust just one authority of a tree */
    return store;
}

static enum loket_error chain_check(const struct signed_message *message, time_t at, const char *trust_file, struct error *error) {
    enum loket_error code = LOKET_INTERNAL;
    X509_STORE *store = trust_open(trust_file, at, error);
    if (!store) return code;
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (!context || X509_STORE_CTX_init(context, store, message->certificate, message->certificates) != 1 ||
        X509_STORE_CTX_set_purpose(context, X509_PURPOSE_ANY) != 1) {
        (void)error_set(error, code, "signature", "The certificate's issuer can't be checked", NULL);
        goto out;
    }
    if (X509_verify_cert(context) == 1) code = LOKET_OK;
    else
        code = refuse(error, "The certificate's issuer is not trusted: %s",
                      X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
out:
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return code;
}

enum loket_error message_check_signer(const struct signed_message *message, time_t at, const char *trust_file,
                                      struct error *error) {
    const ASN1_OBJECT *kind = signed_attribute(message, NID_pkcs9_contentType, V_ASN1_OBJECT);
    if (!kind || OBJ_obj2nid(kind) != NID_pkcs7_data)
        return refuse(error, "The signature does not say that it is for a document", NULL);
    if (!algorithms_agree(message)) return refuse(error, "The signature uses two different digests", NULL);
    if (CMS_SignerInfo_verify(message->signer) != 1) return refuse(error, "The signature does not fit its certificate", NULL);
    if (!certificate_is_signed(message)) return refuse(error, "The signature does not name its certificate (RFC 5035)", NULL);
    enum loket_error code = certificate_check(message->certificate, at, "signature", error);
    if (code == LOKET_OK && trust_file) code = chain_check(message, at, trust_file, error);
    return code;
}

static void add_hex(const uint8_t *bytes, size_t count, char *text, size_t size) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count && size > 2; i++, size -= 2) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

void message_report(const struct signed_message *message, struct signature_report *report) {
    X509 *certificate = message->certificate;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    uint8_t fingerprint[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    certificate_name(X509_get_subject_name(certificate), report->signer, sizeof report->signer);
    certificate_name(X509_get_issuer_name(certificate), report->issuer, sizeof report->issuer);
    add_hex(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial), report->serial, sizeof report->serial);
    if (X509_digest(certificate, EVP_sha256(), fingerprint, &size) == 1)
        add_hex(fingerprint, size, report->fingerprint, sizeof report->fingerprint);
    report->not_after = certificate_time(X509_get0_notAfter(certificate));
}

enum loket_error signature_check(const uint8_t *cms, size_t size, const uint8_t digest[SIGNATURE_DIGEST_BYTES],
                                 const char *trust_file, struct signature_report *report, struct error *error) {
    struct signature_report unwanted;
    struct signed_message message;
    if (!report) report = &unwanted;
    *report = (struct signature_report){.state = SIGNATURE_INVALID};
    enum loket_error code = message_open(&message, cms, size, error);
    if (code != LOKET_OK) goto out;
    message_report(&message, report);
    code = message_check_digest(&message, digest, error);
    if (code == LOKET_STALE) {
        report->state = SIGNATURE_ALTERED;
        code = refuse(error, "The signature is for another document", NULL);
    }
    if (code == LOKET_OK) code = message_check_signer(&message, time(NULL), trust_file, error);
    if (code == LOKET_OK) report->state = SIGNATURE_VALID;
out:
    message_close(&message);
    return code;
}
