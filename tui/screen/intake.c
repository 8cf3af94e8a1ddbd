/* Intake: applicant, permit, the permit's own form and its documents on one form, made from the catalogue. */
#include <curses.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tui/entry/draft.h>
#include <tui/entry/identity_number.h>
#include <tui/screen/intake_request.h>
#include <tui/screen/picker.h>
#include <tui/screen/receipt.h>
#include <tui/screen/screens.h>
#include <tui/screen/table_rows.h>
#include <tui/screen/typed_check.h>
#include <tui/ui/form.h>
#include <tui/ui/text.h>

enum { ACTION_FIND = ACTION_OWN, ACTION_ALL_THERE, ACTION_CLEAR };

struct intake_screen {
    struct screen base;
    struct form form;
    Loket__CatalogueListReply *permits; /* owned */
    Loket__CatalogueOpenReply *type;    /* owned; NULL until a permit is chosen */
    char asked_type[40], found[40];     /* what was asked for, so that it is asked once */
    uint8_t key[IDEMPOTENCY_KEY_BYTES];
    bool drafted;     /* the draft was looked for */
    char renews[128]; /* the permit that is renewed; "" a new application */
    int64_t beside;   /* the application of the same visit; 0: none */
    char beside_pin[8], beside_draft[32];
    struct draft typed;                   /* owned; what was typed of a further permit before a line fell */
    Loket__IntakeRenewalOfReply *renewal; /* owned; what it begins with */
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("register"), N_("register the application, or see what is missing")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("choose the permit or the next choice of a coded field")},
    {ACTION_FIND, "find_applicant", "F7 ^F", N_("find"), N_("find a known applicant by the name that is typed")},
    {ACTION_ALL_THERE, "all_there", "F9 ^G", N_("all there"), N_("every required document is there")},
    {ACTION_CLEAR, "clear", "^X", NULL, N_("begin anew: throw the draft away")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back; what was typed is kept as a draft")},
    {0, NULL, NULL, NULL, NULL},
};

static const char *user_of(const struct intake_screen *self) {
    return self->base.app->session.username;
}

/* A renewal, or a further permit, does not take the place of an application that was begun. */
static const char *draft_name(const struct intake_screen *self) {
    if (self->beside) return self->beside_draft;
    return self->renews[0] ? "renewal" : "intake";
}

static void keep_draft(struct intake_screen *self) {
    struct draft draft = {0};
    memcpy(draft.key, self->key, sizeof draft.key);
    for (size_t i = 0; i < self->form.count; i++)
        if (self->form.fields[i].value[0]) draft_put(&draft, self->form.fields[i].code, self->form.fields[i].value);
    if (!draft_save(user_of(self), draft_name(self), &draft))
        app_complain(self->base.app, N_("The draft can't be kept: %s"), strerror(errno));
    draft_free(&draft);
}

static void take_draft(struct intake_screen *self) {
    struct draft draft;
    if (!draft_load(user_of(self), draft_name(self), &draft)) return;
    memcpy(self->key, draft.key, sizeof self->key);
    for (size_t i = 0; i < draft.count; i++) {
        struct field *field = form_find(&self->form, draft.values[i].code);
        if (field && !field->value[0]) field_set(field, draft.values[i].value);
    }
    draft_free(&draft);
    self->base.unsaved = true;
    app_say(self->base.app, N_("Your draft is here again (Ctrl-X begins anew)"), NULL);
}

static void add_permit(struct intake_screen *self) {
    struct form *form = &self->form;
    form_add(form, "", _("Permit"), FIELD_HEADING, false);
    struct field *permit = form_add(form, "permit_type", _("Permit (code or part of the name)"), FIELD_CODED, true);
    for (size_t i = 0; self->permits && i < self->permits->n_permit_types; i++)
        if (strcmp(self->permits->permit_types[i]->source, "counter") == 0)
            field_choice(permit, self->permits->permit_types[i]->code, self->permits->permit_types[i]->name);
    if (!self->type) return;
    struct field *kind = form_add(form, "kind", _("Kind"), FIELD_CHOICE, true);
    for (size_t i = 0; i < self->type->n_kinds; i++) field_choice(kind, self->type->kinds[i], text_word(self->type->kinds[i]));
    field_set(kind, self->type->n_kinds ? self->type->kinds[0] : "");
    field_when(form_add(form, "previous_permit", _("Number of the permit it is about"), FIELD_TEXT, true), "kind", "!new");
}

