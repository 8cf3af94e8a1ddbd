/* Checkpoints as lines of text: printed, read, signed, checked. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/pem.h>
#include <server/audit/note.h>
#include <stdlib.h>
#include <string.h>

#define MARK "loket-checkpoint/1"
#define TORN " torn"

void base64_hash(const uint8_t hash[TREE_HASH_BYTES], char text[BASE64_HASH_BYTES]) {
    (void)EVP_EncodeBlock((unsigned char *)text, hash, TREE_HASH_BYTES);
}

bool base64_read(const char *text, size_t length, uint8_t *bytes, size_t room, size_t *size) {
    size_t padding = 0, decoded = length / 4 * 3;
    if (length % 4 != 0 || length > INT32_MAX) return false;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=') padding++;
    *size = decoded - padding;
    uint8_t *work = malloc(decoded + 1);
    unsigned char *again = malloc(length + 1);
    bool good = work && again && *size <= room && EVP_DecodeBlock(work, (const unsigned char *)text, (int)length) == (int)decoded;
    /* encoded again it must be the same: spaces and stray bits are refused */
    good = good && EVP_EncodeBlock(again, work, (int)*size) == (int)length && memcmp(again, text, length) == 0;
    if (good) memcpy(bytes, work, *size);
    free(work);
    free(again);
    return good;
}

