/* The screen lock: after some minutes without a key, or at once by a key, nothing of the work is shown until the password was
 * given again. The screens below go on: uploads, pushed events and answers reach them, drafts stay. */
#ifndef TUI_LOCK_H
#define TUI_LOCK_H

#include <tui/app.h>

struct lock;

/* `minutes` without a key; 0: only by the key. Owned by the caller. */
struct lock *lock_new(struct app *app, double minutes);
void lock_free(struct lock *lock);

bool lock_closed(const struct lock *lock);
void lock_close(struct lock *lock);
/* Opened without a password: the session is over, and the login hides everything as well. */
void lock_forget(struct lock *lock);
/* A key was pressed: the minutes begin anew. */
void lock_touch(struct lock *lock);

/* The whole screen, and every key, while it is closed. */
void lock_draw(struct lock *lock);
void lock_key(struct lock *lock, int key, bool pasted);

#endif
