/* TLS for both ends: 1.3 only, ALPN "loket/1". */
#ifndef PROTO_TLS_H
#define PROTO_TLS_H

#include <loket/error.h>
#include <openssl/ssl.h>
#include <stdbool.h>

/* Whether clients show certificates of their own: "none", "optional" or "required"; PEM files of who vouches for them and of
 * what was revoked ("" or NULL: nothing). */
struct tls_clients {
    const char *wanted, *ca, *crl;
};

/* A server's context from PEM files. Session tickets are on, unless clients show certificates: a ticket would pass over a
 * certificate that was revoked since. A client that does not offer our ALPN is refused.
 * NULL and *error (the file that can't be used) on failure. The caller frees it with SSL_CTX_free. */
SSL_CTX *tls_server(const char *certificate, const char *key, const struct tls_clients *clients, struct error *error);

/* A client's context that trusts `ca_file` (PEM; NULL: the system's) and shows `certificate` with `key` (PEM; NULL: none).
 * NULL and *error on failure. */
SSL_CTX *tls_client(const char *ca_file, const char *certificate, const char *key, struct error *error);

/* Prepares `ssl` to accept only a certificate for `name` (a host name or an address). False when it can't. */
bool tls_expect_name(SSL *ssl, const char *name);

/* Did both sides agree on our ALPN? To be asked after the handshake. */
bool tls_alpn_agreed(SSL *ssl);

/* CHANNEL_BYTES that belong to this connection and no other (RFC 8446, 7.5); the same at both ends. False before the handshake. */
bool tls_channel(SSL *ssl, uint8_t *channel);

/* The common name in the other side's certificate, "" without one; letters that could command a log or a terminal are left out. */
void tls_peer_name(SSL *ssl, char *name, size_t size);

#endif
