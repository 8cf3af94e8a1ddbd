/* Judges certificates that sign documents. Builds no chain and asks no authority: that is the server's (server/doc). */
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <proto/certificate.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SECURITY_BITS 112 /* RSA of 2048 bits */

/* Purposes that suit a document. Certificates of Indonesia's public authorities name e-mail and client authentication. */
static const char *const purposes[] = {
    "2.5.29.37.0",             /* any */
    "1.3.6.1.5.5.7.3.36",      /* documents, RFC 9336 */
    "1.3.6.1.5.5.7.3.4",       /* e-mail */
    "1.3.6.1.5.5.7.3.2",       /* client authentication */
    "1.3.6.1.4.1.311.10.3.12", /* documents, before RFC 9336 */
    "1.2.840.113583.1.1.5",    /* authentic PDF documents */
};

time_t certificate_time(const ASN1_TIME *time) {
    struct tm parts;
    if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
    return timegm(&parts);
}

void certificate_date(const ASN1_TIME *time, char date[CERTIFICATE_DATE_BYTES]) {
    struct tm parts;
    date[0] = '\0';
    if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return;
    if (strftime(date, CERTIFICATE_DATE_BYTES, "%Y-%m-%d", &parts) == 0) date[0] = '\0';
}

/* Controls, which could move a terminal's cursor, become '?'. ASN1_STRING_to_UTF8 has made UTF-8 of it, or failed. */
static void copy_printable(const unsigned char *from, size_t length, char *text, size_t size) {
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < size; i++) {
        bool control = from[i] < 0x20 || from[i] == 0x7f || (from[i] == 0xc2 && i + 1 < length && from[i + 1] < 0xa0);
        if (control && from[i] == 0xc2) i++;
        text[used++] = control ? '?' : (char)from[i];
    }
    /* a character that was cut in two goes whole */
    size_t whole = used;
    while (whole > 0 && ((unsigned char)text[whole - 1] & 0xc0) == 0x80) whole--;
    unsigned char lead = whole > 0 ? (unsigned char)text[whole - 1] : 0;
    size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (lead >= 0xc0 && used - whole + 1 < bytes) used = whole - 1;
    text[used] = '\0';
}

void certificate_name(const X509_NAME *name, char *text, size_t size) {
    static const int kinds[] = {NID_commonName, NID_organizationName};
    text[0] = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        int at = X509_NAME_get_index_by_NID(name, kinds[i], -1);
        if (at < 0) continue;
        unsigned char *utf8 = NULL;
        int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        if (length > 0) copy_printable(utf8, (size_t)length, text, size);
        OPENSSL_free(utf8);
        if (text[0]) return;
    }
}

static bool purpose_known(const ASN1_OBJECT *purpose) {
    char text[80];
    if (OBJ_obj2txt(text, sizeof text, purpose, 1) <= 0) return false;
    for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++)
        if (strcmp(text, purposes[i]) == 0) return true;
    return false;
}

/* A certificate that names no extended purposes is good for all; one that names some is good for these. */
static bool purposes_good(X509 *certificate) {
    int critical;
    EXTENDED_KEY_USAGE *named = X509_get_ext_d2i(certificate, NID_ext_key_usage, &critical, NULL);
    if (!named) return critical == -1; /* else it is there, and can't be read */
    bool good = false;
    for (int i = 0; i < sk_ASN1_OBJECT_num(named); i++) good = good || purpose_known(sk_ASN1_OBJECT_value(named, i));
    EXTENDED_KEY_USAGE_free(named);
    return good;
}

static bool usage_good(X509 *certificate) {
    uint32_t usage = X509_get_key_usage(certificate); /* all ones where none is named */
    bool named = (X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) != 0;
    if (X509_get_extension_flags(certificate) & EXFLAG_INVALID) return false;
    if (X509_check_ca(certificate) == 1 && !named) return false; /* it is there to sign certificates */
    return (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

static bool digest_weak(const X509 *certificate) {
    int digest = NID_undef, key = NID_undef;
    if (OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest, &key) != 1) return false;
    return digest == NID_md5 || digest == NID_sha1 || digest == NID_md5_sha1 || digest == NID_md4 || digest == NID_md2;
}

enum loket_error certificate_check(X509 *certificate, time_t at, const char *field, struct error *error) {
    char text[CERTIFICATE_DATE_BYTES];
    const ASN1_TIME *from = X509_get0_notBefore(certificate), *until = X509_get0_notAfter(certificate);
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    if (!key) return error_set(error, LOKET_INVALID, field, "The key of this certificate is of an unknown kind", NULL);
    if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS) {
        (void)snprintf(text, sizeof text, "%d", EVP_PKEY_get_bits(key));
        return error_set(error, LOKET_INVALID, field, "The key is too short: %s bits", text);
    }
    if (digest_weak(certificate))
        return error_set(error, LOKET_INVALID, field, "The certificate uses a weak digest (MD5 or SHA-1)", NULL);
    int begun = X509_cmp_time(from, &at), over = X509_cmp_time(until, &at);
    if (begun == 0 || over == 0) return error_set(error, LOKET_INVALID, field, "The certificate's dates can't be read", NULL);
    if (begun > 0) {
        certificate_date(from, text);
        return error_set(error, LOKET_INVALID, field, "The certificate is valid only from %s", text);
    }
    if (over < 0) {
        certificate_date(until, text);
        return error_set(error, LOKET_INVALID, field, "The certificate expired on %s", text);
    }
    if (!usage_good(certificate) || !purposes_good(certificate))
        return error_set(error, LOKET_INVALID, field, "This certificate may not sign documents", NULL);
    return LOKET_OK;
}
