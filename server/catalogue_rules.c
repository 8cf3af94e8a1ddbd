/* The tables of what a catalogue's files may hold. No code but looking up: see catalogue_value.c for the kinds of
 * values and catalogue_check.c for who walks these tables. */
#include <server/catalogue_rules.h>

#include <string.h>

static const char *const days[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", NULL};
static const char *const kinds[] = {"new", "renewal", "change", "copy", NULL};
static const char *const orders[] = {"strict", "advisory", NULL};
static const char *const assignments[] = {"manual", "turn", "load", NULL};
static const char *const sources[] = {"counter", "oss", NULL};
static const char *const disposals[] = {"keep", "destroy", NULL};
static const char *const types[] = {"text", "multiline", "number",   "money", "date",        "choice", "nik",  "npwp",
                                    "nib",  "phone",     "postcode", "email", "coordinates", "table",  "file", NULL};
static const char *const column_types[] = {"text", "number", "money", "date",     "choice", "nik",
                                           "npwp", "nib",    "phone", "postcode", "email",  NULL};
static const char *const roles[] = {"front_office",
                                    "analyst",
                                    "section_head",
                                    "head",
                                    "technical_coordinator",
                                    "surveyor",
                                    "treasurer",
                                    "archivist",
                                    "complaints_officer",
                                    "system",
                                    NULL};
static const char *const stage_kinds[] = {"task", "inspection", "issue", "refuse", "sign", "end", NULL};
static const char *const formats[] = {"pdf", "jpeg", "png", "tiff", NULL};
static const char *const clocks[] = {"runs", "stands", NULL};
static const char *const guards[] = {"all_accepted", "some_refused",  "no_visit_needed", "inspections_done",
                                     "levy_due",     "no_levy",       "fee_paid",        "initialled",
                                     "not_involved", "signature_due", "no_signature",    NULL};
static const char *const demands[] = {"optional", "required", NULL};
static const char *const documents[] = {
    "receipt", "inspection_report", "bill", "draft_decree", "decree", "permit", "refusal", "signed_decision", "handover", NULL};
static const char *const outcomes[] = {"approved", "refused", "withdrawn", "lapsed", NULL};

#define TEXT(name, most)                                                                                                           \
    { name, &value_text, false, 0, most, NULL }
#define TEXT_NEEDED(name, most)                                                                                                    \
    { name, &value_text, true, 0, most, NULL }
#define WHEN                                                                                                                       \
    { "when", &value_when, false, 0, 0, NULL }
#define END                                                                                                                        \
    { NULL, NULL, false, 0, 0, NULL }

static const struct key_rule office_keys[] = {
    {"code", &value_code_office, true, 0, 0, NULL},
    TEXT_NEEDED("name", 120),
    TEXT_NEEDED("city", 80),
    TEXT("address", 300),
    TEXT("phone", 40),
    {"time_zone", &value_zone, true, 0, 0, NULL},
    {"weekly_off", &value_words, false, 0, 0, days},
    TEXT("header", 120),
    TEXT("signatory_title", 160),
    {"verification_address", &value_address, false, 0, 0, NULL},
    {"electronic_signature", &value_flag, false, 0, 0, NULL},
    {"order", &value_word, false, 0, 0, orders},
    {"assignment", &value_word, false, 0, 0, assignments},
    {"surveyor_rest_days", &value_number, false, 0, 3650, NULL},
    {"one_time_codes", &value_word, false, 0, 0, demands},
    {"step_up", &value_flag, false, 0, 0, NULL},
    {"four_eyes_roles", &value_flag, false, 0, 0, NULL},
    {"bounds", &value_bounds, false, 0, 0, NULL},
    TEXT("arms", 200),
    TEXT("templates", 200),
    END,
};

static const struct key_rule hours_keys[] = {
    {"monday", &value_hours, false, 0, 0, NULL},    {"tuesday", &value_hours, false, 0, 0, NULL},
    {"wednesday", &value_hours, false, 0, 0, NULL}, {"thursday", &value_hours, false, 0, 0, NULL},
    {"friday", &value_hours, false, 0, 0, NULL},    {"saturday", &value_hours, false, 0, 0, NULL},
    {"sunday", &value_hours, false, 0, 0, NULL},    END,
};

static const struct key_rule unit_keys[] = {
    TEXT_NEEDED("name", 160),
    {"department", &value_flag, false, 0, 0, NULL},
    END,
};

static const struct key_rule permit_keys[] = {
    {"code", &value_code_upper, true, 0, 0, NULL},
    TEXT_NEEDED("name", 200),
    TEXT_NEEDED("sector", 80),
    {"service_days", &value_number, true, 1, 365, NULL},
    {"valid_years", &value_number, true, 1, 100, NULL},
    {"valid_not_past", &value_code_requirement, false, 0, 0, NULL},
    {"number_pattern", &value_pattern, true, 0, 0, NULL},
    TEXT("legal_basis", 1000),
    {"source", &value_word, false, 0, 0, sources},
    {"departments", &value_names, false, 0, 0, NULL},
    {"visit", &value_visit, false, 0, 0, NULL},
    {"workflow", &value_code_stage, true, 0, 0, NULL},
    {"levy_formula", &value_formula, false, 0, 0, NULL},
    {"due_days", &value_number, false, 1, 365, NULL},
    {"kinds", &value_words, false, 0, 0, kinds},
    {"lapse_days", &value_number, false, 1, 365, NULL},
    {"short_workflow", &value_code_stage, false, 0, 0, NULL},
    {"short_days", &value_number, false, 1, 365, NULL},
    {"active_years", &value_number, false, 1, 100, NULL},
    {"inactive_years", &value_number, false, 0, 100, NULL},
    {"disposal", &value_word, false, 0, 0, disposals},
    {"deemed_approval", &value_flag, false, 0, 0, NULL},
    TEXT("deemed_basis", 300),
    END,
};

static const struct key_rule field_keys[] = {
    TEXT_NEEDED("label", 80),
    {"type", &value_word, true, 0, 0, types},
    {"required", &value_flag, false, 0, 0, NULL},
    {"max_length", &value_number, false, 1, 4000, NULL},
    {"choices", &value_choices, false, 0, 0, NULL},
    WHEN,
    TEXT("hint", 300),
    {"inside", &value_flag, false, 0, 0, NULL},
    {"min_rows", &value_number, false, 0, 500, NULL},
    {"max_rows", &value_number, false, 1, 500, NULL},
    {"requirement", &value_code_requirement, false, 0, 0, NULL},
    END,
};

static const struct key_rule column_keys[] = {
    TEXT_NEEDED("label", 80),
    {"type", &value_word, true, 0, 0, column_types},
    {"required", &value_flag, false, 0, 0, NULL},
    {"max_length", &value_number, false, 1, 1000, NULL},
    {"choices", &value_choices, false, 0, 0, NULL},
    END,
};

static const struct key_rule requirement_keys[] = {
    TEXT_NEEDED("name", 200),
    {"required", &value_flag, false, 0, 0, NULL},
    {"number", &value_flag, false, 0, 0, NULL},
    {"expiry", &value_flag, false, 0, 0, NULL},
    {"largest", &value_number, false, 1, 1024, NULL},
    {"formats", &value_words, false, 0, 0, formats},
    WHEN,
    TEXT("hint", 300),
    END,
};

static const struct key_rule levy_keys[] = {
    TEXT_NEEDED("name", 200),
    TEXT_NEEDED("legal_basis", 300),
    {"price", &value_number, true, 0, 1000000000000, NULL},
    {"valid_from", &value_date, true, 0, 0, NULL},
    {"quantity", &value_names, false, 0, 0, NULL},
    WHEN,
    END,
};

static const struct key_rule workflow_keys[] = {
    {"code", &value_code_stage, true, 0, 0, NULL},
    TEXT("name", 120),
    END,
};

static const struct key_rule stage_keys[] = {
    TEXT_NEEDED("name", 60),
    {"role", &value_word, false, 0, 0, roles},
    {"clock", &value_word, false, 0, 0, clocks},
    {"kind", &value_word, false, 0, 0, stage_kinds},
    {"days", &value_number, false, 1, 365, NULL},
    {"reassign", &value_flag, false, 0, 0, NULL},
    {"demands", &value_words, false, 0, 0, documents},
    {"produces", &value_words, false, 0, 0, documents},
    END,
};

static const struct key_rule step_keys[] = {
    {"to", &value_code_stage, true, 0, 0, NULL},
    {"role", &value_word, true, 0, 0, roles},
    TEXT_NEEDED("label", 60),
    {"guards", &value_words, false, 0, 0, guards},
    {"reason", &value_flag, false, 0, 0, NULL},
    {"outcome", &value_word, false, 0, 0, outcomes},
    END,
};

#define LAST                                                                                                                       \
    { NULL, NULL, false, false, NULL, NULL, NULL }

static const struct section_rule office_sections[] = {
    {"office", NULL, true, false, office_keys, NULL, NULL},
    {"hours", NULL, true, false, hours_keys, NULL, NULL},
    LAST,
};
static const struct section_rule unit_sections[] = {
    {"unit", &value_code_upper, true, false, unit_keys, NULL, NULL},
    LAST,
};
static const struct section_rule holiday_sections[] = {
    {"holidays", NULL, true, false, NULL, &value_date, &value_text},
    LAST,
};
static const struct section_rule province_sections[] = {
    {"provinces", NULL, true, false, NULL, &value_code_province, &value_text},
    LAST,
};
static const struct section_rule permit_sections[] = {
    {"permit", NULL, true, false, permit_keys, NULL, NULL},
    {"field", &value_code_name, false, false, field_keys, NULL, NULL},
    {"column", &value_code_column, false, false, column_keys, NULL, NULL},
    {"requirement", &value_code_requirement, false, false, requirement_keys, NULL, NULL},
    {"checklist", &value_code_unit, false, false, NULL, &value_code_name, &value_text},
    {"levy", &value_code_name, false, true, levy_keys, NULL, NULL},
    LAST,
};
static const struct section_rule workflow_sections[] = {
    {"workflow", NULL, true, false, workflow_keys, NULL, NULL},
    {"stage", &value_code_stage, true, false, stage_keys, NULL, NULL},
    {"step", &value_code_step, true, true, step_keys, NULL, NULL},
    LAST,
};

const struct file_rule catalogue_files[] = {
    {"office", "office.ini", false, office_sections},
    {"units", "units.ini", false, unit_sections},
    {"holidays", "holidays.ini", false, holiday_sections},
    {"provinces", "provinces.ini", false, province_sections},
    {"workflow", "workflow", true, workflow_sections},
    {"permit", "permit", true, permit_sections},
    {NULL, NULL, false, NULL},
};

const struct file_rule *file_rule_find(const char *name) {
    for (const struct file_rule *rule = catalogue_files; rule->name; rule++)
        if (strcmp(rule->name, name) == 0) return rule;
    return NULL;
}

const struct section_rule *section_rule_find(const struct file_rule *file, const char *kind) {
    for (const struct section_rule *rule = file->sections; rule->kind; rule++)
        if (strcmp(rule->kind, kind) == 0) return rule;
    return NULL;
}

const struct key_rule *key_rule_find(const struct section_rule *section, const char *name) {
    for (const struct key_rule *rule = section->keys; rule && rule->name; rule++)
        if (strcmp(rule->name, name) == 0) return rule;
    return NULL;
}
