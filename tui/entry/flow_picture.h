/* A workflow as boxes and arrows: stages in layers from the first to the last, the steps between them as arrows, steps
 * that lead back as labelled returns. Text only; the screen scrolls it. Knows nothing of the server. */
#ifndef TUI_ENTRY_FLOW_PICTURE_H
#define TUI_ENTRY_FLOW_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

struct flow_stage {
    const char *code, *name, *note; /* note: who works there; may be "" */
};

struct flow_step {
    const char *from, *to, *label;
};

struct flow_picture {
    char **lines; /* owned, UTF-8 without control characters */
    size_t count;
};

/* The layer of each stage: the longest way from the first stage without going round; a stage that no step reaches is in
 * layer 0. A step is a return when it leads to a stage on the way to itself (or to itself); `returns` gets one flag for
 * each step, also true for a step from or to a stage that is not there. Both arrays belong to the caller. */
void flow_layers(const struct flow_stage *stages, size_t stage_count, const struct flow_step *steps, size_t step_count,
                 size_t *layers, bool *returns);

/* Draws at most `columns` wide (at least 20). `plain`: ASCII, for screen readers. False without memory. */
bool flow_picture_draw(struct flow_picture *picture, const struct flow_stage *stages, size_t stage_count,
                       const struct flow_step *steps, size_t step_count, int columns, bool plain);
void flow_picture_free(struct flow_picture *picture);

#endif
