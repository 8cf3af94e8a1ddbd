/* A question over the screen. One at a time; the screen below keeps everything. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/ui/dialog.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

struct dialog {
    struct screen *screen;
    char *question;
    struct form form; /* no field, or one */
    bool required, tells;
    dialog_answer *answer;
};

static struct dialog *dialog_new(struct screen *screen, const char *question) {
    dialog_close(screen->app);
    struct dialog *dialog = calloc(1, sizeof *dialog);
    if (!dialog) abort();
    dialog->screen = screen;
    dialog->question = strdup(question);
    form_init(&dialog->form);
    screen->app->dialog = dialog;
    screen->app->dirty = true;
    return dialog;
}

void dialog_ask(struct screen *screen, const char *question, const char *field, bool required, dialog_answer *answer) {
    struct dialog *dialog = dialog_new(screen, question);
    dialog->answer = answer;
    dialog->required = required;
    if (!field) return;
    struct field *text = form_add(&dialog->form, "text", field, FIELD_MULTILINE, required);
    text->longest = 2000;
}

void dialog_ask_secret(struct screen *screen, const char *question, const char *field, dialog_answer *answer) {
    struct dialog *dialog = dialog_new(screen, question);
    dialog->answer = answer;
    (void)form_add(&dialog->form, "text", field, FIELD_PASSWORD, false);
}

void dialog_tell(struct screen *screen, const char *text) {
    dialog_new(screen, text)->tells = true;
}

void dialog_close(struct app *app) {
    struct dialog *dialog = app->dialog;
    if (!dialog) return;
    app->dialog = NULL;
    app->dirty = true;
    form_free(&dialog->form);
    free(dialog->question);
    free(dialog);
}

bool dialog_asks(const struct app *app, dialog_answer *wanted) {
    return app->dialog && app->dialog->answer == wanted;
}

static void answer(struct app *app, bool yes) {
    struct dialog *dialog = app->dialog;
    struct screen *screen = dialog->screen;
    dialog_answer *tell = dialog->answer;
    char *text = strdup(dialog->form.count ? form_value(&dialog->form, "text") : "");
    dialog_close(app);
    if (tell && text) tell(screen, yes, text);
    if (text) explicit_bzero(text, strlen(text));
    free(text);
}

void dialog_key(struct app *app, int key, bool pasted) {
    struct dialog *dialog = app->dialog;
    app->dirty = true;
    if (dialog->tells) {
        if (!pasted) dialog_close(app);
        return;
    }
    if (!pasted && (key == 27 || key == (KEY_FUNCTION | KEY_F(3)))) {
        answer(app, false);
        return;
    }
    if (dialog->form.count) {
        bool send = !pasted && (key == '\r' || key == (KEY_FUNCTION | KEY_F(10)) || key == KEY_CONTROL('S'));
        if (!send) (void)form_key(&dialog->form, key, pasted);
        else if (form_complete(&dialog->form)) answer(app, true);
        return;
    }
    if (key == '\r' || key == 'y' || key == 'Y' || key == _("y")[0]) answer(app, true);
    else if (key == 'n' || key == 'N') answer(app, false);
}

void dialog_draw(struct app *app) {
    struct dialog *dialog = app->dialog;
    int columns = COLS - 8 > 68 ? 68 : COLS - 8, lines = 0;
    for (const char *p = dialog->question; *p;) {
        size_t skip, bytes = text_wrap(p, columns - 4, &skip);
        p += bytes + skip;
        lines++;
    }
    int height = lines + 4 + (dialog->form.count ? 4 : 0);
    if (height > LINES - 2) height = LINES - 2;
    int top = (LINES - height) / 2, left = (COLS - columns) / 2;
    terminal_look(LOOK_SELECTED);
    text_draw(top, left, columns, "");
    text_draw(top + height - 1, left, columns, "");
    terminal_look(LOOK_PLAIN);
    for (int row = top + 1; row < top + height - 1; row++) text_draw(row, left, columns, "");
    int row = top + 1;
    for (const char *p = dialog->question; *p && row < top + height - 1; row++) {
        size_t skip, bytes = text_wrap(p, columns - 4, &skip);
        char line[300];
        (void)snprintf(line, sizeof line, "%.*s", (int)bytes, p);
        text_draw(row, left + 2, columns - 4, line);
        p += bytes + skip;
    }
    terminal_look(LOOK_SELECTED);
    text_draw(top + height - 1, left, columns,
              dialog->tells        ? _(" any key: close")
              : dialog->form.count ? _(" Enter: send  Esc: back")
                                   : _(" y: yes  n: no  Esc: back"));
    terminal_look(LOOK_PLAIN);
    if (dialog->form.count) form_draw(&dialog->form, row + 1, 4);
}
