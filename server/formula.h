/* The formula of a levy: read, checked, made into the tree that rule.formula_value (sql/api/00_rule_levy.sql) walks. Computes
 * nothing itself.
 *
 *   sum        = product { ("+" | "-") product }
 *   product    = factor { ("*" | "/") factor }
 *   factor     = "-" factor | NUMBER | NAME | "(" sum ")" | FUNCTION "(" ... ")"
 *   functions  = min(a, b)  max(a, b)  round(a)  ceil(a)  if(condition, a, b)
 *   condition  = sum ("=" | "!=" | "<" | "<=" | ">" | ">=") sum  |  CHOICE ("=" | "!=") 'code'
 *
 * NAME is a tariff item (its price on the day) or a number field; CHOICE a choice field. */
#ifndef SERVER_FORMULA_H
#define SERVER_FORMULA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define FORMULA_BYTES    1000u
#define FORMULA_DEPTH    20u
#define FORMULA_HEIGHT   100u /* of the tree: 1 + 1 + 1 ... grows to one side */
#define FORMULA_MISTAKES 20u

enum formula_name { NAME_UNKNOWN, NAME_ITEM, NAME_NUMBER, NAME_CHOICE, NAME_OTHER, NAME_BOTH };

/* What the names of a formula mean. */
struct formula_names {
    enum formula_name (*kind)(void *data, const char *name);
    /* Has the choice field `name` this code? */
    bool (*choice)(void *data, const char *name, const char *code);
    void *data;
};

struct formula_mistake {
    size_t at; /* byte in the text, from 0 */
    char text[160];
};

struct formula {
    struct formula_mistake mistakes[FORMULA_MISTAKES];
    size_t mistake_count;
};

/* Reads `text`. Names, types and division by a literal zero are all told; a mistake of the form ends the reading. When there is
 * no mistake and `tree` is not NULL, the tree is written to it as JSON. False when there is a mistake. */
bool formula_read(struct formula *formula, const char *text, const struct formula_names *names, FILE *tree);

#endif
