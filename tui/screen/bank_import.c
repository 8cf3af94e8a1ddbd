/* The bank's file: chosen, read here, sent in pieces, shown line by line, and only then taken. */
#include <curses.h>
#include <errno.h>
#include <loket/limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tui/entry/bank_file.h>
#include <tui/screen/browser.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/reader.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

struct result {
    int line;
    int64_t amount, left;
    char result[16], reference[44], applicant[80];
};

struct import_screen {
    struct screen base;
    struct reader reader; /* what to do, or the mistakes of the file */
    struct list list;     /* over results */
    struct bank_file file;
    struct result *results;
    size_t result_count;
    size_t sent; /* rows that the server has */
    int64_t import_id, taken_amount;
    int taken, other, rows;
    int taken_now; /* since F10 */
    char name[256];
    uint8_t sha256[32];
    bool applied;
};

static const struct key_row keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("take"), N_("take the payments that the preview shows as matched or different")},
    {ACTION_LOOK_UP, "look_up", "F4 f", N_("file"), N_("choose the bank's file")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back; nothing is taken before F10")},
    {0, NULL, NULL, NULL, NULL},
};

/* What becomes of a line, in words; the first two are taken. */
static const char *result_name(const struct result *row) {
    static const struct {
        const char *code, *name;
    } names[] = {{"matched", N_("matched")},   {"unknown", N_("unknown reference")},    {"duplicate", N_("taken before")},
                 {"paid", N_("already paid")}, {"closed", N_("application has ended")}, {"not_yours", N_("not yours to take")}};
    if (strcmp(row->result, "differs") == 0) return row->left > row->amount ? _("amount differs: a part") : _("amount differs");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].code, row->result) == 0) return _(names[i].name);
    return row->result;
}

