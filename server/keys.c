/* `loketd keys`: makes the folder of keys, seals what was there before it, exchanges a key for a new one while the office works,
 * and tells what depends on which. Works with the rights of the job process; every exchange is one short transaction that may be
 * repeated, so that a run that is cut short anywhere is gone on with by the next. */
#include <inttypes.h>
#include <server/buffer.h>
#include <server/command.h>
#include <server/doc/work.h>
#include <server/job_query.h>
#include <server/privacy/cells.h>
#include <server/privacy/file.h>
#include <server/privacy/fit.h>
#include <server/privacy/keyring.h>
#include <server/privacy/number.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define BATCH         "200"
#define NUMBER_PLACES 12 /* rule.number_places */

static int complain(const struct error *error) {
    const char *place = strstr(error->message, "%s");
    if (place)
        (void)fprintf(stderr, "loketd: %.*s%s%s\n", (int)(place - error->message), error->message, error->argument, place + 2);
    else (void)fprintf(stderr, "loketd: %s\n", error->message);
    return EX_CONFIG;
}

static int say(int code, const char *message) {
    (void)fprintf(stderr, "loketd: %s\n", message);
    return code;
}

static const char *text_of(const PGresult *result, int row, int column) {
    return PQgetisnull(result, row, column) ? "" : PQgetvalue(result, row, column);
}

static const uint8_t *bytes_of(const PGresult *result, int row, int column) {
    return (const uint8_t *)PQgetvalue(result, row, column);
}

/* ------------------------------------------------------------------------------------------------ opening */

/* The folder and the database, which have to belong together; NULL after saying why not. */
static PGconn *open_both(const struct config *config) {
    struct error error;
    if (!*config->privacy_keys) {
        (void)say(0, "[privacy] keys does not say where the keys are");
        return NULL;
    }
    if (keyring_open(config->privacy_keys, &error) != LOKET_OK) {
        (void)complain(&error);
        return NULL;
    }
    PGconn *db = PQconnectdb(config->database_job);
    char problem[FIT_PROBLEM_BYTES];
    if (PQstatus(db) != CONNECTION_OK)
        (void)fprintf(stderr, "loketd: no connection to the database ([database] job): %s", PQerrorMessage(db));
    else if (keys_fit(db, problem)) return db;
    else (void)say(0, problem);
    PQfinish(db);
    return NULL;
}

/* ----------------------------------------------------------------------------------------------- exchange */

typedef bool item_exchange(PGconn *db, const PGresult *items, int row, struct error *error);

enum { ITEM_OFFICE, ITEM_ID, ITEM_SEALED, ITEM_SHA256 };

static bool number_exchange(PGconn *db, const PGresult *items, int row, struct error *error) {
    uint8_t fresh[NUMBER_SEALED_BYTES];
    if (PQgetlength(items, row, ITEM_SEALED) != NUMBER_SEALED_BYTES ||
        number_reseal(text_of(items, row, ITEM_ID), bytes_of(items, row, ITEM_SEALED), fresh, error) != LOKET_OK)
        return false;
    struct job_parameters parameters = {.count = 0};
    job_text(&parameters, text_of(items, row, ITEM_OFFICE));
    job_text(&parameters, text_of(items, row, ITEM_ID));
    job_bytes(&parameters, bytes_of(items, row, ITEM_SEALED), NUMBER_SEALED_BYTES);
    job_bytes(&parameters, fresh, sizeof fresh);
    return job_do(db, "select api_job.number_reseal($1, $2, $3, $4)", &parameters);
}

static bool document_exchange(PGconn *db, const PGresult *items, int row, struct error *error) {
    uint8_t key[FILE_KEY_BYTES], fresh[FILE_SEALED_KEY];
    const uint8_t *sha256 = bytes_of(items, row, ITEM_SHA256);
    bool good = PQgetlength(items, row, ITEM_SEALED) == FILE_SEALED_KEY &&
                PQgetlength(items, row, ITEM_SHA256) == FILE_HASH_BYTES &&
                file_key_open(bytes_of(items, row, ITEM_SEALED), sha256, key) == SEAL_OPENED && file_key_seal(key, sha256, fresh);
    explicit_bzero(key, sizeof key);
    if (!good) {
        error_set(error, LOKET_INTERNAL, NULL, "The key of this document can't be opened: content %s",
                  text_of(items, row, ITEM_ID));
        return false;
    }
    struct job_parameters parameters = {.count = 0};
    job_text(&parameters, text_of(items, row, ITEM_OFFICE));
    job_text(&parameters, text_of(items, row, ITEM_ID));
    job_bytes(&parameters, bytes_of(items, row, ITEM_SEALED), FILE_SEALED_KEY);
    job_bytes(&parameters, fresh, sizeof fresh);
    return job_do(db, "select api_job.document_reseal($1, $2, $3, $4)", &parameters);
}

