/* The auth process: one-time codes, proofs that the person is still there, and sessions on a new connection. */
#include <loket/limits.h>
#include <openssl/evp.h>
#include <server/auth_call.h>
#include <server/log.h>
#include <server/utf8.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A select whose one value is a boolean. */
static enum loket_error ask(struct auth *auth, const char *sql, const struct parameters *p, bool *answer, struct error *error) {
    PGresult *result = auth_query(auth, sql, p, error);
    if (!result) return error->code;
    *answer = PQgetlength(result, 0, 0) == 1 && PQgetvalue(result, 0, 0)[0] == 1;
    PQclear(result);
    return LOKET_OK;
}

static struct parameters of_account(const struct account *account) {
    struct parameters p = {.count = 0};
    auth_text(&p, account->office_id);
    auth_text(&p, account->user_id);
    return p;
}

/* Opens the sealed secret that `sql` gives. *found false: there is none. */
static enum loket_error secret_read(struct auth *auth, const char *sql, const struct parameters *p,
                                    uint8_t secret[CODE_SECRET_BYTES], bool *found, struct error *error) {
    PGresult *result = auth_query(auth, sql, p, error);
    if (!result) return error->code;
    *found = PQntuples(result) == 1;
    bool good = !*found || (auth->has_code_key && code_unseal(auth->code_key, (const uint8_t *)PQgetvalue(result, 0, 0),
                                                              (size_t)PQgetlength(result, 0, 0), secret));
    PQclear(result);
    if (good) return LOKET_OK;
    log_error("a one-time code's secret can't be opened: is auth.secret_key the file that sealed it?");
    return error_set(error, LOKET_UNAVAILABLE, NULL, "One-time codes can't be checked: tell the administrator", NULL);
}

enum loket_error auth_code_good(struct auth *auth, const struct account *account, const char *typed, bool recovery,
                                const char *address, bool *in_use, bool *good, struct error *error) {
    uint8_t secret[CODE_SECRET_BYTES], hash[RECOVERY_HASH_BYTES];
    struct parameters p = of_account(account);
    char number[24];
    *good = false;
    enum loket_error code = secret_read(auth, "select * from api_auth.code_lookup($1, $2)", &p, secret, in_use, error);
    if (code != LOKET_OK || !*in_use || !*typed) return code;
    int64_t step = code_step(secret, typed, time(NULL));
    explicit_bzero(secret, sizeof secret);
    if (step >= 0) {
        (void)snprintf(number, sizeof number, "%lld", (long long)step);
        auth_text(&p, number);
        return ask(auth, "select api_auth.code_spend($1, $2, $3)", &p, good, error);
    }
    if (!recovery) return LOKET_OK;
    recovery_code_hash(auth->code_key, typed, hash);
    auth_bytes(&p, hash, sizeof hash);
    auth_text(&p, address);
    return ask(auth, "select api_auth.recovery_spend($1, $2, $3, $4)", &p, good, error);
}

/* Is this the account's password, or (where codes are taken) a code of it? Wrong ones are counted. */
static enum loket_error check_person(struct auth *auth, const Loket__AuthCall *call, const struct account *account,
                                     const char *typed, bool codes, struct error *error) {
    enum loket_error code = LOKET_OK;
    bool in_use = false, good = false;
    if (!*typed) return error_set(error, LOKET_REQUIRED, "password", "This must be filled in", NULL);
    if (codes && strlen(typed) <= 8) code = auth_code_good(auth, account, typed, false, call->address, &in_use, &good, error);
    if (code == LOKET_OK && !good) good = password_verify(account->known ? account->hash : NULL, typed);
    if (code != LOKET_OK || good) return code;
    code = auth_failed(auth, account, account->username, call->address, "password", error);
    return code != LOKET_OK ? code : error_set(error, LOKET_WRONG_LOGIN, "password", "This is wrong", NULL);
}

static enum loket_error prove(struct auth *auth, const Loket__AuthCall *call, const char *method, bool codes,
                              struct auth_reply *reply) {
    Loket__AuthProveRequest *request = loket__auth_prove_request__unpack(NULL, call->body.len, call->body.data);
    struct account account = {.known = false};
    struct parameters p = {.count = 0};
    if (!request) return auth_bad_request(&reply->error);
    enum loket_error code = auth_owner(auth, call, method, &account, &reply->error);
    if (code == LOKET_OK) code = check_person(auth, call, &account, request->password, codes, &reply->error);
    auth_bytes(&p, call->token.data, call->token.len);
    auth_text(&p, method);
    if (code == LOKET_OK) code = auth_run_statement(auth, "select api_auth.proved($1, $2)", &p, &reply->error);
    explicit_bzero(request->password, strlen(request->password));
    loket__auth_prove_request__free_unpacked(request, NULL);
    explicit_bzero(&account, sizeof account);
    return code;
}

