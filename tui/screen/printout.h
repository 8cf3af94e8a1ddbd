/* What a reader shows, on paper: into a text file, or to the printer command. */
#ifndef TUI_SCREEN_PRINTOUT_H
#define TUI_SCREEN_PRINTOUT_H

#include <tui/app.h>
#include <tui/ui/reader.h>

/* Writes <folder of receipts, or ~/loket>/<name>.txt, mode 0600 because it holds personal data; says where, or why not. */
void printout_write(struct app *app, const struct reader *reader, const char *name);

/* Gives it to the printer command of the configuration (run by the shell, the text on its standard input). Doesn't wait for it. */
void printout_send(struct app *app, const struct reader *reader);

#endif
