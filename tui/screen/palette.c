/* The command palette: any screen by a few letters of its name. */
#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tui/screen/screens.h>
#include <tui/ui/form.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

struct palette_screen {
    struct screen base;
    struct form form;
    size_t at;
};

static const struct key_row keys[] = {
    {ACTION_OPEN, "open", "Enter", N_("go"), N_("go to the marked screen")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static bool fits(const struct app *app, const struct place *place, const char *typed) {
    return place_offered(app, place) && (!*typed || strcasestr(_(place->name), typed));
}

static const struct place *place_at(const struct palette_screen *self, size_t index) {
    const char *typed = self->form.fields[0].value;
    for (const struct place *place = places; place->name; place++)
        if (fits(self->base.app, place, typed) && index-- == 0) return place;
    return NULL;
}

static void palette_free(struct screen *screen) {
    form_free(&((struct palette_screen *)screen)->form);
}

static void palette_draw(struct screen *screen, int row, int rows) {
    struct palette_screen *self = (struct palette_screen *)screen;
    const struct place *place;
    for (size_t i = 0; (place = place_at(self, i)) && (int)i < rows - 2; i++) {
        terminal_look(i == self->at ? LOOK_SELECTED : LOOK_PLAIN);
        text_draw(row + 2 + (int)i, 2, COLS - 4, _(place->name));
    }
    terminal_look(LOOK_PLAIN);
    form_draw(&self->form, row, 1);
}

static enum outcome palette_action(struct screen *screen, int action) {
    struct palette_screen *self = (struct palette_screen *)screen;
    struct app *app = screen->app;
    const struct place *place = place_at(self, self->at);
    if (action == ACTION_BACK) return LEAVE;
    if (!place) return HANDLED;
    app_pop(app);
    place->open(app);
    return HANDLED;
}

static enum outcome palette_key(struct screen *screen, int key, bool pasted) {
    struct palette_screen *self = (struct palette_screen *)screen;
    if (!pasted && key == (KEY_FUNCTION | KEY_DOWN)) self->at += place_at(self, self->at + 1) != NULL;
    else if (!pasted && key == (KEY_FUNCTION | KEY_UP)) self->at -= self->at > 0;
    else if (form_key(&self->form, key, pasted) == FORM_UNUSED) return UNUSED;
    else self->at = 0;
    return REDRAW;
}

static const struct screen_ops ops = {
    .title = N_("Go to"),
    .about = N_("Type a few letters of what you look for."),
    .keys = keys,
    .size = sizeof(struct palette_screen),
    .free = palette_free,
    .draw = palette_draw,
    .action = palette_action,
    .key = palette_key,
    .typing = true,
};

void palette_open(struct app *app) {
    struct palette_screen *self = (struct palette_screen *)app_push(app, &ops);
    form_init(&self->form);
    form_add(&self->form, "name", _("Name"), FIELD_TEXT, false);
}
