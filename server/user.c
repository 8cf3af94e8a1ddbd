/* `loketd user add` and `loketd user password`: accounts made at the machine, by the database's owner. Whoever
 * may run this may do anything in the database anyway; the rules stand in sql/api/00_rule_user.sql. */
#include <errno.h>
#include <getopt.h>
#include <loket/limits.h>
#include <server/command.h>
#include <server/owner.h>
#include <server/password.h>
#include <server/privacy/keyring.h>
#include <server/privacy/number.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define ROLES_MOST 32

static const char usage[] = "usage: loketd user add --office CODE --username U --name N --role R[@UNIT][:PERMIT] [--role ...]\n"
                            "                       [--nik NIK] [--demonstration]\n"
                            "       loketd user password --office CODE --username U\n"
                            "       loketd user codes --office CODE --username U     (one-time codes are taken away)\n"
                            "The password is read from standard input, one line; when that is empty, one is made and printed.\n";

struct request {
    const char *office, *username, *name, *nik;
    char sealed_nik[NUMBER_TOKEN_LENGTH + NUMBER_DIGITS + 2];
    const char *roles[ROLES_MOST];
    size_t role_count;
    bool demonstration;
    bool made; /* the password was made here: it is printed, and must be changed at the first login */
    char password[LIMIT_PASSWORD_BYTES + 2];
    char hash[PASSWORD_HASH_BYTES];
};

static int refuse_usage(void) {
    (void)fputs(usage, stderr);
    return EX_USAGE;
}

static bool option_take(struct request *request, int option) {
    const char **const single[] = {
        ['o'] = &request->office, ['u'] = &request->username, ['n'] = &request->name, ['k'] = &request->nik};
    if (option == 'd') {
        request->demonstration = true;
    } else if (option == 'r' && request->role_count < ROLES_MOST) {
        request->roles[request->role_count++] = optarg;
    } else if (option >= 0 && (size_t)option < sizeof single / sizeof single[0] && single[option]) {
        *single[option] = optarg;
    } else {
        return false;
    }
    return true;
}

static bool options_read(struct request *request, int argc, char **argv) {
    static const struct option options[] = {{"office", required_argument, NULL, 'o'},
                                            {"username", required_argument, NULL, 'u'},
                                            {"name", required_argument, NULL, 'n'},
                                            {"nik", required_argument, NULL, 'k'},
                                            {"role", required_argument, NULL, 'r'},
                                            {"demonstration", no_argument, NULL, 'd'},
                                            {NULL, 0, NULL, 0}};
    optind = 0;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (!option_take(request, option)) return false;
    return optind == argc && request->office && request->username;
}

/* One line of standard input into the request; false when it is longer than a password may be. */
static bool password_read(struct request *request) {
    if (isatty(STDIN_FILENO)) (void)fputs("Password (empty: one is made): ", stderr);
    if (!fgets(request->password, sizeof request->password, stdin)) request->password[0] = '\0';
    size_t length = strcspn(request->password, "\r\n");
    bool whole = request->password[length] != '\0' || length <= LIMIT_PASSWORD_BYTES;
    request->password[length] = '\0';
    if (whole) return true;
    (void)fprintf(stderr, "loketd: a password has at most %u bytes\n", LIMIT_PASSWORD_BYTES);
    return false;
}

static bool password_prepare(struct request *request) {
    struct error error;
    char names[400];
    (void)snprintf(names, sizeof names, "%s %s %s", request->username, request->name ? request->name : "", request->office);
    if (!password_read(request)) return false;
    request->made = request->password[0] == '\0';
    if (request->made) password_random(request->password);
    if (password_check_rules(request->password, names, &error) != LOKET_OK) {
        (void)fputs("loketd: ", stderr);
        owner_print_message(error.message, error.argument);
        return false;
    }
    if (password_hash(request->password, request->hash)) return true;
    (void)fputs("loketd: no memory for hashing the password\n", stderr);
    return false;
}

