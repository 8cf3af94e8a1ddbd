/* The table of what is sealed. How is in number.c and file.c. */
#include <proto/loket.pb-c.h>
#include <server/privacy/fields.h>
#include <server/privacy/file.h>
#include <server/privacy/keyring.h>
#include <server/privacy/number.h>
#include <stdio.h>
#include <string.h>

enum way { IN = 1, OUT = 2 };

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
    {&loket__field_value__descriptor, "value", IN | OUT, NUMBER_ANY},
    {&loket__applicant_export_row__descriptor, "value", OUT, NUMBER_ANY},
    {&loket__field_row__descriptor, "value", OUT, NUMBER_ANY},
    {&loket__field_row__descriptor, "old_value", OUT, NUMBER_ANY},
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

enum loket_error sealed_text(const ProtobufCFieldDescriptor *field, const char **text, struct arena *arena,
                             struct sealed_numbers *numbers, struct error *error) {
    char digits[NUMBER_DIGITS + 1];
    struct number_forms forms;
    const size_t size = NUMBER_TOKEN_LENGTH + 1 + NUMBER_DIGITS + 1;
    const struct sealed_field *row = row_of(field, IN);
    if (!row) return LOKET_OK;
    if (number_is_token(*text, strlen(*text)))
        return error_set(error, LOKET_BAD_REQUEST, field->name, "This is not a number", NULL);
    if (!keyring_present() || !number_parse(*text, row->kind, digits)) return LOKET_OK;
    char *whole = arena_take(arena, size);
    bool good = whole && number_forms_make(digits, &forms);
    if (good) {
        (void)snprintf(whole, size, "%s:%s", forms.token, forms.shape);
        number_note(numbers, forms.token, forms.sealed, digits);
        *text = whole;
    }
    explicit_bzero(digits, sizeof digits);
    return good ? LOKET_OK
                : error_set(error, LOKET_INTERNAL, NULL, "The server failed; it is in its log", "a number is not sealed");
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

enum loket_error opened_value(const ProtobufCFieldDescriptor *field, const uint8_t *value, size_t size, struct buffer *plain,
                              struct error *error) {
    static const ProtobufCFieldDescriptor *chunk;
    if (!chunk) chunk = protobuf_c_message_descriptor_get_field_by_name(&loket__document_read_reply__descriptor, "data");
    if (field == chunk) return file_chunk_open(0, 0, value, size, plain, error);
    return row_of(field, OUT) ? number_open((const char *)value, size, plain, error) : LOKET_NOT_FOUND;
}
