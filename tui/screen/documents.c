/* The documents of one application: what was brought and what the office wrote, in all their versions; files are attached here, and
 * on their way they are seen here. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/entry/folder.h>
#include <tui/screen/browser.h>
#include <tui/screen/screens.h>
#include <tui/screen/viewer.h>
#include <tui/transfer/upload.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

enum {
    ACTION_ATTACH = ACTION_OWN,
    ACTION_SCAN,
    ACTION_CORRECT,
    ACTION_STOP,
    ACTION_VERSIONS,
    ACTION_REPRINT,
    ACTION_CERTIFY,
    ACTION_PREVIEW
};

/* A row is a document, a file on its way, or a requirement that has neither. */
enum row_kind { ROW_DOCUMENT, ROW_UPLOAD, ROW_EMPTY };
struct row {
    enum row_kind kind;
    size_t index; /* in the reply, or the number of the upload */
    int64_t id;
};

struct documents_screen {
    struct screen base;
    struct list list;
    Loket__DocumentListReply *reply; /* owned */
    struct row *rows_shown;          /* owned */
    size_t row_count;
    int64_t application_id;
    int64_t replaces; /* of the file that is being chosen */
    char code[40];
    bool versions; /* also those that were replaced */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_OPEN, "open", "Enter", N_("look"), N_("look at it: its text or its pages; reading it is recorded")},
    {ACTION_ATTACH, "attach", "F2 a", N_("attach"), N_("attach files to the requirement in this row (front office)")},
    {ACTION_SCAN, "scan", "F7 s", N_("scan"), N_("attach what the scanner has put into its folder last")},
    {ACTION_CORRECT, "correct", "F4 c", N_("correct"), N_("attach a better file in the place of this one, which is kept")},
    {ACTION_STOP, "stop", "F9 x", N_("stop"), N_("stop a file that is on its way, or put a refused one aside")},
    {ACTION_VERSIONS, "versions", "F6 v", NULL, N_("show what was replaced too, or hide it")},
    {ACTION_REPRINT, "reprint", "p", NULL, N_("print it once more: numbered, for a reason (front office, archive)")},
    {ACTION_CERTIFY, "certify", "C", NULL, N_("a certified copy of a permit: numbered, for a reason (front office, archive)")},
    {ACTION_PREVIEW, "preview", "F8 w", NULL, N_("see any document as it would be now (analyst, section head, head)")},
    {ACTION_REFRESH, "refresh", "F5 r", NULL, N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back; files go on being sent")},
    {0, NULL, NULL, NULL, NULL},
};

static bool attachable(const struct documents_screen *self, const char *code) {
    for (size_t i = 0; i < self->reply->n_attach; i++)
        if (strcmp(self->reply->attach[i]->code, code) == 0) return true;
    return false;
}

static int64_t limit_of(const struct documents_screen *self, const char *code) {
    for (size_t i = 0; i < self->reply->n_attach; i++)
        if (strcmp(self->reply->attach[i]->code, code) == 0) return self->reply->attach[i]->max_bytes;
    return 0;
}

static void row_add(struct documents_screen *self, enum row_kind kind, size_t index, int64_t id) {
    struct row *larger = realloc(self->rows_shown, (self->row_count + 1) * sizeof *larger);
    if (!larger) abort();
    self->rows_shown = larger;
    self->rows_shown[self->row_count++] = (struct row){kind, index, id};
}

static bool has_any(const struct documents_screen *self, const char *code) {
    struct upload_view view;
    for (size_t i = 0; i < self->reply->n_documents; i++)
        if (strcmp(self->reply->documents[i]->kind, "requirement") == 0 && strcmp(self->reply->documents[i]->code, code) == 0)
            return true;
    for (size_t i = 0; upload_at(self->base.app->uploads, i, &view); i++)
        if (view.application_id == self->application_id && strcmp(view.code, code) == 0) return true;
    return false;
}

