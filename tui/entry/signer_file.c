/* A key in a PKCS#12 file (.p12, .pfx). Reads, never writes. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tui/entry/signer_key.h>
#include <tui/ui/text.h>
#include <unistd.h>

#define FILE_BYTES (1024 * 1024)

static enum loket_error refuse(struct error *error, const char *field, const char *message, const char *argument) {
    return error_set(error, LOKET_INVALID, field, message, argument);
}

static enum loket_error bytes_read(int file, uint8_t **bytes, size_t *size, struct error *error) {
    struct stat facts;
    if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) return refuse(error, "key", N_("This is not a file"), NULL);
    if (facts.st_size > FILE_BYTES) return refuse(error, "key", N_("This file is larger than 1 MiB: it is no key"), NULL);
    *bytes = malloc((size_t)facts.st_size + 1);
    if (!*bytes) return error_set(error, LOKET_INTERNAL, "key", N_("Out of memory"), NULL);
    while (*size < (size_t)facts.st_size) {
        ssize_t got = read(file, *bytes + *size, (size_t)facts.st_size - *size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refuse(error, "key", N_("This file can't be read: %s"), strerror(errno));
        if (got == 0) break;
        *size += (size_t)got;
    }
    return LOKET_OK;
}

static enum loket_error file_read(const char *path, PKCS12 **store, struct error *error) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a pipe by mistake must not stop us */
    if (file < 0 && errno == ENOENT) return refuse(error, "key", N_("There is no file %s"), path);
    if (file < 0) return refuse(error, "key", N_("This file can't be read: %s"), strerror(errno));
    enum loket_error code = bytes_read(file, &bytes, &size, error);
    const uint8_t *at = bytes;
    if (code == LOKET_OK) *store = d2i_PKCS12(NULL, &at, (long)size);
    if (code == LOKET_OK && !*store) code = refuse(error, "key", N_("This is not a PKCS#12 file (.p12, .pfx)"), NULL);
    if (bytes) explicit_bzero(bytes, size);
    free(bytes);
    close(file);
    return code;
}

/* Programs disagree on what no passphrase is. */
static const char *passphrase_right(PKCS12 *store, const char *passphrase, bool *right) {
    *right = true;
    if (!PKCS12_mac_present(store)) return passphrase;
    if (PKCS12_verify_mac(store, passphrase, -1) == 1) return passphrase;
    if (*passphrase == '\0' && PKCS12_verify_mac(store, NULL, 0) == 1) return NULL;
    *right = false;
    return passphrase;
}

static bool store_parse(PKCS12 *store, const char *passphrase, struct signer_key *key) {
    if (PKCS12_parse(store, passphrase, &key->key, &key->certificate, &key->chain) == 1) return true;
    /* files of older programs are encrypted with RC2, which OpenSSL 3 has only on request */
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_try_load(NULL, "legacy", 1);
    if (!legacy) return false;
    bool good = PKCS12_parse(store, passphrase, &key->key, &key->certificate, &key->chain) == 1;
    (void)OSSL_PROVIDER_unload(legacy); /* the key is out; nothing else shall use what is in there */
    return good;
}

enum loket_error signer_file_open(const char *path, const char *passphrase, struct signer_key *key, struct error *error) {
    PKCS12 *store = NULL;
    bool right;
    enum loket_error code = file_read(path, &store, error);
    if (code != LOKET_OK) return code;
    passphrase = passphrase_right(store, passphrase, &right);
    if (!right) code = refuse(error, "passphrase", N_("The passphrase is wrong"), NULL);
    else if (!store_parse(store, passphrase, key))
        code = refuse(error, "key", N_("This file is damaged or encrypted in a way that is unknown here"), NULL);
    else if (!key->key) code = refuse(error, "key", N_("There is no key in this file"), NULL);
    else if (!key->certificate && sk_X509_num(key->chain) > 0)
        code = refuse(error, "key", N_("The key does not fit its certificate"), NULL);
    else if (!key->certificate) code = refuse(error, "key", N_("There is no certificate in this file"), NULL);
    PKCS12_free(store);
    return code;
}
