/* Layers by the longest path over the steps that do not lead back; which ones do is found by a walk in depth from the
 * first stage. One layer is one row of boxes, wrapped where the screen is narrow; below each layer stand its arrows:
 * a step to the next layer as a plain arrow, others with the name of where they lead. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/entry/flow_picture.h>
#include <tui/ui/text.h>

#define BOX_MOST  22 /* columns of a box */
#define LINE_MOST 512

enum visit { NEW, OPEN, DONE };

/* What a picture is drawn with. */
struct marks {
    const char *across, *down, *corners[4], *arrow, *back;
};
static const struct marks drawn = {"─", "│", {"┌", "┐", "└", "┘"}, "──▶", "◀──"};
static const struct marks ascii = {"-", "|", {"+", "+", "+", "+"}, "-->", "<--"};

struct flow {
    const struct flow_stage *stages;
    const struct flow_step *steps;
    size_t stage_count, step_count;
};

static size_t stage_index(const struct flow *flow, const char *code) {
    size_t i = 0;
    while (i < flow->stage_count && strcmp(flow->stages[i].code, code) != 0) i++;
    return i;
}

/* From the first stage in depth: a step to a stage that is still open leads back. */
static void walk(const struct flow *flow, size_t at, enum visit *visits, bool *returns) {
    visits[at] = OPEN;
    for (size_t i = 0; i < flow->step_count; i++) {
        if (stage_index(flow, flow->steps[i].from) != at) continue;
        size_t to = stage_index(flow, flow->steps[i].to);
        if (to == flow->stage_count || visits[to] == OPEN) returns[i] = true;
        else if (visits[to] == NEW) walk(flow, to, visits, returns);
    }
    visits[at] = DONE;
}

void flow_layers(const struct flow_stage *stages, size_t stage_count, const struct flow_step *steps, size_t step_count,
                 size_t *layers, bool *returns) {
    struct flow flow = {stages, steps, stage_count, step_count};
    enum visit *visits = calloc(stage_count + 1, sizeof *visits);
    if (!visits) abort();
    memset(layers, 0, stage_count * sizeof *layers);
    for (size_t i = 0; i < step_count; i++) returns[i] = stage_index(&flow, steps[i].from) == stage_count;
    for (size_t i = 0; i < stage_count; i++)
        if (visits[i] == NEW) walk(&flow, i, visits, returns);
    /* without the returns there is no circle, so this ends after at most one round for each stage */
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < step_count; i++) {
            if (returns[i]) continue;
            size_t from = stage_index(&flow, steps[i].from), to = stage_index(&flow, steps[i].to);
            if (layers[to] > layers[from]) continue;
            layers[to] = layers[from] + 1;
            more = true;
        }
    }
    free(visits);
}

