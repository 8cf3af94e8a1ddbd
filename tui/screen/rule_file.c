/* A rule as a file: the text that `loketd workflow export` prints, read and saved here; and a file that becomes a draft. The
 * text is made and read by the database; here are only the disk and the screen. */
#include <errno.h>
#include <fcntl.h>
#include <loket/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tui/screen/rules.h>
#include <tui/screen/screens.h>
#include <tui/ui/dialog.h>
#include <tui/ui/form.h>
#include <tui/ui/reader.h>
#include <tui/ui/text.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------------------------- exporting */

struct export_screen {
    struct screen base;
    struct reader reader;
    char *text;    /* owned; NULL until it is read */
    char code[40]; /* the file's name, in small letters */
    char path[PATH_MAX];
    int rows;
};

static const struct key_row export_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S s", N_("save"), N_("save it as a file; one that is there is written over only when you say so")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void export_free(struct screen *screen) {
    struct export_screen *self = (struct export_screen *)screen;
    reader_free(&self->reader);
    free(self->text);
}

static void export_draw(struct screen *screen, int row, int rows) {
    struct export_screen *self = (struct export_screen *)screen;
    self->rows = rows;
    reader_draw(&self->reader, row, rows);
}

/* "~/x" is in the home folder, as a shell would have it. */
static void path_read(const char *typed, char out[PATH_MAX]) {
    const char *home = getenv("HOME");
    if (typed[0] == '~' && typed[1] == '/' && home) (void)snprintf(out, PATH_MAX, "%s%s", home, typed + 1);
    else (void)snprintf(out, PATH_MAX, "%s", typed);
}

static bool write_all(int file, const char *text) {
    for (size_t left = strlen(text); left;) {
        ssize_t written = write(file, text, left);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text += written;
        left -= (size_t)written;
    }
    return true;
}

static void ask_over(struct export_screen *self);

/* `over`: what is there is lost. Without it a file that is there is asked about. A pipe or a device is never waited for. */
static void save(struct export_screen *self, bool over) {
    int file = open(self->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (over ? O_TRUNC : O_EXCL), 0644);
    if (file < 0 && errno == EEXIST && !over) {
        ask_over(self);
        return;
    }
    int wrong = file < 0 || !write_all(file, self->text) ? errno : 0;
    if (file >= 0 && close(file) != 0 && !wrong) wrong = errno;
    if (wrong) {
        char what[PATH_MAX + 100];
        (void)snprintf(what, sizeof what, "%s: %s", self->path, strerror(wrong));
        app_complain(self->base.app, N_("This file can't be written: %s"), what);
    } else app_say(self->base.app, N_("Written to %s"), self->path);
}

static void on_over(struct screen *screen, bool yes, const char *text) {
    (void)text;
    if (yes) save((struct export_screen *)screen, true);
}

static void ask_over(struct export_screen *self) {
    char question[PATH_MAX + 100];
    text_message(N_("There is such a file already. Write over it? %s"), self->path, question, sizeof question);
    dialog_ask(&self->base, question, NULL, false, on_over);
}

static void on_path(struct screen *screen, bool yes, const char *typed) {
    struct export_screen *self = (struct export_screen *)screen;
    if (!yes) return;
    path_read(typed, self->path);
    save(self, false);
}

static enum outcome export_action(struct screen *screen, int action) {
    struct export_screen *self = (struct export_screen *)screen;
    char question[200];
    if (action == ACTION_BACK) return LEAVE;
    if (action != ACTION_MAIN || !self->text) return HANDLED;
    text_message(N_("Save as which file, for example %s?"), self->code, question, sizeof question);
    dialog_ask(screen, question, _("File"), true, on_path);
    return REDRAW;
}

static enum outcome export_key(struct screen *screen, int key, bool pasted) {
    struct export_screen *self = (struct export_screen *)screen;
    return !pasted && reader_key(&self->reader, key, self->rows) ? REDRAW : UNUSED;
}

static const struct screen_ops export_ops = {
    .title = N_("File of a rule"),
    .about =
        N_("The rule as a file of a catalogue, the same as `loketd workflow export` or `loketd permit export` prints: to compare, "
           "to keep, or for another office, which imports it as a draft."),
    .keys = export_keys,
    .size = sizeof(struct export_screen),
    .free = export_free,
    .draw = export_draw,
    .action = export_action,
    .key = export_key,
};

