/* One-time codes: see the header. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <liboath/oath.h>
#include <server/one_time_code.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(CODE_KEY_BYTES == crypto_secretbox_KEYBYTES, "the key seals");
_Static_assert(CODE_SEALED_BYTES == crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + CODE_SECRET_BYTES, "sealed");

#define CODE_DIGITS 6

enum loket_error code_key_make(const char *path, struct error *error) {
    uint8_t key[CODE_KEY_BYTES];
    if (sodium_init() < 0) return error_set(error, LOKET_INTERNAL, NULL, "libsodium can't start", NULL);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return error_set(error, errno == EEXIST ? LOKET_DUPLICATE : LOKET_INVALID, "auth.secret_key",
                         errno == EEXIST ? "There is a key already: %s" : "This key file can't be written: %s", path);
    randombytes_buf(key, sizeof key);
    bool good = write(file, key, sizeof key) == (ssize_t)sizeof key && fsync(file) == 0;
    good = close(file) == 0 && good;
    explicit_bzero(key, sizeof key);
    if (good) return LOKET_OK;
    (void)unlink(path);
    return error_set(error, LOKET_INVALID, "auth.secret_key", "This key file can't be written: %s", path);
}

enum loket_error code_key_read(const char *path, uint8_t key[CODE_KEY_BYTES], struct error *error) {
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &about) != 0) {
        if (file >= 0) close(file);
        return error_set(error, LOKET_INVALID, "auth.secret_key", "This key file can't be read (loketd auth init makes one): %s",
                         path);
    }
    bool shared = (about.st_mode & 077) != 0;
    bool good = about.st_size == CODE_KEY_BYTES && read(file, key, CODE_KEY_BYTES) == CODE_KEY_BYTES;
    close(file);
    if (shared) return error_set(error, LOKET_INVALID, "auth.secret_key", "Others may read this key file (chmod 600): %s", path);
    if (!good) return error_set(error, LOKET_INVALID, "auth.secret_key", "This is not a key file: %s", path);
    return sodium_init() < 0 ? error_set(error, LOKET_INTERNAL, NULL, "libsodium can't start", NULL) : LOKET_OK;
}

void code_secret_new(uint8_t secret[CODE_SECRET_BYTES]) {
    randombytes_buf(secret, CODE_SECRET_BYTES);
}

void code_seal(const uint8_t key[CODE_KEY_BYTES], const uint8_t secret[CODE_SECRET_BYTES], uint8_t sealed[CODE_SEALED_BYTES]) {
    randombytes_buf(sealed, crypto_secretbox_NONCEBYTES);
    (void)crypto_secretbox_easy(sealed + crypto_secretbox_NONCEBYTES, secret, CODE_SECRET_BYTES, sealed, key); /* can't fail */
}

bool code_unseal(const uint8_t key[CODE_KEY_BYTES], const uint8_t *sealed, size_t size, uint8_t secret[CODE_SECRET_BYTES]) {
    return size == CODE_SEALED_BYTES && crypto_secretbox_open_easy(secret, sealed + crypto_secretbox_NONCEBYTES,
                                                                   size - crypto_secretbox_NONCEBYTES, sealed, key) == 0;
}

void code_base32(const uint8_t secret[CODE_SECRET_BYTES], char text[CODE_BASE32_BYTES]) {
    char *made = NULL;
    size_t size = 0;
    if (oath_base32_encode((const char *)secret, CODE_SECRET_BYTES, &made, &size) != OATH_OK) abort(); /* no memory */
    (void)snprintf(text, CODE_BASE32_BYTES, "%s", made);
    explicit_bzero(made, size);
    free(made);
}

/* The digits that were typed; false when there is anything but digits and blanks, or another number of them. */
static bool digits(const char *typed, char code[CODE_DIGITS + 1]) {
    size_t count = 0;
    for (; *typed; typed++) {
        if (*typed == ' ') continue;
        if (!isdigit((unsigned char)*typed) || count == CODE_DIGITS) return false;
        code[count++] = *typed;
    }
    code[count] = '\0';
    return count == CODE_DIGITS;
}

int64_t code_step(const uint8_t secret[CODE_SECRET_BYTES], const char *typed, time_t now) {
    char code[CODE_DIGITS + 1], right[CODE_DIGITS + 2];
    int64_t present = (int64_t)now / CODE_STEP_SECONDS, found = -1;
    if (!digits(typed, code)) return -1;
    for (int64_t step = present - 1; step <= present + 1; step++) {
        if (step < 0 || oath_hotp_generate((const char *)secret, CODE_SECRET_BYTES, (uint64_t)step, CODE_DIGITS, false,
                                           OATH_HOTP_DYNAMIC_TRUNCATION, right) != OATH_OK)
            continue;
        if (sodium_memcmp(code, right, CODE_DIGITS) == 0) found = step;
    }
    explicit_bzero(right, sizeof right);
    return found;
}

void recovery_code_new(char code[RECOVERY_CODE_BYTES]) {
    static const char signs[] = "abcdefghjkmnpqrstuvwxyz234567890"; /* no i, l, o, 1 */
    size_t used = 0;
    for (unsigned i = 0; i < 12; i++) {
        if (i > 0 && i % 4 == 0) code[used++] = '-';
        code[used++] = signs[randombytes_uniform(32)];
    }
    code[used] = '\0';
}

void recovery_code_hash(const uint8_t key[CODE_KEY_BYTES], const char *code, uint8_t hash[RECOVERY_HASH_BYTES]) {
    char plain[64];
    size_t used = 0;
    for (; *code && used + 1 < sizeof plain; code++)
        if (isalnum((unsigned char)*code)) plain[used++] = (char)tolower((unsigned char)*code);
    plain[used] = '\0';
    (void)crypto_generichash(hash, RECOVERY_HASH_BYTES, (const uint8_t *)plain, used, key, CODE_KEY_BYTES); /* can't fail */
    explicit_bzero(plain, sizeof plain);
}
