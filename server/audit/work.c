/* Growing the trees and signing checkpoints.
 *
 * A checkpoint is signed only when the tree is an extension of the one that the office's newest line in the file speaks of:
 * the database hands over a consistency proof, which is checked here against the file. The line is on the disk before the
 * database hears of it; should the process die between, the next one finds the line and tells the database then. */
#include <errno.h>
#include <inttypes.h>
#include <server/audit/file.h>
#include <server/audit/work.h>
#include <server/clock.h>
#include <server/log.h>
#include <string.h>
#include <unistd.h>

#define MANY_EVENTS 1000

bool audit_configured(const struct config *config) {
    return *config->audit_key && *config->audit_checkpoints;
}

/* The single number that a query answers with, as text; -1 when it failed. */
static long long ask_number(PGconn *db, const char *sql) {
    PGresult *result = job_query(db, sql, NULL);
    long long number = result && PQntuples(result) == 1 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : -1;
    PQclear(result);
    return number;
}

static bool grow(PGconn *db) {
    long long added;
    while ((added = ask_number(db, "select api_job.audit_grow()::text")) > 0) continue;
    return added == 0;
}

/* What an office's tree is now, and what is signed of it. */
struct signing {
    EVP_PKEY *key;
    PGconn *db;
    int file;
    char office_id[24], size[24], signed_size[24];
    struct checkpoint now, last;
    char line[CHECKPOINT_LINE_BYTES];
};

static bool refuse(const struct signing *signing, const char *why) {
    log_error("no checkpoint is signed", "origin", signing->now.origin, "size", signing->size, "why", why);
    return false;
}

/* Is the tree an extension of the one in the newest line? */
static bool extends(const struct signing *signing) {
    char older[24];
    struct job_parameters parameters = {.count = 0};
    (void)snprintf(older, sizeof older, "%" PRIu64, signing->last.size);
    job_text(&parameters, signing->office_id);
    job_text(&parameters, older);
    job_text(&parameters, signing->size);
    PGresult *proof = job_query(signing->db, "select api_job.audit_consistency($1, $2, $3)", &parameters);
    bool good = proof && PQntuples(proof) == 1 && !PQgetisnull(proof, 0, 0) &&
                tree_consistent(signing->last.size, signing->now.size, signing->last.root, signing->now.root,
                                (const uint8_t *)PQgetvalue(proof, 0, 0), (size_t)PQgetlength(proof, 0, 0) / TREE_HASH_BYTES);
    PQclear(proof);
    return good;
}

static bool note(const struct signing *signing, const struct checkpoint *checkpoint) {
    char size[24];
    struct job_parameters parameters = {.count = 0};
    (void)snprintf(size, sizeof size, "%" PRIu64, checkpoint->size);
    job_text(&parameters, signing->office_id);
    job_text(&parameters, size);
    job_bytes(&parameters, checkpoint->root, TREE_HASH_BYTES);
    job_text(&parameters, checkpoint->at);
    job_text(&parameters, signing->line);
    return job_do(signing->db, "select api_job.audit_signed($1, $2, $3, $4, $5)", &parameters);
}

static bool sign(struct signing *signing) {
    time_t now = time(NULL);
    struct tm utc;
    if (strftime(signing->now.at, sizeof signing->now.at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc)) == 0)
        return refuse(signing, "the clock");
    /* a clock that was put back does not make the newest line the oldest */
    if (strcmp(signing->now.at, signing->last.at) < 0) memcpy(signing->now.at, signing->last.at, sizeof signing->now.at);
    if (!checkpoint_sign(&signing->now, signing->key, signing->line)) return refuse(signing, "the key can't sign");
    if (!checkpoint_file_add(signing->file, signing->line)) return refuse(signing, strerror(errno));
    log_info("checkpoint", "origin", signing->now.origin, "size", signing->size);
    return note(signing, &signing->now);
}

static bool sign_after_last(struct signing *signing) {
    uint64_t known;
    if (!checkpoint_file_last(signing->file, signing->now.origin, signing->line)) {
        if (errno) return refuse(signing, strerror(errno));
        return strcmp(signing->signed_size, "0") == 0 ? sign(signing) : refuse(signing, "the file has lost its checkpoints");
    }
    if (!checkpoint_parse(&signing->last, signing->line) || !checkpoint_signed_by(&signing->last, signing->line, signing->key))
        return refuse(signing, "the newest line of the file is not signed by this key");
    if (!number_read(signing->signed_size, &known) || signing->last.size < known)
        return refuse(signing, "the file has lost its newest checkpoints");
    if (signing->last.size > signing->now.size || !extends(signing))
        return refuse(signing, "the tree is not an extension of the one that was signed last");
    checkpoint_line_hash(signing->line, signing->now.previous);
    return signing->last.size == signing->now.size ? note(signing, &signing->last) : sign(signing);
}

/* Signs for the office of the row, within the transaction that holds its tree. */
static bool sign_office(struct signing *signing, const PGresult *row) {
    enum { OFFICE_ID, OFFICE, SIZE, ROOT, SIGNED };
    signing->now = signing->last = (struct checkpoint){0};
    (void)snprintf(signing->office_id, sizeof signing->office_id, "%s", PQgetvalue(row, 0, OFFICE_ID));
    (void)snprintf(signing->size, sizeof signing->size, "%s", PQgetvalue(row, 0, SIZE));
    (void)snprintf(signing->signed_size, sizeof signing->signed_size, "%s", PQgetvalue(row, 0, SIGNED));
    (void)snprintf(signing->now.origin, sizeof signing->now.origin, "loket/%s", PQgetvalue(row, 0, OFFICE));
    if (!number_read(signing->size, &signing->now.size) || PQgetlength(row, 0, ROOT) != TREE_HASH_BYTES)
        return refuse(signing, "the tree has no root");
    memcpy(signing->now.root, PQgetvalue(row, 0, ROOT), TREE_HASH_BYTES);
    return sign_after_last(signing);
}

static bool sign_all(struct signing *signing) {
    bool good = true;
    char sql[200];
    (void)snprintf(signing->office_id, sizeof signing->office_id, "0");
    for (;;) {
        (void)snprintf(sql, sizeof sql,
                       "select office_id::text, office, size::text, root, signed_size::text from api_job.audit_sign_next(%s)",
                       signing->office_id);
        PGresult *row = job_take(signing->db, sql);
        if (!row) return good;
        bool done = sign_office(signing, row) && job_do(signing->db, "commit", NULL);
        PQclear(row);
        if (!done) job_leave(signing->db);
        good = good && done;
    }
}

bool audit_work_now(const struct config *config, PGconn *db) {
    struct signing signing = {.db = db, .file = -1};
    bool good = grow(db);
    if (!good || !audit_configured(config)) return good;
    signing.key = audit_key_private(config->audit_key);
    if (signing.key) signing.file = checkpoint_file_open(config->audit_checkpoints);
    if (!signing.key) log_error("no checkpoint is signed: the key can't be read", "file", config->audit_key);
    else if (signing.file < 0) log_error("no checkpoint is signed", "file", config->audit_checkpoints, "why", strerror(errno));
    good = signing.file >= 0 && sign_all(&signing);
    if (signing.file >= 0) close(signing.file);
    EVP_PKEY_free(signing.key);
    return good;
}

void audit_work_do(struct audit_work *work, PGconn *db) {
    time_t now = clock_seconds();
    if (now - work->done_at < work->config->audit_interval && ask_number(db, "select api_job.audit_waiting()::text") < MANY_EVENTS)
        return;
    work->done_at = now;
    (void)audit_work_now(work->config, db);
}
