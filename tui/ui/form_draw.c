/* Drawing a form: labels in one column, values in the next, the error below the field that it belongs to. */
#include <curses.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <tui/entry/table_text.h>
#include <tui/ui/form.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

static int field_rows(struct form *form, const struct field *field) {
    if (!form_applies(form, field)) return 0;
    int rows = field->kind == FIELD_MULTILINE ? 3 : 1;
    return rows + (field->error[0] != '\0');
}

static int label_columns(struct form *form) {
    int widest = 10;
    for (size_t i = 0; i < form->count; i++) {
        int width = text_width(form->fields[i].label) + 2;
        if (form->fields[i].kind != FIELD_HEADING && width > widest) widest = width;
    }
    return widest < COLS * 2 / 5 ? widest : COLS * 2 / 5;
}

/* The part of a value that is on the screen, so that the cursor is in it. */
static size_t visible_from(const char *value, size_t cursor, int columns) {
    size_t from = 0;
    wchar_t character;
    char shown[1024];
    for (;;) {
        (void)snprintf(shown, sizeof shown, "%.*s", (int)(cursor - from), value + from);
        if (text_width(shown) < columns || from >= cursor) return from;
        from += text_next(value + from, &character);
    }
}

/* "2 rows" */
static void rows_counted(const char *value, char *out, size_t size) {
    struct table_text table = {0};
    char number[24];
    bool good = table_read(&table, value);
    (void)snprintf(number, sizeof number, "%zu", table.count);
    if (good) text_message(table.count == 1 ? N_("%s row") : N_("%s rows"), number, out, size);
    else (void)snprintf(out, size, "?");
    table_free(&table);
}

static void draw_value(const struct field *field, int row, int column, int columns, bool here, size_t cursor, int *cursor_column) {
    char date[40], masked[64];
    const char *value = field->value;
    *cursor_column = column;
    if (field->kind == FIELD_CHOICE && field_choice_label(field)) value = field_choice_label(field);
    if (field->kind == FIELD_YES_NO) value = field->value[0] ? _("[x] yes") : _("[ ] no");
    if (field->kind == FIELD_TABLE) {
        rows_counted(value, masked, sizeof masked);
        value = masked;
        cursor = 0;
    }
    if (field->kind == FIELD_DATE && !here && value[0] && strlen(value) == 10 && value[4] == '-') {
        text_date(value, date, sizeof date);
        value = date;
    }
    if (field->kind == FIELD_PASSWORD) {
        size_t length = strlen(value) < sizeof masked - 1 ? strlen(value) : sizeof masked - 1;
        memset(masked, '*', length);
        masked[length] = '\0';
        value = masked;
        cursor = length;
    }
    size_t from = 0;
    if (here && field->kind != FIELD_CHOICE && field->kind != FIELD_YES_NO && field->kind != FIELD_TABLE) {
        char typed[1024];
        from = visible_from(value, cursor, columns);
        (void)snprintf(typed, sizeof typed, "%.*s", (int)(cursor - from), value + from);
        *cursor_column = column + text_width(typed);
    }
    terminal_look(field->read_only ? LOOK_PLAIN : here ? LOOK_SELECTED : LOOK_FIELD);
    text_draw(row, column, columns, value + from);
    terminal_look(LOOK_PLAIN);
}

static void draw_lines(const struct field *field, int row, int column, int columns, bool here, size_t cursor, int *cursor_row,
                       int *cursor_column) {
    const char *at = field->value;
    size_t cursor_begin = SIZE_MAX; /* of the line that has the cursor: empty lines below begin at the same byte */
    for (int line = 0; line < 3; line++) {
        size_t skip = 0, bytes = text_wrap(at, columns, &skip);
        char text[512];
        (void)snprintf(text, sizeof text, "%.*s", (int)(bytes < sizeof text ? bytes : sizeof text - 1), at);
        terminal_look(here ? LOOK_SELECTED : LOOK_FIELD);
        text_draw(row + line, column, columns, text);
        size_t begin = (size_t)(at - field->value);
        if (here && cursor >= begin && cursor <= begin + bytes && begin != cursor_begin) {
            char typed[512];
            cursor_begin = begin;
            (void)snprintf(typed, sizeof typed, "%.*s", (int)(cursor - begin), at);
            *cursor_row = row + line;
            *cursor_column = column + text_width(typed);
        }
        at += bytes + skip;
        /* of a long text the lines being written are shown, not the first ones */
        if (line == 2 && here && cursor > (size_t)(at - field->value)) line = -1;
    }
    terminal_look(LOOK_PLAIN);
}

void form_draw(struct form *form, int row, int rows) {
    int labels = label_columns(form), cursor_row = row, cursor_column = 0, line = 0, here_at = 0;
    for (size_t i = 0; i < form->at && i < form->count; i++) here_at += field_rows(form, &form->fields[i]);
    if (here_at < form->first_row) form->first_row = here_at;
    int here_rows = form->count ? field_rows(form, &form->fields[form->at]) : 0;
    if (here_at + here_rows > form->first_row + rows) form->first_row = here_at + here_rows - rows;
    for (size_t i = 0; i < form->count; i++) {
        struct field *field = &form->fields[i];
        int height = field_rows(form, field), at = row + line - form->first_row;
        line += height;
        if (!height || at < row || at + height > row + rows) continue;
        if (field->kind == FIELD_HEADING) {
            terminal_look(LOOK_TITLE);
            text_draw(at, 1, COLS - 2, field->label);
            terminal_look(LOOK_PLAIN);
            continue;
        }
        bool here = i == form->at;
        int value_columns = COLS - labels - 3;
        const char *name = field->kind == FIELD_CODED ? field_choice_label(field) : NULL;
        const char *noted = name ? name : field->note;
        int note = noted[0] ? text_width(noted) + 1 : 0;
        if (note > value_columns * 2 / 3) note = value_columns * 2 / 3;
        terminal_look(here ? LOOK_TITLE : LOOK_LABEL);
        text_draw(at, 1, labels - 1, field->label);
        terminal_look(LOOK_PLAIN);
        mvaddch(at, labels, field->required ? '*' : ' ');
        if (field->kind == FIELD_MULTILINE)
            draw_lines(field, at, labels + 2, value_columns, here, form->cursor, &cursor_row, &cursor_column);
        else {
            int column;
            draw_value(field, at, labels + 2, value_columns - note, here, form->cursor, &column);
            if (here) {
                cursor_row = at;
                cursor_column = column;
            }
            if (note) text_draw(at, labels + 3 + value_columns - note, note - 1, noted);
        }
        if (field->error[0]) {
            terminal_look(LOOK_ERROR);
            text_draw(at + height - 1, labels + 2, value_columns, field->error);
            terminal_look(LOOK_PLAIN);
        }
    }
    move(cursor_row, cursor_column < COLS ? cursor_column : COLS - 1);
}
