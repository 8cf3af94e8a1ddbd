/* Documents in the job process. Which piece is next, and what it means for the application, is the database's
 * (sql/api/job_document.sql); here are the bytes. */
#include <openssl/evp.h>
#include <server/db/bind.h>
#include <server/doc/render.h>
#include <server/doc/signature.h>
#include <server/doc/work.h>
#include <server/job_query.h>
#include <server/log.h>
#include <server/privacy/keyring.h>
#include <server/privacy/number.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PDF_BYTES    (32u << 20)
#define STORED_BYTES (PDF_BYTES + PDF_BYTES / FILE_CHUNK_BYTES * SEAL_TAG_BYTES + FILE_CHUNK_BYTES)

struct document_work {
    const struct config *config;
    struct file_type *types;
};

struct document_work *document_work_new(const struct config *config) {
    struct document_work *work = calloc(1, sizeof *work);
    if (!work) return NULL;
    work->config = config;
    work->types = file_type_new();
    if (work->types) return work;
    document_work_free(work);
    return NULL;
}

void document_work_free(struct document_work *work) {
    if (!work) return;
    file_type_free(work->types);
    free(work);
}

/* A column as text; NULL when it is null. Binary texts end with a zero byte of libpq's. */
static const char *column(const PGresult *piece, int number) {
    return PQgetisnull(piece, 0, number) ? NULL : PQgetvalue(piece, 0, number);
}

static const uint8_t *column_bytes(const PGresult *piece, int number, size_t *size) {
    *size = (size_t)PQgetlength(piece, 0, number);
    return PQgetisnull(piece, 0, number) ? NULL : (const uint8_t *)PQgetvalue(piece, 0, number);
}

static const char *text_or_null(const char *text) {
    return text && *text ? text : NULL;
}

/* office_id and document_id, which every piece of a document begins with. */
static struct job_parameters piece_of(const PGresult *piece) {
    struct job_parameters parameters = {.count = 0};
    job_text(&parameters, column(piece, 0));
    job_text(&parameters, column(piece, 1));
    return parameters;
}

/* A file of ours as the database keeps it. */
struct stored {
    struct buffer bytes; /* sealed, where there are keys */
    uint8_t sha256[FILE_HASH_BYTES], sealed_key[FILE_SEALED_KEY];
    char size[24]; /* of the plain file */
    bool sealed;
};

static enum loket_error stored_make(const struct buffer *pdf, struct stored *stored, struct error *error) {
    (void)snprintf(stored->size, sizeof stored->size, "%zu", pdf->size);
    stored->sealed = keyring_present();
    bool good = EVP_Digest(pdf->data, pdf->size, stored->sha256, NULL, EVP_sha256(), NULL) == 1;
    if (stored->sealed) good = good && file_seal(pdf->data, pdf->size, stored->sha256, stored->sealed_key, &stored->bytes);
    else buffer_add(&stored->bytes, pdf->data, pdf->size);
    return good && !stored->bytes.failed ? LOKET_OK
                                         : error_set(error, LOKET_INTERNAL, NULL, "The document could not be sealed", NULL);
}

/* Hash, size and key: the last parameters of what stores a file. */
static void stored_add(struct job_parameters *parameters, const struct stored *stored) {
    job_bytes(parameters, stored->sha256, sizeof stored->sha256);
    job_text(parameters, stored->size);
    job_bytes(parameters, stored->sealed ? stored->sealed_key : NULL, stored->sealed ? sizeof stored->sealed_key : 0);
}

/* ------------------------------------------------------------------------------------------------ drawing */

enum {
    RENDER_KIND = 2,
    RENDER_PATH,
    RENDER_TEMPLATE,
    RENDER_ARMS,
    RENDER_SIGNER,
    RENDER_REASON,
    RENDER_PLACE,
    RENDER_KEYS,
    RENDER_VALUES
};

/* Keys and values come as two arrays of the same length. */
struct pairs {
    struct document_data *data;
    char **keys;
    size_t count, room, at;
    struct error *error;
    enum loket_error result;
    PGconn *db;
    const char *office_id;
};

