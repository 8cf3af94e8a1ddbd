/* loket-ticket: on the host that surveyors reach by ssh, gives whom sshd let in a certificate of five minutes for their own account
 * in Loket, and for nobody else's: whose, the kernel says (the real uid), not the caller.
 *
 * Installed setgid, so that the issuing key is read by this program alone. It takes one argument from its caller, a public key, and
 * nothing from its environment. It needs no network and no database. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#define FOLDER          "/etc/loket/gateway"
#define SECONDS         300
#define CLOCKS_APART    60
#define AUTHORITY_YEARS 5
#define KEY_BYTES       32u
#define SERIAL_BYTES    16

static const char usage[] =
    "usage: loket-ticket KEY             a certificate for the caller's account; KEY: an Ed25519 public key in hex\n"
    "       loket-ticket init NAME       makes the issuing key and its certificate (as root, once)\n"
    "Files: " FOLDER "/key.pem, ca.pem and accounts, whose lines are: UNIX-ACCOUNT USER-NAME [OFFICE]\n";

/* A test's folder, unless the program has more rights than its caller. */
static const char *folder(void) {
    const char *given = secure_getenv("LOKET_GATEWAY_DIR");
    return given ? given : FOLDER;
}

static int refuse(const char *what, const char *which) {
    (void)fprintf(stderr, "loket-ticket: %s%s%s\n", what, *which ? ": " : "", which);
    return EX_UNAVAILABLE;
}

static FILE *file_open(const char *name, const char *mode) {
    char path[512];
    if (snprintf(path, sizeof path, "%s/%s", folder(), name) >= (int)sizeof path) return NULL;
    return fopen(path, mode);
}

/* -------------------------------------------------------------------------------------------- certificates */

