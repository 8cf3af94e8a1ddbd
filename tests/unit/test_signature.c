/* Signatures: what the head signed is whole for our own and for other readers, and nothing else passes for it. */
#include "signing.h"

static struct identity authority, stranger, head, head_elliptic;
static char trust[128], other_trust[128], store[128], store_elliptic[128];
static struct buffer pdf;

static const struct identity_kind good = {.name = "dr. Siti Nurhaliza",
                                          .basic = "critical,CA:FALSE",
                                          .usage = "critical,digitalSignature,nonRepudiation",
                                          .purposes = "emailProtection,clientAuth",
                                          .from = -1,
                                          .until = 365};

static int set_up(void **state) {
    (void)state;
    if (folder_make() != 0) return -1;
    struct identity_kind elliptic = good;
    elliptic.elliptic = true;
    authority = authority_make("Otoritas Contoh");
    stranger = authority_make("Otoritas Lain");
    head = identity_make(&good, &authority);
    head_elliptic = identity_make(&elliptic, &authority);
    (void)snprintf(trust, sizeof trust, "%s", certificate_write("trust.pem", &authority));
    (void)snprintf(other_trust, sizeof other_trust, "%s", certificate_write("other.pem", &stranger));
    (void)snprintf(store, sizeof store, "%s", store_write("rsa.p12", head.key, head.certificate, authority.certificate, 0));
    (void)snprintf(store_elliptic, sizeof store_elliptic, "%s",
                   store_write("ec.p12", head_elliptic.key, head_elliptic.certificate, authority.certificate, 0));
    pdf = pdf_make();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    identity_free(&authority);
    identity_free(&stranger);
    identity_free(&head);
    identity_free(&head_elliptic);
    buffer_free(&pdf);
    return folder_remove();
}

/* All the steps; `out` is the signed file. */
static void sign_file(const char *with, unsigned page, struct buffer *out) {
    struct signature_field place = field;
    struct signature_report report;
    struct error error = {0};
    uint8_t digest[SIGNATURE_DIGEST_BYTES], *cms;
    size_t size;
    place.page = page;
    assert_int_equal(signature_prepare(&pdf, &place, out, digest, &error), LOKET_OK);
    sign_digest(with, PASSPHRASE, digest, &cms, &size);
    if (signature_check(cms, size, digest, trust, &report, &error) != LOKET_OK) fail_msg("%s %s", error.message, error.argument);
    assert_int_equal(report.state, SIGNATURE_VALID);
    assert_int_equal(signature_embed(out, cms, size, &error), LOKET_OK);
    free(cms);
}

static void assert_good_everywhere(const struct buffer *signed_pdf) {
    char output[4096];
    struct signature_report report;
    struct error error = {0};
    enum loket_error code = signature_verify(signed_pdf->data, signed_pdf->size, trust, &report, &error);
    if (code != LOKET_OK) fail_msg("%s %s", error.message, error.argument);
    assert_int_equal(report.state, SIGNATURE_VALID);
    assert_string_equal(report.signer, "dr. Siti Nurhaliza");
    assert_string_equal(report.issuer, "Otoritas Contoh");
    assert_int_equal(strlen(report.fingerprint), 64);
    assert_int_equal(strlen(report.serial), 4);
    assert_true(report.not_after > time(NULL) + 364 * DAY);
    assert_int_equal(report.stamped_at, 0);
    pdfsig(signed_pdf, output, sizeof output);
    if (!strstr(output, "Signature is Valid") || !strstr(output, "Total document signed")) fail_msg("pdfsig: %s", output);
    assert_non_null(strstr(output, "ETSI.CAdES.detached"));
    if (shell(output, sizeof output, "qpdf --check %s 2>&1", path_of("pdfsig.pdf")) != 0) fail_msg("qpdf: %s", output);
    assert_non_null(strstr(output, "No syntax or stream encoding errors found"));
}

