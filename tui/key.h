/* Keys and what they do. Every screen has a table of rows; dispatch, the legend and the help are all made from it, so
 * that none of them can lie. Every function key has a second way. */
#ifndef TUI_KEY_H
#define TUI_KEY_H

#include <stdbool.h>
#include <stddef.h>

/* A key: a Unicode character, or KEY_FUNCTION and ncurses's code. */
#define KEY_FUNCTION        0x40000000
#define KEY_CONTROL(letter) ((letter)&0x1f)

/* What a key asks for. Screens add their own from ACTION_OWN on. */
enum action {
    ACTION_NONE,
    ACTION_HELP,
    ACTION_BACK,
    ACTION_REFRESH,
    ACTION_MAIN, /* the main thing of this screen: submit, approve, file */
    ACTION_LOOK_UP,
    ACTION_OPEN,
    ACTION_NEW,
    ACTION_SEARCH,
    ACTION_PALETTE,
    ACTION_MARK,
    ACTION_MARK_ALL,
    ACTION_REDRAW,
    ACTION_LOCK,
    ACTION_OWN = 100
};

struct key_row {
    int action;        /* enum action or the screen's own; 0 ends the table */
    const char *id;    /* its name in keys.ini, e.g. "main" */
    const char *keys;  /* "F10 ^S": the first is shown in the legend */
    const char *label; /* of the legend, a msgid; NULL: not in the legend */
    const char *help;  /* of F1, a msgid */
};

/* The action of `key` in the table, 0 when there is none. `letters` false: only function and control keys count, because
 * a letter is being typed into a field. Keys of the file keys.ini come before the table's own. */
int key_action(const struct key_row *rows, int key, bool letters);

/* The first key of a row as people write it ("F10"). */
void key_shown(const struct key_row *row, char *out, size_t size);
/* All keys of a row that count ("F10, Ctrl-S"); `letters` as in key_action. */
void key_all_shown(const struct key_row *row, bool letters, char *out, size_t size);

/* Reads rebindings ("[keys] main = F10 ^S") from a file; a missing file is fine. False and the line's number on a mistake. */
bool key_load(const char *file, int *line);
/* The rebinding of an id, NULL when there is none. */
const char *key_rebound(const char *id);

#endif
