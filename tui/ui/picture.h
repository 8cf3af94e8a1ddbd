/* A QR code in characters: two modules in one, so that it is square and fits. */
#ifndef TUI_UI_PICTURE_H
#define TUI_UI_PICTURE_H

#include <stdbool.h>

/* Draws the QR code of `text` at the top left of `rows` rows. False when there is no room, or the terminal has no half blocks. */
bool picture_draw(const char *text, int row, int column, int rows, int columns);

#endif
