/* `loketd audit prove`, `consistency` and `export`: files that anybody can check with `loket-audit` and the public key. Each proof
 * is checked here before it is written. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <server/audit/command.h>
#include <server/audit/file.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static int say(int code, const char *what) {
    (void)fprintf(stderr, "loketd: %s\n", what);
    return code;
}

static bool print_base64(FILE *out, const char *word, const void *bytes, size_t size) {
    unsigned char *text = size < INT32_MAX / 2 ? malloc(size / 3 * 4 + 8) : NULL;
    if (!text) return false;
    (void)EVP_EncodeBlock(text, bytes, (int)size);
    bool good = fprintf(out, "%s%s\n", word, (const char *)text) > 0;
    free(text);
    return good;
}

/* The hashes of a proof, one line each, from a column that has them one after the other. */
static bool print_path(FILE *out, const PGresult *row, int column) {
    const char *hashes = PQgetvalue(row, 0, column);
    bool good = true;
    for (int at = 0; good && at < PQgetlength(row, 0, column); at += TREE_HASH_BYTES)
        good = print_base64(out, "path ", hashes + at, TREE_HASH_BYTES);
    return good;
}

/* The newest checkpoint in the file, its signature checked. */
static bool newest(const struct audit_office *office, struct checkpoint *checkpoint, char line[CHECKPOINT_LINE_BYTES]) {
    int file = open(office->config->audit_checkpoints, O_RDONLY | O_CLOEXEC);
    bool good = file >= 0 && checkpoint_file_last(file, office->origin, line) && checkpoint_parse(checkpoint, line) &&
                checkpoint_signed_by(checkpoint, line, office->key);
    if (!good) (void)fprintf(stderr, "loketd: %s: no good checkpoint\n", office->config->audit_checkpoints);
    if (file >= 0) close(file);
    return good;
}

int audit_prove(struct audit_office *office, const char *event_id) {
    enum { LEAF, BYTES, PATH };
    struct checkpoint checkpoint;
    char line[CHECKPOINT_LINE_BYTES], size[24];
    uint8_t hash[TREE_HASH_BYTES];
    uint64_t number, leaf;
    if (!number_read(event_id, &number) || number > INT64_MAX) return say(EX_USAGE, "an event is a number");
    if (!newest(office, &checkpoint, line)) return EX_NOINPUT;
    (void)snprintf(size, sizeof size, "%" PRIu64, checkpoint.size);
    const char *values[] = {office->id, event_id, size};
    PGresult *row = audit_row(office->db,
                              "select n.leaf::text, rule.event_bytes(e),"
                              "       case when n.leaf < $3::bigint then rule.join_hashes(rule.tree_inclusion($1, n.leaf, $3)) end"
                              "  from audit.event e"
                              "  left join audit.tree_node n on n.office_id = e.office_id and n.event_id = e.event_id"
                              " where e.office_id = $1 and e.event_id = $2",
                              3, values);
    int code = EX_DATAERR;
    if (!row) return code;
    if (audit_is_null(row, PATH)) {
        code = say(EX_TEMPFAIL, "no checkpoint has this event yet");
        goto out;
    }
    leaf = strtoull(audit_text(row, LEAF), NULL, 10);
    tree_leaf_hash(PQgetvalue(row, 0, BYTES), (size_t)PQgetlength(row, 0, BYTES), hash);
    if (!tree_included(hash, leaf, checkpoint.size, (const uint8_t *)PQgetvalue(row, 0, PATH),
                       (size_t)PQgetlength(row, 0, PATH) / TREE_HASH_BYTES, checkpoint.root)) {
        code = say(EXIT_FAILURE, "this event is not what was signed: loketd audit verify");
        goto out;
    }
    printf("loket-proof/1 inclusion\nevent %s\nleaf %" PRIu64 "\n", event_id, leaf);
    code = print_base64(stdout, "bytes ", PQgetvalue(row, 0, BYTES), (size_t)PQgetlength(row, 0, BYTES)) &&
                   print_path(stdout, row, PATH) && printf("checkpoint %s\n", line) > 0
               ? EX_OK
               : EX_IOERR;
out:
    PQclear(row);
    return code;
}

/* Prints the proof that `older` is a beginning of `newer`. */
static int print_consistency(const struct audit_office *office, FILE *out, const struct checkpoint *older, const char *older_line,
                             const struct checkpoint *newer, const char *newer_line) {
    char sizes[2][24];
    (void)snprintf(sizes[0], sizeof sizes[0], "%" PRIu64, older->size);
    (void)snprintf(sizes[1], sizeof sizes[1], "%" PRIu64, newer->size);
    const char *values[] = {office->id, sizes[0], sizes[1]};
    PGresult *row = audit_row(office->db, "select rule.join_hashes(rule.tree_consistency($1, $2, $3))", 3, values);
    if (!row) return EX_UNAVAILABLE;
    int code = EX_OK;
    if (!tree_consistent(older->size, newer->size, older->root, newer->root, (const uint8_t *)PQgetvalue(row, 0, 0),
                         (size_t)PQgetlength(row, 0, 0) / TREE_HASH_BYTES))
        code = say(EXIT_FAILURE, "the tree is not what was signed: loketd audit verify");
    else if (fprintf(out, "loket-proof/1 consistency\n") < 0 || !print_path(out, row, 0) ||
             fprintf(out, "older %s\ncheckpoint %s\n", older_line, newer_line) < 0)
        code = EX_IOERR;
    PQclear(row);
    return code;
}