static void add_applicant(struct form *form) {
    const struct {
        const char *code, *label, *type, *when;
        bool required;
    } rows[] = {
        {"nik", N_("NIK (of who answers for it)"), "nik", NULL, true},
        {"npwp", N_("NPWP"), "npwp", NULL, false},
        {"nib", N_("NIB"), "nib", "company", false},
        {"name", N_("Name"), "text", NULL, true},
        {"responsible_name", N_("Name of who answers for it"), "text", "company", true},
        {"birth_place", N_("Place of birth"), "text", "person", false},
        {"birth_on", N_("Date of birth"), "date", "person", false},
        {"address", N_("Address"), "text", NULL, true},
        {"region", N_("Village, district, city"), "text", NULL, false},
        {"phone", N_("Telephone"), "phone", NULL, false},
        {"email", N_("E-mail"), "email", NULL, false},
    };
    form_add(form, "", _("Applicant"), FIELD_HEADING, false);
    struct field *kind = form_add(form, "applicant.kind", _("Person or company"), FIELD_CHOICE, true);
    field_choice(kind, "person", _("person"));
    field_choice(kind, "company", _("company"));
    field_set(kind, "person");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct field *field =
            typed_add(form, "applicant.", rows[i].code, _(rows[i].label), rows[i].type, rows[i].required, NULL, 0);
        if (rows[i].when) field_when(field, "applicant.kind", rows[i].when);
    }
}

static void add_form(struct form *form, const Loket__CatalogueOpenReply *type) {
    static const char *const groups[] = {"elderly", "disabled", "pregnant"};
    form_add(form, "", _("Form"), FIELD_HEADING, false);
    form_add(form, "location", _("Where the permit is for"), FIELD_TEXT, false);
    struct field *priority = form_add(form, "priority", _("Comes first"), FIELD_CHOICE, false);
    field_choice(priority, "", _("no"));
    for (size_t i = 0; i < 3; i++) field_choice(priority, groups[i], _(groups[i]));
    for (size_t i = 0; i < type->n_fields; i++) {
        const Loket__FormField *given = type->fields[i];
        char other[64];
        struct field *field =
            typed_add(form, "fields.", given->code, given->label, given->type, given->required, given->choices, given->n_choices);
        if (given->max_length > 0) field->longest = (size_t)given->max_length * 4;
        (void)snprintf(field->note, sizeof field->note, "%s", given->hint);
        if (strcmp(given->type, "table") == 0)
            table_field(field, given->columns, given->n_columns, given->min_rows, given->max_rows);
        if (strcmp(given->type, "file") == 0) {
            field->read_only = true;
            (void)snprintf(field->note, sizeof field->note, "%s", _("attached after the receipt (F7)"));
        }
        (void)snprintf(other, sizeof other, "fields.%s", given->when_field);
        if (given->when_field[0]) field_when(field, other, given->when_value);
    }
}

static void add_document_part(struct form *form, const char *document, const char *part, const char *label, enum field_kind kind) {
    char code[64];
    (void)snprintf(code, sizeof code, "%.46s.%s", document, part);
    field_when(form_add(form, code, label, kind, false), document, "yes");
}

static void add_documents(struct form *form, const Loket__CatalogueOpenReply *type) {
    form_add(form, "", _("Documents: is it there?"), FIELD_HEADING, false);
    for (size_t i = 0; i < type->n_requirements; i++) {
        const Loket__RequirementType *given = type->requirements[i];
        char code[64], other[64];
        (void)snprintf(code, sizeof code, "requirements.%s", given->code);
        (void)snprintf(other, sizeof other, "fields.%s", given->when_field);
        struct field *field = form_add(form, code, given->name, FIELD_YES_NO, false);
        if (given->when_field[0]) field_when(field, other, given->when_value);
        (void)snprintf(field->note, sizeof field->note, "%s", given->required ? "" : _("optional"));
        if (given->needs_number) {
            add_document_part(form, code, "document_number", _("   number"), FIELD_TEXT);
            add_document_part(form, code, "issued_on", _("   dated"), FIELD_DATE);
        }
        if (given->needs_expiry) add_document_part(form, code, "valid_until_on", _("   valid until"), FIELD_DATE);
    }
}

