/* Drafts, as text: a head line with the key, then "code=value" a line, with \n and \\ escaped. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tui/entry/draft.h>
#include <unistd.h>

#define HEAD           "loket-draft 1 "
#define BYTES_AT_MOST  (1024 * 1024)
#define VALUES_AT_MOST 500

static bool name_good(const char *name) {
    size_t length = strlen(name);
    return length > 0 && length < 64 && name[0] != '.' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length;
}

/* The folder, made when it is missing. */
static bool folder_path(char *path, size_t size) {
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char base[400];
    if (state && *state) (void)snprintf(base, sizeof base, "%s", state);
    else if (home && *home) (void)snprintf(base, sizeof base, "%s/.local/state", home);
    else {
        errno = ENOENT;
        return false;
    }
    int length = snprintf(path, size, "%s/loket/drafts", base);
    if (length < 0 || (size_t)length >= size) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (char *p = path + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        int made = mkdir(path, 0700);
        *p = '/';
        if (made != 0 && errno != EEXIST) return false;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool file_path(const char *user, const char *form, char *path, size_t size) {
    char folder[480];
    if (!name_good(user) || !name_good(form)) {
        errno = EINVAL;
        return false;
    }
    if (!folder_path(folder, sizeof folder)) return false;
    return snprintf(path, size, "%s/%s-%s", folder, user, form) < (int)size;
}

void draft_free(struct draft *draft) {
    for (size_t i = 0; i < draft->count; i++) {
        free(draft->values[i].code);
        free(draft->values[i].value);
    }
    free(draft->values);
    *draft = (struct draft){0};
}

const char *draft_get(const struct draft *draft, const char *code) {
    for (size_t i = 0; i < draft->count; i++)
        if (strcmp(draft->values[i].code, code) == 0) return draft->values[i].value;
    return NULL;
}

void draft_put(struct draft *draft, const char *code, const char *value) {
    char *copy = strdup(value);
    if (!copy) return;
    for (size_t i = 0; i < draft->count; i++) {
        if (strcmp(draft->values[i].code, code) != 0) continue;
        free(draft->values[i].value);
        draft->values[i].value = copy;
        return;
    }
    struct draft_value *grown = realloc(draft->values, (draft->count + 1) * sizeof *grown);
    char *name = grown ? strdup(code) : NULL;
    if (grown) draft->values = grown;
    if (!name) {
        free(copy);
        return;
    }
    draft->values[draft->count++] = (struct draft_value){name, copy};
}

/* Undoes the escapes in place; false when one is not ours. */
static bool unescape(char *text) {
    char *out = text;
    for (; *text; text++) {
        if (*text != '\\') {
            *out++ = *text;
            continue;
        }
        text++;
        if (*text != 'n' && *text != '\\') return false;
        *out++ = *text == 'n' ? '\n' : '\\';
    }
    *out = '\0';
    return true;
}

static bool read_key(const char *hex, uint8_t key[DRAFT_KEY_BYTES]) {
    for (int i = 0; i < DRAFT_KEY_BYTES; i++) {
        unsigned byte;
        if (sscanf(hex + i * 2, "%2x", &byte) != 1) return false;
        key[i] = (uint8_t)byte;
    }
    return hex[DRAFT_KEY_BYTES * 2] == '\0';
}

static bool read_lines(char *text, struct draft *draft) {
    char *line = strsep(&text, "\n");
    if (!line || strncmp(line, HEAD, sizeof HEAD - 1) != 0 || strlen(line) != sizeof HEAD - 1 + DRAFT_KEY_BYTES * 2) return false;
    if (!read_key(line + sizeof HEAD - 1, draft->key)) return false;
    while ((line = strsep(&text, "\n")) && *line) {
        char *value = strchr(line, '=');
        if (!value || draft->count == VALUES_AT_MOST) return false;
        *value++ = '\0';
        if (!unescape(value)) return false;
        draft_put(draft, line, value);
    }
    return true;
}

bool draft_load(const char *user, const char *form, struct draft *draft) {
    char path[600];
    struct stat facts;
    *draft = (struct draft){0};
    if (!file_path(user, form, path, sizeof path)) return false;
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return false;
    char *text = NULL;
    bool good = fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0 && facts.st_size <= BYTES_AT_MOST &&
                facts.st_uid == geteuid() && (text = malloc((size_t)facts.st_size + 1));
    if (good) {
        ssize_t size = read(file, text, (size_t)facts.st_size);
        good = size == facts.st_size && !memchr(text, '\0', (size_t)size);
        text[size > 0 ? size : 0] = '\0';
    }
    if (good) good = read_lines(text, draft);
    if (!good) draft_free(draft);
    free(text);
    close(file);
    return good;
}

static bool write_lines(FILE *file, const struct draft *draft) {
    if (fputs(HEAD, file) == EOF) return false;
    for (int i = 0; i < DRAFT_KEY_BYTES; i++)
        if (fprintf(file, "%02x", draft->key[i]) < 0) return false;
    for (size_t i = 0; i < draft->count; i++) {
        if (fprintf(file, "\n%s=", draft->values[i].code) < 0) return false;
        for (const char *p = draft->values[i].value; *p; p++) {
            int written = *p == '\n' ? fputs("\\n", file) : *p == '\\' ? fputs("\\\\", file) : fputc(*p, file);
            if (written == EOF) return false;
        }
    }
    return fputc('\n', file) != EOF && fflush(file) == 0;
}

bool draft_save(const char *user, const char *form, const struct draft *draft) {
    char path[600], fresh[620];
    if (!file_path(user, form, path, sizeof path)) return false;
    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    int descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (!file) {
        if (descriptor >= 0) close(descriptor);
        return false;
    }
    bool good = write_lines(file, draft);
    int why = errno;
    if (fclose(file) != 0) good = false;
    if (good && rename(fresh, path) == 0) return true;
    if (!good) errno = why;
    (void)unlink(fresh);
    return false;
}

void draft_delete(const char *user, const char *form) {
    char path[600];
    if (file_path(user, form, path, sizeof path)) (void)unlink(path);
}
