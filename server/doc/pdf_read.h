/* As much of a PDF's structure (ISO 32000-1 section 7) as adding to it needs: values, dictionaries, the classic cross-reference
 * table, the tree of pages. The bytes are taken to be hostile: whatever is odd is a failure, never a guess. */
#ifndef SERVER_DOC_PDF_READ_H
#define SERVER_DOC_PDF_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of bytes of the file, [start, end). */
struct pdf_span {
    size_t start, end;
};

/* "12 0 R" */
struct pdf_reference {
    uint32_t number, generation;
};

struct pdf {
    const uint8_t *data; /* borrowed */
    size_t size;
    size_t table;            /* where the newest cross-reference table is */
    struct pdf_span trailer; /* its dictionary, from "<<" to after ">>" */
};

/* Finds the newest cross-reference table and its trailer. False when there is none of the classic kind. */
bool pdf_open(struct pdf *pdf, const uint8_t *data, size_t size);

/* The value of `key` (without its slash) in the dictionary at `dictionary`; `pair` (may be NULL) gets the key and its value. */
bool pdf_find(const struct pdf *pdf, struct pdf_span dictionary, const char *key, struct pdf_span *value, struct pdf_span *pair);

/* A value as an unsigned number, or as a reference; false when it is none. */
bool pdf_number(const struct pdf *pdf, struct pdf_span value, uint64_t *number);
bool pdf_reference(const struct pdf *pdf, struct pdf_span value, struct pdf_reference *reference);

/* The object's value, by way of the newest table that has it. */
bool pdf_object(const struct pdf *pdf, struct pdf_reference reference, struct pdf_span *value);

/* The page `wanted` (1: the first; 0: the last). */
bool pdf_page(const struct pdf *pdf, struct pdf_reference pages, unsigned wanted, struct pdf_reference *page);

#endif
