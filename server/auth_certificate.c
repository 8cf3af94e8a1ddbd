/* The auth process: logging in by a certificate of a few minutes, which the office's SSH gateway gives to whom sshd let in
 * (server/ticket_tool). Only the authority of [auth] ticket_ca counts, and only with a proof, made in this connection, that the
 * client holds the certificate's key. Whom it suffices for is the database's to say: sql/api/ticket.sql. */
#include <loket/limits.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <server/auth_call.h>
#include <server/log.h>
#include <string.h>

#define LASTS_AT_MOST 600 /* seconds from now on; the gateway gives 300 */

/* What is in a certificate that was found good. */
struct ticket {
    char office[40], username[201], serial[64], issuer[64];
    uint8_t key[PROOF_KEY_BYTES];
};

bool auth_ticket_authority(struct auth *auth, const char *file) {
    if (!*file) return true;
    auth->tickets = X509_STORE_new();
    return auth->tickets && X509_STORE_load_file(auth->tickets, file) == 1 &&
           X509_STORE_set_purpose(auth->tickets, X509_PURPOSE_SSL_CLIENT) == 1;
}

static enum loket_error refuse(const Loket__AuthCall *call, struct auth_reply *reply, const char *why) {
    log_warn("a certificate that logs nobody in", "address", call->address, "why", why);
    return error_set(&reply->error, LOKET_WRONG_LOGIN, "certificate", "This certificate logs nobody in: log in with your password",
                     NULL);
}

/* One text of a name, of letters that can't command a log. False when it is missing where it is needed, or something else. */
static bool name_part(const X509_NAME *name, int kind, char *text, size_t size) {
    int place = X509_NAME_get_index_by_NID(name, kind, -1);
    text[0] = '\0';
    if (place < 0) return false;
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, place));
    const unsigned char *bytes = ASN1_STRING_get0_data(value);
    size_t length = (size_t)ASN1_STRING_length(value);
    if (length == 0 || length >= size) return false;
    for (size_t i = 0; i < length; i++)
        if (bytes[i] < 0x20 || bytes[i] >= 0x7f) return false;
    memcpy(text, bytes, length);
    text[length] = '\0';
    return true;
}

static bool ticket_read(X509 *certificate, struct ticket *ticket) {
    size_t size = sizeof ticket->key;
    const X509_NAME *subject = X509_get_subject_name(certificate);
    (void)name_part(subject, NID_organizationName, ticket->office, sizeof ticket->office);
    (void)name_part(X509_get_issuer_name(certificate), NID_commonName, ticket->issuer, sizeof ticket->issuer);
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *serial = number ? BN_bn2hex(number) : NULL;
    (void)snprintf(ticket->serial, sizeof ticket->serial, "%s", serial ? serial : "");
    OPENSSL_free(serial);
    BN_free(number);
    return name_part(subject, NID_commonName, ticket->username, sizeof ticket->username) &&
           EVP_PKEY_get_id(X509_get0_pubkey(certificate)) == EVP_PKEY_ED25519 &&
           EVP_PKEY_get_raw_public_key(X509_get0_pubkey(certificate), ticket->key, &size) == 1 && size == sizeof ticket->key;
}

/* Is it by the gateway's authority, for a client, of today, and soon over? Why not, or NULL. */
static const char *ticket_wrong(const struct auth *auth, X509 *certificate) {
    time_t latest = time(NULL) + LASTS_AT_MOST;
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    const char *why = "no memory";
    if (context && X509_STORE_CTX_init(context, auth->tickets, certificate, NULL) == 1)
        why = X509_verify_cert(context) == 1 ? NULL : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
    X509_STORE_CTX_free(context);
    if (why) return why;
    if (X509_get_extension_flags(certificate) & EXFLAG_CA) return "it is an authority's";
    /* without the extension a certificate is for everything; this one must say that it is for this */
    if (!(X509_get_extended_key_usage(certificate) & XKU_SSL_CLIENT) || X509_get_extended_key_usage(certificate) == UINT32_MAX)
        return "it is not a client's";
    return X509_cmp_time(X509_get0_notAfter(certificate), &latest) > 0 ? "it lasts too long" : NULL;
}

static enum loket_error log_in(struct auth *auth, const Loket__AuthCall *call, const struct ticket *ticket, const char *typed,
                               struct auth_reply *reply) {
    struct account account = {.known = false};
    struct parameters p = {.count = 0};
    char how[160];
    auth_text(&p, ticket->office);
    auth_text(&p, ticket->username);
    auth_text(&p, call->address);
    enum loket_error code = auth_account(
        auth, "select office_id::text, user_id::text, password_hash, username, names from api_auth.certificate_lookup($1, $2, $3)",
        &p, &account, &reply->error);
    if (code == LOKET_OK && !account.known) {
        code = auth_failed(auth, &account, ticket->username, call->address, "password", &reply->error);
        if (code == LOKET_OK) code = refuse(call, reply, "whose it is does not log in by one");
    }
    if (code == LOKET_OK) code = auth_check_code(auth, &account, call, typed, reply);
    if (code == LOKET_OK) {
        (void)snprintf(how, sizeof how, "%s of %s", ticket->serial, ticket->issuer);
        const struct session_key key = {ticket->key, sizeof ticket->key, NULL, how};
        code = auth_open_session(auth, &account, call, &key, reply);
    }
    explicit_bzero(&account, sizeof account);
    return code;
}

enum loket_error auth_login_certificate(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply) {
    struct ticket ticket = {.username = ""};
    enum loket_error code = LOKET_OK;
    const char *why = NULL;
    X509 *certificate = NULL;
    Loket__AuthLoginCertificateRequest *request =
        loket__auth_login_certificate_request__unpack(NULL, call->body.len, call->body.data);
    if (!request) return auth_bad_request(&reply->error);
    if (!auth->tickets) {
        code = refuse(call, reply, "auth.ticket_ca is not set");
        goto out;
    }
    const uint8_t *der = request->certificate.data;
    certificate = request->certificate.len <= LIMIT_TICKET_BYTES ? d2i_X509(NULL, &der, (long)request->certificate.len) : NULL;
    if (!certificate) why = "it is none";
    if (!why) why = ticket_wrong(auth, certificate);
    if (!why && !ticket_read(certificate, &ticket)) why = "its name or its key is not one";
    if (!why && !auth_proof_good(ticket.key, TICKET_TEXT, &request->certificate, &request->proof, call))
        why = "the client does not hold its key";
    if (!why && strlen(request->code) > LIMIT_PASSWORD_BYTES) why = "the code is too long";
    code = why ? refuse(call, reply, why) : log_in(auth, call, &ticket, request->code, reply);
out:
    X509_free(certificate);
    loket__auth_login_certificate_request__free_unpacked(request, NULL);
    return code;
}
