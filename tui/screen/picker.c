/* Look-up for a coded field: all its choices, narrowed while typing; Enter takes one. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/screen/picker.h>
#include <tui/screen/table_rows.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

#define FEW 6

struct picker {
    struct screen base;
    struct form typed;
    struct form *form; /* of the screen below */
    char code[64];     /* its field; looked up each time, because the form below may be read anew */
    int at, first;
};

static const struct key_row keys[] = {
    {ACTION_OPEN, "open", "Enter", N_("take"), N_("take the marked one")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back without a choice")},
    {0, NULL, NULL, NULL, NULL},
};

static const struct choice *choice_at(const struct picker *self, int index) {
    const struct field *field = form_find(self->form, self->code);
    const char *typed = self->typed.fields[0].value;
    for (size_t i = 0; field && i < field->choice_count; i++) {
        const struct choice *choice = &field->choices[i];
        if (*typed && !strcasestr(choice->label, typed) && !strcasestr(choice->code, typed)) continue;
        if (index-- == 0) return choice;
    }
    return NULL;
}

static void picker_free(struct screen *screen) {
    form_free(&((struct picker *)screen)->typed);
}

static void picker_draw(struct screen *screen, int row, int rows) {
    struct picker *self = (struct picker *)screen;
    int shown = rows - 2;
    const struct choice *choice;
    if (self->at < self->first) self->first = self->at;
    if (self->at >= self->first + shown) self->first = self->at - shown + 1;
    for (int i = 0; i < shown && (choice = choice_at(self, self->first + i)); i++) {
        terminal_look(self->first + i == self->at ? LOOK_SELECTED : LOOK_PLAIN);
        text_draw(row + 2 + i, 1, 18, choice->code);
        text_draw(row + 2 + i, 19, COLS - 20, choice->label);
    }
    terminal_look(LOOK_PLAIN);
    if (!choice_at(self, 0)) text_draw(row + 2, 1, COLS - 2, _("Nothing has this code or name"));
    form_draw(&self->typed, row, 1);
}

static enum outcome picker_action(struct screen *screen, int action) {
    struct picker *self = (struct picker *)screen;
    const struct choice *choice = choice_at(self, self->at);
    struct field *field = form_find(self->form, self->code);
    if (action == ACTION_BACK) return LEAVE;
    if (!choice || !field) return HANDLED;
    field_set(field, choice->code);
    field->error[0] = '\0';
    self->form->cursor = strlen(field->value);
    self->form->changed = true;
    app_pop(screen->app);
    return REDRAW;
}

static enum outcome picker_key(struct screen *screen, int key, bool pasted) {
    struct picker *self = (struct picker *)screen;
    int move = pasted ? 0 : key == (KEY_FUNCTION | KEY_DOWN) ? 1 : key == (KEY_FUNCTION | KEY_UP) ? -1 : 0;
    if (move) self->at += self->at + move >= 0 && choice_at(self, self->at + move) ? move : 0;
    else if (form_key(&self->typed, key, pasted) == FORM_UNUSED) return UNUSED;
    else self->at = 0;
    return REDRAW;
}

static const struct screen_ops ops = {
    .title = N_("Choose"),
    .about = N_("Type a part of the code or the name."),
    .keys = keys,
    .size = sizeof(struct picker),
    .free = picker_free,
    .draw = picker_draw,
    .action = picker_action,
    .key = picker_key,
    .typing = true,
};

void picker_open(struct screen *screen, struct form *form, const char *code) {
    const struct field *field = form_find(form, code);
    if (!field) return;
    struct picker *self = (struct picker *)app_push(screen->app, &ops);
    self->form = form;
    (void)snprintf(self->code, sizeof self->code, "%s", code);
    (void)snprintf(self->base.title, sizeof self->base.title, "%s", field->label);
    form_init(&self->typed);
    struct field *typed = form_add(&self->typed, "typed", _("Part of the name"), FIELD_TEXT, false);
    if (field->kind == FIELD_CODED && !field_choice_label(field)) field_set(typed, field->value);
    self->typed.cursor = strlen(typed->value);
}

void picker_look_up(struct screen *screen, struct form *form) {
    if (!form->count) return;
    const struct field *field = &form->fields[form->at];
    if (field->kind == FIELD_TABLE) table_rows_open(screen, form, field->code);
    else if (field->kind == FIELD_CODED || field->choice_count > FEW) picker_open(screen, form, field->code);
    else form_look_up(form);
}
