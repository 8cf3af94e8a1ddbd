/* The rows of a form's table: added, edited, deleted and moved by keyboard, each row in a form of its own. Every change is in the
 * field of the form below at once, so that its draft has it. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/entry/table_text.h>
#include <tui/screen/picker.h>
#include <tui/screen/table_rows.h>
#include <tui/screen/typed_check.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

enum { ACTION_ADD = ACTION_OWN, ACTION_DELETE, ACTION_UP, ACTION_DOWN };

struct rows_screen {
    struct screen base;
    struct form *form;       /* of the screen below */
    char code[64];           /* its field; looked up each time, because the form below may be read anew */
    Loket__FormField *field; /* owned; a copy of what the columns are */
    struct table_text table; /* owned */
    struct list list;
    size_t most;
    int rows;
};

struct row_screen {
    struct screen base;
    struct rows_screen *rows; /* the screen below */
    struct form form;
    size_t index; /* of the row; the number of rows: a new one */
};

void table_field(struct field *field, Loket__TableColumn *const *columns, size_t count, int least, int most) {
    char note[60], numbers[24];
    field->kind = FIELD_TABLE;
    field->columns = columns;
    field->column_count = count;
    field->most_rows = (size_t)most;
    field->longest = TABLE_BYTES;
    (void)snprintf(numbers, sizeof numbers, least ? "%d-%d" : "%d", least ? least : most, most);
    text_message(N_("F4: its rows (%s)"), numbers, note, sizeof note);
    if (!field->note[0]) (void)snprintf(field->note, sizeof field->note, "%s", note);
}

/* ---------------------------------------------------------------------------------------------- as a text */

static const char *cell_shown(const struct table_row *row, const Loket__TableColumn *column, char date[40]) {
    const char *value = table_get(row, column->code);
    size_t size = strlen(value);
    for (size_t i = 0; i < column->n_choices; i++)
        if (strncmp(column->choices[i], value, size) == 0 && column->choices[i][size] == '=') return column->choices[i] + size + 1;
    if (strcmp(column->type, "date") != 0 || size != 10) return value;
    text_date(value, date, 40);
    return date;
}

static void row_shown(const struct table_row *row, Loket__TableColumn *const *columns, size_t count, char *out, size_t size) {
    char date[40];
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++) {
        const char *cell = cell_shown(row, columns[i], date);
        if (*cell) used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", cell);
    }
}

void table_row_shown(const char *text, size_t row, Loket__TableColumn *const *columns, size_t count, char *out, size_t size) {
    struct table_text table = {0};
    out[0] = '\0';
    if (table_read(&table, text) && row < table.count) row_shown(&table.rows[row], columns, count, out, size);
    table_free(&table);
}

void table_shown(const char *text, Loket__TableColumn *const *columns, size_t count, char *out, size_t size) {
    struct table_text table = {0};
    char number[24], date[40];
    (void)table_read(&table, text);
    (void)snprintf(number, sizeof number, "%zu", table.count);
    text_message(table.count == 1 ? N_("%s row") : N_("%s rows"), number, out, size);
    for (size_t i = 0; i < table.count && count; i++) {
        size_t used = strlen(out);
        (void)snprintf(out + used, size - used, "%s%s", i ? "; " : ": ", cell_shown(&table.rows[i], columns[0], date));
    }
    table_free(&table);
}

bool table_refuse(struct form *form, const char *code, const char *message) {
    char field[32], table_code[48], column[32] = "", whole[200];
    unsigned row;
    if (form_refuse(form, code, message)) return true;
    if (sscanf(code, "fields.%31[^.].%u.%31s", field, &row, column) != 3 && sscanf(code, "fields.%31[^.].%u", field, &row) != 2)
        return false;
    (void)snprintf(table_code, sizeof table_code, "fields.%s", field);
    const struct field *table = form_find(form, table_code);
    if (!table || table->kind != FIELD_TABLE) return false;
    const char *label = "";
    for (size_t i = 0; i < table->column_count; i++) {
        const Loket__TableColumn *one = ((Loket__TableColumn *const *)table->columns)[i];
        if (strcmp(one->code, column) == 0) label = one->label;
    }
    (void)snprintf(whole, sizeof whole, "%s %u%s%s: %s", _("row"), row, *label ? ", " : "", label, message);
    return form_refuse(form, table_code, whole);
}

/* --------------------------------------------------------------------------------------------- one row's form */

static const struct key_row row_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("take"), N_("take the row into the table")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("the next choice of a coded field (or its first letter)")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back without changing the row")},
    {0, NULL, NULL, NULL, NULL},
};