/* Makes the form of what is known by now, and puts back what was typed. */
static void rebuild(struct intake_screen *self) {
    struct form typed = self->form;
    struct form *form = &self->form;
    form_init(form);
    form->check = typed.check;
    form->data = typed.data;
    add_permit(self);
    add_applicant(form);
    if (self->type) {
        add_form(form, self->type);
        add_documents(form, self->type);
    }
    for (size_t i = 0; i < typed.count; i++) {
        struct field *field = typed.fields[i].code[0] ? form_find(form, typed.fields[i].code) : NULL;
        if (!field || !typed.fields[i].value[0]) continue;
        field_set(field, typed.fields[i].value);
        memcpy(field->error, typed.fields[i].error, sizeof field->error);
        if (typed.at == i) {
            form->at = (size_t)(field - form->fields);
            form->cursor = typed.cursor;
        }
    }
    /* from the permit's field the cursor had gone on to what came next then: the kind comes now */
    if (typed.count > typed.at && strcmp(typed.fields[typed.at].code, "applicant.kind") == 0 && form_find(form, "kind"))
        form->at = (size_t)(form_find(form, "kind") - form->fields);
    form_free(&typed);
}

static void follow(struct intake_screen *self);

static void fill_applicant(struct intake_screen *self, const Loket__Applicant *p) {
    const struct {
        const char *code, *value;
    } rows[] = {{"kind", p->kind},
                {"nik", p->nik},
                {"npwp", p->npwp},
                {"nib", p->nib},
                {"name", p->name},
                {"responsible_name", p->responsible_name},
                {"birth_place", p->birth_place},
                {"birth_on", p->birth_on},
                {"address", p->address},
                {"region", p->region},
                {"phone", p->phone},
                {"email", p->email}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char code[64];
        (void)snprintf(code, sizeof code, "applicant.%s", rows[i].code);
        struct field *field = form_find(&self->form, code);
        if (field && rows[i].value[0]) field_set(field, rows[i].value);
    }
    struct field *here = &self->form.fields[self->form.at];
    self->form.cursor = strlen(here->value);
    self->base.unsaved = true;
    keep_draft(self);
    app_say(self->base.app, N_("Known: %s"), p->name);
}

static void put(struct form *form, const char *part, const char *code, const char *value) {
    char name[96];
    (void)snprintf(name, sizeof name, "%s%s", part, code);
    struct field *field = form_find(form, name);
    if (field && value[0]) field_set(field, value);
}

static void put_requirement(struct form *form, const Loket__RequirementEntry *given) {
    char part[80];
    if (!given->present) return;
    put(form, "requirements.", given->code, "yes");
    (void)snprintf(part, sizeof part, "requirements.%.46s.", given->code);
    put(form, part, "document_number", given->document_number);
    put(form, part, "issued_on", given->issued_on);
    put(form, part, "valid_until_on", given->valid_until_on);
}

/* What was typed anew of this very renewal, before a line fell or somebody went back. */
static void take_typed(struct intake_screen *self, const struct draft *draft) {
    const char *about = draft_get(draft, "previous_permit");
    if (!about || strcmp(about, self->renews) != 0) return;
    memcpy(self->key, draft->key, sizeof self->key);
    for (size_t i = 0; i < draft->count; i++) put(&self->form, "", draft->values[i].code, draft->values[i].value);
}

/* A further permit as it begins: the applicant, and the documents of the visit that this permit asks for too. */
static void take_visit(struct intake_screen *self) {
    const Loket__IntakeRenewalOfReply *visit = self->renewal;
    put(&self->form, "", "location", visit->location);
    for (size_t i = 0; i < visit->n_requirements; i++) put_requirement(&self->form, visit->requirements[i]);
    for (size_t i = 0; i < self->typed.count; i++) put(&self->form, "", self->typed.values[i].code, self->typed.values[i].value);
    draft_free(&self->typed);
    keep_draft(self);
    app_say(self->base.app, N_("What was brought already is marked: check it"), NULL);
}

/* The renewal as it begins: what the last application said. */
static void take_renewal(struct intake_screen *self) {
    const Loket__IntakeRenewalOfReply *renewal = self->renewal;
    struct form *form = &self->form;
    struct draft draft;
    bool drafted = draft_load(user_of(self), draft_name(self), &draft);
    put(form, "", "kind", "renewal");
    put(form, "", "previous_permit", self->renews);
    put(form, "", "location", renewal->location);
    for (size_t i = 0; i < renewal->n_fields; i++) put(form, "fields.", renewal->fields[i]->code, renewal->fields[i]->value);
    for (size_t i = 0; i < renewal->n_requirements; i++) put_requirement(form, renewal->requirements[i]);
    if (renewal->applicant) {
        (void)snprintf(self->found, sizeof self->found, "%s", renewal->applicant->nik);
        fill_applicant(self, renewal->applicant);
    }
    if (drafted) {
        take_typed(self, &draft);
        draft_free(&draft);
    }
    app_say(self->base.app, N_("Filled in from %s: check it, and type what changed"), self->renews);
}