/* A chunk that is on its way in: its id is "upload content number". */
static bool arriving_exchange(PGconn *db, const PGresult *items, int row, struct error *error) {
    struct buffer plain = {.limit = FILE_CHUNK_BYTES};
    uint8_t fresh[FILE_CHUNK_BYTES + FILE_TRANSIT_MORE];
    char content[24], number[16], *rest;
    long long upload_id = strtoll(text_of(items, row, ITEM_ID), &rest, 10);
    (void)snprintf(content, sizeof content, "%lld", strtoll(rest, &rest, 10));
    uint32_t chunk = (uint32_t)strtoul(rest, NULL, 10);
    (void)snprintf(number, sizeof number, "%" PRIu32, chunk);
    bool good = file_chunk_open(upload_id, chunk, bytes_of(items, row, ITEM_SEALED), (size_t)PQgetlength(items, row, ITEM_SEALED),
                                &plain, error) == LOKET_OK &&
                file_transit_seal(upload_id, chunk, plain.data, plain.size, fresh);
    if (good) {
        struct job_parameters parameters = {.count = 0};
        job_text(&parameters, text_of(items, row, ITEM_OFFICE));
        job_text(&parameters, content);
        job_text(&parameters, number);
        job_bytes(&parameters, fresh, plain.size + FILE_TRANSIT_MORE);
        good = job_do(db, "select api_job.chunk_reseal($1, $2, $3, $4)", &parameters);
    }
    buffer_free(&plain);
    return good;
}

/* What depends on a key: how the items that have another are listed, and how one gets the current one. */
static const struct kind {
    const char *name, *list;
    item_exchange *exchange;
} kinds[] = {
    {"numbers", "select office_id::text, id, sealed, sha256 from api_job.numbers_to_reseal($1, " BATCH ")", number_exchange},
    {"documents", "select office_id::text, id, sealed, sha256 from api_job.documents_to_reseal($1, " BATCH ")", document_exchange},
    {"arriving", "select office_id::text, id, sealed, sha256 from api_job.arriving_to_reseal($1, 20)", arriving_exchange},
};

/* Gives everything of a kind the current key. The number of items, -1 when one can't be exchanged. */
static long long kind_exchange(PGconn *db, const struct kind *kind) {
    long long done = 0;
    struct error error = {.code = LOKET_OK, .message = "An item could not be exchanged"};
    for (;;) {
        char current[16];
        struct job_parameters parameters = {.count = 0};
        (void)snprintf(current, sizeof current, "%" PRIu32, keyring_current());
        job_text(&parameters, current);
        PGresult *items = job_query(db, kind->list, &parameters);
        int count = items ? PQntuples(items) : -1;
        bool good = count >= 0 && job_do(db, "begin", NULL);
        for (int i = 0; good && i < count; i++) good = kind->exchange(db, items, i, &error);
        good = good && job_do(db, "commit", NULL);
        PQclear(items);
        if (!good) {
            (void)complain(&error);
            job_leave(db);
            return -1;
        }
        if (count == 0) return done;
        done += count;
    }
}

/* ------------------------------------------------------------------------------------------------- rotate */

struct retirement {
    const char *folder;
    unsigned uses[10000];
    uint32_t retired[KEYRING_KEYS];
    size_t count;
};

static bool uses_read(PGconn *db, unsigned uses[10000]) {
    PGresult *rows = job_query(db, "select key_id::text, (numbers + documents + arriving)::text from api_job.key_uses()", NULL);
    memset(uses, 0, 10000 * sizeof uses[0]);
    for (int i = 0; rows && i < PQntuples(rows); i++)
        uses[strtoul(text_of(rows, i, 0), NULL, 10) % 10000] += (unsigned)strtoul(text_of(rows, i, 1), NULL, 10);
    PQclear(rows);
    return rows != NULL;
}

