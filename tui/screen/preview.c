/* Which document is to be seen as it would be, made of this application's data and the office's template. */
#include <curses.h>
#include <tui/screen/picker.h>
#include <tui/screen/screens.h>
#include <tui/screen/viewer.h>
#include <tui/ui/form.h>
#include <tui/ui/text.h>

struct preview_screen {
    struct screen base;
    struct form form;
    int64_t application_id;
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("look"), N_("make the document and look at it")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("choose the kind of document")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void preview_free(struct screen *screen) {
    form_free(&((struct preview_screen *)screen)->form);
}

static void preview_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct preview_screen *)screen)->form, row, rows);
}

static void on_preview(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    if (!error) viewer_open(screen->app, ((const Loket__DocumentPreviewReply *)reply)->document_id);
}

void preview_ask(struct screen *screen, int64_t application_id, const char *kind) {
    Loket__DocumentPreviewRequest request = LOKET__DOCUMENT_PREVIEW_REQUEST__INIT;
    request.application_id = application_id;
    request.kind = (char *)kind;
    app_write(screen, "document.preview", &request.base, NULL, &loket__document_preview_reply__descriptor, on_preview);
}

static enum outcome preview_action(struct screen *screen, int action) {
    struct preview_screen *self = (struct preview_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_LOOK_UP) picker_look_up(screen, &self->form);
    if (action == ACTION_MAIN && form_complete(&self->form))
        preview_ask(screen, self->application_id, form_value(&self->form, "kind"));
    return REDRAW;
}

static enum outcome preview_key(struct screen *screen, int key, bool pasted) {
    struct preview_screen *self = (struct preview_screen *)screen;
    enum form_outcome outcome = form_key(&self->form, key, pasted);
    if (outcome == FORM_LAST) return preview_action(screen, ACTION_MAIN);
    return outcome == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool preview_refused(struct screen *screen, const struct error *error) {
    return form_refuse(&((struct preview_screen *)screen)->form, error->field, screen->app->message);
}

static const struct screen_ops ops = {
    .title = N_("Preview"),
    .about = N_("A document as it would be now, made of the office's template and this application's data. It is none, and says so "
                "across the page; nobody else sees it, and it is gone after a day."),
    .keys = keys,
    .size = sizeof(struct preview_screen),
    .free = preview_free,
    .draw = preview_draw,
    .action = preview_action,
    .key = preview_key,
    .refused = preview_refused,
    .typing = true,
};

void preview_open(struct app *app, int64_t application_id) {
    static const char *const kinds[] = {"permit", "decree",   "refusal",           "receipt",        "missing",
                                        "bill",   "handover", "inspection_report", "certified_copy", "revocation"};
    struct preview_screen *self = (struct preview_screen *)app_push(app, &ops);
    self->application_id = application_id;
    form_init(&self->form);
    struct field *kind = form_add(&self->form, "kind", _("Document"), FIELD_CHOICE, true);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) field_choice(kind, kinds[i], text_word(kinds[i]));
    field_set(kind, "permit");
    form_first(&self->form);
}
