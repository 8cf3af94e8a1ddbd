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

SSL_CTX *tls_server(const char *certificate, const char *key, struct error *error) {
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
    return context;
}

SSL_CTX *tls_client(const char *ca_file, struct error *error) {
    SSL_CTX *context = context_new(TLS_client_method(), error);
    if (!context) return NULL;
    int loaded = ca_file ? SSL_CTX_load_verify_locations(context, ca_file, NULL) : SSL_CTX_set_default_verify_paths(context);
    if (loaded != 1) return refuse(context, error, "ca", "This CA file can't be used: %s", ca_file ? ca_file : "");
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
