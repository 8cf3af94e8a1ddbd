/* What may stand in the data files of a catalogue: files, sections, keys and the kinds of values. The tables are the
 * whole definition; sql/catalogue/README.md says the same in words. */
#ifndef SERVER_CATALOGUE_RULES_H
#define SERVER_CATALOGUE_RULES_H

#include <server/catalogue.h>
#include <stdbool.h>
#include <stddef.h>

/* How a value becomes JSON. */
enum json_kind { JSON_TEXT, JSON_NUMBER, JSON_FLAG, JSON_LIST, JSON_PAIR };

struct key_rule;

struct value_rule {
    enum json_kind json;
    char separator; /* of a list */
    /* What is wrong with the value, in words, or NULL. */
    const char *(*check)(struct catalogue *catalogue, const struct key_rule *key, const char *value);
};

struct key_rule {
    const char *name;
    const struct value_rule *value;
    bool required;
    long least, most;         /* of a number; `most` characters of a text */
    const char *const *words; /* of a word or a list of words; ended by NULL */
};

struct section_rule {
    const char *kind;
    const struct value_rule *code; /* NULL: "[kind]", once; else of the "[kind:code]" */
    bool required;
    bool repeats;                /* the same code may come again */
    const struct key_rule *keys; /* ended by a row without name; NULL: the keys are data */
    const struct value_rule *free_key, *free_value;
};

struct file_rule {
    const char *name;  /* "office", also the document's member */
    const char *place; /* "office.ini", or the folder of several */
    bool several;
    const struct section_rule *sections; /* ended by a row without kind */
};

/* Ended by a row without name. */
extern const struct file_rule catalogue_files[];

/* The rule of a file by its name ("permit"), NULL when there is none. */
const struct file_rule *file_rule_find(const char *name);
/* The rule of a section or key, NULL when there is none. */
const struct section_rule *section_rule_find(const struct file_rule *file, const char *kind);
const struct key_rule *key_rule_find(const struct section_rule *section, const char *name);

/* Kinds of values: catalogue_value.c. */
extern const struct value_rule value_text, value_number, value_flag, value_date, value_word, value_words, value_when, value_visit,
    value_names, value_choices, value_hours, value_zone, value_pattern, value_code_office, value_code_upper, value_code_requirement,
    value_code_name, value_address, value_code_stage, value_code_step, value_code_unit, value_code_province, value_formula,
    value_code_column, value_bounds;

#endif
