/* Time stamps: one by a trusted service makes the file's time certain, and no other answer of a service is taken for one. */
#include "signing.h"
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/cms.h>
#include <openssl/ts.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/wait.h>

static struct identity authority, stranger, head, old_head, service, old_service;
static char trust[128], other_trust[128], store[128], address[64];
static pid_t server;

static const struct identity_kind good = {
    .name = "dr. Siti Nurhaliza", .usage = "critical,digitalSignature", .purposes = "emailProtection", .from = -1, .until = 365};

static ASN1_INTEGER *serial_next(struct TS_resp_ctx *context, void *data) {
    (void)context;
    (void)data;
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_INTEGER_set(serial, 77);
    return serial;
}

static long clock_back; /* seconds that the service's clock is slow */

static int clock_read(struct TS_resp_ctx *context, void *data, long *seconds, long *microseconds) {
    (void)context;
    (void)data;
    *seconds = time(NULL) - clock_back;
    *microseconds = 0;
    return 1;
}

/* A service's answer to `request`, in DER. */
static int answer_make(const struct identity *by, const EVP_MD *accepted, BIO *request, uint8_t **der) {
    TS_RESP_CTX *context = TS_RESP_CTX_new();
    ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4.1", 1);
    STACK_OF(X509) *certificates = sk_X509_new_null();
    sk_X509_push(certificates, authority.certificate);
    TS_RESP_CTX_set_signer_cert(context, by->certificate);
    TS_RESP_CTX_set_signer_key(context, by->key);
    TS_RESP_CTX_set_certs(context, certificates);
    TS_RESP_CTX_set_def_policy(context, policy);
    TS_RESP_CTX_add_md(context, accepted);
    TS_RESP_CTX_set_signer_digest(context, EVP_sha256());
    TS_RESP_CTX_set_ess_cert_id_digest(context, EVP_sha256());
    TS_RESP_CTX_set_serial_cb(context, serial_next, NULL);
    TS_RESP_CTX_set_time_cb(context, clock_read, NULL);
    TS_RESP *response = TS_RESP_create_response(context, request);
    int size = i2d_TS_RESP(response, der);
    TS_RESP_free(response);
    sk_X509_free(certificates);
    ASN1_OBJECT_free(policy);
    TS_RESP_CTX_free(context);
    return size;
}

/* The request with another nonce, or another imprint. */
static BIO *request_altered(BIO *bytes, bool nonce) {
    TS_REQ *request = d2i_TS_REQ_bio(bytes, NULL);
    BIO *altered = BIO_new(BIO_s_mem());
    uint8_t digest[SIGNATURE_DIGEST_BYTES] = {9};
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    ASN1_INTEGER_set(number, 12345);
    if (nonce) TS_REQ_set_nonce(request, number);
    else TS_MSG_IMPRINT_set_msg(TS_REQ_get_msg_imprint(request), digest, sizeof digest);
    i2d_TS_REQ_bio(altered, request);
    ASN1_INTEGER_free(number);
    TS_REQ_free(request);
    return altered;
}

static void on_request(struct evhttp_request *http, void *data) {
    (void)data;
    const char *path = evhttp_request_get_uri(http),
               *type = evhttp_find_header(evhttp_request_get_input_headers(http), "Content-Type");
    struct evbuffer *body = evhttp_request_get_input_buffer(http), *out = evbuffer_new();
    BIO *request = BIO_new(BIO_s_mem());
    size_t length = evbuffer_get_length(body);
    BIO_write(request, evbuffer_pullup(body, -1), (int)length);
    bool asked = type && strcmp(type, "application/timestamp-query") == 0;
    if (strcmp(path, "/nonce") == 0 || strcmp(path, "/imprint") == 0) {
        BIO *altered = request_altered(request, strcmp(path, "/nonce") == 0);
        BIO_free(request);
        request = altered;
    }
    if (strcmp(path, "/long") == 0) {
        static const char much[70000];
        evbuffer_add(out, much, sizeof much);
    } else if (strcmp(path, "/junk") == 0) {
        evbuffer_add(out, "<html>", 6);
    } else if (strcmp(path, "/elsewhere") == 0) {
        evhttp_add_header(evhttp_request_get_output_headers(http), "Location", "/good");
    } else {
        uint8_t *der = NULL;
        clock_back = strcmp(path, "/late") == 0 ? 2 * DAY : 0;
        const struct identity *by = strcmp(path, "/expired") == 0 ? &old_service : &service;
        int size = answer_make(by, strcmp(path, "/refused") == 0 ? EVP_sha512() : EVP_sha256(), request, &der);
        if (size > 0) evbuffer_add(out, der, (size_t)size);
        OPENSSL_free(der);
    }
    BIO_free(request);
    int status = !asked || strcmp(path, "/broken") == 0 ? 500 : strcmp(path, "/elsewhere") == 0 ? 302 : 200;
    evhttp_send_reply(http, status, "-", out);
    evbuffer_free(out);
}

