/* Records refusals by session.refused, which only a worker itself can call. */
#include <server/log.h>
#include <server/refusal.h>
#include <string.h>
#include <time.h>

#define REFUSALS_PER_MINUTE 10

static bool within_limit(struct session *session) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec - session->refusals_since >= 60) {
        session->refusals_since = now.tv_sec;
        session->refusals = 0;
    }
    return session->refusals++ < REFUSALS_PER_MINUTE;
}

static void on_noted(const PGresult *result, const struct error *error, void *data) {
    (void)result;
    (void)data;
    if (error) log_warn("a refusal was not recorded", "code", error_name(error->code));
}

static void put_text(struct parameters *parameters, const char *text) {
    parameters->values[parameters->count] = *text ? text : NULL;
    parameters->lengths[parameters->count] = 0;
    parameters->formats[parameters->count++] = 0;
}

void refusal_note(const struct request *request, const struct error *error) {
    struct session *session = request->session;
    const struct method *noting = method_find("session.refused");
    struct parameters parameters = {.count = 1, .lengths = {TOKEN_BYTES}, .formats = {1}};
    struct error failure;
    if (!error || error->code != LOKET_FORBIDDEN || !noting || !session || session->state != SESSION_LOGGED_IN) return;
    if (!within_limit(session)) return;
    parameters.values[0] = (const char *)session->token;
    put_text(&parameters, request->method->name);
    put_text(&parameters, request->application_id);
    put_text(&parameters, error->field);
    put_text(&parameters, error->message);
    if (pool_call(request->worker->pool, noting, &parameters, on_noted, NULL, &failure) != LOKET_OK) on_noted(NULL, &failure, NULL);
}
