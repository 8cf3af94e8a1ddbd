/* TLS for both ends: 1.3 only, ALPN "loket/1". */
#ifndef PROTO_TLS_H
#define PROTO_TLS_H

#include <loket/error.h>
#include <openssl/ssl.h>
#include <stdbool.h>

/* A server's context from PEM files. Session tickets are on; a client that does not offer our ALPN is refused.
 * NULL and *error (the file that can't be used) on failure. The caller frees it with SSL_CTX_free. */
SSL_CTX *tls_server(const char *certificate, const char *key, struct error *error);

/* A client's context that trusts `ca_file` (PEM; NULL: the system's). NULL and *error on failure. */
SSL_CTX *tls_client(const char *ca_file, struct error *error);

/* Prepares `ssl` to accept only a certificate for `name` (a host name or an address). False when it can't. */
bool tls_expect_name(SSL *ssl, const char *name);

/* Did both sides agree on our ALPN? To be asked after the handshake. */
bool tls_alpn_agreed(SSL *ssl);

#endif
