/* A checkpoint: one signed line of text that says how large an office's tree was at a moment, and its root.
 *
 *   loket-checkpoint/1 ORIGIN SIZE TIME ROOT PREVIOUS SIGNATURE
 *
 * ORIGIN is "loket/" and the office's code, SIZE the leaves in decimal, TIME in UTC (2026-11-24T10:15:00Z), ROOT the root's 32
 * bytes, PREVIOUS the SHA-256 of the office's line before it without its line end (zeros at the first), SIGNATURE the
 * Ed25519 signature of everything before its space; the three in base64. One space between, nothing else. A line that
 * ends in " torn" was cut by a power failure while it was written, and says nothing. Links with libcrypto alone. */
#ifndef SERVER_AUDIT_NOTE_H
#define SERVER_AUDIT_NOTE_H

#include <openssl/evp.h>
#include <server/audit/tree.h>
#include <stdio.h>

#define CHECKPOINT_LINE_BYTES   512
#define CHECKPOINT_ORIGIN_BYTES 64
#define CHECKPOINT_TIME_BYTES   21
#define SIGNATURE_ED25519_BYTES 64
#define BASE64_HASH_BYTES       45 /* 44 characters and a NUL */

struct checkpoint {
    char origin[CHECKPOINT_ORIGIN_BYTES], at[CHECKPOINT_TIME_BYTES];
    uint64_t size;
    uint8_t root[TREE_HASH_BYTES], previous[TREE_HASH_BYTES], signature[SIGNATURE_ED25519_BYTES];
};

/* Reads a line (without line end). False when it is not exactly what the same checkpoint would be printed as. */
bool checkpoint_parse(struct checkpoint *checkpoint, const char *line);
/* Signs the checkpoint and prints its line. False when the key can't sign. */
bool checkpoint_sign(struct checkpoint *checkpoint, EVP_PKEY *key, char line[CHECKPOINT_LINE_BYTES]);
/* Is the line, which was parsed into `checkpoint`, signed by this key? */
bool checkpoint_signed_by(const struct checkpoint *checkpoint, const char *line, EVP_PKEY *key);
/* What the next line's PREVIOUS is. */
void checkpoint_line_hash(const char *line, uint8_t hash[TREE_HASH_BYTES]);

/* Reads the lines of one origin, in order, and checks each: its form, its signature, that it follows the one before, that the
 * tree did not shrink. `objection` is set when one does not pass. */
struct checkpoint_reader {
    FILE *file;
    EVP_PKEY *key;      /* borrowed */
    const char *origin; /* borrowed; NULL: that of the first line */
    char first_origin[CHECKPOINT_ORIGIN_BYTES];
    unsigned long long number; /* of the line */
    char line[CHECKPOINT_LINE_BYTES];
    uint8_t previous[TREE_HASH_BYTES];
    struct checkpoint checkpoint;
    const char *objection;
};
/* False with errno set when the file can't be opened. */
bool checkpoint_reader_open(struct checkpoint_reader *reader, const char *path, const char *origin, EVP_PKEY *key);
/* The next checkpoint; false at the end and when there is an objection. */
bool checkpoint_reader_next(struct checkpoint_reader *reader);
void checkpoint_reader_close(struct checkpoint_reader *reader);

/* The Ed25519 key in a PEM file; NULL when there is none or it is another kind. EVP_PKEY_free() it. */
EVP_PKEY *audit_key_private(const char *path);
EVP_PKEY *audit_key_public(const char *path);

void base64_hash(const uint8_t hash[TREE_HASH_BYTES], char text[BASE64_HASH_BYTES]);
/* Reads base64 of `length` characters. False when it is not canonical or longer than `room` bytes. */
bool base64_read(const char *text, size_t length, uint8_t *bytes, size_t room, size_t *size);
/* A decimal number without sign or leading zero. */
bool number_read(const char *text, uint64_t *number);

#endif
