/* A long text to read. Keeps its lines whole; wraps them to the width that the screen has now. */
#include <curses.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <tui/key.h>
#include <tui/ui/reader.h>
#include <tui/ui/text.h>

void reader_free(struct reader *reader) {
    for (size_t i = 0; i < reader->count; i++) free(reader->lines[i].text);
    free(reader->lines);
    *reader = (struct reader){0};
}

void reader_add(struct reader *reader, enum look look, const char *format, ...) {
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct reader_line *grown = realloc(reader->lines, (reader->count + 1) * sizeof *grown);
    if (!grown) return;
    reader->lines = grown;
    grown[reader->count].look = look;
    grown[reader->count].text = strdup(text);
    if (grown[reader->count].text) reader->count++;
}

void reader_pair(struct reader *reader, const char *label, const char *value) {
    if (value && *value) reader_add(reader, LOOK_PLAIN, "%s: %s", label, value);
}

void reader_draw(struct reader *reader, int row, int rows) {
    int last = row + rows;
    if (reader->first >= reader->count) reader->first = reader->count ? reader->count - 1 : 0;
    for (size_t i = reader->first; i < reader->count && row < last; i++) {
        const char *p = reader->lines[i].text;
        terminal_look(reader->lines[i].look);
        do {
            size_t skip, bytes = text_wrap(p, COLS - 2, &skip);
            char line[1024];
            (void)snprintf(line, sizeof line, "%.*s", (int)(bytes < sizeof line ? bytes : sizeof line - 1), p);
            text_draw(row++, 1, COLS - 2, line);
            p += bytes + skip;
        } while (*p && row < last);
        terminal_look(LOOK_PLAIN);
    }
    move(last - 1, 0);
}

static int line_rows(const char *p) {
    int rows = 0;
    do {
        size_t skip, bytes = text_wrap(p, COLS - 2, &skip);
        p += bytes + skip;
        rows++;
    } while (*p);
    return rows;
}

/* The first line of the last full page. */
static size_t end_first(const struct reader *reader, int rows) {
    size_t first = reader->count;
    for (int used = 0; first > 0; first--) {
        used += line_rows(reader->lines[first - 1].text);
        if (used > rows) break;
    }
    return first < reader->count || !reader->count ? first : reader->count - 1;
}

bool reader_key(struct reader *reader, int key, int rows) {
    size_t page = rows > 1 ? (size_t)rows - 1 : 1, last = reader->count ? reader->count - 1 : 0;
    switch (key) {
    case 'j':
    case KEY_FUNCTION | KEY_DOWN: reader->first += reader->first < last; return true;
    case 'k':
    case KEY_FUNCTION | KEY_UP: reader->first -= reader->first > 0; return true;
    case ' ':
    case KEY_FUNCTION | KEY_NPAGE: reader->first = reader->first + page < last ? reader->first + page : last; return true;
    case KEY_FUNCTION | KEY_PPAGE: reader->first = reader->first > page ? reader->first - page : 0; return true;
    case KEY_FUNCTION | KEY_HOME: reader->first = 0; return true;
    case 'G':
    case KEY_FUNCTION | KEY_END: reader->first = end_first(reader, rows); return true;
    default: return false;
    }
}

bool reader_write(const struct reader *reader, FILE *file) {
    for (size_t i = 0; i < reader->count; i++) {
        wchar_t character;
        const char *p = reader->lines[i].text;
        for (size_t size; (size = text_next(p, &character)) > 0; p += size)
            if (*p != '\n' && fprintf(file, "%lc", (wint_t)character) < 0) return false;
        if (fputc('\n', file) == EOF) return false;
    }
    return true;
}
