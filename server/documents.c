/* `loketd documents check` reads every document back and names what does not match; `loketd verify FILE` tells what a file is
 * to us. Both ask with the rights of the job process, which can read documents and change nothing of a decision. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <server/command.h>
#include <server/doc/signature.h>
#include <server/doc/work.h>
#include <server/job_query.h>
#include <server/log.h>
#include <server/privacy/keyring.h>
#include <server/utf8.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define CODE_LENGTH 19 /* XXXX-XXXX-XXXX-XXXX */

static PGconn *connect_as_job(const struct config *config) {
    PGconn *db = PQconnectdb(config->database_job);
    if (PQstatus(db) == CONNECTION_OK) return db;
    (void)fprintf(stderr, "loketd: no connection to the database ([database] job): %s", PQerrorMessage(db));
    PQfinish(db);
    return NULL;
}

/* A column as text, "" when it is null. */
static const char *column(const PGresult *result, int number) {
    return PQgetisnull(result, 0, number) ? "" : PQgetvalue(result, 0, number);
}

/* ---------------------------------------------------------------------------------------- documents check */

enum { CONTENT_OFFICE, CONTENT_ID, CONTENT_SIZE, CONTENT_SHA256, CONTENT_CHUNKS, CONTENT_NAME };

static const char no_key[] = "its key is not in [privacy] keys"; /* which says nothing of the document */

/* What is wrong with this content, or NULL. */
static const char *content_objection(PGconn *db, const PGresult *row, struct file_type *types) {
    struct content_verdict verdict;
    struct content *content = content_new(types);
    const char *wrong = NULL;
    if (!content) return "no memory to check it";
    const struct content_place place = {
        column(row, CONTENT_OFFICE), column(row, CONTENT_ID), NULL, atoi(column(row, CONTENT_CHUNKS)), NULL, NULL};
    enum loket_error read = content_read_back(db, &place, content);
    if (read == LOKET_UNAVAILABLE) wrong = no_key;
    else if (read != LOKET_OK && read != LOKET_INTERNAL) wrong = "a part is missing";
    else if (read == LOKET_OK && !content_end(content, &verdict)) wrong = "it could not be checked";
    else if (read == LOKET_OK && verdict.size != strtoull(column(row, CONTENT_SIZE), NULL, 10)) wrong = "its size is another";
    else if (read == LOKET_INTERNAL || PQgetlength(row, 0, CONTENT_SHA256) != (int)sizeof verdict.sha256 ||
             memcmp(PQgetvalue(row, 0, CONTENT_SHA256), verdict.sha256, sizeof verdict.sha256) != 0)
        wrong = "its bytes are not those that were kept";
    content_free(content);
    return wrong;
}

static void content_note(PGconn *db, const PGresult *row, bool good) {
    struct job_parameters parameters = {.count = 0};
    job_text(&parameters, column(row, CONTENT_OFFICE));
    job_text(&parameters, column(row, CONTENT_ID));
    job_text(&parameters, good ? "t" : "f");
    (void)job_do(db, "select api_job.recheck_done($1, $2, $3)", &parameters);
}

static int check_all(PGconn *db, struct file_type *types) {
    char office[24] = "0", last[24] = "0";
    unsigned long long checked = 0, damaged = 0;
    for (;;) {
        struct job_parameters parameters = {.count = 0};
        job_text(&parameters, office);
        job_text(&parameters, last);
        PGresult *row = job_query(db,
                                  "select office_id::text, content_id::text, size::text, sha256, chunks::text, name"
                                  "  from api_job.content_after($1, $2)",
                                  &parameters);
        if (!row) return EX_UNAVAILABLE;
        if (PQntuples(row) == 0 || PQgetisnull(row, 0, CONTENT_OFFICE)) {
            PQclear(row);
            break;
        }
        const char *wrong = content_objection(db, row, types);
        char name[400];
        utf8_plain(column(row, CONTENT_NAME), name, sizeof name);
        if (wrong)
            printf("%s: %s (content %s): %s\n", wrong == no_key ? "not opened" : "damaged", name, column(row, CONTENT_ID), wrong);
        if (wrong != no_key) content_note(db, row, !wrong);
        checked++;
        damaged += wrong != NULL;
        (void)snprintf(office, sizeof office, "%s", column(row, CONTENT_OFFICE));
        (void)snprintf(last, sizeof last, "%s", column(row, CONTENT_ID));
        PQclear(row);
    }
    printf("%llu documents read back, %llu damaged\n", checked, damaged);
    return damaged ? EXIT_FAILURE : EX_OK;
}

