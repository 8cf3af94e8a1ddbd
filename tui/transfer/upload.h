/* Files on their way in. They belong to the session and not to a screen: the clerk goes on with the next applicant meanwhile. A
 * fallen line costs nothing (libloket sends again what was not answered), and neither does a client that was killed: what was
 * under way is written down and goes on after the next log-in, at the first chunk that is missing.
 *
 *   HASHING --the whole file read once--> BEGINNING --document.begin--> SENDING --all chunks there--> CHECKING --> gone (attached)
 *       any of them --refused, or the file can't be read--> FAILED --upload_drop--> gone */
#ifndef TUI_TRANSFER_UPLOAD_H
#define TUI_TRANSFER_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <loket/error.h>

struct app;
struct uploads;

enum upload_state { UPLOAD_HASHING, UPLOAD_BEGINNING, UPLOAD_SENDING, UPLOAD_CHECKING, UPLOAD_FAILED };

/* What a screen shows of one. */
struct upload_view {
    int64_t id; /* ours, for the time of this process */
    int64_t application_id, upload_id;
    const char *code, *name, *problem; /* problem: already translated; "" none */
    enum upload_state state;
    int percent;
    int64_t bytes_per_second, seconds_left; /* 0: not known yet */
};

/* `changed` is called when a screen that shows uploads has something new to draw. */
struct uploads *uploads_new(struct app *app, void (*changed)(struct app *app, int64_t application_id));
void uploads_free(struct uploads *uploads);

/* Begins with a file for a requirement. `max_bytes` 0: not known here, the server says. LOKET_INVALID (field "file") when it can't
 * be read, is no file, is empty, too large, or of no type that is taken. */
enum loket_error upload_begin(struct uploads *uploads, int64_t application_id, const char *code, int64_t replaces, const char *path,
                              int64_t max_bytes, struct error *error);

/* The same checks without beginning: what is wrong can be told beside the field. */
enum loket_error upload_check(struct uploads *uploads, const char *path, int64_t max_bytes, struct error *error);

/* Stops and forgets one, on the server too. */
void upload_drop(struct uploads *uploads, int64_t id);

/* The number-th one; false behind the last. */
bool upload_at(const struct uploads *uploads, size_t number, struct upload_view *view);

/* Something of an application changed: what was being checked may be done. */
void uploads_event(struct uploads *uploads, int64_t application_id);

/* After a log-in: what this user had under way when the client ended goes on. After a log-out: everything stops. */
void uploads_resume(struct uploads *uploads);
void uploads_stop(struct uploads *uploads);

/* "62% · 1,2 MiB/s · 14 s", or what it is doing, or what is wrong. */
void upload_line(const struct upload_view *view, char *out, size_t size);

#endif
