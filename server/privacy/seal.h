/* AES-256-GCM (OpenSSL) with the keys of the keyring. What is sealed says which key it needs:
 *
 *   4 bytes  number of the key, big-endian
 *  12 bytes  nonce, random
 *   n bytes  ciphertext
 *  16 bytes  tag, over the ciphertext and what it is bound to (`bound`: not stored, given again to open) */
#ifndef SERVER_PRIVACY_SEAL_H
#define SERVER_PRIVACY_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_KEY_ID_BYTES 4u
#define SEAL_NONCE_BYTES  12u
#define SEAL_TAG_BYTES    16u
#define SEAL_BYTES        (SEAL_KEY_ID_BYTES + SEAL_NONCE_BYTES + SEAL_TAG_BYTES) /* more than the plain text */

struct bound {
    const void *bytes;
    size_t size;
};

enum seal_outcome { SEAL_OPENED, SEAL_NO_KEY, SEAL_BROKEN };

/* Seals with the current key; `sealed` has room for size + SEAL_BYTES. False without a keyring, or when OpenSSL fails. */
bool seal_close(struct bound bound, const void *plain, size_t size, uint8_t *sealed);
/* The way back; `plain` has room for size - SEAL_BYTES. */
enum seal_outcome seal_open(struct bound bound, const uint8_t *sealed, size_t size, uint8_t *plain);
/* The number of the key that this needs. `size` is at least SEAL_KEY_ID_BYTES. */
uint32_t seal_key_id(const uint8_t *sealed);

/* One pass of AES-256-GCM with a key and nonce of the caller's; `out` has size + SEAL_TAG_BYTES (closing) or size - SEAL_TAG_BYTES.
 */
bool gcm_close(const uint8_t *key, const uint8_t *nonce, struct bound bound, const void *plain, size_t size, uint8_t *out);
bool gcm_open(const uint8_t *key, const uint8_t *nonce, struct bound bound, const uint8_t *sealed, size_t size, uint8_t *out);

#endif
