/* Time stamps of signatures (RFC 3161): asking a service for one, and judging one that is there. Blocks while it asks: for the job
 * process, never for a worker. */
#include <curl/curl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <proto/certificate.h>
#include <server/doc/signature_cms.h>
#include <server/utf8.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_BYTES    65536u
#define SECONDS_AT_MOST 15L
#define NONCE_BYTES     16
#define CLOCKS_APART    3600 /* seconds that the service's clock and ours may differ */

static enum loket_error refuse(struct error *error, const char *message, const char *argument) {
    ERR_clear_error();
    return error_set(error, LOKET_INVALID, "signature", message, argument);
}

static enum loket_error unavailable(struct error *error, const char *message, const char *argument) {
    ERR_clear_error();
    return error_set(error, LOKET_UNAVAILABLE, "timestamp", message, argument);
}

/* A store that trusts just those who signed the token: its signature and purpose are checked, its issuer is not. */
static X509_STORE *trust_token(PKCS7 *token, time_t at) {
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
    for (int i = 0; store && i < sk_X509_num(signers); i++) (void)X509_STORE_add_cert(store, sk_X509_value(signers, i));
    sk_X509_free(signers);
    if (!store) return NULL;
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), at);
    (void)X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    return store;
}

static bool digest_strong(const X509_ALGOR *algorithm) {
    const ASN1_OBJECT *kind;
    X509_ALGOR_get0(&kind, NULL, NULL, algorithm);
    int digest = OBJ_obj2nid(kind);
    return digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512;
}

/* Does the token, in all its parts, use digests that can be relied on? */
static bool token_strong(PKCS7 *token, TS_TST_INFO *info) {
    STACK_OF(PKCS7_SIGNER_INFO) *signers = PKCS7_get_signer_info(token);
    X509_ALGOR *digest = NULL;
    if (sk_PKCS7_SIGNER_INFO_num(signers) != 1) return false;
    PKCS7_SIGNER_INFO_get0_algs(sk_PKCS7_SIGNER_INFO_value(signers, 0), NULL, &digest, NULL);
    return digest && digest_strong(digest) && digest_strong(TS_MSG_IMPRINT_get_algo(TS_TST_INFO_get_msg_imprint(info)));
}

/* Does the token stamp these bytes, and is its service trusted at the time that it states? Its certificate may have expired since:
 * a permit is read years later. */
static enum loket_error token_check(PKCS7 *token, const ASN1_OCTET_STRING *bytes, const char *trust_file, time_t *at,
                                    struct error *error) {
    enum loket_error code = LOKET_OK;
    TS_VERIFY_CTX *rules = NULL;
    TS_TST_INFO *info = PKCS7_to_TS_TST_INFO(token);
    time_t stated = info ? certificate_time(TS_TST_INFO_get_time(info)) : 0;
    if (stated <= 0 || !token_strong(token, info)) {
        code = refuse(error, "The time stamp can't be read, or uses a weak digest", NULL);
        goto out;
    }
    X509_STORE *store = trust_file ? trust_open(trust_file, stated, error) : trust_token(token, stated);
    rules = TS_VERIFY_CTX_new();
    BIO *data = BIO_new_mem_buf(ASN1_STRING_get0_data(bytes), ASN1_STRING_length(bytes));
    if (!store || !rules || !data) {
        X509_STORE_free(store);
        BIO_free(data);
        code = trust_file && !store ? LOKET_INTERNAL : error_set(error, LOKET_INTERNAL, "signature", "Out of memory", NULL);
        goto out;
    }
    (void)TS_VERIFY_CTX_set_store(rules, store);
    (void)TS_VERIFY_CTX_set_data(rules, data);
    (void)TS_VERIFY_CTX_set_flags(rules, TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_DATA);
    if (TS_RESP_verify_token(rules, token) == 1) *at = stated;
    else code = refuse(error, "The time stamp is not to be relied on: %s", ERR_reason_error_string(ERR_peek_last_error()));
out:
    TS_VERIFY_CTX_free(rules);
    TS_TST_INFO_free(info);
    return code;
}

