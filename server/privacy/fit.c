/* The keys and the database, compared: see the header. */
#include <inttypes.h>
#include <server/job_query.h>
#include <server/privacy/fit.h>
#include <stdio.h>

static bool answers_yes(PGconn *db, const char *sql, const struct job_parameters *parameters) {
    PGresult *result = job_query(db, sql, parameters);
    bool yes = result && PQntuples(result) == 1 && !PQgetisnull(result, 0, 0) && *PQgetvalue(result, 0, 0) == 1;
    PQclear(result);
    return yes;
}

bool key_fits(PGconn *db, uint32_t id) {
    uint8_t proof[KEY_CHECK_BYTES];
    char text[16];
    struct job_parameters parameters = {.count = 0};
    (void)snprintf(text, sizeof text, "%" PRIu32, id);
    job_text(&parameters, text);
    job_bytes(&parameters, proof, sizeof proof);
    return keyring_check(id, proof) && answers_yes(db, "select api_job.key_fits($1, $2)", &parameters);
}

struct fitting {
    PGconn *db;
    char *problem;
    bool good;
};

static void fit_one(uint32_t id, enum key_state state, void *data) {
    struct fitting *fitting = data;
    (void)state;
    if (!fitting->good || key_fits(fitting->db, id)) return;
    fitting->good = false;
    (void)snprintf(fitting->problem, FIT_PROBLEM_BYTES, "key %" PRIu32 " is not the one that this database was filled with", id);
}

bool keys_fit(PGconn *db, char problem[FIT_PROBLEM_BYTES]) {
    struct fitting fitting = {db, problem, true};
    if (!keyring_present()) {
        (void)snprintf(problem, FIT_PROBLEM_BYTES, "this database is sealed, and [privacy] keys names no keys");
        return !answers_yes(db, "select api_job.is_sealed()", NULL);
    }
    (void)snprintf(problem, FIT_PROBLEM_BYTES, "the index key is not the one that this database was filled with");
    if (!key_fits(db, KEYRING_INDEX_ID)) return false;
    keyring_each(fit_one, &fitting);
    return fitting.good;
}