static void row_free(struct screen *screen) {
    form_free(&((struct row_screen *)screen)->form);
}

static void row_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct row_screen *)screen)->form, row, rows);
}

static void rows_changed(struct rows_screen *self);

static void row_take(struct row_screen *self) {
    struct rows_screen *rows = self->rows;
    struct app *app = self->base.app;
    if (!form_complete(&self->form)) {
        app_complain(app, N_("Something is missing or wrong: see the marked field"), NULL);
        return;
    }
    struct table_row *row = self->index < rows->table.count ? &rows->table.rows[self->index] : table_add(&rows->table);
    for (size_t i = 0; row && i < self->form.count; i++) table_set(row, self->form.fields[i].code, self->form.fields[i].value);
    rows->list.at = self->index;
    rows_changed(rows);
    app_pop(app);
}

static void row_leave(struct screen *screen, bool yes, const char *text) {
    (void)text;
    if (yes) app_pop(screen->app);
}

static enum outcome row_action(struct screen *screen, int action) {
    struct row_screen *self = (struct row_screen *)screen;
    if (action == ACTION_MAIN) row_take(self);
    if (action == ACTION_LOOK_UP) picker_look_up(screen, &self->form);
    if (action == ACTION_BACK && !self->form.changed) return LEAVE;
    if (action == ACTION_BACK) dialog_ask(screen, _("Leave this row? What was changed in it is lost."), NULL, false, row_leave);
    return REDRAW;
}

static enum outcome row_key(struct screen *screen, int key, bool pasted) {
    enum form_outcome outcome = form_key(&((struct row_screen *)screen)->form, key, pasted);
    if (outcome == FORM_LAST) row_take((struct row_screen *)screen);
    return outcome == FORM_UNUSED ? UNUSED : REDRAW;
}

static const struct screen_ops row_ops = {
    .title = N_("Row of a table"),
    .about = N_("One row of the table. Each column is checked as you leave it; Enter in the last takes the row."),
    .keys = row_keys,
    .size = sizeof(struct row_screen),
    .free = row_free,
    .draw = row_draw,
    .action = row_action,
    .key = row_key,
    .typing = true,
};

static bool row_check(struct form *form, struct field *field, void *data) {
    (void)form;
    return typed_check(data, field);
}

static void row_open(struct rows_screen *rows, size_t index) {
    if (index >= rows->most) {
        app_complain(rows->base.app, N_("This table is full"), NULL);
        return;
    }
    struct row_screen *self = (struct row_screen *)app_push(rows->base.app, &row_ops);
    self->rows = rows;
    self->index = index;
    form_init(&self->form);
    self->form.check = row_check;
    self->form.data = self->base.app;
    for (size_t i = 0; i < rows->field->n_columns; i++) {
        const Loket__TableColumn *c = rows->field->columns[i];
        struct field *field = typed_add(&self->form, "", c->code, c->label, c->type, c->required, c->choices, c->n_choices);
        field->longest = (size_t)c->max_length * 4;
        if (index < rows->table.count) field_set(field, table_get(&rows->table.rows[index], c->code));
    }
    form_first(&self->form);
}

/* ------------------------------------------------------------------------------------------------------ rows */

