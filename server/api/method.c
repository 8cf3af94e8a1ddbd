/* The method table put together from the stages' tables, sorted once for look-up by name. */
#include <server/api/method.h>
#include <stdlib.h>
#include <string.h>

static const struct method *const tables[] = {
    auth_methods,    work_methods,     intake_methods,  verify_methods, inspect_methods,  decide_methods,
    archive_methods, document_methods, permit_methods,  money_methods,  admin_methods,    public_methods,
    time_methods,    fairness_methods, rules_methods,   audit_methods,  identity_methods, privacy_methods,
    node_methods,    disposal_methods, erasure_methods, revoke_methods, visit_methods,
};

static const char *const role_names[ROLE_COUNT] = {
    "front_office",       "analyst", "section_head", "head",  "technical_coordinator", "surveyor", "treasurer", "archivist",
    "complaints_officer", "auditor", "manager",      "admin",
};

#define METHODS_AT_MOST 300

static struct {
    const struct method *rows[METHODS_AT_MOST];
    size_t count;
} sorted;

static int compare_rows(const void *a, const void *b) {
    const struct method *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

const struct method *const *method_all(size_t *count) {
    if (!sorted.count) {
        for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
            for (const struct method *row = tables[i]; row->name; row++) {
                if (sorted.count == METHODS_AT_MOST) abort();
                sorted.rows[sorted.count++] = row;
            }
        qsort(sorted.rows, sorted.count, sizeof sorted.rows[0], compare_rows);
    }
    *count = sorted.count;
    return sorted.rows;
}

static int compare_name(const void *name, const void *row) {
    const struct method *const *method = row;
    return strcmp(name, (*method)->name);
}

const struct method *method_find(const char *name) {
    size_t count;
    const struct method *const *rows = method_all(&count);
    const struct method *const *found = bsearch(name, rows, count, sizeof rows[0], compare_name);
    return found ? *found : NULL;
}

const char *role_name(uint32_t role) {
    for (int i = 0; i < ROLE_COUNT; i++)
        if (role == 1u << i) return role_names[i];
    return NULL;
}

uint32_t role_bit(const char *name) {
    for (int i = 0; i < ROLE_COUNT; i++)
        if (strcmp(name, role_names[i]) == 0) return 1u << i;
    return 0;
}
