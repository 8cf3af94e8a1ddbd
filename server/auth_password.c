/* The auth process: logging in, and passwords. */
#include <loket/limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <server/auth_call.h>
#include <server/utf8.h>
#include <stdlib.h>
#include <string.h>

static enum loket_error wrong(struct auth_reply *reply, const char *field) {
    return error_set(&reply->error, LOKET_WRONG_LOGIN, field, "The user name or the password is wrong", NULL);
}

enum loket_error auth_open_session(struct auth *auth, const struct account *account, const Loket__AuthCall *call,
                                   const struct session_key *key, struct auth_reply *reply) {
    const char *by_password = "select * from api_auth.login_done($1, $2, $3, $4, $5, $6, $7)",
               *by_certificate = "select * from api_auth.certificate_done($1, $2, $3, $4, $5, $6)";
    uint8_t token[TOKEN_BYTES], hash[32];
    enum loket_error code = LOKET_INTERNAL;
    if (RAND_bytes(token, sizeof token) != 1 || EVP_Digest(token, sizeof token, hash, NULL, EVP_sha256(), NULL) != 1) {
        error_set(&reply->error, LOKET_INTERNAL, NULL, "The server failed; it is in its log", NULL);
        return LOKET_INTERNAL;
    }
    struct parameters p = {.count = 0};
    auth_text(&p, account->office_id);
    auth_text(&p, account->user_id);
    auth_bytes(&p, hash, sizeof hash);
    auth_text(&p, call->address);
    if (!key->certificate) auth_text(&p, key->new_hash);
    auth_bytes(&p, key->proof_size == PROOF_KEY_BYTES ? key->proof_key : NULL, key->proof_size);
    auth_text(&p, key->certificate ? key->certificate : call->certificate);
    PGresult *result = auth_query(auth, key->certificate ? by_certificate : by_password, &p, &reply->error);
    if (!result) return reply->error.code;
    code = bind_reply(&loket__session_reply__descriptor, result, &reply->body, &reply->error);
    PQclear(result);
    /* the token is field 1 of SessionReply and stands nowhere in the database */
    buffer_varint(&reply->body, 1 << 3 | 2);
    buffer_varint(&reply->body, sizeof token);
    buffer_add(&reply->body, token, sizeof token);
    explicit_bzero(token, sizeof token);
    return code;
}

/* The second question, where the account has codes. CODE_NEEDED is only said to who knows the password. */
enum loket_error auth_check_code(struct auth *auth, const struct account *account, const Loket__AuthCall *call, const char *typed,
                                 struct auth_reply *reply) {
    bool in_use = false, good = false;
    enum loket_error code = auth_code_good(auth, account, typed, true, call->address, &in_use, &good, &reply->error);
    if (code != LOKET_OK || !in_use || good) return code;
    if (!*typed)
        return error_set(&reply->error, LOKET_CODE_NEEDED, "code", "The one-time code of your telephone, or a recovery code", NULL);
    code = auth_failed(auth, account, account->username, call->address, "code", &reply->error);
    if (code != LOKET_OK) return code;
    return error_set(&reply->error, LOKET_WRONG_LOGIN, "code", "This code is wrong, or was used before", NULL);
}

static bool login_fits(const Loket__AuthLoginRequest *request) {
    return utf8_valid(request->username) && utf8_valid(request->office) && strlen(request->username) <= 200 &&
           strlen(request->password) <= LIMIT_PASSWORD_BYTES && strlen(request->code) <= LIMIT_PASSWORD_BYTES;
}

enum loket_error auth_login(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply) {
    Loket__AuthLoginRequest *request = loket__auth_login_request__unpack(NULL, call->body.len, call->body.data);
    struct account account = {.known = false};
    char new_hash[PASSWORD_HASH_BYTES] = "";
    enum loket_error code = LOKET_BAD_REQUEST;
    if (!request || !login_fits(request)) {
        code = request ? wrong(reply, "password") : auth_bad_request(&reply->error);
        goto out;
    }
    struct parameters p = {.count = 0};
    auth_text(&p, request->office);
    auth_text(&p, request->username);
    auth_text(&p, call->address);
    code = auth_account(
        auth, "select office_id::text, user_id::text, password_hash, username, names from api_auth.login_lookup($1, $2, $3)", &p,
        &account, &reply->error);
    if (code == LOKET_TOO_MANY) {
        struct error ignored; /* what the client is told is that there were too many */
        (void)auth_run_statement(auth, "select api_auth.login_blocked($1, $2, $3)", &p, &ignored);
    }
    if (code != LOKET_OK) goto out;
    /* an unknown user costs the same work as a known one */
    if (!password_verify(account.known ? account.hash : NULL, request->password)) {
        code = auth_failed(auth, &account, request->username, call->address, "password", &reply->error);
        if (code == LOKET_OK) code = wrong(reply, "password");
        goto out;
    }
    code = auth_check_code(auth, &account, call, request->code, reply);
    if (code != LOKET_OK) goto out;
    if (password_needs_rehash(account.hash) && !password_hash(request->password, new_hash)) new_hash[0] = '\0';
    const struct session_key key = {request->proof_key.data, request->proof_key.len, new_hash, NULL};
    code = auth_open_session(auth, &account, call, &key, reply);
out:
    if (request) explicit_bzero(request->password, strlen(request->password));
    loket__auth_login_request__free_unpacked(request, NULL);
    explicit_bzero(&account, sizeof account);
    return code;
}