static void a_signed_permit_is_good_for_every_reader(void **state) {
    (void)state;
    struct buffer out = {0};
    sign_file(store, 1, &out);
    assert_memory_equal(out.data, pdf.data, pdf.size); /* what was there is untouched */
    assert_good_everywhere(&out);
    buffer_free(&out);
}

static void an_elliptic_key_signs_as_well_and_on_the_last_page(void **state) {
    (void)state;
    char output[4096];
    struct buffer out = {0};
    sign_file(store_elliptic, 0, &out);
    assert_good_everywhere(&out);
    (void)shell(output, sizeof output, "qpdf --json --json-key=acroform %s 2>&1", path_of("pdfsig.pdf"));
    assert_non_null(strstr(output, "\"pageposfrom1\": 2"));
    (void)shell(output, sizeof output, "qpdf --qdf --object-streams=disable %s - 2>&1 | grep -ac 'Subtype /Link'",
                path_of("pdfsig.pdf"));
    assert_int_equal(atoi(output), 1); /* the page's own annotation is still there */
    buffer_free(&out);
}

static void the_texts_of_the_signature_come_through(void **state) {
    (void)state;
    char output[4096];
    struct buffer out = {0};
    sign_file(store, 2, &out);
    file_write(path_of("texts.pdf"), out.data, out.size);
    (void)shell(output, sizeof output, "qpdf --json %s 2>&1 | grep -aE '\"/(Name|Reason|Location|M|SigFlags)\"'",
                path_of("texts.pdf"));
    if (!strstr(output, field.name) || !strstr(output, field.location)) fail_msg("%s", output);
    assert_true(strstr(output, field.reason) || strstr(output, "\\ud83c\\udfe0"));
    assert_non_null(strstr(output, "D:20251124160000Z"));
    buffer_free(&out);
}

static enum signature_state state_of(const struct buffer *file, size_t size) {
    struct signature_report report;
    struct error error = {0};
    enum loket_error code = signature_verify(file->data, size, trust, &report, &error);
    assert_true((code == LOKET_OK) == (report.state == SIGNATURE_VALID));
    if (code != LOKET_OK) {
        assert_string_equal(error.field, "signature");
        assert_true(error.message[0] != '\0');
    }
    return report.state;
}

static void a_changed_permit_passes_for_the_signed_one(void **state) {
    (void)state;
    char output[4096];
    struct buffer out = {0};
    sign_file(store, 1, &out);
    uint8_t *at = memmem(out.data, out.size, "stream\n", 7);
    assert_non_null(at);
    at[8] ^= 1;
    assert_int_equal(state_of(&out, out.size), SIGNATURE_ALTERED);
    pdfsig(&out, output, sizeof output);
    assert_non_null(strstr(output, "Digest Mismatch"));
    at[8] ^= 1;
    assert_int_equal(state_of(&out, out.size), SIGNATURE_VALID);
    const uint8_t *hole = memmem(out.data, out.size, "/Contents <", 11);
    size_t from = (size_t)(hole - out.data) + 11, until = from + SIGNATURE_CMS_BYTES * 2;
    for (size_t i = 0; i < out.size; i += 7) {
        if (i + 1 >= from && i <= until) i = until + 1;
        out.data[i] ^= 4;
        assert_int_not_equal(state_of(&out, out.size), SIGNATURE_VALID);
        out.data[i] ^= 4;
    }
    buffer_free(&out);
}

static void something_added_to_a_permit_goes_unseen(void **state) {
    (void)state;
    struct buffer out = {0};
    sign_file(store, 1, &out);
    size_t size = out.size;
    buffer_text(&out, "\n");
    assert_int_equal(state_of(&out, out.size), SIGNATURE_ALTERED);
    assert_int_equal(state_of(&out, size), SIGNATURE_VALID);
    assert_int_equal(state_of(&out, size - 1), SIGNATURE_ALTERED);
    buffer_text(&out, "999 0 obj << /Secret true >> endobj\n");
    assert_int_equal(state_of(&out, out.size), SIGNATURE_ALTERED);
    buffer_free(&out);
    sign_file(store, 1, &out);
    uint8_t *end = memmem(out.data, out.size, "0>\n/M", 5); /* after the CMS: the one place that is not signed */
    assert_non_null(end);
    *end = '7';
    assert_int_equal(state_of(&out, out.size), SIGNATURE_INVALID);
    buffer_free(&out);
    assert_int_equal(state_of(&pdf, pdf.size), SIGNATURE_NONE);
}

