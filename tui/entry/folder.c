/* Reading a folder: one pass over the disk, one sort; narrowing only makes a list of indexes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tui/entry/folder.h>
#include <unistd.h>

static void entries_free(struct folder *folder) {
    for (size_t i = 0; i < folder->count; i++) free(folder->entries[i].name);
    free(folder->entries);
    free(folder->shown);
}

void folder_free(struct folder *folder) {
    entries_free(folder);
    *folder = (struct folder){0};
}

static bool entry_add(struct folder *folder, const char *name, const struct stat *facts) {
    if (folder->count == folder->capacity) {
        size_t capacity = folder->capacity * 2 + 64;
        struct folder_entry *grown = reallocarray(folder->entries, capacity, sizeof *grown);
        if (!grown) return false;
        folder->entries = grown;
        folder->capacity = capacity;
    }
    struct folder_entry entry = {strdup(name), S_ISDIR(facts->st_mode), (uint64_t)facts->st_size, facts->st_mtime};
    if (!entry.name) return false;
    folder->entries[folder->count++] = entry;
    return true;
}

/* A pipe or a device would hang or surprise whoever opens it. */
static bool is_wanted(int fd, const char *name, struct stat *facts) {
    return name[0] != '.' && fstatat(fd, name, facts, 0) == 0 && (S_ISDIR(facts->st_mode) || S_ISREG(facts->st_mode));
}

static bool entries_read(struct folder *folder, DIR *directory) {
    for (;;) {
        struct stat facts;
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry) return errno == 0;
        if (!is_wanted(dirfd(directory), entry->d_name, &facts)) continue;
        folder->cut = folder->count == FOLDER_ENTRIES;
        if (folder->cut) return true;
        if (!entry_add(folder, entry->d_name, &facts)) return false;
    }
}

static int in_order(const void *left, const void *right) {
    const struct folder_entry *one = left, *two = right;
    if (one->is_folder != two->is_folder) return one->is_folder ? -1 : 1;
    int order = strcasecmp(one->name, two->name);
    return order ? order : strcmp(one->name, two->name);
}

static bool read_into(struct folder *folder, const char *path) {
    if (!realpath(path, folder->path)) return false;
    DIR *directory = opendir(folder->path);
    if (!directory) return false;
    bool good = entries_read(folder, directory);
    int why = errno;
    (void)closedir(directory);
    if (folder->count) qsort(folder->entries, folder->count, sizeof folder->entries[0], in_order);
    folder->shown = good ? calloc(folder->count + 1, sizeof *folder->shown) : NULL;
    if (!good) errno = why;
    return good && folder->shown;
}

bool folder_read(struct folder *folder, const char *path) {
    struct folder fresh = {0};
    if (!read_into(&fresh, path)) {
        int why = errno;
        entries_free(&fresh);
        errno = why;
        return false;
    }
    folder_narrow(&fresh, "");
    entries_free(folder);
    *folder = fresh;
    return true;
}

void folder_narrow(struct folder *folder, const char *typed) {
    folder->shown_count = 0;
    for (size_t i = 0; i < folder->count; i++)
        if (!*typed || strcasestr(folder->entries[i].name, typed)) folder->shown[folder->shown_count++] = i;
}

bool folder_path(const struct folder *folder, const struct folder_entry *entry, char out[PATH_MAX]) {
    const char *between = folder->path[1] ? "/" : ""; /* "/" ends in one */
    int size = snprintf(out, PATH_MAX, "%s%s%s", folder->path, between, entry->name);
    return size > 0 && size < PATH_MAX;
}

void folder_above(const struct folder *folder, char out[PATH_MAX], const char **name) {
    const char *last = strrchr(folder->path, '/');
    size_t size = last && last > folder->path ? (size_t)(last - folder->path) : 1;
    (void)snprintf(out, PATH_MAX, "%.*s", (int)size, folder->path);
    *name = last ? last + 1 : folder->path;
}

size_t folder_find(const struct folder *folder, const char *name) {
    for (size_t i = 0; i < folder->shown_count; i++)
        if (strcmp(folder->entries[folder->shown[i]].name, name) == 0) return i;
    return 0;
}

void folder_size_shown(uint64_t bytes, char *out, size_t size) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (; bytes >= 10000 && unit < sizeof units / sizeof units[0] - 1; unit++) bytes = bytes / 1024 + (bytes % 1024 >= 512);
    (void)snprintf(out, size, "%llu %s", (unsigned long long)bytes, units[unit]);
}
