/* At the counter after intake: what was returned is corrected, the result is handed over; and the archive behind it. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/intake_request.h>
#include <tui/screen/screens.h>
#include <tui/screen/stage.h>
#include <tui/screen/table_rows.h>
#include <tui/screen/typed_check.h>
#include <tui/ui/text.h>

static void add_returned_document(struct stage *stage, const Loket__RequirementRow *r) {
    char code[64];
    (void)snprintf(code, sizeof code, "requirements.%s", r->code);
    stage_show(stage, _("Refused because"), r->reason);
    struct field *field = form_add(&stage->form, code, r->name, FIELD_YES_NO, false);
    field_set(field, r->present ? "yes" : "");
    const struct {
        const char *part, *label, *value;
        enum field_kind kind;
        bool asked;
    } parts[] = {{"document_number", N_("   number"), r->document_number, FIELD_TEXT, r->needs_number},
                 {"issued_on", N_("   dated"), r->issued_on, FIELD_DATE, r->needs_number},
                 {"valid_until_on", N_("   valid until"), r->valid_until_on, FIELD_DATE, r->needs_expiry}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char part[80];
        if (!parts[i].asked) continue;
        (void)snprintf(part, sizeof part, "%.46s.%s", code, parts[i].part);
        field = form_add(&stage->form, part, _(parts[i].label), parts[i].kind, false);
        field_when(field, code, "yes");
        field_set(field, parts[i].value);
    }
}

static void build_correction(struct stage *stage) {
    const Loket__ApplicationOpenReply *a = stage->application;
    stage_heading(stage, _("What was returned; nothing else can be changed"));
    stage_show(stage, _("Note"), a->return_note);
    for (size_t i = 0; i < a->n_requirements; i++)
        if (a->requirements[i]->returned) add_returned_document(stage, a->requirements[i]);
    for (size_t i = 0; i < a->n_fields; i++) {
        const Loket__FieldRow *f = a->fields[i];
        if (!f->returned) continue;
        struct field *field = typed_add(&stage->form, "fields.", f->code, f->label, f->type, true, f->choices, f->n_choices);
        if (strcmp(f->type, "table") == 0) table_field(field, f->columns, f->n_columns, f->min_rows, f->max_rows);
        if (strcmp(f->type, "file") == 0) {
            field->read_only = true;
            (void)snprintf(field->note, sizeof field->note, "%s", _("attach it anew with F7"));
        }
        field_set(field, field->read_only ? stage_value(f, f->value) : f->value);
    }
}

static void send_correction(struct stage *stage) {
    Loket__IntakeCorrectRequest request = LOKET__INTAKE_CORRECT_REQUEST__INIT;
    struct form_values values;
    form_values_take(&values, &stage->form);
    request.application_id = stage->application_id;
    request.version = stage->application->version;
    request.fields = values.fields;
    request.n_fields = values.field_count;
    request.requirements = values.requirements;
    request.n_requirements = values.requirement_count;
    stage_write(stage, "intake.correct", &request.base);
    form_values_free(&values);
}

static void build_handover(struct stage *stage) {
    static const char *const relations[] = {"self", "family", "proxy", "employee"};
    const Loket__ApplicationOpenReply *a = stage->application;
    stage_heading(stage, a->permit_name);
    stage_show(stage, _("Outcome"), text_word(a->outcome));
    stage_show(stage, _("Number"), a->permit_number);
    stage_heading(stage, _("Handed over to"));
    struct field *field = form_add(&stage->form, "method", _("How"), FIELD_CHOICE, true);
    field_choice(field, "counter", _("counter"));
    field_choice(field, "electronic", _("electronic"));
    field_set(field, "counter");
    field = form_add(&stage->form, "relation", _("Who is it"), FIELD_CHOICE, true);
    for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++) field_choice(field, relations[i], _(relations[i]));
    field_set(field, "self");
    field_set(form_add(&stage->form, "recipient", _("Name"), FIELD_TEXT, true), a->applicant ? a->applicant->name : "");
    field = form_add(&stage->form, "recipient_nik", _("NIK (as on the ID card)"), FIELD_TEXT, true);
    (void)snprintf(field->type, sizeof field->type, "nik");
    field_when(field, "relation", "!self");
}

static void send_handover(struct stage *stage) {
    Loket__HandoverRecordRequest request = LOKET__HANDOVER_RECORD_REQUEST__INIT;
    request.application_id = stage->application_id;
    request.version = stage->application->version;
    request.recipient = stage_text(stage, "recipient");
    request.recipient_nik = stage_text(stage, "recipient_nik");
    request.relation = stage_text(stage, "relation");
    request.method = stage_text(stage, "method");
    stage_write(stage, "handover.record", &request.base);
}

static void build_archive(struct stage *stage) {
    const Loket__ApplicationOpenReply *a = stage->application;
    const struct {
        const char *code, *label, *value, *type;
    } rows[] = {{"classification", N_("Classification"), a->classification, "text"},
                {"room", N_("Room"), a->room, "text"},
                {"shelf", N_("Shelf"), a->shelf, "text"},
                {"box", N_("Box"), a->box, "text"},
                {"folder", N_("Folder"), a->folder, "text"},
                {"active_years", N_("Years active"), "2", "number"},
                {"inactive_years", N_("Years inactive"), "3", "number"}};
    stage_heading(stage, a->permit_name);
    stage_show(stage, _("Outcome"), text_word(a->outcome));
    stage_show(stage, _("Number of the permit"), a->permit_number);
    stage_heading(stage, _("Where it is kept, and how long"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        field_set(typed_add(&stage->form, "", rows[i].code, _(rows[i].label), rows[i].type, true, NULL, 0), rows[i].value);
}

static void send_archive(struct stage *stage) {
    Loket__ArchiveFileRequest request = LOKET__ARCHIVE_FILE_REQUEST__INIT;
    request.application_id = stage->application_id;
    request.version = stage->application->version;
    request.classification = stage_text(stage, "classification");
    request.room = stage_text(stage, "room");
    request.shelf = stage_text(stage, "shelf");
    request.box = stage_text(stage, "box");
    request.folder = stage_text(stage, "folder");
    request.active_years = (int32_t)strtol(stage_text(stage, "active_years"), NULL, 10);
    request.inactive_years = (int32_t)strtol(stage_text(stage, "inactive_years"), NULL, 10);
    stage_write(stage, "archive.file", &request.base);
}

static const struct stage_kind correction = {
    .ops = STAGE_OPS(N_("Correction"),
                     N_("The applicant brings what was returned. Only that can be changed; the analyst sees the old beside the "
                        "new, and the clock runs again when it is sent.")),
    .draft = "correct",
    .build = build_correction,
    .send = send_correction,
};
static const struct stage_kind handover = {
    .ops = STAGE_OPS(N_("Handover"),
                     N_("Give out the permit, or the letter of refusal. Look at the ID card; whoever comes for somebody else is "
                        "recorded with their NIK.")),
    .draft = "handover",
    .build = build_handover,
    .send = send_handover,
};
static const struct stage_kind archive = {
    .ops = STAGE_OPS(N_("Archive"),
                     N_("Classify the file, say where it is and how long it is kept (JRA, UU 43/2009). What is filed can be found "
                        "and read by anybody in the office who may, and changed by nobody.")),
    .draft = "archive",
    .build = build_archive,
    .send = send_archive,
};

void correction_open(struct app *app, int64_t application_id, int64_t task_id) {
    stage_open(app, &correction, application_id, task_id, false);
}
void handover_open(struct app *app, int64_t application_id, int64_t task_id) {
    stage_open(app, &handover, application_id, task_id, false);
}
void archive_open(struct app *app, int64_t application_id, int64_t task_id) {
    stage_open(app, &archive, application_id, task_id, false);
}
