/* loket: reads the options, sets up language, terminal and line, and runs the loop. */
#include <libgen.h>
#include <locale.h>
#include <loket/version.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <tui/entry/scanner.h>
#include <tui/lock.h>
#include <tui/options.h>
#include <tui/screen/screens.h>
#include <tui/screen/signing.h>
#include <tui/transfer/upload.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>
#include <tui/verify_code.h>
#include <unistd.h>

/* The translations lie beside the program when it is run where it was built. */
static void language_setup(const char *language) {
    char program[400], folder[500];
    const char *given = getenv("LOKET_LOCALE_DIR");
    const char *present = setlocale(LC_ALL, "");
    if (!present || strcmp(setlocale(LC_CTYPE, NULL), "C") == 0 || strcmp(setlocale(LC_CTYPE, NULL), "POSIX") == 0)
        (void)setlocale(LC_ALL, "C.UTF-8");
    if (strcmp(setlocale(LC_MESSAGES, NULL), "C") == 0) (void)setlocale(LC_MESSAGES, "C.UTF-8");
    setenv("LANGUAGE", language, 1);
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    program[size > 0 ? size : 0] = '\0';
    (void)snprintf(folder, sizeof folder, "%s/locale", dirname(program));
    if (given) (void)snprintf(folder, sizeof folder, "%s", given);
    else if (access(folder, R_OK) != 0) (void)snprintf(folder, sizeof folder, "%s", LOKET_PREFIX "/share/locale");
    bindtextdomain("loket", folder);
    bind_textdomain_codeset("loket", strcmp(setlocale(LC_CTYPE, NULL), "C") == 0 ? "ASCII" : "UTF-8");
    textdomain("loket");
}

static void on_line(struct client *client, enum client_line line, const char *why, void *data) {
    (void)client;
    struct app *app = data;
    app->line = line;
    app->dirty = true;
    if (why) app_complain(app, why, NULL);
    else if (line == CLIENT_LIVE && app->message_is_error) app_say(app, "", NULL);
    if (line == CLIENT_LIVE) login_by_certificate(app);
}

static void on_event(struct client *client, const char *queue, int64_t application_id, int64_t counter, void *data) {
    (void)client;
    (void)queue;
    (void)counter;
    struct app *app = data;
    uploads_event(app->uploads, application_id);
    signing_event(app->signing);
    for (struct screen *screen = app->top; screen; screen = screen->below)
        if (screen->ops->event) screen->ops->event(screen, application_id);
}

static void on_roles(struct client *client, Loket__RoleRow *const *roles, size_t count, void *data) {
    (void)client;
    struct app *app = data;
    if (!app->session.live || !app_roles(app, roles, count)) return;
    app_say(app, N_("Your roles are others now: somebody is away, or is back"), NULL);
    if (app->top->ops->event) app->top->ops->event(app->top, 0);
}

static void on_session_lost(struct client *client, void *data) {
    (void)client;
    struct app *app = data;
    app_logged_out(app);
    login_open(app);
    app_complain(app, N_("Your session has ended: log in again. What you typed is still here."), NULL);
}

static void on_scan(const char *path, uint64_t size, void *data) {
    (void)size;
    struct app *app = data;
    const char *slash = strrchr(path, '/');
    (void)snprintf(app->scan, sizeof app->scan, "%s", path);
    if (app->session.live) app_say(app, N_("A new scan: %s (F7 in the documents attaches it)"), slash ? slash + 1 : path);
}

int main(int argc, char **argv) {
    static struct options options; /* its texts live as long as the process */
    struct app app = {.dirty = true};
    struct error error;
    int code = EX_OK;
    if (!options_read(&options, argc, argv, &code)) return code;
    language_setup(options.language);
    if (options.verify) return verify_code(&options);
    (void)signal(SIGPIPE, SIG_IGN); /* a server that dies while it is written to ends the connection, not the client */
    app.base = event_base_new();
    app.office = options.office;
    app.user = options.user;
    app.plain = options.plain;
    app.by_certificate = options.ssh;
    app.receipt_folder = options.receipts;
    app.printer = options.printer;
    app.scanner_folder = options.scanner;
    app.signing_key = options.key;
    app.language_given = options.language_given;
    const struct client_options line = {options.server, options.ca, options.server_name, options.certificate,
                                        options.certificate_key};
    const struct client_hooks hooks = {on_line, on_event, on_roles, on_session_lost, &app};
    app.client = app.base ? client_new(app.base, &line, &hooks, &error) : NULL;
    if (!app.client) {
        char text[400];
        text_message(error.message, error.argument, text, sizeof text);
        (void)fprintf(stderr, "loket: %s\n", text);
        return EX_CONFIG;
    }
    app.uploads = uploads_new(&app, documents_changed);
    app.signing = signing_new(&app);
    app.lock = lock_new(&app, options.lock_minutes);
    struct scanner *scanner = options.scanner ? scanner_new(app.base, options.scanner, on_scan, &app) : NULL;
    if (!terminal_open(app.plain)) {
        (void)fprintf(stderr, "loket: %s\n", _("This terminal is not known: set TERM"));
        return EX_USAGE;
    }
    if (options.track) track_open(&app);
    else login_open(&app);
    client_start(app.client);
    code = app_run(&app);
    terminal_close();
    scanner_free(scanner);
    uploads_free(app.uploads);
    signing_free(app.signing);
    lock_free(app.lock);
    free(app.session.roles);
    loket__calendar_reply__free_unpacked(app.calendar_reply, NULL);
    client_free(app.client);
    event_base_free(app.base);
    return code;
}
