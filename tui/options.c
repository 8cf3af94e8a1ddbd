/* Flags, environment and configuration file. One table says what there is. */
#include <errno.h>
#include <getopt.h>
#include <ini.h>
#include <loket/limits.h>
#include <loket/version.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <tui/key.h>
#include <tui/options.h>

#define LOCK_MINUTES      10
#define LOCK_MINUTES_MOST 1440

static const struct setting {
    const char *name, *flag, *environment;
    size_t place;
} settings[] = {
    {"server", "server", "LOKET_SERVER", offsetof(struct options, server)},
    {"ca", "ca", "LOKET_CA", offsetof(struct options, ca)},
    {"server_name", "server-name", "LOKET_SERVER_NAME", offsetof(struct options, server_name)},
    {"office", "office", "LOKET_OFFICE", offsetof(struct options, office)},
    {"user", "user", "LOKET_USER", offsetof(struct options, user)},
    {"language", "lang", "LOKET_LANG", offsetof(struct options, language)},
    {"receipts", "receipts", "LOKET_RECEIPTS", offsetof(struct options, receipts)},
    {"printer", "printer", "LOKET_PRINTER", offsetof(struct options, printer)},
    {"scanner", "scanner", "LOKET_SCANNER", offsetof(struct options, scanner)},
    {"key", "key", "LOKET_KEY", offsetof(struct options, key)},
    {"certificate", "certificate", "LOKET_CERTIFICATE", offsetof(struct options, certificate)},
    {"certificate_key", "certificate-key", "LOKET_CERTIFICATE_KEY", offsetof(struct options, certificate_key)},
    {"lock_minutes", "lock-minutes", "LOKET_LOCK_MINUTES", offsetof(struct options, lock)},
};
#define SETTINGS (sizeof settings / sizeof settings[0])

static const char **value_of(struct options *options, const struct setting *setting) {
    return (const char **)(void *)((char *)options + setting->place);
}

static void usage(FILE *out) {
    (void)fprintf(out,
                  "loket %s, the client of Loket\n\n"
                  "loket [--server HOST:PORT,...] [--ca FILE] [--server-name NAME] [--office CODE]\n"
                  "      [--user NAME] [--lang id|en] [--receipts FOLDER] [--printer COMMAND] [--plain]\n"
                  "      [--scanner FOLDER] [--key FILE|pkcs11:...] [--lock-minutes N]\n"
                  "      [--certificate FILE] [--certificate-key FILE]\n"
                  "loket --ssh ...                  as sshd's ForceCommand: log in by a certificate of this host\n"
                  "loket --track [--office CODE]    follow an application by its number and PIN\n"
                  "loket --verify CODE [--office CODE]   is this permit genuine and in force?\n",
                  LOKET_VERSION);
}

static bool flags_read(struct options *options, int argc, char **argv, int *code) {
    struct option names[SETTINGS + 7] = {0};
    for (size_t i = 0; i < SETTINGS; i++) names[i] = (struct option){settings[i].flag, required_argument, NULL, 1000 + (int)i};
    names[SETTINGS] = (struct option){"plain", no_argument, NULL, 'p'};
    names[SETTINGS + 1] = (struct option){"track", no_argument, NULL, 't'};
    names[SETTINGS + 2] = (struct option){"help", no_argument, NULL, 'h'};
    names[SETTINGS + 3] = (struct option){"version", no_argument, NULL, 'v'};
    names[SETTINGS + 5] = (struct option){"ssh", no_argument, NULL, 's'};
    names[SETTINGS + 4] = (struct option){"verify", required_argument, NULL, 'c'};
    for (int option; (option = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
        if (option >= 1000) *value_of(options, &settings[option - 1000]) = optarg;
        else if (option == 'p') options->plain = true;
        else if (option == 't') options->track = true;
        else if (option == 's') options->ssh = true;
        else if (option == 'c') options->verify = optarg;
        else {
            if (option == 'v') printf("loket %s\n", LOKET_VERSION);
            else usage(option == 'h' ? stdout : stderr);
            *code = option == 'v' || option == 'h' ? EX_OK : EX_USAGE;
            return false;
        }
    }
    options->language_given = options->language != NULL;
    return true;
}

static int entry_read(void *data, const char *section, const char *name, const char *value) {
    if (strcmp(section, "client") != 0) return 0;
    for (size_t i = 0; i < SETTINGS; i++) {
        const char **place = value_of(data, &settings[i]);
        if (strcmp(settings[i].name, name) != 0) continue;
        if (!*place) *place = strdup(value);
        return 1;
    }
    return 0;
}

static bool place_of(const char *name, char path[512]) {
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config && *config) (void)snprintf(path, 512, "%s/loket/%s", config, name);
    else if (home) (void)snprintf(path, 512, "%s/.config/loket/%s", home, name);
    return (config && *config) || home;
}

/* A file that is not there is fine; one that can't be understood is not passed over. */
static bool files_read(struct options *options, int *code) {
    char path[512];
    int line = 0;
    FILE *file = place_of("loket.ini", path) ? fopen(path, "re") : NULL;
    if (file) {
        line = ini_parse_file(file, entry_read, options);
        (void)fclose(file);
    }
    bool good = line == 0;
    if (good && place_of("keys.ini", path)) good = key_load(path, &line);
    if (good) return true;
    (void)fprintf(stderr, "loket: %s:%d: this is not a setting\n", path, line);
    *code = EX_CONFIG;
    return false;
}

/* Minutes without a key until the screen locks; parts of one count, 0 is never. */
static bool lock_read(struct options *options, int *code) {
    char *end = NULL;
    options->lock_minutes = options->lock ? strtod(options->lock, &end) : LOCK_MINUTES;
    if (!options->lock ||
        (end != options->lock && !*end && options->lock_minutes >= 0 && options->lock_minutes <= LOCK_MINUTES_MOST))
        return true;
    (void)fprintf(stderr, "loket: lock_minutes: this is not a number from 0 to %d: %s\n", LOCK_MINUTES_MOST, options->lock);
    *code = EX_CONFIG;
    return false;
}

bool options_read(struct options *options, int argc, char **argv, int *code) {
    if (!flags_read(options, argc, argv, code)) return false;
    for (size_t i = 0; i < SETTINGS; i++) {
        const char **place = value_of(options, &settings[i]), *given = getenv(settings[i].environment);
        if (!*place && given && *given) *place = given;
    }
    if (!files_read(options, code) || !lock_read(options, code)) return false;
    if (!options->server) options->server = "localhost:" DEFAULT_PORT;
    if (!options->language || strcmp(options->language, "en") != 0) options->language = "id";
    return true;
}
