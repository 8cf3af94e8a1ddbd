/* A QR code in characters: two modules in one, so that it is square and fits. */
#ifndef TUI_UI_PICTURE_H
#define TUI_UI_PICTURE_H

#include <stdbool.h>

/* Is there room for the QR code of `text`, and has the terminal half blocks? */
bool picture_fits(const char *text, int rows, int columns);
/* Draws it there. False when it does not fit. */
bool picture_draw(const char *text, int row, int column, int rows, int columns);

#endif