static void take_key(const char *text, size_t size, void *user) {
    struct pairs *pairs = user;
    if (pairs->count == pairs->room) {
        size_t room = pairs->room ? pairs->room * 2 : 64;
        char **larger = realloc(pairs->keys, room * sizeof *larger);
        if (!larger) {
            pairs->result = error_set(pairs->error, LOKET_INTERNAL, NULL, "Out of memory", NULL);
            return;
        }
        pairs->keys = larger;
        pairs->room = room;
    }
    pairs->keys[pairs->count++] = strndup(text, size);
}

/* A number that the document prints: its sealed form is asked for and opened. */
static char *number_find(struct pairs *pairs, const char *text, size_t size) {
    struct buffer plain = {.limit = 64};
    char *token = strndup(text, size);
    struct job_parameters parameters = {.count = 0};
    job_text(&parameters, pairs->office_id);
    job_text(&parameters, token);
    PGresult *found = token ? job_query(pairs->db, "select api_job.number_sealed($1, $2)", &parameters) : NULL;
    const char *sealed = found && PQntuples(found) == 1 ? column(found, 0) : NULL;
    enum loket_error result = sealed ? number_open(sealed, strlen(sealed), &plain, pairs->error) : LOKET_NOT_FOUND;
    if (result == LOKET_NOT_FOUND) buffer_text(&plain, "-"); /* erased */
    else pairs->result = result;
    buffer_byte(&plain, 0);
    char *digits = plain.failed ? NULL : strdup((const char *)plain.data);
    buffer_free(&plain);
    PQclear(found);
    free(token);
    return digits;
}

/* A text in which the database put numbers between STX and ETX, which no text from outside has (rule.table_lines): each is opened.
 * Owned by the caller. */
static char *numbers_in(struct pairs *pairs, const char *text, size_t size) {
    struct buffer out = {.limit = DATA_TOTAL_BYTES};
    size_t at = 0;
    while (at < size && pairs->result == LOKET_OK) {
        const char *begin = memchr(text + at, '\x02', size - at);
        const char *end = begin ? memchr(begin, '\x03', size - (size_t)(begin - text)) : NULL;
        size_t until = end ? (size_t)(begin - text) : size;
        buffer_add(&out, text + at, until - at);
        at = end ? (size_t)(end - text) + 1 : size;
        char *digits = end ? number_find(pairs, begin + 1, (size_t)(end - begin) - 1) : NULL;
        if (digits) buffer_text(&out, digits);
        free(digits);
    }
    buffer_byte(&out, 0);
    char *whole = out.failed ? NULL : strdup((const char *)out.data);
    if (out.data) explicit_bzero(out.data, out.size);
    buffer_free(&out);
    return whole;
}

static char *value_open(struct pairs *pairs, const char *text, size_t size) {
    if (number_is_token(text, size)) return number_find(pairs, text, size);
    if (memchr(text, '\x02', size)) return numbers_in(pairs, text, size);
    return strndup(text, size);
}

static void take_value(const char *text, size_t size, void *user) {
    struct pairs *pairs = user;
    if (pairs->result != LOKET_OK || pairs->at >= pairs->count || !pairs->keys[pairs->at]) return;
    char *value = value_open(pairs, text, size);
    if (pairs->result != LOKET_OK) {
        free(value);
        return;
    }
    if (value) pairs->result = data_put(pairs->data, pairs->keys[pairs->at++], value, pairs->error);
    else pairs->result = error_set(pairs->error, LOKET_INTERNAL, NULL, "Out of memory", NULL);
    free(value);
}

static enum loket_error data_read(PGconn *db, const PGresult *piece, struct document_data *data, struct error *error) {
    struct pairs pairs = {.data = data, .error = error, .db = db, .office_id = column(piece, 0)};
    size_t size;
    const uint8_t *bytes = column_bytes(piece, RENDER_KEYS, &size);
    bool good = bytes && bind_each_text(bytes, size, take_key, &pairs);
    bytes = column_bytes(piece, RENDER_VALUES, &size);
    good = good && bytes && bind_each_text(bytes, size, take_value, &pairs);
    for (size_t i = 0; i < pairs.count; i++) free(pairs.keys[i]);
    free(pairs.keys);
    if (!good) return error_set(error, LOKET_INTERNAL, NULL, "What the document says can't be read", NULL);
    return pairs.result;
}