enum loket_error auth_unlock(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply) {
    return prove(auth, call, "auth.unlock", false, reply);
}

enum loket_error auth_prove(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply) {
    return prove(auth, call, "auth.prove", true, reply);
}

/* Codes that are in use are replaced only by who can make one, or has a recovery code. */
static enum loket_error check_replacement(struct auth *auth, const Loket__AuthCall *call, const struct account *account,
                                          const char *typed, struct error *error) {
    bool in_use = false, good = false;
    enum loket_error code = auth_code_good(auth, account, typed, true, call->address, &in_use, &good, error);
    if (code != LOKET_OK || !in_use || good) return code;
    if (!*typed) return error_set(error, LOKET_CODE_NEEDED, "code", "A code of the codes that you have now", NULL);
    code = auth_failed(auth, account, account->username, call->address, "code", error);
    return code != LOKET_OK ? code : error_set(error, LOKET_WRONG_LOGIN, "code", "This code is wrong, or was used before", NULL);
}

static enum loket_error begin(struct auth *auth, const Loket__AuthCall *call, const struct account *account,
                              struct auth_reply *reply) {
    uint8_t secret[CODE_SECRET_BYTES], sealed[CODE_SEALED_BYTES];
    char text[CODE_BASE32_BYTES], address[160];
    Loket__AuthCodeBeginReply answer = LOKET__AUTH_CODE_BEGIN_REPLY__INIT;
    struct parameters p = {.count = 0};
    code_secret_new(secret);
    code_seal(auth->code_key, secret, sealed);
    code_base32(secret, text);
    auth_bytes(&p, call->token.data, call->token.len);
    auth_bytes(&p, sealed, sizeof sealed);
    enum loket_error code = auth_run_statement(auth, "select api_auth.code_begin($1, $2)", &p, &reply->error);
    (void)snprintf(address, sizeof address, "otpauth://totp/%s?secret=%s&issuer=Loket", account->username, text);
    answer.secret = text;
    answer.address = address;
    if (code == LOKET_OK) auth_answer(reply, &answer.base);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(text, sizeof text);
    explicit_bzero(address, sizeof address);
    return code;
}

enum loket_error auth_code_begin(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply) {
    Loket__AuthCodeBeginRequest *request = loket__auth_code_begin_request__unpack(NULL, call->body.len, call->body.data);
    struct account account = {.known = false};
    if (!request) return auth_bad_request(&reply->error);
    enum loket_error code = auth_owner(auth, call, "auth.code_begin", &account, &reply->error);
    if (code == LOKET_OK && !auth->has_code_key)
        code = error_set(&reply->error, LOKET_NOT_NOW, NULL, "This server is not set up for one-time codes: tell the administrator",
                         NULL);
    if (code == LOKET_OK) code = check_person(auth, call, &account, request->password, false, &reply->error);
    if (code == LOKET_OK) code = check_replacement(auth, call, &account, request->code, &reply->error);
    if (code == LOKET_OK) code = begin(auth, call, &account, reply);
    explicit_bzero(request->password, strlen(request->password));
    loket__auth_code_begin_request__free_unpacked(request, NULL);
    explicit_bzero(&account, sizeof account);
    return code;
}

/* The new recovery codes, and the array of their hashes that the database keeps. */
static void recovery_make(const struct auth *auth, char codes[RECOVERY_CODES][RECOVERY_CODE_BYTES], char *hashes, size_t size) {
    uint8_t hash[RECOVERY_HASH_BYTES];
    char *at = hashes, *end = hashes + size;
    for (int i = 0; i < RECOVERY_CODES; i++) {
        recovery_code_new(codes[i]);
        recovery_code_hash(auth->code_key, codes[i], hash);
        at += snprintf(at, (size_t)(end - at), "%s\"\\\\x", i ? "," : "{");
        for (size_t j = 0; j < sizeof hash; j++) at += snprintf(at, (size_t)(end - at), "%02x", hash[j]);
        at += snprintf(at, (size_t)(end - at), "\"");
    }
    (void)snprintf(at, (size_t)(end - at), "}");
}