bool number_read(const char *text, uint64_t *number) {
    char *end = NULL;
    if (!isdigit((unsigned char)text[0]) || (text[0] == '0' && text[1])) return false;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

/* The line but its signature. */
static bool print_body(const struct checkpoint *checkpoint, char *line, size_t size) {
    char root[BASE64_HASH_BYTES], previous[BASE64_HASH_BYTES];
    base64_hash(checkpoint->root, root);
    base64_hash(checkpoint->previous, previous);
    int length =
        snprintf(line, size, MARK " %s %" PRIu64 " %s %s %s", checkpoint->origin, checkpoint->size, checkpoint->at, root, previous);
    return length > 0 && (size_t)length < size;
}

static bool print_line(const struct checkpoint *checkpoint, char line[CHECKPOINT_LINE_BYTES]) {
    char signature[SIGNATURE_ED25519_BYTES / 3 * 4 + 8];
    size_t length;
    if (!print_body(checkpoint, line, CHECKPOINT_LINE_BYTES)) return false;
    length = strlen(line);
    (void)EVP_EncodeBlock((unsigned char *)signature, checkpoint->signature, SIGNATURE_ED25519_BYTES);
    int more = snprintf(line + length, CHECKPOINT_LINE_BYTES - length, " %s", signature);
    return more > 0 && (size_t)more < CHECKPOINT_LINE_BYTES - length;
}

static bool read_bytes(const char *word, uint8_t *bytes, size_t wanted) {
    size_t size;
    return base64_read(word, strlen(word), bytes, wanted, &size) && size == wanted;
}

bool checkpoint_parse(struct checkpoint *checkpoint, const char *line) {
    enum { WORD_MARK, WORD_ORIGIN, WORD_SIZE, WORD_AT, WORD_ROOT, WORD_PREVIOUS, WORD_SIGNATURE, WORDS };
    char copy[CHECKPOINT_LINE_BYTES], again[CHECKPOINT_LINE_BYTES], *words[WORDS], *rest = copy;
    *checkpoint = (struct checkpoint){0};
    if (strlen(line) >= sizeof copy) return false;
    memcpy(copy, line, strlen(line) + 1);
    for (int i = 0; i < WORDS; i++)
        if (!(words[i] = strsep(&rest, " "))) return false;
    if (strlen(words[WORD_ORIGIN]) >= sizeof checkpoint->origin || strlen(words[WORD_AT]) >= sizeof checkpoint->at) return false;
    memcpy(checkpoint->origin, words[WORD_ORIGIN], strlen(words[WORD_ORIGIN]) + 1);
    memcpy(checkpoint->at, words[WORD_AT], strlen(words[WORD_AT]) + 1);
    return number_read(words[WORD_SIZE], &checkpoint->size) && read_bytes(words[WORD_ROOT], checkpoint->root, TREE_HASH_BYTES) &&
           read_bytes(words[WORD_PREVIOUS], checkpoint->previous, TREE_HASH_BYTES) &&
           read_bytes(words[WORD_SIGNATURE], checkpoint->signature, SIGNATURE_ED25519_BYTES) && print_line(checkpoint, again) &&
           strcmp(line, again) == 0;
}

bool checkpoint_sign(struct checkpoint *checkpoint, EVP_PKEY *key, char line[CHECKPOINT_LINE_BYTES]) {
    size_t size = SIGNATURE_ED25519_BYTES;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && print_body(checkpoint, line, CHECKPOINT_LINE_BYTES) &&
                EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(context, checkpoint->signature, &size, (const unsigned char *)line, strlen(line)) == 1 &&
                size == SIGNATURE_ED25519_BYTES && print_line(checkpoint, line);
    EVP_MD_CTX_free(context);
    return good;
}

bool checkpoint_signed_by(const struct checkpoint *checkpoint, const char *line, EVP_PKEY *key) {
    const char *end = strrchr(line, ' ');
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && end && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, checkpoint->signature, SIGNATURE_ED25519_BYTES, (const unsigned char *)line,
                                 (size_t)(end - line)) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

void checkpoint_line_hash(const char *line, uint8_t hash[TREE_HASH_BYTES]) {
    tree_digest(line, strlen(line), NULL, 0, hash);
}

bool checkpoint_reader_open(struct checkpoint_reader *reader, const char *path, const char *origin, EVP_PKEY *key) {
    *reader = (struct checkpoint_reader){.file = fopen(path, "re"), .key = key, .origin = origin};
    return reader->file != NULL;
}

void checkpoint_reader_close(struct checkpoint_reader *reader) {
    if (reader->file) (void)fclose(reader->file);
    reader->file = NULL;
}

/* The next line without its end; false at the end of the file, or with an objection. */
static bool read_line(struct checkpoint_reader *reader) {
    if (!fgets(reader->line, sizeof reader->line, reader->file)) {
        if (ferror(reader->file)) reader->objection = "can't be read";
        return false;
    }
    reader->number++;
    size_t length = strlen(reader->line);
    if (length == 0 || reader->line[length - 1] != '\n') {
        reader->objection = "altered: it has no end";
        return false;
    }
    reader->line[length - 1] = '\0';
    return true;
}

static bool is_torn(const char *line) {
    size_t length = strlen(line), end = sizeof TORN - 1;
    return length >= end && strcmp(line + length - end, TORN) == 0;
}

static const char *line_objection(const struct checkpoint_reader *reader, const struct checkpoint *before) {
    const struct checkpoint *now = &reader->checkpoint;
    if (!checkpoint_signed_by(now, reader->line, reader->key)) return "altered: its signature does not fit";
    if (memcmp(now->previous, reader->previous, TREE_HASH_BYTES) != 0)
        return "a line before it was deleted, or they were reordered";
    if (now->size <= before->size) return "reordered: the tree can't have shrunk";
    return strcmp(now->at, before->at) < 0 ? "reordered: it is older than the line before" : NULL;
}

bool checkpoint_reader_next(struct checkpoint_reader *reader) {
    struct checkpoint before = reader->checkpoint;
    while (read_line(reader)) {
        if (is_torn(reader->line)) continue;
        if (!checkpoint_parse(&reader->checkpoint, reader->line)) {
            reader->objection = "altered: it is no checkpoint";
            return false;
        }
        if (!reader->origin) {
            memcpy(reader->first_origin, reader->checkpoint.origin, sizeof reader->first_origin);
            reader->origin = reader->first_origin;
        }
        if (strcmp(reader->checkpoint.origin, reader->origin) != 0) continue;
        reader->objection = line_objection(reader, &before);
        checkpoint_line_hash(reader->line, reader->previous);
        return reader->objection == NULL;
    }
    return false;
}

static EVP_PKEY *key_read(const char *path, EVP_PKEY *(*read)(FILE *, EVP_PKEY **, pem_password_cb *, void *)) {
    FILE *file = fopen(path, "re");
    EVP_PKEY *key = file ? read(file, NULL, NULL, NULL) : NULL;
    if (file) (void)fclose(file);
    if (!key || EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) return key;
    EVP_PKEY_free(key);
    return NULL;
}

EVP_PKEY *audit_key_private(const char *path) {
    return key_read(path, PEM_read_PrivateKey);
}

EVP_PKEY *audit_key_public(const char *path) {
    return key_read(path, PEM_read_PUBKEY);
}
