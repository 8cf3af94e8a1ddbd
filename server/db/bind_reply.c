/* The row of an answer to the bytes of a reply, straight from PostgreSQL's binary formats (array_send, record_send in its
 * source) to protobuf's wire format, without a structure in between. Every length is checked. */
#include <arpa/inet.h>
#include <server/db/bind.h>
#include <server/privacy/fields.h>
#include <string.h>

#define DEEPEST 4 /* messages within messages */

/* Bytes that are still to be read. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

static bool take(struct bytes *bytes, size_t size, struct bytes *piece) {
    if (size > bytes->size) return false;
    *piece = (struct bytes){bytes->data, size};
    bytes->data += size;
    bytes->size -= size;
    return true;
}

static bool take_int32(struct bytes *bytes, int32_t *value) {
    struct bytes piece;
    uint32_t wire;
    if (!take(bytes, sizeof wire, &piece)) return false;
    memcpy(&wire, piece.data, sizeof wire);
    *value = (int32_t)ntohl(wire);
    return true;
}

/* A value with its length before it; *null when the length is -1. */
static bool take_value(struct bytes *bytes, struct bytes *value, bool *null) {
    int32_t length;
    if (!take_int32(bytes, &length) || length < -1) return false;
    *null = length == -1;
    *value = (struct bytes){NULL, 0};
    return *null || take(bytes, (size_t)length, value);
}

static bool read_number(struct bytes value, int64_t *number) {
    uint64_t total = 0;
    if (value.size != 1 && value.size != 4 && value.size != 8) return false;
    for (size_t i = 0; i < value.size; i++) total = total << 8 | value.data[i];
    *number = value.size == 4 ? (int64_t)(int32_t)(uint32_t)total : (int64_t)total;
    return true;
}

enum wire_type { WIRE_VARINT = 0, WIRE_BYTES = 2 };

static void write_tag(struct buffer *reply, const ProtobufCFieldDescriptor *field, enum wire_type wire) {
    buffer_varint(reply, (uint64_t)field->id << 3 | (uint64_t)wire);
}

static void write_bytes(struct buffer *reply, const ProtobufCFieldDescriptor *field, struct bytes value) {
    write_tag(reply, field, WIRE_BYTES);
    buffer_varint(reply, value.size);
    buffer_add(reply, value.data, value.size);
}

/* What was sealed on its way in is opened here; `error` says why it can't be. */
static bool write_opened(struct buffer *reply, const ProtobufCFieldDescriptor *field, struct bytes value, struct error *error) {
    struct buffer plain = {.limit = reply->limit};
    enum loket_error result = opened_value(field, value.data, value.size, &plain, error);
    if (result == LOKET_NOT_FOUND) write_bytes(reply, field, value);
    else if (result == LOKET_OK) write_bytes(reply, field, (struct bytes){plain.data, plain.size});
    if (plain.data) explicit_bzero(plain.data, plain.size);
    buffer_free(&plain);
    return result == LOKET_OK || result == LOKET_NOT_FOUND;
}

/* How deep in messages, and where to say what could not be opened. */
struct place {
    int depth;
    struct error *error;
};

static bool write_record(struct buffer *reply, const ProtobufCMessageDescriptor *descriptor, struct bytes record,
                         struct place place);

static bool write_message(struct buffer *reply, const ProtobufCFieldDescriptor *field, struct bytes value, struct place place) {
    struct buffer inner = {.limit = reply->limit};
    bool good = write_record(&inner, field->descriptor, value, (struct place){place.depth + 1, place.error}) && !inner.failed;
    if (good) write_bytes(reply, field, (struct bytes){inner.data, inner.size});
    buffer_free(&inner);
    return good;
}

static bool write_value(struct buffer *reply, const ProtobufCFieldDescriptor *field, struct bytes value, struct place place) {
    int64_t number;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES: return write_opened(reply, field, value, place.error);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_BOOL:
        if (!read_number(value, &number)) return false;
        if (number == 0 && field->label != PROTOBUF_C_LABEL_REPEATED) return true;
        write_tag(reply, field, WIRE_VARINT);
        buffer_varint(reply, (uint64_t)number);
        return true;
    case PROTOBUF_C_TYPE_MESSAGE: return write_message(reply, field, value, place);
    default: return false;
    }
}

/* Opens an array of at most one dimension; *count elements follow in `array`. */
static bool open_array(struct bytes *array, int32_t *count) {
    int32_t dimensions, flags, element_type, lower_bound;
    if (!take_int32(array, &dimensions) || !take_int32(array, &flags) || !take_int32(array, &element_type)) return false;
    *count = 0;
    if (dimensions == 0) return true;
    return dimensions == 1 && take_int32(array, count) && take_int32(array, &lower_bound) && *count >= 0;
}

static bool write_array(struct buffer *reply, const ProtobufCFieldDescriptor *field, struct bytes array, struct place place) {
    int32_t count;
    if (!open_array(&array, &count)) return false;
    for (int32_t i = 0; i < count; i++) {
        struct bytes value;
        bool null;
        if (!take_value(&array, &value, &null)) return false;
        if (!null && !write_value(reply, field, value, place)) return false;
    }
    return array.size == 0;
}

static bool write_field(struct buffer *reply, const ProtobufCFieldDescriptor *field, struct bytes value, struct place place) {
    if (field->label == PROTOBUF_C_LABEL_REPEATED) return write_array(reply, field, value, place);
    return write_value(reply, field, value, place);
}

static bool write_record(struct buffer *reply, const ProtobufCMessageDescriptor *descriptor, struct bytes record,
                         struct place place) {
    int32_t columns;
    if (place.depth > DEEPEST || !take_int32(&record, &columns) || columns != (int32_t)descriptor->n_fields) return false;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        int32_t type;
        struct bytes value;
        bool null;
        if (!take_int32(&record, &type) || !take_value(&record, &value, &null)) return false;
        if (!null && !write_field(reply, &descriptor->fields[i], value, place)) return false;
    }
    return record.size == 0;
}

enum loket_error bind_reply(const ProtobufCMessageDescriptor *descriptor, const PGresult *result, struct buffer *reply,
                            struct error *error) {
    int columns = PQnfields(result);
    if (PQntuples(result) != 1 || columns < (int)descriptor->n_fields)
        return error_set(error, LOKET_INTERNAL, NULL, "The server failed; it is in its log", descriptor->name);
    for (int i = 0; i < (int)descriptor->n_fields; i++) {
        if (PQgetisnull(result, 0, i)) continue;
        struct bytes value = {(const uint8_t *)PQgetvalue(result, 0, i), (size_t)PQgetlength(result, 0, i)};
        struct error sealed = {.code = LOKET_OK};
        if (write_field(reply, &descriptor->fields[i], value, (struct place){0, &sealed})) continue;
        if (sealed.code == LOKET_OK)
            return error_set(error, LOKET_INTERNAL, NULL, "The server failed; it is in its log", descriptor->fields[i].name);
        return error_set(error, sealed.code, sealed.field, sealed.message, descriptor->fields[i].name);
    }
    if (reply->failed) return error_set(error, LOKET_INTERNAL, NULL, "The answer is too long", NULL);
    return LOKET_OK;
}

bool bind_each_text(const uint8_t *data, size_t size, void (*each)(const char *text, size_t size, void *data), void *user) {
    struct bytes array = {data, size};
    int32_t count;
    if (!open_array(&array, &count)) return false;
    for (int32_t i = 0; i < count; i++) {
        struct bytes value;
        bool null;
        if (!take_value(&array, &value, &null)) return false;
        if (!null) each((const char *)value.data, value.size, user);
    }
    return array.size == 0;
}
