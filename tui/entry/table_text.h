/* A form's table as the wire has it, JSON: a list of objects whose values are texts. Reads what the server and this client write,
 * not any JSON; knows nothing of columns or the screen. */
#ifndef TUI_ENTRY_TABLE_TEXT_H
#define TUI_ENTRY_TABLE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define TABLE_ROWS  500u
#define TABLE_BYTES 65536u

struct table_cell {
    char *code, *value;
};

struct table_row {
    struct table_cell *cells;
    size_t count;
};

struct table_text {
    struct table_row *rows; /* owned */
    size_t count;
};

/* Reads `text` into `table`, which is zeroed. "" is a table without rows. False when it is no table; then it is empty. */
bool table_read(struct table_text *table, const char *text);
void table_free(struct table_text *table);

/* The table as text, for the caller to free; "" when it has no rows. */
char *table_as_text(const struct table_text *table);

const char *table_get(const struct table_row *row, const char *code); /* "" when it is not there */
void table_set(struct table_row *row, const char *code, const char *value);
/* A new row at the end; NULL when there are TABLE_ROWS. */
struct table_row *table_add(struct table_text *table);
void table_remove(struct table_text *table, size_t index);
void table_swap(struct table_text *table, size_t one, size_t other);

#endif
