/* loketd's sub-commands. Each gets the configuration and its own arguments (argv[0] is its name) and returns an exit code
 * of sysexits.h; messages for the person go to standard error. */
#ifndef SERVER_COMMAND_H
#define SERVER_COMMAND_H

#include <server/config.h>

int serve_main(struct config *config, int argc, char **argv);
int migrate_main(struct config *config, int argc, char **argv);
int workflow_main(struct config *config, int argc, char **argv);
int permit_main(struct config *config, int argc, char **argv);
int catalogue_main(struct config *config, int argc, char **argv);
int calendar_main(struct config *config, int argc, char **argv);
int user_main(struct config *config, int argc, char **argv);
int auth_main(struct config *config, int argc, char **argv);
int keys_main(struct config *config, int argc, char **argv);
int documents_main(struct config *config, int argc, char **argv);
int verify_main(struct config *config, int argc, char **argv);
int audit_main(struct config *config, int argc, char **argv);
int backup_main(struct config *config, int argc, char **argv);
int restore_main(struct config *config, int argc, char **argv);
int status_main(struct config *config, int argc, char **argv);
int methods_main(struct config *config, int argc, char **argv);

#endif