/* The service, in a process of its own; it has its port before it is forked, so nobody needs to wait for it. */
static int service_start(void) {
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    struct sockaddr_in name;
    socklen_t size = sizeof name;
    if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&name, &size) != 0) return -1;
    (void)snprintf(address, sizeof address, "http://127.0.0.1:%d", ntohs(name.sin_port));
    evhttp_set_gencb(http, on_request, NULL);
    server = fork();
    if (server == 0) {
        event_reinit(base);
        event_base_dispatch(base);
        _exit(1);
    }
    evhttp_free(http);
    event_base_free(base);
    return server > 0 ? 0 : -1;
}

static int set_up(void **state) {
    (void)state;
    if (folder_make() != 0 || setenv("no_proxy", "127.0.0.1", 1) != 0) return -1;
    struct identity_kind kind = {.name = "Waktu Contoh",
                                 .usage = "critical,digitalSignature",
                                 .purposes = "critical,timeStamping",
                                 .from = -20,
                                 .until = 3650};
    authority = authority_make("Otoritas Contoh");
    stranger = authority_make("Otoritas Lain");
    head = identity_make(&good, &authority);
    service = identity_make(&kind, &authority);
    kind.until = -10;
    old_service = identity_make(&kind, &authority);
    (void)snprintf(trust, sizeof trust, "%s", certificate_write("trust.pem", &authority));
    (void)snprintf(other_trust, sizeof other_trust, "%s", certificate_write("other.pem", &stranger));
    (void)snprintf(store, sizeof store, "%s", store_write("head.p12", head.key, head.certificate, authority.certificate, 0));
    return service_start();
}

static int tear_down(void **state) {
    (void)state;
    if (server > 0) {
        (void)kill(server, SIGKILL);
        (void)waitpid(server, NULL, 0);
    }
    struct identity *const all[] = {&authority, &stranger, &head, &old_head, &service, &old_service};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) identity_free(all[i]);
    return folder_remove();
}

static enum loket_error stamp(const char *path, const char *trusted, const uint8_t *cms, size_t size, struct buffer *out,
                              struct error *error) {
    char url[128];
    (void)snprintf(url, sizeof url, "%s%s", *path == '/' ? address : "", path);
    return signature_timestamp(cms, size, url, trusted, out, error);
}

static void a_stamped_permit_does_not_prove_its_time(void **state) {
    (void)state;
    char output[4096];
    struct buffer pdf = pdf_make(), out = {0}, stamped = {0};
    struct signature_report report;
    struct error error = {0};
    uint8_t digest[SIGNATURE_DIGEST_BYTES], *cms;
    size_t size;
    time_t before = time(NULL);
    assert_int_equal(signature_prepare(&pdf, &field, &out, digest, &error), LOKET_OK);
    sign_digest(store, PASSPHRASE, digest, &cms, &size);
    if (stamp("/good", trust, cms, size, &stamped, &error) != LOKET_OK) fail_msg("%s %s", error.message, error.argument);
    assert_true(stamped.size > size);
    assert_int_equal(signature_check(stamped.data, stamped.size, digest, trust, NULL, &error), LOKET_OK);
    assert_int_equal(signature_embed(&out, stamped.data, stamped.size, &error), LOKET_OK);
    if (signature_verify(out.data, out.size, trust, &report, &error) != LOKET_OK) fail_msg("%s %s", error.message, error.argument);
    assert_int_equal(report.state, SIGNATURE_VALID);
    assert_true(report.stamped_at >= before && report.stamped_at <= time(NULL));
    pdfsig(&out, output, sizeof output);
    if (!strstr(output, "Signature is Valid") || !strstr(output, "Total document signed")) fail_msg("pdfsig: %s", output);
    assert_int_equal(shell(output, sizeof output, "qpdf --check %s 2>&1", path_of("pdfsig.pdf")), 0);
    struct buffer again = {0};
    assert_int_equal(stamp("/good", trust, stamped.data, stamped.size, &again, &error), LOKET_INVALID);
    assert_string_equal(error.message, "The signature has a time stamp already");
    assert_int_equal(signature_verify(out.data, out.size, other_trust, &report, &error), LOKET_INVALID);
    assert_int_equal(report.state, SIGNATURE_INVALID);
    assert_int_equal(report.stamped_at, 0);
    assert_int_equal(signature_verify(out.data, out.size, NULL, &report, &error), LOKET_OK);
    free(cms);
    buffer_free(&stamped);
    buffer_free(&out);
    buffer_free(&pdf);
}