int documents_main(struct config *config, int argc, char **argv) {
    struct error error;
    if (argc != 2 || strcmp(argv[1], "check") != 0) {
        (void)fputs("usage: loketd documents check\n", stderr);
        return EX_USAGE;
    }
    if (keyring_open(config->privacy_keys, &error) != LOKET_OK) {
        (void)fprintf(stderr, "loketd: %s (%s)\n", error.message, error.argument);
        return EX_CONFIG;
    }
    struct file_type *types = file_type_new();
    PGconn *db = connect_as_job(config);
    int code = db && types ? check_all(db, types) : EX_UNAVAILABLE;
    PQfinish(db);
    file_type_free(types);
    return code;
}

/* -------------------------------------------------------------------------------------------- verify FILE */

/* The whole file; it is the caller's to free. */
static bool file_read(const char *path, struct buffer *file) {
    uint8_t block[65536];
    ssize_t size = -1;
    struct stat about;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from >= 0 && fstat(from, &about) == 0 && !S_ISREG(about.st_mode)) {
        errno = EINVAL;
        close(from);
        from = -1;
    }
    while (from >= 0 && (size = read(from, block, sizeof block)) > 0) buffer_add(file, block, (size_t)size);
    if (from >= 0 && size == 0 && !file->failed) {
        close(from);
        return true;
    }
    (void)fprintf(stderr, "loketd: %s: %s\n", path, strerror(file->failed ? EFBIG : errno));
    if (from >= 0) close(from);
    return false;
}

static bool is_code(const char *text) {
    for (int i = 0; i < CODE_LENGTH; i++)
        if (i % 5 == 4 ? text[i] != '-' : !isupper((unsigned char)text[i]) && !isdigit((unsigned char)text[i])) return false;
    return true;
}

/* The code that stands in the file's keywords ("loket:XXXX-..."), "" when there is none. */
static void code_find(const struct buffer *file, char code[CODE_LENGTH + 1]) {
    static const char mark[] = "loket:";
    const uint8_t *at = file->data;
    size_t rest = file->size;
    code[0] = '\0';
    while (at && (at = memmem(at, rest, mark, sizeof mark - 1)) != NULL) {
        at += sizeof mark - 1;
        rest = file->size - (size_t)(at - file->data);
        if (rest < CODE_LENGTH || !is_code((const char *)at)) continue;
        memcpy(code, at, CODE_LENGTH);
        code[CODE_LENGTH] = '\0';
        return;
    }
}

enum {
    ISSUED_MATCH,
    ISSUED_OFFICE,
    ISSUED_KIND,
    ISSUED_NUMBER,
    ISSUED_CODE,
    ISSUED_PERMIT,
    ISSUED_HOLDER,
    ISSUED_ON,
    ISSUED_UNTIL,
    ISSUED_STATUS,
    ISSUED_STATE,
    ISSUED_VERSION
};

static void pair_print(const char *name, const char *value) {
    char plain[600]; /* who issued or signed the file chose its texts, and they go to a terminal */
    if (!value || !*value) return;
    utf8_plain(value, plain, sizeof plain);
    printf("  %-12s %s\n", name, plain);
}

