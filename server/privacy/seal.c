/* Authenticated encryption with one of the keyring's keys. Knows nothing of what it seals. */
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <server/privacy/keyring.h>
#include <server/privacy/seal.h>
#include <string.h>

bool gcm_close(const uint8_t *key, const uint8_t *nonce, struct bound bound, const void *plain, size_t size, uint8_t *out) {
    int length = 0, rest = 0;
    if (size > INT_MAX || bound.size > INT_MAX) return false;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    bool good = cipher && EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
                (!bound.size || EVP_EncryptUpdate(cipher, NULL, &length, bound.bytes, (int)bound.size) == 1) &&
                EVP_EncryptUpdate(cipher, out, &length, plain, (int)size) == 1 &&
                EVP_EncryptFinal_ex(cipher, out + length, &rest) == 1 &&
                EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, (int)SEAL_TAG_BYTES, out + size) == 1;
    EVP_CIPHER_CTX_free(cipher);
    return good;
}

bool gcm_open(const uint8_t *key, const uint8_t *nonce, struct bound bound, const uint8_t *sealed, size_t size, uint8_t *out) {
    uint8_t tag[SEAL_TAG_BYTES];
    int length = 0, rest = 0;
    if (size < SEAL_TAG_BYTES || size > INT_MAX || bound.size > INT_MAX) return false;
    size -= SEAL_TAG_BYTES;
    memcpy(tag, sealed + size, sizeof tag);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    bool good = cipher && EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
                (!bound.size || EVP_DecryptUpdate(cipher, NULL, &length, bound.bytes, (int)bound.size) == 1) &&
                EVP_DecryptUpdate(cipher, out, &length, sealed, (int)size) == 1 &&
                EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, (int)sizeof tag, tag) == 1 &&
                EVP_DecryptFinal_ex(cipher, out + length, &rest) == 1;
    EVP_CIPHER_CTX_free(cipher);
    return good;
}

uint32_t seal_key_id(const uint8_t *sealed) {
    return (uint32_t)sealed[0] << 24 | (uint32_t)sealed[1] << 16 | (uint32_t)sealed[2] << 8 | sealed[3];
}

bool seal_close(struct bound bound, const void *plain, size_t size, uint8_t *sealed) {
    uint32_t id = keyring_current();
    const uint8_t *key = id ? keyring_key(id) : NULL;
    if (!key) return false;
    for (unsigned i = 0; i < SEAL_KEY_ID_BYTES; i++) sealed[i] = (uint8_t)(id >> (24 - 8 * i));
    uint8_t *nonce = sealed + SEAL_KEY_ID_BYTES;
    return RAND_bytes(nonce, (int)SEAL_NONCE_BYTES) == 1 && gcm_close(key, nonce, bound, plain, size, nonce + SEAL_NONCE_BYTES);
}

enum seal_outcome seal_open(struct bound bound, const uint8_t *sealed, size_t size, uint8_t *plain) {
    if (size < SEAL_BYTES) return SEAL_BROKEN;
    const uint8_t *key = keyring_key(seal_key_id(sealed)), *nonce = sealed + SEAL_KEY_ID_BYTES;
    if (!key) return SEAL_NO_KEY;
    size_t head = SEAL_KEY_ID_BYTES + SEAL_NONCE_BYTES;
    return gcm_open(key, nonce, bound, sealed + head, size - head, plain) ? SEAL_OPENED : SEAL_BROKEN;
}