static void any_answer_passes_for_a_time_stamp(void **state) {
    (void)state;
    static const struct {
        const char *path, *message;
    } answers[] = {
        {"/nonce", "The time stamp is not the one that was asked for"},
        {"/imprint", "The time stamp is not the one that was asked for"},
        {"/refused", "The time-stamping service refuses: %s"},
        {"/broken", "The time-stamping service can't be reached: %s"},
        {"/elsewhere", "The time-stamping service did not answer with a time stamp"},
        {"/junk", "The time-stamping service did not answer with a time stamp"},
        {"/long", "The time-stamping service can't be reached: %s"},
        {"/late", "The clocks of the time-stamping service and of this server differ"},
        {"/expired", "The time stamp is not to be relied on: %s"},
        {"http://127.0.0.1:1/", "The time-stamping service can't be reached: %s"},
        {"file:///etc/passwd", "The time-stamping service can't be reached: %s"},
        {"ftp://127.0.0.1/", "The time-stamping service can't be reached: %s"},
        {"", "The time-stamping service can't be reached: %s"},
    };
    uint8_t digest[SIGNATURE_DIGEST_BYTES] = {1}, *cms;
    size_t size;
    sign_digest(store, PASSPHRASE, digest, &cms, &size);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct buffer out = {0};
        struct error error = {0};
        assert_int_not_equal(stamp(answers[i].path, trust, cms, size, &out, &error), LOKET_OK);
        if (strcmp(error.message, answers[i].message) != 0) fail_msg("%s: %s %s", answers[i].path, error.message, error.argument);
        assert_null(out.data);
    }
    struct buffer out = {0};
    struct error error = {0};
    assert_int_equal(stamp("/good", other_trust, cms, size, &out, &error), LOKET_INVALID);
    assert_string_equal(error.message, "The time stamp is not to be relied on: %s");
    assert_int_equal(stamp("/good", NULL, cms, size, &out, &error), LOKET_OK);
    buffer_free(&out);
    assert_int_equal(stamp("/good", trust, (const uint8_t *)"0\0", 2, &out, &error), LOKET_INVALID);
    free(cms);
}

static void damaged_time_stamps_crash_the_server(void **state) {
    (void)state;
    struct buffer pdf = pdf_make(), out = {0}, stamped = {0};
    struct signature_report report;
    struct error error = {0};
    uint8_t digest[SIGNATURE_DIGEST_BYTES], *cms;
    size_t size;
    assert_int_equal(signature_prepare(&pdf, &field, &out, digest, &error), LOKET_OK);
    sign_digest(store, PASSPHRASE, digest, &cms, &size);
    assert_int_equal(stamp("/good", trust, cms, size, &stamped, &error), LOKET_OK);
    for (size_t i = 0; i < stamped.size; i += 2) {
        stamped.data[i] ^= (uint8_t)(1u << (i / 2 % 8));
        assert_int_equal(signature_embed(&out, stamped.data, stamped.size, &error), LOKET_OK);
        enum loket_error code = signature_verify(out.data, out.size, trust, &report, &error);
        assert_true((code == LOKET_OK) == (report.state == SIGNATURE_VALID));
        stamped.data[i] ^= (uint8_t)(1u << (i / 2 % 8));
    }
    free(cms);
    buffer_free(&stamped);
    buffer_free(&out);
    buffer_free(&pdf);
}

