/* The end of personal data: whom retention no longer covers, proposals to erase somebody, and what became of these. One proposes,
 * another decides. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/screen/viewer.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/reader.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

#define DETAIL_ROWS 8 /* below the list */

enum { ACTION_REJECT = ACTION_OWN, ACTION_CERTIFICATE, ACTION_VIEW };

struct erasures_screen {
    struct screen base;
    struct list due, proposals;
    struct reader reader;
    Loket__ErasureDueReply *people;    /* owned */
    Loket__ErasureListReply *erasures; /* owned */
    bool shows_proposals;
    size_t told; /* the row that the reader shows, from 1 */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("do it"),
     N_("propose the erasure of this person (front office, archivist), or approve the proposal in this row (head)")},
    {ACTION_REJECT, "reject", "F9 x", N_("reject"), N_("reject the proposal, with the reason: the data is kept (head)")},
    {ACTION_OPEN, "open", "Enter o", N_("read"), N_("an application of this person")},
    {ACTION_CERTIFICATE, "certificate", "F6 c", N_("certificate"), N_("the certificate of the erasure")},
    {ACTION_VIEW, "view", "Tab f", N_("other list"), N_("whom retention no longer covers, or what was proposed and decided")},
    {ACTION_REFRESH, "refresh", "F5 r", NULL, N_("read both lists again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

/* -------------------------------------------------------------------------------------------------- the rows */

static int64_t due_id(size_t index, void *data) {
    return ((const struct erasures_screen *)data)->people->people[index]->application_id;
}

static void due_draw(size_t index, int row, bool marked, void *data) {
    const Loket__ErasurePerson *person = ((const struct erasures_screen *)data)->people->people[index];
    char until[40], count[24];
    int name = COLS - 15 - 6 - 14;
    (void)marked;
    text_date(person->retain_until_on, until, sizeof until);
    (void)snprintf(count, sizeof count, "%d", person->applications);
    text_draw(row, 1, 14, person->number);
    text_draw(row, 15, name, person->applicant);
    text_draw(row, 15 + name, 6, count);
    text_draw(row, 21 + name, COLS - 21 - name, until);
}

static const struct list_ops due_rows = {due_id, due_draw};

static int64_t proposal_id(size_t index, void *data) {
    return ((const struct erasures_screen *)data)->erasures->erasures[index]->erasure_id;
}

static void proposal_draw(size_t index, int row, bool marked, void *data) {
    const Loket__ErasureRow *erasure = ((const struct erasures_screen *)data)->erasures->erasures[index];
    char at[40];
    (void)marked;
    text_instant(erasure->proposed_at, at, sizeof at);
    text_draw(row, 1, 14, at);
    text_draw(row, 15, 11, text_word(erasure->state));
    text_draw(row, 26, 15, erasure->number[0] ? erasure->number : "-");
    text_draw(row, 41, COLS - 41, erasure->applicant);
}

static const struct list_ops proposal_rows = {proposal_id, proposal_draw};

static const Loket__ErasurePerson *present_person(const struct erasures_screen *self) {
    bool there = !self->shows_proposals && self->people && self->due.at < self->people->n_people;
    return there ? self->people->people[self->due.at] : NULL;
}

static const Loket__ErasureRow *present(const struct erasures_screen *self) {
    bool there = self->shows_proposals && self->erasures && self->proposals.at < self->erasures->n_erasures;
    return there ? self->erasures->erasures[self->proposals.at] : NULL;
}

static void tell_who(struct reader *reader, const char *label, const char *name, int64_t at) {
    char when[40];
    if (!name[0]) return;
    text_instant(at, when, sizeof when);
    reader_add(reader, LOOK_PLAIN, "%s: %s, %s", label, name, when);
}

static void tell_erasure(struct reader *reader, const Loket__ErasureRow *erasure) {
    reader_add(reader, LOOK_PLAIN, "%s: %s, %s", _("Ground"),
               strcmp(erasure->ground, "request") == 0 ? _("at the person's request") : _("retention is over"), erasure->reason);
    tell_who(reader, _("Proposed by"), erasure->proposed_by, erasure->proposed_at);
    tell_who(reader, _("Decided by"), erasure->decided_by, erasure->decided_at);
    reader_pair(reader, _("Reason of the decision"), erasure->decision_reason);
    reader_add(reader, LOOK_PLAIN, "%s: %d  %s: %d", _("Applications"), erasure->applications, _("Documents"), erasure->documents);
}

static void describe(struct erasures_screen *self) {
    const Loket__ErasurePerson *person = present_person(self);
    const Loket__ErasureRow *erasure = present(self);
    size_t row = self->shows_proposals ? self->proposals.at : self->due.at;
    char until[40];
    if (self->told == row + 1) return;
    self->told = row + 1;
    reader_free(&self->reader);
    if (erasure) tell_erasure(&self->reader, erasure);
    if (!person) return;
    text_date(person->retain_until_on, until, sizeof until);
    reader_add(&self->reader, LOOK_PLAIN, "%s: %d  %s: %s", _("Applications"), person->applications, _("kept until"), until);
}

/* ------------------------------------------------------------------------------------------------ the screen */

static void erasures_free(struct screen *screen) {
    struct erasures_screen *self = (struct erasures_screen *)screen;
    loket__erasure_due_reply__free_unpacked(self->people, NULL);
    loket__erasure_list_reply__free_unpacked(self->erasures, NULL);
    list_free(&self->due);
    list_free(&self->proposals);
    reader_free(&self->reader);
}

static size_t row_count(const struct erasures_screen *self) {
    if (self->shows_proposals) return self->erasures ? self->erasures->n_erasures : 0;
    return self->people ? self->people->n_people : 0;
}

static const char *empty_text(const struct erasures_screen *self) {
    if (self->shows_proposals) return self->erasures ? _("Nothing was proposed yet.") : _("Reading…");
    return self->people ? _("Retention still covers everybody, or something of theirs still stands.") : _("Reading…");
}

static void erasures_draw(struct screen *screen, int row, int rows) {
    struct erasures_screen *self = (struct erasures_screen *)screen;
    char line[200], count[24] = "";
    if (self->people) (void)snprintf(count, sizeof count, " %zu", self->people->n_people);
    (void)snprintf(line, sizeof line, self->shows_proposals ? "%s%s  [%s]" : "[%s%s]  %s", _("not covered any more"), count,
                   _("proposals"));
    text_draw(row, 1, COLS - 2, line);
    self->rows = rows - DETAIL_ROWS;
    if (!row_count(self)) {
        text_draw(row + 2, 1, COLS - 2, empty_text(self));
        return;
    }
    describe(self);
    reader_draw(&self->reader, row + self->rows + 3, rows - self->rows - 3);
    if (self->shows_proposals) list_draw(&self->proposals, row + 2, self->rows, &proposal_rows, self);
    else list_draw(&self->due, row + 2, self->rows, &due_rows, self);
}

static void on_due(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct erasures_screen *self = (struct erasures_screen *)screen;
    if (error) return;
    loket__erasure_due_reply__free_unpacked(self->people, NULL);
    self->people = app_copy(reply);
    self->told = 0;
    list_refresh(&self->due, self->people->n_people, &due_rows, self);
}

static void on_proposals(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct erasures_screen *self = (struct erasures_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__erasure_list_reply__free_unpacked(self->erasures, NULL);
    self->erasures = app_copy(reply);
    self->told = 0;
    list_refresh(&self->proposals, self->erasures->n_erasures, &proposal_rows, self);
}

static void erasures_read(struct erasures_screen *self) {
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    app_ask(&self->base, "erasure.due", &nothing.base, &loket__erasure_due_reply__descriptor, on_due);
    self->base.waits = true;
    app_ask(&self->base, "erasure.list", &nothing.base, &loket__erasure_list_reply__descriptor, on_proposals);
}

static void erasures_shown(struct screen *screen) {
    erasures_read((struct erasures_screen *)screen);
}

static void erasures_event(struct screen *screen, int64_t application_id) {
    (void)application_id;
    erasures_read((struct erasures_screen *)screen);
}

/* ------------------------------------------------------------------------------------- proposed and decided */

void erasure_propose(struct screen *screen, int64_t application_id, const char *ground, const char *reason, app_reply *done) {
    Loket__ErasureProposeRequest request = LOKET__ERASURE_PROPOSE_REQUEST__INIT;
    request.application_id = application_id;
    request.ground = (char *)ground;
    request.reason = (char *)reason;
    app_write(screen, "erasure.propose", &request.base, NULL, &loket__empty__descriptor, done);
}

static void on_proposed(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    erasures_read((struct erasures_screen *)screen);
    if (!error) app_say(screen->app, N_("Proposed: the head decides"), NULL);
}

static void propose(struct screen *screen, bool yes, const char *reason) {
    const Loket__ErasurePerson *person = present_person((struct erasures_screen *)screen);
    if (yes && person) erasure_propose(screen, person->application_id, "retention", reason, on_proposed);
}

static void on_decided(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    erasures_read((struct erasures_screen *)screen);
    if (!error) app_say(screen->app, N_("Decided"), NULL);
}

static void decide(struct screen *screen, bool approve, const char *reason) {
    const Loket__ErasureRow *erasure = present((struct erasures_screen *)screen);
    Loket__ErasureDecideRequest request = LOKET__ERASURE_DECIDE_REQUEST__INIT;
    if (!erasure) return;
    request.erasure_id = erasure->erasure_id;
    request.approve = approve;
    request.reason = (char *)reason;
    app_write(screen, "erasure.decide", &request.base, NULL, &loket__empty__descriptor, on_decided);
}

static void approve(struct screen *screen, bool yes, const char *text) {
    (void)text;
    if (yes) decide(screen, true, "");
}

static void reject(struct screen *screen, bool yes, const char *reason) {
    if (yes) decide(screen, false, reason);
}

static void ask_main(struct erasures_screen *self) {
    const Loket__ErasurePerson *person = present_person(self);
    const Loket__ErasureRow *erasure = present(self);
    char question[300];
    if (person) {
        text_message(N_("Propose to erase the data of %s: on which rule does it rest? Write no name."), person->applicant, question,
                     sizeof question);
        dialog_ask(&self->base, question, _("Rests on"), true, propose);
    }
    if (!erasure) return;
    text_message(N_("Erase what the office knows of %s? This can't be undone."), erasure->applicant, question, sizeof question);
    dialog_ask(&self->base, question, NULL, false, approve);
}

static void open_row(struct erasures_screen *self) {
    const Loket__ErasurePerson *person = present_person(self);
    const Loket__ErasureRow *erasure = present(self);
    if (person) application_open(self->base.app, person->application_id);
    if (erasure) application_open(self->base.app, erasure->application_id);
}

static void certificate_open(struct erasures_screen *self) {
    const Loket__ErasureRow *erasure = present(self);
    if (erasure && erasure->document_id) viewer_open(self->base.app, erasure->document_id);
    else app_complain(self->base.app, N_("Only what was erased has a certificate"), NULL);
}

static enum outcome erasures_action(struct screen *screen, int action) {
    struct erasures_screen *self = (struct erasures_screen *)screen;
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_MAIN: ask_main(self); break;
    case ACTION_REJECT:
        if (present(self)) dialog_ask(screen, _("Reject this proposal: why? Write no name."), _("Reason"), true, reject);
        break;
    case ACTION_OPEN: open_row(self); break;
    case ACTION_CERTIFICATE: certificate_open(self); break;
    case ACTION_VIEW:
        self->shows_proposals = !self->shows_proposals;
        self->told = 0;
        break;
    default: erasures_read(self);
    }
    return REDRAW;
}

static enum outcome erasures_key(struct screen *screen, int key, bool pasted) {
    struct erasures_screen *self = (struct erasures_screen *)screen;
    if (pasted || !row_count(self)) return UNUSED;
    if (self->shows_proposals) return list_key(&self->proposals, key, self->rows, &proposal_rows, self) ? REDRAW : UNUSED;
    return list_key(&self->due, key, self->rows, &due_rows, self) ? REDRAW : UNUSED;
}

static bool erasures_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Erasure of personal data"),
    .about =
        N_("Somebody's data goes when no law keeps it any more (UU 27/2022): no application is under way, no permit is in force, "
           "nothing is owed, and every file is past its retention. The counter or the archivist proposes, the head decides: "
           "nobody decides what they proposed. Numbers of applications, steps, hashes and a certificate (berita acara) stay."),
    .keys = keys,
    .size = sizeof(struct erasures_screen),
    .free = erasures_free,
    .draw = erasures_draw,
    .action = erasures_action,
    .key = erasures_key,
    .event = erasures_event,
    .refused = erasures_refused,
    .shown = erasures_shown,
};

void erasures_open(struct app *app) {
    struct erasures_screen *self = (struct erasures_screen *)app_push(app, &ops);
    self->shows_proposals = app_has_role(app, "head") || app_has_role(app, "auditor");
    erasures_read(self);
}
