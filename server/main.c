/* loketd: reads the options and the configuration, and hands over to the sub-command. */
#include <getopt.h>
#include <loket/version.h>
#include <server/api/method.h>
#include <server/command.h>
#include <server/log.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define SETS_AT_MOST 32

static const struct command {
    const char *name, *arguments, *what;
    int (*run)(struct config *config, int argc, char **argv);
} commands[] = {
    {"serve", "", "serve clients until SIGTERM", serve_main},
    {"migrate", "[--status]", "bring the database up to this version", migrate_main},
    {"catalogue", "load|check FOLDER [--demonstration]", "read an office's permit types, workflow and calendar", catalogue_main},
    {"calendar", "import FILE --office CODE", "read days off from an iCalendar file", calendar_main},
    {"workflow", "export CODE|import-digit FILE --office O", "a workflow as a file, or drafts from one of DIGIT", workflow_main},
    {"permit", "export CODE --office O", "a permit type as a catalogue's file", permit_main},
    {"user", "add|password|codes ...", "make a user, give one a new password, take the codes away", user_main},
    {"auth", "init", "make the key that seals the secrets of one-time codes", auth_main},
    {"keys", "init|list|seal|rotate", "the keys that numbers and documents are sealed with", keys_main},
    {"documents", "check", "read every document back and name what is damaged", documents_main},
    {"verify", "FILE", "is this file a permit of ours, whole and in force?", verify_main},
    {"audit", "init|checkpoint|verify|prove|...", "prove what happened, and find what was tampered with", audit_main},
    {"backup", "FOLDER", "a base backup, with configuration and checkpoints", backup_main},
    {"restore", "FOLDER --to DATA [--until TIME]", "make a cluster as it was at a moment", restore_main},
    {"status", "", "how the loketd that runs here is: 1 when something is wrong", status_main},
    {"methods", "", "print who may call what", methods_main},
};

static void usage(FILE *out) {
    (void)fprintf(out, "loketd %s, the server of Loket\n\nloketd [-c FILE] [--set SECTION.KEY=VALUE]... COMMAND\n\n",
                  LOKET_VERSION);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        (void)fprintf(out, "  %-10s %-36s %s\n", commands[i].name, commands[i].arguments, commands[i].what);
}

int methods_main(struct config *config, int argc, char **argv) {
    (void)config;
    (void)argv;
    if (argc > 1) return EX_USAGE;
    size_t count;
    const struct method *const *methods = method_all(&count);
    printf("method\tnobody");
    for (int r = 0; r < ROLE_COUNT; r++) printf("\t%s", role_name(1u << r));
    putchar('\n');
    for (size_t i = 0; i < count; i++) {
        if (methods[i]->place == AT_WORKER) continue; /* to a client there is no such method */
        printf("%s\t%s", methods[i]->name, methods[i]->kind == METHOD_PUBLIC ? "yes" : "-");
        for (int r = 0; r < ROLE_COUNT; r++)
            printf("\t%s", methods[i]->kind == METHOD_PUBLIC || methods[i]->roles & 1u << r ? "yes" : "-");
        putchar('\n');
    }
    return EX_OK;
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"set", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'v'}, {0}};
    char *sets[SETS_AT_MOST];
    int set_count = 0, option;
    const char *file = NULL;
    while ((option = getopt_long(argc, argv, "+c:h", options, NULL)) != -1) {
        if (option == 'c') file = optarg;
        else if (option == 's' && set_count < SETS_AT_MOST) sets[set_count++] = optarg;
        else if (option == 'v') return printf("loketd %s\n", LOKET_VERSION) < 0;
        else {
            usage(option == 'h' ? stdout : stderr);
            return option == 'h' ? EX_OK : EX_USAGE;
        }
    }
    for (size_t i = 0; optind < argc && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, argv[optind]) != 0) continue;
        struct config config = {0};
        struct error error;
        int code = EX_CONFIG;
        if (config_read(&config, file, sets, set_count, &error) == LOKET_OK && log_setup("loketd", config.log_level)) {
            argc -= optind;
            argv += optind;
            optind = 0;
            code = commands[i].run(&config, argc, argv);
            if (code == EX_USAGE) usage(stderr);
        } else {
            log_error(error.message, "setting", error.field, "where", error.argument);
        }
        config_free(&config);
        return code;
    }
    usage(stderr);
    return EX_USAGE;
}