static void on_type(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct intake_screen *self = (struct intake_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__catalogue_open_reply__free_unpacked(self->type, NULL);
    self->type = app_copy(reply);
    rebuild(self);
    if (self->beside) take_visit(self); /* also when another permit is chosen */
    if (self->drafted) return;
    self->drafted = true;
    if (self->renewal) take_renewal(self);
    else take_draft(self);
}

/* The permit is known: its form is asked for, as if the permit had been typed. */
static void on_renewal(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct intake_screen *self = (struct intake_screen *)screen;
    screen->waits = false;
    if (error) {
        app_pop(screen->app); /* the message line says why it can't be renewed */
        return;
    }
    self->renewal = app_copy(reply);
    field_set(form_find(&self->form, "permit_type"), self->renewal->permit_type);
    self->form.at = (size_t)(form_find(&self->form, "applicant.kind") - self->form.fields);
    follow(self);
}

/* Who is there is known; the permit is chosen. */
static void on_visit(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct intake_screen *self = (struct intake_screen *)screen;
    screen->waits = false;
    if (error) {
        app_pop(screen->app); /* the message line says why the visit is over */
        return;
    }
    loket__intake_renewal_of_reply__free_unpacked(self->renewal, NULL);
    self->renewal = app_copy(reply);
    self->drafted = true;
    if (!draft_load(user_of(self), draft_name(self), &self->typed)) self->typed = (struct draft){0};
    else memcpy(self->key, self->typed.key, sizeof self->key);
    if (!self->renewal->applicant) return;
    (void)snprintf(self->found, sizeof self->found, "%s", self->renewal->applicant->nik);
    fill_applicant(self, self->renewal->applicant);
    const char *permit = draft_get(&self->typed, "permit_type");
    if (!permit) return;
    field_set(form_find(&self->form, "permit_type"), permit);
    self->form.at = (size_t)(form_find(&self->form, "applicant.kind") - self->form.fields);
    follow(self);
}

static void ask_visit(struct intake_screen *self) {
    Loket__IntakeBesideRequest request = LOKET__INTAKE_BESIDE_REQUEST__INIT;
    request.application_id = self->beside;
    request.pin = self->beside_pin;
    self->base.waits = true;
    app_ask(&self->base, "intake.beside", &request.base, &loket__intake_renewal_of_reply__descriptor, on_visit);
}

static void ask_renewal(struct intake_screen *self) {
    Loket__IntakeRenewalOfRequest request = LOKET__INTAKE_RENEWAL_OF_REQUEST__INIT;
    request.permit_number = self->renews;
    self->base.waits = true;
    app_ask(&self->base, "intake.renewal_of", &request.base, &loket__intake_renewal_of_reply__descriptor, on_renewal);
}

static void on_permits(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct intake_screen *self = (struct intake_screen *)screen;
    struct draft draft;
    screen->waits = false;
    if (error) return;
    loket__catalogue_list_reply__free_unpacked(self->permits, NULL);
    self->permits = app_copy(reply);
    rebuild(self);
    if (self->renews[0]) {
        ask_renewal(self);
        return;
    }
    if (self->beside) {
        ask_visit(self);
        return;
    }
    if (draft_load(user_of(self), draft_name(self), &draft)) {
        const char *permit = draft_get(&draft, "permit_type");
        if (permit) field_set(form_find(&self->form, "permit_type"), permit);
        draft_free(&draft);
    }
    follow(self);
    if (self->asked_type[0]) return; /* the rest of the draft comes with the permit's form */
    self->drafted = true;
    take_draft(self);
}

static void on_found(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct intake_screen *self = (struct intake_screen *)screen;
    if (error) return;
    const Loket__ApplicantFindReply *found = (const Loket__ApplicantFindReply *)reply;
    if (found->n_applicants == 0) app_say(screen->app, N_("Not known here yet: fill in the rest"), NULL);
    if (found->n_applicants == 1) fill_applicant(self, found->applicants[0]);
    if (found->n_applicants < 2) return;
    /* several: the number that is chosen then finds the one */
    struct field *nik = form_find(&self->form, "applicant.nik");
    for (size_t i = 0; i < nik->choice_count; i++) {
        free(nik->choices[i].code);
        free(nik->choices[i].label);
    }
    nik->choice_count = 0;
    for (size_t i = 0; i < found->n_applicants; i++) {
        const Loket__Applicant *p = found->applicants[i];
        char label[400];
        (void)snprintf(label, sizeof label, "%s, %s", p->name, p->address);
        field_choice(nik, p->nik, label);
    }
    self->found[0] = '\0';
    picker_open(screen, &self->form, "applicant.nik");
}

static void find(struct intake_screen *self, const char *text) {
    Loket__ApplicantFindRequest request = LOKET__APPLICANT_FIND_REQUEST__INIT;
    request.text = (char *)text;
    (void)snprintf(self->found, sizeof self->found, "%s", text);
    app_ask(&self->base, "applicant.find", &request.base, &loket__applicant_find_reply__descriptor, on_found);
}

/* What a change brings with it: the form of a permit that was chosen, the person of a NIK, the birth date in it. */
static void follow(struct intake_screen *self) {
    struct form *form = &self->form;
    const struct field *permit = form_find(form, "permit_type"), *nik = form_find(form, "applicant.nik");
    const struct field *here = &form->fields[form->at];
    if (permit && here != permit && field_choice_label(permit) && strcmp(self->asked_type, permit->value) != 0) {
        Loket__CatalogueOpenRequest request = LOKET__CATALOGUE_OPEN_REQUEST__INIT;
        (void)snprintf(self->asked_type, sizeof self->asked_type, "%s", permit->value);
        request.office = self->base.app->session.office;
        request.permit_type = self->asked_type;
        self->base.waits = true; /* what is typed on belongs to the permit's fields */
        app_ask(&self->base, "catalogue.open", &request.base, &loket__catalogue_open_reply__descriptor, on_type);
    }
    if (!nik || here == nik || nik->error[0] || strlen(nik->value) != 16 || strcmp(self->found, nik->value) == 0) return;
    struct nik_facts facts;
    struct field *birth = form_find(form, "applicant.birth_on");
    time_t at = time(NULL);
    struct tm now;
    if (birth && !birth->value[0] && !nik_check(nik->value, localtime_r(&at, &now)->tm_year + 1900, &facts))
        field_set(birth, facts.birth_on);
    find(self, nik->value);
}

static bool check(struct form *form, struct field *field, void *data) {
    (void)form;
    return typed_check(((struct intake_screen *)data)->base.app, field);
}

static void intake_free(struct screen *screen) {
    struct intake_screen *self = (struct intake_screen *)screen;
    form_free(&self->form);
    loket__catalogue_list_reply__free_unpacked(self->permits, NULL);
    loket__catalogue_open_reply__free_unpacked(self->type, NULL);
    loket__intake_renewal_of_reply__free_unpacked(self->renewal, NULL);
    draft_free(&self->typed);
}

static void intake_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct intake_screen *)screen)->form, row, rows);
}

