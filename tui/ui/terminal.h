/* The terminal: setting it up and giving it back, keys in, looks out. ncurses sends only what changed. */
#ifndef TUI_UI_TERMINAL_H
#define TUI_UI_TERMINAL_H

#include <stdbool.h>

/* Colour only adds: each look differs in monochrome too, or is also a word. */
enum look {
    LOOK_PLAIN,
    LOOK_TITLE,
    LOOK_SELECTED,
    LOOK_LABEL,
    LOOK_WARNING,
    LOOK_ERROR,
    LOOK_GOOD,
    LOOK_FIELD,
    LOOK_DIM,
    LOOK_PICTURE
};

/* Takes the terminal. False when TERM is unknown. `plain`: no line drawing. */
bool terminal_open(bool plain);
void terminal_close(void);

/* The next key that was typed: a character or KEY_FUNCTION | code; -1 when there is none now. Never waits. Pasted text
 * (bracketed paste) comes with *pasted true. */
int terminal_key(bool *pasted);

/* After terminal_key() gave -1: will never a key come again? At the end of the input, when the terminal hung up, and when it may
 * not be read any more: in the background, with nobody left who could bring us to the front, reading is an error (EIO) although
 * what was typed is to be seen. */
bool terminal_gone(void);

void terminal_look(enum look look); /* for what is drawn next */
void terminal_rule(int row);        /* a line across the screen */
bool terminal_unicode(void);        /* can it show more than ASCII? */
void terminal_show(void);           /* sends what changed */
void terminal_redraw(void);         /* sends everything (Ctrl-L) */
void terminal_resize(void);         /* after SIGWINCH */

#endif
