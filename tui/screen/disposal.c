/* The end of an archive: files whose retention is over, proposals to dispose of them, and what became of these. One proposes,
 * another decides. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/screen/viewer.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/reader.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

/* ------------------------------------------------------------------------------------- the files of a proposal */

struct files_screen {
    struct screen base;
    struct reader reader;
    Loket__DisposalOpenReply *reply; /* owned */
    int rows;
};

static const struct key_row files_keys[] = {
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void files_free(struct screen *screen) {
    struct files_screen *self = (struct files_screen *)screen;
    loket__disposal_open_reply__free_unpacked(self->reply, NULL);
    reader_free(&self->reader);
}

static void files_draw(struct screen *screen, int row, int rows) {
    struct files_screen *self = (struct files_screen *)screen;
    self->rows = rows;
    if (!self->reply) text_draw(row, 1, COLS - 2, _("Reading…"));
    else reader_draw(&self->reader, row, rows);
}

static void tell_who(struct reader *reader, const char *label, const char *name, int64_t at) {
    char when[40];
    if (!name[0]) return;
    text_instant(at, when, sizeof when);
    reader_add(reader, LOOK_PLAIN, "%s: %s, %s", label, name, when);
}

/* Reason, people and sizes of a proposal; the list shows the same below its rows. */
static void tell_disposal(struct reader *reader, const Loket__DisposalRow *disposal) {
    reader_pair(reader, _("Certificate"), disposal->number);
    reader_pair(reader, _("Rests on"), disposal->reason);
    tell_who(reader, _("Proposed by"), disposal->proposed_by, disposal->proposed_at);
    tell_who(reader, _("Decided by"), disposal->decided_by, disposal->decided_at);
    reader_pair(reader, _("Reason of the decision"), disposal->decision_reason);
    reader_add(reader, LOOK_PLAIN, "%s: %d  %s: %d (%lld KiB)", _("Files"), disposal->files, _("Documents"), disposal->documents,
               (long long)(disposal->bytes + 1023) / 1024);
}

static void on_files(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct files_screen *self = (struct files_screen *)screen;
    char until[40];
    screen->waits = false;
    if (error) return;
    self->reply = app_copy(reply);
    tell_disposal(&self->reader, self->reply->disposal);
    for (size_t i = 0; i < self->reply->n_files; i++) {
        const Loket__DisposalFile *file = self->reply->files[i];
        text_date(file->retain_until_on, until, sizeof until);
        reader_add(&self->reader, LOOK_LABEL, "%s  %s  %s", file->number, file->permit_type, file->applicant);
        reader_add(&self->reader, LOOK_PLAIN, "  %s  %s  %s: %s  %s: %d", file->classification, file->place, _("kept until"), until,
                   _("Documents"), file->documents);
    }
}

static enum outcome files_action(struct screen *screen, int action) {
    (void)screen;
    return action == ACTION_BACK ? LEAVE : REDRAW;
}

static enum outcome files_key(struct screen *screen, int key, bool pasted) {
    struct files_screen *self = (struct files_screen *)screen;
    return !pasted && reader_key(&self->reader, key, self->rows) ? REDRAW : UNUSED;
}

static const struct screen_ops files_ops = {
    .title = N_("Files of this proposal"),
    .about = N_("Every file that is to be disposed of, where it lies and until when it had to be kept."),
    .keys = files_keys,
    .size = sizeof(struct files_screen),
    .free = files_free,
    .draw = files_draw,
    .action = files_action,
    .key = files_key,
};

static void files_open(struct app *app, int64_t disposal_id) {
    struct files_screen *self = (struct files_screen *)app_push(app, &files_ops);
    Loket__DisposalOpenRequest request = LOKET__DISPOSAL_OPEN_REQUEST__INIT;
    request.disposal_id = disposal_id;
    self->base.waits = true;
    app_ask(&self->base, "disposal.open", &request.base, &loket__disposal_open_reply__descriptor, on_files);
}

/* -------------------------------------------------------------------------- what is due, and the proposals */

enum { ACTION_REJECT = ACTION_OWN, ACTION_CERTIFICATE, ACTION_VIEW, ACTION_ERASURES };

struct disposals_screen {
    struct screen base;
    struct list due, proposals;
    struct reader reader;
    Loket__DisposalDueReply *files;      /* owned */
    Loket__DisposalListReply *disposals; /* owned */
    bool shows_proposals;
    size_t told; /* the row that the reader shows, from 1 */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("do it"),
     N_("propose the marked files (archivist; space marks, * all), or approve the proposal in this row (head)")},
    {ACTION_REJECT, "reject", "F9 x", N_("reject"), N_("reject the proposal, with the reason: the files are kept (head)")},
    {ACTION_OPEN, "open", "Enter o", N_("read"), N_("everything about this file, or the files of this proposal")},
    {ACTION_CERTIFICATE, "certificate", "F6 c", N_("certificate"), N_("the certificate of what was destroyed")},
    {ACTION_VIEW, "view", "Tab f", N_("other list"), N_("what is due, or what was proposed and decided")},
    {ACTION_ERASURES, "erasures", "F7 e", N_("personal data"), N_("whose personal data is to be erased, by the same four eyes")},
    {ACTION_REFRESH, "refresh", "F5 r", NULL, N_("read both lists again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static int64_t due_id(size_t index, void *data) {
    return ((const struct disposals_screen *)data)->files->files[index]->application_id;
}

static void due_draw(size_t index, int row, bool marked, void *data) {
    const Loket__DisposalFile *file = ((const struct disposals_screen *)data)->files->files[index];
    char until[40];
    int name = COLS - 15 - 12 - 14;
    text_date(file->retain_until_on, until, sizeof until);
    text_draw(row, 0, 2, marked ? "*" : "");
    text_draw(row, 2, 13, file->number);
    text_draw(row, 15, name, file->applicant);
    text_draw(row, 15 + name, 12, file->permit_type);
    text_draw(row, 27 + name, COLS - 27 - name, until);
}

static const struct list_ops due_rows = {due_id, due_draw};

static int64_t proposal_id(size_t index, void *data) {
    return ((const struct disposals_screen *)data)->disposals->disposals[index]->disposal_id;
}

static void proposal_draw(size_t index, int row, bool marked, void *data) {
    const Loket__DisposalRow *disposal = ((const struct disposals_screen *)data)->disposals->disposals[index];
    char at[40], files[48];
    (void)marked;
    text_instant(disposal->proposed_at, at, sizeof at);
    (void)snprintf(files, sizeof files, "%d", disposal->files);
    text_draw(row, 1, 13, at);
    text_draw(row, 15, 13, text_word(disposal->state));
    text_draw(row, 29, 5, files);
    text_draw(row, 35, 15, disposal->number[0] ? disposal->number : "-");
    text_draw(row, 50, COLS - 50, disposal->proposed_by);
}

static const struct list_ops proposal_rows = {proposal_id, proposal_draw};

static const Loket__DisposalFile *present_file(const struct disposals_screen *self) {
    bool there = !self->shows_proposals && self->files && self->due.at < self->files->n_files;
    return there ? self->files->files[self->due.at] : NULL;
}

static const Loket__DisposalRow *present(const struct disposals_screen *self) {
    bool there = self->shows_proposals && self->disposals && self->proposals.at < self->disposals->n_disposals;
    return there ? self->disposals->disposals[self->proposals.at] : NULL;
}

static void disposals_free(struct screen *screen) {
    struct disposals_screen *self = (struct disposals_screen *)screen;
    loket__disposal_due_reply__free_unpacked(self->files, NULL);
    loket__disposal_list_reply__free_unpacked(self->disposals, NULL);
    list_free(&self->due);
    list_free(&self->proposals);
    reader_free(&self->reader);
}

static void describe(struct disposals_screen *self) {
    const Loket__DisposalFile *file = present_file(self);
    const Loket__DisposalRow *disposal = present(self);
    size_t row = self->shows_proposals ? self->proposals.at : self->due.at;
    if (self->told == row + 1) return;
    self->told = row + 1;
    reader_free(&self->reader);
    if (disposal) tell_disposal(&self->reader, disposal);
    if (!file) return;
    reader_pair(&self->reader, _("Classification"), file->classification);
    reader_pair(&self->reader, _("Place"), file->place);
    reader_add(&self->reader, LOOK_PLAIN, "%s: %d (%lld KiB)", _("Documents"), file->documents,
               (long long)(file->bytes + 1023) / 1024);
}

static void draw_heading(const struct disposals_screen *self, int row) {
    char line[200], count[24] = "";
    if (self->files) (void)snprintf(count, sizeof count, " %d", self->files->total);
    (void)snprintf(line, sizeof line, self->shows_proposals ? "%s%s  [%s]" : "[%s%s]  %s", _("due"), count, _("proposals"));
    text_draw(row, 1, COLS - 2, line);
}

static void disposals_draw(struct screen *screen, int row, int rows) {
    struct disposals_screen *self = (struct disposals_screen *)screen;
    size_t count = self->shows_proposals ? self->disposals ? self->disposals->n_disposals : 0
                   : self->files         ? self->files->n_files
                                         : 0;
    bool read = self->shows_proposals ? self->disposals != NULL : self->files != NULL;
    draw_heading(self, row);
    self->rows = rows - 8;
    if (!count) {
        text_draw(row + 2, 1, COLS - 2,
                  !read                   ? _("Reading…")
                  : self->shows_proposals ? _("Nothing was proposed yet.")
                                          : _("No file is due for disposal."));
        return;
    }
    describe(self);
    reader_draw(&self->reader, row + self->rows + 3, rows - self->rows - 3);
    if (self->shows_proposals) list_draw(&self->proposals, row + 2, self->rows, &proposal_rows, self);
    else list_draw(&self->due, row + 2, self->rows, &due_rows, self);
}

static void on_due(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct disposals_screen *self = (struct disposals_screen *)screen;
    if (error) return;
    loket__disposal_due_reply__free_unpacked(self->files, NULL);
    self->files = app_copy(reply);
    self->told = 0;
    list_refresh(&self->due, self->files->n_files, &due_rows, self);
}

static void on_proposals(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct disposals_screen *self = (struct disposals_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__disposal_list_reply__free_unpacked(self->disposals, NULL);
    self->disposals = app_copy(reply);
    self->told = 0;
    list_refresh(&self->proposals, self->disposals->n_disposals, &proposal_rows, self);
}

static void disposals_read(struct disposals_screen *self) {
    Loket__DisposalDueRequest due = LOKET__DISPOSAL_DUE_REQUEST__INIT;
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    app_ask(&self->base, "disposal.due", &due.base, &loket__disposal_due_reply__descriptor, on_due);
    self->base.waits = true;
    app_ask(&self->base, "disposal.list", &nothing.base, &loket__disposal_list_reply__descriptor, on_proposals);
}

static void disposals_shown(struct screen *screen) {
    disposals_read((struct disposals_screen *)screen);
}

static void disposals_event(struct screen *screen, int64_t application_id) {
    (void)application_id;
    disposals_read((struct disposals_screen *)screen);
}

static void on_proposed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct disposals_screen *self = (struct disposals_screen *)screen;
    (void)reply;
    disposals_read(self);
    if (error) return;
    list_unmark(&self->due);
    app_say(screen->app, N_("Proposed: the head decides"), NULL);
}

static void propose(struct screen *screen, bool yes, const char *reason) {
    struct disposals_screen *self = (struct disposals_screen *)screen;
    Loket__DisposalProposeRequest request = LOKET__DISPOSAL_PROPOSE_REQUEST__INIT;
    if (!yes || !self->files) return;
    int64_t *ids = calloc(self->files->n_files + 1, sizeof *ids);
    if (!ids) abort();
    for (size_t i = 0; i < self->files->n_files; i++)
        if (list_marked(&self->due, self->files->files[i]->application_id))
            ids[request.n_application_ids++] = self->files->files[i]->application_id;
    request.application_ids = ids;
    request.reason = (char *)reason;
    app_write(screen, "disposal.propose", &request.base, NULL, &loket__disposal_propose_reply__descriptor, on_proposed);
    free(ids);
}

static void on_decided(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    disposals_read((struct disposals_screen *)screen);
    if (!error) app_say(screen->app, N_("Decided"), NULL);
}

static void decide(struct screen *screen, bool approve, const char *reason) {
    const Loket__DisposalRow *disposal = present((struct disposals_screen *)screen);
    Loket__DisposalDecideRequest request = LOKET__DISPOSAL_DECIDE_REQUEST__INIT;
    if (!disposal) return;
    request.disposal_id = disposal->disposal_id;
    request.approve = approve;
    request.reason = (char *)reason;
    app_write(screen, "disposal.decide", &request.base, NULL, &loket__empty__descriptor, on_decided);
}

static void approve(struct screen *screen, bool yes, const char *text) {
    (void)text;
    if (yes) decide(screen, true, "");
}

static void reject(struct screen *screen, bool yes, const char *reason) {
    if (yes) decide(screen, false, reason);
}

static void ask_main(struct disposals_screen *self) {
    const Loket__DisposalRow *disposal = present(self);
    char number[24], question[200];
    if (!self->shows_proposals && !self->due.marked_count) {
        app_complain(self->base.app, N_("Mark the files that are to be disposed of"), NULL);
        return;
    }
    (void)snprintf(number, sizeof number, "%zu", disposal ? (size_t)disposal->files : self->due.marked_count);
    if (!self->shows_proposals) {
        text_message(N_("Propose the disposal of %s files: on which schedule or decision does it rest?"), number, question,
                     sizeof question);
        dialog_ask(&self->base, question, _("Rests on"), true, propose);
        return;
    }
    text_message(N_("Destroy the documents of %s files? This can't be undone."), number, question, sizeof question);
    if (disposal) dialog_ask(&self->base, question, NULL, false, approve);
}

static void open_row(struct disposals_screen *self) {
    const Loket__DisposalFile *file = present_file(self);
    const Loket__DisposalRow *disposal = present(self);
    if (file) application_open(self->base.app, file->application_id);
    if (disposal) files_open(self->base.app, disposal->disposal_id);
}

static void certificate_open(struct disposals_screen *self) {
    const Loket__DisposalRow *disposal = present(self);
    if (disposal && disposal->document_id) viewer_open(self->base.app, disposal->document_id);
    else app_complain(self->base.app, N_("Only what was destroyed has a certificate"), NULL);
}

static enum outcome disposals_action(struct screen *screen, int action) {
    struct disposals_screen *self = (struct disposals_screen *)screen;
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_MAIN: ask_main(self); break;
    case ACTION_REJECT:
        if (present(self)) dialog_ask(screen, _("Reject this proposal: why?"), _("Reason"), true, reject);
        break;
    case ACTION_OPEN: open_row(self); break;
    case ACTION_CERTIFICATE: certificate_open(self); break;
    case ACTION_ERASURES: erasures_open(screen->app); break;
    case ACTION_VIEW:
        self->shows_proposals = !self->shows_proposals;
        self->told = 0;
        break;
    default: disposals_read(self);
    }
    return REDRAW;
}

static enum outcome disposals_key(struct screen *screen, int key, bool pasted) {
    struct disposals_screen *self = (struct disposals_screen *)screen;
    if (pasted) return UNUSED;
    if (self->shows_proposals)
        return self->disposals && list_key(&self->proposals, key, self->rows, &proposal_rows, self) ? REDRAW : UNUSED;
    return self->files && list_key(&self->due, key, self->rows, &due_rows, self) ? REDRAW : UNUSED;
}

static bool disposals_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Disposal of archives"),
    .about =
        N_("Files whose retention is over and whose permit is not in force any more, where the permit type's retention schedule "
           "says that they are destroyed. The archivist proposes, the head decides: nobody decides what they proposed. The "
           "contents of the documents are destroyed for good; the register, the audit trail, the hashes and a certificate "
           "(berita acara) stay."),
    .keys = keys,
    .size = sizeof(struct disposals_screen),
    .free = disposals_free,
    .draw = disposals_draw,
    .action = disposals_action,
    .key = disposals_key,
    .event = disposals_event,
    .refused = disposals_refused,
    .shown = disposals_shown,
};

void disposals_open(struct app *app) {
    struct disposals_screen *self = (struct disposals_screen *)app_push(app, &ops);
    self->shows_proposals = !app_has_role(app, "archivist");
    disposals_read(self);
}
