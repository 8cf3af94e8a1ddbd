/* Requests to parameters. The way back is in bind_reply.c. */
#include <ctype.h>
#include <loket/limits.h>
#include <server/db/bind.h>
#include <server/privacy/fields.h>
#include <stdio.h>
#include <string.h>

struct binding {
    struct arena *arena;
    struct parameters *parameters;
    struct error *error;
    struct sealed_numbers numbers;
};

static enum loket_error refuse(struct binding *binding, const char *field, const char *message) {
    return error_set(binding->error, LOKET_BAD_REQUEST, field, message, NULL);
}

static const void *member(const ProtobufCMessage *message, unsigned offset) {
    return (const char *)message + offset;
}

static size_t repeated_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    size_t count;
    memcpy(&count, member(message, field->quantifier_offset), sizeof count);
    return count;
}

static const void *pointer_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    const void *pointer;
    memcpy(&pointer, member(message, field->offset), sizeof pointer);
    return pointer;
}

static enum loket_error add(struct binding *binding, const char *value, size_t length, int format) {
    struct parameters *p = binding->parameters;
    if (p->count == BIND_PARAMETERS) return refuse(binding, NULL, "This request has too many fields");
    p->values[p->count] = value;
    p->lengths[p->count] = (int)length;
    p->formats[p->count] = format;
    p->count++;
    return LOKET_OK;
}

static enum loket_error text_check(struct binding *binding, const char *field, const char *text) {
    if (strlen(text) > LIMIT_TEXT_BYTES) return refuse(binding, field, "This is too long");
    if (!utf8_valid(text)) return refuse(binding, field, "This is not valid text (UTF-8)");
    return LOKET_OK;
}

/* Moves a finished text from the buffer into the arena and adds it. */
static enum loket_error add_buffer(struct binding *binding, struct buffer *buffer, const char *field) {
    enum loket_error result = LOKET_OK;
    buffer_byte(buffer, 0);
    char *copy = buffer->failed ? NULL : arena_take(binding->arena, buffer->size);
    if (!copy) result = refuse(binding, field, "This is too long");
    else {
        memcpy(copy, buffer->data, buffer->size);
        result = add(binding, copy, buffer->size - 1, 0);
    }
    buffer_free(buffer);
    return result;
}

static int64_t number_of(const ProtobufCFieldDescriptor *field, const void *place) {
    int32_t narrow;
    int64_t wide;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32: memcpy(&narrow, place, sizeof narrow); return narrow;
    case PROTOBUF_C_TYPE_BOOL: {
        protobuf_c_boolean truth;
        memcpy(&truth, place, sizeof truth);
        return truth;
    }
    default: memcpy(&wide, place, sizeof wide); return wide;
    }
}

static enum loket_error json_message(struct binding *binding, const ProtobufCMessage *message, struct buffer *json);

/* One value as JSON; `place` is where it lies in memory. */
static enum loket_error json_value(struct binding *binding, const ProtobufCFieldDescriptor *field, const void *place,
                                   struct buffer *json) {
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *inner;
        memcpy(&inner, place, sizeof inner);
        return json_message(binding, inner, json);
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text;
        memcpy(&text, place, sizeof text);
        enum loket_error result = text_check(binding, field->name, text);
        if (result == LOKET_OK) result = sealed_text(field, &text, binding->arena, &binding->numbers, binding->error);
        if (result == LOKET_OK) buffer_json(json, text);
        return result;
    }
    char number[24];
    int64_t value = number_of(field, place);
    if (field->type == PROTOBUF_C_TYPE_BOOL) (void)snprintf(number, sizeof number, "%s", value ? "true" : "false");
    else (void)snprintf(number, sizeof number, "%lld", (long long)value);
    buffer_text(json, number);
    return LOKET_OK;
}

static size_t element_size(const ProtobufCFieldDescriptor *field) {
    if (field->type == PROTOBUF_C_TYPE_INT32) return sizeof(int32_t);
    if (field->type == PROTOBUF_C_TYPE_INT64) return sizeof(int64_t);
    return sizeof(void *);
}

