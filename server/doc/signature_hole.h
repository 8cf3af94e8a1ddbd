/* Where a signature is in a file, and what it covers. Shared by the parts of signature.h; nobody else includes it. */
#ifndef SERVER_DOC_SIGNATURE_HOLE_H
#define SERVER_DOC_SIGNATURE_HOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hole_state {
    HOLE_NONE,  /* no /ByteRange */
    HOLE_WRONG, /* there is one, and it does not cover the whole file but one hex string */
    HOLE_FOUND,
};

/* The hex string of /Contents with its brackets: [start, end). All other bytes are signed. */
struct hole {
    size_t start, end;
};

/* By the last /ByteRange of the file. The structure around it is not read: whatever the file says, these are its bytes. */
enum hole_state hole_find(const uint8_t *data, size_t size, struct hole *hole);

/* The SHA-256 of all but the hole. */
bool hole_digest(const uint8_t *data, size_t size, const struct hole *hole, uint8_t digest[32]);

#endif
