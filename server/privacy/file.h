/* Documents at rest. Each file has a random key of its own, which only opens with the keyring; its chunks are sealed one by one
 * with that key in the manner of STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the nonce is the chunk's number and whether it
 * is the last, so that a chunk that was changed, moved, left out or added is found. The key is bound to the SHA-256 of the plain
 * file.
 *
 *   file key      seal.h of 32 bytes, bound to the SHA-256                                          64 bytes
 *   chunk         65,536 bytes of the file (the last one less) and a tag                            +16
 *   comes as      "LKF\1", file key, SHA-256, number and count of chunks (4 bytes each), the chunk
 *   on its way in "LKT\1", seal.h of the chunk bound to upload and number: the whole file, and so its hash, is not known yet */
#ifndef SERVER_PRIVACY_FILE_H
#define SERVER_PRIVACY_FILE_H

#include <loket/error.h>
#include <server/buffer.h>
#include <server/privacy/seal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_CHUNK_BYTES  65536u
#define FILE_KEY_BYTES    32u
#define FILE_HASH_BYTES   32u
#define FILE_SEALED_KEY   (FILE_KEY_BYTES + SEAL_BYTES)
#define FILE_MARK_BYTES   4u
#define FILE_TRANSIT_MORE (FILE_MARK_BYTES + SEAL_BYTES)

/* A key for one file. False without a keyring. */
bool file_key_new(uint8_t key[FILE_KEY_BYTES]);
bool file_key_seal(const uint8_t key[FILE_KEY_BYTES], const uint8_t sha256[FILE_HASH_BYTES], uint8_t sealed[FILE_SEALED_KEY]);
enum seal_outcome file_key_open(const uint8_t sealed[FILE_SEALED_KEY], const uint8_t sha256[FILE_HASH_BYTES],
                                uint8_t key[FILE_KEY_BYTES]);

/* One chunk; `sealed` has room for size + SEAL_TAG_BYTES. */
bool file_chunk_seal(const uint8_t key[FILE_KEY_BYTES], uint32_t number, bool last, const void *plain, size_t size,
                     uint8_t *sealed);

/* A chunk on its way in; `sealed` has room for size + FILE_TRANSIT_MORE. */
bool file_transit_seal(int64_t upload_id, uint32_t number, const void *plain, size_t size, uint8_t *sealed);

/* A chunk as the database gives it, whatever its form (also plain: from before there were keys), appended to `plain`. `upload_id`
 * and `number` are those of a file on its way in. UNAVAILABLE: its key is not here. INTERNAL: it is damaged. */
enum loket_error file_chunk_open(int64_t upload_id, uint32_t number, const uint8_t *given, size_t size, struct buffer *plain,
                                 struct error *error);

/* A whole file in memory: sealed to `sealed` and its key, or the way back. */
bool file_seal(const uint8_t *plain, size_t size, const uint8_t sha256[FILE_HASH_BYTES], uint8_t sealed_key[FILE_SEALED_KEY],
               struct buffer *sealed);
enum seal_outcome file_open(const uint8_t *sealed, size_t size, const uint8_t sha256[FILE_HASH_BYTES],
                            const uint8_t sealed_key[FILE_SEALED_KEY], struct buffer *plain);

#endif
