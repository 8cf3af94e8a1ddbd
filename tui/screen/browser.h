/* Choosing files on this machine: one with Enter, several with Space and F10. */
#ifndef TUI_SCREEN_BROWSER_H
#define TUI_SCREEN_BROWSER_H

#include <tui/app.h>

/* Files were chosen, at least one; the paths are borrowed. The browser is gone already and `screen` is there. Not called when
 * nothing was chosen, or when the screen is gone. */
typedef void browser_chosen(struct screen *screen, const char *const *paths, size_t count);

/* Opens the browser over `for_screen` in `folder` (NULL: where the last file of this session was chosen, else at home). */
void browser_open(struct app *app, const char *folder, browser_chosen *chosen, struct screen *for_screen);

#endif