static enum loket_error json_list(struct binding *binding, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                                  struct buffer *json) {
    size_t count = repeated_count(message, field);
    if (count > LIMIT_REPEATED) return refuse(binding, field->name, "This list is too long");
    const char *elements = pointer_at(message, field);
    enum loket_error result = LOKET_OK;
    buffer_byte(json, '[');
    for (size_t i = 0; i < count && result == LOKET_OK; i++) {
        if (i) buffer_byte(json, ',');
        result = json_value(binding, field, elements + i * element_size(field), json);
    }
    buffer_byte(json, ']');
    return result;
}

static bool is_absent(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    if (field->label == PROTOBUF_C_LABEL_REPEATED) return false;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) return !pointer_at(message, field);
    if (field->type != PROTOBUF_C_TYPE_STRING) return false;
    const char *text = pointer_at(message, field);
    return !text || !*text;
}

static enum loket_error json_message(struct binding *binding, const ProtobufCMessage *message, struct buffer *json) {
    enum loket_error result = LOKET_OK;
    bool first = true;
    buffer_byte(json, '{');
    for (unsigned i = 0; i < message->descriptor->n_fields && result == LOKET_OK; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (is_absent(message, field)) continue;
        if (!first) buffer_byte(json, ',');
        first = false;
        buffer_json(json, field->name);
        buffer_byte(json, ':');
        if (field->label == PROTOBUF_C_LABEL_REPEATED) result = json_list(binding, message, field, json);
        else result = json_value(binding, field, member(message, field->offset), json);
    }
    buffer_byte(json, '}');
    return result;
}

/* A PostgreSQL array literal of texts or numbers. */
static enum loket_error add_array(struct binding *binding, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    struct buffer literal = {.limit = LIMIT_FRAME_BYTES * 2};
    size_t count = repeated_count(message, field);
    enum loket_error result = LOKET_OK;
    if (count > LIMIT_REPEATED) return refuse(binding, field->name, "This list is too long");
    const char *elements = pointer_at(message, field);
    buffer_byte(&literal, '{');
    for (size_t i = 0; i < count && result == LOKET_OK; i++) {
        if (i) buffer_byte(&literal, ',');
        const char *place = elements + i * element_size(field);
        if (field->type != PROTOBUF_C_TYPE_STRING) {
            result = json_value(binding, field, place, &literal);
            continue;
        }
        const char *text;
        memcpy(&text, place, sizeof text);
        result = text_check(binding, field->name, text);
        buffer_byte(&literal, '"');
        for (; result == LOKET_OK && *text; text++) {
            if (*text == '"' || *text == '\\') buffer_byte(&literal, '\\');
            buffer_byte(&literal, (uint8_t)*text);
        }
        buffer_byte(&literal, '"');
    }
    buffer_byte(&literal, '}');
    if (result == LOKET_OK) return add_buffer(binding, &literal, field->name);
    buffer_free(&literal);
    return result;
}

static enum loket_error add_json(struct binding *binding, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    struct buffer json = {.limit = LIMIT_FRAME_BYTES * 8};
    enum loket_error result;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) result = json_list(binding, message, field, &json);
    else {
        const ProtobufCMessage *inner = pointer_at(message, field);
        if (!inner) return add(binding, NULL, 0, 0);
        result = json_message(binding, inner, &json);
    }
    if (result == LOKET_OK) return add_buffer(binding, &json, field->name);
    buffer_free(&json);
    return result;
}

static enum loket_error add_field(struct binding *binding, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) return add_json(binding, message, field);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) return add_array(binding, message, field);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = pointer_at(message, field);
        if (!text || !*text) return add(binding, NULL, 0, 0);
        enum loket_error result = text_check(binding, field->name, text);
        if (result == LOKET_OK) result = sealed_text(field, &text, binding->arena, &binding->numbers, binding->error);
        return result == LOKET_OK ? add(binding, text, strlen(text), 0) : result;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData bytes;
        memcpy(&bytes, member(message, field->offset), sizeof bytes);
        enum loket_error result = sealed_bytes(message, field, &bytes, binding->arena, binding->error);
        if (result != LOKET_OK) return result;
        return add(binding, bytes.len ? (const char *)bytes.data : NULL, bytes.len, 1);
    }
    struct buffer number = {.limit = 32};
    (void)json_value(binding, field, member(message, field->offset), &number);
    return add_buffer(binding, &number, field->name);
}

