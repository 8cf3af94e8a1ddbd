/* The technical team: the coordinator assigns and makes the appointment, the surveyor reports, the other members sign. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tui/screen/screens.h>
#include <tui/screen/stage.h>
#include <tui/screen/typed_check.h>
#include <tui/ui/text.h>

static const char *const surveyor_fields[] = {"surveyors", "surveyor_2", "surveyor_3"};
static const char *const answers[] = {"yes", "no", "not_applicable"};
static const char *const recommendations[] = {"approve", "approve_with_conditions", "refuse"};

static void add_subject(struct stage *stage) {
    const Loket__InspectionOpenReply *n = stage->inspection;
    stage_heading(stage, n->permit_name);
    stage_show(stage, _("Location"), n->location);
    stage_show(stage, _("Telephone"), n->phone);
    for (size_t i = 0; i < n->n_fields; i++) stage_show(stage, n->fields[i]->label, stage_value(n->fields[i], n->fields[i]->value));
    stage_show(stage, _("Instruction"), n->instruction);
}

/* A day and a time of day; `code` is what the server calls the instant. */
static void add_instant(struct stage *stage, const char *code, const char *label, int64_t at, const char *standard) {
    char day[16] = "", hour[8] = "";
    time_t when = (time_t)at;
    struct tm then;
    if (at && localtime_r(&when, &then)) {
        (void)strftime(day, sizeof day, "%Y-%m-%d", &then);
        (void)strftime(hour, sizeof hour, "%H:%M", &then);
    }
    field_set(form_add(&stage->form, code, label, FIELD_DATE, true), day);
    struct field *field = form_add(&stage->form, "hour", _("   at"), FIELD_TEXT, true);
    (void)snprintf(field->type, sizeof field->type, "time");
    field_set(field, hour[0] ? hour : standard);
}

/* Who is to be sent: the first of the server's list, unless somebody is named already. */
static void on_proposal(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct stage *stage = (struct stage *)screen;
    const Loket__InspectionProposalReply *reply = (const Loket__InspectionProposalReply *)answer;
    struct field *first = form_find(&stage->form, surveyor_fields[0]);
    char id[24], at[40];
    if (error || !first || first->value[0] || !reply->n_people) return;
    const Loket__ProposalRow *person = reply->people[0];
    (void)snprintf(id, sizeof id, "%lld", (long long)person->user_id);
    text_instant(person->last_at, at, sizeof at);
    field_set(first, id);
    (void)snprintf(first->note, sizeof first->note, "%s: %s", _("proposed, last sent"), at);
    screen->app->dirty = true;
}

static void ask_proposal(struct stage *stage) {
    Loket__InspectionProposalRequest request = LOKET__INSPECTION_PROPOSAL_REQUEST__INIT;
    request.task_id = stage->task_id;
    app_ask(&stage->base, "inspection.proposal", &request.base, &loket__inspection_proposal_reply__descriptor, on_proposal);
}

static void on_staff(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct stage *stage = (struct stage *)screen;
    if (error) return;
    loket__staff_list_reply__free_unpacked(stage->staff, NULL);
    stage->staff = app_copy(reply);
    stage_rebuild(stage);
    if (!stage->inspection->n_members) ask_proposal(stage);
}

static void add_people(struct stage *stage) {
    const Loket__InspectionOpenReply *n = stage->inspection;
    for (size_t i = 0; i < sizeof surveyor_fields / sizeof surveyor_fields[0]; i++) {
        struct field *field = form_add(&stage->form, surveyor_fields[i], i ? _("   and") : _("Surveyor"), FIELD_CHOICE, i == 0);
        char id[24], label[200];
        if (i) field_choice(field, "", "-");
        for (size_t j = 0; stage->staff && j < stage->staff->n_staff; j++) {
            const Loket__StaffRow *person = stage->staff->staff[j];
            (void)snprintf(id, sizeof id, "%lld", (long long)person->user_id);
            (void)snprintf(label, sizeof label, "%s (%d)", person->name, person->open_tasks);
            field_choice(field, id, label);
        }
        if (i >= n->n_members) continue;
        (void)snprintf(id, sizeof id, "%lld", (long long)n->members[i]->user_id);
        field_set(field, id);
    }
}

