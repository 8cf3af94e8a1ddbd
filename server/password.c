/* Passwords: see the header. Knows nothing of users, sessions or the database. */
#include "server/password.h"

#include <loket/limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "a hash must fit");

/* Set once at the start of a process; these are above OWASP's least (19 MiB, 2 passes). */
static struct {
    unsigned long long passes;
    size_t memory;
} cost = {2, 64u << 20};

void password_cost(int passes, int mebibytes) {
    cost.passes = (unsigned long long)passes;
    cost.memory = (size_t)mebibytes << 20;
}

bool password_hash(const char *password, char hash[PASSWORD_HASH_BYTES]) {
    if (sodium_init() < 0) return false;
    memset(hash, 0, PASSWORD_HASH_BYTES);
    return crypto_pwhash_str_alg(hash, password, strlen(password), cost.passes, cost.memory, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

/* The hash of a password that nobody has, made once with today's parameters. */
static const char *decoy_hash(void) {
    static char hash[PASSWORD_HASH_BYTES];
    char password[PASSWORD_RANDOM_BYTES];
    if (hash[0]) return hash;
    password_random(password);
    if (!password_hash(password, hash)) hash[0] = '\0';
    explicit_bzero(password, sizeof password);
    return hash;
}

bool password_verify(const char *hash, const char *password) {
    bool known = hash != NULL;
    if (sodium_init() < 0) return false;
    if (strlen(password) > LIMIT_PASSWORD_BYTES) return false;
    if (!known) hash = decoy_hash();
    bool fits = crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
    return fits && known;
}

/* The number behind `name` in a hash "$argon2id$v=19$m=65536,t=2,p=1$..."; 0 when there is none. */
static unsigned long long hash_parameter(const char *hash, const char *name) {
    const char *found = strstr(hash, name);
    return found ? strtoull(found + strlen(name), NULL, 10) : 0;
}

bool password_needs_rehash(const char *hash) {
    return strncmp(hash, "$argon2id$", 10) != 0 || hash_parameter(hash, "$m=") * 1024 < cost.memory ||
           hash_parameter(hash, ",t=") < cost.passes;
}

void password_random(char password[PASSWORD_RANDOM_BYTES]) {
    static const char signs[] = "abcdefghjkmnpqrstuvwxyz234567890"; /* no i, l, o, 1 */
    _Static_assert(sizeof signs == 33, "32 signs: 5 bits each");
    size_t used = 0;
    if (sodium_init() < 0) {
        password[0] = '\0'; /* the rules refuse an empty password */
        return;
    }
    for (unsigned i = 0; i < 16; i++) {
        if (i > 0 && i % 4 == 0) password[used++] = '-';
        password[used++] = signs[randombytes_uniform(32)];
    }
    password[used] = '\0';
}
