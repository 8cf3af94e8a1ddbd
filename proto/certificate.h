/* What both ends ask of a certificate that signs documents, so that the head learns at the desk what the server would refuse. */
#ifndef PROTO_CERTIFICATE_H
#define PROTO_CERTIFICATE_H

#include <loket/error.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <time.h>

#define CERTIFICATE_DATE_BYTES 11u /* "2026-11-24" */

/* May this certificate sign a document at `at`? Its key is strong enough, it is in its time, it is not a CA's, and its purposes
 * (key usage, extended key usage), where it names any, are of the kind. Asks neither who issued it nor whether it was revoked.
 * The error, LOKET_INVALID, has `field`. */
enum loket_error certificate_check(X509 *certificate, time_t at, const char *field, struct error *error);

/* The common name (else the organisation's, else "") as printable UTF-8, cut to fit. */
void certificate_name(const X509_NAME *name, char *text, size_t size);

/* A time as seconds and as a date in UTC; 0 and "" when it is none. */
time_t certificate_time(const ASN1_TIME *time);
void certificate_date(const ASN1_TIME *time, char date[CERTIFICATE_DATE_BYTES]);

#endif