static void build_assignment(struct stage *stage) {
    const Loket__InspectionOpenReply *n = stage->inspection;
    add_subject(stage);
    stage_heading(stage, _("Assignment (the number: work that each has)"));
    add_people(stage);
    field_set(form_add(&stage->form, "visit", _("Visit"), FIELD_YES_NO, false), n->visit ? "yes" : "");
    add_instant(stage, "appointment_at", _("Appointment"), n->appointment_at, "09:00");
    field_when(form_find(&stage->form, "appointment_at"), "visit", "yes");
    field_when(form_find(&stage->form, "hour"), "visit", "yes");
    struct field *field = form_add(&stage->form, "instruction", _("Instruction"), FIELD_MULTILINE, false);
    field->longest = 2000;
    field_set(field, n->instruction);
    form_add(&stage->form, "reason", _("Why again (if they met)"), FIELD_TEXT, false)->longest = 500;
    if (stage->staff) return;
    Loket__StaffListRequest request = LOKET__STAFF_LIST_REQUEST__INIT;
    request.role = (char *)"surveyor";
    app_ask(&stage->base, "staff.list", &request.base, &loket__staff_list_reply__descriptor, on_staff);
}

static void send_assignment(struct stage *stage) {
    Loket__InspectionAssignRequest request = LOKET__INSPECTION_ASSIGN_REQUEST__INIT;
    int64_t people[3];
    for (size_t i = 0; i < sizeof surveyor_fields / sizeof surveyor_fields[0]; i++) {
        int64_t person = strtoll(stage_text(stage, surveyor_fields[i]), NULL, 10);
        if (person) people[request.n_surveyors++] = person;
    }
    request.task_id = stage->task_id;
    request.version = stage->inspection->version;
    request.surveyors = people;
    request.appointment_at = typed_instant(stage_text(stage, "appointment_at"), stage_text(stage, "hour"));
    request.visit = stage_text(stage, "visit")[0] != '\0';
    request.instruction = stage_text(stage, "instruction");
    request.reason = stage_text(stage, "reason");
    stage_write(stage, "inspection.assign", &request.base);
}

static void add_checklist(struct stage *stage, bool read_only) {
    const Loket__InspectionOpenReply *n = stage->inspection;
    if (n->n_checklist) stage_heading(stage, _("Checklist"));
    for (size_t i = 0; i < n->n_checklist; i++) {
        const Loket__ChecklistRow *row = n->checklist[i];
        char code[64], note[64];
        (void)snprintf(code, sizeof code, "checklist.%s", row->code);
        (void)snprintf(note, sizeof note, "note.%s", row->code);
        struct field *field = form_add(&stage->form, code, row->question, FIELD_CHOICE, true);
        for (size_t j = 0; j < 3; j++) field_choice(field, answers[j], _(answers[j]));
        field_set(field, row->answer);
        field->read_only = read_only;
        field = form_add(&stage->form, note, _("   note"), FIELD_TEXT, false);
        field_set(field, row->note);
        field->read_only = read_only;
    }
}

static void add_findings(struct stage *stage) {
    const Loket__InspectionOpenReply *n = stage->inspection;
    stage_heading(stage, _("Report"));
    if (n->visit) add_instant(stage, "visited_at", _("Visited"), n->visited_at ? n->visited_at : n->appointment_at, "09:00");
    if (n->visit) {
        struct field *field = form_add(&stage->form, "coordinates", _("Coordinates"), FIELD_TEXT, false);
        (void)snprintf(field->note, sizeof field->note, "-5.113, 105.307");
        field_set(field, n->coordinates);
    }
    struct field *field = form_add(&stage->form, "findings", _("Findings"), FIELD_MULTILINE, true);
    field->longest = 8000;
    field_set(field, n->findings);
    field = form_add(&stage->form, "recommendation", _("Recommendation"), FIELD_CHOICE, true);
    for (size_t i = 0; i < 3; i++) field_choice(field, recommendations[i], _(recommendations[i]));
    field_set(field, n->recommendation);
    field = form_add(&stage->form, "conditions", _("Conditions"), FIELD_MULTILINE, true);
    field->longest = 4000;
    field_when(field, "recommendation", "approve_with_conditions");
    field_set(field, n->conditions);
}

