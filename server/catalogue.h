/* The catalogue of an office as its data files say it: read into sections and keys, then checked.
 *
 * Everything that is wrong is collected, never only the first; nothing here knows the database. The steps are
 * catalogue_read (files -> sections, by libinih), catalogue_check (the rules of catalogue_rules.c, then what the
 * files say of each other) and catalogue_json (the document that rule.catalogue_load takes). */
#ifndef SERVER_CATALOGUE_H
#define SERVER_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

/* Where in the file a part of a value stands: from `offset` of the value on. Columns count bytes, from 1. */
struct ini_part {
    size_t offset;
    int line, column;
};

struct ini_entry {
    const char *key, *value; /* the value's continuation lines are joined with a space */
    int line;
    struct ini_part *parts; /* one for each line */
    size_t part_count, part_room;
};

/* "[field:width]" is kind "field" and code "width"; "[permit]" has the code "". */
struct ini_section {
    const char *kind, *code;
    int line;
    struct ini_entry *entries;
    size_t count, room;
};

struct ini_file {
    const char *path;
    const struct file_rule *rule; /* see catalogue_rules.h */
    struct ini_section *sections;
    size_t count, room;
};

struct mistake {
    const char *path, *text; /* text: "[section] key: message" */
    int line;
};

/* The text of a kind of document; `permit_type` is a code, or "" for all. */
struct template_text {
    const char *path, *text, *kind, *permit_type;
};

/* All strings and arrays live as long as the catalogue. */
struct catalogue {
    struct catalogue_block *blocks;
    size_t taken; /* bytes */
    struct ini_file *files;
    size_t file_count, file_room;
    struct template_text *templates;
    size_t template_count, template_room;
    const unsigned char *arms; /* PNG; NULL: none */
    size_t arms_size;
    struct mistake *mistakes;
    size_t mistake_count, mistake_room;
};

void catalogue_init(struct catalogue *catalogue);
void catalogue_free(struct catalogue *catalogue);

/* Reads the files of `folder` that belong to a catalogue. What can't be read is a mistake. */
void catalogue_read(struct catalogue *catalogue, const char *folder);

/* Reads and checks the templates and the arms that the office's file names; called by catalogue_read. */
void catalogue_read_templates(struct catalogue *catalogue, const char *folder);

/* Reads one file's `text` as if it stood at `path`. */
void catalogue_read_text(struct catalogue *catalogue, const char *path, const struct file_rule *rule, const char *text);

/* Checks everything that was read; the mistakes are then sorted by file and line. */
void catalogue_check(struct catalogue *catalogue);

/* What the files say of each other and within a permit type; called by catalogue_check. */
void catalogue_check_references(struct catalogue *catalogue);
/* The stages and steps of a workflow's file; called by catalogue_check_references. */
void catalogue_check_workflow(struct catalogue *catalogue, const struct ini_file *file);

/* Checks the formula of a permit type's levy; called by catalogue_check_references. */
void catalogue_check_formula(struct catalogue *catalogue, const struct ini_file *file);
/* The formula's tree as JSON; NULL when the permit type has none. Only for a file without mistakes. */
const char *catalogue_formula_tree(struct catalogue *catalogue, const struct ini_file *file);

/* The catalogue as one JSON document, to be freed; NULL when memory is short. Only for one without mistakes. */
char *catalogue_json(struct catalogue *catalogue, bool demonstration);

/* Memory of the catalogue, zeroed. Ends the program when the catalogue is larger than any office's could be. */
void *catalogue_take(struct catalogue *catalogue, size_t size);
/* A formatted text of the catalogue's memory. */
__attribute__((format(printf, 2, 3))) const char *catalogue_text(struct catalogue *catalogue, const char *format, ...);
/* Room for one more row of `size` bytes: returns `rows`, or a larger copy of it with *room raised. */
void *catalogue_grow(struct catalogue *catalogue, void *rows, size_t count, size_t *room, size_t size);

/* Notes a mistake. `section` and `key` may be NULL. */
__attribute__((format(printf, 6, 7))) void mistake_add(struct catalogue *catalogue, const struct ini_file *file, int line,
                                                       const struct ini_section *section, const char *key, const char *format, ...);

/* Looking up: NULL when it is not there. */
const struct ini_section *section_find(const struct ini_file *file, const char *kind, const char *code);
const struct ini_entry *entry_find(const struct ini_section *section, const char *key);
/* The value of a key, `standard` when it is not given; `section` may be NULL. */
const char *entry_value(const struct ini_section *section, const char *key, const char *standard);

/* Walks the parts of `list` between `separator`, trimmed, as copies: *list goes behind the part; NULL at
 * the end. An empty list has no parts. */
const char *list_next(struct catalogue *catalogue, const char **list, char separator);

#endif