static int64_t row_id(size_t index, void *data) {
    return ((const struct import_screen *)data)->results[index].line;
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const struct result *result = &((const struct import_screen *)data)->results[index];
    char line[16], money[40];
    (void)marked;
    (void)snprintf(line, sizeof line, "%d", result->line);
    text_money(result->amount, money, sizeof money);
    text_draw_right(row, 0, 5, line);
    text_draw(row, 6, 15, result->reference);
    text_draw_right(row, 21, 15, money);
    text_draw(row, 37, 22, result_name(result));
    text_draw(row, 60, COLS - 60, result->applicant);
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void forget(struct import_screen *self) {
    bank_file_free(&self->file);
    reader_free(&self->reader);
    free(self->results);
    self->results = NULL;
    self->result_count = self->sent = 0;
    self->import_id = 0;
    self->applied = false;
}

static void import_free(struct screen *screen) {
    struct import_screen *self = (struct import_screen *)screen;
    forget(self);
    list_free(&self->list);
}

static void draw_head(const struct import_screen *self, int row) {
    char money[40], line[200];
    text_money(self->taken_amount, money, sizeof money);
    terminal_look(LOOK_TITLE);
    text_draw(row, 1, COLS - 2, self->name);
    terminal_look(LOOK_PLAIN);
    (void)snprintf(line, sizeof line, "%s: %d (%s)  %s: %d", self->applied ? _("Taken") : _("To be taken"), self->taken, money,
                   _("not taken"), self->other);
    text_draw(row + 1, 1, COLS - 2, line);
}

static void import_draw(struct screen *screen, int row, int rows) {
    struct import_screen *self = (struct import_screen *)screen;
    self->rows = self->result_count ? rows - 3 : rows;
    if (!self->result_count) {
        reader_draw(&self->reader, row, rows);
        return;
    }
    draw_head(self, row);
    list_draw(&self->list, row + 3, self->rows, &rows_ops, self);
}

static void preview_read(struct import_screen *self, int32_t after);

static void result_add(struct import_screen *self, const Loket__BankResultRow *row) {
    struct result *result = &self->results[self->result_count++];
    result->line = row->line;
    result->amount = row->amount;
    result->left = row->left;
    (void)snprintf(result->result, sizeof result->result, "%s", row->result);
    (void)snprintf(result->reference, sizeof result->reference, "%s", row->reference);
    (void)snprintf(result->applicant, sizeof result->applicant, "%.79s", row->applicant);
}

static void on_preview(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct import_screen *self = (struct import_screen *)screen;
    const Loket__PaymentsPreviewReply *reply = (const Loket__PaymentsPreviewReply *)answer;
    screen->waits = false;
    if (error || !self->results) return;
    for (size_t i = 0; i < reply->n_rows && self->result_count < BANK_FILE_ROWS; i++) result_add(self, reply->rows[i]);
    self->taken = reply->taken;
    self->taken_amount = reply->taken_amount;
    self->other = reply->other;
    self->applied = reply->applied;
    list_refresh(&self->list, self->result_count, &rows_ops, self);
    if (reply->next) preview_read(self, reply->next);
}

static void preview_read(struct import_screen *self, int32_t after) {
    Loket__PaymentsPreviewRequest request = LOKET__PAYMENTS_PREVIEW_REQUEST__INIT;
    if (!after) {
        free(self->results);
        self->results = calloc(BANK_FILE_ROWS, sizeof *self->results);
        if (!self->results) abort();
        self->result_count = 0;
    }
    request.import_id = self->import_id;
    request.after = after;
    self->base.waits = true;
    app_ask(&self->base, "payments.preview", &request.base, &loket__payments_preview_reply__descriptor, on_preview);
}

static void send_piece(struct import_screen *self);

static void on_piece(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct import_screen *self = (struct import_screen *)screen;
    const Loket__PaymentsImportReply *reply = (const Loket__PaymentsImportReply *)answer;
    if (error) return;
    self->import_id = reply->import_id;
    self->sent = (size_t)reply->received;
    if (reply->complete) preview_read(self, 0);
    else send_piece(self);
}

static void send_piece(struct import_screen *self) {
    static Loket__BankRow rows[LIMIT_REPEATED];
    static Loket__BankRow *pointers[LIMIT_REPEATED];
    Loket__PaymentsImportRequest request = LOKET__PAYMENTS_IMPORT_REQUEST__INIT;
    for (size_t i = self->sent; i < self->file.row_count && request.n_rows < LIMIT_REPEATED; i++) {
        struct bank_row *row = &self->file.rows[i];
        Loket__BankRow *out = &rows[request.n_rows];
        loket__bank_row__init(out);
        out->line = row->line;
        out->paid_on = row->paid_on;
        out->reference = row->reference;
        out->amount = row->amount;
        out->description = row->description;
        pointers[request.n_rows++] = out;
    }
    request.rows = pointers;
    request.import_id = self->import_id;
    request.name = self->name;
    request.sha256.data = self->sha256;
    request.sha256.len = sizeof self->sha256;
    request.line_count = (int32_t)self->file.row_count;
    app_write(&self->base, "payments.import", &request.base, NULL, &loket__payments_import_reply__descriptor, on_piece);
}

/* Every mistake with its line: nothing was sent. */
static void tell_mistakes(struct import_screen *self) {
    reader_add(&self->reader, LOOK_TITLE, "%s", self->name);
    reader_add(&self->reader, LOOK_WARNING, "%s", _("The file has mistakes; nothing was sent:"));
    for (size_t i = 0; i < self->file.mistake_count; i++) {
        const struct bank_mistake *mistake = &self->file.mistakes[i];
        char text[300];
        text_message(mistake->message, mistake->argument, text, sizeof text);
        if (mistake->line) reader_add(&self->reader, LOOK_PLAIN, _("line %d: %s"), mistake->line, text);
        else reader_add(&self->reader, LOOK_PLAIN, "%s", text);
    }
}

/* The bytes of the file, one more than may be; NULL and errno when it can't be read. */
static char *bytes_read(const char *path, size_t *size) {
    FILE *in = fopen(path, "re");
    char *bytes = in ? malloc(BANK_FILE_BYTES + 1) : NULL;
    if (bytes) *size = fread(bytes, 1, BANK_FILE_BYTES + 1, in);
    int wrong = in && bytes && ferror(in) ? EIO : errno;
    if (in) (void)fclose(in);
    if (bytes && wrong != EIO) return bytes;
    free(bytes);
    errno = wrong;
    return NULL;
}

static void on_chosen(struct screen *screen, const char *const *paths, size_t count) {
    struct import_screen *self = (struct import_screen *)screen;
    const char *slash = strrchr(paths[0], '/');
    char today[11];
    struct tm now;
    time_t at = time(NULL) + 86400; /* the office's day may be ahead of this machine's: the server knows it */
    size_t size = 0;
    (void)count;
    forget(self);
    (void)snprintf(self->name, sizeof self->name, "%s", slash ? slash + 1 : paths[0]);
    errno = 0;
    char *bytes = bytes_read(paths[0], &size);
    if (!bytes) {
        app_complain(screen->app, N_("The file can't be read: %s"), strerror(errno));
        return;
    }
    localtime_r(&at, &now);
    (void)strftime(today, sizeof today, "%Y-%m-%d", &now);
    if (EVP_Digest(bytes, size, self->sha256, NULL, EVP_sha256(), NULL) != 1) abort();
    if (bank_file_read(&self->file, bytes, size, today)) send_piece(self);
    else tell_mistakes(self);
    free(bytes);
}

static void apply_next(struct import_screen *self);

static void on_applied(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct import_screen *self = (struct import_screen *)screen;
    const Loket__PaymentsApplyReply *reply = (const Loket__PaymentsApplyReply *)answer;
    char count[24];
    if (error) return;
    self->taken_now += reply->taken;
    if (reply->rest) {
        (void)snprintf(count, sizeof count, "%d", reply->rest);
        app_say(screen->app, N_("Lines to go: %s"), count);
        apply_next(self);
        return;
    }
    (void)snprintf(count, sizeof count, "%d", self->taken_now);
    app_say(screen->app, N_("Payments taken: %s"), count);
    preview_read(self, 0);
}

/* A hundred lines at a time: the server says how many are left. */
static void apply_next(struct import_screen *self) {
    Loket__PaymentsApplyRequest request = LOKET__PAYMENTS_APPLY_REQUEST__INIT;
    request.import_id = self->import_id;
    app_write(&self->base, "payments.apply", &request.base, NULL, &loket__payments_apply_reply__descriptor, on_applied);
}

static void apply(struct screen *screen, bool yes, const char *text) {
    struct import_screen *self = (struct import_screen *)screen;
    (void)text;
    if (!yes) return;
    self->taken_now = 0;
    apply_next(self);
}

static void ask_apply(struct import_screen *self) {
    char money[40], what[80], question[160];
    if (!self->result_count || self->applied || !self->taken) {
        app_complain(self->base.app, N_("There is nothing to take"), NULL);
        return;
    }
    text_money(self->taken_amount, money, sizeof money);
    (void)snprintf(what, sizeof what, "%d, %s", self->taken, money);
    text_message(N_("Take these payments: %s?"), what, question, sizeof question);
    dialog_ask(&self->base, question, NULL, false, apply);
}

static enum outcome import_action(struct screen *screen, int action) {
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_MAIN) ask_apply((struct import_screen *)screen);
    if (action == ACTION_LOOK_UP) browser_open(screen->app, NULL, on_chosen, screen);
    return REDRAW;
}

