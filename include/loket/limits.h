/* Limits on everything that a stranger can make longer. Both ends hold to them. */
#ifndef LOKET_LIMITS_H
#define LOKET_LIMITS_H

#define LIMIT_FRAME_BYTES    (1024u * 1024u) /* one Envelope, without its 4-byte length */
#define LIMIT_FRAME_HEADER   4u
#define LIMIT_STRANGER_BYTES (16u * 1024u) /* the same before anybody is logged in */
#define LIMIT_METHOD_BYTES   48u           /* "inspection.report" */
#define LIMIT_REQUESTS_OPEN  64u           /* unanswered requests of one connection */
#define LIMIT_LIST_ROWS      100u          /* rows of one page of a list */
#define LIMIT_REPEATED       500u          /* elements of one repeated field in a request */
#define LIMIT_TEXT_BYTES     (64u * 1024u) /* one string field in a request */
#define LIMIT_PASSWORD_BYTES 128u
#define LIMIT_PASSWORD_MIN   12u

#define LIMIT_CHUNK_BYTES 65536u /* of a document, in one message */
#define LIMIT_CMS_BYTES   16384u /* one signature, with its certificates and time stamp */

#define TOKEN_BYTES           32u /* session token */
#define IDEMPOTENCY_KEY_BYTES 16u

/* A session goes on in a new connection only with the client's own key (Ed25519): see proto/README.md. */
#define PROOF_KEY_BYTES    32u
#define PROOF_BYTES        64u
#define CHANNEL_BYTES      32u
#define CHANNEL_LABEL      "EXPORTER-loket-resume"
#define PROOF_TEXT         "loket/1 resume"
#define PROOF_TEXT_BYTES   32u                   /* at most, of these texts */
#define TICKET_TEXT        "loket/1 certificate" /* the same, with a certificate instead of a token */
#define LIMIT_TICKET_BYTES 4096u                 /* of that certificate */

#define ALPN_PROTOCOL "loket/1"
#define DEFAULT_PORT  "7443"

#endif
