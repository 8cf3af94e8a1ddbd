/* The values of one document, in a search tree. A list's name has an entry of its own that holds the count; a field of the
 * form is a text or a list, never both, so the two never meet. */
#include <search.h>
#include <server/doc/data.h>
#include <server/utf8.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

struct value {
    const char *key; /* behind the struct, or the caller's while searching */
    char *value;     /* owned; NULL for a list */
    size_t count;
};

struct document_data {
    void *entries; /* of tsearch */
    size_t bytes;
};

static int value_compare(const void *a, const void *b) {
    return strcmp(((const struct value *)a)->key, ((const struct value *)b)->key);
}

static void value_free(void *entry) {
    free(((struct value *)entry)->value);
    free(entry);
}

static struct value *value_find(const struct document_data *data, const char *key) {
    const struct value wanted = {.key = key};
    struct value *const *found = tfind(&wanted, &data->entries, value_compare);
    return found ? *found : NULL;
}

/* The entry of `key`, made when there is none; NULL when a limit is reached or memory is short. */
static struct value *value_need(struct document_data *data, const char *key) {
    struct value *entry = value_find(data, key);
    if (entry) return entry;
    size_t size = strlen(key) + 1, total;
    if (__builtin_add_overflow(data->bytes, sizeof *entry + size, &total) || total > DATA_TOTAL_BYTES) return NULL;
    entry = calloc(1, sizeof *entry + size);
    if (!entry) return NULL;
    entry->key = memcpy(entry + 1, key, size);
    if (!tsearch(entry, &data->entries, value_compare)) {
        free(entry);
        return NULL;
    }
    data->bytes = total;
    return entry;
}

struct document_data *data_new(void) {
    return calloc(1, sizeof(struct document_data));
}

void data_free(struct document_data *data) {
    if (!data) return;
    tdestroy(data->entries, value_free);
    free(data);
}

/* U+200B-200F, 2028-202E, 2060-2069, FEFF: they make text look other than it is. */
static bool hides(const unsigned char *at) {
    if (at[0] == 0xEF && at[1] == 0xBB && at[2] == 0xBF) return true;
    if (at[0] != 0xE2) return false;
    if (at[1] == 0x80) return (at[2] >= 0x8B && at[2] <= 0x8F) || (at[2] >= 0xA8 && at[2] <= 0xAE);
    return at[1] == 0x81 && at[2] >= 0xA0 && at[2] <= 0xA9;
}

/* Bytes of the character at `from`; `*as` is what it becomes and `*size` the bytes of that. */
static size_t character_clean(const char *from, const char **as, size_t *size) {
    size_t bytes = utf8_character(from);
    bool replaced = bytes == 0 || (bytes == 3 && hides((const unsigned char *)from));
    *as = replaced ? REPLACEMENT : from;
    *size = replaced ? strlen(REPLACEMENT) : bytes;
    if (*from == '\n') *as = from, *size = 1;
    if (*from == '\t') *as = " ", *size = 1;
    if (*from == '\r') *size = 0;
    return bytes ? bytes : 1;
}

/* The printable form of `value`, at most DATA_VALUE_BYTES with its end; NULL when memory is short. */
static char *value_clean(const char *value) {
    size_t size_of_value = strlen(value), room = DATA_VALUE_BYTES, used = 0;
    if (size_of_value < DATA_VALUE_BYTES / strlen(REPLACEMENT)) room = size_of_value * strlen(REPLACEMENT) + 1;
    char *clean = malloc(room);
    if (!clean) return NULL;
    while (*value) {
        const char *as;
        size_t size, bytes = character_clean(value, &as, &size);
        if (used + size >= room) break;
        memcpy(clean + used, as, size);
        used += size;
        value += bytes;
    }
    clean[used] = '\0';
    return clean;
}

/* a.b, a.1.b: parts of [A-Za-z0-9_] with points between. */
static bool key_valid(const char *key) {
    size_t size = strnlen(key, DATA_KEY_BYTES);
    if (size == DATA_KEY_BYTES || !strchr(key, '.')) return false;
    if (key[0] == '.' || key[size - 1] == '.' || strstr(key, "..")) return false;
    return key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")] == '\0';
}

/* The point before an element's number: in "members.1.name", also in "field.staff.1.name"; NULL when there is none. */
static const char *number_point(const char *key) {
    for (const char *point = strchr(key, '.'); point; point = strchr(point + 1, '.')) {
        size_t size = strspn(point + 1, "0123456789");
        if (size && point[1 + size] == '.') return point;
    }
    return NULL;
}

/* Notes an element's number in the count of its list. */
static enum loket_error list_count(struct document_data *data, const char *key, struct error *error) {
    const char *point = number_point(key), *digits = point ? point + 1 : "";
    size_t size = strspn(digits, "0123456789");
    if (!point) return LOKET_OK;
    unsigned long number = strtoul(digits, NULL, 10);
    if (digits[0] == '0' || size > 6 || number > DATA_LIST_ROWS)
        return error_set(error, size > 6 || number > DATA_LIST_ROWS ? LOKET_TOO_MANY : LOKET_INVALID, key,
                         "a list is counted from 1 and has at most 2000 rows", NULL);
    char name[DATA_KEY_BYTES];
    (void)snprintf(name, sizeof name, "%.*s", (int)(point - key), key);
    struct value *list = value_need(data, name);
    if (!list) return error_set(error, LOKET_TOO_MANY, key, "the document has too many values", NULL);
    if (number > list->count) list->count = number;
    return LOKET_OK;
}

enum loket_error data_put(struct document_data *data, const char *key, const char *value, struct error *error) {
    if (!key_valid(key)) return error_set(error, LOKET_INVALID, key, "%s is no name of a value", key);
    enum loket_error code = list_count(data, key, error);
    if (code) return code;
    struct value *entry = value_need(data, key);
    char *clean = entry ? value_clean(value ? value : "") : NULL;
    size_t old = entry && entry->value ? strlen(entry->value) : 0;
    size_t bytes = clean ? data->bytes - old + strlen(clean) : 0;
    if (!clean || bytes > DATA_TOTAL_BYTES) {
        free(clean);
        return error_set(error, LOKET_TOO_MANY, key, "the document has too many values", NULL);
    }
    free(entry->value);
    entry->value = clean;
    data->bytes = bytes;
    return LOKET_OK;
}

const char *data_get(const struct document_data *data, const char *key) {
    const struct value *entry = value_find(data, key);
    return entry ? entry->value : NULL;
}

size_t data_count(const struct document_data *data, const char *list) {
    const struct value *entry = value_find(data, list);
    return entry ? entry->count : 0;
}