enum loket_error stamp_check(const struct signed_message *message, const char *trust_file, time_t *at, struct error *error) {
    *at = 0;
    int index = CMS_unsigned_get_attr_by_NID(message->signer, NID_id_smime_aa_timeStampToken, -1);
    if (index < 0) return LOKET_OK;
    X509_ATTRIBUTE *attribute = CMS_unsigned_get_attr(message->signer, index);
    const ASN1_STRING *value = X509_ATTRIBUTE_get0_data(attribute, 0, V_ASN1_SEQUENCE, NULL);
    bool alone = X509_ATTRIBUTE_count(attribute) == 1 &&
                 CMS_unsigned_get_attr_by_NID(message->signer, NID_id_smime_aa_timeStampToken, index) < 0;
    const uint8_t *der = value ? ASN1_STRING_get0_data(value) : NULL;
    PKCS7 *token = der && alone ? d2i_PKCS7(NULL, &der, ASN1_STRING_length(value)) : NULL;
    if (!token) return refuse(error, "The time stamp can't be read, or uses a weak digest", NULL);
    enum loket_error code = token_check(token, CMS_SignerInfo_get0_signature(message->signer), trust_file, at, error);
    PKCS7_free(token);
    return code;
}

/* A request for the SHA-256 of `bytes`, with a nonce, that asks for the service's certificate. */
static TS_REQ *request_new(const ASN1_OCTET_STRING *bytes) {
    uint8_t digest[SIGNATURE_DIGEST_BYTES], random[NONCE_BYTES];
    TS_REQ *request = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    BIGNUM *number = NULL;
    ASN1_INTEGER *nonce = NULL;
    bool good = request && imprint && algorithm && RAND_bytes(random, sizeof random) == 1 &&
                EVP_Digest(ASN1_STRING_get0_data(bytes), (size_t)ASN1_STRING_length(bytes), digest, NULL, EVP_sha256(), NULL) == 1;
    if (!good) goto out;
    number = BN_bin2bn(random, sizeof random, NULL);
    nonce = BN_to_ASN1_INTEGER(number, NULL);
    good = nonce && X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
           TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 && TS_MSG_IMPRINT_set_msg(imprint, digest, sizeof digest) == 1 &&
           TS_REQ_set_version(request, 1) == 1 && TS_REQ_set_msg_imprint(request, imprint) == 1 &&
           TS_REQ_set_nonce(request, nonce) == 1 && TS_REQ_set_cert_req(request, 1) == 1;
out:
    ASN1_INTEGER_free(nonce);
    BN_free(number);
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(imprint);
    if (good) return request;
    TS_REQ_free(request);
    return NULL;
}

static size_t on_answer(char *bytes, size_t one, size_t count, void *data) {
    struct buffer *answer = data;
    buffer_add(answer, bytes, one * count);
    return answer->failed ? 0 : one * count; /* 0 ends the transfer */
}

static CURLcode exchange_prepare(CURL *curl, const char *url, const uint8_t *der, int size, struct curl_slist *headers,
                                 struct buffer *answer) {
    CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, url);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)size);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, der);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, SECONDS_AT_MOST);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_TIMEOUT, SECONDS_AT_MOST);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
    if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    return code;
}

static enum loket_error ask(const char *url, const TS_REQ *request, struct buffer *answer, struct error *error) {
    enum loket_error result = LOKET_OK;
    uint8_t *der = NULL;
    int size = i2d_TS_REQ(request, &der);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/timestamp-query");
    if (size <= 0 || !curl || !headers) {
        result = error_set(error, LOKET_INTERNAL, "timestamp", "Out of memory", NULL);
        goto out;
    }
    CURLcode code = exchange_prepare(curl, url, der, size, headers, answer);
    if (code == CURLE_OK) code = curl_easy_perform(curl);
    long status = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        result = unavailable(error, "The time-stamping service can't be reached: %s",
                             answer->failed ? "its answer is too long" : curl_easy_strerror(code));
    else if (status != 200) result = unavailable(error, "The time-stamping service did not answer with a time stamp", NULL);
out:
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    OPENSSL_free(der);
    return result;
}