/* The PDF of a piece, and where its signature block is. */
static enum loket_error draw(PGconn *db, const PGresult *piece, struct buffer *pdf, struct document_layout *layout,
                             struct error *error) {
    size_t size;
    const char *text = column(piece, RENDER_TEMPLATE);
    struct document_assets assets = {.arms = column_bytes(piece, RENDER_ARMS, &assets.arms_size)};
    struct document_data *data = data_new();
    struct template *template = template_parse(text, strlen(text), column(piece, RENDER_PATH));
    enum loket_error result = error_set(error, LOKET_INTERNAL, NULL, "Out of memory", NULL);
    if (!data || !template) goto out;
    (void)column_bytes(piece, RENDER_ARMS, &size);
    if (template->mistake_count) {
        char where[200];
        (void)snprintf(where, sizeof where, "%.80s:%d: %.100s", template->path, template->mistakes[0].line,
                       template->mistakes[0].text);
        result = error_set(error, LOKET_INVALID, NULL, "The template is wrong: %s", where);
        goto out;
    }
    result = data_read(db, piece, data, error);
    if (result == LOKET_OK) result = document_render(template, data, &assets, pdf, layout, error);
out:
    template_free(template);
    data_free(data);
    return result;
}

/* Makes room for the signature where the block is drawn. */
static enum loket_error make_room(const PGresult *piece, struct buffer *pdf, const struct document_layout *layout, uint8_t *digest,
                                  struct error *error) {
    const struct signature_field field = {.page = (unsigned)layout->signature_page,
                                          .x = layout->signature.x,
                                          .y = layout->signature.y,
                                          .width = layout->signature.width,
                                          .height = layout->signature.height,
                                          .name = column(piece, RENDER_SIGNER),
                                          .reason = column(piece, RENDER_REASON),
                                          .location = column(piece, RENDER_PLACE),
                                          .at = time(NULL)};
    struct buffer prepared = {.limit = PDF_BYTES};
    enum loket_error result = signature_prepare(pdf, &field, &prepared, digest, error);
    if (result == LOKET_OK) {
        buffer_free(pdf);
        *pdf = prepared;
    } else buffer_free(&prepared);
    return result;
}

static bool render_failed(PGconn *db, const PGresult *piece, const struct error *error) {
    char problem[420];
    struct job_parameters parameters = piece_of(piece);
    const char *place = strstr(error->message, "%s");
    if (place)
        (void)snprintf(problem, sizeof problem, "%.*s%s%s", (int)(place - error->message), error->message, error->argument,
                       place + 2);
    else (void)snprintf(problem, sizeof problem, "%s", error->message);
    log_error("document not drawn", "document", column(piece, 1), "kind", column(piece, RENDER_KIND), "why", problem);
    job_text(&parameters, problem);
    return job_finish(db, "select api_job.render_failed($1, $2, $3)", &parameters);
}

static bool render_one(struct document_work *work, PGconn *db) {
    (void)work;
    struct buffer pdf = {.limit = PDF_BYTES};
    struct document_layout layout = {.pages = 0};
    struct stored stored = {.bytes.limit = STORED_BYTES};
    uint8_t digest[SIGNATURE_DIGEST_BYTES];
    struct error error;
    PGresult *piece =
        job_take(db, "select office_id::text, document_id::text, kind, path, template, arms, signer, reason, place, keys,"
                     " \"values\" from api_job.render_next()");
    if (!piece) return false;
    bool signs = column(piece, RENDER_SIGNER) != NULL, done;
    enum loket_error result = draw(db, piece, &pdf, &layout, &error);
    if (result == LOKET_OK && signs) result = make_room(piece, &pdf, &layout, digest, &error);
    if (result == LOKET_OK) result = stored_make(&pdf, &stored, &error);
    if (result == LOKET_OK) {
        struct job_parameters parameters = piece_of(piece);
        job_bytes(&parameters, stored.bytes.data, stored.bytes.size);
        job_bytes(&parameters, signs ? digest : NULL, signs ? sizeof digest : 0);
        stored_add(&parameters, &stored);
        done = job_finish(db, "select api_job.render_done($1, $2, $3, $4, $5, $6, $7)", &parameters);
        log_info("document drawn", "document", column(piece, 1), "kind", column(piece, RENDER_KIND));
    } else if (result == LOKET_UNAVAILABLE) { /* the keys come back, or the administrator brings them */
        log_error("document not drawn", "document", column(piece, 1), "why", error.message);
        job_leave(db);
        done = false;
    } else done = render_failed(db, piece, &error);
    buffer_free(&stored.bytes);
    PQclear(piece);
    buffer_free(&pdf);
    return done;
}

