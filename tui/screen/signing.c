/* Signing. The list of what waits is the server's; the key and its passphrase never leave this machine. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/entry/signer.h>
#include <tui/screen/screens.h>
#include <tui/screen/signing.h>
#include <tui/screen/viewer.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

struct signing {
    struct app *app;
    struct signer *signer;            /* NULL: locked */
    struct event *forget;             /* when it was not used for a while */
    Loket__SignatureListReply *waits; /* owned; NULL until it is read */
    bool asked, again;                /* again: something changed while the list was on its way */
    bool soon;                        /* the passphrase is asked for as soon as something is ready to be signed */
    size_t sent;                      /* signatures since the list was empty */
    int64_t *given;                   /* documents whose signature is on its way: a list from before it arrived names them again */
    size_t given_count;
};

struct signing_screen {
    struct screen base;
    struct list list;
    int rows;
    char key[512]; /* where the key is, when it was typed */
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("sign"), N_("sign everything that waits, with one entry of the passphrase or PIN")},
    {ACTION_OPEN, "open", "Enter", N_("look"), N_("look at the document before it is signed")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back; what waits stays in your queue")},
    {0, NULL, NULL, NULL, NULL},
};

static bool is_given(const struct signing *signing, int64_t document_id) {
    for (size_t i = 0; i < signing->given_count; i++)
        if (signing->given[i] == document_id) return true;
    return false;
}

static void give(struct signing *signing, int64_t document_id) {
    int64_t *larger = realloc(signing->given, (signing->given_count + 1) * sizeof *larger);
    if (!larger) abort();
    signing->given = larger;
    signing->given[signing->given_count++] = document_id;
}

/* What was refused may be signed again. */
static void take_back(struct signing *signing, int64_t document_id) {
    for (size_t i = 0; i < signing->given_count; i++)
        if (signing->given[i] == document_id) signing->given[i] = signing->given[--signing->given_count];
}

void signing_forget(struct signing *signing) {
    free(signing->given);
    signing->given = NULL;
    signing->given_count = 0;
    signer_free(signing->signer);
    signing->signer = NULL;
    signing->soon = false;
    evtimer_del(signing->forget);
    loket__signature_list_reply__free_unpacked(signing->waits, NULL);
    signing->waits = NULL;
}

static void on_forget(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct signing *signing = data;
    signer_free(signing->signer);
    signing->signer = NULL;
}

struct signing *signing_new(struct app *app) {
    struct signing *signing = calloc(1, sizeof *signing);
    if (!signing) abort();
    signing->app = app;
    signing->forget = evtimer_new(app->base, on_forget, signing);
    if (!signing->forget) abort();
    return signing;
}

void signing_free(struct signing *signing) {
    if (!signing) return;
    signing_forget(signing);
    event_free(signing->forget);
    free(signing);
}

static const struct screen_ops ops;

static void signing_read(struct signing *signing);
static void ask_passphrase(struct signing_screen *self);

static void on_submitted(struct client *client, const ProtobufCMessage *reply, const struct error *error, void *data) {
    (void)client;
    (void)reply;
    struct signing *signing = data;
    if (!error) return;
    app_complain(signing->app, error->message, error->argument);
    signing_read(signing);
}

static void submit(struct signing *signing, const Loket__SignatureAskedRow *row) {
    struct error error;
    uint8_t *cms = NULL, key[IDEMPOTENCY_KEY_BYTES];
    size_t size = 0;
    struct timeval later = {SIGNING_MINUTES * 60, 0};
    Loket__SignatureSubmitRequest request = LOKET__SIGNATURE_SUBMIT_REQUEST__INIT;
    if (signer_sign(signing->signer, row->digest.data, &cms, &size, &error) != LOKET_OK) {
        app_complain(signing->app, error.message, error.argument);
        return;
    }
    client_key(key);
    request.document_id = row->document_id;
    request.cms.data = cms;
    request.cms.len = size;
    if (client_call(signing->app->client, "signature.submit", &request.base, key, &loket__empty__descriptor, on_submitted, signing,
                    &error))
        signing->sent++;
    else app_complain(signing->app, error.message, error.argument);
    free(cms);
    evtimer_add(signing->forget, &later);
}

