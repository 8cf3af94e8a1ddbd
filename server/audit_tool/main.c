/* loket-audit: checks what `loketd audit export` and `loketd audit prove` wrote, with the office's public key and nothing else: no
 * database, no network, no configuration. Whoever does not trust the office runs it. */
#include <errno.h>
#include <inttypes.h>
#include <server/audit/note.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char usage[] = "usage: loket-audit KEY.pub export FOLDER    check all events and checkpoints of an export\n"
                            "       loket-audit KEY.pub proof FILE       check a proof of one event, or between two checkpoints\n"
                            "Prints what was found; 0 when everything holds, 1 when something does not.\n";

static int refuse(const char *file, unsigned long long line, const char *why) {
    printf("%s:%llu: %s\n", file, line, why);
    return EXIT_FAILURE;
}

/* ------------------------------------------------------------------------------------------------- lines */

struct lines {
    FILE *file;
    char path[4096];
    char *text; /* of the line, without its end */
    size_t room;
    unsigned long long number;
};

static bool lines_open(struct lines *lines, const char *folder, const char *name) {
    *lines = (struct lines){0};
    (void)snprintf(lines->path, sizeof lines->path, "%s%s%s", folder, *name ? "/" : "", name);
    lines->file = fopen(lines->path, "re");
    if (!lines->file) (void)fprintf(stderr, "loket-audit: %s: %s\n", lines->path, strerror(errno));
    return lines->file != NULL;
}

/* False at the end, and at a line without an end: what was cut is not read. */
static bool lines_next(struct lines *lines) {
    ssize_t length = getline(&lines->text, &lines->room, lines->file);
    if (length < 1 || lines->text[length - 1] != '\n') return false;
    lines->text[length - 1] = '\0';
    lines->number++;
    return true;
}

static void lines_close(struct lines *lines) {
    if (lines->file) (void)fclose(lines->file);
    free(lines->text);
}

/* What follows `word` in the line; NULL when it begins otherwise. */
static const char *after(const char *line, const char *word) {
    size_t length = strlen(word);
    return strncmp(line, word, length) == 0 ? line + length : NULL;
}

