/* A folder of files to choose from: read, sorted, narrowed. Knows nothing of the screen.
 *
 * Names are bytes as the disk has them: show them only through text_draw (tui/ui/text.h), which lets no control character and no
 * broken UTF-8 reach the terminal. */
#ifndef TUI_ENTRY_FOLDER_H
#define TUI_ENTRY_FOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLDER_ENTRIES 50000u /* more are not read */

struct folder_entry {
    char *name;
    bool is_folder;
    uint64_t size;
    int64_t changed_at; /* Unix seconds */
};

struct folder {
    char path[PATH_MAX];          /* absolute, without links */
    struct folder_entry *entries; /* folders first, then files, each by name without regard to the case of letters */
    size_t count, capacity;
    bool cut;      /* there were more than FOLDER_ENTRIES */
    size_t *shown; /* the entries that fit what was typed */
    size_t shown_count;
};

/* Reads `path` into `folder`, which is zeroed or has been read before; everything in it is shown. Hidden files and what is neither
 * a file nor a folder (pipes, devices, dead links) are left out. False and errno when it can't be read: `folder` is then as before.
 */
bool folder_read(struct folder *folder, const char *path);
void folder_free(struct folder *folder);

/* Shows only the entries with `typed` in their name, whatever the case of its letters (of ASCII); "" shows all. */
void folder_narrow(struct folder *folder, const char *typed);

/* The path of an entry; false when it is longer than a path can be. */
bool folder_path(const struct folder *folder, const struct folder_entry *entry, char out[PATH_MAX]);
/* The path of the folder above (of "/": itself), and in *name where in folder->path the name of this one begins. */
void folder_above(const struct folder *folder, char out[PATH_MAX], const char **name);
/* Where in folder->shown the entry of that name is; 0 when it is not there. */
size_t folder_find(const struct folder *folder, const char *name);

/* "812 B", "48 KiB", "12 MiB" */
void folder_size_shown(uint64_t bytes, char *out, size_t size);

#endif