/* What was refused once is only tried again when the head has opened a key anew. */
static void sign_waiting(struct signing *signing, bool refused_too) {
    if (!signing->signer || !signing->waits) return;
    for (size_t i = 0; i < signing->waits->n_rows; i++) {
        Loket__SignatureAskedRow *row = signing->waits->rows[i];
        if (row->problem[0]) take_back(signing, row->document_id);
        row->given = row->given || is_given(signing, row->document_id);
        if (row->given || row->digest.len != SIGNER_DIGEST_BYTES || (row->problem[0] && !refused_too)) continue;
        submit(signing, row);
        give(signing, row->document_id);
        row->given = true;
    }
}

static size_t ready_count(const struct signing *signing) {
    size_t count = 0;
    for (size_t i = 0; signing->waits && i < signing->waits->n_rows; i++)
        count += !signing->waits->rows[i]->given && signing->waits->rows[i]->digest.len == SIGNER_DIGEST_BYTES;
    return count;
}

static void tell(struct signing *signing) {
    struct app *app = signing->app;
    char count[24];
    const char *problem = NULL;
    for (size_t i = 0; i < signing->waits->n_rows && !problem; i++)
        if (signing->waits->rows[i]->problem[0]) problem = signing->waits->rows[i]->problem;
    if (problem) app_complain(app, problem, signing->waits->rows[0]->argument);
    (void)snprintf(count, sizeof count, "%zu", signing->sent);
    if (signing->sent && !signing->waits->n_rows) {
        app_say(app, N_("Signed: %s documents"), count);
        signing->sent = 0;
    }
}

/* Where the screen is open already, but under another one, the head is looking at a document first. */
static void ask_soon(struct app *app) {
    struct screen *screen = app->top;
    while (screen && screen->ops != &ops) screen = screen->below;
    if (!screen) signing_open(app);
    else if (screen == app->top) ask_passphrase((struct signing_screen *)screen);
}

static void on_waiting(struct client *client, const ProtobufCMessage *reply, const struct error *error, void *data) {
    (void)client;
    struct signing *signing = data;
    struct app *app = signing->app;
    signing->asked = false;
    if (error) return;
    loket__signature_list_reply__free_unpacked(signing->waits, NULL);
    signing->waits = app_copy(reply);
    sign_waiting(signing, false);
    tell(signing);
    app->dirty = true;
    if (signing->soon && ready_count(signing) && !signing->signer && app->top && !app->dialog && !app->top->unsaved) ask_soon(app);
    if (signing->again) signing_read(signing);
}

static void signing_read(struct signing *signing) {
    struct error error;
    Loket__Empty nothing = LOKET__EMPTY__INIT;
    signing->again = signing->asked;
    if (signing->asked) return;
    signing->asked = client_call(signing->app->client, "signature.list", &nothing.base, NULL,
                                 &loket__signature_list_reply__descriptor, on_waiting, signing, &error) != 0;
}

void signing_event(struct signing *signing) {
    if (signing->app->session.live && app_has_role(signing->app, "head")) signing_read(signing);
}

void signing_soon(struct signing *signing) {
    signing->soon = true;
    signing_event(signing);
}

/* -------------------------------------------------------------------------------------------------- the screen */

static struct signing *signing_of(const struct signing_screen *self) {
    return self->base.app->signing;
}