/* Why the service refused, in its words if these can be shown. */
static enum loket_error refusal(TS_RESP *response, struct error *error) {
    const STACK_OF(ASN1_UTF8STRING) *texts = TS_STATUS_INFO_get0_text(TS_RESP_get_status_info(response));
    char text[160] = "no reason given";
    bool valid = false;
    if (texts && sk_ASN1_UTF8STRING_num(texts) > 0) {
        const ASN1_UTF8STRING *first = sk_ASN1_UTF8STRING_value(texts, 0);
        size_t size = (size_t)ASN1_STRING_length(first);
        if (size >= sizeof text) size = 0;
        char copy[sizeof text] = "";
        memcpy(copy, ASN1_STRING_get0_data(first), size);
        if (utf8_count(copy, &valid) > 0 && valid) memcpy(text, copy, sizeof text);
    }
    return unavailable(error, "The time-stamping service refuses: %s", text);
}

/* Is the answer one to our request? Its signature is judged later, as part of the message. */
static enum loket_error response_check(TS_REQ *request, TS_RESP *response, struct error *error) {
    long status = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response)));
    if (status != TS_STATUS_GRANTED && status != TS_STATUS_GRANTED_WITH_MODS) return refusal(response, error);
    TS_VERIFY_CTX *rules = TS_REQ_to_TS_VERIFY_CTX(request, NULL);
    bool good = rules && TS_RESP_verify_response(rules, response) == 1 && TS_RESP_get_token(response);
    TS_VERIFY_CTX_free(rules);
    return good ? LOKET_OK : unavailable(error, "The time stamp is not the one that was asked for", NULL);
}

/* Puts the token into the message and the message into `out`. */
static bool stamp_add(struct signed_message *message, PKCS7 *token, struct buffer *out) {
    uint8_t *der = NULL;
    int size = i2d_PKCS7(token, &der);
    bool good =
        size > 0 && CMS_unsigned_add1_attr_by_NID(message->signer, NID_id_smime_aa_timeStampToken, V_ASN1_SEQUENCE, der, size) == 1;
    OPENSSL_free(der);
    der = NULL;
    if (good) good = (size = i2d_CMS_ContentInfo(message->cms, &der)) > 0;
    if (good) buffer_add(out, der, (size_t)size);
    OPENSSL_free(der);
    return good && !out->failed;
}

enum loket_error signature_timestamp(const uint8_t *cms, size_t size, const char *url, const char *trust_file, struct buffer *out,
                                     struct error *error) {
    struct signed_message message;
    struct buffer answer = {.limit = ANSWER_BYTES};
    TS_REQ *request = NULL;
    TS_RESP *response = NULL;
    time_t at = 0;
    enum loket_error code = message_open(&message, cms, size, error);
    if (code != LOKET_OK) goto out;
    if (CMS_unsigned_get_attr_by_NID(message.signer, NID_id_smime_aa_timeStampToken, -1) >= 0) {
        code = refuse(error, "The signature has a time stamp already", NULL);
        goto out;
    }
    request = request_new(CMS_SignerInfo_get0_signature(message.signer));
    if (!request) {
        code = error_set(error, LOKET_INTERNAL, "timestamp", "Out of memory", NULL);
        goto out;
    }
    if ((code = ask(url, request, &answer, error)) != LOKET_OK) goto out;
    const uint8_t *der = answer.data;
    response = d2i_TS_RESP(NULL, &der, (long)answer.size);
    if (!response) code = unavailable(error, "The time-stamping service did not answer with a time stamp", NULL);
    else code = response_check(request, response, error);
    if (code == LOKET_OK && !stamp_add(&message, TS_RESP_get_token(response), out))
        code = error_set(error, LOKET_INTERNAL, "timestamp", "The time stamp can't be added", NULL);
    if (code == LOKET_OK) code = stamp_check(&message, trust_file, &at, error);
    if (code == LOKET_OK && llabs((long long)(time(NULL) - at)) > CLOCKS_APART)
        code = unavailable(error, "The clocks of the time-stamping service and of this server differ", NULL);
    if (code == LOKET_OK && out->size > SIGNATURE_CMS_BYTES) code = refuse(error, "The signature is too large for this file", NULL);
out:
    if (code != LOKET_OK) buffer_free(out);
    TS_RESP_free(response);
    TS_REQ_free(request);
    buffer_free(&answer);
    message_close(&message);
    return code;
}
