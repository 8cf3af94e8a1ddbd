/* A table in a form: its rows are a screen of their own, over the form. */
#ifndef TUI_SCREEN_TABLE_ROWS_H
#define TUI_SCREEN_TABLE_ROWS_H

#include <tui/app.h>
#include <tui/ui/form.h>

/* Makes `field` a table of these columns, which are borrowed and live as long as the form. */
void table_field(struct field *field, Loket__TableColumn *const *columns, size_t count, int least, int most);
/* Opens the rows of the field `code`. `form` belongs to `screen`; what is changed is in the field at once. */
void table_rows_open(struct screen *screen, struct form *form, const char *code);

/* A table as text: a row's cells with their labels ("Sari, Dokter"), the rows counted ("2 rows: Sari; Budi"). */
void table_row_shown(const char *text, size_t row, Loket__TableColumn *const *columns, size_t count, char *out, size_t size);
void table_shown(const char *text, Loket__TableColumn *const *columns, size_t count, char *out, size_t size);

/* Puts an error beside its field; of a cell ("fields.staff.2.licence") beside its table, saying row and column. */
bool table_refuse(struct form *form, const char *code, const char *message);

#endif