static void note_retirable(uint32_t id, enum key_state state, void *data) {
    struct retirement *retirement = data;
    if (state == KEY_OLD && retirement->uses[id % 10000] == 0) retirement->retired[retirement->count++] = id;
}

/* Every process looks at the folder once a second: after two, none of them seals with an old key any more. */
static void let_everybody_see(void) {
    struct timespec wait = {2, 100000000};
    (void)nanosleep(&wait, NULL);
}

/* Everything under the current key, and the older keys retired on which nothing depends any more. */
static int finish(PGconn *db, const struct config *config) {
    static struct retirement retirement;
    struct error error;
    long long numbers = 0, total = 0;
    let_everybody_see();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        long long items = kind_exchange(db, &kinds[i]);
        if (items < 0) return EX_UNAVAILABLE;
        total += items;
        if (i == 0) numbers = items;
    }
    if (!uses_read(db, retirement.uses)) return EX_UNAVAILABLE;
    keyring_each(note_retirable, &retirement);
    for (size_t i = 0; i < retirement.count; i++)
        if (keyring_retire(config->privacy_keys, retirement.retired[i], &error) != LOKET_OK) return complain(&error);
    printf("key %" PRIu32 " seals now: %lld numbers and %lld documents were given it, older keys retired: %zu\n", keyring_current(),
           numbers, total - numbers, retirement.count);
    return EX_OK;
}

static void count_old(uint32_t id, enum key_state state, void *data) {
    (void)id;
    *(int *)data += state == KEY_OLD;
}

/* An older key that is not retired is a rotation that was cut short: it is gone on with, without one key more. */
static int rotate(PGconn *db, const struct config *config) {
    struct error error;
    uint32_t id;
    int old = 0;
    keyring_each(count_old, &old);
    if (old == 0) {
        if (keyring_add(config->privacy_keys, &id, &error) != LOKET_OK) return complain(&error);
        if (!key_fits(db, id)) return say(EX_SOFTWARE, "the new key could not be noted in the database");
    }
    return finish(db, config);
}

/* --------------------------------------------------------------------------------------------------- seal */

/* One text with its numbers as tokens, and what is to be kept of them (an array's literal without its end). */
struct sealing {
    struct buffer text, numbers;
    size_t count;
};

/* `size` bytes that are a number become its token; anything else is copied. */
static bool piece_seal(struct sealing *sealing, const char *piece, size_t size, enum number_kind kind) {
    char copy[40], digits[NUMBER_DIGITS + 1];
    struct number_forms forms;
    bool is_number = size < sizeof copy;
    if (is_number) {
        (void)snprintf(copy, sizeof copy, "%.*s", (int)size, piece);
        is_number = number_parse(copy, kind, digits);
    }
    if (!is_number) {
        buffer_add(&sealing->text, piece, size);
        return true;
    }
    if (!number_forms_make(digits, &forms)) return false;
    buffer_text(&sealing->text, forms.token);
    buffer_byte(&sealing->numbers, sealing->numbers.size ? ',' : '{');
    buffer_text(&sealing->numbers, forms.token);
    buffer_byte(&sealing->numbers, ':');
    buffer_text(&sealing->numbers, forms.sealed);
    sealing->count++;
    return true;
}

static enum loket_error cell_seal(const char *cell, size_t size, struct buffer *out, void *data) {
    (void)out; /* it is that of `data` */
    return piece_seal(data, cell, size, NUMBER_ANY) ? LOKET_OK : LOKET_INTERNAL;
}

/* The places of rule.number_places: up to 4 a number is asked for, up to 8 any text may stand, or a table; above is JSON. */
static bool value_seal(struct sealing *sealing, int place, const char *value) {
    if (place > 8 || (place > 4 && cells_begin(value, strlen(value))))
        return cells_each(value, strlen(value), &sealing->text, cell_seal, sealing) == LOKET_OK;
    return piece_seal(sealing, value, strlen(value), place > 4 ? NUMBER_ANY : NUMBER_FIELD);
}