/* The bytes of a base64 text, to be freed; NULL when it is none. */
static uint8_t *decode(const char *text, size_t *size) {
    size_t length = strlen(text);
    uint8_t *bytes = malloc(length + 1);
    if (bytes && base64_read(text, length, bytes, length, size)) return bytes;
    free(bytes);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------- proofs */

enum kind { NO_PROOF, INCLUSION, CONSISTENCY };

struct proof {
    enum kind kind;
    uint64_t leaf;
    bool has_leaf, has_bytes, has_older, has_checkpoint;
    uint8_t hash[TREE_HASH_BYTES]; /* of the event */
    uint8_t path[TREE_LEVELS * TREE_HASH_BYTES];
    size_t steps;
    char event[24];
    struct checkpoint older, checkpoint;
};

static bool proof_line(struct proof *proof, const char *line, EVP_PKEY *key) {
    const char *value;
    uint64_t number;
    size_t size;
    if ((value = after(line, "event "))) {
        bool good = number_read(value, &number) && !proof->event[0];
        (void)snprintf(proof->event, sizeof proof->event, "%s", value);
        return good;
    }
    if ((value = after(line, "leaf "))) return !proof->has_leaf && (proof->has_leaf = number_read(value, &proof->leaf));
    if ((value = after(line, "path ")))
        return proof->steps < TREE_LEVELS &&
               base64_read(value, strlen(value), proof->path + TREE_HASH_BYTES * proof->steps++, TREE_HASH_BYTES, &size) &&
               size == TREE_HASH_BYTES;
    if ((value = after(line, "bytes "))) {
        uint8_t *bytes = proof->has_bytes ? NULL : decode(value, &size);
        if (!bytes) return false;
        tree_leaf_hash(bytes, size, proof->hash);
        printf("event: %.*s\n", (int)size, (const char *)bytes);
        free(bytes);
        return proof->has_bytes = true;
    }
    if ((value = after(line, "older ")))
        return !proof->has_older &&
               (proof->has_older = checkpoint_parse(&proof->older, value) && checkpoint_signed_by(&proof->older, value, key));
    if ((value = after(line, "checkpoint ")))
        return !proof->has_checkpoint && (proof->has_checkpoint = checkpoint_parse(&proof->checkpoint, value) &&
                                                                  checkpoint_signed_by(&proof->checkpoint, value, key));
    return false;
}

/* Why the proof does not hold; NULL when it does. */
static const char *proof_objection(const struct proof *proof) {
    if (!proof->has_checkpoint) return "there is no checkpoint";
    if (proof->kind == INCLUSION) {
        if (!proof->has_leaf || !proof->has_bytes || !proof->event[0] || proof->has_older) return "this is not a whole proof";
        return tree_included(proof->hash, proof->leaf, proof->checkpoint.size, proof->path, proof->steps, proof->checkpoint.root)
                   ? NULL
                   : "the event is not in the tree of this checkpoint";
    }
    if (!proof->has_older || proof->has_bytes || strcmp(proof->older.origin, proof->checkpoint.origin) != 0)
        return "this is not a whole proof";
    return tree_consistent(proof->older.size, proof->checkpoint.size, proof->older.root, proof->checkpoint.root, proof->path,
                           proof->steps)
               ? NULL
               : "the older checkpoint is not a beginning of the newer one";
}

static void proof_print(const struct proof *proof) {
    const struct checkpoint *c = &proof->checkpoint;
    if (proof->kind == INCLUSION)
        printf("good: event %s is leaf %" PRIu64 " of %s, signed at %s with %" PRIu64 " events\n", proof->event, proof->leaf,
               c->origin, c->at, c->size);
    else printf("good: %s only grew from %" PRIu64 " to %" PRIu64 " events\n", c->origin, proof->older.size, c->size);
}

static enum kind proof_kind(const char *line) {
    if (strcmp(line, "loket-proof/1 inclusion") == 0) return INCLUSION;
    return strcmp(line, "loket-proof/1 consistency") == 0 ? CONSISTENCY : NO_PROOF;
}

/* Reads one proof, whose first line has been read, up to a blank line or the end. */
static const char *proof_read(struct proof *proof, struct lines *lines, EVP_PKEY *key) {
    *proof = (struct proof){.kind = proof_kind(lines->text)};
    if (proof->kind == NO_PROOF) return "this is not a proof";
    while (lines_next(lines) && *lines->text)
        if (!proof_line(proof, lines->text, key)) return "altered: this line can't be read, or its signature does not fit";
    return proof_objection(proof);
}

static int check_proofs(const char *folder, const char *name, EVP_PKEY *key, bool quiet, uint64_t *count) {
    struct lines lines;
    struct proof proof;
    const char *objection = NULL;
    if (!lines_open(&lines, folder, name)) return EX_NOINPUT;
    for (*count = 0; !objection && lines_next(&lines); ++*count) {
        objection = proof_read(&proof, &lines, key);
        if (!objection && !quiet) proof_print(&proof);
    }
    int code = objection ? refuse(lines.path, lines.number, objection) : EX_OK;
    lines_close(&lines);
    return code;
}

static int check_proof_file(EVP_PKEY *key, const char *path) {
    uint64_t count;
    int code = check_proofs(path, "", key, false, &count);
    return code == EX_OK && count == 0 ? refuse(path, 0, "there is no proof in it") : code;
}

/* ------------------------------------------------------------------------------------------------- export */

/* "loket-events/1 ORIGIN SIZE": false when it is not. */
static bool header_read(const char *line, char origin[CHECKPOINT_ORIGIN_BYTES], uint64_t *size) {
    const char *rest = after(line, "loket-events/1 "), *space = rest ? strchr(rest, ' ') : NULL;
    if (!space || space - rest >= CHECKPOINT_ORIGIN_BYTES || !number_read(space + 1, size)) return false;
    memcpy(origin, rest, (size_t)(space - rest));
    origin[space - rest] = '\0';
    return true;
}

struct export {
    struct lines events;
    struct checkpoint_reader reader;
    char checkpoints_path[4096];
    char origin[CHECKPOINT_ORIGIN_BYTES];
    struct tree tree;
    uint64_t size, checkpoints;
    bool reading;
};

static int read_checkpoint(struct export *export) {
    export->reading = checkpoint_reader_next(&export->reader);
    export->checkpoints += export->reading;
    return export->reader.objection ? refuse(export->checkpoints_path, export->reader.number, export->reader.objection) : EX_OK;
}

static int take_event(struct export *export) {
    uint8_t hash[TREE_HASH_BYTES];
    size_t size;
    uint8_t *bytes = decode(export->events.text, &size);
    if (!bytes) return refuse(export->events.path, export->events.number, "altered: this is not an event");
    tree_leaf_hash(bytes, size, hash);
    free(bytes);
    tree_add(&export->tree, hash);
    if (!export->reading || export->tree.size != export->reader.checkpoint.size) return EX_OK;
    tree_root(&export->tree, hash);
    if (memcmp(hash, export->reader.checkpoint.root, sizeof hash) != 0)
        return refuse(export->events.path, export->events.number,
                      "the events up to this line are not those that were signed: altered, deleted, inserted or reordered");
    return read_checkpoint(export);
}

static int check_events(struct export *export) {
    if (!lines_next(&export->events) || !header_read(export->events.text, export->origin, &export->size))
        return refuse(export->events.path, 1, "this is not an export");
    int code = read_checkpoint(export);
    if (code == EX_OK && !export->reading) return refuse(export->checkpoints_path, 0, "there is no checkpoint");
    while (code == EX_OK && lines_next(&export->events)) code = take_event(export);
    if (code != EX_OK) return code;
    if (export->reading) return refuse(export->events.path, export->events.number, "truncated: a checkpoint has more events");
    if (export->tree.size != export->size || !feof(export->events.file))
        return refuse(export->events.path, export->events.number, "truncated: there are fewer events than it says, or a half line");
    uint64_t signed_size = export->reader.checkpoint.size;
    return signed_size == export->size
               ? EX_OK
               : refuse(export->checkpoints_path, export->reader.number, "truncated: the last events are not signed");
}

static int check_export(EVP_PKEY *key, const char *folder) {
    struct export export = {.size = 0};
    uint64_t proofs = 0;
    int code = EX_NOINPUT;
    (void)snprintf(export.checkpoints_path, sizeof export.checkpoints_path, "%.4000s/checkpoints", folder);
    if (!lines_open(&export.events, folder, "events")) return code;
    if (checkpoint_reader_open(&export.reader, export.checkpoints_path, export.origin, key)) code = check_events(&export);
    else (void)fprintf(stderr, "loket-audit: %s: %s\n", export.checkpoints_path, strerror(errno));
    if (code == EX_OK) code = check_proofs(folder, "proofs", key, true, &proofs);
    if (code == EX_OK && proofs + 1 != export.checkpoints) code = refuse("proofs", 0, "truncated: a proof is missing");
    if (code == EX_OK)
        printf("good: %s, %" PRIu64 " events, %" PRIu64 " checkpoints up to %s\n", export.origin, export.tree.size,
               export.checkpoints, export.reader.checkpoint.at);
    checkpoint_reader_close(&export.reader);
    lines_close(&export.events);
    return code;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(EVP_PKEY *key, const char *argument);
    } verbs[] = {{"export", check_export}, {"proof", check_proof_file}};
    for (size_t i = 0; argc == 4 && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(argv[2], verbs[i].name) != 0) continue;
        EVP_PKEY *key = audit_key_public(argv[1]);
        if (!key) (void)fprintf(stderr, "loket-audit: %s: no Ed25519 public key\n", argv[1]);
        int code = key ? verbs[i].run(key, argv[3]) : EX_NOINPUT;
        EVP_PKEY_free(key);
        return code;
    }
    (void)fputs(usage, stderr);
    return EX_USAGE;
}
