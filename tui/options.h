/* How loket was called: flags before environment before ~/.config/loket/loket.ini. */
#ifndef TUI_OPTIONS_H
#define TUI_OPTIONS_H

#include <stdbool.h>

struct options {
    const char *server, *ca, *server_name, *office, *user, *language, *receipts, *printer;
    const char *scanner, *key; /* the folder that a scanner fills; the head's key: a PKCS#12 file or a pkcs11: URI */
    const char *certificate, *certificate_key; /* the client's own, where the office wants one */
    const char *lock;                          /* minutes without a key, as text */
    double lock_minutes;
    const char *verify;     /* a permit's code, to check and nothing else */
    bool plain, track, ssh; /* ssh: whoever sshd let in logs in by a certificate of this host */
    bool language_given;    /* by a flag: it stays, whatever the user's profile says */
};

/* Reads all three, and the keys of ~/.config/loket/keys.ini. The texts live as long as the process. False when the program is to
 * end with *code: help or version was asked for, or a mistake was told on standard error with file and line. */
bool options_read(struct options *options, int argc, char **argv, int *code);

#endif