static void on_text(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct export_screen *self = (struct export_screen *)screen;
    screen->waits = false;
    if (error) return;
    self->text = strdup(((const Loket__RuleExportReply *)answer)->text);
    if (!self->text) abort();
    for (const char *line = self->text; *line;) {
        size_t size = strcspn(line, "\n");
        reader_add(&self->reader, *line == '[' ? LOOK_TITLE : LOOK_PLAIN, "%.*s", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

void rule_export_open(struct app *app, const char *kind, const char *code, int64_t draft_id) {
    struct export_screen *self = (struct export_screen *)app_push(app, &export_ops);
    Loket__RuleExportRequest request = LOKET__RULE_EXPORT_REQUEST__INIT;
    (void)snprintf(self->code, sizeof self->code, "%.30s.ini", code);
    for (char *at = self->code; *at; at++)
        if (*at >= 'A' && *at <= 'Z') *at = (char)(*at - 'A' + 'a');
    (void)snprintf(self->base.title, sizeof self->base.title, "%s: %.60s", _(export_ops.title), code);
    request.kind = (char *)kind;
    request.code = (char *)code;
    request.draft_id = draft_id;
    self->base.waits = true;
    app_ask(&self->base, "rules.export", &request.base, &loket__rule_export_reply__descriptor, on_text);
}

/* ------------------------------------------------------------------------------------------------- importing */

struct import_screen {
    struct screen base;
    struct form form;
    struct reader reader; /* what became of it */
    int64_t draft_id;     /* 0: none yet */
    int rows;
};

static const struct key_row import_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("import"), N_("read the file and make drafts of it; then: open the draft")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void import_free(struct screen *screen) {
    struct import_screen *self = (struct import_screen *)screen;
    form_free(&self->form);
    reader_free(&self->reader);
}

static void import_draw(struct screen *screen, int row, int rows) {
    struct import_screen *self = (struct import_screen *)screen;
    self->rows = rows;
    if (self->draft_id) reader_draw(&self->reader, row, rows);
    else form_draw(&self->form, row, rows);
}

/* The text of an ordinary file, to be freed; NULL and *wrong (a msgid, with *why for its %s) when there is none to send. */
static char *file_read(const char *path, const char **wrong, const char **why) {
    struct stat status;
    char *text = NULL;
    size_t size = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *wrong = N_("This file can't be read: %s");
    *why = "";
    if (file < 0 || fstat(file, &status) != 0) {
        *why = strerror(errno);
        goto out;
    }
    if (!S_ISREG(status.st_mode)) {
        *why = _("it is no ordinary file");
        goto out;
    }
    if (status.st_size > (off_t)LIMIT_TEXT_BYTES) {
        *wrong = N_("This file is larger than 64 KiB");
        goto out;
    }
    text = calloc(1, LIMIT_TEXT_BYTES + 1);
    if (!text) abort();
    for (ssize_t more = 1; more > 0 && size<LIMIT_TEXT_BYTES; size += more> 0 ? (size_t)more : 0)
        more = read(file, text + size, LIMIT_TEXT_BYTES - size);
    if (size && strlen(text) == size) *wrong = NULL;
    else *wrong = size ? N_("This is no text file") : N_("This file is empty");
out:
    if (file >= 0) (void)close(file);
    if (*wrong) {
        free(text);
        text = NULL;
    }
    return text;
}

static void on_imported(struct screen *screen, const ProtobufCMessage *answer, const struct error *error) {
    struct import_screen *self = (struct import_screen *)screen;
    const Loket__RuleImportReply *reply = (const Loket__RuleImportReply *)answer;
    if (error) return;
    if (!reply->n_lines) {
        struct app *app = screen->app;
        int64_t draft_id = reply->draft_id;
        app_pop(app);
        rule_open(app, "", "", draft_id);
        app_say(app, N_("Imported as a draft"), NULL);
        return;
    }
    self->draft_id = reply->draft_id;
    screen->unsaved = false;
    for (size_t i = 0; i < reply->n_lines; i++)
        reader_add(&self->reader, reply->lines[i][0] == ' ' ? LOOK_PLAIN : LOOK_TITLE, "%s", reply->lines[i]);
    app_say(screen->app, N_("Imported as a draft"), NULL);
}

static void import(struct import_screen *self) {
    Loket__RuleImportRequest request = LOKET__RULE_IMPORT_REQUEST__INIT;
    const char *wrong, *why;
    char path[PATH_MAX], message[300];
    path_read(form_value(&self->form, "text"), path);
    request.text = file_read(path, &wrong, &why);
    if (!request.text) {
        text_message(wrong, why, message, sizeof message);
        (void)form_refuse(&self->form, "text", message);
        return;
    }
    app_write(&self->base, "rules.import", &request.base, NULL, &loket__rule_import_reply__descriptor, on_imported);
    free(request.text);
}

static enum outcome import_action(struct screen *screen, int action) {
    struct import_screen *self = (struct import_screen *)screen;
    struct app *app = screen->app;
    int64_t draft_id = self->draft_id;
    if (action == ACTION_BACK) return LEAVE;
    if (action != ACTION_MAIN) return HANDLED;
    if (draft_id) {
        app_pop(app);
        rule_open(app, "", "", draft_id);
        return REDRAW;
    }
    if (form_complete(&self->form)) import(self);
    return REDRAW;
}

static enum outcome import_key(struct screen *screen, int key, bool pasted) {
    struct import_screen *self = (struct import_screen *)screen;
    if (self->draft_id) return !pasted && reader_key(&self->reader, key, self->rows) ? REDRAW : UNUSED;
    return form_key(&self->form, key, pasted) == FORM_UNUSED ? UNUSED : REDRAW;
}

/* Everything that is wrong is wrong with the file. */
static bool import_refused(struct screen *screen, const struct error *error) {
    (void)error;
    return form_refuse(&((struct import_screen *)screen)->form, "text", screen->app->message);
}

static const struct screen_ops import_ops = {
    .title = N_("Import a rule"),
    .about =
        N_("A file of a workflow or a permit type as an export writes it, or workflows of DIGIT (BusinessServices, JSON), at most "
           "64 KiB. It becomes a draft, which is checked, proposed and approved like any other; what means something else "
           "here is told. A file with a mistake is refused with its line."),
    .keys = import_keys,
    .size = sizeof(struct import_screen),
    .free = import_free,
    .draw = import_draw,
    .action = import_action,
    .key = import_key,
    .refused = import_refused,
    .typing = true,
};

void rule_import_open(struct app *app) {
    struct import_screen *self = (struct import_screen *)app_push(app, &import_ops);
    form_init(&self->form);
    struct field *file = form_add(&self->form, "text", _("File"), FIELD_TEXT, true);
    file->longest = PATH_MAX - 1;
    (void)snprintf(file->note, sizeof file->note, "%s", _(".ini, or .json of DIGIT"));
    form_first(&self->form);
}