/* A PostgreSQL array of the roles, to be freed; NULL when there is no memory. */
static char *roles_array(const struct request *request) {
    char *array = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&array, &size);
    if (!out) return NULL;
    (void)fputc('{', out);
    for (size_t i = 0; i < request->role_count; i++) {
        (void)fputs(i ? ",\"" : "\"", out);
        for (const char *p = request->roles[i]; *p; p++) {
            if (*p == '"' || *p == '\\') (void)fputc('\\', out);
            (void)fputc(*p, out);
        }
        (void)fputc('"', out);
    }
    (void)fputc('}', out);
    if (fclose(out) == 0) return array;
    free(array);
    return NULL;
}

/* The NIK as it goes to the database: sealed where there are keys, and kept for the office in this transaction. */
static bool nik_seal(PGconn *db, struct request *request) {
    struct number_forms forms;
    uint8_t proof[KEY_CHECK_BYTES];
    char digits[NUMBER_DIGITS + 1], hex[2 * KEY_CHECK_BYTES + 1], kept[NUMBER_TOKEN_LENGTH + NUMBER_SEALED_HEX + 4];
    if (!request->nik || !keyring_present() || !number_parse(request->nik, NUMBER_FIELD, digits)) return true;
    if (!keyring_check(KEYRING_INDEX_ID, proof) || !number_forms_make(digits, &forms)) return false;
    (void)snprintf(request->sealed_nik, sizeof request->sealed_nik, "%s:%s", forms.token, forms.shape);
    (void)snprintf(kept, sizeof kept, "{%s:%s}", forms.token, forms.sealed);
    (void)sodium_bin2hex(hex, sizeof hex, proof, sizeof proof);
    request->nik = request->sealed_nik;
    const char *values[] = {request->office, hex, kept};
    return owner_do(db, "select rule.keep_office_numbers($1, decode($2, 'hex'), $3)", 3, values);
}

static bool store_new(PGconn *db, struct request *request) {
    if (!nik_seal(db, request)) return false;
    char *roles = roles_array(request);
    const char *values[] = {request->office,
                            request->username,
                            request->name ? request->name : "",
                            request->nik,
                            roles,
                            request->demonstration ? "t" : "f",
                            request->hash,
                            request->made ? "t" : "f"};
    bool good = roles && owner_do(db, "select rule.user_add($1, $2, $3, $4, $5, $6, $7, $8)", 8, values);
    free(roles);
    return good;
}

static bool store_password(PGconn *db, struct request *request) {
    const char *values[] = {request->office, request->username, request->hash, request->made ? "t" : "f"};
    return owner_do(db, "select rule.user_password($1, $2, $3, $4)", 4, values);
}

static bool remove_codes(PGconn *db, struct request *request) {
    const char *values[] = {request->office, request->username};
    return owner_do(db, "select rule.user_codes_reset($1, $2)", 2, values);
}

static const struct verb {
    const char *name;
    bool (*store)(PGconn *db, struct request *request);
    bool takes_password;
} verbs[] = {{"add", store_new, true}, {"password", store_password, true}, {"codes", remove_codes, false}};

static int verb_run(const struct config *config, const struct verb *verb, struct request *request) {
    int result = EX_DATAERR;
    PGconn *db = NULL;
    struct error error;
    if (keyring_open(config->privacy_keys, &error) != LOKET_OK) {
        (void)fprintf(stderr, "loketd: %s (%s)\n", error.message, error.argument);
        return EX_CONFIG;
    }
    password_cost(config->opslimit, config->memlimit);
    if (verb->takes_password && !password_prepare(request)) goto out;
    result = EX_UNAVAILABLE;
    db = owner_connect(config);
    if (!db || !owner_do(db, "begin", 0, NULL) || !owner_do(db, "set local role loket_owner", 0, NULL)) goto out;
    result = EX_DATAERR;
    if (!verb->store(db, request) || !owner_do(db, "commit", 0, NULL)) goto out;
    if (request->made) (void)puts(request->password);
    result = EX_OK;
out:
    explicit_bzero(request, sizeof *request);
    PQfinish(db);
    return result;
}

int user_main(struct config *config, int argc, char **argv) {
    struct request request = {0};
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(argv[1], verbs[i].name) != 0) continue;
        if (!options_read(&request, argc - 1, argv + 1)) return refuse_usage();
        return verb_run(config, &verbs[i], &request);
    }
    return refuse_usage();
}
