/* F4 in a field: the next of a few choices, or a screen to choose from many. */
#ifndef TUI_SCREEN_PICKER_H
#define TUI_SCREEN_PICKER_H

#include <tui/app.h>
#include <tui/ui/form.h>

/* `form` belongs to `screen` and lives as long; its `changed` tells that something was chosen. */
/* The screen to choose from, for the field `code`. */
void picker_open(struct screen *screen, struct form *form, const char *code);
void picker_look_up(struct screen *screen, struct form *form);

#endif
