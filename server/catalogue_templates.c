/* The templates of an office's documents, and its arms, beside the data files of a catalogue. What a template may say is
 * server/doc/template.h's. */
#include <dirent.h>
#include <errno.h>
#include <server/catalogue.h>
#include <server/doc/render.h>
#include <server/owner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".tmpl"

static int is_template(const struct dirent *entry) {
    size_t size = strlen(entry->d_name), suffix = strlen(SUFFIX);
    return entry->d_name[0] != '.' && size > suffix && strcmp(entry->d_name + size - suffix, SUFFIX) == 0;
}

static const struct ini_section *office_of(const struct catalogue *catalogue) {
    for (size_t i = 0; i < catalogue->file_count; i++) {
        const struct ini_section *office = section_find(&catalogue->files[i], "office", "");
        if (office) return office;
    }
    return NULL;
}

/* "permit.tmpl" is for every permit type, "permit.SIP-DR.tmpl" for that one. */
static void template_read(struct catalogue *catalogue, const char *folder, const char *name) {
    struct ini_file place = {.path = catalogue_text(catalogue, "%s/%s", folder, name)};
    size_t size = 0;
    char *text = owner_read_file(place.path, &size);
    struct template *template = text ? template_parse(text, size, place.path) : NULL;
    if (!template) {
        mistake_add(catalogue, &place, 1, NULL, NULL, "can't be read");
        free(text);
        return;
    }
    for (size_t i = 0; i < template->mistake_count; i++)
        mistake_add(catalogue, &place, template->mistakes[i].line, NULL, NULL, "%s", template->mistakes[i].text);
    const char *rest = name, *kind = list_next(catalogue, &rest, '.'), *type = list_next(catalogue, &rest, '.');
    if (!template->mistake_count && strcmp(kind, document_kind_name(template->kind)) != 0)
        mistake_add(catalogue, &place, 1, NULL, NULL, "the file's name says %s, @document says %s", kind,
                    document_kind_name(template->kind));
    catalogue->templates = catalogue_grow(catalogue, catalogue->templates, catalogue->template_count, &catalogue->template_room,
                                          sizeof *catalogue->templates);
    catalogue->templates[catalogue->template_count++] =
        (struct template_text){place.path, catalogue_text(catalogue, "%s", text), kind, strcmp(type, "tmpl") == 0 ? "" : type};
    template_free(template);
    free(text);
}

/* A document for which there is no template can't be made: better to know it now. */
static void kinds_check(struct catalogue *catalogue, const char *folder) {
    struct ini_file place = {.path = folder};
    for (int kind = 0; kind < DOCUMENT_KINDS; kind++) {
        const char *name = document_kind_name((enum document_kind)kind);
        bool there = false;
        for (size_t i = 0; i < catalogue->template_count; i++)
            there = there || (strcmp(catalogue->templates[i].kind, name) == 0 && !*catalogue->templates[i].permit_type);
        if (!there) mistake_add(catalogue, &place, 1, NULL, NULL, "has no %s" SUFFIX, name);
    }
}

static void arms_read(struct catalogue *catalogue, const char *path) {
    static const unsigned char png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    struct ini_file place = {.path = path};
    unsigned char *bytes = catalogue_take(catalogue, DOCUMENT_ARMS_BYTES + 1);
    FILE *file = fopen(path, "re");
    size_t size = file ? fread(bytes, 1, DOCUMENT_ARMS_BYTES + 1, file) : 0;
    if (!file) mistake_add(catalogue, &place, 1, NULL, NULL, "can't be read: %s", strerror(errno));
    else if (size > DOCUMENT_ARMS_BYTES) mistake_add(catalogue, &place, 1, NULL, NULL, "is larger than 512 KiB");
    else if (size < sizeof png || memcmp(bytes, png, sizeof png) != 0) mistake_add(catalogue, &place, 1, NULL, NULL, "is no PNG");
    if (file) (void)fclose(file);
    catalogue->arms = bytes;
    catalogue->arms_size = size;
}

void catalogue_read_templates(struct catalogue *catalogue, const char *folder) {
    const struct ini_section *office = office_of(catalogue);
    const char *place = catalogue_text(catalogue, "%s/%s", folder, entry_value(office, "templates", "../templates"));
    const char *arms = entry_value(office, "arms", NULL);
    struct ini_file nowhere = {.path = place};
    struct dirent **entries = NULL;
    int count = scandir(place, &entries, is_template, alphasort);
    if (count < 0) mistake_add(catalogue, &nowhere, 1, NULL, NULL, "can't be read: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        template_read(catalogue, place, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (count >= 0) kinds_check(catalogue, place);
    if (arms) arms_read(catalogue, catalogue_text(catalogue, "%s/%s", folder, arms));
}
