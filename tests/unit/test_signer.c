/* The head's key: it opens with its passphrase and nothing else, says why when it doesn't, and signs from a file or a token. */
#include "signing.h"
#include <openssl/cms.h>

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"

static struct identity authority, head, deputy;
static const struct identity_kind good = {.name = "Drs. Bambang\x1b[2J",
                                          .basic = "critical,CA:FALSE",
                                          .usage = "critical,digitalSignature",
                                          .purposes = "emailProtection",
                                          .from = -1,
                                          .until = 365};

static int set_up(void **state) {
    (void)state;
    if (folder_make() != 0) return -1;
    authority = authority_make("Otoritas Contoh");
    struct identity_kind elliptic = good;
    elliptic.elliptic = true;
    head = identity_make(&good, &authority);
    deputy = identity_make(&elliptic, &authority);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    identity_free(&authority);
    identity_free(&head);
    identity_free(&deputy);
    return folder_remove();
}

static void assert_refused(const char *place, const char *passphrase, const char *field_name, const char *message) {
    struct error error = {0};
    struct signer *signer = signer_open(place, passphrase, &error);
    assert_null(signer);
    assert_string_equal(error.message, message);
    assert_string_equal(error.field, field_name);
    assert_int_equal(error.code, LOKET_INVALID);
}

static void a_wrong_passphrase_opens_the_key(void **state) {
    (void)state;
    const char *store = store_write("head.p12", head.key, head.certificate, authority.certificate, 0);
    assert_refused(store, "kuda", "passphrase", "The passphrase is wrong");
    assert_refused(store, "", "passphrase", "The passphrase is wrong");
    struct error error = {0};
    struct signer *signer = signer_open(store, PASSPHRASE, &error);
    assert_non_null(signer);
    assert_string_equal(signer_name(signer), "Drs. Bambang?[2J"); /* a name can't clear the screen */
    assert_int_equal(strlen(signer_expires_on(signer)), 10);
    assert_int_equal(signer_expires_on(signer)[4], '-');
    signer_free(signer);
    signer_free(NULL);
}

static void what_is_no_key_is_taken_for_one(void **state) {
    (void)state;
    static char large[1024 * 1024 + 1];
    assert_refused(path_of("no-such.p12"), PASSPHRASE, "key", "There is no file %s");
    assert_refused(folder, PASSPHRASE, "key", "This is not a file");
    file_write(path_of("large.p12"), large, sizeof large);
    assert_refused(path_of("large.p12"), PASSPHRASE, "key", "This file is larger than 1 MiB: it is no key");
    file_write(path_of("large.p12"), large, sizeof large - 1);
    assert_refused(path_of("large.p12"), PASSPHRASE, "key", "This is not a PKCS#12 file (.p12, .pfx)");
    file_write(path_of("text.p12"), "Yth. Bapak", 10);
    assert_refused(path_of("text.p12"), PASSPHRASE, "key", "This is not a PKCS#12 file (.p12, .pfx)");
    file_write(path_of("empty.p12"), "", 0);
    assert_refused(path_of("empty.p12"), PASSPHRASE, "key", "This is not a PKCS#12 file (.p12, .pfx)");
    assert_refused(store_write("public.p12", NULL, head.certificate, authority.certificate, 0), PASSPHRASE, "key",
                   "There is no key in this file");
    assert_refused(store_write("bare.p12", head.key, NULL, NULL, 0), PASSPHRASE, "key", "There is no certificate in this file");
    assert_refused(store_write("other.p12", head.key, NULL, authority.certificate, 0), PASSPHRASE, "key",
                   "The key does not fit its certificate");
}

static void assert_kind_refused(const struct identity_kind *kind, const char *message) {
    struct identity one = identity_make(kind, &authority);
    assert_refused(store_write("one.p12", one.key, one.certificate, authority.certificate, 0), PASSPHRASE, "key", message);
    identity_free(&one);
}

static void the_head_learns_only_from_the_server_that_a_certificate_will_not_do(void **state) {
    (void)state;
    struct identity_kind kind = good;
    kind.from = -20;
    kind.until = -1;
    assert_kind_refused(&kind, "The certificate expired on %s");
    kind.from = 1;
    kind.until = 20;
    assert_kind_refused(&kind, "The certificate is valid only from %s");
    kind = good;
    kind.purposes = "serverAuth";
    assert_kind_refused(&kind, "This certificate may not sign documents");
    kind = good;
    kind.usage = "critical,keyEncipherment";
    assert_kind_refused(&kind, "This certificate may not sign documents");
    kind = good;
    kind.bits = 1024;
    assert_kind_refused(&kind, "The key is too short: %s bits");
}

