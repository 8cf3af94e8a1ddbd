/* What the files of the auth process share: its context, its line to the database, and a handler for each method. */
#ifndef SERVER_AUTH_CALL_H
#define SERVER_AUTH_CALL_H

#include <event2/event.h>
#include <openssl/x509.h>
#include <proto/loket.pb-c.h>
#include <server/buffer.h>
#include <server/config.h>
#include <server/db/bind.h>
#include <server/db/pool.h>
#include <server/one_time_code.h>
#include <server/password.h>

struct auth {
    const struct config *config;
    struct event_base *base;
    PGconn *db;
    uint8_t code_key[CODE_KEY_BYTES];
    bool has_code_key;
    X509_STORE *tickets; /* who may give certificates that log surveyors in; NULL: nobody */
};

struct auth_reply {
    struct buffer body;
    struct error error;
};

/* A row of api_auth.login. */
struct account {
    char office_id[24], user_id[24], hash[PASSWORD_HASH_BYTES], username[40], names[600];
    bool known;
};

void auth_unavailable(struct error *error);
void auth_text(struct parameters *p, const char *text); /* borrowed; empty is null */
void auth_bytes(struct parameters *p, const uint8_t *bytes, size_t size);
/* Runs one statement; NULL and *error when it fails. Connects again when the line fell. */
PGresult *auth_query(struct auth *auth, const char *sql, const struct parameters *p, struct error *error);
/* The same, when there is nothing to read. */
enum loket_error auth_run_statement(struct auth *auth, const char *sql, const struct parameters *p, struct error *error);
/* Reads one account by a statement with the five columns of api_auth.login. */
enum loket_error auth_account(struct auth *auth, const char *sql, const struct parameters *p, struct account *account,
                              struct error *error);
/* Whose session calls `method`. */
enum loket_error auth_owner(struct auth *auth, const Loket__AuthCall *call, const char *method, struct account *account,
                            struct error *error);
/* Counts a failure of that user at that address; `kind` is "password" or "code". */
enum loket_error auth_failed(struct auth *auth, const struct account *account, const char *username, const char *address,
                             const char *kind, struct error *error);
enum loket_error auth_bad_request(struct error *error);
/* Packs the message as the reply; the copy on the way is wiped. */
void auth_answer(struct auth_reply *reply, const ProtobufCMessage *message);

/* Is `typed` a one-time code of the account that was not used before, or (with `recovery`) an unused recovery code? Spends it.
 * *in_use says whether the account has codes at all. Not OK only when it could not be looked up. */
enum loket_error auth_code_good(struct auth *auth, const struct account *account, const char *typed, bool recovery,
                                const char *address, bool *in_use, bool *good, struct error *error);

/* Did the client sign, in its connection and no other, `text` and the SHA-256 of `what`? */
bool auth_proof_good(const uint8_t *proof_key, const char *text, const ProtobufCBinaryData *what, const ProtobufCBinaryData *proof,
                     const Loket__AuthCall *call);

/* The second question, where the account has codes: CODE_NEEDED, or that `typed` is wrong. */
enum loket_error auth_check_code(struct auth *auth, const struct account *account, const Loket__AuthCall *call, const char *typed,
                                 struct auth_reply *reply);

/* How a session begins: the key that it is bound to (size 0: none), a password's new hash or NULL, and the certificate that took
 * the password's place or NULL. */
struct session_key {
    const uint8_t *proof_key;
    size_t proof_size;
    const char *new_hash, *certificate;
};
enum loket_error auth_open_session(struct auth *auth, const struct account *account, const Loket__AuthCall *call,
                                   const struct session_key *key, struct auth_reply *reply);

/* Reads [auth] ticket_ca. False when it can't be used. */
bool auth_ticket_authority(struct auth *auth, const char *file);

typedef enum loket_error auth_handler(struct auth *auth, const Loket__AuthCall *call, struct auth_reply *reply);
auth_handler auth_login, auth_login_certificate, auth_change_password, auth_reset_password, auth_resume, auth_unlock, auth_prove,
    auth_code_begin, auth_code_confirm;

#endif
