/* TLS for both ends. Only sets up contexts: the bytes are moved by libevent. */
#include <arpa/inet.h>
#include <loket/limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <proto/tls.h>
#include <string.h>

/* RFC 7301: a length and the name. */
static const unsigned char alpn_wire[] = {7, 'l', 'o', 'k', 'e', 't', '/', '1'};

static int alpn_choose(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in, unsigned int in_size,
                       void *data) {
    (void)ssl;
    (void)data;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_size, alpn_wire, sizeof alpn_wire, in, in_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context_new(const SSL_METHOD *method, struct error *error) {
    SSL_CTX *context = SSL_CTX_new(method);
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1) {
        SSL_CTX_free(context);
        error_set(error, LOKET_INTERNAL, NULL, "TLS 1.3 is not available", NULL);
        return NULL;
    }
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return context;
}

static SSL_CTX *refuse(SSL_CTX *context, struct error *error, const char *field, const char *message, const char *file) {
    ERR_clear_error();
    SSL_CTX_free(context);
    error_set(error, LOKET_INVALID, field, message, file);
    return NULL;
}

static bool is_given(const char *file) {
    return file && *file;
}

/* Asks clients for a certificate. NULL: `context` is freed. */
static SSL_CTX *ask_clients(SSL_CTX *context, const struct tls_clients *clients, struct error *error) {
    static const struct {
        const char *word;
        int mode;
    } modes[] = {
        {"none", SSL_VERIFY_NONE}, {"optional", SSL_VERIFY_PEER}, {"required", SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT}};
    int mode = -1;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(clients->wanted, modes[i].word) == 0) mode = modes[i].mode;
    if (mode < 0)
        return refuse(context, error, "server.client_certificates", "Write none, optional or required: %s", clients->wanted);
    if (mode == SSL_VERIFY_NONE) return context;
    STACK_OF(X509_NAME) *names = is_given(clients->ca) ? SSL_load_client_CA_file(clients->ca) : NULL;
    if (!names || SSL_CTX_load_verify_locations(context, clients->ca, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return refuse(context, error, "server.client_ca", "This CA file can't be used: %s", clients->ca);
    }
    SSL_CTX_set_client_CA_list(context, names);
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    X509_LOOKUP *lookup = is_given(clients->crl) ? X509_STORE_add_lookup(store, X509_LOOKUP_file()) : NULL;
    if (is_given(clients->crl) && (!lookup || X509_load_crl_file(lookup, clients->crl, X509_FILETYPE_PEM) < 1 ||
                                   X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK) != 1))
        return refuse(context, error, "server.client_crl", "This list of revoked certificates can't be used: %s", clients->crl);
    SSL_CTX_set_verify(context, mode, NULL);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return context;
}

SSL_CTX *tls_server(const char *certificate, const char *key, const struct tls_clients *clients, struct error *error) {
    SSL_CTX *context = context_new(TLS_server_method(), error);
    if (!context) return NULL;
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return refuse(context, error, "server.certificate", "This certificate file can't be used: %s", certificate);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(context) != 1)
        return refuse(context, error, "server.key", "This key file can't be used: %s", key);
    SSL_CTX_set_alpn_select_cb(context, alpn_choose, NULL);
    SSL_CTX_set_num_tickets(context, 1);
    static const unsigned char session_context[] = ALPN_PROTOCOL;
    SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
    return ask_clients(context, clients, error);
}

SSL_CTX *tls_client(const char *ca_file, const char *certificate, const char *key, struct error *error) {
    SSL_CTX *context = context_new(TLS_client_method(), error);
    if (!context) return NULL;
    int loaded = ca_file ? SSL_CTX_load_verify_locations(context, ca_file, NULL) : SSL_CTX_set_default_verify_paths(context);
    if (loaded != 1) return refuse(context, error, "ca", "This CA file can't be used: %s", ca_file ? ca_file : "");
    if (certificate && SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return refuse(context, error, "certificate", "This certificate file can't be used: %s", certificate);
    if (certificate && (SSL_CTX_use_PrivateKey_file(context, key ? key : certificate, SSL_FILETYPE_PEM) != 1 ||
                        SSL_CTX_check_private_key(context) != 1))
        return refuse(context, error, "certificate_key", "This key file can't be used: %s", key ? key : certificate);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_set_alpn_protos(context, alpn_wire, sizeof alpn_wire) != 0)
        return refuse(context, error, NULL, "TLS 1.3 is not available", NULL);
    return context;
}

bool tls_expect_name(SSL *ssl, const char *name) {
    unsigned char address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1;
}

bool tls_alpn_agreed(SSL *ssl) {
    const unsigned char *name = NULL;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl, &name, &size);
    return size == sizeof alpn_wire - 1 && memcmp(name, alpn_wire + 1, size) == 0;
}

bool tls_channel(SSL *ssl, uint8_t *channel) {
    return SSL_is_init_finished(ssl) &&
           SSL_export_keying_material(ssl, channel, CHANNEL_BYTES, CHANNEL_LABEL, sizeof CHANNEL_LABEL - 1, NULL, 0, 0) == 1;
}

void tls_peer_name(SSL *ssl, char *name, size_t size) {
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    const X509_NAME *subject = certificate ? X509_get_subject_name(certificate) : NULL;
    int place = subject ? X509_NAME_get_index_by_NID(subject, NID_commonName, -1) : -1;
    unsigned char *text = NULL;
    int length = place < 0 ? -1 : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)));
    size_t used = 0;
    for (int i = 0; i < length && used + 1 < size; i++)
        if (text[i] >= 0x20 && text[i] < 0x7f) name[used++] = (char)text[i];
    name[used] = '\0';
    OPENSSL_free(text);
}
