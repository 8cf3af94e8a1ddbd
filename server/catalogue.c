/* Reads the data files of a catalogue into sections and keys, with the line of each. Judges nothing:
 * catalogue_check.c. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <server/catalogue.h>
#include <server/catalogue_rules.h>
#include <server/owner.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CATALOGUE_BYTES (64u << 20)
#define INI_LINE        198 /* libinih's buffer, less its end */

struct catalogue_block {
    struct catalogue_block *next;
};

/* One file while it is read. */
struct reading {
    struct catalogue *catalogue;
    struct ini_file *file;
    const char *rest, *present; /* `present`: the line that was read last */
    int line;
    bool continues; /* the line begins with a blank: it belongs to the key before */
};

void catalogue_init(struct catalogue *catalogue) {
    *catalogue = (struct catalogue){0};
}

void catalogue_free(struct catalogue *catalogue) {
    while (catalogue->blocks) {
        struct catalogue_block *next = catalogue->blocks->next;
        free(catalogue->blocks);
        catalogue->blocks = next;
    }
    catalogue_init(catalogue);
}

void *catalogue_take(struct catalogue *catalogue, size_t size) {
    struct catalogue_block *block = NULL;
    if (size < CATALOGUE_BYTES - catalogue->taken) block = calloc(1, sizeof *block + size);
    if (!block) {
        (void)fputs("loketd: this catalogue is too large\n", stderr);
        exit(EXIT_FAILURE);
    }
    catalogue->taken += size;
    block->next = catalogue->blocks;
    catalogue->blocks = block;
    return block + 1;
}

static const char *text_taken(struct catalogue *catalogue, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = catalogue_take(catalogue, (size_t)size + 1);
    (void)vsnprintf(text, (size_t)size + 1, format, arguments);
    return text;
}

const char *catalogue_text(struct catalogue *catalogue, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = text_taken(catalogue, format, arguments);
    va_end(arguments);
    return text;
}

void *catalogue_grow(struct catalogue *catalogue, void *rows, size_t count, size_t *room, size_t size) {
    if (count < *room) return rows;
    *room = *room ? *room * 2 : 8;
    void *larger = catalogue_take(catalogue, *room * size);
    if (rows && count) memcpy(larger, rows, count * size);
    return larger;
}

void mistake_add(struct catalogue *catalogue, const struct ini_file *file, int line, const struct ini_section *section,
                 const char *key, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = text_taken(catalogue, format, arguments), *place = "";
    va_end(arguments);
    if (section && *section->code) place = catalogue_text(catalogue, "[%s:%s] ", section->kind, section->code);
    else if (section) place = catalogue_text(catalogue, "[%s] ", section->kind);
    text = catalogue_text(catalogue, "%s%s%s%s", place, key ? key : "", key ? ": " : "", text);
    catalogue->mistakes = catalogue_grow(catalogue, catalogue->mistakes, catalogue->mistake_count, &catalogue->mistake_room,
                                         sizeof *catalogue->mistakes);
    catalogue->mistakes[catalogue->mistake_count++] = (struct mistake){file->path, text, line};
}

const struct ini_section *section_find(const struct ini_file *file, const char *kind, const char *code) {
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->sections[i].kind, kind) == 0 && strcmp(file->sections[i].code, code) == 0) return &file->sections[i];
    return NULL;
}

const struct ini_entry *entry_find(const struct ini_section *section, const char *key) {
    for (size_t i = 0; section && section->entries && i < section->count; i++)
        if (strcmp(section->entries[i].key, key) == 0) return &section->entries[i];
    return NULL;
}

const char *entry_value(const struct ini_section *section, const char *key, const char *standard) {
    const struct ini_entry *entry = entry_find(section, key);
    return entry ? entry->value : standard;
}

const char *list_next(struct catalogue *catalogue, const char **list, char separator) {
    const char *from = *list;
    if (!from || !*from) return NULL;
    const char *end = strchrnul(from, separator);
    *list = *end ? end + 1 : end;
    while (from < end && isspace((unsigned char)*from)) from++;
    while (end > from && isspace((unsigned char)end[-1])) end--;
    return catalogue_text(catalogue, "%.*s", (int)(end - from), from);
}

static void section_begin(struct reading *reading, const char *line, size_t size) {
    struct catalogue *catalogue = reading->catalogue;
    struct ini_file *file = reading->file;
    const char *end = memchr(line, ']', size);
    if (!end) return; /* libinih reports it */
    const char *name = catalogue_text(catalogue, "%.*s", (int)(end - line - 1), line + 1);
    const char *colon = strchr(name, ':');
    file->sections = catalogue_grow(catalogue, file->sections, file->count, &file->room, sizeof *file->sections);
    file->sections[file->count++] =
        (struct ini_section){.kind = colon ? catalogue_text(catalogue, "%.*s", (int)(colon - name), name) : name,
                             .code = colon ? colon + 1 : "",
                             .line = reading->line};
}

