/* Passwords: hashing (argon2id by libsodium), the rules for a new one, and random ones.
 *
 * Shared by the auth process and by `loketd user`. Callers wipe the passwords that they hold. */
#ifndef SERVER_PASSWORD_H
#define SERVER_PASSWORD_H

#include <loket/error.h>
#include <stdbool.h>

#define PASSWORD_HASH_BYTES   128 /* room for a hash as text, its NUL included */
#define PASSWORD_RANDOM_BYTES 21  /* room for password_random(), its NUL included */

/* Hashes `password` into `hash`, with a new salt; 64 MiB and a tenth of a second unless password_cost() says more. Returns false
 * when the memory is not there, or libsodium can't start. */
bool password_hash(const char *password, char hash[PASSWORD_HASH_BYTES]);

/* Whether `password` belongs to `hash`. With hash NULL it takes as long as with a real one and returns
 * false, so that an unknown user can't be told from a wrong password by the time it takes. */
bool password_verify(const char *hash, const char *password);

/* What a hash costs from now on, in this process: passes over so much memory. */
void password_cost(int passes, int mebibytes);

/* Whether `hash` is cheaper than password_hash() is now: hash the password anew. A dearer one stays. */
bool password_needs_rehash(const char *hash);

/* The rules for a new password (password_rules.c): LIMIT_PASSWORD_MIN characters to LIMIT_PASSWORD_BYTES bytes of valid UTF-8
 * without control characters; not one that everybody tries (common-passwords.txt), also in other case, with digits for letters
 * and with something round it; not a piece repeated; and enough left when walks over the keyboard, sequences and `names` are
 * taken out. `names`: the words of user and office that it must not be made of, with blanks; NULL for none.
 * LOKET_INVALID with field "new_password", or LOKET_REQUIRED when it is empty. */
enum loket_error password_check_rules(const char *password, const char *names, struct error *error);

/* A random password of 16 letters and digits in groups of four ("k7mt-p3xw-..."), without those that are
 * taken for one another: 32 signs to choose from, 80 bits. */
void password_random(char password[PASSWORD_RANDOM_BYTES]);

#endif