static void issued_print(const PGresult *issued) {
    static const struct {
        int column;
        const char *name;
    } rows[] = {{ISSUED_OFFICE, "office"},     {ISSUED_KIND, "document"}, {ISSUED_NUMBER, "number"},
                {ISSUED_PERMIT, "permit"},     {ISSUED_HOLDER, "holder"}, {ISSUED_ON, "issued"},
                {ISSUED_UNTIL, "valid until"}, {ISSUED_CODE, "code"},     {ISSUED_VERSION, "version"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) pair_print(rows[i].name, column(issued, rows[i].column));
}

static void signature_print(const struct buffer *file, const struct config *config, struct signature_report *report) {
    static const char *const states[] = {[SIGNATURE_NONE] = "none",
                                         [SIGNATURE_VALID] = "valid",
                                         [SIGNATURE_ALTERED] = "the file was changed after it was signed",
                                         [SIGNATURE_INVALID] = "not to be relied on"};
    struct error error = {.code = LOKET_OK};
    const char *trust = *config->signature_trust ? config->signature_trust : NULL;
    (void)signature_verify(file->data, file->size, trust, report, &error);
    pair_print("signature", states[report->state]);
    if (report->state != SIGNATURE_NONE) pair_print("signer", report->signer);
    if (report->state == SIGNATURE_INVALID) {
        const char *place = strstr(error.message, "%s");
        char why[420];
        if (place)
            (void)snprintf(why, sizeof why, "%.*s%s%s", (int)(place - error.message), error.message, error.argument, place + 2);
        pair_print("because", place ? why : error.message);
    }
}

/* One word for the whole: what a policeman asks. */
static const char *verdict_of(const PGresult *issued, const struct signature_report *report) {
    const char *match = column(issued, ISSUED_MATCH), *status = column(issued, ISSUED_STATUS),
               *state = column(issued, ISSUED_STATE);
    if (report->state == SIGNATURE_ALTERED) return "altered";
    if (!*match) return report->state == SIGNATURE_VALID ? "not issued by this office" : "unknown";
    if (strcmp(match, "code") == 0) return "altered";
    if (strcmp(state, "replaced") == 0) return "replaced";
    return *status ? status : state;
}

static int verify(const struct config *config, PGconn *db, const struct buffer *file) {
    uint8_t sha256[SIGNATURE_DIGEST_BYTES];
    char code[CODE_LENGTH + 1];
    struct signature_report report = {.state = SIGNATURE_NONE};
    struct job_parameters parameters = {.count = 0};
    if (EVP_Digest(file->data, file->size, sha256, NULL, EVP_sha256(), NULL) != 1) return EX_SOFTWARE;
    code_find(file, code);
    job_bytes(&parameters, sha256, sizeof sha256);
    job_text(&parameters, code);
    PGresult *issued =
        job_query(db,
                  "select match, office_name, kind, number, code, permit_name, holder, issued_on, valid_until_on, status,"
                  " state, version::text from api_job.find_issued($1, $2)",
                  &parameters);
    if (!issued) return EX_UNAVAILABLE;
    issued_print(issued);
    signature_print(file, config, &report);
    const char *verdict = verdict_of(issued, &report);
    printf("%s\n", verdict);
    int result = strcmp(verdict, "current") == 0 && report.state != SIGNATURE_INVALID ? EX_OK : EXIT_FAILURE;
    PQclear(issued);
    return result;
}

int verify_main(struct config *config, int argc, char **argv) {
    struct buffer file = {.limit = SIGNATURE_PDF_BYTES};
    PGconn *db = NULL;
    int code = EX_USAGE;
    if (argc != 2) {
        (void)fputs("usage: loketd verify FILE\n", stderr);
        return EX_USAGE;
    }
    code = EX_NOINPUT;
    if (!file_read(argv[1], &file)) goto out;
    db = connect_as_job(config);
    code = db ? verify(config, db, &file) : EX_UNAVAILABLE;
out:
    buffer_free(&file);
    PQfinish(db);
    return code;
}
