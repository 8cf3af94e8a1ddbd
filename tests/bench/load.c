/* The load of `make bench`: what one number of the table needs, in one process. Prints one line of name=value.
 *
 *   load key FILE                          a new key for the sessions of the data set; prints its public half
 *   load NAME name=value ...               see plays[] below, and options[] for what may be given
 *
 * It does not judge: the table and its ratios are tests/bench/run's. */
#include <errno.h>
#include <loket/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <tests/bench/play.h>

static struct options given = {
    .server = "127.0.0.1:7443", .clients = 1, .seconds = 2, .people = 1150, .rate = 10, .think_ms = 10000};

static const struct option_row {
    const char *name;
    const char **text;
    long *number;
} options[] = {
    {"server", &given.server, NULL},   {"ca", &given.ca, NULL},           {"key", &given.key, NULL},
    {"what", &given.what, NULL},       {"file", &given.file, NULL},       {"password", &given.password, NULL},
    {"clients", NULL, &given.clients}, {"seconds", NULL, &given.seconds}, {"people", NULL, &given.people},
    {"first", NULL, &given.first},     {"last", NULL, &given.last},       {"rate", NULL, &given.rate},
    {"think", NULL, &given.think_ms},  {"warm", NULL, &given.warm},
};

static const struct {
    const char *name;
    int (*run)(const struct options *given);
} plays[] = {
    {"ask", play_ask},   {"connect", play_connect}, {"login", play_login}, {"hash", play_hash},
    {"idle", play_idle}, {"event", play_event},     {"day", play_day},
};

static int key_new(const char *file) {
    uint8_t secret[PROOF_KEY_BYTES], open[PROOF_KEY_BYTES];
    size_t secret_size = sizeof secret, open_size = sizeof open;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    FILE *out = key ? fopen(file, "wbe") : NULL;
    bool good = out && EVP_PKEY_get_raw_private_key(key, secret, &secret_size) == 1 &&
                EVP_PKEY_get_raw_public_key(key, open, &open_size) == 1 && fwrite(secret, 1, secret_size, out) == secret_size;
    if (out && fclose(out) != 0) good = false;
    for (size_t i = 0; good && i < open_size; i++) printf("%02x", open[i]);
    if (good) putchar('\n');
    EVP_PKEY_free(key);
    return good ? EX_OK : EX_CANTCREAT;
}

static bool option_set(char *argument) {
    char *value = strchr(argument, '='), *end = NULL;
    if (!value) return false;
    *value++ = '\0';
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strcmp(options[i].name, argument) != 0) continue;
        if (options[i].text) {
            *options[i].text = value;
            return true;
        }
        errno = 0;
        *options[i].number = strtol(value, &end, 10);
        return !errno && end != value && !*end;
    }
    return false;
}

/* Thousands of connections are thousands of files. */
static void files_allow(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "key") == 0) return key_new(argv[2]);
    for (int i = 2; i < argc; i++)
        if (!option_set(argv[i])) {
            fprintf(stderr, "load: not an option: %s\n", argv[i]);
            return EX_USAGE;
        }
    files_allow();
    for (size_t i = 0; argc > 1 && i < sizeof plays / sizeof plays[0]; i++)
        if (strcmp(plays[i].name, argv[1]) == 0) return plays[i].run(&given);
    fprintf(stderr, "load: key FILE | ask | connect | login | hash | idle | event | day [name=value ...]\n");
    return EX_USAGE;
}
