/* Between a protobuf message and a PostgreSQL function: the request's fields become the parameters, the row of the
 * answer becomes the reply's bytes. How is in proto/README.md ("From message to database"). No SQL and no connection here. */
#ifndef SERVER_DB_BIND_H
#define SERVER_DB_BIND_H

#include <libpq-fe.h>
#include <loket/error.h>
#include <server/api/method.h>
#include <server/arena.h>
#include <server/buffer.h>

#define BIND_PARAMETERS 40

struct parameters {
    int count;
    const char *values[BIND_PARAMETERS]; /* in the arena, or borrowed from the caller */
    int lengths[BIND_PARAMETERS];
    int formats[BIND_PARAMETERS]; /* 1: binary */
    const char *numbers;          /* to be kept first, in the same transaction (server/privacy/fields.h); NULL none */
    bool only_known_numbers;
};

/* Who sends the request; all borrowed until the parameters are sent. */
struct caller {
    const uint8_t *token; /* TOKEN_BYTES, or NULL */
    const uint8_t *key;   /* IDEMPOTENCY_KEY_BYTES, or NULL */
    const char *address;
};

/* Unpacks `body` as the method's request into the arena and fills `parameters`. BAD_REQUEST when it is not the message, when
 * a text is not UTF-8 or a limit is passed (the field is named); REQUIRED when a write has no key. */
enum loket_error bind_request(const struct method *method, const uint8_t *body, size_t body_size, const struct caller *caller,
                              struct arena *arena, struct parameters *parameters, struct error *error);

/* Writes row 0 of `result` (binary) to `reply` as the packed message of `descriptor`. LOKET_INTERNAL when the row does not have the
 * message's shape. */
enum loket_error bind_reply(const ProtobufCMessageDescriptor *descriptor, const PGresult *result, struct buffer *reply,
                            struct error *error);

/* One element of PostgreSQL's binary array of text, handed to `each`. False when the bytes are not such an array. */
bool bind_each_text(const uint8_t *data, size_t size, void (*each)(const char *text, size_t size, void *data), void *user);

/* The function of a method: "intake.submit" is intake_submit. */
void bind_function_name(const struct method *method, char *name, size_t size);

/* "SessionReply" is session_reply: the composite type of a message. */
void bind_type_name(const ProtobufCMessageDescriptor *descriptor, char *name, size_t size);

/* PostgreSQL's name for the type of a field, as parameter or as attribute ("text[]", "api.queue_row[]", "jsonb"). */
void bind_field_type(const ProtobufCFieldDescriptor *field, bool parameter, char *name, size_t size);

#endif
