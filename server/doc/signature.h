/* The head's electronic signature in a PDF: PAdES baseline B-B and B-T (ETSI EN 319 142-1), by OpenSSL.
 *
 * The key never comes here. In order: signature_prepare (the file with a hole, and what is to be signed), the CMS from the head's
 * machine through signature_check, signature_timestamp if the office has a time-stamping service, signature_embed.
 * signature_verify is for whoever holds a file.
 *
 * Nothing here asks whether a certificate has been revoked. Failures have field "signature", unless said otherwise. */
#ifndef SERVER_DOC_SIGNATURE_H
#define SERVER_DOC_SIGNATURE_H

#include <loket/error.h>
#include <server/buffer.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define SIGNATURE_CMS_BYTES    16384u      /* room for the CMS with its certificates and time stamp */
#define SIGNATURE_PDF_BYTES    (64u << 20) /* a larger file is not looked at */
#define SIGNATURE_DIGEST_BYTES 32u         /* SHA-256 */
#define SIGNATURE_TEXT_BYTES   512u        /* each text of a field */

/* Where the signature is in the document, and what its dictionary says. */
struct signature_field {
    unsigned page;              /* 1: the first; 0: the last */
    double x, y, width, height; /* points from the lower left corner of the page */
    const char *name;           /* UTF-8 each; NULL: left out */
    const char *reason;
    const char *location;
    time_t at; /* what the file says of the time; only a time stamp proves one */
};

enum signature_state {
    SIGNATURE_NONE,    /* the file has no signature */
    SIGNATURE_VALID,   /* whole, and the certificate is good */
    SIGNATURE_ALTERED, /* the file is not the one that was signed */
    SIGNATURE_INVALID, /* the signature itself, its certificate or its time stamp is not to be relied on */
};

/* Who signed. What could not be found out is empty or 0. */
struct signature_report {
    enum signature_state state;
    char signer[256];     /* the certificate's common name, printable UTF-8 */
    char issuer[256];     /* the issuer's */
    char serial[65];      /* hex */
    char fingerprint[65]; /* SHA-256 of the certificate, hex */
    time_t not_after;
    time_t stamped_at; /* by the time stamp; 0: there is none, or it is not good */
};

/* Adds to `pdf` (made by cairo; not signed yet, no form) an incremental update with a signature field, and a hole for the CMS.
 * `out` (empty, the caller's to free) gets the whole file, `digest` the SHA-256 of all but the hole. The widget is invisible: what
 * a reader sees is drawn on the page already. LOKET_INVALID when the file is not one that this can add to. */
enum loket_error signature_prepare(const struct buffer *pdf, const struct signature_field *field, struct buffer *out,
                                   uint8_t digest[SIGNATURE_DIGEST_BYTES], struct error *error);

/* Puts the DER into the hole of what signature_prepare made. Judges neither. */
enum loket_error signature_embed(struct buffer *prepared, const uint8_t *cms, size_t cms_size, struct error *error);

/* Is this a detached CMS (RFC 5652) of one signer over `digest`, as PAdES wants it, by a certificate that may sign documents now?
 * `trust_file` (PEM) holds the authorities that are trusted; NULL: any. `report` (may be NULL) is filled as far as it goes. */
enum loket_error signature_check(const uint8_t *cms, size_t size, const uint8_t digest[SIGNATURE_DIGEST_BYTES],
                                 const char *trust_file, struct signature_report *report, struct error *error);

/* Asks the service at `url` (RFC 3161, http or https) for a time stamp of the CMS's signature and adds it: `out` (empty, the
 * caller's to free) gets the CMS with it. Waits up to 15 seconds. `trust_file` (PEM) holds the authorities of the service; NULL:
 * any. LOKET_UNAVAILABLE, field "timestamp", when the service can't be reached or refuses: worth trying again. */
enum loket_error signature_timestamp(const uint8_t *cms, size_t size, const char *url, const char *trust_file, struct buffer *out,
                                     struct error *error);

/* Judges the last signature of a file. LOKET_OK only with report->state SIGNATURE_VALID; else the error says why. With a good time
 * stamp the certificates need have been valid then, else now. `trust_file` as above, for signer and time-stamping service alike. */
enum loket_error signature_verify(const uint8_t *pdf, size_t size, const char *trust_file, struct signature_report *report,
                                  struct error *error);

#endif
