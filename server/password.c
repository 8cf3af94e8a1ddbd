/* Passwords: see the header. Knows nothing of users, sessions or the database. */
#include "server/password.h"

#include <loket/limits.h>
#include <server/utf8.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

_Static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "a hash must fit");

#define OPERATIONS crypto_pwhash_OPSLIMIT_INTERACTIVE
#define MEMORY     crypto_pwhash_MEMLIMIT_INTERACTIVE

bool password_hash(const char *password, char hash[PASSWORD_HASH_BYTES]) {
    if (sodium_init() < 0) return false;
    memset(hash, 0, PASSWORD_HASH_BYTES);
    return crypto_pwhash_str_alg(hash, password, strlen(password), OPERATIONS, MEMORY, crypto_pwhash_ALG_ARGON2ID13) == 0;
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

bool password_needs_rehash(const char *hash) {
    if (sodium_init() < 0) return false;
    return crypto_pwhash_str_needs_rehash(hash, OPERATIONS, MEMORY) != 0;
}

/* Whether `text` is `part` once or several times, in any case of letters. */
static bool text_repeats(const char *text, const char *part) {
    size_t bytes = strlen(part);
    if (bytes == 0) return false;
    for (; *text; text += bytes) {
        size_t left = strlen(text);
        if (strncasecmp(text, part, left < bytes ? left : bytes) != 0) return false;
        if (left <= bytes) return true;
    }
    return true;
}

enum loket_error password_check_rules(const char *password, const char *username, struct error *error) {
    static const char field[] = "new_password";
    if (!*password) return error_set(error, LOKET_REQUIRED, field, "This must be filled in", NULL);
    if (strlen(password) > LIMIT_PASSWORD_BYTES) return error_set(error, LOKET_INVALID, field, "The password is too long", NULL);
    bool valid = false;
    size_t count = utf8_count(password, &valid);
    if (!valid) return error_set(error, LOKET_INVALID, field, "This has characters that cannot be shown", NULL);
    if (count < LIMIT_PASSWORD_MIN) {
        char least[16];
        (void)snprintf(least, sizeof least, "%u", LIMIT_PASSWORD_MIN);
        return error_set(error, LOKET_INVALID, field, "A password has at least %s characters", least);
    }
    char first[2] = {password[0], '\0'};
    if (text_repeats(password, first))
        return error_set(error, LOKET_INVALID, field, "The password is one character repeated", NULL);
    if (username && text_repeats(password, username))
        return error_set(error, LOKET_INVALID, field, "The password must not be the user name", NULL);
    return LOKET_OK;
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
