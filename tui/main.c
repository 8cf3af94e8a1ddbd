/* loket: reads the options, sets up language, terminal and line, and runs the loop. */
#include <getopt.h>
#include <libgen.h>
#include <locale.h>
#include <loket/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <tui/screen/screens.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>
#include <unistd.h>

struct options {
    const char *server, *ca, *server_name, *office, *user, *language;
    bool plain, track;
};

static const char *or_environment(const char *given, const char *name) {
    return given ? given : getenv(name);
}

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

static void usage(FILE *out) {
    (void)fprintf(out,
                  "loket %s, the client of Loket\n\n"
                  "loket [--server HOST:PORT,...] [--ca FILE] [--server-name NAME] [--office CODE]\n"
                  "      [--user NAME] [--lang id|en] [--plain]\n"
                  "loket --track [--office CODE]    follow an application by its number and PIN\n",
                  LOKET_VERSION);
}

/* False when the program should end with *code. */
static bool options_read(struct options *options, int argc, char **argv, int *code) {
    static const struct option names[] = {
        {"server", required_argument, NULL, 's'}, {"ca", required_argument, NULL, 'c'},
        {"server-name", required_argument, NULL, 'n'}, {"office", required_argument, NULL, 'o'},
        {"user", required_argument, NULL, 'u'}, {"lang", required_argument, NULL, 'l'},
        {"plain", no_argument, NULL, 'p'}, {"track", no_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'}, {0}};
    const struct {
        int option;
        const char **value;
    } texts[] = {{'s', &options->server}, {'c', &options->ca},   {'n', &options->server_name},
                 {'o', &options->office}, {'u', &options->user}, {'l', &options->language}};
    for (int option; (option = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
        bool known = option == 'p' || option == 't';
        options->plain |= option == 'p';
        options->track |= option == 't';
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
            if (texts[i].option == option) {
                *texts[i].value = optarg;
                known = true;
            }
        if (known) continue;
        if (option == 'v') printf("loket %s\n", LOKET_VERSION);
        else usage(option == 'h' ? stdout : stderr);
        *code = option == 'v' || option == 'h' ? EX_OK : EX_USAGE;
        return false;
    }
    options->server = or_environment(options->server, "LOKET_SERVER");
    options->ca = or_environment(options->ca, "LOKET_CA");
    options->office = or_environment(options->office, "LOKET_OFFICE");
    options->language = or_environment(options->language, "LOKET_LANG");
    if (!options->server) options->server = "localhost:" DEFAULT_PORT;
    if (!options->language || strcmp(options->language, "en") != 0) options->language = "id";
    return true;
}

static void on_line(struct client *client, enum client_line line, const char *why, void *data) {
    (void)client;
    struct app *app = data;
    app->line = line;
    app->dirty = true;
    if (why) app_complain(app, why, NULL);
    else if (line == CLIENT_LIVE && app->message_is_error) app_say(app, "", NULL);
}

static void on_event(struct client *client, const char *queue, int64_t application_id, int64_t counter, void *data) {
    (void)client;
    (void)queue;
    (void)counter;
    struct app *app = data;
    for (struct screen *screen = app->top; screen; screen = screen->below)
        if (screen->ops->event) screen->ops->event(screen, application_id);
}

static void on_session_lost(struct client *client, void *data) {
    (void)client;
    struct app *app = data;
    app_logged_out(app);
    login_open(app);
    app_complain(app, N_("Your session has ended: log in again. What you typed is still here."), NULL);
}

int main(int argc, char **argv) {
    struct options options = {0};
    struct app app = {.dirty = true};
    struct error error;
    int code = EX_OK;
    if (!options_read(&options, argc, argv, &code)) return code;
    language_setup(options.language);
    app.base = event_base_new();
    app.office = options.office;
    app.user = options.user;
    app.plain = options.plain;
    app.receipt_folder = getenv("LOKET_RECEIPTS");
    app.printer = getenv("LOKET_PRINTER");
    const struct client_options line = {options.server, options.ca, options.server_name};
    const struct client_hooks hooks = {on_line, on_event, on_session_lost, &app};
    app.client = app.base ? client_new(app.base, &line, &hooks, &error) : NULL;
    if (!app.client) {
        char text[400];
        text_message(error.message, error.argument, text, sizeof text);
        (void)fprintf(stderr, "loket: %s\n", text);
        return EX_CONFIG;
    }
    if (!terminal_open(app.plain)) {
        (void)fprintf(stderr, "loket: %s\n", _("This terminal is not known: set TERM"));
        return EX_USAGE;
    }
    if (options.track) track_open(&app);
    else login_open(&app);
    client_start(app.client);
    code = app_run(&app);
    terminal_close();
    free(app.session.roles);
    loket__calendar_reply__free_unpacked(app.calendar_reply, NULL);
    client_free(app.client);
    event_base_free(app.base);
    return code;
}