static void on_submitted(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct intake_screen *self = (struct intake_screen *)screen;
    struct app *app = screen->app;
    char name[200];
    if (error) return;
    /* this key's answer is given; what is sent next is another request */
    client_key(self->key);
    const Loket__IntakeSubmitReply *receipt = (const Loket__IntakeSubmitReply *)reply;
    (void)snprintf(name, sizeof name, "%s", form_value(&self->form, "applicant.name"));
    if (!receipt->n_missing) {
        draft_delete(user_of(self), draft_name(self));
        app_pop(app);
        app_say(app, N_("Registered: %s"), receipt->number);
    } else {
        keep_draft(self);
        app_complain(app, N_("Not registered: documents are missing"), NULL);
    }
    receipt_open(app, receipt, name);
}

static void submit(struct intake_screen *self) {
    struct intake_request request;
    if (!self->type || !form_complete(&self->form)) {
        app_complain(self->base.app, N_("Something is missing or wrong: see the marked field"), NULL);
        return;
    }
    keep_draft(self);
    intake_request_fill(&request, &self->form, self->type);
    request.message.beside = self->beside;
    request.message.beside_pin = self->beside_pin;
    app_write(&self->base, "intake.submit", &request.message.base, self->key, &loket__intake_submit_reply__descriptor,
              on_submitted);
    intake_request_free(&request);
}