/* The signature and the stamp as they were made `days` ago; past our functions, which live today. */
static void sign_back_then(const struct identity *by, struct buffer *prepared, long days, bool with_stamp) {
    const uint8_t *hole = memmem(prepared->data, prepared->size, "/Contents <", 11);
    size_t from = (size_t)(hole - prepared->data) + 10, until = from + SIGNATURE_CMS_BYTES * 2 + 2;
    BIO *content = BIO_new(BIO_s_mem());
    BIO_write(content, prepared->data, (int)from);
    BIO_write(content, prepared->data + until, (int)(prepared->size - until));
    CMS_ContentInfo *cms = CMS_sign(by->certificate, by->key, NULL, content, CMS_DETACHED | CMS_BINARY | CMS_CADES);
    assert_non_null(cms);
    CMS_SignerInfo *info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
    const ASN1_OCTET_STRING *signature = CMS_SignerInfo_get0_signature(info);
    uint8_t digest[SIGNATURE_DIGEST_BYTES], *der = NULL;
    EVP_Digest(ASN1_STRING_get0_data(signature), (size_t)ASN1_STRING_length(signature), digest, NULL, EVP_sha256(), NULL);
    TS_REQ *request = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    TS_REQ_set_version(request, 1);
    X509_ALGOR_set0(TS_MSG_IMPRINT_get_algo(imprint), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL);
    TS_MSG_IMPRINT_set_msg(imprint, digest, sizeof digest);
    TS_REQ_set_msg_imprint(request, imprint);
    TS_REQ_set_cert_req(request, 1);
    BIO *asked = BIO_new(BIO_s_mem());
    i2d_TS_REQ_bio(asked, request);
    clock_back = days * DAY;
    int size = answer_make(&old_service, EVP_sha256(), asked, &der);
    const uint8_t *at = der;
    TS_RESP *response = d2i_TS_RESP(NULL, &at, size);
    uint8_t *token = NULL;
    size = i2d_PKCS7(TS_RESP_get_token(response), &token);
    assert_true(size > 0);
    if (with_stamp) CMS_unsigned_add1_attr_by_NID(info, NID_id_smime_aa_timeStampToken, V_ASN1_SEQUENCE, token, size);
    OPENSSL_free(der);
    OPENSSL_free(token);
    der = NULL;
    size = i2d_CMS_ContentInfo(cms, &der);
    assert_int_equal(signature_embed(prepared, der, (size_t)size, &(struct error){0}), LOKET_OK);
    OPENSSL_free(der);
    TS_RESP_free(response);
    TS_MSG_IMPRINT_free(imprint);
    TS_REQ_free(request);
    CMS_ContentInfo_free(cms);
    BIO_free(asked);
    BIO_free(content);
}

static void a_permit_loses_its_validity_with_the_certificate(void **state) {
    (void)state;
    struct buffer pdf = pdf_make(), out = {0};
    struct signature_report report;
    struct error error = {0};
    uint8_t digest[SIGNATURE_DIGEST_BYTES];
    struct identity_kind over = good;
    over.from = -20;
    over.until = -12; /* and the service's certificate ended 10 days ago */
    old_head = identity_make(&over, &authority);
    assert_int_equal(signature_prepare(&pdf, &field, &out, digest, &error), LOKET_OK);
    sign_back_then(&old_head, &out, 15, false);
    assert_int_equal(signature_verify(out.data, out.size, trust, &report, &error), LOKET_INVALID);
    assert_string_equal(error.message, "The certificate expired on %s");
    sign_back_then(&old_head, &out, 15, true); /* stamped while both were good */
    if (signature_verify(out.data, out.size, trust, &report, &error) != LOKET_OK) fail_msg("%s %s", error.message, error.argument);
    assert_true(report.stamped_at < report.not_after);
    sign_back_then(&old_head, &out, 11, true); /* stamped when the head's was over */
    assert_int_equal(signature_verify(out.data, out.size, trust, &report, &error), LOKET_INVALID);
    assert_string_equal(error.message, "The certificate expired on %s");
    sign_back_then(&old_head, &out, 5, true); /* stamped when the service's was over, too */
    assert_int_equal(signature_verify(out.data, out.size, trust, &report, &error), LOKET_INVALID);
    assert_string_equal(error.message, "The time stamp is not to be relied on: %s");
    buffer_free(&out);
    buffer_free(&pdf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stamped_permit_does_not_prove_its_time),
        cmocka_unit_test(any_answer_passes_for_a_time_stamp),
        cmocka_unit_test(damaged_time_stamps_crash_the_server),
        cmocka_unit_test(a_permit_loses_its_validity_with_the_certificate),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
