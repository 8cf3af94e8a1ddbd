/* Users and their roles: the admin's screen, read by the auditor too. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/screen/stage.h>
#include <tui/ui/dialog.h>
#include <tui/ui/list.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

#define ROLES_AT_MOST 6

enum { ACTION_PASSWORD = ACTION_OWN, ACTION_MORE, ACTION_SESSIONS, ACTION_CODES };

struct users_screen {
    struct screen base;
    struct list list;
    Loket__AdminUsersReply *reply; /* owned */
    char text[80];
    int rows;
};

struct user_screen {
    struct screen base;
    struct form form;
    int64_t user_id;
    int32_t version;
};

static const char *const role_names[] = {"front_office",          "analyst",  "section_head", "head",
                                         "technical_coordinator", "surveyor", "treasurer",    "archivist",
                                         "complaints_officer",    "auditor",  "manager",      "admin"};

static const struct key_row list_keys[] = {
    {ACTION_OPEN, "open", "Enter", N_("open"), N_("see and change this user")},
    {ACTION_NEW, "new", "F2 n", N_("new"), N_("a new user")},
    {ACTION_PASSWORD, "password", "F8 p", N_("password"), N_("give this user a new password, to be changed at the next login")},
    {ACTION_SESSIONS, "sessions", "F7 s", N_("sessions"), N_("where this user is logged in; end a session there")},
    {ACTION_CODES, "codes", "F9 c", NULL, N_("a lost telephone: ask that the one-time codes be taken away")},
    {ACTION_SEARCH, "search", "/", N_("narrow"), N_("narrow the list by name")},
    {ACTION_MORE, "more", "m", NULL, N_("the next page")},
    {ACTION_REFRESH, "refresh", "F5 r", N_("refresh"), N_("read the list again")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static const struct key_row user_keys[] = {
    {ACTION_MAIN, "main", "F10 ^S", N_("save"), N_("save this user")},
    {ACTION_LOOK_UP, "look_up", "F4 ^N", N_("choose"), N_("the next choice (or its first letter)")},
    {ACTION_BACK, "back", "F3 Esc", N_("back"), N_("back without saving")},
    {0, NULL, NULL, NULL, NULL},
};

static void role_fields(struct form *form, size_t place, const Loket__RoleRow *role) {
    char code[24], unit[24], permit[24];
    (void)snprintf(code, sizeof code, "role%zu", place);
    (void)snprintf(unit, sizeof unit, "unit%zu", place);
    (void)snprintf(permit, sizeof permit, "permit%zu", place);
    struct field *field = form_add(form, code, _("Role"), FIELD_CHOICE, false);
    field_choice(field, "", "-");
    for (size_t i = 0; i < sizeof role_names / sizeof role_names[0]; i++)
        field_choice(field, role_names[i], text_word(role_names[i]));
    field_set(field, role ? role->role : "");
    char when[24];
    (void)snprintf(when, sizeof when, "%s", code);
    field = form_add(form, unit, _("   of the unit (code)"), FIELD_TEXT, false);
    field_when(field, when, "!");
    field_set(field, role ? role->unit : "");
    field = form_add(form, permit, _("   only for the permit (code)"), FIELD_TEXT, false);
    field_when(field, when, "!");
    field_set(field, role ? role->permit_type : "");
}

static void user_free(struct screen *screen) {
    form_free(&((struct user_screen *)screen)->form);
}

static void user_draw(struct screen *screen, int row, int rows) {
    form_draw(&((struct user_screen *)screen)->form, row, rows);
}

static void on_saved(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct app *app = screen->app;
    if (error) return;
    bool waits = ((const Loket__AdminUserSaveReply *)reply)->waiting;
    app_pop(app);
    app_say(app, waits ? N_("Saved. The roles wait for a second administrator") : N_("Saved. A new user gets a password with F8"),
            NULL);
}

static void user_save(struct user_screen *self) {
    Loket__AdminUserSaveRequest request = LOKET__ADMIN_USER_SAVE_REQUEST__INIT;
    Loket__RoleRow rows[ROLES_AT_MOST], *list[ROLES_AT_MOST];
    struct form *form = &self->form;
    if (!form_complete(form)) return;
    for (size_t i = 0; i < ROLES_AT_MOST; i++) {
        char code[24], unit[24], permit[24];
        (void)snprintf(code, sizeof code, "role%zu", i);
        (void)snprintf(unit, sizeof unit, "unit%zu", i);
        (void)snprintf(permit, sizeof permit, "permit%zu", i);
        if (!form_value(form, code)[0]) continue;
        Loket__RoleRow *row = &rows[request.n_roles];
        loket__role_row__init(row);
        row->role = (char *)form_value(form, code);
        row->unit = (char *)form_value(form, unit);
        row->permit_type = (char *)form_value(form, permit);
        list[request.n_roles++] = row;
    }
    request.user_id = self->user_id;
    request.version = self->version;
    request.username = (char *)form_value(form, "username");
    request.name = (char *)form_value(form, "name");
    request.nik = (char *)form_value(form, "nik");
    request.active = form_value(form, "active")[0] != '\0';
    request.roles = list;
    app_write(&self->base, "admin.user_save", &request.base, NULL, &loket__admin_user_save_reply__descriptor, on_saved);
}

static enum outcome user_action(struct screen *screen, int action) {
    struct user_screen *self = (struct user_screen *)screen;
    if (action == ACTION_BACK) return LEAVE;
    if (action == ACTION_LOOK_UP) form_look_up(&self->form);
    if (action == ACTION_MAIN) user_save(self);
    return REDRAW;
}

static enum outcome user_key(struct screen *screen, int key, bool pasted) {
    return form_key(&((struct user_screen *)screen)->form, key, pasted) == FORM_UNUSED ? UNUSED : REDRAW;
}

static bool user_refused(struct screen *screen, const struct error *error) {
    struct form *form = &((struct user_screen *)screen)->form;
    return form_refuse(form, error->field, screen->app->message) || form_refuse(form, "role0", screen->app->message);
}

static const struct screen_ops user_ops = {
    .title = N_("User"),
    .about =
        N_("A person, and the roles that they hold: of the office, or within a technical department, or for one permit only. The "
           "administrator takes no part in any application."),
    .keys = user_keys,
    .size = sizeof(struct user_screen),
    .free = user_free,
    .draw = user_draw,
    .action = user_action,
    .key = user_key,
    .refused = user_refused,
    .typing = true,
};

static void user_open(struct app *app, const Loket__UserRow *user) {
    struct user_screen *self = (struct user_screen *)app_push(app, &user_ops);
    struct form *form = &self->form;
    form_init(form);
    field_set(form_add(form, "username", _("User name"), FIELD_TEXT, true), user ? user->username : "");
    field_set(form_add(form, "name", _("Name"), FIELD_TEXT, true), user ? user->name : "");
    struct field *nik = form_add(form, "nik", _("NIK (empty: as it is)"), FIELD_TEXT, false);
    (void)snprintf(nik->note, sizeof nik->note, "%s", user ? user->nik : "");
    field_set(form_add(form, "active", _("May log in"), FIELD_YES_NO, false), !user || user->active ? "yes" : "");
    for (size_t i = 0; i < ROLES_AT_MOST; i++) role_fields(form, i, user && i < user->n_roles ? user->roles[i] : NULL);
    if (!user) return;
    self->user_id = user->user_id;
    self->version = user->version;
}

static int64_t row_id(size_t index, void *data) {
    return ((struct users_screen *)data)->reply->users[index]->user_id;
}

static void row_draw(size_t index, int row, bool marked, void *data) {
    const Loket__UserRow *user = ((struct users_screen *)data)->reply->users[index];
    char roles[200] = "";
    (void)marked;
    for (size_t i = 0, used = 0; i < user->n_roles && used < sizeof roles; i++)
        used += (size_t)snprintf(roles + used, sizeof roles - used, "%s%s%s%s", i ? ", " : "", text_word(user->roles[i]->role),
                                 user->roles[i]->unit[0] ? "@" : "", user->roles[i]->unit);
    text_draw(row, 1, 13, user->username);
    text_draw(row, 15, 23, user->name);
    text_draw(row, 39, COLS - 39, user->active ? roles : _("closed"));
}

static const struct list_ops rows_ops = {row_id, row_draw};

static void users_free(struct screen *screen) {
    struct users_screen *self = (struct users_screen *)screen;
    loket__admin_users_reply__free_unpacked(self->reply, NULL);
    list_free(&self->list);
}

static void users_draw(struct screen *screen, int row, int rows) {
    struct users_screen *self = (struct users_screen *)screen;
    self->rows = rows;
    if (self->reply) list_draw(&self->list, row, rows, &rows_ops, self);
}

static void on_users(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct users_screen *self = (struct users_screen *)screen;
    screen->waits = false;
    if (error) return;
    loket__admin_users_reply__free_unpacked(self->reply, NULL);
    self->reply = app_copy(reply);
    list_refresh(&self->list, self->reply ? self->reply->n_users : 0, &rows_ops, self);
}

static void read_users(struct users_screen *self, const char *after) {
    Loket__AdminUsersRequest request = LOKET__ADMIN_USERS_REQUEST__INIT;
    char place[80];
    (void)snprintf(place, sizeof place, "%s", after);
    request.text = self->text;
    request.after = place;
    self->base.waits = true;
    app_ask(&self->base, "admin.users", &request.base, &loket__admin_users_reply__descriptor, on_users);
}

static void users_shown(struct screen *screen) {
    read_users((struct users_screen *)screen, "");
}

static void narrow(struct screen *screen, bool yes, const char *text) {
    struct users_screen *self = (struct users_screen *)screen;
    if (!yes) return;
    (void)snprintf(self->text, sizeof self->text, "%s", text);
    read_users(self, "");
}

static void on_password(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    char text[300];
    if (error) return;
    text_message(N_("The new password, shown only now: %s"), ((const Loket__AuthResetPasswordReply *)reply)->password, text,
                 sizeof text);
    dialog_tell(screen, text);
}

static const Loket__UserRow *present(const struct users_screen *self) {
    return self->reply && self->list.at < self->reply->n_users ? self->reply->users[self->list.at] : NULL;
}

static void reset(struct screen *screen, bool yes, const char *text) {
    const Loket__UserRow *user = present((struct users_screen *)screen);
    Loket__AuthResetPasswordRequest request = LOKET__AUTH_RESET_PASSWORD_REQUEST__INIT;
    (void)text;
    if (!yes || !user) return;
    request.user_id = user->user_id;
    app_write(screen, "auth.reset_password", &request.base, NULL, &loket__auth_reset_password_reply__descriptor, on_password);
}

static void on_asked(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    if (!error) app_say(screen->app, N_("Asked for: another administrator decides"), NULL);
}

static void ask_codes(struct screen *screen, bool yes, const char *reason) {
    const Loket__UserRow *user = present((struct users_screen *)screen);
    Loket__CodesResetRequest request = LOKET__CODES_RESET_REQUEST__INIT;
    if (!yes || !user) return;
    request.user_id = user->user_id;
    request.reason = (char *)reason;
    app_write(screen, "admin.codes_reset", &request.base, NULL, &loket__empty__descriptor, on_asked);
}

static enum outcome users_action(struct screen *screen, int action) {
    struct users_screen *self = (struct users_screen *)screen;
    bool admin = app_has_role(screen->app, "admin");
    char question[200];
    switch (action) {
    case ACTION_BACK: return LEAVE;
    case ACTION_OPEN:
        if (present(self) && admin) user_open(screen->app, present(self));
        break;
    case ACTION_NEW:
        if (admin) user_open(screen->app, NULL);
        break;
    case ACTION_PASSWORD:
        if (!present(self) || !admin) break;
        text_message(N_("A new password for %s?"), present(self)->name, question, sizeof question);
        dialog_ask(screen, question, NULL, false, reset);
        break;
    case ACTION_SESSIONS:
        if (present(self)) sessions_of_open(screen->app, present(self)->user_id, present(self)->name);
        break;
    case ACTION_CODES:
        if (present(self) && admin)
            dialog_ask(screen, _("Take this user's one-time codes away: how do you know that it is them?"), _("Reason"), true,
                       ask_codes);
        break;
    case ACTION_SEARCH: dialog_ask(screen, _("Part of the name (empty: all)"), _("Text"), false, narrow); break;
    case ACTION_MORE:
        if (!self->reply || !self->reply->next[0]) break;
        list_turn(&self->list);
        read_users(self, self->reply->next);
        break;
    default: read_users(self, "");
    }
    return REDRAW;
}

static enum outcome users_key(struct screen *screen, int key, bool pasted) {
    struct users_screen *self = (struct users_screen *)screen;
    return !pasted && self->reply && list_key(&self->list, key, self->rows, &rows_ops, self) ? REDRAW : UNUSED;
}

static bool users_refused(struct screen *screen, const struct error *error) {
    (void)error;
    screen->waits = false;
    return false;
}

static const struct screen_ops ops = {
    .title = N_("Users"),
    .about = N_("Who may log in, and with which roles. Every change is in the audit log."),
    .keys = list_keys,
    .size = sizeof(struct users_screen),
    .free = users_free,
    .draw = users_draw,
    .action = users_action,
    .key = users_key,
    .refused = users_refused,
    .shown = users_shown,
};

void users_open(struct app *app) {
    read_users((struct users_screen *)app_push(app, &ops), "");
}
