/* The head's signatures: one entry of the passphrase opens the key, and everything that waits is signed; what is approved in the
 * next minutes is signed as soon as it is drawn. The key stays in this process and is wiped after SIGNING_MINUTES without work. */
#ifndef TUI_SCREEN_SIGNING_H
#define TUI_SCREEN_SIGNING_H

#include <tui/app.h>

#define SIGNING_MINUTES 5

struct signing;

struct signing *signing_new(struct app *app);
void signing_free(struct signing *signing);
/* Wipes the key now: at a log-out. */
void signing_forget(struct signing *signing);

/* Something changed that this user is told of. */
void signing_event(struct signing *signing);
/* This user has just decided something: when it waits for a signature, they are asked for it. */
void signing_soon(struct signing *signing);

/* What waits for the signature, to look at and to sign. */
void signing_open(struct app *app);

#endif
