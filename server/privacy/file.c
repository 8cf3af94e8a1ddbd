/* Sealed files: see the header. Where their bytes lie is the database's. */
#include <openssl/rand.h>
#include <server/privacy/file.h>
#include <server/privacy/keyring.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t file_mark[FILE_MARK_BYTES] = {'L', 'K', 'F', 1}, transit_mark[FILE_MARK_BYTES] = {'L', 'K', 'T', 1};

#define HEAD_BYTES (FILE_MARK_BYTES + FILE_SEALED_KEY + FILE_HASH_BYTES + 8u)

static void number_write(uint8_t *bytes, uint64_t number, unsigned size) {
    for (unsigned i = 0; i < size; i++) bytes[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
}

static uint32_t number_read32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

bool file_key_new(uint8_t key[FILE_KEY_BYTES]) {
    return keyring_present() && RAND_bytes(key, (int)FILE_KEY_BYTES) == 1;
}

bool file_key_seal(const uint8_t key[FILE_KEY_BYTES], const uint8_t sha256[FILE_HASH_BYTES], uint8_t sealed[FILE_SEALED_KEY]) {
    return seal_close((struct bound){sha256, FILE_HASH_BYTES}, key, FILE_KEY_BYTES, sealed);
}

enum seal_outcome file_key_open(const uint8_t sealed[FILE_SEALED_KEY], const uint8_t sha256[FILE_HASH_BYTES],
                                uint8_t key[FILE_KEY_BYTES]) {
    return seal_open((struct bound){sha256, FILE_HASH_BYTES}, sealed, FILE_SEALED_KEY, key);
}

/* The key is used for this file alone, so that the chunk's place is a nonce that never comes twice. */
static void chunk_nonce(uint8_t nonce[SEAL_NONCE_BYTES], uint32_t number, bool last) {
    memset(nonce, 0, SEAL_NONCE_BYTES);
    number_write(nonce + 7, number, 4);
    nonce[11] = last;
}

bool file_chunk_seal(const uint8_t key[FILE_KEY_BYTES], uint32_t number, bool last, const void *plain, size_t size,
                     uint8_t *sealed) {
    uint8_t nonce[SEAL_NONCE_BYTES];
    chunk_nonce(nonce, number, last);
    return gcm_close(key, nonce, (struct bound){NULL, 0}, plain, size, sealed);
}

static bool chunk_open(const uint8_t *key, uint32_t number, bool last, const uint8_t *sealed, size_t size, struct buffer *plain) {
    uint8_t nonce[SEAL_NONCE_BYTES], bytes[FILE_CHUNK_BYTES];
    if (size < SEAL_TAG_BYTES || size > FILE_CHUNK_BYTES + SEAL_TAG_BYTES) return false;
    chunk_nonce(nonce, number, last);
    if (!gcm_open(key, nonce, (struct bound){NULL, 0}, sealed, size, bytes)) return false;
    buffer_add(plain, bytes, size - SEAL_TAG_BYTES);
    return !plain->failed;
}

static struct bound transit_bound(uint8_t bytes[12], int64_t upload_id, uint32_t number) {
    number_write(bytes, (uint64_t)upload_id, 8);
    number_write(bytes + 8, number, 4);
    return (struct bound){bytes, 12};
}

bool file_transit_seal(int64_t upload_id, uint32_t number, const void *plain, size_t size, uint8_t *sealed) {
    uint8_t bytes[12];
    memcpy(sealed, transit_mark, FILE_MARK_BYTES);
    return seal_close(transit_bound(bytes, upload_id, number), plain, size, sealed + FILE_MARK_BYTES);
}

static enum seal_outcome transit_open(int64_t upload_id, uint32_t number, const uint8_t *given, size_t size, struct buffer *plain) {
    uint8_t bytes[12], chunk[FILE_CHUNK_BYTES];
    if (size < FILE_TRANSIT_MORE || size > FILE_CHUNK_BYTES + FILE_TRANSIT_MORE) return SEAL_BROKEN;
    enum seal_outcome outcome =
        seal_open(transit_bound(bytes, upload_id, number), given + FILE_MARK_BYTES, size - FILE_MARK_BYTES, chunk);
    if (outcome == SEAL_OPENED) buffer_add(plain, chunk, size - FILE_TRANSIT_MORE);
    return outcome;
}

static enum seal_outcome stored_open(const uint8_t *given, size_t size, struct buffer *plain) {
    uint8_t key[FILE_KEY_BYTES];
    if (size < HEAD_BYTES) return SEAL_BROKEN;
    const uint8_t *sealed_key = given + FILE_MARK_BYTES, *sha256 = sealed_key + FILE_SEALED_KEY, *place = sha256 + FILE_HASH_BYTES;
    uint32_t number = number_read32(place), count = number_read32(place + 4);
    enum seal_outcome outcome = file_key_open(sealed_key, sha256, key);
    if (outcome == SEAL_OPENED && !chunk_open(key, number, number + 1 == count, given + HEAD_BYTES, size - HEAD_BYTES, plain))
        outcome = SEAL_BROKEN;
    explicit_bzero(key, sizeof key);
    return outcome;
}

static bool is_marked(const uint8_t *given, size_t size, const uint8_t *mark) {
    return size >= FILE_MARK_BYTES && memcmp(given, mark, FILE_MARK_BYTES) == 0;
}

enum loket_error file_chunk_open(int64_t upload_id, uint32_t number, const uint8_t *given, size_t size, struct buffer *plain,
                                 struct error *error) {
    enum seal_outcome outcome = SEAL_OPENED;
    if (is_marked(given, size, file_mark)) outcome = stored_open(given, size, plain);
    else if (is_marked(given, size, transit_mark)) outcome = transit_open(upload_id, number, given, size, plain);
    else buffer_add(plain, given, size);
    if (outcome == SEAL_NO_KEY)
        return error_set(error, LOKET_UNAVAILABLE, NULL,
                         "The server does not have the keys of this database: tell the administrator", NULL);
    if (outcome == SEAL_OPENED && !plain->failed) return LOKET_OK;
    return error_set(error, LOKET_INTERNAL, NULL, "This document is damaged: tell the administrator", NULL);
}

bool file_seal(const uint8_t *plain, size_t size, const uint8_t sha256[FILE_HASH_BYTES], uint8_t sealed_key[FILE_SEALED_KEY],
               struct buffer *sealed) {
    uint8_t key[FILE_KEY_BYTES], chunk[FILE_CHUNK_BYTES + SEAL_TAG_BYTES];
    uint32_t count = (uint32_t)((size + FILE_CHUNK_BYTES - 1) / FILE_CHUNK_BYTES);
    bool good = file_key_new(key) && file_key_seal(key, sha256, sealed_key);
    for (uint32_t i = 0; good && i < count; i++) {
        size_t at = (size_t)i * FILE_CHUNK_BYTES, part = size - at < FILE_CHUNK_BYTES ? size - at : FILE_CHUNK_BYTES;
        good = file_chunk_seal(key, i, i + 1 == count, plain + at, part, chunk);
        buffer_add(sealed, chunk, part + SEAL_TAG_BYTES);
    }
    explicit_bzero(key, sizeof key);
    return good && !sealed->failed;
}

enum seal_outcome file_open(const uint8_t *sealed, size_t size, const uint8_t sha256[FILE_HASH_BYTES],
                            const uint8_t sealed_key[FILE_SEALED_KEY], struct buffer *plain) {
    uint8_t key[FILE_KEY_BYTES];
    const size_t whole = FILE_CHUNK_BYTES + SEAL_TAG_BYTES;
    enum seal_outcome outcome = file_key_open(sealed_key, sha256, key);
    for (uint32_t i = 0; outcome == SEAL_OPENED && (size > 0 || i == 0); i++) {
        size_t part = size < whole ? size : whole;
        if (!chunk_open(key, i, part == size, sealed, part, plain)) outcome = SEAL_BROKEN;
        sealed += part;
        size -= part;
    }
    explicit_bzero(key, sizeof key);
    return outcome;
}