static bool name_add(X509_NAME *name, int kind, const char *text) {
    return !*text || X509_NAME_add_entry_by_NID(name, kind, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool extension_add(X509 *certificate, X509 *issuer, int kind, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    bool good = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

/* Version, number and times: from a minute ago, because clocks differ. */
static bool certificate_begin(X509 *certificate, long seconds) {
    unsigned char number[SERIAL_BYTES];
    if (RAND_bytes(number, sizeof number) != 1) return false;
    number[0] &= 0x7f; /* positive */
    BIGNUM *serial = BN_bin2bn(number, sizeof number, NULL);
    bool good = serial && X509_set_version(certificate, X509_VERSION_3) == 1 &&
                BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) &&
                X509_gmtime_adj(X509_getm_notBefore(certificate), -CLOCKS_APART) &&
                X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
    BN_free(serial);
    return good;
}

/* Ed25519 hashes by itself. */
static bool certificate_sign(X509 *certificate, EVP_PKEY *key) {
    const EVP_MD *digest = EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
    return X509_sign(certificate, key, digest) > 0;
}

/* --------------------------------------------------------------------------------------------------- init */

static bool authority_write(X509 *certificate, EVP_PKEY *key) {
    mode_t before = umask(0077);
    FILE *file = file_open("key.pem", "wxe");
    bool good = file && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (file && fclose(file) != 0) good = false;
    umask(0022);
    file = good ? file_open("ca.pem", "we") : NULL;
    good = file && PEM_write_X509(file, certificate) == 1;
    if (file && fclose(file) != 0) good = false;
    umask(before);
    return good;
}

static int init(const char *name) {
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *certificate = X509_new();
    bool good = key && certificate && certificate_begin(certificate, AUTHORITY_YEARS * 366L * 86400) &&
                name_add(X509_get_subject_name(certificate), NID_commonName, name) &&
                X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
                X509_set_pubkey(certificate, key) == 1 &&
                extension_add(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                extension_add(certificate, certificate, NID_key_usage, "critical,keyCertSign") &&
                extension_add(certificate, certificate, NID_subject_key_identifier, "hash") && certificate_sign(certificate, key);
    errno = 0;
    int code = EX_OK;
    if (!good) code = refuse("the key can't be made", "");
    else if (!authority_write(certificate, key)) code = refuse("the files can't be written", errno ? strerror(errno) : folder());
    X509_free(certificate);
    EVP_PKEY_free(key);
    return code;
}

/* ------------------------------------------------------------------------------------------------- tickets */

struct account {
    char unix_name[64], username[64], office[40];
};

/* Whose line of `accounts` is it? Who has none gets no certificate. */
static bool account_find(const char *unix_name, struct account *account) {
    char line[256];
    bool found = false;
    FILE *file = file_open("accounts", "re");
    if (!file) return false;
    while (!found && fgets(line, sizeof line, file)) {
        *account = (struct account){.office = ""};
        int parts = sscanf(line, "%63s %63s %39s", account->unix_name, account->username, account->office);
        if (account->office[0] == '#') account->office[0] = '\0';
        found = parts >= 2 && account->username[0] != '#' && strcmp(account->unix_name, unix_name) == 0;
    }
    (void)fclose(file);
    return found;
}

static bool hex_read(const char *text, unsigned char bytes[KEY_BYTES]) {
    if (strlen(text) != 2 * (size_t)KEY_BYTES || strspn(text, "0123456789abcdef") != 2 * (size_t)KEY_BYTES) return false;
    for (size_t i = 0; i < KEY_BYTES; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return true;
}

static X509 *authority_read(EVP_PKEY **key) {
    FILE *file = file_open("key.pem", "re");
    *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (file) (void)fclose(file);
    file = file_open("ca.pem", "re");
    X509 *authority = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    if (file) (void)fclose(file);
    if (*key && authority && X509_check_private_key(authority, *key) == 1) return authority;
    X509_free(authority);
    EVP_PKEY_free(*key);
    *key = NULL;
    return NULL;
}

static X509 *ticket_make(const struct account *account, EVP_PKEY *subject, X509 *authority, EVP_PKEY *key) {
    X509 *ticket = X509_new();
    bool good = ticket && certificate_begin(ticket, SECONDS) &&
                name_add(X509_get_subject_name(ticket), NID_organizationName, account->office) &&
                name_add(X509_get_subject_name(ticket), NID_commonName, account->username) &&
                X509_set_issuer_name(ticket, X509_get_subject_name(authority)) == 1 && X509_set_pubkey(ticket, subject) == 1 &&
                extension_add(ticket, authority, NID_basic_constraints, "critical,CA:FALSE") &&
                extension_add(ticket, authority, NID_key_usage, "critical,digitalSignature") &&
                extension_add(ticket, authority, NID_ext_key_usage, "clientAuth") && certificate_sign(ticket, key);
    if (good) return ticket;
    X509_free(ticket);
    return NULL;
}

/* What was given to whom is in the host's log, with the number that the audit log of the office has too. */
static void ticket_log(X509 *ticket, const struct account *account) {
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(ticket), NULL);
    char *serial = number ? BN_bn2hex(number) : NULL;
    openlog("loket-ticket", LOG_PID, LOG_AUTH);
    syslog(LOG_INFO, "certificate %s for %s, who is %s here", serial ? serial : "?", account->username, account->unix_name);
    OPENSSL_free(serial);
    BN_free(number);
}

static int ticket_give(const char *hex) {
    unsigned char bytes[KEY_BYTES], *der = NULL;
    struct account account;
    EVP_PKEY *key = NULL, *subject = NULL;
    X509 *authority = NULL, *ticket = NULL;
    int code = EX_OK, size = 0;
    const struct passwd *person = getpwuid(getuid());
    if (!hex_read(hex, bytes)) return refuse("this is not a key of 32 bytes in hex", "");
    if (!person || !account_find(person->pw_name, &account))
        return refuse("this account is not in the list of accounts", person ? person->pw_name : "");
    authority = authority_read(&key);
    subject = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, sizeof bytes);
    if (!authority) code = refuse("the issuing key can't be read, or is not that of ca.pem", "");
    else ticket = subject ? ticket_make(&account, subject, authority, key) : NULL;
    if (ticket) size = i2d_X509(ticket, &der);
    if (code == EX_OK && size <= 0) code = refuse("the certificate can't be made", "");
    if (code == EX_OK) ticket_log(ticket, &account);
    for (int i = 0; code == EX_OK && i < size; i++) (void)printf("%02x", der[i]);
    if (code == EX_OK && (putchar('\n') == EOF || fflush(stdout) != 0)) code = EX_IOERR;
    OPENSSL_free(der);
    X509_free(ticket);
    X509_free(authority);
    EVP_PKEY_free(subject);
    EVP_PKEY_free(key);
    return code;
}

/* A caller that closed one of the three would have a file of ours opened in its place. */
static bool three_files(void) {
    for (int i = 0; i < 3; i++)
        if (fcntl(i, F_GETFD) < 0 && open("/dev/null", O_RDWR) != i) return false;
    return true;
}

int main(int argc, char **argv) {
    if (!three_files()) return EX_OSERR;
    bool more_rights = getegid() != getgid() || geteuid() != getuid();
    if (argc == 3 && strcmp(argv[1], "init") == 0 && !more_rights) return init(argv[2]);
    if (argc == 2 && argv[1][0] != '-' && strcmp(argv[1], "init") != 0) return ticket_give(argv[1]);
    (void)fputs(usage, stderr);
    return EX_USAGE;
}
