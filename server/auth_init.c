/* `loketd auth init`: makes the key file of [auth] secret_key, for the account that runs it. The key is in no database and no
 * backup of one; without it the enrolled telephones are of no use, so it belongs into a backup of its own. */
#include <server/command.h>
#include <server/one_time_code.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int complain(const struct error *error) {
    (void)fputs("loketd: ", stderr);
    (void)fprintf(stderr, "%s (%s)\n", error->message, error->argument);
    return EX_CONFIG;
}

int auth_main(struct config *config, int argc, char **argv) {
    struct error error;
    uint8_t key[CODE_KEY_BYTES];
    if (argc != 2 || strcmp(argv[1], "init") != 0) return EX_USAGE;
    if (!*config->secret_key) {
        (void)fputs("loketd: [auth] secret_key does not say where the key is to be\n", stderr);
        return EX_CONFIG;
    }
    enum loket_error result = code_key_make(config->secret_key, &error);
    /* one that is there and good is left as it is */
    if (result == LOKET_DUPLICATE) result = code_key_read(config->secret_key, key, &error);
    explicit_bzero(key, sizeof key);
    return result == LOKET_OK ? EX_OK : complain(&error);
}