static void all_there(struct intake_screen *self) {
    for (size_t i = 0; self->type && i < self->type->n_requirements; i++) {
        char code[64];
        (void)snprintf(code, sizeof code, "requirements.%s", self->type->requirements[i]->code);
        struct field *field = form_find(&self->form, code);
        if (field && self->type->requirements[i]->required && form_applies(&self->form, field)) field_set(field, "yes");
    }
    keep_draft(self);
}

static void begin_anew(struct intake_screen *self) {
    form_free(&self->form);
    self->form.check = check;
    self->form.data = self;
    loket__catalogue_open_reply__free_unpacked(self->type, NULL);
    self->type = NULL;
    self->asked_type[0] = self->found[0] = '\0';
    client_key(self->key);
    draft_delete(user_of(self), draft_name(self));
    self->base.unsaved = false;
    rebuild(self);
    if (!self->renews[0] && !self->beside) return;
    loket__intake_renewal_of_reply__free_unpacked(self->renewal, NULL);
    self->renewal = NULL;
    self->drafted = false;
    if (self->beside) ask_visit(self);
    else ask_renewal(self);
}

static void note_change(struct intake_screen *self) {
    if (self->form.changed) {
        self->form.changed = false;
        self->base.unsaved = true;
        keep_draft(self);
    }
    if (self->form.count) follow(self);
}

static void intake_shown(struct screen *screen) {
    note_change((struct intake_screen *)screen);
}

static enum outcome intake_action(struct screen *screen, int action) {
    struct intake_screen *self = (struct intake_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_MAIN) submit(self);
    if (action == ACTION_ALL_THERE) all_there(self);
    if (action == ACTION_CLEAR) begin_anew(self);
    if (action == ACTION_FIND) find(self, form_value(&self->form, "applicant.name"));
    if (action == ACTION_LOOK_UP) {
        picker_look_up(screen, &self->form);
        if (screen->app->top == screen) note_change(self);
    }
    return REDRAW;
}

static enum outcome intake_key(struct screen *screen, int key, bool pasted) {
    struct intake_screen *self = (struct intake_screen *)screen;
    enum form_outcome outcome = form_key(&self->form, key, pasted);
    note_change(self);
    return outcome == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool intake_refused(struct screen *screen, const struct error *error) {
    return table_refuse(&((struct intake_screen *)screen)->form, error->field, screen->app->message);
}

static const struct screen_ops ops = {
    .title = N_("New application"),
    .about =
        N_("Take in an application: choose the permit, find or register the applicant by NIK, and say which documents are there. "
           "What is complete is registered and gets a receipt; else the list of what is missing is shown and nothing is "
           "registered. The clock starts when the application is complete."),
    .keys = keys,
    .size = sizeof(struct intake_screen),
    .free = intake_free,
    .draw = intake_draw,
    .action = intake_action,
    .key = intake_key,
    .refused = intake_refused,
    .shown = intake_shown,
    .typing = true,
};

static struct intake_screen *intake_begin(struct app *app, const char *renews) {
    struct intake_screen *self = (struct intake_screen *)app_push(app, &ops);
    Loket__CatalogueListRequest request = LOKET__CATALOGUE_LIST_REQUEST__INIT;
    self->form.check = check;
    self->form.data = self;
    (void)snprintf(self->renews, sizeof self->renews, "%s", renews);
    if (renews[0]) (void)snprintf(self->base.title, sizeof self->base.title, "%s", _("Renewal"));
    client_key(self->key);
    rebuild(self);
    request.office = app->session.office;
    self->base.waits = true;
    app_ask(&self->base, "catalogue.list", &request.base, &loket__catalogue_list_reply__descriptor, on_permits);
    return self;
}

void intake_open(struct app *app) {
    (void)intake_begin(app, "");
}

void renewal_open(struct app *app, const char *permit_number) {
    (void)intake_begin(app, permit_number);
}

void beside_open(struct app *app, int64_t application_id, const char *pin) {
    struct intake_screen *self = intake_begin(app, "");
    self->beside = application_id;
    (void)snprintf(self->beside_draft, sizeof self->beside_draft, "beside-%lld", (long long)application_id);
    (void)snprintf(self->beside_pin, sizeof self->beside_pin, "%s", pin);
    (void)snprintf(self->base.title, sizeof self->base.title, "%s", _("Further permit"));
}
