/* What the tests of signatures share: a folder, an authority with its certificates, a small PDF, other programs' opinions.
 * Everything is made anew; nothing is kept. */
#ifndef TESTS_UNIT_SIGNING_H
#define TESTS_UNIT_SIGNING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <cairo-pdf.h>
#include <ftw.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <server/doc/signature.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/entry/signer.h>
#include <unistd.h>

#define PASSPHRASE "kuda kayu"
#define DAY        86400L

static char folder[64];

/* A key with its certificate. */
struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

/* What a certificate says. */
struct identity_kind {
    const char *name, *basic, *usage, *purposes;
    long from, until; /* days from now */
    bool elliptic;
    unsigned bits; /* of RSA; 0: 2048 */
    const EVP_MD *digest;
};

static inline const char *path_of(const char *name) {
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline int folder_make(void) {
    (void)snprintf(folder, sizeof folder, "/tmp/loket-sign.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *where) {
    (void)facts;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline int folder_remove(void) {
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void extension_add(X509 *certificate, X509 *issuer, int kind, const char *value) {
    X509V3_CTX context;
    if (!value) return;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* `issuer` NULL: signs itself. */
static inline struct identity identity_make(const struct identity_kind *kind, const struct identity *issuer) {
    static long serial = 0x1001;
    struct identity made = {kind->elliptic ? EVP_EC_gen("P-256") : EVP_RSA_gen(kind->bits ? kind->bits : 2048), X509_new()};
    assert_non_null(made.key);
    X509_NAME *name = X509_get_subject_name(made.certificate);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)kind->name, -1, -1, 0), 1);
    X509_set_version(made.certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made.certificate), kind->from * DAY);
    X509_gmtime_adj(X509_getm_notAfter(made.certificate), kind->until * DAY);
    X509_set_pubkey(made.certificate, made.key);
    X509 *above = issuer ? issuer->certificate : made.certificate;
    X509_set_issuer_name(made.certificate, X509_get_subject_name(above));
    extension_add(made.certificate, above, NID_basic_constraints, kind->basic);
    extension_add(made.certificate, above, NID_key_usage, kind->usage);
    extension_add(made.certificate, above, NID_ext_key_usage, kind->purposes);
    assert_true(X509_sign(made.certificate, issuer ? issuer->key : made.key, kind->digest ? kind->digest : EVP_sha256()) > 0);
    return made;
}

static inline void identity_free(struct identity *identity) {
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
    *identity = (struct identity){0};
}

static inline struct identity authority_make(const char *name) {
    return identity_make(
        &(struct identity_kind){
            .name = name, .basic = "critical,CA:TRUE", .usage = "critical,keyCertSign,cRLSign", .from = -30, .until = 3650},
        NULL);
}

static inline const char *certificate_write(const char *name, const struct identity *identity) {
    const char *path = path_of(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, identity->certificate), 1);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* A PKCS#12 file with whichever of key, certificate and issuer are not NULL. `cipher` 0: today's. */
static inline const char *store_write(const char *name, EVP_PKEY *key, X509 *certificate, X509 *issuer, int cipher) {
    STACK_OF(X509) *others = sk_X509_new_null();
    if (issuer) sk_X509_push(others, issuer);
    PKCS12 *store = PKCS12_create(PASSPHRASE, "kepala dinas", key, certificate, others, cipher, cipher, 0, 0, 0);
    assert_non_null(store);
    const char *path = path_of(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(i2d_PKCS12_fp(file, store), 1);
    assert_int_equal(fclose(file), 0);
    PKCS12_free(store);
    sk_X509_free(others);
    return path;
}

static inline cairo_status_t on_bytes(void *data, const unsigned char *bytes, unsigned size) {
    buffer_add(data, bytes, size);
    return CAIRO_STATUS_SUCCESS;
}

/* Two pages; the second has an annotation of its own, and so an /Annots to add to. */
static inline struct buffer pdf_make(void) {
    struct buffer pdf = {0};
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(on_bytes, &pdf, 595, 842);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, "Izin Mendirikan Bangunan (>> endobj)");
    cairo_t *cairo = cairo_create(surface);
    cairo_rectangle(cairo, 72, 72, 300, 200);
    cairo_fill(cairo);
    cairo_show_page(cairo);
    cairo_tag_begin(cairo, "Document", NULL); /* without one, cairo 1.16 names an object that it does not write */
    cairo_tag_begin(cairo, CAIRO_TAG_LINK, "uri='https://dinas.example/izin' rect=[10 10 100 20]");
    cairo_tag_end(cairo, CAIRO_TAG_LINK);
    cairo_tag_end(cairo, "Document");
    cairo_rectangle(cairo, 72, 400, 100, 50);
    cairo_stroke(cairo);
    cairo_show_page(cairo);
    cairo_destroy(cairo);
    cairo_surface_finish(surface);
    assert_int_equal(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS);
    cairo_surface_destroy(surface);
    assert_false(pdf.failed);
    return pdf;
}

static inline void file_write(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Runs a command of the shell; its output, both kinds, is in `output`. Its exit status. */
__attribute__((format(printf, 3, 4))) static inline int shell(char *output, size_t size, const char *format, ...) {
    char command[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    FILE *pipe = popen(command, "r"); /* NOLINT: the command is ours */
    assert_non_null(pipe);
    size_t got = fread(output, 1, size - 1, pipe);
    output[got] = '\0';
    while (fgetc(pipe) != EOF) {
    }
    return pclose(pipe);
}

static inline bool has_program(const char *name) {
    char output[256];
    return shell(output, sizeof output, "command -v %s", name) == 0;
}

/* What Poppler says of the signature of this file. */
static inline void pdfsig(const struct buffer *pdf, char *output, size_t size) {
    const char *path = path_of("pdfsig.pdf");
    file_write(path, pdf->data, pdf->size);
    (void)shell(output, size, "HOME=%s pdfsig -nocert %s 2>&1", folder, path);
}

static const struct signature_field field = {.page = 1,
                                             .x = 72.25,
                                             .y = 72,
                                             .width = 200,
                                             .height = 80.5,
                                             .name = "dr. Siti Nurhaliza, M.Si.",
                                             .reason = "Izin diterbitkan \xe2\x80\x94 \xf0\x9f\x8f\xa0",
                                             .location = "Kota (Contoh)",
                                             .at = 1764000000};

/* The head's part: a CMS over `digest` by the key in `store`. */
static inline void sign_digest(const char *store, const char *passphrase, const uint8_t *digest, uint8_t **cms, size_t *size) {
    struct error error = {0};
    struct signer *signer = signer_open(store, passphrase, &error);
    if (!signer) fail_msg("%s: %s %s", error.field, error.message, error.argument);
    assert_int_equal(signer_sign(signer, digest, cms, size, &error), LOKET_OK);
    signer_free(signer);
}

#endif
