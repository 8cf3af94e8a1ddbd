/* From the form to the message. Nothing is checked here: the form did, and the server does again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/intake_request.h>

static void *must(void *memory) {
    if (!memory) abort();
    return memory;
}

static char *value_of(struct form *form, const char *code) {
    return (char *)form_value(form, code);
}

static char *part_of(struct form *form, const struct field *document, const char *part) {
    char code[80];
    (void)snprintf(code, sizeof code, "%s.%s", document->code, part);
    return value_of(form, code);
}

static void take_field(struct form_values *values, const struct field *field) {
    Loket__FieldValue *row = must(malloc(sizeof *row));
    loket__field_value__init(row);
    row->code = (char *)field->code + strlen("fields.");
    row->value = field->value;
    values->fields[values->field_count++] = row;
}

static void take_requirement(struct form_values *values, struct form *form, const struct field *field) {
    Loket__RequirementEntry *row = must(malloc(sizeof *row));
    loket__requirement_entry__init(row);
    row->code = (char *)field->code + strlen("requirements.");
    row->present = field->value[0] != '\0';
    row->document_number = part_of(form, field, "document_number");
    row->issued_on = part_of(form, field, "issued_on");
    row->valid_until_on = part_of(form, field, "valid_until_on");
    values->requirements[values->requirement_count++] = row;
}

void form_values_take(struct form_values *values, struct form *form) {
    *values = (struct form_values){.fields = must(calloc(form->count + 1, sizeof *values->fields)),
                                   .requirements = must(calloc(form->count + 1, sizeof *values->requirements))};
    for (size_t i = 0; i < form->count; i++) {
        const struct field *field = &form->fields[i];
        if (field->read_only || !form_applies(form, field)) continue;
        if (strncmp(field->code, "fields.", 7) == 0 && field->value[0]) take_field(values, field);
        if (strncmp(field->code, "requirements.", 13) == 0 && field->kind == FIELD_YES_NO) take_requirement(values, form, field);
    }
}

void form_values_free(struct form_values *values) {
    for (size_t i = 0; i < values->field_count; i++) free(values->fields[i]);
    for (size_t i = 0; i < values->requirement_count; i++) free(values->requirements[i]);
    free(values->fields);
    free(values->requirements);
}

void intake_request_fill(struct intake_request *request, struct form *form, const Loket__CatalogueOpenReply *type) {
    Loket__Applicant *applicant = &request->applicant;
    Loket__IntakeSubmitRequest *message = &request->message;
    loket__applicant__init(applicant);
    loket__intake_submit_request__init(message);
    const struct {
        const char *code;
        char **value;
    } texts[] = {{"applicant.kind", &applicant->kind},
                 {"applicant.nik", &applicant->nik},
                 {"applicant.npwp", &applicant->npwp},
                 {"applicant.nib", &applicant->nib},
                 {"applicant.name", &applicant->name},
                 {"applicant.responsible_name", &applicant->responsible_name},
                 {"applicant.birth_place", &applicant->birth_place},
                 {"applicant.birth_on", &applicant->birth_on},
                 {"applicant.address", &applicant->address},
                 {"applicant.region", &applicant->region},
                 {"applicant.phone", &applicant->phone},
                 {"applicant.email", &applicant->email},
                 {"kind", &message->kind},
                 {"location", &message->location},
                 {"priority", &message->priority},
                 {"previous_permit", &message->previous_permit}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) *texts[i].value = value_of(form, texts[i].code);
    message->permit_type = type->code;
    message->applicant = applicant;
    form_values_take(&request->values, form);
    message->fields = request->values.fields;
    message->n_fields = request->values.field_count;
    message->requirements = request->values.requirements;
    message->n_requirements = request->values.requirement_count;
}

void intake_request_free(struct intake_request *request) {
    form_values_free(&request->values);
}
