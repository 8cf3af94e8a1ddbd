/* What the stages' screens share: the application read and shown above a form, the form's draft, sending, and what to do when
 * somebody else was faster. A stage is a struct stage_kind and a file. */
#ifndef TUI_SCREEN_STAGE_H
#define TUI_SCREEN_STAGE_H

#include <tui/app.h>
#include <tui/ui/form.h>

struct stage;

struct stage_kind {
    struct screen_ops ops;              /* made with STAGE_OPS */
    const char *draft;                  /* of the draft's file name: [a-z]+ */
    void (*build)(struct stage *stage); /* the form, from stage->application */
    void (*send)(struct stage *stage);  /* everything is filled in: stage_write() */
};

struct stage {
    struct screen base; /* first */
    const struct stage_kind *kind;
    struct form form;
    Loket__ApplicationOpenReply *application; /* owned; NULL until it is read */
    Loket__InspectionOpenReply *inspection;   /* owned; of the technical team's screens */
    Loket__StaffListReply *staff;             /* owned; where people are chosen from */
    Loket__BillOpenReply *bill;               /* owned; of the payment's screen, as of bill_version of the application */
    int32_t bill_version;
    int64_t application_id, task_id;
    uint8_t key[IDEMPOTENCY_KEY_BYTES]; /* of the sending; the same until it is answered, also after a crash */
    bool by_inspection;                 /* reads inspection.open instead of application.open */
};

/* The operations that every stage's screen has; `title` and `about` are msgids. */
#define STAGE_KEYS_OPS(title_, about_, keys_, action_)                                                                             \
    {                                                                                                                              \
        .title = title_, .about = about_, .keys = keys_, .size = sizeof(struct stage), .free = stage_free, .draw = stage_draw,     \
        .shown = stage_shown, .action = action_, .key = stage_key, .refused = stage_refused, .typing = true                        \
    }

#define STAGE_OPS(title_, about_) STAGE_KEYS_OPS(title_, about_, stage_keys, stage_action)

/* Own actions of a stage come after this. */
#define ACTION_STAGE_READ      ACTION_OWN
#define ACTION_STAGE_DOCUMENTS (ACTION_OWN + 1)
#define ACTION_STAGE           (ACTION_OWN + 2)

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

/* Makes the form again, with what was typed, after more is known (stage->staff). */
void stage_rebuild(struct stage *stage);

/* Parts of a form: a heading, something to read (nothing when it is empty), the value of a field ("" when it does not
 * apply; borrowed, good until the next key). */
void stage_heading(struct stage *stage, const char *label);
void stage_show(struct stage *stage, const char *label, const char *value);
/* A form field's value as people read it: a choice's label instead of its code. Borrowed from the row; a table is told in
 * a text that the next but one call overwrites. */
const char *stage_value(const Loket__FieldRow *row, const char *value);
char *stage_text(struct stage *stage, const char *code);
bool stage_check(struct form *form, struct field *field, void *data);

/* Adds the choice "action" with what the workflow allows now, of the actions named (ended by NULL), and "reason" where one needs
 * it. */
void stage_add_actions(struct stage *stage, const char *const *wanted);

#endif
