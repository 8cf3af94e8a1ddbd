/* Keys and what they do. Knows names of keys, not what a screen does with an action. */
#include <curses.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/key.h>
#include <unistd.h>

#define REBOUND_AT_MOST 64

static struct { char id[32], keys[64]; } rebound[REBOUND_AT_MOST];
static int rebound_count;

static const struct {
    const char *name;
    int key;
} named[] = {
    {"Enter", '\r'},
    {"Esc", 27},
    {"Tab", '\t'},
    {"Space", ' '},
    {"Up", KEY_FUNCTION | KEY_UP},
    {"Down", KEY_FUNCTION | KEY_DOWN},
    {"Left", KEY_FUNCTION | KEY_LEFT},
    {"Right", KEY_FUNCTION | KEY_RIGHT},
    {"PgUp", KEY_FUNCTION | KEY_PPAGE},
    {"PgDn", KEY_FUNCTION | KEY_NPAGE},
    {"Home", KEY_FUNCTION | KEY_HOME},
    {"End", KEY_FUNCTION | KEY_END},
};

/* "F10", "^S", "Esc" or one character; 0 when it is none. */
static int key_named(const char *name) {
    if (name[0] == 'F' && name[1] >= '1' && name[1] <= '9') return KEY_FUNCTION | KEY_F(atoi(name + 1));
    if (name[0] == '^' && name[1]) return KEY_CONTROL(name[1]);
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (strcmp(named[i].name, name) == 0) return named[i].key;
    return name[0] && !name[1] ? (unsigned char)name[0] : 0;
}

const char *key_rebound(const char *id) {
    for (int i = 0; i < rebound_count; i++)
        if (id && strcmp(rebound[i].id, id) == 0) return rebound[i].keys;
    return NULL;
}

static const char *row_keys(const struct key_row *row) {
    const char *own = key_rebound(row->id);
    return own ? own : row->keys;
}

/* Takes the next name from *list; false at its end. */
static bool next_name(const char **list, char name[16]) {
    *list += strspn(*list, " ");
    size_t size = strcspn(*list, " ");
    if (!size) return false;
    (void)snprintf(name, 16, "%.*s", (int)size, *list);
    *list += size;
    return true;
}

/* What goes into a field where one is typed in. */
static bool is_letter(int key) {
    return !(key & KEY_FUNCTION) && key >= 0x20 && key != 0x7f;
}

int key_action(const struct key_row *rows, int key, bool letters) {
    char name[16];
    if (!letters && is_letter(key)) return ACTION_NONE;
    for (const struct key_row *row = rows; row->action; row++)
        for (const char *list = row_keys(row); next_name(&list, name);)
            if (key_named(name) == key) return row->action;
    return ACTION_NONE;
}

static void shown_name(const char *name, char *out, size_t size) {
    if (name[0] == '^' && name[1]) (void)snprintf(out, size, "Ctrl-%s", name + 1);
    else (void)snprintf(out, size, "%s", name);
}

void key_shown(const struct key_row *row, char *out, size_t size) {
    char name[16] = "";
    const char *list = row_keys(row);
    (void)next_name(&list, name);
    shown_name(name, out, size);
}

void key_all_shown(const struct key_row *row, bool letters, char *out, size_t size) {
    char name[16], one[24];
    size_t used = 0;
    out[0] = '\0';
    for (const char *list = row_keys(row); next_name(&list, name) && used + 2 < size;) {
        if (!letters && is_letter(key_named(name))) continue;
        shown_name(name, one, sizeof one);
        int more = snprintf(out + used, size - used, "%s%s", used ? ", " : "", one);
        if (more < 0) return;
        used += (size_t)more;
    }
}

static int on_pair(void *data, const char *section, const char *id, const char *value) {
    (void)data;
    char name[16];
    if (strcmp(section, "keys") != 0 || rebound_count == REBOUND_AT_MOST) return 0;
    for (const char *list = value; next_name(&list, name);)
        if (!key_named(name)) return 0;
    (void)snprintf(rebound[rebound_count].id, sizeof rebound[0].id, "%s", id);
    (void)snprintf(rebound[rebound_count].keys, sizeof rebound[0].keys, "%s", value);
    rebound_count++;
    return 1;
}

bool key_load(const char *file, int *line) {
    *line = 0;
    if (access(file, R_OK) != 0) return true;
    *line = ini_parse(file, on_pair, NULL);
    return *line == 0;
}
