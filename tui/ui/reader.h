/* A long text to read: lines that are added, scrolled with the ordinary keys, written to a file when it is to be printed. */
#ifndef TUI_UI_READER_H
#define TUI_UI_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <tui/ui/terminal.h>

struct reader_line {
    char *text;
    enum look look;
};

struct reader {
    struct reader_line *lines;
    size_t count, first;
};

void reader_free(struct reader *reader);
/* Adds a line of printf's making; wrapped when it is drawn. */
void reader_add(struct reader *reader, enum look look, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Adds "label: value" when there is a value. */
void reader_pair(struct reader *reader, const char *label, const char *value);
void reader_draw(struct reader *reader, int row, int rows);
bool reader_key(struct reader *reader, int key, int rows);
/* Writes it as plain text. False when the file can't be written whole. */
bool reader_write(const struct reader *reader, FILE *file);

#endif