/* ----------------------------------------------------------------------------------------------- checking */

/* One chunk, opened, to whoever is to have it. */
static enum loket_error chunk_take(const struct content_place *place, int number, const PGresult *chunk, struct content *content) {
    struct buffer plain = {.limit = FILE_CHUNK_BYTES};
    struct error error;
    if (!chunk || PQntuples(chunk) != 1 || PQgetisnull(chunk, 0, 0)) return LOKET_NOT_FOUND;
    int64_t upload_id = place->upload_id ? strtoll(place->upload_id, NULL, 10) : 0;
    enum loket_error result = file_chunk_open(upload_id, (uint32_t)number, (const uint8_t *)PQgetvalue(chunk, 0, 0),
                                              (size_t)PQgetlength(chunk, 0, 0), &plain, &error);
    if (result != LOKET_OK) log_error("a chunk can't be opened", "content", place->content_id, "why", error.message);
    if (result == LOKET_OK && content) (void)content_feed(content, plain.data, plain.size);
    if (result == LOKET_OK && place->also && !place->also(number, plain.data, plain.size, place->data)) result = LOKET_NOT_FOUND;
    buffer_free(&plain);
    return result;
}

enum loket_error content_read_back(PGconn *db, const struct content_place *place, struct content *content) {
    enum loket_error result = LOKET_OK;
    for (int i = 0; i < place->chunks && result == LOKET_OK; i++) {
        char number[16];
        struct job_parameters parameters = {.count = 0};
        (void)snprintf(number, sizeof number, "%d", i);
        job_text(&parameters, place->office_id);
        job_text(&parameters, place->content_id);
        job_text(&parameters, number);
        PGresult *chunk = job_query(db, "select api_job.chunk($1, $2, $3)", &parameters);
        result = chunk_take(place, i, chunk, content);
        PQclear(chunk);
    }
    return result;
}

/* Reads the content through the checker; the verdict is whole only when this is OK. */
static enum loket_error judge(struct document_work *work, PGconn *db, const struct content_place *place,
                              struct content_verdict *verdict) {
    struct content *content = content_new(work->types);
    enum loket_error result = content ? content_read_back(db, place, content) : LOKET_NOT_FOUND;
    if (result == LOKET_OK && !content_end(content, verdict)) result = LOKET_NOT_FOUND;
    content_free(content);
    return result;
}

/* ---- what came in is given a key of its own while it is read through */

bool content_seal_chunk(int number, const void *bytes, size_t size, void *data) {
    struct content_sealing *sealing = data;
    uint8_t sealed[FILE_CHUNK_BYTES + SEAL_TAG_BYTES];
    char text[16];
    struct job_parameters parameters = {.count = 0};
    if (size > FILE_CHUNK_BYTES) return false;
    if (!file_chunk_seal(sealing->key, (uint32_t)number, number + 1 == sealing->place->chunks, bytes, size, sealed)) return false;
    (void)snprintf(text, sizeof text, "%d", number);
    job_text(&parameters, sealing->place->office_id);
    job_text(&parameters, sealing->place->content_id);
    job_text(&parameters, text);
    job_bytes(&parameters, sealed, size + SEAL_TAG_BYTES);
    return job_do(sealing->db, "select api_job.chunk_reseal($1, $2, $3, $4)", &parameters);
}

