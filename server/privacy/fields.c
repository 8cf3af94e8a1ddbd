/* The table of what is sealed. How is in number.c and file.c. */
#include <loket/limits.h>
#include <proto/loket.pb-c.h>
#include <server/privacy/cells.h>
#include <server/privacy/fields.h>
#include <server/privacy/file.h>
#include <server/privacy/keyring.h>
#include <server/privacy/number.h>
#include <stdio.h>
#include <string.h>

enum way { IN = 1, OUT = 2, CELLS = 4 }; /* CELLS: the value may be a table, each of whose cells may be a number */

static const struct sealed_field {
    const ProtobufCMessageDescriptor *message;
    const char *name;
    unsigned ways;
    enum number_kind kind;
} fields[] = {
    {&loket__applicant__descriptor, "nik", IN | OUT, NUMBER_FIELD},
    {&loket__applicant__descriptor, "npwp", IN | OUT, NUMBER_FIELD},
    {&loket__applicant_find_request__descriptor, "text", IN, NUMBER_FIELD},
    {&loket__search_request__descriptor, "text", IN, NUMBER_FIELD},
    {&loket__permit_list_request__descriptor, "text", IN, NUMBER_FIELD},
    {&loket__handover_record_request__descriptor, "recipient_nik", IN, NUMBER_FIELD},
    {&loket__admin_user_save_request__descriptor, "nik", IN, NUMBER_FIELD},
    {&loket__user_row__descriptor, "nik", OUT, NUMBER_FIELD},
    {&loket__field_value__descriptor, "value", IN | OUT | CELLS, NUMBER_ANY},
    {&loket__applicant_export_row__descriptor, "value", OUT | CELLS, NUMBER_ANY},
    {&loket__field_row__descriptor, "value", OUT | CELLS, NUMBER_ANY},
    {&loket__field_row__descriptor, "old_value", OUT | CELLS, NUMBER_ANY},
    {&loket__requirement_entry__descriptor, "document_number", IN | OUT, NUMBER_ANY},
    {&loket__requirement_row__descriptor, "document_number", OUT, NUMBER_ANY},
    {&loket__requirement_row__descriptor, "old_document_number", OUT, NUMBER_ANY},
};
#define FIELD_COUNT (sizeof fields / sizeof fields[0])

/* The row of a field, found by where its descriptor lies: no name is compared while requests run. */
static const struct sealed_field *row_of(const ProtobufCFieldDescriptor *field, enum way way) {
    static const ProtobufCFieldDescriptor *places[FIELD_COUNT];
    if (!places[0])
        for (size_t i = 0; i < FIELD_COUNT; i++)
            places[i] = protobuf_c_message_descriptor_get_field_by_name(fields[i].message, fields[i].name);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (places[i] == field) return fields[i].ways & way ? &fields[i] : NULL;
    return NULL;
}

/* ------------------------------------------------------------------------------------------------------ in */

/* One more number for the transaction: an element of the array's literal. None of its characters needs a quote. */
static void number_note(struct sealed_numbers *numbers, const char *token, const char *sealed, const char *digits) {
    bool rows_of_before = !keyring_all_sealed();
    if (numbers->only_known && !rows_of_before) return;
    buffer_byte(&numbers->list, numbers->list.size ? ',' : '{');
    buffer_text(&numbers->list, token);
    buffer_byte(&numbers->list, ':');
    buffer_text(&numbers->list, sealed);
    if (!rows_of_before) return;
    buffer_byte(&numbers->list, ':');
    buffer_text(&numbers->list, digits);
}

/* "TOKEN:SHAPE" of the digits, which are kept with the request. False without the keys for it. */
static bool number_seal_in(const char *digits, char *whole, size_t size, struct sealed_numbers *numbers) {
    struct number_forms forms;
    if (!number_forms_make(digits, &forms)) return false;
    (void)snprintf(whole, size, "%s:%s", forms.token, forms.shape);
    number_note(numbers, forms.token, forms.sealed, digits);
    return true;
}

#define WHOLE_BYTES (NUMBER_TOKEN_LENGTH + 1 + NUMBER_DIGITS + 1)

static enum loket_error not_sealed(struct error *error) {
    return error_set(error, LOKET_INTERNAL, NULL, "The server failed; it is in its log", "a number is not sealed");
}

struct table_in {
    const char *name;
    struct sealed_numbers *numbers;
    struct error *error;
};