static int64_t row_id(size_t index, void *data) {
    return ((const struct documents_screen *)data)->rows_shown[index].id;
}

static const char *label_of(const struct documents_screen *self, const char *code) {
    for (size_t i = 0; i < self->reply->n_attach; i++)
        if (strcmp(self->reply->attach[i]->code, code) == 0) return self->reply->attach[i]->name;
    return code;
}

static void document_draw(const struct documents_screen *self, const Loket__DocumentRow *d, int row) {
    char about[300], size[24], when[40], label[200];
    bool kind_only = !d->label[0];
    (void)snprintf(label, sizeof label, "%s%s%s",
                   kind_only                             ? text_word(d->kind)
                   : strcmp(d->kind, "requirement") == 0 ? ""
                                                         : text_word(d->kind),
                   kind_only || strcmp(d->kind, "requirement") == 0 ? "" : ": ", kind_only ? "" : d->label);
    folder_size_shown((uint64_t)d->size, size, sizeof size);
    text_instant(d->added_at, when, sizeof when);
    const char *state = strcmp(d->state, "current") == 0 ? d->signer[0] ? _("signed") : "" : text_word(d->state);
    (void)snprintf(about, sizeof about, "%s%s%s", d->problem[0] ? text_word(d->problem) : state,
                   d->problem[0] || state[0] ? "  " : "", d->signer[0] ? d->signer : d->name);
    int wide = COLS >= 76, first = wide ? 30 : COLS / 2 - 2;
    (void)self;
    text_draw(row, 1, first - 1, label);
    text_draw(row, first + 1, 4, d->version > 1 ? (char[]){'v', (char)('0' + d->version % 10), 0} : "");
    if (wide) {
        text_draw_right(row, first + 4, 9, d->size ? size : "");
        text_draw(row, first + 15, 13, when);
        text_draw(row, first + 28, COLS - first - 28, about);
    } else text_draw(row, first + 4, COLS - first - 4, about);
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const struct documents_screen *self = data;
    const struct row *shown = &self->rows_shown[index];
    struct upload_view view;
    char line[400];
    int first = COLS >= 76 ? 30 : COLS / 2 - 2;
    (void)marked;
    if (shown->kind == ROW_DOCUMENT) document_draw(self, self->reply->documents[shown->index], row);
    if (shown->kind == ROW_EMPTY) {
        text_draw(row, 1, first - 1, self->reply->attach[shown->index]->name);
        text_draw(row, first + 1, COLS - first - 1, _("no file yet"));
    }
    if (shown->kind == ROW_UPLOAD && upload_at(self->base.app->uploads, shown->index, &view)) {
        upload_line(&view, line, sizeof line);
        if (view.state == UPLOAD_FAILED && index != self->list.at) terminal_look(LOOK_WARNING);
        text_draw(row, 1, first - 1, label_of(self, view.code));
        text_draw(row, first + 1, COLS - first - 1, line);
    }
}

static const struct list_ops rows_ops = {row_id, row_draw};

/* Ids of the three kinds never meet: documents count up from 1, files on their way down from -1, requirements from far below. */
static void rows_make(struct documents_screen *self) {
    struct upload_view view;
    self->row_count = 0;
    if (!self->reply) return;
    for (size_t i = 0; i < self->reply->n_attach; i++)
        if (!has_any(self, self->reply->attach[i]->code)) row_add(self, ROW_EMPTY, i, -1000000000LL - (int64_t)i);
    for (size_t i = 0; upload_at(self->base.app->uploads, i, &view); i++)
        if (view.application_id == self->application_id) row_add(self, ROW_UPLOAD, i, -view.id);
    for (size_t i = 0; i < self->reply->n_documents; i++)
        if (self->versions || strcmp(self->reply->documents[i]->state, "replaced") != 0)
            row_add(self, ROW_DOCUMENT, i, self->reply->documents[i]->document_id);
    list_refresh(&self->list, self->row_count, &rows_ops, self);
}

