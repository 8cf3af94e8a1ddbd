/* A question over the screen: a few lines, perhaps a text to type, and an answer. */
#ifndef TUI_UI_DIALOG_H
#define TUI_UI_DIALOG_H

#include <tui/app.h>
#include <tui/ui/form.h>

/* `yes` false: it was left with Esc. `text` is what was typed ("" without a field). */
typedef void dialog_answer(struct screen *screen, bool yes, const char *text);

/* Asks over the top screen. `field` is the label of a text to type, NULL for a plain yes or no; with `required` an empty text is
 * not taken. Texts are already translated. */
void dialog_ask(struct screen *screen, const char *question, const char *field, bool required, dialog_answer *answer);
/* The same for a passphrase: not shown, and wiped when it was answered. */
void dialog_ask_secret(struct screen *screen, const char *question, const char *field, dialog_answer *answer);
/* Tells something that must be read (several lines); any key closes it. */
void dialog_tell(struct screen *screen, const char *text);

/* Is that the open question? */
bool dialog_asks(const struct app *app, dialog_answer *answer);

void dialog_draw(struct app *app);
void dialog_key(struct app *app, int key, bool pasted);
void dialog_close(struct app *app);

#endif