static enum loket_error cell_seal(const char *cell, size_t size, struct buffer *out, void *data) {
    const struct table_in *table = data;
    char plain[CELL_BYTES], digits[NUMBER_DIGITS + 1], whole[WHOLE_BYTES];
    bool number = cell_plain(cell, size, plain);
    if (number && number_is_token(plain, strlen(plain)))
        return error_set(table->error, LOKET_BAD_REQUEST, table->name, "This is not a number", NULL);
    number = number && keyring_present() && number_parse(plain, NUMBER_ANY, digits);
    if (!number) buffer_add(out, cell, size);
    else if (number_seal_in(digits, whole, sizeof whole, table->numbers)) buffer_text(out, whole);
    else return not_sealed(table->error);
    explicit_bzero(plain, sizeof plain);
    explicit_bzero(digits, sizeof digits);
    return LOKET_OK;
}

/* A table with the numbers in its cells sealed, in the arena. */
static enum loket_error table_seal(const char *name, const char **text, struct arena *arena, struct sealed_numbers *numbers,
                                   struct error *error) {
    struct buffer out = {.limit = LIMIT_FRAME_BYTES};
    struct table_in table = {name, numbers, error};
    enum loket_error result = cells_each(*text, strlen(*text), &out, cell_seal, &table);
    buffer_byte(&out, 0);
    char *copy = result == LOKET_OK && !out.failed ? arena_take(arena, out.size) : NULL;
    if (copy) *text = memcpy(copy, out.data, out.size);
    else if (result == LOKET_OK) result = not_sealed(error);
    buffer_free(&out);
    return result;
}

enum loket_error sealed_text(const ProtobufCFieldDescriptor *field, const char **text, struct arena *arena,
                             struct sealed_numbers *numbers, struct error *error) {
    char digits[NUMBER_DIGITS + 1];
    const struct sealed_field *row = row_of(field, IN);
    if (!row) return LOKET_OK;
    if (row->ways & CELLS && cells_begin(*text, strlen(*text))) return table_seal(field->name, text, arena, numbers, error);
    if (number_is_token(*text, strlen(*text)))
        return error_set(error, LOKET_BAD_REQUEST, field->name, "This is not a number", NULL);
    if (!keyring_present() || !number_parse(*text, row->kind, digits)) return LOKET_OK;
    char *whole = arena_take(arena, WHOLE_BYTES);
    bool good = whole && number_seal_in(digits, whole, WHOLE_BYTES, numbers);
    if (good) *text = whole;
    explicit_bzero(digits, sizeof digits);
    return good ? LOKET_OK : not_sealed(error);
}

enum loket_error sealed_bytes(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, ProtobufCBinaryData *bytes,
                              struct arena *arena, struct error *error) {
    const Loket__DocumentChunkRequest *chunk = (const Loket__DocumentChunkRequest *)message;
    if (message->descriptor != &loket__document_chunk_request__descriptor || strcmp(field->name, "data") != 0) return LOKET_OK;
    if (!keyring_present() || bytes->len == 0 || bytes->len > FILE_CHUNK_BYTES) return LOKET_OK; /* too long: refused by its rule */
    uint8_t *sealed = arena_take(arena, bytes->len + FILE_TRANSIT_MORE);
    if (!sealed || !file_transit_seal(chunk->upload_id, (uint32_t)chunk->number, bytes->data, bytes->len, sealed))
        return error_set(error, LOKET_INTERNAL, NULL, "The server failed; it is in its log", "a chunk is not sealed");
    *bytes = (ProtobufCBinaryData){bytes->len + FILE_TRANSIT_MORE, sealed};
    return LOKET_OK;
}

/* ----------------------------------------------------------------------------------------------------- out */

static enum loket_error cell_open(const char *cell, size_t size, struct buffer *out, void *data) {
    enum loket_error result = number_open(cell, size, out, data);
    if (result == LOKET_NOT_FOUND) buffer_add(out, cell, size);
    return result == LOKET_NOT_FOUND ? LOKET_OK : result;
}

enum loket_error opened_value(const ProtobufCFieldDescriptor *field, const uint8_t *value, size_t size, struct buffer *plain,
                              struct error *error) {
    static const ProtobufCFieldDescriptor *chunk;
    const char *text = (const char *)value;
    if (!chunk) chunk = protobuf_c_message_descriptor_get_field_by_name(&loket__document_read_reply__descriptor, "data");
    if (field == chunk) return file_chunk_open(0, 0, value, size, plain, error);
    const struct sealed_field *row = row_of(field, OUT);
    if (!row) return LOKET_NOT_FOUND;
    if (row->ways & CELLS && cells_begin(text, size)) return cells_each(text, size, plain, cell_open, error);
    return number_open(text, size, plain, error);
}