static const struct key_row rows_keys[] = {
    {ACTION_ADD, "add", "F2 a", N_("add"), N_("a new row at the end")},
    {ACTION_OPEN, "open", "Enter", N_("edit"), N_("edit the row with the cursor")},
    {ACTION_DELETE, "delete", "F8 x", N_("delete"), N_("delete the row with the cursor")},
    {ACTION_UP, "row_up", "F5 K", N_("up"), N_("move the row up")},
    {ACTION_DOWN, "row_down", "F6 J", N_("down"), N_("move the row down")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back to the form; the rows are in it")},
    {ACTION_MAIN, "main", "F10 ^S", NULL, N_("back to the form; the rows are in it")},
    {0, NULL, NULL, NULL, NULL},
};

static void rows_free(struct screen *screen) {
    struct rows_screen *self = (struct rows_screen *)screen;
    loket__form_field__free_unpacked(self->field, NULL);
    table_free(&self->table);
    list_free(&self->list);
}

static int64_t row_id(size_t index, void *data) {
    (void)data;
    return (int64_t)index;
}

/* The columns side by side, the first twice as wide as the others; NULL draws their labels. */
static void cells_draw(const struct rows_screen *self, const struct table_row *row, int at) {
    int parts = (int)self->field->n_columns + 1, width = (COLS - 6) / (parts > 1 ? parts : 1), column = 6;
    char date[40];
    for (size_t i = 0; i < self->field->n_columns; i++) {
        const Loket__TableColumn *c = self->field->columns[i];
        int wide = i ? width : 2 * width;
        text_draw(at, column, wide - 1, row ? cell_shown(row, c, date) : c->label);
        column += wide;
    }
}

static void table_row_draw(size_t index, int row, bool marked, void *data) {
    struct rows_screen *self = data;
    char number[24];
    (void)marked;
    (void)snprintf(number, sizeof number, "%3zu", index + 1);
    text_draw(row, 1, 4, number);
    cells_draw(self, &self->table.rows[index], row);
}

static const struct list_ops row_list = {row_id, table_row_draw};

static void rows_draw(struct screen *screen, int row, int rows) {
    struct rows_screen *self = (struct rows_screen *)screen;
    self->rows = rows - 2;
    terminal_look(LOOK_TITLE);
    text_draw(row, 1, COLS - 2, self->field->label);
    terminal_look(LOOK_LABEL);
    cells_draw(self, NULL, row + 1);
    terminal_look(LOOK_PLAIN);
    if (self->table.count) list_draw(&self->list, row + 2, rows - 2, &row_list, self);
    else text_draw(row + 2, 1, COLS - 2, _("There is no row yet: F2 adds one."));
}

/* The field below has the rows as they are now. */
static void rows_changed(struct rows_screen *self) {
    struct field *field = form_find(self->form, self->code);
    char *text = table_as_text(&self->table);
    size_t at = self->list.at;
    if (field) {
        field_set(field, text);
        field->error[0] = '\0';
        self->form->changed = true;
    }
    free(text);
    self->list.at_id = (int64_t)at;
    list_refresh(&self->list, self->table.count, &row_list, self);
}

static void row_move(struct rows_screen *self, bool down) {
    size_t at = self->list.at, to = down ? at + 1 : at - 1;
    if (to >= self->table.count) return; /* also below nought */
    table_swap(&self->table, at, to);
    self->list.at = to;
    rows_changed(self);
}

static void row_delete(struct screen *screen, bool yes, const char *text) {
    struct rows_screen *self = (struct rows_screen *)screen;
    (void)text;
    if (!yes) return;
    table_remove(&self->table, self->list.at);
    rows_changed(self);
}

static enum outcome rows_action(struct screen *screen, int action) {
    struct rows_screen *self = (struct rows_screen *)screen;
    bool here = self->list.at < self->table.count;
    if (action == ACTION_BACK || action == ACTION_MAIN) return LEAVE;
    if (action == ACTION_ADD) row_open(self, self->table.count);
    if (action == ACTION_OPEN && here) row_open(self, self->list.at);
    if (action == ACTION_DELETE && here) dialog_ask(screen, _("Delete this row?"), NULL, false, row_delete);
    if (action == ACTION_UP || action == ACTION_DOWN) row_move(self, action == ACTION_DOWN);
    return REDRAW;
}

static enum outcome rows_key(struct screen *screen, int key, bool pasted) {
    struct rows_screen *self = (struct rows_screen *)screen;
    return !pasted && list_key(&self->list, key, self->rows, &row_list, self) ? REDRAW : UNUSED;
}

static const struct screen_ops rows_ops = {
    .title = N_("Rows of a table"),
    .about =
        N_("A field of the form that is a table: add a row for each one that is asked for (each member of staff, each vehicle). "
           "How many rows there must and may be is a rule of the permit type. The order of the rows is that of the documents."),
    .keys = rows_keys,
    .size = sizeof(struct rows_screen),
    .free = rows_free,
    .draw = rows_draw,
    .action = rows_action,
    .key = rows_key,
};

void table_rows_open(struct screen *screen, struct form *form, const char *code) {
    const struct field *field = form_find(form, code);
    if (!field || field->kind != FIELD_TABLE) return;
    struct rows_screen *self = (struct rows_screen *)app_push(screen->app, &rows_ops);
    Loket__FormField columns = LOKET__FORM_FIELD__INIT;
    self->form = form;
    self->most = field->most_rows ? field->most_rows : TABLE_ROWS;
    (void)snprintf(self->code, sizeof self->code, "%s", code);
    columns.label = (char *)field->label;
    columns.columns = (Loket__TableColumn **)field->columns;
    columns.n_columns = field->column_count;
    self->field = app_copy(&columns.base);
    if (!table_read(&self->table, field->value))
        app_complain(screen->app, N_("These rows can't be read: they are entered anew"), NULL);
    list_refresh(&self->list, self->table.count, &row_list, self);
}
