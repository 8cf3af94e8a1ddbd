/* The file browser. The folder is read when it is entered and on F5, never while typing. What is typed narrows the list, so only
 * the keys that are no letters, and the space, do anything else. */
#include <curses.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <tui/entry/folder.h>
#include <tui/screen/browser.h>
#include <tui/ui/form.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

#define HEAD_ROWS    3 /* the path, what is typed, a blank */
#define DATE_COLUMNS 12
#define SIZE_COLUMNS 9

struct browser {
    struct screen base;
    struct folder folder;
    struct form typed;
    struct list list; /* of folder.shown; the id of a row is the number of its entry, from 1 */
    int rows;         /* of the list, when it was last drawn */
    browser_chosen *chosen;
    struct screen *for_screen;
};

enum { ACTION_UP = ACTION_OWN };

static const struct key_row keys[] = {
    {ACTION_OPEN, "open", "Enter", N_("open"), N_("open the folder, or take the file")},
    {ACTION_MARK, "mark", "Space", N_("mark"), N_("mark it, to take more than one")},
    {ACTION_MAIN, "main", "F10 ^S", N_("take"), N_("take the marked files")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back without a choice")},
    {ACTION_UP, "up", "Left", N_("up"), N_("the folder above (or Backspace)")},
    {ACTION_REFRESH, "refresh", "F5", N_("refresh"), N_("read the folder again")},
    {0, NULL, NULL, NULL, NULL},
};

static const struct folder_entry *entry_at(const struct browser *self, size_t row) {
    return row < self->folder.shown_count ? &self->folder.entries[self->folder.shown[row]] : NULL;
}

static int64_t row_id(size_t index, void *data) {
    const struct browser *self = data;
    return (int64_t)self->folder.shown[index] + 1;
}

static void day_shown(int64_t at, char *out, size_t size) {
    time_t seconds = (time_t)at;
    struct tm local;
    char iso[16] = "";
    if (localtime_r(&seconds, &local)) (void)strftime(iso, sizeof iso, "%Y-%m-%d", &local);
    text_date(iso, out, size);
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const struct folder_entry *entry = entry_at(data, index);
    char name[NAME_MAX + 2], size[32] = "", day[32];
    int columns = COLS - 3 - SIZE_COLUMNS - DATE_COLUMNS - 3;
    (void)snprintf(name, sizeof name, "%s%s", entry->name, entry->is_folder ? "/" : "");
    if (!entry->is_folder) folder_size_shown(entry->size, size, sizeof size);
    day_shown(entry->changed_at, day, sizeof day);
    text_draw(row, 0, 3, marked ? " *" : "");
    text_draw(row, 3, columns, name);
    text_draw_right(row, 3 + columns, SIZE_COLUMNS, size);
    text_draw(row, 3 + columns + SIZE_COLUMNS, 2, "");
    text_draw(row, COLS - DATE_COLUMNS - 1, DATE_COLUMNS + 1, day);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void browser_free(struct screen *screen) {
    struct browser *self = (struct browser *)screen;
    folder_free(&self->folder);
    form_free(&self->typed);
    list_free(&self->list);
}

/* The end of a path tells more than its beginning. */
static void draw_path(const struct browser *self, int row) {
    const char *path = self->folder.path, *more = terminal_unicode() ? "…" : "<";
    char shown[PATH_MAX + 8];
    wchar_t character;
    const char *rest = path;
    for (size_t size; text_width(rest) > COLS - 3 && (size = text_next(rest, &character)) > 0;) rest += size;
    (void)snprintf(shown, sizeof shown, "%s%s", rest == path ? "" : more, rest);
    terminal_look(LOOK_TITLE);
    text_draw(row, 1, COLS - 2, shown);
    terminal_look(LOOK_PLAIN);
}

static void browser_draw(struct screen *screen, int row, int rows) {
    struct browser *self = (struct browser *)screen;
    self->rows = rows - HEAD_ROWS;
    draw_path(self, row);
    list_draw(&self->list, row + HEAD_ROWS, self->rows, &rows_ops, self);
    if (!self->folder.count) text_draw(row + HEAD_ROWS, 1, COLS - 2, _("This folder is empty"));
    else if (!self->list.count) text_draw(row + HEAD_ROWS, 1, COLS - 2, _("No file here has this in its name"));
    form_draw(&self->typed, row + 1, 1);
}

static void list_anew(struct browser *self, size_t at) {
    self->list.at = at;
    self->list.at_id = 0;
    list_refresh(&self->list, self->folder.shown_count, &rows_ops, self);
}

static bool go_to(struct browser *self, const char *path, const char *stand_on) {
    if (!folder_read(&self->folder, path)) {
        app_complain(self->base.app, N_("This folder can't be read: %s"), strerror(errno));
        return false;
    }
    field_set(&self->typed.fields[0], "");
    self->typed.cursor = 0;
    list_unmark(&self->list);
    list_anew(self, folder_find(&self->folder, stand_on));
    if (self->folder.cut) app_complain(self->base.app, N_("This folder holds too many files: not all are shown"), NULL);
    else app_say(self->base.app, "", NULL);
    return true;
}

static void go_up(struct browser *self) {
    char above[PATH_MAX], here[NAME_MAX + 1];
    const char *name;
    folder_above(&self->folder, above, &name);
    (void)snprintf(here, sizeof here, "%s", name);
    (void)go_to(self, above, here);
}

static bool is_there(const struct app *app, const struct screen *wanted) {
    const struct screen *screen = app->top;
    while (screen && screen != wanted) screen = screen->below;
    return screen != NULL;
}

/* Frees the paths, and the browser before the answer, so that who asked may open what it wants. */
static void answer(struct browser *self, char **paths, size_t count) {
    struct app *app = self->base.app;
    struct screen *for_screen = self->for_screen;
    browser_chosen *chosen = self->chosen;
    (void)snprintf(app->last_folder, sizeof app->last_folder, "%s", self->folder.path);
    app_pop(app);
    if (is_there(app, for_screen)) chosen(for_screen, (const char *const *)paths, count);
    for (size_t i = 0; i < count; i++) free(paths[i]);
    free(paths);
}

static char *path_copy(const struct browser *self, const struct folder_entry *entry) {
    char path[PATH_MAX];
    return folder_path(&self->folder, entry, path) ? strdup(path) : NULL;
}

/* Takes the marked files, in the order of the folder; without marks, or when `only_this`, the one under the cursor. */
static enum outcome take(struct browser *self, bool only_this) {
    bool marked = !only_this && self->list.marked_count;
    size_t count = 0, most = marked ? self->list.marked_count : 1;
    size_t here = self->list.count ? self->folder.shown[self->list.at] : self->folder.count;
    char **paths = calloc(most, sizeof *paths);
    if (!paths) abort();
    for (size_t i = 0; i < self->folder.count && count < most; i++) {
        const struct folder_entry *entry = &self->folder.entries[i];
        bool wanted = marked ? list_marked(&self->list, (int64_t)i + 1) : i == here;
        if (wanted && !entry->is_folder && (paths[count] = path_copy(self, entry))) count++;
    }
    if (count) {
        answer(self, paths, count);
        return HANDLED;
    }
    free(paths);
    app_complain(self->base.app, N_("No file is marked"), NULL);
    return REDRAW;
}

/* A whole path was typed (or pasted) instead of a part of a name. */
static enum outcome open_typed(struct browser *self, const char *typed) {
    const char *home = getenv("HOME");
    struct stat about;
    char path[PATH_MAX];
    if (*typed == '~' && home) (void)snprintf(path, sizeof path, "%s%s", home, typed + 1);
    else (void)snprintf(path, sizeof path, "%s", typed);
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        (void)go_to(self, path, "");
        return REDRAW;
    }
    char **paths = calloc(1, sizeof *paths);
    if (!paths || !(paths[0] = strdup(path))) abort();
    struct app *app = self->base.app;
    const char *slash = strrchr(path, '/');
    answer(self, paths, 1); /* what is wrong with it, the screen that asked tells */
    (void)snprintf(app->last_folder, sizeof app->last_folder, "%.*s", slash > path ? (int)(slash - path) : 1, path);
    return HANDLED;
}

static enum outcome open_entry(struct browser *self) {
    const char *typed = self->typed.fields[0].value;
    if (*typed == '/' || strncmp(typed, "~/", 2) == 0) return open_typed(self, typed);
    const struct folder_entry *entry = entry_at(self, self->list.at);
    char path[PATH_MAX];
    if (!entry) return HANDLED;
    if (!entry->is_folder) return take(self, true);
    if (folder_path(&self->folder, entry, path)) (void)go_to(self, path, "");
    return REDRAW;
}

/* The marks may be out of sight, so their number is told. */
static enum outcome mark(struct browser *self) {
    const struct folder_entry *entry = entry_at(self, self->list.at);
    char count[24];
    if (!entry) return HANDLED;
    if (entry->is_folder) {
        app_complain(self->base.app, N_("Only files can be marked"), NULL);
        return REDRAW;
    }
    (void)list_key(&self->list, ' ', self->rows, &rows_ops, self);
    (void)snprintf(count, sizeof count, "%zu", self->list.marked_count);
    app_say(self->base.app, N_("Marked files: %s"), count);
    return REDRAW;
}

/* Stays on its row, if that is still there. */
static enum outcome read_again(struct browser *self) {
    const struct folder_entry *entry = entry_at(self, self->list.at);
    char name[NAME_MAX + 1], path[PATH_MAX];
    (void)snprintf(name, sizeof name, "%s", entry ? entry->name : "");
    (void)snprintf(path, sizeof path, "%s", self->folder.path);
    (void)go_to(self, path, name);
    return REDRAW;
}

static enum outcome browser_action(struct screen *screen, int action) {
    struct browser *self = (struct browser *)screen;
    switch (action) {
    case ACTION_OPEN: return open_entry(self);
    case ACTION_MARK: return mark(self);
    case ACTION_MAIN: return take(self, false);
    case ACTION_UP: go_up(self); return REDRAW;
    case ACTION_REFRESH: return read_again(self);
    default: return LEAVE;
    }
}

static bool is_backspace(int key) {
    return key == (KEY_FUNCTION | KEY_BACKSPACE) || key == 127 || key == KEY_CONTROL('H');
}

static enum outcome browser_key(struct screen *screen, int key, bool pasted) {
    struct browser *self = (struct browser *)screen;
    if (!pasted && is_backspace(key) && !*self->typed.fields[0].value) {
        go_up(self);
        return REDRAW;
    }
    bool moves = !pasted && (key & KEY_FUNCTION) != 0;
    if (moves && list_key(&self->list, key, self->rows, &rows_ops, self)) return REDRAW;
    if (form_key(&self->typed, key, pasted) == FORM_UNUSED) return UNUSED;
    folder_narrow(&self->folder, self->typed.fields[0].value);
    list_anew(self, 0);
    return REDRAW;
}

static const struct screen_ops ops = {
    .title = N_("Choose files"),
    .about = N_("Type a part of the name to see fewer files. Enter opens a folder or takes the file; to take several files of a "
                "folder, mark each with the space bar and press F10. A whole path (/..., ~/...) can be typed too. Hidden files are "
                "not shown."),
    .keys = keys,
    .size = sizeof(struct browser),
    .free = browser_free,
    .draw = browser_draw,
    .action = browser_action,
    .key = browser_key,
};

void browser_open(struct app *app, const char *folder, browser_chosen *chosen, struct screen *for_screen) {
    const char *home = getenv("HOME"), *wanted = folder ? folder : app->last_folder;
    struct browser *self = (struct browser *)app_push(app, &ops);
    self->chosen = chosen;
    self->for_screen = for_screen;
    form_init(&self->typed);
    form_add(&self->typed, "typed", _("Part of the name"), FIELD_TEXT, false)->longest = PATH_MAX - 1;
    if (*wanted && go_to(self, wanted, "")) return;
    if (home && go_to(self, home, "")) return;
    (void)go_to(self, "/", "");
}