static bool check_one(struct document_work *work, PGconn *db) {
    struct content_verdict verdict;
    uint8_t sealed_key[FILE_SEALED_KEY];
    bool done = false;
    PGresult *piece =
        job_take(db, "select office_id::text, upload_id::text, content_id::text, chunks::text from api_job.check_next()");
    if (!piece) return false;
    struct content_place place = {column(piece, 0), column(piece, 2), column(piece, 1), atoi(column(piece, 3)), NULL, NULL};
    struct content_sealing sealing = {.db = db, .place = &place};
    bool seals = file_key_new(sealing.key);
    if (seals) {
        place.also = content_seal_chunk;
        place.data = &sealing;
    }
    enum loket_error read = judge(work, db, &place, &verdict);
    if (read == LOKET_INTERNAL) /* damaged on its way: it has to be sent again */
        verdict = (struct content_verdict){.problem = NULL};
    if (read == LOKET_INTERNAL || (read == LOKET_OK && (!seals || file_key_seal(sealing.key, verdict.sha256, sealed_key)))) {
        struct job_parameters parameters = piece_of(piece);
        job_bytes(&parameters, verdict.sha256, sizeof verdict.sha256);
        job_text(&parameters, verdict.media_type);
        job_text(&parameters, verdict.problem);
        job_text(&parameters, verdict.argument);
        job_bytes(&parameters, seals ? sealed_key : NULL, seals ? sizeof sealed_key : 0);
        done = job_finish(db, "select api_job.check_done($1, $2, $3, $4, $5, $6, $7)", &parameters);
        log_info("document checked", "upload", column(piece, 1), "problem", verdict.problem ? verdict.problem : "");
    } else job_leave(db);
    explicit_bzero(sealing.key, sizeof sealing.key);
    PQclear(piece);
    return done;
}

static bool recheck_one(struct document_work *work, PGconn *db) {
    struct content_verdict verdict = {.size = 0};
    size_t size;
    PGresult *piece =
        job_take(db, "select office_id::text, content_id::text, sha256, chunks::text, name from api_job.recheck_next()");
    if (!piece) return false;
    const uint8_t *sha256 = column_bytes(piece, 2, &size);
    const struct content_place place = {column(piece, 0), column(piece, 1), NULL, atoi(column(piece, 3)), NULL, NULL};
    enum loket_error read = judge(work, db, &place, &verdict);
    if (read == LOKET_UNAVAILABLE) { /* a key that is not here says nothing of the document */
        job_leave(db);
        PQclear(piece);
        return false;
    }
    bool same = read == LOKET_OK && size == sizeof verdict.sha256 && memcmp(sha256, verdict.sha256, size) == 0;
    struct job_parameters parameters = piece_of(piece);
    job_text(&parameters, same ? "t" : "f");
    if (!same) log_error("a document is damaged", "content", column(piece, 1), "document", column(piece, 4));
    bool done = job_finish(db, "select api_job.recheck_done($1, $2, $3)", &parameters);
    PQclear(piece);
    return done;
}

/* ------------------------------------------------------------------------------------------------ signing */

enum { SIGN_PREPARED = 2, SIGN_DIGEST, SIGN_CMS, SIGN_SEALED_KEY, SIGN_SHA256 };

/* The file with room for the signature, as it was drawn. */
static enum loket_error prepared_open(const PGresult *piece, struct buffer *prepared, struct error *error) {
    size_t size, key_size, hash_size;
    const uint8_t *bytes = column_bytes(piece, SIGN_PREPARED, &size), *key = column_bytes(piece, SIGN_SEALED_KEY, &key_size),
                  *sha256 = column_bytes(piece, SIGN_SHA256, &hash_size);
    enum seal_outcome outcome = SEAL_OPENED;
    if (!bytes) return error_set(error, LOKET_INTERNAL, "signature", "What was signed is not there any more", NULL);
    if (!key) buffer_add(prepared, bytes, size);
    else if (key_size != FILE_SEALED_KEY || !sha256 || hash_size != FILE_HASH_BYTES) outcome = SEAL_BROKEN;
    else outcome = file_open(bytes, size, sha256, key, prepared);
    if (outcome == SEAL_NO_KEY)
        return error_set(error, LOKET_UNAVAILABLE, NULL,
                         "The server does not have the keys of this database: tell the administrator", NULL);
    if (outcome == SEAL_OPENED && !prepared->failed) return LOKET_OK;
    return error_set(error, LOKET_INTERNAL, "signature", "What was signed is not there any more", NULL);
}