/* One row; 1 when it was sealed, 0 when it holds no number or changed meanwhile, -1 when the database objects. */
static int row_seal(PGconn *db, const PGresult *rows, int row, int place) {
    struct sealing sealing = {.count = 0};
    uint8_t proof[KEY_CHECK_BYTES];
    int outcome = -1;
    bool good = value_seal(&sealing, place, text_of(rows, row, 3)) && keyring_check(KEYRING_INDEX_ID, proof);
    buffer_byte(&sealing.text, 0);
    buffer_byte(&sealing.numbers, '}');
    buffer_byte(&sealing.numbers, 0);
    if (good && sealing.count == 0) outcome = 0;
    else if (good && !sealing.text.failed && !sealing.numbers.failed) {
        struct job_parameters parameters = {.count = 0};
        for (int column = 0; column < 4; column++) job_text(&parameters, text_of(rows, row, column));
        job_text(&parameters, (const char *)sealing.text.data);
        job_text(&parameters, (const char *)sealing.numbers.data);
        job_bytes(&parameters, proof, sizeof proof);
        PGresult *result = job_query(db, "select api_job.number_seal($1, $2, $3, $4, $5, $6, $7)", &parameters);
        if (result) outcome = *PQgetvalue(result, 0, 0) == 1;
        PQclear(result);
    }
    if (sealing.numbers.data) explicit_bzero(sealing.numbers.data, sealing.numbers.size);
    buffer_free(&sealing.text);
    buffer_free(&sealing.numbers);
    return outcome;
}

/* One pass over one column of one office. The number of rows that were sealed, -1 on failure. */
static long long place_seal(PGconn *db, const char *office, int place) {
    long long done = 0;
    char number[16], after[48] = "(0,0)";
    (void)snprintf(number, sizeof number, "%d", place);
    for (bool more = true; more;) {
        struct job_parameters parameters = {.count = 0};
        job_text(&parameters, office);
        job_text(&parameters, number);
        job_text(&parameters, after);
        PGresult *rows = job_query(
            db, "select office_id::text, place::text, id, value from api_job.numbers_to_seal($1, $2, $3, " BATCH ")", &parameters);
        if (!rows) return -1;
        more = PQntuples(rows) > 0;
        for (int i = 0; i < PQntuples(rows); i++) {
            int outcome = row_seal(db, rows, i, place);
            if (outcome < 0) {
                PQclear(rows);
                return -1;
            }
            done += outcome;
            (void)snprintf(after, sizeof after, "%s", text_of(rows, i, 2));
        }
        PQclear(rows);
    }
    return done;
}

static long long numbers_seal(PGconn *db) {
    long long done = 0;
    PGresult *offices = job_query(db, "select x::text from api_job.offices() x", NULL);
    for (int i = 0; offices && i < PQntuples(offices) && done >= 0; i++)
        for (int place = 1; place <= NUMBER_PLACES && done >= 0; place++) {
            long long rows = place_seal(db, text_of(offices, i, 0), place);
            done = rows < 0 ? -1 : done + rows;
        }
    bool good = offices != NULL;
    PQclear(offices);
    return good ? done : -1;
}

/* One document of before the keys, in one transaction. 1, 0 when there is none, -1 when it can't be sealed. */
static int document_seal(PGconn *db) {
    uint8_t sealed_key[FILE_SEALED_KEY];
    PGresult *piece = job_take(db, "select office_id::text, content_id::text, chunks::text, sha256 from api_job.content_to_seal() "
                                   "where content_id is not null");
    if (!piece) return 0;
    struct content_place place = {text_of(piece, 0, 0),       text_of(piece, 0, 1), NULL,
                                  atoi(text_of(piece, 0, 2)), content_seal_chunk,   NULL};
    struct content_sealing sealing = {.db = db, .place = &place};
    place.data = &sealing;
    bool good = file_key_new(sealing.key) && file_key_seal(sealing.key, bytes_of(piece, 0, 3), sealed_key) &&
                content_read_back(db, &place, NULL) == LOKET_OK;
    explicit_bzero(sealing.key, sizeof sealing.key);
    if (good) {
        struct job_parameters parameters = {.count = 0};
        job_text(&parameters, place.office_id);
        job_text(&parameters, place.content_id);
        job_bytes(&parameters, sealed_key, sizeof sealed_key);
        good = job_do(db, "select api_job.content_sealed($1, $2, $3)", &parameters) && job_do(db, "commit", NULL);
    }
    if (!good) {
        (void)fprintf(stderr, "loketd: content %s could not be sealed\n", place.content_id);
        job_leave(db);
    }
    PQclear(piece);
    return good ? 1 : -1;
}

