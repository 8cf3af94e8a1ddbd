/* The audit log, newest first: who did what to which application, from where. Read only. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/printout.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/text.h>

enum { ACTION_NUMBER = ACTION_OWN, ACTION_USER, ACTION_EVENT, ACTION_MORE, ACTION_PRINT };

struct audit_screen {
    struct screen base;
    struct reader reader;
    char number[32], username[40], next[40];
    char tree[160], signed_line[160]; /* what is known of the tree and its newest checkpoint; "" before */
    int rows;
};

static const struct key_row keys[] = {
    {ACTION_NUMBER, "number", "/", N_("number"), N_("only what happened to one application")},
    {ACTION_USER, "user", "u", N_("user"), N_("only what one user did")},
    {ACTION_EVENT, "event", "e", N_("proof"), N_("what can be proved of one event, by its number")},
    {ACTION_MORE, "more", "m", N_("older"), N_("the next page")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("the newest again")},
    {ACTION_PRINT, "print", "F8 p", N_("print"), N_("write what is shown to a text file")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void audit_free(struct screen *screen) {
    reader_free(&((struct audit_screen *)screen)->reader);
}

static void audit_draw(struct screen *screen, int row, int rows) {
    struct audit_screen *self = (struct audit_screen *)screen;
    self->rows = rows;
    reader_draw(&self->reader, row, rows);
}

static void on_rows(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct audit_screen *self = (struct audit_screen *)screen;
    const Loket__AuditListReply *reply = (const Loket__AuditListReply *)answer;
    screen->waits = false;
    if (error) return;
    reader_free(&self->reader);
    self->reader.first = 0;
    (void)snprintf(self->next, sizeof self->next, "%s", reply->next);
    if (self->tree[0]) reader_add(&self->reader, LOOK_PLAIN, "%s", self->tree);
    if (self->signed_line[0]) reader_add(&self->reader, LOOK_PLAIN, "%s", self->signed_line);
    if (!reply->n_rows) reader_add(&self->reader, LOOK_PLAIN, "%s", _("Nothing happened."));
    for (size_t i = 0; i < reply->n_rows; i++) {
        const Loket__AuditRow *row = reply->rows[i];
        char at[40];
        text_instant(row->at, at, sizeof at);
        reader_add(&self->reader, LOOK_PLAIN, "#%lld  %s  %s (%s%s%s)  %s  %s %s", (long long)row->event_id, at, row->actor,
                   text_word(row->role), row->role[0] && row->address[0] ? ", " : "", row->address, text_word(row->action),
                   row->number, row->detail);
    }
}

static void read_rows(struct audit_screen *self, const char *after) {
    Loket__AuditListRequest request = LOKET__AUDIT_LIST_REQUEST__INIT;
    char place[40];
    (void)snprintf(place, sizeof place, "%s", after);
    request.number = self->number;
    request.username = self->username;
    request.after = place;
    self->base.waits = true;
    app_ask(&self->base, "audit.list", &request.base, &loket__audit_list_reply__descriptor, on_rows);
}

/* The newest page is read after the state, which stands above it. */
static void on_state(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct audit_screen *self = (struct audit_screen *)screen;
    const Loket__AuditStateReply *reply = (const Loket__AuditStateReply *)answer;
    char at[40];
    screen->waits = false;
    if (error) return;
    (void)snprintf(self->tree, sizeof self->tree, "%s: %lld  %s: %lld", _("Events in the tree"), (long long)reply->size,
                   _("waiting for it"), (long long)reply->waiting);
    text_instant(reply->checkpoint_at, at, sizeof at);
    if (reply->checkpoint_at)
        (void)snprintf(self->signed_line, sizeof self->signed_line, "%s: %s  %s: %lld  %s: %.44s", _("Signed"), at, _("events"),
                       (long long)reply->checkpoint_size, _("root"), reply->root);
    else (void)snprintf(self->signed_line, sizeof self->signed_line, "%s", _("No checkpoint was signed yet."));
    read_rows(self, "");
}

static void read_newest(struct audit_screen *self) {
    Loket__AuditStateRequest request = LOKET__AUDIT_STATE_REQUEST__INIT;
    self->base.waits = true;
    app_ask(&self->base, "audit.state", &request.base, &loket__audit_state_reply__descriptor, on_state);
}

static const char *proof_verdict(const char *status) {
    static const struct {
        const char *status, *says;
    } verdicts[] = {
        {"proved", N_("Proved: it is what it was when the checkpoint was signed.")},
        {"unsigned", N_("In the tree, not signed yet: the next checkpoint will have it.")},
        {"waiting", N_("Not in the tree yet: wait a minute.")},
        {"broken", N_("NOT what was signed: it was altered, deleted or inserted. Have loketd audit verify run.")},
    };
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        if (strcmp(verdicts[i].status, status) == 0) return _(verdicts[i].says);
    return status;
}

static void on_proof(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    const Loket__AuditProofReply *reply = (const Loket__AuditProofReply *)answer;
    char text[600], at[40];
    screen->waits = false;
    if (error) return;
    int used = snprintf(text, sizeof text, "%s %lld\n%s", _("Event"), (long long)reply->event_id, proof_verdict(reply->status));
    if (reply->steps && used > 0 && (size_t)used < sizeof text) {
        text_instant(reply->checkpoint_at, at, sizeof at);
        (void)snprintf(text + used, sizeof text - (size_t)used, "\n%s: %lld / %lld\n%s: %s\n%s: %.44s", _("Place in the tree"),
                       (long long)reply->leaf + 1, (long long)reply->size, _("Signed"), at, _("root"), reply->root);
    }
    dialog_tell(screen, text);
}

static void ask_proof(struct screen *screen, bool yes, const char *text) {
    Loket__AuditProofRequest request = LOKET__AUDIT_PROOF_REQUEST__INIT;
    if (!yes) return;
    if (*text == '#') text++;
    if (!*text || strlen(text) > 18 || strspn(text, "0123456789") != strlen(text)) {
        app_complain(screen->app, N_("An event is named by its number, as in the list: %s is none"), text);
        return;
    }
    request.event_id = strtoll(text, NULL, 10);
    screen->waits = true;
    app_ask(screen, "audit.proof", &request.base, &loket__audit_proof_reply__descriptor, on_proof);
}

static void narrow_number(struct screen *screen, bool yes, const char *text) {
    struct audit_screen *self = (struct audit_screen *)screen;
    if (!yes) return;
    (void)snprintf(self->number, sizeof self->number, "%s", text);
    read_rows(self, "");
}

static void narrow_user(struct screen *screen, bool yes, const char *text) {
    struct audit_screen *self = (struct audit_screen *)screen;
    if (!yes) return;
    (void)snprintf(self->username, sizeof self->username, "%s", text);
    read_rows(self, "");
}

static enum outcome audit_action(struct screen *screen, int action) {
    struct audit_screen *self = (struct audit_screen *)screen;
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_NUMBER: dialog_ask(screen, _("Of which application? (empty: all)"), _("Number"), false, narrow_number); break;
    case ACTION_USER: dialog_ask(screen, _("Of which user? (empty: all)"), _("User name"), false, narrow_user); break;
    case ACTION_PRINT: printout_write(screen->app, &self->reader, "audit"); break;
    case ACTION_MORE:
        if (self->next[0]) read_rows(self, self->next);
        break;
    case ACTION_EVENT: dialog_ask(screen, _("What can be proved of which event?"), _("Number"), true, ask_proof); break;
    default: read_newest(self);
    }
    return REDRAW;
}

static enum outcome audit_key(struct screen *screen, int key, bool pasted) {
    struct audit_screen *self = (struct audit_screen *)screen;
    return !pasted && reader_key(&self->reader, key, self->rows) ? REDRAW : UNUSED;
}

static bool audit_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Audit log"),
    .about =
        N_("Every step, reading and change, with who and from where. Nobody can change or delete a row of it. "
           "All events of the office are hashed into one tree; its root is signed every minute and kept outside the database, so "
           "that even who owns the database can't change what happened without being found out."),
    .keys = keys,
    .size = sizeof(struct audit_screen),
    .free = audit_free,
    .draw = audit_draw,
    .action = audit_action,
    .key = audit_key,
    .refused = audit_refused,
};

void audit_open(struct app *app) {
    read_newest((struct audit_screen *)app_push(app, &ops));
}