static void documents_free(struct screen *screen) {
    struct documents_screen *self = (struct documents_screen *)screen;
    loket__document_list_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
    free(self->rows_shown);
}

static void documents_draw(struct screen *screen, int row, int rows) {
    struct documents_screen *self = (struct documents_screen *)screen;
    self->rows = rows - 1;
    text_draw(row, 1, COLS - 2, self->reply ? self->reply->number : _("Reading…"));
    if (!self->reply) return;
    rows_make(self);
    if (!self->row_count) text_draw(row + 2, 2, COLS - 4, _("There are no documents yet."));
    else list_draw(&self->list, row + 1, self->rows, &rows_ops, self);
}

static void on_list(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct documents_screen *self = (struct documents_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__document_list_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    rows_make(self);
}

static void documents_read(struct documents_screen *self) {
    Loket__DocumentListRequest request = LOKET__DOCUMENT_LIST_REQUEST__INIT;
    request.application_id = self->application_id;
    app_ask(&self->base, "document.list", &request.base, &loket__document_list_reply__descriptor, on_list);
}

static const struct row *present(const struct documents_screen *self) {
    return self->reply && self->list.at < self->row_count ? &self->rows_shown[self->list.at] : NULL;
}

static const Loket__DocumentRow *present_document(const struct documents_screen *self) {
    const struct row *row = present(self);
    return row && row->kind == ROW_DOCUMENT ? self->reply->documents[row->index] : NULL;
}

/* The requirement of the row with the cursor, if a file can be attached to it now. */
static bool take_code(struct documents_screen *self) {
    const struct row *row = present(self);
    const Loket__DocumentRow *document = present_document(self);
    struct upload_view view;
    const char *code = "";
    if (row && row->kind == ROW_EMPTY) code = self->reply->attach[row->index]->code;
    else if (document && strcmp(document->kind, "requirement") == 0) code = document->code;
    else if (row && row->kind == ROW_UPLOAD && upload_at(self->base.app->uploads, row->index, &view)) code = view.code;
    (void)snprintf(self->code, sizeof self->code, "%s", code);
    if (self->reply && attachable(self, self->code)) return true;
    app_complain(self->base.app, N_("No document can be attached to this now"), NULL);
    return false;
}

static void attach(struct documents_screen *self, const char *path) {
    struct error error;
    if (upload_begin(self->base.app->uploads, self->application_id, self->code, self->replaces, path, limit_of(self, self->code),
                     &error) == LOKET_OK)
        self->replaces = 0; /* the first of several takes the place, the others stand beside it */
    else app_complain(self->base.app, error.message, error.argument);
}

static void on_chosen(struct screen *screen, const char *const *paths, size_t count) {
    struct documents_screen *self = (struct documents_screen *)screen;
    for (size_t i = 0; i < count; i++) attach(self, paths[i]);
}

static void choose(struct documents_screen *self, bool correct) {
    const Loket__DocumentRow *document = present_document(self);
    self->replaces = 0;
    if (!take_code(self)) return;
    if (correct && document && strcmp(document->state, "current") == 0) self->replaces = document->document_id;
    struct app *app = self->base.app;
    browser_open(app, app->last_folder[0] ? NULL : app->scanner_folder, on_chosen, &self->base);
}

static void attach_scan(struct documents_screen *self) {
    struct app *app = self->base.app;
    self->replaces = 0;
    if (!app->scan[0]) app_complain(app, N_("The scanner has put nothing into its folder yet"), NULL);
    else if (take_code(self)) attach(self, app->scan);
}

static void on_copied(struct screen *screen, const ProtobufCMessage *message, const struct error *error) {
    if (error) return;
    const Loket__DocumentCopyReply *reply = (const Loket__DocumentCopyReply *)message;
    viewer_open(screen->app, reply->document_id);
    app_say(screen->app, N_("Recorded as %s"), reply->number);
}

static void copy(struct screen *screen, bool certified, const char *reason) {
    struct documents_screen *self = (struct documents_screen *)screen;
    const Loket__DocumentRow *document = present_document(self);
    Loket__DocumentCopyRequest request = LOKET__DOCUMENT_COPY_REQUEST__INIT;
    if (!document) return;
    request.document_id = document->document_id;
    request.certified = certified;
    request.reason = (char *)reason;
    app_write(screen, "document.copy", &request.base, NULL, &loket__document_copy_reply__descriptor, on_copied);
}

static void reprint(struct screen *screen, bool yes, const char *reason) {
    if (yes) copy(screen, false, reason);
}

static void certify(struct screen *screen, bool yes, const char *reason) {
    if (yes) copy(screen, true, reason);
}

static void ask_copy(struct documents_screen *self, bool certified) {
    struct app *app = self->base.app;
    if (!present_document(self)) return;
    if (!app_has_role(app, "front_office") && !app_has_role(app, "archivist"))
        app_complain(app, N_("Only the front office and the archive make copies"), NULL);
    else if (certified) dialog_ask(&self->base, _("A certified copy: for what?"), _("Reason"), true, certify);
    else dialog_ask(&self->base, _("A reprint: for what?"), _("Reason"), true, reprint);
}

static void stop(struct documents_screen *self) {
    const struct row *row = present(self);
    struct upload_view view;
    if (row && row->kind == ROW_UPLOAD && upload_at(self->base.app->uploads, row->index, &view))
        upload_drop(self->base.app->uploads, view.id);
}

static enum outcome documents_action(struct screen *screen, int action) {
    struct documents_screen *self = (struct documents_screen *)screen;
    const Loket__DocumentRow *document = present_document(self);
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_OPEN:
        if (document) viewer_open(screen->app, document->document_id);
        else choose(self, false);
        break;
    case ACTION_ATTACH: choose(self, false); break;
    case ACTION_CORRECT: choose(self, true); break;
    case ACTION_SCAN: attach_scan(self); break;
    case ACTION_STOP: stop(self); break;
    case ACTION_REPRINT: ask_copy(self, false); break;
    case ACTION_CERTIFY: ask_copy(self, true); break;
    case ACTION_PREVIEW: preview_open(screen->app, self->application_id); break;
    case ACTION_VERSIONS: self->versions = !self->versions; break;
    default: documents_read(self);
    }
    return REDRAW;
}