/* What came in plain before the servers had keys. Goes over everything until a pass finds nothing. */
static int seal(PGconn *db, const struct config *config) {
    struct error error;
    long long numbers = 0, documents = 0;
    for (long long pass = -1; pass != 0; numbers += pass > 0 ? pass : 0)
        if ((pass = numbers_seal(db)) < 0) return EX_UNAVAILABLE;
    for (int one = 1; one != 0; documents += one > 0)
        if ((one = document_seal(db)) < 0) return EX_UNAVAILABLE;
    if (keyring_mark_sealed(config->privacy_keys, &error) != LOKET_OK) return complain(&error);
    printf("%lld rows and %lld documents sealed; nothing plain is left\n", numbers, documents);
    return EX_OK;
}

/* --------------------------------------------------------------------------------------------------- list */

struct listing {
    PGresult *uses;
};

static void key_print(uint32_t id, enum key_state state, void *data) {
    static const char *const states[] = {[KEY_NONE] = "", [KEY_CURRENT] = "current", [KEY_OLD] = "old", [KEY_RETIRED] = "retired"};
    const struct listing *listing = data;
    long long counts[3] = {0, 0, 0};
    for (int i = 0; i < PQntuples(listing->uses); i++) {
        if (strtoul(text_of(listing->uses, i, 0), NULL, 10) != id) continue;
        for (int column = 0; column < 3; column++) counts[column] += strtoll(text_of(listing->uses, i, column + 1), NULL, 10);
    }
    printf("%04" PRIu32 "\t%s\t%lld\t%lld\t%lld\n", id, states[state], counts[0], counts[1], counts[2]);
}

/* Keys that something needs and that are not in the folder: what a restore without its keys looks like. */
static int missing_print(const struct listing *listing) {
    int missing = 0;
    for (int i = 0; i < PQntuples(listing->uses); i++) {
        uint32_t id = (uint32_t)strtoul(text_of(listing->uses, i, 0), NULL, 10);
        if (keyring_key(id)) continue;
        printf("%04" PRIu32 "\tMISSING\t%s\t%s\t%s\n", id, text_of(listing->uses, i, 1), text_of(listing->uses, i, 2),
               text_of(listing->uses, i, 3));
        missing++;
    }
    return missing;
}

static int list(PGconn *db, const struct config *config) {
    (void)config;
    struct listing listing = {
        job_query(db, "select key_id::text, numbers::text, documents::text, arriving::text from api_job.key_uses()", NULL)};
    if (!listing.uses) return EX_UNAVAILABLE;
    printf("key\tstate\tnumbers\tdocuments\tarriving\n");
    keyring_each(key_print, &listing);
    int missing = missing_print(&listing);
    PQclear(listing.uses);
    if (!keyring_all_sealed()) printf("rows of before the keys may be plain: loketd keys seal\n");
    return missing ? say(EXIT_FAILURE, "keys are missing: what they sealed can't be opened") : EX_OK;
}

/* --------------------------------------------------------------------------------------------------- main */

static int init(const struct config *config) {
    struct error error;
    if (!*config->privacy_keys) return say(EX_CONFIG, "[privacy] keys does not say where the keys are to be");
    enum loket_error result = keyring_init(config->privacy_keys, &error);
    if (result != LOKET_OK && result != LOKET_DUPLICATE) return complain(&error);
    if (result == LOKET_DUPLICATE) printf("%s has keys already\n", config->privacy_keys);
    else printf("%s: keep a copy of it apart from the backups; what it sealed is lost without it\n", config->privacy_keys);
    return EX_OK;
}

static const struct verb {
    const char *name;
    int (*run)(PGconn *db, const struct config *config);
} verbs[] = {{"list", list}, {"seal", seal}, {"rotate", rotate}};

int keys_main(struct config *config, int argc, char **argv) {
    if (argc != 2) return EX_USAGE;
    if (strcmp(argv[1], "init") == 0) return init(config);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(argv[1], verbs[i].name) != 0) continue;
        PGconn *db = open_both(config);
        int code = db ? verbs[i].run(db, config) : EX_CONFIG;
        PQfinish(db);
        keyring_close();
        return code;
    }
    return EX_USAGE;
}
