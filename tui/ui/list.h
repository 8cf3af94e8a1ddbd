/* A list of rows with a cursor that stays on its row when the list is read again. */
#ifndef TUI_UI_LIST_H
#define TUI_UI_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct list {
    size_t count;
    size_t at;       /* the row with the cursor */
    size_t first;    /* scrolled */
    int64_t at_id;   /* of the row with the cursor, to find it again */
    int64_t *marked; /* ids, owned */
    size_t marked_count;
};

/* Tells a row's id, and draws it. */
struct list_ops {
    int64_t (*id)(size_t index, void *data);
    void (*draw)(size_t index, int row, bool marked, void *data);
};

void list_free(struct list *list);
/* The rows were read again: the cursor goes to the row that it was on. */
void list_refresh(struct list *list, size_t count, const struct list_ops *ops, void *data);
/* Other rows come next, not these again: the cursor goes to the first. */
void list_turn(struct list *list);
void list_draw(struct list *list, int row, int rows, const struct list_ops *ops, void *data);
/* Moves (arrows, j k g G, PgUp PgDn Home End) and marks (space, *). False when the key means nothing to a list. */
bool list_key(struct list *list, int key, int rows, const struct list_ops *ops, void *data);
bool list_marked(const struct list *list, int64_t id);
void list_unmark(struct list *list);

#endif