/* The numbers that were found on the way, as one parameter more. */
static enum loket_error numbers_end(struct binding *binding, enum loket_error result) {
    struct buffer *list = &binding->numbers.list;
    if (result == LOKET_OK && list->size) {
        buffer_byte(list, '}');
        buffer_byte(list, 0);
        char *copy = list->failed ? NULL : arena_take(binding->arena, list->size);
        if (copy) memcpy(copy, list->data, list->size);
        else result = refuse(binding, NULL, "This is too long");
        binding->parameters->numbers = copy;
        binding->parameters->only_known_numbers = binding->numbers.only_known;
    }
    if (list->data) explicit_bzero(list->data, list->size);
    buffer_free(list);
    return result;
}

enum loket_error bind_request(const struct method *method, const uint8_t *body, size_t body_size, const struct caller *caller,
                              struct arena *arena, struct parameters *parameters, struct error *error) {
    struct binding binding = {
        arena, parameters, error, {.only_known = method->kind != METHOD_WRITE, .list.limit = LIMIT_FRAME_BYTES}};
    parameters->count = 0;
    parameters->numbers = NULL;
    const ProtobufCMessage *message = protobuf_c_message_unpack(method->request, &arena->allocator, body_size, body);
    if (!message) return refuse(&binding, NULL, "This is not the message of the method");
    enum loket_error result;
    if (method->kind == METHOD_PUBLIC) result = add(&binding, caller->address, strlen(caller->address), 0);
    else result = add(&binding, (const char *)caller->token, TOKEN_BYTES, 1);
    if (result == LOKET_OK && method->kind == METHOD_WRITE) {
        if (!caller->key) return error_set(error, LOKET_REQUIRED, "key", "A write needs an idempotency key of 16 bytes", NULL);
        result = add(&binding, (const char *)caller->key, IDEMPOTENCY_KEY_BYTES, 1);
    }
    for (unsigned i = 0; i < method->request->n_fields && result == LOKET_OK; i++)
        result = add_field(&binding, message, &method->request->fields[i]);
    return numbers_end(&binding, result);
}

void bind_function_name(const struct method *method, char *name, size_t size) {
    (void)snprintf(name, size, "%s", method->name);
    for (char *p = name; *p; p++)
        if (*p == '.') *p = '_';
}

void bind_type_name(const ProtobufCMessageDescriptor *descriptor, char *name, size_t size) {
    size_t used = 0;
    for (const char *p = descriptor->short_name; *p && used + 2 < size; p++) {
        if (isupper((unsigned char)*p) && p != descriptor->short_name) name[used++] = '_';
        name[used++] = (char)tolower((unsigned char)*p);
    }
    name[used] = '\0';
}

void bind_field_type(const ProtobufCFieldDescriptor *field, bool parameter, char *name, size_t size) {
    const char *base = "text";
    char composite[64];
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        if (parameter) {
            (void)snprintf(name, size, "jsonb");
            return;
        }
        (void)snprintf(composite, sizeof composite, "api.");
        bind_type_name(field->descriptor, composite + 4, sizeof composite - 4);
        base = composite;
        break;
    case PROTOBUF_C_TYPE_BOOL: base = "boolean"; break;
    case PROTOBUF_C_TYPE_INT32: base = "integer"; break;
    case PROTOBUF_C_TYPE_INT64: base = "bigint"; break;
    case PROTOBUF_C_TYPE_DOUBLE: base = "double precision"; break;
    case PROTOBUF_C_TYPE_BYTES: base = "bytea"; break;
    default: break;
    }
    (void)snprintf(name, size, "%s%s", base, field->label == PROTOBUF_C_LABEL_REPEATED ? "[]" : "");
}
