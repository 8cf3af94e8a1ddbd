/* What an applicant's record says, field by field: the same order wherever records are compared. */
#ifndef TUI_SCREEN_APPLICANT_H
#define TUI_SCREEN_APPLICANT_H

#include <proto/loket.pb-c.h>
#include <stdbool.h>
#include <stddef.h>

struct applicant_part {
    const char *code, *label, *type; /* the label is a msgid; `type` as of struct field */
    size_t place;                    /* of the text in the message */
    bool required;
    const char *of_kind; /* asked only of a "person" or a "company"; "": of both, "none": of nobody */
};

#define APPLICANT_PARTS 13
extern const struct applicant_part applicant_parts[APPLICANT_PARTS];

/* The text of a part; borrowed, never NULL in a message that was received. */
const char *applicant_part_value(const Loket__Applicant *applicant, size_t part);

#endif