static int64_t row_id(size_t index, void *data) {
    return signing_of(data)->waits->rows[index]->document_id;
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const Loket__SignatureAskedRow *asked = signing_of(data)->waits->rows[index];
    char line[400];
    (void)marked;
    if (asked->problem[0]) text_message(asked->problem, asked->argument, line, sizeof line);
    else
        (void)snprintf(line, sizeof line, "%s",
                       asked->given        ? _("is being checked")
                       : asked->digest.len ? _("waits for your signature")
                                           : _("is being made"));
    int columns = COLS - 1, number = columns * 2 / 5 > 32 ? 32 : columns * 2 / 5, kind = 18;
    text_draw(row, 1, number, asked->number);
    text_draw(row, 1 + number, kind, text_word(asked->kind));
    text_draw(row, 1 + number + kind, (columns - number - kind) / 2, asked->applicant);
    text_draw(row, 1 + number + kind + (columns - number - kind) / 2, columns - number - kind - (columns - number - kind) / 2,
              line);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void screen_free(struct screen *screen) {
    screen->app->signing->soon = false;
    list_free(&((struct signing_screen *)screen)->list);
}

static void screen_draw(struct screen *screen, int row, int rows) {
    struct signing_screen *self = (struct signing_screen *)screen;
    struct signing *signing = signing_of(self);
    char line[200];
    self->rows = rows - 2;
    if (signing->signer) (void)snprintf(line, sizeof line, "%s: %s", _("The key is open"), signer_name(signing->signer));
    else (void)snprintf(line, sizeof line, "%s", _("The key is locked: F10 asks for the passphrase and signs everything"));
    text_draw(row, 1, COLS - 2, line);
    if (!signing->waits || !signing->waits->n_rows) {
        text_draw(row + 2, 2, COLS - 4, signing->waits ? _("Nothing waits for your signature.") : _("Reading…"));
        return;
    }
    list_refresh(&self->list, signing->waits->n_rows, &rows_ops, self);
    list_draw(&self->list, row + 2, self->rows, &rows_ops, self);
}

static void on_passphrase(struct screen *screen, bool yes, const char *passphrase) {
    struct signing_screen *self = (struct signing_screen *)screen;
    struct signing *signing = signing_of(self);
    struct error error;
    if (!yes) return;
    signer_free(signing->signer);
    signing->signer = signer_open(self->key[0] ? self->key : screen->app->signing_key, passphrase, &error);
    if (signing->signer) {
        app_say(screen->app, N_("The key is open"), NULL);
        sign_waiting(signing, true);
        return;
    }
    app_complain(screen->app, error.message, error.argument);
    if (strcmp(error.field, "key") == 0) self->key[0] = '\0';
    if (strcmp(error.field, "passphrase") == 0) ask_passphrase(self);
}

static void on_key_place(struct screen *screen, bool yes, const char *place) {
    struct signing_screen *self = (struct signing_screen *)screen;
    if (!yes) return;
    (void)snprintf(self->key, sizeof self->key, "%s", place);
    ask_passphrase(self);
}

static void ask_passphrase(struct signing_screen *self) {
    self->base.app->signing->soon = false;
    const char *configured = self->base.app->signing_key;
    if (!self->key[0] && !(configured && *configured))
        dialog_ask(&self->base, _("Where is your key? A PKCS#12 file, or a token as pkcs11:... (\"key\" in loket.ini)"), _("Key"),
                   true, on_key_place);
    else
        dialog_ask_secret(&self->base, _("Sign everything that waits. The passphrase is not kept."), _("Passphrase or PIN"),
                          on_passphrase);
}

static enum outcome screen_action(struct screen *screen, int action) {
    struct signing_screen *self = (struct signing_screen *)screen;
    struct signing *signing = signing_of(self);
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_MAIN && signing->signer) sign_waiting(signing, true);
    else if (action == ACTION_MAIN) ask_passphrase(self);
    if (action == ACTION_OPEN && signing->waits && self->list.at < signing->waits->n_rows)
        viewer_open(screen->app, signing->waits->rows[self->list.at]->document_id);
    if (action == ACTION_REFRESH) signing_read(signing);
    return REDRAW;
}

static enum outcome screen_key(struct screen *screen, int key, bool pasted) {
    struct signing_screen *self = (struct signing_screen *)screen;
    if (pasted || !signing_of(self)->waits || !signing_of(self)->waits->n_rows) return UNUSED;
    return list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static const struct screen_ops ops = {
    .title = N_("To sign"),
    .about = N_(
        "Permits, decrees and letters that you decided. They are signed on this machine with your own key: a PKCS#12 file or a "
        "token. The passphrase is asked once for all of them and kept nowhere; the key is forgotten after 5 minutes without work."),
    .keys = keys,
    .size = sizeof(struct signing_screen),
    .free = screen_free,
    .draw = screen_draw,
    .action = screen_action,
    .key = screen_key,
};

void signing_open(struct app *app) {
    struct signing_screen *self = (struct signing_screen *)app_push(app, &ops);
    signing_read(app->signing);
    if (app->signing->signer) return;
    if (ready_count(app->signing)) ask_passphrase(self);
    else app->signing->soon = true;
}

/* From the queue: one signature or all of them is the same work. */
void signing_stage_open(struct app *app, int64_t application_id, int64_t task_id) {
    (void)application_id;
    (void)task_id;
    signing_open(app);
}
