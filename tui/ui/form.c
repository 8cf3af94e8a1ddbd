/* A full-screen form: its fields, the cursor among them, and what a key does to a value. Drawing is in form_draw.c. */
#include <ctype.h>
#include <curses.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/key.h>
#include <tui/ui/form.h>
#include <tui/ui/text.h>
#include <wchar.h>

void form_init(struct form *form) {
    *form = (struct form){0};
}

void form_free(struct form *form) {
    for (size_t i = 0; i < form->count; i++) {
        struct field *field = &form->fields[i];
        if (field->kind == FIELD_PASSWORD) explicit_bzero(field->value, strlen(field->value));
        free(field->value);
        for (size_t j = 0; j < field->choice_count; j++) {
            free(field->choices[j].code);
            free(field->choices[j].label);
        }
        free(field->choices);
    }
    free(form->fields);
    form_init(form);
}

static void *must(void *memory) {
    if (!memory) abort(); /* a client without memory for a form has nothing left to say it with */
    return memory;
}

struct field *form_add(struct form *form, const char *code, const char *label, enum field_kind kind, bool required) {
    if (form->count == form->capacity) {
        form->capacity = form->capacity ? form->capacity * 2 : 16;
        form->fields = must(realloc(form->fields, form->capacity * sizeof *form->fields));
    }
    struct field *field = &form->fields[form->count++];
    *field = (struct field){.kind = kind, .required = required, .longest = 200};
    (void)snprintf(field->code, sizeof field->code, "%s", code);
    (void)snprintf(field->label, sizeof field->label, "%s", label);
    field->value = must(strdup(""));
    if (form->count > 1 && form->fields[form->at].kind == FIELD_HEADING && kind != FIELD_HEADING) form->at = form->count - 1;
    return field;
}

void field_choice(struct field *field, const char *code, const char *label) {
    field->choices = must(realloc(field->choices, (field->choice_count + 1) * sizeof *field->choices));
    field->choices[field->choice_count++] = (struct choice){must(strdup(code)), must(strdup(label))};
}

void field_set(struct field *field, const char *value) {
    char *copy = must(strdup(value ? value : ""));
    free(field->value);
    field->value = copy;
}

void field_when(struct field *field, const char *other, const char *value) {
    (void)snprintf(field->when_field, sizeof field->when_field, "%s", other);
    (void)snprintf(field->when_value, sizeof field->when_value, "%s", value);
}

struct field *form_find(struct form *form, const char *code) {
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->fields[i].code, code) == 0) return &form->fields[i];
    return NULL;
}

bool form_applies(struct form *form, const struct field *field) {
    if (!field->when_field[0]) return true;
    const struct field *other = form_find(form, field->when_field);
    if (!other || other == field || !form_applies(form, other)) return false;
    const char *wanted = field->when_value;
    return *wanted == '!' ? strcmp(other->value, wanted + 1) != 0 : strcmp(other->value, wanted) == 0;
}

const char *form_value(struct form *form, const char *code) {
    struct field *field = form_find(form, code);
    return field && form_applies(form, field) ? field->value : "";
}

static bool can_stand(struct form *form, size_t index) {
    const struct field *field = &form->fields[index];
    return field->kind != FIELD_HEADING && !field->read_only && form_applies(form, field);
}

static void stand_at(struct form *form, size_t index) {
    form->at = index;
    form->cursor = strlen(form->fields[index].value);
}

void form_first(struct form *form) {
    for (size_t i = 0; i < form->count; i++)
        if (can_stand(form, i)) {
            stand_at(form, i);
            return;
        }
}

bool form_refuse(struct form *form, const char *code, const char *message) {
    struct field *field = form_find(form, code);
    if (!field) return false;
    (void)snprintf(field->error, sizeof field->error, "%s", message);
    stand_at(form, (size_t)(field - form->fields));
    return true;
}

const char *field_choice_label(const struct field *field) {
    for (size_t i = 0; i < field->choice_count; i++)
        if (strcmp(field->choices[i].code, field->value) == 0) return field->choices[i].label;
    return NULL;
}