static enum loket_error confirm(struct auth *auth, const Loket__AuthCall *call, int64_t step, struct auth_reply *reply) {
    char codes[RECOVERY_CODES][RECOVERY_CODE_BYTES], *texts[RECOVERY_CODES], number[24];
    char hashes[RECOVERY_CODES * (RECOVERY_HASH_BYTES * 2 + 8) + 2];
    Loket__AuthCodeConfirmReply answer = LOKET__AUTH_CODE_CONFIRM_REPLY__INIT;
    struct parameters p = {.count = 0};
    recovery_make(auth, codes, hashes, sizeof hashes);
    (void)snprintf(number, sizeof number, "%lld", (long long)step);
    auth_bytes(&p, call->token.data, call->token.len);
    auth_text(&p, number);
    auth_text(&p, hashes);
    enum loket_error code = auth_run_statement(auth, "select api_auth.code_confirm($1, $2, $3)", &p, &reply->error);
    for (size_t i = 0; i < RECOVERY_CODES; i++) texts[i] = codes[i];
    answer.n_recovery_codes = RECOVERY_CODES;
    answer.recovery_codes = texts;
    if (code == LOKET_OK) auth_answer(reply, &answer.base);
    explicit_bzero(codes, sizeof codes);
    return code;
}

enum loket_error auth_code_confirm(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply) {
    Loket__AuthCodeConfirmRequest *request = loket__auth_code_confirm_request__unpack(NULL, call->body.len, call->body.data);
    uint8_t secret[CODE_SECRET_BYTES];
    struct parameters p = {.count = 0};
    bool found = false;
    if (!request) return auth_bad_request(&reply->error);
    auth_bytes(&p, call->token.data, call->token.len);
    enum loket_error code = secret_read(auth, "select api_auth.code_pending($1)", &p, secret, &found, &reply->error);
    int64_t step = code == LOKET_OK ? code_step(secret, request->code, time(NULL)) : -1;
    if (code == LOKET_OK && step < 0)
        code = error_set(&reply->error, LOKET_INVALID, "code", "This is not the code of now: does the telephone's clock go right?",
                         NULL);
    if (code == LOKET_OK) code = confirm(auth, call, step, reply);
    explicit_bzero(secret, sizeof secret);
    loket__auth_code_confirm_request__free_unpacked(request, NULL);
    return code;
}

bool auth_proof_good(const uint8_t *proof_key, const char *text, const ProtobufCBinaryData *what, const ProtobufCBinaryData *proof,
                     const Loket__AuthCall *call) {
    uint8_t message[PROOF_TEXT_BYTES + 32 + CHANNEL_BYTES], *at;
    size_t length = strlen(text);
    if (proof->len != PROOF_BYTES || call->channel.len != CHANNEL_BYTES || length > PROOF_TEXT_BYTES) return false;
    at = mempcpy(message, text, length);
    if (EVP_Digest(what->data, what->len, at, NULL, EVP_sha256(), NULL) != 1) return false;
    memcpy(at + 32, call->channel.data, CHANNEL_BYTES);
    return sodium_init() >= 0 && crypto_sign_verify_detached(proof->data, message, length + 32 + CHANNEL_BYTES, proof_key) == 0;
}

static enum loket_error resume(struct auth *auth, const Loket__AuthCall *call, const Loket__AuthResumeRequest *request,
                               struct auth_reply *reply) {
    struct parameters p = {.count = 0};
    auth_bytes(&p, request->token.data, request->token.len);
    PGresult *result = auth_query(auth, "select api_auth.resume_lookup($1)", &p, &reply->error);
    if (!result) return reply->error.code;
    /* that this session goes on in this connection, and in no other */
    bool good = PQgetlength(result, 0, 0) == PROOF_KEY_BYTES &&
                auth_proof_good((const uint8_t *)PQgetvalue(result, 0, 0), PROOF_TEXT, &request->token, &request->proof, call);
    PQclear(result);
    if (!good) {
        log_warn("a session's token without its key", "address", call->address);
        return error_set(&reply->error, LOKET_NOT_LOGGED_IN, "proof", "Log in first", NULL);
    }
    auth_text(&p, call->address);
    auth_text(&p, call->certificate);
    result = auth_query(auth, "select * from api_auth.resume_done($1, $2, $3)", &p, &reply->error);
    if (!result) return reply->error.code;
    enum loket_error code = bind_reply(&loket__session_reply__descriptor, result, &reply->body, &reply->error);
    PQclear(result);
    return code;
}

enum loket_error auth_resume(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply) {
    Loket__AuthResumeRequest *request = loket__auth_resume_request__unpack(NULL, call->body.len, call->body.data);
    if (!request) return auth_bad_request(&reply->error);
    enum loket_error code = request->token.len == TOKEN_BYTES
                                ? resume(auth, call, request, reply)
                                : error_set(&reply->error, LOKET_NOT_LOGGED_IN, "token", "Log in first", NULL);
    loket__auth_resume_request__free_unpacked(request, NULL);
    return code;
}