int audit_consistency(struct audit_office *office, const char *older, const char *size) {
    uint64_t wanted[2];
    struct checkpoint found[2] = {{.size = 0}, {.size = 0}};
    char lines[2][CHECKPOINT_LINE_BYTES];
    struct checkpoint_reader reader;
    if (!number_read(older, &wanted[0]) || !number_read(size, &wanted[1]) || wanted[0] > wanted[1])
        return say(EX_USAGE, "two sizes of checkpoints are needed, the smaller one first");
    if (!checkpoint_reader_open(&reader, office->config->audit_checkpoints, office->origin, office->key))
        return say(EX_NOINPUT, strerror(errno));
    while (checkpoint_reader_next(&reader))
        for (int i = 0; i < 2; i++)
            if (reader.checkpoint.size == wanted[i]) {
                found[i] = reader.checkpoint;
                memcpy(lines[i], reader.line, sizeof lines[i]);
            }
    checkpoint_reader_close(&reader);
    if (!found[0].size || !found[1].size) return say(EX_DATAERR, "there are no good checkpoints of these sizes");
    return print_consistency(office, stdout, &found[0], lines[0], &found[1], lines[1]);
}

/* ------------------------------------------------------------------------------------------------ export */

/* A new file in the folder that only its owner reads: events hold names. */
static FILE *file_make(const char *folder, const char *name) {
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = length > 0 && (size_t)length < sizeof path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    FILE *out = file >= 0 ? fdopen(file, "w") : NULL;
    if (!out) (void)fprintf(stderr, "loketd: %s/%s: %s\n", folder, name, strerror(errno));
    if (!out && file >= 0) close(file);
    return out;
}

static bool file_end(FILE *out, bool good) {
    if (!out) return false;
    good = !ferror(out) && good;
    return fclose(out) == 0 && good;
}

static int export_events(struct audit_office *office, const char *folder, const struct checkpoint *last) {
    struct audit_stream stream;
    struct tree tree = {.size = 0};
    char size[24];
    uint8_t hash[TREE_HASH_BYTES];
    FILE *out = file_make(folder, "events");
    if (!out) return EX_CANTCREAT;
    (void)snprintf(size, sizeof size, "%" PRIu64, last->size);
    const char *values[] = {office->id, size};
    bool good = fprintf(out, "loket-events/1 %s %s\n", office->origin, size) > 0 &&
                audit_stream_open(&stream, office->db,
                                  "select rule.event_bytes(e) from audit.tree_node n"
                                  "  join audit.event e on e.office_id = n.office_id and e.event_id = n.event_id"
                                  " where n.office_id = $1 and n.leaf < $2::bigint order by n.leaf",
                                  2, values);
    for (const PGresult *row; good && (row = audit_stream_next(&stream));) {
        tree_leaf_hash(PQgetvalue(row, 0, 0), (size_t)PQgetlength(row, 0, 0), hash);
        tree_add(&tree, hash);
        good = print_base64(out, "", PQgetvalue(row, 0, 0), (size_t)PQgetlength(row, 0, 0));
    }
    audit_stream_close(&stream);
    if (!file_end(out, good && !stream.failed)) return say(EX_IOERR, "the events could not be written");
    tree_root(&tree, hash);
    if (tree.size == last->size && memcmp(hash, last->root, sizeof hash) == 0) return EX_OK;
    return say(EXIT_FAILURE, "what was exported is not what was signed: loketd audit verify");
}

/* The office's lines, and a proof from each to the next. */
static int export_checkpoints(struct audit_office *office, const char *folder) {
    struct checkpoint_reader reader;
    struct checkpoint before = {.size = 0};
    char line[CHECKPOINT_LINE_BYTES] = "";
    int code = EX_OK;
    if (!checkpoint_reader_open(&reader, office->config->audit_checkpoints, office->origin, office->key))
        return say(EX_NOINPUT, strerror(errno));
    FILE *lines = file_make(folder, "checkpoints"), *proofs = file_make(folder, "proofs");
    while (lines && proofs && code == EX_OK && checkpoint_reader_next(&reader)) {
        (void)fprintf(lines, "%s\n", reader.line);
        if (before.size) code = print_consistency(office, proofs, &before, line, &reader.checkpoint, reader.line);
        if (before.size) (void)fputc('\n', proofs);
        before = reader.checkpoint;
        memcpy(line, reader.line, sizeof line);
    }
    checkpoint_reader_close(&reader);
    if (reader.objection) code = say(EXIT_FAILURE, "a checkpoint is not what was signed: loketd audit verify");
    bool good = file_end(lines, true);
    good = file_end(proofs, true) && good;
    return code == EX_OK && !good ? EX_IOERR : code;
}

int audit_export(struct audit_office *office, const char *folder) {
    struct checkpoint checkpoint;
    char line[CHECKPOINT_LINE_BYTES];
    if (!newest(office, &checkpoint, line)) return EX_NOINPUT;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return say(EX_CANTCREAT, strerror(errno));
    int code = export_events(office, folder, &checkpoint);
    return code == EX_OK ? export_checkpoints(office, folder) : code;
}