static bool line_add(struct flow_picture *picture, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Control characters become a dot: a stage's name commands no terminal. */
static bool line_add(struct flow_picture *picture, const char *format, ...) {
    char text[LINE_MOST], clean[LINE_MOST * 2];
    size_t used = 0;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    wchar_t character;
    for (size_t size, at = 0; (size = text_next(text + at, &character)) > 0 && used + size + 2 < sizeof clean; at += size) {
        bool shown = character != 0xb7 || size == 2;
        memcpy(clean + used, shown ? text + at : "\xc2\xb7", shown ? size : 2);
        used += shown ? size : 2;
    }
    clean[used] = '\0';
    char **grown = realloc(picture->lines, (picture->count + 1) * sizeof *grown);
    if (!grown) return false;
    picture->lines = grown;
    grown[picture->count] = strdup(clean);
    return grown[picture->count] && ++picture->count;
}

static void put(char *out, size_t size, const char *text) {
    size_t used = strlen(out);
    if (used + strlen(text) < size) memcpy(out + used, text, strlen(text) + 1);
}

/* The text cut or filled to `columns`. */
static void put_cell(char *out, size_t size, const char *text, int columns) {
    char cut[256];
    size_t bytes = text_fit(text, columns);
    (void)snprintf(cut, sizeof cut, "%.*s", (int)(bytes < sizeof cut ? bytes : sizeof cut - 1), text);
    put(out, size, cut);
    for (int i = text_width(cut); i < columns; i++) put(out, size, " ");
}

static void put_edge(char *out, size_t size, const struct marks *marks, int corner, int columns) {
    put(out, size, marks->corners[corner]);
    for (int i = 0; i < columns; i++) put(out, size, marks->across);
    put(out, size, marks->corners[corner + 1]);
}

/* Up to `most` boxes beside each other: four lines, the second with the name, the third with who works there. */
static bool boxes_draw(struct flow_picture *picture, const struct flow *flow, const size_t *row, size_t count, int columns,
                       const struct marks *marks) {
    char lines[4][LINE_MOST] = {"", "", "", ""};
    for (size_t i = 0; i < count; i++) {
        const struct flow_stage *stage = &flow->stages[row[i]];
        if (i)
            for (int line = 0; line < 4; line++) put(lines[line], LINE_MOST, "  ");
        put_edge(lines[0], LINE_MOST, marks, 0, columns);
        for (int line = 1; line < 3; line++) {
            put(lines[line], LINE_MOST, marks->down);
            put_cell(lines[line], LINE_MOST, line == 1 ? stage->name : stage->note, columns);
            put(lines[line], LINE_MOST, marks->down);
        }
        put_edge(lines[3], LINE_MOST, marks, 2, columns);
    }
    for (int line = 0; line < 4; line++)
        if (!line_add(picture, "%s", lines[line])) return false;
    return true;
}

static const char *name_of(const struct flow *flow, const char *code) {
    size_t index = stage_index(flow, code);
    return index < flow->stage_count ? flow->stages[index].name : code;
}

/* The arrows out of one stage: forward ones first. */
static bool arrows_draw(struct flow_picture *picture, const struct flow *flow, size_t at, const bool *returns, int columns,
                        const struct marks *marks) {
    for (int back = 0; back < 2; back++)
        for (size_t i = 0; i < flow->step_count; i++) {
            char line[LINE_MOST] = "  ", text[LINE_MOST];
            const struct flow_step *step = &flow->steps[i];
            if (stage_index(flow, step->from) != at || returns[i] != (back == 1)) continue;
            (void)snprintf(text, sizeof text, "%.80s %s %.80s: %.80s", flow->stages[at].name, back ? marks->back : marks->arrow,
                           name_of(flow, step->to), step->label);
            size_t bytes = text_fit(text, columns - 2);
            (void)snprintf(line, sizeof line, "  %.*s", (int)bytes, text);
            if (!line_add(picture, "%s", line)) return false;
        }
    return true;
}

static bool layer_draw(struct flow_picture *picture, const struct flow *flow, const size_t *row, size_t count, const bool *returns,
                       int columns, const struct marks *marks) {
    int inner = columns - 2 < BOX_MOST ? columns - 2 : BOX_MOST;
    size_t beside = (size_t)((columns + 2) / (inner + 4));
    if (beside == 0) beside = 1;
    for (size_t i = 0; i < count; i += beside) {
        size_t some = count - i < beside ? count - i : beside;
        if (!boxes_draw(picture, flow, row + i, some, inner, marks)) return false;
    }
    for (size_t i = 0; i < count; i++)
        if (!arrows_draw(picture, flow, row[i], returns, columns, marks)) return false;
    return true;
}

bool flow_picture_draw(struct flow_picture *picture, const struct flow_stage *stages, size_t stage_count,
                       const struct flow_step *steps, size_t step_count, int columns, bool plain) {
    struct flow flow = {stages, steps, stage_count, step_count};
    size_t *layers = calloc(stage_count + 1, sizeof *layers), *row = calloc(stage_count + 1, sizeof *row), done = 0;
    bool *returns = calloc(step_count + 1, sizeof *returns), good = layers && row && returns;
    *picture = (struct flow_picture){0};
    if (columns < 20) columns = 20;
    if (good) flow_layers(stages, stage_count, steps, step_count, layers, returns);
    for (size_t layer = 0; good && done < stage_count; layer++) {
        size_t count = 0;
        for (size_t i = 0; i < stage_count; i++)
            if (layers[i] == layer) row[count++] = i;
        done += count;
        if (count) good = layer_draw(picture, &flow, row, count, returns, columns, plain ? &ascii : &drawn);
    }
    free(layers);
    free(row);
    free(returns);
    if (!good) flow_picture_free(picture);
    return good;
}

void flow_picture_free(struct flow_picture *picture) {
    for (size_t i = 0; i < picture->count; i++) free(picture->lines[i]);
    free(picture->lines);
    *picture = (struct flow_picture){0};
}
