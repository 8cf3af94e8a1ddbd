/* Which values a document of each kind has. What is not in this table is a mistake in a template, so that no document
 * leaves the office with a hole in it because of a misspelt name. */
#ifndef SERVER_DOC_FIELD_H
#define SERVER_DOC_FIELD_H

#include <stdbool.h>

enum document_kind {
    DOCUMENT_RECEIPT,
    DOCUMENT_MISSING,
    DOCUMENT_INSPECTION_REPORT,
    DOCUMENT_BILL,
    DOCUMENT_DECREE,
    DOCUMENT_PERMIT,
    DOCUMENT_REFUSAL,
    DOCUMENT_HANDOVER,
    DOCUMENT_CERTIFIED_COPY,
    DOCUMENT_DISPOSAL,
    DOCUMENT_REVOCATION,
    DOCUMENT_ERASURE,
    DOCUMENT_KINDS
};

/* "permit"; also the name of its template, permit.tmpl. */
const char *document_kind_name(enum document_kind kind);
/* False when there is no such kind. */
bool document_kind_find(const char *name, enum document_kind *kind);

/* "applicant.name", or "field.CODE" of the permit type's form where the kind has them. */
bool document_field_known(enum document_kind kind, const char *name);
/* "requirements" */
bool document_list_known(enum document_kind kind, const char *list);
/* "requirements", "name" */
bool document_element_known(enum document_kind kind, const char *list, const char *name);

#endif
