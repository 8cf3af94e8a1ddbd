/* Error codes: filling a struct error and naming a code for logs. Prints nothing. */
#include <loket/error.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    [LOKET_OK] = "ok",
    [LOKET_BAD_FRAME] = "bad_frame",
    [LOKET_BAD_REQUEST] = "bad_request",
    [LOKET_UNKNOWN_METHOD] = "unknown_method",
    [LOKET_NOT_LOGGED_IN] = "not_logged_in",
    [LOKET_FORBIDDEN] = "forbidden",
    [LOKET_WRONG_LOGIN] = "wrong_login",
    [LOKET_INVALID] = "invalid",
    [LOKET_REQUIRED] = "required",
    [LOKET_NOT_FOUND] = "not_found",
    [LOKET_STALE] = "stale",
    [LOKET_NOT_NOW] = "not_now",
    [LOKET_HELD] = "held",
    [LOKET_DUPLICATE] = "duplicate",
    [LOKET_TOO_MANY] = "too_many",
    [LOKET_UNAVAILABLE] = "unavailable",
    [LOKET_INTERNAL] = "internal",
    [LOKET_PASSWORD_EXPIRED] = "password_expired",
    [LOKET_CODE_NEEDED] = "code_needed",
    [LOKET_PROOF_NEEDED] = "proof_needed",
    [LOKET_ENROLMENT_NEEDED] = "enrolment_needed",
};

enum loket_error error_set(struct error *error, enum loket_error code, const char *field, const char *message,
                           const char *argument) {
    if (!error) return code;
    memset(error, 0, sizeof *error);
    error->code = code;
    (void)snprintf(error->field, sizeof error->field, "%s", field ? field : "");
    (void)snprintf(error->message, sizeof error->message, "%s", message ? message : "");
    (void)snprintf(error->argument, sizeof error->argument, "%s", argument ? argument : "");
    return code;
}

const char *error_name(enum loket_error code) {
    size_t index = (size_t)code;
    if (index >= sizeof names / sizeof names[0] || !names[index]) return "unknown";
    return names[index];
}
