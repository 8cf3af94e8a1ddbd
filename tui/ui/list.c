/* A list's cursor and marks. What a row looks like is its owner's. */
#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <tui/key.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

void list_free(struct list *list) {
    free(list->marked);
    *list = (struct list){0};
}

bool list_marked(const struct list *list, int64_t id) {
    for (size_t i = 0; i < list->marked_count; i++)
        if (list->marked[i] == id) return true;
    return false;
}

void list_unmark(struct list *list) {
    list->marked_count = 0;
}

static void mark_toggle(struct list *list, int64_t id) {
    for (size_t i = 0; i < list->marked_count; i++) {
        if (list->marked[i] != id) continue;
        list->marked[i] = list->marked[--list->marked_count];
        return;
    }
    int64_t *grown = realloc(list->marked, (list->marked_count + 1) * sizeof *grown);
    if (!grown) return;
    list->marked = grown;
    list->marked[list->marked_count++] = id;
}

static void stand_at(struct list *list, size_t index, const struct list_ops *ops, void *data) {
    if (!list->count) {
        list->at = 0;
        list->at_id = 0;
        return;
    }
    list->at = index < list->count ? index : list->count - 1;
    list->at_id = ops->id(list->at, data);
}

void list_refresh(struct list *list, size_t count, const struct list_ops *ops, void *data) {
    list->count = count;
    for (size_t i = 0; i < count; i++)
        if (ops->id(i, data) == list->at_id) {
            list->at = i;
            return;
        }
    stand_at(list, list->at, ops, data);
}

void list_turn(struct list *list) {
    list->at = list->first = 0;
    list->at_id = 0;
}

void list_draw(struct list *list, int row, int rows, const struct list_ops *ops, void *data) {
    if (rows <= 0) return;
    if (list->at < list->first) list->first = list->at;
    if (list->at >= list->first + (size_t)rows) list->first = list->at - (size_t)rows + 1;
    for (int i = 0; i < rows; i++) {
        size_t index = list->first + (size_t)i;
        if (index >= list->count) {
            text_draw(row + i, 0, COLS, "");
            continue;
        }
        terminal_look(index == list->at ? LOOK_SELECTED : LOOK_PLAIN);
        ops->draw(index, row + i, list_marked(list, ops->id(index, data)), data);
        terminal_look(LOOK_PLAIN);
    }
    move(row + (int)(list->at - list->first), 0);
}

bool list_key(struct list *list, int key, int rows, const struct list_ops *ops, void *data) {
    size_t page = rows > 1 ? (size_t)rows - 1 : 1, last = list->count ? list->count - 1 : 0;
    switch (key) {
    case 'j':
    case KEY_FUNCTION | KEY_DOWN: stand_at(list, list->at + 1, ops, data); return true;
    case 'k':
    case KEY_FUNCTION | KEY_UP: stand_at(list, list->at ? list->at - 1 : 0, ops, data); return true;
    case KEY_FUNCTION | KEY_NPAGE: stand_at(list, list->at + page, ops, data); return true;
    case KEY_FUNCTION | KEY_PPAGE: stand_at(list, list->at > page ? list->at - page : 0, ops, data); return true;
    case KEY_FUNCTION | KEY_HOME: stand_at(list, 0, ops, data); return true;
    case 'G':
    case KEY_FUNCTION | KEY_END: stand_at(list, last, ops, data); return true;
    case ' ':
        if (!list->count) return true;
        mark_toggle(list, ops->id(list->at, data));
        stand_at(list, list->at + 1, ops, data);
        return true;
    case '*':
        for (size_t i = 0; i < list->count; i++) mark_toggle(list, ops->id(i, data));
        return true;
    default: return false;
    }
}