/* libinih asks for a line; it doesn't tell which one it is at, so they are counted here. */
static char *line_read(char *out, int room, void *data) {
    struct reading *reading = data;
    const struct ini_file *file = reading->file;
    if (!*reading->rest) return NULL;
    size_t size = strcspn(reading->rest, "\n");
    const char *line = reading->rest;
    reading->rest += size + (line[size] == '\n');
    reading->present = line;
    reading->line++;
    size_t blank = strspn(line, " \t");
    bool goes_on = file->count && file->sections[file->count - 1].count;
    reading->continues = blank > 0;
    if (line[blank] == '[' && !(blank && goes_on)) section_begin(reading, line + blank, size - blank);
    if (size > INI_LINE || size + 2 > (size_t)room) {
        mistake_add(reading->catalogue, reading->file, reading->line, NULL, NULL,
                    "the line is longer than %d bytes: go on in the next line, which begins with a blank", INI_LINE);
        size = 0;
    }
    memcpy(out, line, size);
    memcpy(out + size, "\n", 2);
    return out;
}

/* Notes where the part of the value that begins at `offset` stands. */
static void part_add(struct reading *reading, struct ini_entry *entry, size_t offset) {
    size_t skipped = reading->continues ? 0 : strcspn(reading->present, "=:\n");
    if (reading->present[skipped] == '=' || reading->present[skipped] == ':') skipped += !reading->continues;
    skipped += strspn(reading->present + skipped, " \t");
    entry->parts = catalogue_grow(reading->catalogue, entry->parts, entry->part_count, &entry->part_room, sizeof *entry->parts);
    entry->parts[entry->part_count++] = (struct ini_part){offset, reading->line, (int)skipped + 1};
}

static int entry_read(void *data, const char *section_name, const char *key, const char *value) {
    (void)section_name;
    struct reading *reading = data;
    struct catalogue *catalogue = reading->catalogue;
    struct ini_file *file = reading->file;
    if (!file->count) {
        mistake_add(catalogue, file, reading->line, NULL, key, "stands before the first section");
        return 1;
    }
    struct ini_section *section = &file->sections[file->count - 1];
    struct ini_entry *last = section->count ? &section->entries[section->count - 1] : NULL;
    if (reading->continues && last && strcmp(last->key, key) == 0) {
        part_add(reading, last, strlen(last->value) + 1);
        last->value = catalogue_text(catalogue, "%s %s", last->value, value);
        return 1;
    }
    if (entry_find(section, key)) mistake_add(catalogue, file, reading->line, section, key, "is given twice");
    section->entries = catalogue_grow(catalogue, section->entries, section->count, &section->room, sizeof *section->entries);
    section->entries[section->count++] = (struct ini_entry){
        .key = catalogue_text(catalogue, "%s", key), .value = catalogue_text(catalogue, "%s", value), .line = reading->line};
    part_add(reading, &section->entries[section->count - 1], 0);
    return 1;
}

void catalogue_read_text(struct catalogue *catalogue, const char *path, const struct file_rule *rule, const char *text) {
    catalogue->files =
        catalogue_grow(catalogue, catalogue->files, catalogue->file_count, &catalogue->file_room, sizeof *catalogue->files);
    struct ini_file *file = &catalogue->files[catalogue->file_count++];
    *file = (struct ini_file){.path = catalogue_text(catalogue, "%s", path), .rule = rule};
    bool marked = strncmp(text, "\xEF\xBB\xBF", 3) == 0; /* some editors begin UTF-8 so */
    struct reading reading = {.catalogue = catalogue, .file = file, .rest = marked ? text + 3 : text};
    int wrong = ini_parse_stream(line_read, &reading, entry_read, &reading);
    if (wrong > 0) mistake_add(catalogue, file, wrong, NULL, NULL, "is neither a [section], nor key = value, nor a comment");
    if (wrong < 0) mistake_add(catalogue, file, 1, NULL, NULL, "can't be read: out of memory");
}

static void file_read(struct catalogue *catalogue, const char *path, const struct file_rule *rule) {
    char *text = owner_read_file(path, NULL);
    struct ini_file nowhere = {.path = catalogue_text(catalogue, "%s", path)};
    if (text) catalogue_read_text(catalogue, path, rule, text);
    else mistake_add(catalogue, &nowhere, 1, NULL, NULL, "can't be read; a catalogue needs this file");
    free(text);
}

static int is_ini(const struct dirent *entry) {
    size_t size = strlen(entry->d_name);
    return entry->d_name[0] != '.' && size > 4 && strcmp(entry->d_name + size - 4, ".ini") == 0;
}

void catalogue_read(struct catalogue *catalogue, const char *folder) {
    for (const struct file_rule *rule = catalogue_files; rule->name; rule++) {
        const char *place = catalogue_text(catalogue, "%s/%s", folder, rule->place);
        if (!rule->several) {
            file_read(catalogue, place, rule);
            continue;
        }
        struct dirent **entries = NULL;
        struct ini_file nowhere = {.path = place};
        int count = scandir(place, &entries, is_ini, alphasort);
        if (count < 0) mistake_add(catalogue, &nowhere, 1, NULL, NULL, "can't be read: %s", strerror(errno));
        if (count == 0) mistake_add(catalogue, &nowhere, 1, NULL, NULL, "has no .ini file");
        for (int i = 0; i < count; i++) {
            file_read(catalogue, catalogue_text(catalogue, "%s/%s", place, entries[i]->d_name), rule);
            free(entries[i]);
        }
        free(entries);
    }
    catalogue_read_templates(catalogue, folder);
}