static enum outcome documents_key(struct screen *screen, int key, bool pasted) {
    struct documents_screen *self = (struct documents_screen *)screen;
    if (pasted || !self->reply) return UNUSED;
    return list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static void documents_event(struct screen *screen, int64_t application_id) {
    struct documents_screen *self = (struct documents_screen *)screen;
    if (application_id == self->application_id) documents_read(self);
}

static void documents_shown(struct screen *screen) {
    documents_read((struct documents_screen *)screen);
}

static const struct screen_ops ops = {
    .title = N_("Documents"),
    .about =
        N_("What the applicant brought and what the office wrote. Files are sent while you go on; a line that falls costs nothing. "
           "A corrected document does not erase the one before. Who reads, attaches or copies is recorded."),
    .keys = keys,
    .size = sizeof(struct documents_screen),
    .free = documents_free,
    .draw = documents_draw,
    .action = documents_action,
    .key = documents_key,
    .event = documents_event,
    .shown = documents_shown,
};

void documents_open(struct app *app, int64_t application_id) {
    struct documents_screen *self = (struct documents_screen *)app_push(app, &ops);
    self->application_id = application_id;
    self->base.waits = true;
    documents_read(self);
}

void documents_changed(struct app *app, int64_t application_id) {
    for (struct screen *screen = app->top; screen; screen = screen->below) {
        struct documents_screen *self = (struct documents_screen *)screen;
        if (screen->ops != &ops || self->application_id != application_id) continue;
        if (screen == app->top) app->dirty = true;
    }
}
