/* What a form of "fields.X" and "requirements.X" says, as the messages of intake and correction. */
#ifndef TUI_SCREEN_INTAKE_REQUEST_H
#define TUI_SCREEN_INTAKE_REQUEST_H

#include <proto/loket.pb-c.h>
#include <tui/ui/form.h>

struct form_values {
    Loket__FieldValue **fields;
    Loket__RequirementEntry **requirements;
    size_t field_count, requirement_count;
};

/* Takes what applies and is not read-only. The texts are borrowed from the form; the rows are freed by form_values_free. */
void form_values_take(struct form_values *values, struct form *form);
void form_values_free(struct form_values *values);

struct intake_request {
    Loket__IntakeSubmitRequest message;
    Loket__Applicant applicant;
    struct form_values values;
};

void intake_request_fill(struct intake_request *request, struct form *form, const Loket__CatalogueOpenReply *type);
void intake_request_free(struct intake_request *request);

#endif