/* "sipdr" is SIP-DR. */
static bool same_code(const char *typed, const char *code) {
    for (;; typed++, code++) {
        typed += strspn(typed, " -.");
        code += strspn(code, " -.");
        if (tolower((unsigned char)*typed) != tolower((unsigned char)*code)) return false;
        if (!*typed) return true;
    }
}

/* What was typed becomes the code that it means. Returns what is wrong, or NULL. */
static const char *coded_resolve(struct field *field) {
    size_t fits = 0, at = 0;
    for (size_t i = 0; i < field->choice_count; i++) {
        const struct choice *choice = &field->choices[i];
        if (same_code(field->value, choice->code)) {
            field_set(field, choice->code);
            return NULL;
        }
        if (!strcasestr(choice->label, field->value) && !strcasestr(choice->code, field->value)) continue;
        fits++;
        at = i;
    }
    if (fits == 1) field_set(field, field->choices[at].code);
    return fits == 1 ? NULL : fits ? _("Several have this in their name: F4 shows them") : _("Nothing has this code or name");
}

static bool field_good(struct form *form, struct field *field) {
    field->error[0] = '\0';
    if (field->required && !field->value[0]) {
        (void)snprintf(field->error, sizeof field->error, "%s", _("This must be filled in"));
        return false;
    }
    const char *wrong = field->kind == FIELD_CODED && field->value[0] ? coded_resolve(field) : NULL;
    if (wrong) {
        (void)snprintf(field->error, sizeof field->error, "%s", wrong);
        return false;
    }
    return !form->check || field->kind == FIELD_HEADING || form->check(form, field, form->data);
}

bool form_complete(struct form *form) {
    size_t wrong = form->count;
    for (size_t i = form->count; i-- > 0;)
        if (can_stand(form, i) && !field_good(form, &form->fields[i])) wrong = i;
    if (wrong < form->count) stand_at(form, wrong);
    return wrong == form->count;
}

/* Leaves the field for the next that can be stood in; false at the end. */
static bool step(struct form *form, int direction) {
    struct field *field = &form->fields[form->at];
    if (field->value[0]) (void)field_good(form, field);
    /* what was typed may have become a shorter code */
    if (form->cursor > strlen(field->value)) form->cursor = strlen(field->value);
    for (size_t i = form->at + (size_t)direction; i < form->count; i += (size_t)direction)
        if (can_stand(form, i)) {
            stand_at(form, i);
            return true;
        }
    return false;
}

static size_t before(const char *value, size_t cursor) {
    if (cursor == 0) return 0;
    do cursor--;
    while (cursor > 0 && ((unsigned char)value[cursor] & 0xc0) == 0x80);
    return cursor;
}

static size_t after(const char *value, size_t cursor) {
    wchar_t character;
    return cursor + text_next(value + cursor, &character);
}

static void field_changed(struct form *form, struct field *field) {
    field->error[0] = '\0';
    form->changed = true;
}

static void cut(struct form *form, struct field *field, size_t from, size_t until) {
    memmove(field->value + from, field->value + until, strlen(field->value + until) + 1);
    form->cursor = from;
    field_changed(form, field);
}

static void insert(struct form *form, struct field *field, int key) {
    char bytes[MB_LEN_MAX + 1];
    mbstate_t state = {0};
    size_t size = wcrtomb(bytes, (wchar_t)key, &state), length = strlen(field->value);
    if (size == (size_t)-1 || length + size > field->longest) return;
    field->value = must(realloc(field->value, length + size + 1));
    memmove(field->value + form->cursor + size, field->value + form->cursor, length - form->cursor + 1);
    memcpy(field->value + form->cursor, bytes, size);
    form->cursor += size;
    field_changed(form, field);
}

static void choose(struct form *form, struct field *field, size_t index) {
    field_set(field, field->choices[index].code);
    form->cursor = strlen(field->value);
    field_changed(form, field);
}