/* Checks what the head's machine sent, has it stamped where a service is set, and puts it into the file. */
static enum loket_error put_in(const struct config *config, const PGresult *piece, struct buffer *pdf,
                               struct signature_report *report, bool *stamped, struct error *error) {
    size_t digest_size, cms_size;
    const uint8_t *digest = column_bytes(piece, SIGN_DIGEST, &digest_size), *cms = column_bytes(piece, SIGN_CMS, &cms_size);
    struct buffer with_stamp = {.limit = SIGNATURE_CMS_BYTES};
    if (!digest || digest_size != SIGNATURE_DIGEST_BYTES || !cms)
        return error_set(error, LOKET_INTERNAL, "signature", "What was signed is not there any more", NULL);
    enum loket_error result = signature_check(cms, cms_size, digest, text_or_null(config->signature_trust), report, error);
    *stamped = result == LOKET_OK && text_or_null(config->timestamp);
    if (*stamped)
        result = signature_timestamp(cms, cms_size, config->timestamp, text_or_null(config->timestamp_trust), &with_stamp, error);
    if (result == LOKET_OK) result = prepared_open(piece, pdf, error);
    if (result == LOKET_OK)
        result =
            *stamped ? signature_embed(pdf, with_stamp.data, with_stamp.size, error) : signature_embed(pdf, cms, cms_size, error);
    buffer_free(&with_stamp);
    return result;
}

static size_t hex_read(const char *text, uint8_t *bytes, size_t room) {
    size_t count = 0;
    unsigned byte;
    for (; count < room && sscanf(text + 2 * count, "%2x", &byte) == 1; count++) bytes[count] = (uint8_t)byte;
    return count;
}

static bool sign_failed(PGconn *db, const PGresult *piece, const struct error *error) {
    struct job_parameters parameters = piece_of(piece);
    job_text(&parameters, error->message);
    job_text(&parameters, error->argument);
    log_warn("signature not taken", "document", column(piece, 1), "why", error->message, "what", error->argument);
    return job_finish(db,
                      error->code == LOKET_UNAVAILABLE ? "select api_job.sign_later($1, $2, $3, $4)"
                                                       : "select api_job.sign_refused($1, $2, $3, $4)",
                      &parameters);
}

static bool sign_one(struct document_work *work, PGconn *db) {
    struct buffer pdf = {.limit = PDF_BYTES};
    struct signature_report report = {.state = SIGNATURE_NONE};
    struct error error;
    uint8_t fingerprint[SIGNATURE_DIGEST_BYTES];
    bool stamped = false, done;
    PGresult *piece = job_take(
        db, "select office_id::text, document_id::text, prepared, digest, cms, sealed_key, sha256 from api_job.sign_next()");
    if (!piece) return false;
    struct stored stored = {.bytes.limit = STORED_BYTES};
    if (put_in(work->config, piece, &pdf, &report, &stamped, &error) == LOKET_OK &&
        stored_make(&pdf, &stored, &error) == LOKET_OK) {
        struct job_parameters parameters = piece_of(piece);
        job_bytes(&parameters, stored.bytes.data, stored.bytes.size);
        job_text(&parameters, report.signer);
        job_text(&parameters, report.issuer);
        job_text(&parameters, report.serial);
        job_bytes(&parameters, fingerprint, hex_read(report.fingerprint, fingerprint, sizeof fingerprint));
        job_text(&parameters, stamped ? "t" : "f");
        stored_add(&parameters, &stored);
        done = job_finish(db, "select api_job.sign_done($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", &parameters);
        log_info("document signed", "document", column(piece, 1), "signer", report.signer);
    } else done = sign_failed(db, piece, &error);
    buffer_free(&stored.bytes);
    PQclear(piece);
    buffer_free(&pdf);
    return done;
}

bool document_work_do(struct document_work *work, PGconn *db) {
    static bool (*const works[])(struct document_work *, PGconn *) = {check_one, sign_one, render_one, recheck_one};
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++)
        if (works[i](work, db)) return true;
    return false;
}
