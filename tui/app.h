/* The client's one context: the line to the server, who is logged in, and the stack of screens. */
#ifndef TUI_APP_H
#define TUI_APP_H

#include <event2/event.h>
#include <limits.h>
#include <proto/client.h>
#include <proto/loket.pb-c.h>
#include <stdbool.h>
#include <tui/entry/workday.h>
#include <tui/key.h>

struct app;
struct screen;

/* What a screen wants after a key or a reply; the loop does it. */
enum outcome {
    UNUSED, /* the key means nothing here */
    HANDLED,
    REDRAW,
    LEAVE /* this screen is done: back to the one below */
};

struct screen_ops {
    const char *title; /* a msgid */
    const char *about; /* for F1: what this stage is for and the rule behind it, a msgid */
    const struct key_row *keys;
    size_t size; /* of the screen's own struct, whose first member is struct screen */
    void (*free)(struct screen *screen);
    void (*draw)(struct screen *screen, int row, int rows);
    enum outcome (*action)(struct screen *screen, int action);
    enum outcome (*key)(struct screen *screen, int key, bool pasted);  /* what no action claimed; may be NULL */
    void (*event)(struct screen *screen, int64_t application_id);      /* a queue of ours changed; may be NULL */
    void (*shown)(struct screen *screen);                              /* it is on top (again); may be NULL */
    bool (*refused)(struct screen *screen, const struct error *error); /* puts an error beside its field; may be NULL */
    bool (*offers)(const struct screen *screen, int action);           /* legend and help show it; may be NULL: all of them */
    bool typing;                                                       /* letters go into fields, not to actions */
};

struct screen {
    const struct screen_ops *ops;
    struct app *app;
    struct screen *below;
    char title[96]; /* instead of ops->title, when set */
    bool waits;     /* for the answer of its main action: keys are kept and replayed */
    bool wants_key; /* the next key is not an action: it goes to ops->key as it is */
    bool unsaved;   /* leaving asks first */
};

struct role_row {
    char role[32], unit[32];
};

struct session_info {
    bool live;
    int64_t user_id;
    char username[40], name[128], office[40], office_name[128], language[8];
    struct role_row *roles;
    size_t role_count;
};

struct app {
    struct event_base *base;
    struct client *client;
    struct screen *top;
    struct session_info session;
    struct calendar calendar;             /* the office's; its days belong to calendar_reply */
    Loket__CalendarReply *calendar_reply; /* owned; NULL until it is read */
    const char *office, *user;            /* of the command line */
    const char *receipt_folder, *printer, *scanner_folder, *signing_key;
    char scan[PATH_MAX];        /* what the scanner put into its folder last; "" nothing yet */
    struct uploads *uploads;    /* files on their way in */
    struct signing *signing;    /* what waits for this user's signature */
    char last_folder[PATH_MAX]; /* that files were chosen from in this session; "" none yet */
    struct lock *lock;          /* over everything, while it is closed */
    char last_user[40];         /* whose screens lie below a login */
    bool by_certificate;        /* the next log-in is tried with a certificate of this host first */
    bool language_given;        /* on the command line: it stays, whatever the profile says */
    enum client_line line;
    char message[400];
    bool unavailable; /* the message says that the server can't work now: the next answer takes it away */
    bool message_is_error, dirty, ended, plain;
    bool gone; /* the terminal, or we were told to go: nothing takes this back */
    int kept_keys[256];
    bool kept_pasted[256];
    size_t kept_count;
    bool help_open, help_more; /* is help shown, and does more of it stand below the window */
    int help_first;            /* its first line that is shown */
    int help_row;
    struct dialog *dialog;
};

/* Makes a screen of `ops` and puts it on top. */
struct screen *app_push(struct app *app, const struct screen_ops *ops);
/* Takes the top screen away and frees it. */
void app_pop(struct app *app);

/* The message line. `argument` replaces the message's %s. */
void app_say(struct app *app, const char *message, const char *argument);
void app_complain(struct app *app, const char *message, const char *argument);
/* Shows an error: beside its field when the screen has it, in the message line always. */
void app_refused(struct app *app, struct screen *screen, const struct error *error);

/* The answer to app_ask or app_write, for the screen that asked if it is still there. `reply` is NULL after an error, which is
 * already shown. */
typedef void app_reply(struct screen *screen, const ProtobufCMessage *reply, const struct error *error);

/* Asks; a read. */
void app_ask(struct screen *screen, const char *method, const ProtobufCMessage *request,
             const ProtobufCMessageDescriptor *reply_type, app_reply *reply);
/* A write, with this idempotency key (NULL: a new one). The screen waits: keys are kept until the answer. */
void app_write(struct screen *screen, const char *method, const ProtobufCMessage *request, const uint8_t *key,
               const ProtobufCMessageDescriptor *reply_type, app_reply *reply);

/* A copy of a reply, to be kept after app_reply returns; the caller frees it (protobuf_c_message_free_unpacked). */
void *app_copy(const ProtobufCMessage *message);

bool app_has_role(const struct app *app, const char *role);

/* Runs until the last screen is gone or a signal ends it; returns the exit code. */
int app_run(struct app *app);

/* Draws the title, message and legend lines round the top screen, and sends what changed. */
void app_draw(struct app *app);

/* Who is logged in from now on. */
void app_logged_in(struct app *app, const Loket__SessionReply *reply);
void app_logged_out(struct app *app);
/* The roles of whoever is logged in, as they are by now. False when they are what they were. */
bool app_roles(struct app *app, Loket__RoleRow *const *roles, size_t count);

#endif
