/* How a failure travels: a code for the program, the field that is wrong, a sentence for the person.
 *
 * Functions that can fail return enum loket_error (LOKET_OK is 0) and fill the caller's struct error.
 * The codes are those of ErrorCode in proto/loket.proto, and in the database SQLSTATE "LK" and the code
 * in three decimal digits (LK007 is LOKET_INVALID). */
#ifndef LOKET_ERROR_H
#define LOKET_ERROR_H

#include <stdint.h>

enum loket_error {
    LOKET_OK = 0,
    LOKET_BAD_FRAME = 1,
    LOKET_BAD_REQUEST = 2,
    LOKET_UNKNOWN_METHOD = 3,
    LOKET_NOT_LOGGED_IN = 4,
    LOKET_FORBIDDEN = 5,
    LOKET_WRONG_LOGIN = 6,
    LOKET_INVALID = 7,
    LOKET_REQUIRED = 8,
    LOKET_NOT_FOUND = 9,
    LOKET_STALE = 10,
    LOKET_NOT_NOW = 11,
    LOKET_HELD = 12,
    LOKET_DUPLICATE = 13,
    LOKET_TOO_MANY = 14,
    LOKET_UNAVAILABLE = 15,
    LOKET_INTERNAL = 16,
    LOKET_PASSWORD_EXPIRED = 17,
    LOKET_CODE_NEEDED = 18,
    LOKET_PROOF_NEEDED = 19,
    LOKET_ENROLMENT_NEEDED = 20
};

/* Owned by the caller; every string is NUL-terminated and cut to fit, never allocated. */
struct error {
    enum loket_error code;
    uint32_t retry_after_ms;
    char field[64];
    char message[200]; /* English, a gettext msgid with at most one %s */
    char argument[200];
};

/* Fills `error` (which may be NULL) and returns `code`, so that a failing function can end with
 * `return error_set(...)`. `field` and `argument` may be NULL. */
enum loket_error error_set(struct error *error, enum loket_error code, const char *field, const char *message,
                           const char *argument);

/* The code's short name for logs, e.g. "stale"; never NULL. */
const char *error_name(enum loket_error code);

#endif
