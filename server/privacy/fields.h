/* Which fields of which messages hold an identity number or a document's bytes, and their two ways: sealed before the database sees
 * them, opened before the client does. The binder (server/db) asks here for every text and every run of bytes. */
#ifndef SERVER_PRIVACY_FIELDS_H
#define SERVER_PRIVACY_FIELDS_H

#include <loket/error.h>
#include <protobuf-c/protobuf-c.h>
#include <server/arena.h>
#include <server/buffer.h>

/* The numbers of one request: they are kept in its transaction. Begins all zero; the caller frees `list`. */
struct sealed_numbers {
    struct buffer
        list; /* a PostgreSQL array of "TOKEN:SEALED" (and ":PLAIN" while rows of before the keys may be there), without its end */
    bool only_known; /* of a request that only reads */
};

/* `*text`, a value of `field`, as it goes to the database; where that differs from what came, `*text` is changed to memory of the
 * arena. BAD_REQUEST: it passes itself off as sealed already. */
enum loket_error sealed_text(const ProtobufCFieldDescriptor *field, const char **text, struct arena *arena,
                             struct sealed_numbers *numbers, struct error *error);
/* The same for bytes; `message` is what they are a field of. */
enum loket_error sealed_bytes(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, ProtobufCBinaryData *bytes,
                              struct arena *arena, struct error *error);

/* A value of `field` as the client gets it, in `plain`. NOT_FOUND: as it is. UNAVAILABLE, INTERNAL: it can't be opened. */
enum loket_error opened_value(const ProtobufCFieldDescriptor *field, const uint8_t *value, size_t size, struct buffer *plain,
                              struct error *error);

#endif
