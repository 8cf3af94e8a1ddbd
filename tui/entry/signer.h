/* The head's key, on the head's machine: it signs digests and never leaves. From a PKCS#12 file, or on a token by PKCS#11. */
#ifndef TUI_ENTRY_SIGNER_H
#define TUI_ENTRY_SIGNER_H

#include <loket/error.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNER_DIGEST_BYTES 32u /* SHA-256 */

struct signer;

/* Opens the key at `place`: the path of a PKCS#12 file, or a "pkcs11:" URI (RFC 7512; the module by its attribute module-path, else
 * by LOKET_PKCS11_MODULE, else p11-kit's). `passphrase` is the file's, or the token's PIN; it is not kept here, but a token's
 * module keeps the PIN until signer_free. May wait for a slow token. NULL and *error with field "passphrase" or "key"; messages are
 * msgids. */
struct signer *signer_open(const char *place, const char *passphrase, struct error *error);

/* Wipes the key. NULL is fine. */
void signer_free(struct signer *signer);

/* Who the certificate names, and its last day (ISO, UTC). Both live as long as the signer. */
const char *signer_name(const struct signer *signer);
const char *signer_expires_on(const struct signer *signer);

/* A detached CMS (DER) over a document's SHA-256, as PAdES B-B wants it: with the certificate and what came with it, its digest
 * signed along (RFC 5035), no signing time. `*cms` is the caller's, free(). */
enum loket_error signer_sign(struct signer *signer, const uint8_t digest[SIGNER_DIGEST_BYTES], uint8_t **cms, size_t *size,
                             struct error *error);

#endif
