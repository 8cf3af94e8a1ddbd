/* One-time codes (RFC 6238: 6 digits, 30 seconds, SHA-1, as every telephone's program makes them), their secrets sealed by a
 * key that lies in a file, and recovery codes. Knows nothing of users, sessions or the database. */
#ifndef SERVER_ONE_TIME_CODE_H
#define SERVER_ONE_TIME_CODE_H

#include <loket/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define CODE_KEY_BYTES      32
#define CODE_SECRET_BYTES   20 /* RFC 4226 recommends 160 bits */
#define CODE_SEALED_BYTES   (24 + 16 + CODE_SECRET_BYTES)
#define CODE_BASE32_BYTES   33 /* the secret as text, with its NUL */
#define CODE_STEP_SECONDS   30
#define RECOVERY_CODES      10
#define RECOVERY_CODE_BYTES 15 /* "k7mt-p3xw-9dhc" with its NUL: 60 bits */
#define RECOVERY_HASH_BYTES 32

/* Makes a key in a new file that only its owner can read; DUPLICATE when the file is there. */
enum loket_error code_key_make(const char *path, struct error *error);
/* INVALID when the file can't be read, is not a key, or others than its owner may read it. */
enum loket_error code_key_read(const char *path, uint8_t key[CODE_KEY_BYTES], struct error *error);

/* A new secret, and how it is kept: sealed with the key, authenticated. */
void code_secret_new(uint8_t secret[CODE_SECRET_BYTES]);
void code_seal(const uint8_t key[CODE_KEY_BYTES], const uint8_t secret[CODE_SECRET_BYTES], uint8_t sealed[CODE_SEALED_BYTES]);
/* False when it was sealed with another key or changed since. */
bool code_unseal(const uint8_t key[CODE_KEY_BYTES], const uint8_t *sealed, size_t size, uint8_t secret[CODE_SECRET_BYTES]);

void code_base32(const uint8_t secret[CODE_SECRET_BYTES], char text[CODE_BASE32_BYTES]);

/* The step of 30 seconds whose code was typed: the one of `now`, the one before or the one after; -1 when it is none of these.
 * Blanks in what was typed do not matter. */
int64_t code_step(const uint8_t secret[CODE_SECRET_BYTES], const char *typed, time_t now);

/* A new recovery code, and the hash that is kept of one: keyed, of its letters and digits alone. */
void recovery_code_new(char code[RECOVERY_CODE_BYTES]);
void recovery_code_hash(const uint8_t key[CODE_KEY_BYTES], const char *code, uint8_t hash[RECOVERY_HASH_BYTES]);

#endif
