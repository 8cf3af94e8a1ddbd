/* The JSON of a table, read and written. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/entry/table_text.h>

static void *must(void *memory) {
    if (!memory) abort();
    return memory;
}

/* ---------------------------------------------------------------------------------------------------- rows */

static void row_free(struct table_row *row) {
    for (size_t i = 0; i < row->count; i++) {
        free(row->cells[i].code);
        free(row->cells[i].value);
    }
    free(row->cells);
    *row = (struct table_row){0};
}

void table_free(struct table_text *table) {
    for (size_t i = 0; i < table->count; i++) row_free(&table->rows[i]);
    free(table->rows);
    *table = (struct table_text){0};
}

const char *table_get(const struct table_row *row, const char *code) {
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(row->cells[i].code, code) == 0) return row->cells[i].value;
    return "";
}

void table_set(struct table_row *row, const char *code, const char *value) {
    char *copy = must(strdup(value));
    for (size_t i = 0; i < row->count; i++) {
        if (strcmp(row->cells[i].code, code) != 0) continue;
        free(row->cells[i].value);
        row->cells[i].value = copy;
        return;
    }
    row->cells = must(realloc(row->cells, (row->count + 1) * sizeof *row->cells));
    row->cells[row->count++] = (struct table_cell){must(strdup(code)), copy};
}

struct table_row *table_add(struct table_text *table) {
    if (table->count >= TABLE_ROWS) return NULL;
    table->rows = must(realloc(table->rows, (table->count + 1) * sizeof *table->rows));
    table->rows[table->count] = (struct table_row){0};
    return &table->rows[table->count++];
}

void table_remove(struct table_text *table, size_t index) {
    if (index >= table->count) return;
    row_free(&table->rows[index]);
    table->count--;
    memmove(table->rows + index, table->rows + index + 1, (table->count - index) * sizeof *table->rows);
}

void table_swap(struct table_text *table, size_t one, size_t other) {
    if (one >= table->count || other >= table->count) return;
    struct table_row kept = table->rows[one];
    table->rows[one] = table->rows[other];
    table->rows[other] = kept;
}

/* ------------------------------------------------------------------------------------------------- reading */

static bool take(const char **at, char wanted) {
    *at += strspn(*at, " \t\r\n");
    if (**at != wanted) return false;
    (*at)++;
    return true;
}

/* The UTF-8 of a \uXXXX; 0 bytes when it is none that stands alone. */
static size_t escaped(const char *at, char out[3]) {
    unsigned code = 0;
    if (strspn(at, "0123456789abcdefABCDEF") < 4 || sscanf(at, "%4x", &code) != 1) return 0;
    if (code == 0 || (code >= 0xd800 && code < 0xe000)) return 0;
    if (code < 0x80) return out[0] = (char)code, 1;
    if (code < 0x800) return out[0] = (char)(0xc0 | code >> 6), out[1] = (char)(0x80 | (code & 0x3f)), 2;
    out[0] = (char)(0xe0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3f));
    out[2] = (char)(0x80 | (code & 0x3f));
    return 3;
}

/* A string, behind its first quote, into `out`, which has room for the rest of the text. */
static bool string_read(const char **at, char *out) {
    static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    while (**at && **at != '"') {
        if (**at != '\\') {
            *out++ = *(*at)++;
            continue;
        }
        const char *name = (*at)[1] ? strchr(names, (*at)[1]) : NULL;
        size_t size = (*at)[1] == 'u' ? escaped(*at + 2, out) : 0;
        if (!name && !size) return false;
        if (name) *out++ = means[name - names];
        out += size;
        *at += name ? 2 : 6;
    }
    *out = '\0';
    return take(at, '"');
}

static bool object_read(const char **at, struct table_row *row, char *code, char *value) {
    if (!take(at, '{')) return false;
    if (take(at, '}')) return true;
    do
        if (!take(at, '"') || !string_read(at, code) || !take(at, ':') || !take(at, '"') || !string_read(at, value)) return false;
        else table_set(row, code, value);
    while (take(at, ','));
    return take(at, '}');
}

static bool rows_read(struct table_text *table, const char *at, char *code, char *value) {
    if (!take(&at, '[')) return false;
    if (!take(&at, ']')) {
        do {
            struct table_row *row = table_add(table);
            if (!row || !object_read(&at, row, code, value)) return false;
        } while (take(&at, ','));
        if (!take(&at, ']')) return false;
    }
    return at[strspn(at, " \t\r\n")] == '\0';
}

bool table_read(struct table_text *table, const char *text) {
    size_t size = strlen(text);
    if (!size) return true;
    if (size > TABLE_BYTES) return false;
    char *room = must(malloc(2 * (size + 1)));
    bool good = rows_read(table, text, room, room + size + 1);
    free(room);
    if (!good) table_free(table);
    return good;
}

/* ------------------------------------------------------------------------------------------------- writing */

static void string_write(FILE *out, const char *text) {
    (void)fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') (void)fputc('\\', out);
        if ((unsigned char)*text < 0x20) (void)fprintf(out, "\\u%04x", (unsigned)*text);
        else (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

char *table_as_text(const struct table_text *table) {
    char *text = NULL;
    size_t size = 0;
    if (!table->count) return must(strdup(""));
    FILE *out = must(open_memstream(&text, &size));
    for (size_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        const char *separator = "";
        (void)fputs(i ? ", {" : "[{", out);
        for (size_t j = 0; j < row->count; j++) {
            if (!row->cells[j].value[0]) continue;
            (void)fputs(separator, out);
            string_write(out, row->cells[j].code);
            (void)fputs(": ", out);
            string_write(out, row->cells[j].value);
            separator = ", ";
        }
        (void)fputc('}', out);
    }
    (void)fputc(']', out);
    if (fclose(out) != 0) abort();
    return text;
}
