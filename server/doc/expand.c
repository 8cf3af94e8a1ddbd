/* Puts values in texts and judges conditions. */
#include <server/doc/expand.h>
#include <stdio.h>
#include <string.h>

/* Texts longer than this are cut: several values of DATA_VALUE_BYTES in one paragraph. */
#define TEXT_BYTES (256u * 1024u)

static const struct scope *scope_of_list(const struct scope *scope) {
    while (scope && !scope->list) scope = scope->outer;
    return scope;
}

static const char *element_value(const char *name, const struct document_data *data, const struct scope *scope) {
    char key[DATA_KEY_BYTES];
    scope = scope_of_list(scope);
    if (!scope) return NULL;
    (void)snprintf(key, sizeof key, "%s.%zu.%s", scope->list, scope->number, name);
    return data_get(data, key);
}

static const char *line_value(const struct scope *scope) {
    while (scope && !scope->line) scope = scope->outer;
    return scope ? scope->line : NULL;
}

/* The piece's value without its filters; `room` is for a number. */
static const char *piece_value(const struct piece *piece, const struct document_data *data, const struct scope *scope,
                               char room[24]) {
    const char *value = piece->text;
    if (piece->kind == PIECE_FIELD) value = data_get(data, piece->text);
    if (piece->kind == PIECE_ELEMENT) value = element_value(piece->text, data, scope);
    if (piece->kind == PIECE_LINE) value = line_value(scope);
    if (piece->kind == PIECE_COUNTER) {
        (void)snprintf(room, 24, "%zu", scope ? scope->number : 0);
        value = room;
    }
    return value ? value : "";
}

static void piece_add(const struct piece *piece, const char *value, struct buffer *out) {
    struct buffer work[2] = {{0}, {0}};
    for (size_t i = 0; i < TEMPLATE_FILTERS && piece->filters[i] && *value; i++) {
        struct buffer *next = &work[i % 2];
        next->size = 0;
        piece->filters[i](value, next);
        buffer_byte(next, '\0');
        if (next->failed) break;
        value = (const char *)next->data;
    }
    size_t size = strlen(value);
    if (out->size + size > TEXT_BYTES) {
        size = TEXT_BYTES - out->size;
        while (size && ((unsigned char)value[size] & 0xc0) == 0x80) size--;
    }
    buffer_add(out, value, size);
    out->failed |= work[0].failed || work[1].failed;
    buffer_free(&work[0]);
    buffer_free(&work[1]);
}

void expand_text(const struct text *text, const struct document_data *data, const struct scope *scope, struct buffer *out,
                 PangoAttrList *bold) {
    char room[24];
    for (const struct piece *piece = text->first; piece; piece = piece->next) {
        size_t from = out->size;
        piece_add(piece, piece_value(piece, data, scope, room), out);
        if (!piece->bold || !bold || out->size == from) continue;
        PangoAttribute *attribute = pango_attr_weight_new(PANGO_WEIGHT_BOLD);
        attribute->start_index = (guint)from;
        attribute->end_index = (guint)out->size;
        pango_attr_list_insert(bold, attribute);
    }
    buffer_byte(out, '\0');
}

bool condition_holds(const struct condition *condition, const struct document_data *data, const struct scope *scope) {
    if (condition->list) return (data_count(data, condition->name) > 0) != condition->negated;
    const char *value = condition->element ? element_value(condition->name, data, scope) : data_get(data, condition->name);
    bool holds = value ? *value && strcmp(value, "no") != 0 : !condition->element && data_count(data, condition->name) > 0;
    if (condition->equals) holds = strcmp(value ? value : "", condition->equals) == 0;
    return holds != condition->negated;
}