/* Signs a digest with a certificate of `kind`, past what the client would refuse, and gives the server's message. */
static const char *message_for(const struct identity_kind *kind, const struct identity *issuer, struct error *error) {
    struct signature_report report;
    uint8_t digest[SIGNATURE_DIGEST_BYTES] = {1, 2, 3};
    struct identity one = identity_make(kind, issuer);
    char output[1024];
    file_write(path_of("digested"), "isi", 3);
    assert_int_equal(EVP_Digest("isi", 3, digest, NULL, EVP_sha256(), NULL), 1);
    (void)snprintf(output, sizeof output, "%s", certificate_write("one.pem", &one));
    FILE *file = fopen(path_of("one.key"), "w");
    assert_int_equal(PEM_write_PrivateKey(file, one.key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
    assert_int_equal(
        shell(output, sizeof output,
              "openssl cms -sign -binary -cades -md sha256 -in %s/digested -signer %s/one.pem -inkey %s/one.key -outform DER "
              "-out %s/one.cms 2>&1",
              folder, folder, folder, folder),
        0);
    file = fopen(path_of("one.cms"), "r");
    uint8_t cms[SIGNATURE_CMS_BYTES];
    size_t size = fread(cms, 1, sizeof cms, file);
    (void)fclose(file);
    *error = (struct error){0};
    enum loket_error code = signature_check(cms, size, digest, trust, &report, error);
    assert_true((code == LOKET_OK) == (report.state == SIGNATURE_VALID));
    identity_free(&one);
    return code == LOKET_OK ? "" : error->message;
}

static void a_certificate_that_may_not_sign_permits_signs_one(void **state) {
    (void)state;
    struct error error;
    struct identity_kind kind = good;
    assert_string_equal(message_for(&kind, &authority, &error), "");
    kind.purposes = "serverAuth";
    assert_string_equal(message_for(&kind, &authority, &error), "This certificate may not sign documents");
    kind.purposes = "serverAuth,1.3.6.1.5.5.7.3.36";
    assert_string_equal(message_for(&kind, &authority, &error), "");
    kind.purposes = NULL;
    assert_string_equal(message_for(&kind, &authority, &error), "");
    kind.usage = "critical,keyEncipherment";
    assert_string_equal(message_for(&kind, &authority, &error), "This certificate may not sign documents");
    kind.usage = NULL;
    assert_string_equal(message_for(&kind, &authority, &error), "");
    kind.basic = "critical,CA:TRUE";
    assert_string_equal(message_for(&kind, &authority, &error), "This certificate may not sign documents");
    kind = good;
    kind.bits = 1024;
    assert_string_equal(message_for(&kind, &authority, &error), "The key is too short: %s bits");
    assert_string_equal(error.argument, "1024");
    kind = good;
    kind.digest = EVP_sha1();
    assert_string_equal(message_for(&kind, &authority, &error), "The certificate uses a weak digest (MD5 or SHA-1)");
}

static void a_certificate_out_of_its_time_or_of_a_stranger_is_taken(void **state) {
    (void)state;
    struct error error;
    struct identity_kind kind = good;
    kind.from = -20;
    kind.until = -10;
    assert_string_equal(message_for(&kind, &authority, &error), "The certificate expired on %s");
    assert_int_equal(strlen(error.argument), 10);
    assert_string_equal(error.field, "signature");
    kind.from = 10;
    kind.until = 20;
    assert_string_equal(message_for(&kind, &authority, &error), "The certificate is valid only from %s");
    kind = good;
    assert_string_equal(message_for(&kind, &stranger, &error), "The certificate's issuer is not trusted: %s");
    assert_true(error.argument[0] != '\0');
    assert_string_equal(message_for(&kind, NULL, &error), "The certificate's issuer is not trusted: %s");
}

static void a_signature_of_another_document_is_taken_for_this_one(void **state) {
    (void)state;
    struct signature_report report;
    struct error error = {0};
    uint8_t digest[SIGNATURE_DIGEST_BYTES] = {7}, other[SIGNATURE_DIGEST_BYTES] = {8}, *cms;
    size_t size;
    sign_digest(store, PASSPHRASE, digest, &cms, &size);
    assert_int_equal(signature_check(cms, size, other, trust, &report, &error), LOKET_INVALID);
    assert_string_equal(error.message, "The signature is for another document");
    assert_int_equal(report.state, SIGNATURE_ALTERED);
    assert_int_equal(signature_check(cms, size, digest, other_trust, &report, &error), LOKET_INVALID);
    assert_int_equal(signature_check(cms, size, digest, path_of("no-such.pem"), &report, &error), LOKET_INTERNAL);
    assert_int_equal(signature_check(cms, size, digest, NULL, NULL, &error), LOKET_OK);
    free(cms);
}

/* By the openssl command, with `options` where the client would not put them. */
static const char *message_of_command(const char *options, struct error *error) {
    char output[1024];
    uint8_t digest[SIGNATURE_DIGEST_BYTES], cms[SIGNATURE_CMS_BYTES];
    file_write(path_of("digested"), "isi", 3);
    assert_int_equal(EVP_Digest("isi", 3, digest, NULL, EVP_sha256(), NULL), 1);
    (void)certificate_write("head.pem", &head);
    FILE *file = fopen(path_of("head.key"), "w");
    assert_int_equal(PEM_write_PrivateKey(file, head.key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
    if (shell(output, sizeof output,
              "openssl cms -sign -binary -in %s/digested -signer %s/head.pem -inkey %s/head.key -outform DER -out "
              "%s/head.cms %s 2>&1",
              folder, folder, folder, folder, options) != 0)
        fail_msg("%s: %s", options, output);
    file = fopen(path_of("head.cms"), "r");
    size_t size = fread(cms, 1, sizeof cms, file);
    (void)fclose(file);
    *error = (struct error){0};
    return signature_check(cms, size, digest, trust, NULL, error) == LOKET_OK ? "" : error->message;
}

static void a_signature_of_another_form_is_taken(void **state) {
    (void)state;
    struct error error;
    char twice[512];
    assert_string_equal(message_of_command("-cades -md sha256", &error), "");
    assert_string_equal(message_of_command("-cades -md sha256 -keyopt rsa_padding_mode:pss", &error), "");
    assert_string_equal(message_of_command("-md sha256", &error), "The signature does not name its certificate (RFC 5035)");
    assert_string_equal(message_of_command("-cades -md sha1", &error), "The signature must use the digest SHA-256, not %s");
    assert_string_equal(message_of_command("-cades -md md5", &error), "The signature must use the digest SHA-256, not %s");
    assert_string_equal(message_of_command("-cades -md sha256 -nodetach", &error),
                        "The signature is not one of a document: it has content of its own");
    assert_string_equal(message_of_command("-cades -md sha256 -nocerts", &error),
                        "The signer's certificate is not in the signature");
    assert_string_equal(message_of_command("-noattr -md sha256", &error), "The signature does not say which document it is for");
    (void)certificate_write("second.pem", &head_elliptic);
    FILE *file = fopen(path_of("second.key"), "w");
    assert_int_equal(PEM_write_PrivateKey(file, head_elliptic.key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
    (void)snprintf(twice, sizeof twice, "-cades -md sha256 -signer %s/second.pem -inkey %s/second.key", folder, folder);
    assert_string_equal(message_of_command(twice, &error), "The signature must be of exactly one person");
}

static void damaged_signatures_crash_the_server(void **state) {
    (void)state;
    struct error error;
    uint8_t digest[SIGNATURE_DIGEST_BYTES] = {7}, *cms;
    size_t size;
    sign_digest(store_elliptic, PASSPHRASE, digest, &cms, &size);
    for (size_t i = 0; i < size; i++) {
        cms[i] ^= (uint8_t)(1u << (i % 8));
        (void)signature_check(cms, size, digest, trust, NULL, &error);
        cms[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_not_equal(signature_check(cms, i, digest, trust, NULL, &error), LOKET_OK);
    }
    assert_int_equal(signature_check(cms, size, digest, trust, NULL, &error), LOKET_OK);
    free(cms);
}

static bool can_prepare(const void *bytes, size_t size) {
    struct buffer out = {0};
    struct error error = {0};
    uint8_t digest[SIGNATURE_DIGEST_BYTES], *copy = malloc(size + 1); /* its exact size, for ASan to see the end */
    memcpy(copy, bytes, size);
    copy = realloc(copy, size ? size : 1);
    struct buffer file = {.data = copy, .size = size};
    enum loket_error code = signature_prepare(&file, &field, &out, digest, &error);
    if (code != LOKET_OK) assert_string_equal(error.field, "signature");
    buffer_free(&out);
    free(copy);
    return code == LOKET_OK;
}

static void hostile_files_crash_the_server(void **state) {
    (void)state;
#define HEAD  "%PDF-1.5\n"
#define TABLE "xref\n0 4\n0000000000 65535 f \n"
#define ROOT  "1 0 obj << /Pages 2 0 R >> endobj "
    static const char *const files[] = {
        "",
        "%PDF-",
        HEAD "startxref",
        HEAD "startxref\n99999999999999999999999999\n%%EOF",
        HEAD "startxref\n9\n%%EOF",
        HEAD "startxref\n18446744073709551615\n",
        "xref\nstartxref\n0\n",
        HEAD "xref\n0 18446744073709551615\ntrailer<<>>startxref\n9\n",
        HEAD "xref\n4294967295 1\n0000000000 65535 f \ntrailer\n<< /Size 4294967296 /Root 1 0 R >>\nstartxref\n9\n",
        HEAD "xref\n0 99999\n0000000000 65535 f \ntrailer << /Root 1 0 R /Size 2 >>\nstartxref\n9\n",
        HEAD "xref\n0 0\ntrailer\n<< /Size 2 /Root 1 0 R /Prev 9 >>\nstartxref\n9\n",
        HEAD "xref\n0 0\ntrailer\n<< /Size 2 /Root 1 0 R /Prev 99999999999999999999 >>\nstartxref\n9\n",
        HEAD "xref\n0 0\ntrailer\n<< /Size 2 /Root (((((((\nstartxref\n9\n",
        HEAD "xref\n0 0\ntrailer\n<< /Size 2 /Root <00\nstartxref\n9\n",
        HEAD "xref\n0 0\ntrailer\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\nstartxref\n9\n",
        HEAD "xref\n0 0\ntrailer\n<<\nstartxref\n9\n",
        HEAD "xref\n0 0\ntrailer\n<< /Size << << << << << << << << << << << << << << << << << << <<\nstartxref\n9\n",
        HEAD ROOT
        "2 0 obj << /Kids [2 0 R 2 0 R] >> endobj\n" TABLE
        "0000000009 00000 n \n0000000043 00000 n \n0000000043 00000 n \ntrailer << /Size 4 /Root 1 0 R >>\nstartxref\n84\n",
        HEAD ROOT
        "2 0 obj << /Kids [ 3 0 R (] >> endobj\n" TABLE
        "0000000009 00000 n \n0000000043 00000 n \n9999999999 00000 n \ntrailer << /Size 4 /Root 1 0 R >>\nstartxref\n84\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) assert_false(can_prepare(files[i], strlen(files[i])));
    for (size_t i = 0; i < pdf.size; i += 3) (void)can_prepare(pdf.data, i);
    assert_true(can_prepare(pdf.data, pdf.size));
    uint32_t random = 1; /* the same each time */
    for (int i = 0; i < 6000; i++) {
        random = random * 1664525u + 1013904223u;
        uint8_t *byte = &pdf.data[(random >> 8) % pdf.size], was = *byte;
        *byte = (uint8_t) "<>[]()/ 09R%\n\\"[(random >> 3) % 14];
        (void)can_prepare(pdf.data, pdf.size);
        *byte = was;
    }
}

static void a_range_that_lies_is_believed(void **state) {
    (void)state;
    static const char *const ranges[] = {
        "/ByteRange",
        "/ByteRange [",
        "/ByteRange [0 1",
        "/ByteRange [0 10 5 40] <00>",
        "/ByteRange [0 99999999999999999999999 5 40] <00>",
        "/ByteRange [0 18446744073709551615 2 40] <00>",
        "/ByteRange [0 34 18446744073709551615 35] <00>",
        "/ByteRange [0 1 18446744073709551615 1]<00>",
        "/ByteRange [1 29 33 0]      <00>",
        "/ByteRange [0 29 33 1]      <00>",
        "/ByteRange [0 29 33 0]      <0g>",
        "/ByteRange [0 29 33 0 0]    <00>",
        "/ByteRange [-1 29 33 0]     <00>",
        "/ByteRange [0 0 33 0]       <00>",
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        struct buffer file = {0};
        buffer_text(&file, ranges[i]);
        file.data = realloc(file.data, file.size);
        assert_true(state_of(&file, file.size) == (i < 1 ? SIGNATURE_NONE : SIGNATURE_ALTERED));
        buffer_free(&file);
    }
    struct buffer empty = {0};
    buffer_text(&empty, "/ByteRange [0 29 33 0]       <00>");
    assert_int_equal(state_of(&empty, empty.size), SIGNATURE_INVALID);
    buffer_free(&empty);
}

static void a_place_or_text_that_cannot_be_is_written_into_the_file(void **state) {
    (void)state;
    struct buffer out = {0}, again = {0};
    struct error error = {0};
    uint8_t digest[SIGNATURE_DIGEST_BYTES];
    struct signature_field wrong[] = {field, field, field, field, field};
    wrong[0].page = 3;
    wrong[1].x = 1e300;
    wrong[2].height = -1;
    wrong[3].name = "\xff";
    wrong[4].reason = "a\nb";
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(signature_prepare(&pdf, &wrong[i], &out, digest, &error), LOKET_INVALID);
        assert_string_equal(error.field, "signature");
        buffer_free(&out);
    }
    assert_int_equal(signature_prepare(&pdf, &field, &out, digest, &error), LOKET_OK);
    assert_int_equal(signature_prepare(&out, &field, &again, digest, &error), LOKET_INVALID);
    assert_string_equal(error.message, "This PDF has a form or a signature already");
    static const uint8_t large[SIGNATURE_CMS_BYTES + 1] = {0x30};
    assert_int_equal(signature_embed(&out, large, sizeof large, &error), LOKET_INVALID);
    assert_int_equal(signature_embed(&pdf, large, 10, &error), LOKET_INVALID);
    buffer_free(&again);
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_permit_is_good_for_every_reader),
        cmocka_unit_test(an_elliptic_key_signs_as_well_and_on_the_last_page),
        cmocka_unit_test(the_texts_of_the_signature_come_through),
        cmocka_unit_test(a_changed_permit_passes_for_the_signed_one),
        cmocka_unit_test(something_added_to_a_permit_goes_unseen),
        cmocka_unit_test(a_certificate_that_may_not_sign_permits_signs_one),
        cmocka_unit_test(a_certificate_out_of_its_time_or_of_a_stranger_is_taken),
        cmocka_unit_test(a_signature_of_another_document_is_taken_for_this_one),
        cmocka_unit_test(a_signature_of_another_form_is_taken),
        cmocka_unit_test(damaged_signatures_crash_the_server),
        cmocka_unit_test(hostile_files_crash_the_server),
        cmocka_unit_test(a_range_that_lies_is_believed),
        cmocka_unit_test(a_place_or_text_that_cannot_be_is_written_into_the_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