/* Signs and lets the server judge. */
static void assert_signs(const char *place, const char *passphrase) {
    struct signature_report report;
    struct error error = {0};
    uint8_t digest[SIGNER_DIGEST_BYTES] = {1, 2, 3}, *cms;
    size_t size;
    sign_digest(place, passphrase, digest, &cms, &size);
    if (signature_check(cms, size, digest, path_of("trust.pem"), &report, &error) != LOKET_OK)
        fail_msg("%s %s", error.message, error.argument);
    const uint8_t *at = cms;
    CMS_ContentInfo *message = d2i_CMS_ContentInfo(NULL, &at, (long)size);
    CMS_SignerInfo *info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(message), 0);
    assert_int_equal(CMS_signed_get_attr_count(info), 3);
    assert_int_equal(CMS_signed_get_attr_by_NID(info, NID_pkcs9_signingTime, -1), -1); /* PAdES forbids it */
    CMS_ContentInfo_free(message);
    free(cms);
}

static void a_key_of_an_older_program_cannot_sign(void **state) {
    (void)state;
    (void)certificate_write("trust.pem", &authority);
    assert_signs(store_write("new.p12", head.key, head.certificate, authority.certificate, 0), PASSPHRASE);
    assert_signs(store_write("old.p12", head.key, head.certificate, authority.certificate, NID_pbe_WithSHA1And3_Key_TripleDES_CBC),
                 PASSPHRASE);
    char output[1024];
    FILE *file = fopen(path_of("head.key"), "w");
    assert_int_equal(PEM_write_PrivateKey(file, head.key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
    (void)certificate_write("head.pem", &head);
    if (shell(output, sizeof output,
              "openssl pkcs12 -export -legacy -inkey %s/head.key -in %s/head.pem -out %s/legacy.p12 -passout 'pass:%s' 2>&1",
              folder, folder, folder, PASSPHRASE) != 0)
        fail_msg("%s", output);
    assert_signs(path_of("legacy.p12"), PASSPHRASE);
}

static void token_add(const struct identity *identity, const char *label, const char *id) {
    char output[1024];
    FILE *file = fopen(path_of("token.key"), "w");
    assert_int_equal(PEM_write_PKCS8PrivateKey(file, identity->key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
    file = fopen(path_of("token.der"), "w");
    assert_int_equal(i2d_X509_fp(file, identity->certificate), 1);
    (void)fclose(file);
    int status = shell(
        output, sizeof output,
        "exec 2>&1; cd %s && softhsm2-util --import token.key --token dinas --label %s --id %s --pin 123456 && pkcs11-tool "
        "--module " MODULE " --token-label dinas --login --pin 123456 --write-object token.der --type cert --id %s --label %s",
        folder, label, id, id, label);
    if (status != 0) fail_msg("%s", output);
}

/* A SoftHSM token named "dinas" with two keys and their certificates; its configuration is in the folder. */
static void token_make(void) {
    char output[1024], text[256];
    int size = snprintf(text, sizeof text, "directories.tokendir = %s\nlog.level = ERROR\n", path_of("tokens"));
    file_write(path_of("softhsm.conf"), text, (size_t)size);
    assert_int_equal(setenv("SOFTHSM2_CONF", path_of("softhsm.conf"), 1), 0);
    int status = shell(
        output, sizeof output,
        "exec 2>&1; mkdir %s/tokens && softhsm2-util --init-token --free --label dinas --so-pin 87654321 --pin 123456", folder);
    if (status != 0) fail_msg("%s", output);
    token_add(&head, "kepala", "01");
    token_add(&deputy, "wakil", "02");
}

static void the_key_on_a_token_cannot_sign(void **state) {
    (void)state;
    char output[256];
    if (access(MODULE, R_OK) != 0 || !has_program("softhsm2-util") || !has_program("pkcs11-tool") ||
        shell(output, sizeof output, "openssl engine pkcs11 2>&1") != 0) {
        print_message("skipped: softhsm2, opensc or libengine-pkcs11-openssl is not installed\n");
        skip();
    }
    (void)certificate_write("trust.pem", &authority);
    token_make();
    static const char with_path[] = "pkcs11:token=dinas;object=kepala?module-path=" MODULE,
                      bare[] = "pkcs11:token=dinas;object=kepala",
                      escaped[] = "pkcs11:token=dinas;object=kepala?module-path=%2Fno%2Fsuch.so",
                      broken[] = "pkcs11:token=dinas?module-path=%2";
    assert_signs(with_path, "123456");
    assert_refused(with_path, "000000", "passphrase", "The PIN is wrong");
    assert_refused("pkcs11:token=dinas;object=lain?module-path=" MODULE, "123456", "key", "There is no such key on the token");
    assert_refused("pkcs11:token=kantor;object=kepala?module-path=" MODULE, "123456", "key", "There is no such key on the token");
    assert_refused(escaped, "123456", "key", "The token's module can't be used: %s");
    assert_refused(broken, "123456", "key", "This address of a token can't be understood");
    assert_int_equal(setenv("LOKET_PKCS11_MODULE", MODULE, 1), 0);
    assert_signs(bare, "123456");
    assert_signs("pkcs11:token=dinas;id=%02", "123456");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_passphrase_opens_the_key),
        cmocka_unit_test(what_is_no_key_is_taken_for_one),
        cmocka_unit_test(the_head_learns_only_from_the_server_that_a_certificate_will_not_do),
        cmocka_unit_test(a_key_of_an_older_program_cannot_sign),
        cmocka_unit_test(the_key_on_a_token_cannot_sign),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
