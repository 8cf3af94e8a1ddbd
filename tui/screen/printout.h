/* What a reader shows, on paper: into a text file, or to the printer command. */
#ifndef TUI_SCREEN_PRINTOUT_H
#define TUI_SCREEN_PRINTOUT_H

#include <stdio.h>
#include <tui/app.h>
#include <tui/ui/reader.h>

/* Writes <folder of receipts, or ~/loket>/<name>.txt, mode 0600 because it holds personal data; says where, or why not. */
void printout_write(struct app *app, const struct reader *reader, const char *name);

/* The same for a file of another kind: <name> with its ending, filled by `fill`, which tells whether all of it could be written. */
typedef bool printout_fill(const void *data, FILE *file);
void printout_save(struct app *app, const char *name, printout_fill *fill, const void *data);

/* Gives it to the printer command of the configuration (run by the shell, the text on its standard input). Doesn't wait for it. */
void printout_send(struct app *app, const struct reader *reader);

#endif
