/* The one table of fields. A word of `fields` belongs to each kind of `kinds`. */
#include <server/doc/field.h>
#include <stddef.h>
#include <string.h>

#define KIND(kind)      (1u << (DOCUMENT_##kind))
#define ALL             ((1u << DOCUMENT_KINDS) - 1)
#define PERMITS         (KIND(DECREE) | KIND(PERMIT) | KIND(CERTIFIED_COPY))
#define WITH_FORM_FIELD (PERMITS | KIND(REFUSAL) | KIND(INSPECTION_REPORT) | KIND(RECEIPT))

struct group {
    const char *name, *fields; /* the fields with blanks between and around */
    unsigned kinds;
    bool list;
};

static const struct group groups[] = {
    {"office", " name city header address phone signatory_title ", ALL, false},
    {"application", " number kind submitted_on promised_on service_days location priority ", ALL, false},
    {"applicant", " kind name nik npwp nib birth_place birth_on gender address region phone email responsible_name ", ALL, false},
    {"permit_type", " code name legal_basis sector valid_years ", ALL, false},
    {"document", " title code address made_on made_at version watermark ", ALL, false},
    {"officer", " name role ", ALL, false},
    {"fields", " label value ", ALL, true},
    {"requirements", " name status document_number issued_on valid_until_on reason present ", ALL, true},
    {"receipt", " pin fee ", KIND(RECEIPT), false},
    {"visit", " code ", KIND(RECEIPT), false},
    {"applications", " number name promised_on fee ", KIND(RECEIPT), true},
    {"missing", " name ", KIND(MISSING), true},
    {"inspection", " unit status appointment_at visited_at coordinates findings recommendation conditions visit ",
     KIND(INSPECTION_REPORT), false},
    {"members", " name signed_at ", KIND(INSPECTION_REPORT), true},
    {"checklist", " question answer note ", KIND(INSPECTION_REPORT), true},
    {"bill", " number amount issued_on paid_on payment_reference due_on reference gross waived paid left credit ", KIND(BILL),
     false},
    {"lines", " item legal_basis price arithmetic amount kind valid_from ", KIND(BILL), true},
    {"payments", " paid_on amount reference late ", KIND(BILL), true},
    {"permit", " number issued_on valid_until_on previous version correction_reason ", PERMITS, false},
    {"permit", " number issued_on ", KIND(REFUSAL) | KIND(REVOCATION), false},
    {"permit", " number valid_until_on ", KIND(HANDOVER), false},
    {"decision", " considerations conditions ", PERMITS, false},
    {"decision", " reason rule considerations ", KIND(REFUSAL), false},
    {"decision", " considerations ", KIND(REVOCATION), false},
    {"revocation", " number issued_on asked_by reason rule ", KIND(REVOCATION), false},
    {"initials", " name role at ", PERMITS, true},
    {"signatory", " name title electronic ", PERMITS | KIND(REFUSAL) | KIND(REVOCATION), false},
    {"handover", " recipient recipient_nik relation method at ", KIND(HANDOVER), false},
    {"copy", " number reason made_on ", KIND(CERTIFIED_COPY), false},
    {"original", " sha256 ", KIND(CERTIFIED_COPY), false},
    {"disposal", " number reason proposed_by proposed_on approved_by approved_on files documents ", KIND(DISPOSAL), false},
    {"erasure", " number ground reason record proposed_by proposed_on approved_by approved_on applications documents ",
     KIND(ERASURE), false},
    {"files", " number permit_type classification place retain_until_on documents ", KIND(DISPOSAL) | KIND(ERASURE), true},
    {"hashes", " number name sha256 ", KIND(DISPOSAL) | KIND(ERASURE), true},
};

static const char *const kinds[DOCUMENT_KINDS] = {
    [DOCUMENT_RECEIPT] = "receipt",
    [DOCUMENT_MISSING] = "missing",
    [DOCUMENT_INSPECTION_REPORT] = "inspection_report",
    [DOCUMENT_BILL] = "bill",
    [DOCUMENT_DECREE] = "decree",
    [DOCUMENT_PERMIT] = "permit",
    [DOCUMENT_REFUSAL] = "refusal",
    [DOCUMENT_HANDOVER] = "handover",
    [DOCUMENT_CERTIFIED_COPY] = "certified_copy",
    [DOCUMENT_REVOCATION] = "revocation",
    [DOCUMENT_DISPOSAL] = "disposal",
    [DOCUMENT_ERASURE] = "erasure",
};

const char *document_kind_name(enum document_kind kind) {
    return kinds[kind];
}

bool document_kind_find(const char *name, enum document_kind *kind) {
    for (unsigned i = 0; i < DOCUMENT_KINDS; i++) {
        if (strcmp(kinds[i], name) != 0) continue;
        *kind = (enum document_kind)i;
        return true;
    }
    return false;
}

/* Is the `size` bytes long `word` one of `words`? */
static bool word_listed(const char *words, const char *word, size_t size) {
    if (size == 0 || memchr(word, ' ', size)) return false;
    for (const char *at = words; (at = strchr(at, ' ')) && at[1]; at++)
        if (strncmp(at + 1, word, size) == 0 && at[1 + size] == ' ') return true;
    return false;
}

/* `field` NULL: any. */
static bool group_has(enum document_kind kind, bool list, const char *name, size_t size, const char *field) {
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        const struct group *group = &groups[i];
        if (group->list != list || !(group->kinds & (1u << kind))) continue;
        if (strlen(group->name) != size || memcmp(group->name, name, size) != 0) continue;
        if (!field || word_listed(group->fields, field, strlen(field))) return true;
    }
    return false;
}

/* [a-z][a-z0-9_]*, as the catalogue's field codes are. */
static bool form_field(const char *code) {
    return code[0] >= 'a' && code[0] <= 'z' && code[strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

bool document_field_known(enum document_kind kind, const char *name) {
    const char *point = strchr(name, '.');
    if (!point) return false;
    if (strncmp(name, "field.", 6) == 0) return (WITH_FORM_FIELD & (1u << kind)) && form_field(name + 6);
    return group_has(kind, false, name, (size_t)(point - name), point + 1);
}

bool document_list_known(enum document_kind kind, const char *list) {
    if (strncmp(list, "field.", 6) == 0) return (WITH_FORM_FIELD & (1u << kind)) && form_field(list + 6);
    return group_has(kind, true, list, strlen(list), NULL);
}

bool document_element_known(enum document_kind kind, const char *list, const char *name) {
    if (strncmp(list, "field.", 6) == 0) return form_field(name);
    return group_has(kind, true, list, strlen(list), name);
}
