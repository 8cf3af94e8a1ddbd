/* Passwords: hashing (argon2id by libsodium), the rules for a new one, and random ones.
 *
 * Shared by the auth process and by `loketd user`. Callers wipe the passwords that they hold. */
#ifndef SERVER_PASSWORD_H
#define SERVER_PASSWORD_H

#include <loket/error.h>
#include <stdbool.h>

#define PASSWORD_HASH_BYTES   128 /* room for a hash as text, its NUL included */
#define PASSWORD_RANDOM_BYTES 21  /* room for password_random(), its NUL included */

/* Hashes `password` into `hash`, with a new salt; about 64 MiB and a tenth of a second. Returns false when the
 * memory is not there, or libsodium can't start. */
bool password_hash(const char *password, char hash[PASSWORD_HASH_BYTES]);

/* Whether `password` belongs to `hash`. With hash NULL it takes as long as with a real one and returns
 * false, so that an unknown user can't be told from a wrong password by the time it takes. */
bool password_verify(const char *hash, const char *password);

/* Whether `hash` was made with other parameters than password_hash() uses now: hash the password anew. */
bool password_needs_rehash(const char *hash);

/* The rules for a new password: LIMIT_PASSWORD_MIN characters to LIMIT_PASSWORD_BYTES bytes, valid UTF-8
 * without control characters, not one character repeated, and not the user name, alone or repeated.
 * LOKET_INVALID with field "new_password", or LOKET_REQUIRED when it is empty. `username` may be NULL. */
enum loket_error password_check_rules(const char *password, const char *username, struct error *error);

/* A random password of 16 letters and digits in groups of four ("k7mt-p3xw-..."), without those that are
 * taken for one another: 32 signs to choose from, 80 bits. */
void password_random(char password[PASSWORD_RANDOM_BYTES]);

#endif