static enum outcome import_key(struct screen *screen, int key, bool pasted) {
    struct import_screen *self = (struct import_screen *)screen;
    if (pasted) return UNUSED;
    bool used =
        self->result_count ? list_key(&self->list, key, self->rows, &rows_ops, self) : reader_key(&self->reader, key, self->rows);
    return used ? REDRAW : UNUSED;
}

static bool import_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Bank file"),
    .about =
        N_("Read a file of the bank: a header line date;reference;amount;description, then a line for each payment (; or , between "
           "the columns, UTF-8, days as 2026-11-24 or 24/11/2026, whole rupiah as 1.250.000 or 1250000). Payments are matched by "
           "the reference on the bill and shown first; F10 takes them. The same payment is never taken twice, whatever file it "
           "comes in. What is too little stays to be paid, what is too much becomes a credit."),
    .keys = keys,
    .size = sizeof(struct import_screen),
    .free = import_free,
    .draw = import_draw,
    .action = import_action,
    .key = import_key,
    .refused = import_refused,
};

void bank_import_open(struct app *app) {
    struct import_screen *self = (struct import_screen *)app_push(app, &ops);
    reader_add(&self->reader, LOOK_PLAIN, "%s",
               _("F4 chooses the bank's file: date;reference;amount;description, with that header line."));
}
