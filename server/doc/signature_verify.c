/* Judges a signed file. Reads no structure of the PDF: the signature covers the bytes, so the bytes are what is judged. */
#include <openssl/crypto.h>
#include <server/doc/signature_cms.h>
#include <server/doc/signature_hole.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static enum loket_error refuse(struct error *error, enum loket_error code, const char *message) {
    return error_set(error, code, "signature", message, NULL);
}

static uint8_t digit_value(uint8_t digit) {
    return (uint8_t)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

/* How long the DER value at `der` says that it is; 0 when it doesn't. */
static size_t der_size(const uint8_t *der, size_t size) {
    long length;
    int tag, class;
    const uint8_t *at = der;
    if (size < 2 || size > SIGNATURE_CMS_BYTES * 4) return 0;
    int form = ASN1_get_object(&at, &length, &tag, &class, (long)size);
    if (form & 0x80 || form & 1 || length < 0) return 0; /* an error, or without a length: that is no DER */
    return (size_t)(at - der) + (size_t)length;
}

/* The CMS out of the hole; what follows it there must be zeros, the one thing that is not signed. NULL when it is not so. */
static uint8_t *hole_cms(const uint8_t *pdf, const struct hole *hole, size_t *size) {
    size_t count = (hole->end - hole->start - 2) / 2;
    const uint8_t *hex = pdf + hole->start + 1;
    uint8_t *cms = malloc(count + 1);
    if (!cms) return NULL;
    for (size_t i = 0; i < count; i++) cms[i] = (uint8_t)(digit_value(hex[2 * i]) << 4 | digit_value(hex[2 * i + 1]));
    *size = der_size(cms, count);
    bool good = *size > 0 && (hole->end - hole->start) % 2 == 0;
    for (size_t i = *size; good && i < count; i++) good = cms[i] == 0;
    if (good) return cms;
    free(cms);
    return NULL;
}

/* With the digest known: the order matters, a file that was altered is said to be so whatever else is wrong. */
static enum loket_error message_judge(const struct signed_message *message, const uint8_t *digest, const char *trust_file,
                                      struct signature_report *report, struct error *error) {
    enum loket_error code = message_check_digest(message, digest, error);
    if (code == LOKET_STALE) {
        report->state = SIGNATURE_ALTERED;
        return refuse(error, LOKET_INVALID, "This file was altered after it was signed");
    }
    if (code == LOKET_OK) code = stamp_check(message, trust_file, &report->stamped_at, error);
    if (code != LOKET_OK) return code;
    return message_check_signer(message, report->stamped_at ? report->stamped_at : time(NULL), trust_file, error);
}

enum loket_error signature_verify(const uint8_t *pdf, size_t size, const char *trust_file, struct signature_report *report,
                                  struct error *error) {
    struct hole hole;
    uint8_t digest[SIGNATURE_DIGEST_BYTES];
    *report = (struct signature_report){.state = SIGNATURE_NONE};
    if (size > SIGNATURE_PDF_BYTES) return refuse(error, LOKET_INVALID, "This file is too large");
    enum hole_state state = hole_find(pdf, size, &hole);
    if (state == HOLE_NONE) return refuse(error, LOKET_NOT_FOUND, "This file is not signed");
    report->state = SIGNATURE_ALTERED;
    if (state == HOLE_WRONG) return refuse(error, LOKET_INVALID, "The signature does not cover the whole file: it was altered");
    report->state = SIGNATURE_INVALID;
    if (!hole_digest(pdf, size, &hole, digest)) return refuse(error, LOKET_INTERNAL, "The digest can't be computed");
    size_t cms_size = 0;
    uint8_t *cms = hole_cms(pdf, &hole, &cms_size);
    if (!cms) return refuse(error, LOKET_INVALID, "The place for the signature holds none");
    struct signed_message message;
    enum loket_error code = message_open(&message, cms, cms_size, error);
    if (code == LOKET_OK) {
        message_report(&message, report);
        code = message_judge(&message, digest, trust_file, report, error);
        if (code == LOKET_OK) report->state = SIGNATURE_VALID;
    }
    message_close(&message);
    free(cms);
    return code;
}