void form_look_up(struct form *form) {
    struct field *field = &form->fields[form->at];
    if (field->kind == FIELD_YES_NO) {
        field_set(field, field->value[0] ? "" : "yes");
        form->cursor = strlen(field->value);
        field_changed(form, field);
    }
    if (!field->choice_count) return;
    size_t next = 0;
    for (size_t i = 0; i < field->choice_count; i++)
        if (strcmp(field->choices[i].code, field->value) == 0) next = (i + 1) % field->choice_count;
    choose(form, field, next);
}

/* In a coded field a letter takes the next choice whose code or name begins with it. */
static bool choose_by_letter(struct form *form, struct field *field, int key) {
    size_t present = field->choice_count - 1; /* nothing chosen: the first is next */
    if (!field->choice_count) return false;
    for (size_t i = 0; i < field->choice_count; i++)
        if (strcmp(field->choices[i].code, field->value) == 0) present = i;
    for (size_t n = 1; n <= field->choice_count; n++) {
        size_t i = (present + n) % field->choice_count;
        const char *label = field->choices[i].label;
        if ((label[0] | 0x20) != (key | 0x20)) continue;
        choose(form, field, i);
        return true;
    }
    return false;
}

static enum form_outcome type(struct form *form, struct field *field, int key, bool pasted) {
    bool printable = !(key & KEY_FUNCTION) && key >= 0x20 && key != 0x7f;
    if (field->kind == FIELD_TABLE) return FORM_UNUSED;
    if (field->kind == FIELD_YES_NO || field->kind == FIELD_CHOICE) {
        if (pasted || !printable) return FORM_UNUSED;
        if (key == ' ') form_look_up(form);
        else if (field->kind == FIELD_CHOICE) (void)choose_by_letter(form, field, key);
        return FORM_DRAWN;
    }
    if (pasted && (key == '\r' || key == '\t')) key = key == '\r' && field->kind == FIELD_MULTILINE ? '\n' : ' ';
    if (!printable && !(key == '\n' && field->kind == FIELD_MULTILINE)) return FORM_UNUSED;
    insert(form, field, key);
    return FORM_DRAWN;
}

enum form_outcome form_key(struct form *form, int key, bool pasted) {
    if (!form->count) return FORM_UNUSED;
    struct field *field = &form->fields[form->at];
    size_t length = strlen(field->value);
    if (form->cursor > length) form->cursor = length;
    if (pasted) return type(form, field, key, true);
    switch (key) {
    case '\r': return step(form, 1) ? FORM_DRAWN : FORM_LAST;
    case '\t':
    case KEY_FUNCTION | KEY_DOWN: (void)step(form, 1); return FORM_DRAWN;
    case KEY_FUNCTION | KEY_BTAB:
    case KEY_FUNCTION | KEY_UP: (void)step(form, -1); return FORM_DRAWN;
    case KEY_FUNCTION | KEY_LEFT: form->cursor = before(field->value, form->cursor); return FORM_DRAWN;
    case KEY_FUNCTION | KEY_RIGHT: form->cursor = after(field->value, form->cursor); return FORM_DRAWN;
    case KEY_CONTROL('A'):
    case KEY_FUNCTION | KEY_HOME: form->cursor = 0; return FORM_DRAWN;
    case KEY_CONTROL('E'):
    case KEY_FUNCTION | KEY_END: form->cursor = length; return FORM_DRAWN;
    case KEY_CONTROL('U'): cut(form, field, 0, length); return FORM_DRAWN;
    case 0x7f:
    case KEY_CONTROL('H'):
    case KEY_FUNCTION | KEY_BACKSPACE:
        if (form->cursor) cut(form, field, before(field->value, form->cursor), form->cursor);
        return FORM_DRAWN;
    case KEY_FUNCTION | KEY_DC:
        if (form->cursor < length) cut(form, field, form->cursor, after(field->value, form->cursor));
        return FORM_DRAWN;
    default: return type(form, field, key, false);
    }
}
