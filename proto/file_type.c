/* Document types, by libmagic with everything switched off that the four types don't need: what it reads comes from strangers. */
#include <magic.h>
#include <proto/file_type.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct file_type {
    magic_t magic;
};

#define MAGIC_FLAGS (MAGIC_MIME_TYPE | MAGIC_NO_CHECK_BUILTIN)

/* Far below libmagic's own limits, far above what these types ask for. */
static const struct {
    int name;
    size_t most;
} limits[] = {
    {MAGIC_PARAM_INDIR_MAX, 8},     {MAGIC_PARAM_NAME_MAX, 16},
    {MAGIC_PARAM_ELF_PHNUM_MAX, 1}, {MAGIC_PARAM_ELF_SHNUM_MAX, 1},
    {MAGIC_PARAM_ELF_NOTES_MAX, 1}, {MAGIC_PARAM_REGEX_MAX, 2048},
    {MAGIC_PARAM_ENCODING_MAX, 64}, {MAGIC_PARAM_BYTES_MAX, FILE_TYPE_HEAD},
};

static const char *const taken[] = {"application/pdf", "image/jpeg", "image/png", "image/tiff"};

static bool limits_set(magic_t magic) {
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (magic_setparam(magic, limits[i].name, &limits[i].most) != 0) return false;
    return true;
}

struct file_type *file_type_new(void) {
    struct file_type *types = calloc(1, sizeof *types);
    if (!types) return NULL;
    types->magic = magic_open(MAGIC_FLAGS);
    if (types->magic && limits_set(types->magic) && magic_load(types->magic, NULL) == 0) return types;
    file_type_free(types);
    return NULL;
}

void file_type_free(struct file_type *types) {
    if (!types) return;
    if (types->magic) magic_close(types->magic);
    free(types);
}

const char *file_type_of(struct file_type *types, const void *head, size_t size) {
    if (!size) return NULL;
    const char *found = magic_buffer(types->magic, head, size < FILE_TYPE_HEAD ? size : FILE_TYPE_HEAD);
    for (size_t i = 0; found && i < sizeof taken / sizeof taken[0]; i++)
        if (strcmp(found, taken[i]) == 0) return taken[i];
    return NULL;
}
