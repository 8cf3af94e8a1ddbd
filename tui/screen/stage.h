/* What the stages' screens share: the application read and shown above a form, the form's draft, sending, and what to do when
 * somebody else was faster. A stage is a struct stage_kind and a file. */
#ifndef TUI_SCREEN_STAGE_H
#define TUI_SCREEN_STAGE_H

#include <tui/app.h>
#include <tui/ui/form.h>

struct stage;

struct stage_kind {
    struct screen_ops ops;  /* made with STAGE_OPS */
    const char *draft;      /* of the draft's file name: [a-z]+ */
    void (*build)(struct stage *stage);                           /* the form, from stage->application */
    void (*send)(struct stage *stage);                            /* everything is filled in: stage_write() */
    bool (*check)(struct form *form, struct field *field, void *data); /* of a field that is left; may be NULL */
};

struct stage {
    struct screen base; /* first */
    const struct stage_kind *kind;
    struct form form;
    Loket__ApplicationOpenReply *application; /* owned; NULL until it is read */
    Loket__InspectionOpenReply *inspection;   /* owned; of the technical team's screens */
    int64_t application_id, task_id;
    uint8_t key[IDEMPOTENCY_KEY_BYTES]; /* of the sending; the same until it is answered, also after a crash */
    bool by_inspection; /* reads inspection.open instead of application.open */
};

/* The operations that every stage's screen has; `title` and `about` are msgids. */
#define STAGE_OPS(title_, about_)                                                                                       \
    {.title = title_, .about = about_, .keys = stage_keys, .size = sizeof(struct stage), .free = stage_free,            \
     .draw = stage_draw, .shown = stage_shown, .action = stage_action, .key = stage_key, .refused = stage_refused, .typing = true}

extern const struct key_row stage_keys[];
void stage_free(struct screen *screen);
void stage_draw(struct screen *screen, int row, int rows);
void stage_shown(struct screen *screen);
enum outcome stage_action(struct screen *screen, int action);
enum outcome stage_key(struct screen *screen, int key, bool pasted);
bool stage_refused(struct screen *screen, const struct error *error);

/* Opens the screen and reads the application (or, with `by_inspection`, the inspection of the task). */
void stage_open(struct app *app, const struct stage_kind *kind, int64_t application_id, int64_t task_id, bool by_inspection);

/* Sends a write whose answer is StepReply; on success the draft is deleted and the screen left. */
void stage_write(struct stage *stage, const char *method, const ProtobufCMessage *request);

/* Adds the choice "action" with what the workflow allows now, of the actions named (ended by NULL), and "reason" where one needs it. */
void stage_add_actions(struct stage *stage, const char *const *wanted);

#endif