static bool is_reported(const struct stage *stage) {
    return strcmp(stage->inspection->status, "reported") == 0;
}

static void build_report(struct stage *stage) {
    const Loket__InspectionOpenReply *n = stage->inspection;
    char at[48];
    add_subject(stage);
    if (n->appointment_at) {
        text_instant(n->appointment_at, at, sizeof at);
        stage_show(stage, _("Appointment"), at);
    }
    for (size_t i = 0; i < n->n_members; i++) stage_show(stage, _("Surveyor"), n->members[i]->name);
    add_checklist(stage, is_reported(stage));
    if (!is_reported(stage)) {
        add_findings(stage);
        return;
    }
    stage_heading(stage, _("Report"));
    stage_show(stage, _("Findings"), n->findings);
    stage_show(stage, _("Recommendation"), _(n->recommendation));
    stage_show(stage, _("Conditions"), n->conditions);
    form_add(&stage->form, "sign", _("I sign this report"), FIELD_YES_NO, true);
}

static void send_signature(struct stage *stage) {
    Loket__InspectionSignRequest request = LOKET__INSPECTION_SIGN_REQUEST__INIT;
    request.task_id = stage->task_id;
    request.version = stage->inspection->version;
    stage_write(stage, "inspection.sign", &request.base);
}

static void send_report(struct stage *stage) {
    Loket__InspectionReportRequest request = LOKET__INSPECTION_REPORT_REQUEST__INIT;
    const Loket__InspectionOpenReply *n = stage->inspection;
    if (is_reported(stage)) {
        send_signature(stage);
        return;
    }
    Loket__ChecklistRow *rows = calloc(n->n_checklist + 1, sizeof *rows), **list = calloc(n->n_checklist + 1, sizeof *list);
    if (!rows || !list) abort();
    for (size_t i = 0; i < n->n_checklist; i++) {
        char code[64], note[64];
        (void)snprintf(code, sizeof code, "checklist.%s", n->checklist[i]->code);
        (void)snprintf(note, sizeof note, "note.%s", n->checklist[i]->code);
        loket__checklist_row__init(&rows[i]);
        rows[i].code = n->checklist[i]->code;
        rows[i].answer = stage_text(stage, code);
        rows[i].note = stage_text(stage, note);
        list[i] = &rows[i];
    }
    request.task_id = stage->task_id;
    request.version = n->version;
    request.checklist = list;
    request.n_checklist = n->n_checklist;
    request.findings = stage_text(stage, "findings");
    request.recommendation = stage_text(stage, "recommendation");
    request.conditions = stage_text(stage, "conditions");
    request.visited_at = typed_instant(stage_text(stage, "visited_at"), stage_text(stage, "hour"));
    request.coordinates = stage_text(stage, "coordinates");
    stage_write(stage, "inspection.report", &request.base);
    free(rows);
    free(list);
}

static const struct stage_kind assignment = {
    .ops = STAGE_OPS(N_("Assignment"),
                     N_("Choose who of your department inspects, and when. The first leads and files the report; everybody "
                        "signs it.")),
    .draft = "assign",
    .build = build_assignment,
    .send = send_assignment,
};
static const struct stage_kind report = {
    .ops = STAGE_OPS(N_("Inspection report"),
                     N_("The report of the inspection (Berita Acara): the checklist, what was found, and what you "
                        "recommend. Everything typed is kept on this machine at each key: when the line is cut, log in "
                        "again and go on. A report that is sent twice is filed once.")),
    .draft = "report",
    .build = build_report,
    .send = send_report,
};

void assignment_open(struct app *app, int64_t application_id, int64_t task_id) {
    stage_open(app, &assignment, application_id, task_id, true);
}
void report_open(struct app *app, int64_t application_id, int64_t task_id) {
    stage_open(app, &report, application_id, task_id, true);
}