/* Is it one of the last five? Each costs a hash. */
static enum loket_error check_history(struct auth *auth, const Loket__AuthCall *call, const char *password, struct error *error) {
    struct parameters p = {.count = 0};
    auth_bytes(&p, call->token.data, call->token.len);
    PGresult *result = auth_query(auth, "select * from api_auth.password_history($1)", &p, error);
    if (!result) return error->code;
    bool used = false;
    for (int i = 0; i < PQntuples(result) && !used; i++) used = password_verify(PQgetvalue(result, i, 0), password);
    PQclear(result);
    return used ? error_set(error, LOKET_INVALID, "new_password", "You had this password before: the last five are not taken again",
                            NULL)
                : LOKET_OK;
}

enum loket_error auth_change_password(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply) {
    Loket__AuthChangePasswordRequest *request = loket__auth_change_password_request__unpack(NULL, call->body.len, call->body.data);
    struct account account = {.known = false};
    char hash[PASSWORD_HASH_BYTES];
    enum loket_error code;
    if (!request) return auth_bad_request(&reply->error);
    code = auth_owner(auth, call, "auth.change_password", &account, &reply->error);
    if (code == LOKET_OK && !*request->current_password)
        code = error_set(&reply->error, LOKET_REQUIRED, "current_password", "This must be filled in", NULL);
    if (code == LOKET_OK && !password_verify(account.known ? account.hash : NULL, request->current_password)) {
        /* sent again after a broken line: it is done already */
        if (account.known && password_verify(account.hash, request->new_password)) goto out;
        code = auth_failed(auth, &account, account.username, call->address, "password", &reply->error);
        if (code == LOKET_OK)
            code = error_set(&reply->error, LOKET_WRONG_LOGIN, "current_password", "The present password is wrong", NULL);
    }
    if (code == LOKET_OK) code = password_check_rules(request->new_password, account.names, &reply->error);
    if (code == LOKET_OK && strcmp(request->current_password, request->new_password) == 0)
        code = error_set(&reply->error, LOKET_INVALID, "new_password", "The new password must differ from the present one", NULL);
    if (code == LOKET_OK) code = check_history(auth, call, request->new_password, &reply->error);
    if (code == LOKET_OK && !password_hash(request->new_password, hash)) {
        auth_unavailable(&reply->error);
        code = LOKET_UNAVAILABLE;
    }
    if (code != LOKET_OK) goto out;
    struct parameters p = {.count = 0};
    auth_bytes(&p, call->token.data, call->token.len);
    auth_text(&p, hash);
    code = auth_run_statement(auth, "select api_auth.password_change($1, $2)", &p, &reply->error);
out:
    explicit_bzero(request->current_password, strlen(request->current_password));
    explicit_bzero(request->new_password, strlen(request->new_password));
    loket__auth_change_password_request__free_unpacked(request, NULL);
    explicit_bzero(&account, sizeof account);
    return code;
}

enum loket_error auth_reset_password(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply) {
    Loket__AuthResetPasswordRequest *request = loket__auth_reset_password_request__unpack(NULL, call->body.len, call->body.data);
    char password[PASSWORD_RANDOM_BYTES], hash[PASSWORD_HASH_BYTES], user_id[24];
    enum loket_error code;
    if (!request) return auth_bad_request(&reply->error);
    (void)snprintf(user_id, sizeof user_id, "%lld", (long long)request->user_id);
    loket__auth_reset_password_request__free_unpacked(request, NULL);
    password_random(password);
    if (!password_hash(password, hash)) {
        auth_unavailable(&reply->error);
        return LOKET_UNAVAILABLE;
    }
    struct parameters p = {.count = 0};
    auth_bytes(&p, call->token.data, call->token.len);
    auth_text(&p, user_id);
    auth_text(&p, hash);
    code = auth_run_statement(auth, "select api_auth.password_reset($1, $2, $3)", &p, &reply->error);
    if (code == LOKET_OK) {
        buffer_varint(&reply->body, 1 << 3 | 2);
        buffer_varint(&reply->body, strlen(password));
        buffer_text(&reply->body, password);
    }
    explicit_bzero(password, sizeof password);
    return code;
}
