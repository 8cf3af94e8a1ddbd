/* A full-screen form: labelled fields in a fixed order, the wrong one told beside it. Knows nothing of the server. */
#ifndef TUI_UI_FORM_H
#define TUI_UI_FORM_H

#include <stdbool.h>
#include <stddef.h>

enum field_kind {
    FIELD_HEADING, /* only a label */
    FIELD_TEXT,
    FIELD_PASSWORD,
    FIELD_MULTILINE,
    FIELD_DATE,   /* kept as ISO, shown as people write it */
    FIELD_CHOICE, /* one of a few `choices` */
    FIELD_CODED,  /* one of many `choices`: its code, or any part of its name, is typed */
    FIELD_YES_NO, /* "yes" or "" */
    FIELD_TABLE   /* rows, which are edited elsewhere; the form says how many there are */
};

struct choice {
    char *code, *label;
};

struct field {
    char code[64]; /* as in the request: an error naming it is shown here */
    char label[96];
    enum field_kind kind;
    bool required, read_only;
    char type[12];  /* what `check` is to look for: "nik", "phone" ...; "" nothing more than the kind */
    size_t longest; /* bytes */
    char *value;    /* owned, never NULL */
    struct choice *choices;
    size_t choice_count;
    char when_field[64], when_value[64]; /* asked only when that field applies and has that value ("!x": another than x) */
    const void *columns;                 /* of a table: the caller's, borrowed */
    size_t column_count, most_rows;
    char note[160];  /* shown behind it: a name beside a code, an old value */
    char error[200]; /* shown below it until it changes */
};

struct form {
    struct field *fields;
    size_t count, capacity;
    size_t at;     /* the field with the cursor */
    size_t cursor; /* byte in its value */
    int first_row; /* scrolled */
    bool changed;  /* since the caller last looked */
    /* Checks a field that is left: returns false and fills error. May rewrite the value with field_set. NULL: none. */
    bool (*check)(struct form *form, struct field *field, void *data);
    void *data;
};

enum form_outcome { FORM_UNUSED, FORM_DRAWN, FORM_LOOK_UP, FORM_LAST };

void form_init(struct form *form);
void form_free(struct form *form);

/* Adds a field; the pointer is good until the next one is added. `code` and `label` are copied. */
struct field *form_add(struct form *form, const char *code, const char *label, enum field_kind kind, bool required);
void field_choice(struct field *field, const char *code, const char *label);
void field_set(struct field *field, const char *value); /* copies */
/* The field is asked only when the field `other` applies and has that value ("!x": another than x). */
void field_when(struct field *field, const char *other, const char *value);
struct field *form_find(struct form *form, const char *code);
const char *form_value(struct form *form, const char *code); /* "" when there is no such field or it does not apply */
bool form_applies(struct form *form, const struct field *field);

/* Puts the cursor on the first field that can be filled in. */
void form_first(struct form *form);
/* Puts the cursor on the field and the error beside it. False when there is no such field. */
bool form_refuse(struct form *form, const char *code, const char *message);
/* Is everything required there and every check good? Else the cursor is on the first that is not. */
bool form_complete(struct form *form);

void form_draw(struct form *form, int row, int rows);
/* A key that no action claimed. FORM_LAST: Enter in the last field. */
enum form_outcome form_key(struct form *form, int key, bool pasted);
void form_look_up(struct form *form); /* the next choice of a coded field */
/* The name of the choice that the field has, NULL when it has none. */
const char *field_choice_label(const struct field *field);

#endif
