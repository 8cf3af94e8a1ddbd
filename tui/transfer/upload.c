/* Files in. One list, one timer for reading files piece by piece beside the loop, a few chunks of each under way at once. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <proto/file_type.h>
#include <proto/loket.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <tui/app.h>
#include <tui/entry/draft.h>
#include <tui/entry/folder.h>
#include <tui/transfer/upload.h>
#include <tui/ui/text.h>
#include <unistd.h>

#define WINDOW      4
#define AT_ONCE     3 /* files that are sent side by side; the others wait */
#define SLICE_BYTES (1024 * 1024)
#define ASK_SECONDS 2 /* for a check whose event was lost */
#define DRAFT       "uploads"

struct upload {
    struct upload *next;
    struct uploads *uploads;
    int64_t id, application_id, upload_id, replaces, size, hashed;
    char code[40], path[PATH_MAX], name[208], problem[300];
    enum upload_state state;
    int fd;
    EVP_MD_CTX *hash;
    uint8_t sha256[32];
    int32_t chunks, next_chunk, acknowledged, begun_at;
    uint64_t calls[WINDOW];
    struct timespec began; /* sending */
};

struct uploads {
    struct app *app;
    void (*changed)(struct app *app, int64_t application_id);
    struct file_type *types;
    struct upload *first;
    int64_t next_id;
    struct event *tick, *ask;
    bool stopping, asked;
};

static void changed(struct upload *upload) {
    upload->uploads->changed(upload->uploads->app, upload->application_id);
}

static double seconds_since(const struct timespec *then) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

/* ------------------------------------------------------------------------------------- what is written down */

/* Each as "application.code.replaces.number" -> path, so that the next process goes on. */
static void remember(struct uploads *uploads) {
    struct draft draft = {0};
    char code[96];
    int number = 0;
    if (uploads->stopping || !uploads->app->session.live) return;
    for (const struct upload *upload = uploads->first; upload; upload = upload->next) {
        if (upload->state == UPLOAD_FAILED) continue;
        (void)snprintf(code, sizeof code, "%lld.%s.%lld.%d", (long long)upload->application_id, upload->code,
                       (long long)upload->replaces, number++);
        draft_put(&draft, code, upload->path);
    }
    if (!number) draft_delete(uploads->app->session.username, DRAFT);
    else if (!draft_save(uploads->app->session.username, DRAFT, &draft))
        app_complain(uploads->app, N_("The draft can't be kept: %s"), strerror(errno));
    draft_free(&draft);
}

/* ------------------------------------------------------------------------------------------------ one file */

static void upload_free(struct upload *upload) {
    for (int i = 0; i < WINDOW; i++)
        if (upload->calls[i]) client_cancel(upload->uploads->app->client, upload->calls[i]);
    if (upload->fd >= 0) close(upload->fd);
    EVP_MD_CTX_free(upload->hash);
    free(upload);
}

static void unlink_upload(struct upload *upload) {
    struct upload **link = &upload->uploads->first;
    while (*link != upload) link = &(*link)->next;
    *link = upload->next;
}

static void tick_soon(struct uploads *uploads) {
    struct timeval now = {0, 0};
    if (!evtimer_pending(uploads->tick, NULL)) evtimer_add(uploads->tick, &now);
}

static void upload_fail(struct upload *upload, const char *message, const char *argument) {
    char text[400];
    for (int i = 0; i < WINDOW; i++) {
        if (upload->calls[i]) client_cancel(upload->uploads->app->client, upload->calls[i]);
        upload->calls[i] = 0;
    }
    text_message(message, argument, upload->problem, sizeof upload->problem);
    upload->state = UPLOAD_FAILED;
    (void)snprintf(text, sizeof text, "%.90s: %.290s", upload->name, upload->problem);
    app_complain(upload->uploads->app, "%s", text);
    remember(upload->uploads);
    tick_soon(upload->uploads);
    changed(upload);
}

static void upload_done(struct upload *upload) {
    struct uploads *uploads = upload->uploads;
    int64_t application_id = upload->application_id;
    app_say(uploads->app, N_("Attached: %s"), upload->name);
    unlink_upload(upload);
    upload_free(upload);
    remember(uploads);
    uploads->changed(uploads->app, application_id);
}

static void send_more(struct upload *upload);

static void on_finished(struct client *client, const ProtobufCMessage *reply, const struct error *error, void *data) {
    (void)client;
    (void)reply;
    struct upload *upload = data;
    struct timeval later = {ASK_SECONDS, 0};
    upload->calls[0] = 0;
    if (error) {
        upload_fail(upload, error->message, error->argument);
        return;
    }
    upload->state = UPLOAD_CHECKING;
    evtimer_add(upload->uploads->ask, &later);
    tick_soon(upload->uploads); /* another one may begin */
    changed(upload);
}

static void finish(struct upload *upload) {
    struct error error;
    uint8_t key[IDEMPOTENCY_KEY_BYTES];
    Loket__DocumentUploadRequest request = LOKET__DOCUMENT_UPLOAD_REQUEST__INIT;
    client_key(key);
    request.upload_id = upload->upload_id;
    upload->calls[0] = client_call(upload->uploads->app->client, "document.finish", &request.base, key, &loket__empty__descriptor,
                                   on_finished, upload, &error);
    if (!upload->calls[0]) upload_fail(upload, error.message, error.argument);
}

static void on_chunk(struct client *client, const ProtobufCMessage *message, const struct error *error, void *data) {
    (void)client;
    struct upload *upload = data;
    if (error) {
        upload_fail(upload, error->message, error->argument);
        return;
    }
    int32_t number = ((const Loket__DocumentChunkReply *)message)->number;
    if (number >= 0) upload->calls[number % WINDOW] = 0;
    upload->acknowledged++;
    if (upload->acknowledged < upload->chunks) send_more(upload);
    else finish(upload);
    if (upload->state != UPLOAD_FAILED) changed(upload);
}

static void send_more(struct upload *upload) {
    static uint8_t block[LIMIT_CHUNK_BYTES]; /* packed by client_call before it is used again */
    struct error error;
    while (upload->next_chunk < upload->chunks && !upload->calls[upload->next_chunk % WINDOW]) {
        off_t at = (off_t)upload->next_chunk * (off_t)LIMIT_CHUNK_BYTES;
        ssize_t got = pread(upload->fd, block, sizeof block, at);
        if (got <= 0) {
            upload_fail(upload, N_("This file can't be read: %s"), got < 0 ? strerror(errno) : upload->name);
            return;
        }
        Loket__DocumentChunkRequest request = LOKET__DOCUMENT_CHUNK_REQUEST__INIT;
        request.upload_id = upload->upload_id;
        request.number = upload->next_chunk;
        request.data.data = block;
        request.data.len = (size_t)got;
        uint64_t call = client_call(upload->uploads->app->client, "document.chunk", &request.base, NULL,
                                    &loket__document_chunk_reply__descriptor, on_chunk, upload, &error);
        if (!call) {
            upload_fail(upload, error.message, error.argument);
            return;
        }
        upload->calls[upload->next_chunk++ % WINDOW] = call;
    }
}

static void on_begun(struct client *client, const ProtobufCMessage *message, const struct error *error, void *data) {
    (void)client;
    struct upload *upload = data;
    upload->calls[0] = 0;
    if (error) {
        upload_fail(upload, error->message, error->argument);
        return;
    }
    const Loket__DocumentBeginReply *reply = (const Loket__DocumentBeginReply *)message;
    upload->upload_id = reply->upload_id;
    upload->state = UPLOAD_SENDING;
    upload->next_chunk = upload->acknowledged = upload->begun_at =
        reply->next < 0 || reply->next > upload->chunks ? 0 : reply->next;
    clock_gettime(CLOCK_MONOTONIC, &upload->began);
    if (upload->next_chunk == upload->chunks) finish(upload);
    else send_more(upload);
    changed(upload);
}

static void begin(struct upload *upload) {
    struct error error;
    uint8_t key[IDEMPOTENCY_KEY_BYTES];
    Loket__DocumentBeginRequest request = LOKET__DOCUMENT_BEGIN_REQUEST__INIT;
    client_key(key);
    request.application_id = upload->application_id;
    request.code = upload->code;
    request.replaces = upload->replaces;
    request.name = upload->name;
    request.size = upload->size;
    request.sha256.data = upload->sha256;
    request.sha256.len = sizeof upload->sha256;
    upload->state = UPLOAD_BEGINNING;
    upload->calls[0] = client_call(upload->uploads->app->client, "document.begin", &request.base, key,
                                   &loket__document_begin_reply__descriptor, on_begun, upload, &error);
    if (!upload->calls[0]) upload_fail(upload, error.message, error.argument);
}

/* Reads on in the file; at its end the sending begins. */
static void hash_slice(struct upload *upload) {
    static uint8_t block[SLICE_BYTES];
    unsigned size = 0;
    ssize_t got = pread(upload->fd, block, sizeof block, upload->hashed);
    if (got < 0 || (got == 0 && upload->hashed < upload->size)) {
        upload_fail(upload, N_("This file can't be read: %s"), got < 0 ? strerror(errno) : upload->name);
        return;
    }
    if (got > 0 && EVP_DigestUpdate(upload->hash, block, (size_t)got) != 1) abort();
    upload->hashed += got;
    if (upload->hashed < upload->size) return;
    if (EVP_DigestFinal_ex(upload->hash, upload->sha256, &size) != 1) abort();
    begin(upload);
}

/* One slice of the first file that still has to be read, while few enough are being sent. */
static void on_tick(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct uploads *uploads = data;
    int sending = 0;
    for (const struct upload *upload = uploads->first; upload; upload = upload->next)
        sending += upload->state == UPLOAD_BEGINNING || upload->state == UPLOAD_SENDING;
    for (struct upload *upload = uploads->first; upload && sending < AT_ONCE; upload = upload->next) {
        if (upload->state != UPLOAD_HASHING) continue;
        hash_slice(upload);
        tick_soon(uploads);
        return;
    }
}

/* ------------------------------------------------------------------------------------------------- beginning */

static enum loket_error refuse(struct error *error, const char *message, const char *argument) {
    return error_set(error, LOKET_INVALID, "file", message, argument);
}

/* Opens the file and looks at it; *fd is the caller's when all is well. */
static enum loket_error file_open(struct uploads *uploads, const char *path, int64_t max_bytes, int *fd, int64_t *size,
                                  struct error *error) {
    struct stat about = {.st_size = 0};
    uint8_t head[FILE_TYPE_HEAD];
    char limit[32];
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for somebody to write */
    if (*fd < 0) return refuse(error, N_("This file can't be read: %s"), strerror(errno));
    ssize_t got = -1;
    enum loket_error result = LOKET_OK;
    if (fstat(*fd, &about) != 0 || !S_ISREG(about.st_mode)) result = refuse(error, N_("This is not a file"), NULL);
    else if (about.st_size == 0) result = refuse(error, N_("This file is empty"), NULL);
    else if (max_bytes && about.st_size > max_bytes) {
        folder_size_shown((uint64_t)max_bytes, limit, sizeof limit);
        result = refuse(error, N_("This file is larger than %s"), limit);
    } else if ((got = pread(*fd, head, sizeof head, 0)) < 0)
        result = refuse(error, N_("This file can't be read: %s"), strerror(errno));
    else if (uploads->types && !file_type_of(uploads->types, head, (size_t)got))
        result = refuse(error, N_("This is not a type that is taken here: %s"), "PDF, JPEG, PNG, TIFF");
    *size = about.st_size;
    if (result != LOKET_OK) close(*fd);
    return result;
}

enum loket_error upload_check(struct uploads *uploads, const char *path, int64_t max_bytes, struct error *error) {
    int fd = -1;
    int64_t size = 0;
    enum loket_error result = file_open(uploads, path, max_bytes, &fd, &size, error);
    if (result == LOKET_OK) close(fd);
    return result;
}

enum loket_error upload_begin(struct uploads *uploads, int64_t application_id, const char *code, int64_t replaces, const char *path,
                              int64_t max_bytes, struct error *error) {
    int fd = -1;
    int64_t size = 0;
    const char *slash = strrchr(path, '/');
    enum loket_error result = file_open(uploads, path, max_bytes, &fd, &size, error);
    if (result != LOKET_OK) return result;
    struct upload *upload = calloc(1, sizeof *upload);
    if (upload) upload->hash = EVP_MD_CTX_new();
    if (!upload || !upload->hash || EVP_DigestInit_ex(upload->hash, EVP_sha256(), NULL) != 1) abort();
    upload->uploads = uploads;
    upload->id = ++uploads->next_id;
    upload->application_id = application_id;
    upload->replaces = replaces;
    upload->fd = fd;
    upload->size = size;
    upload->chunks = (int32_t)((size + LIMIT_CHUNK_BYTES - 1) / LIMIT_CHUNK_BYTES);
    (void)snprintf(upload->code, sizeof upload->code, "%s", code);
    (void)snprintf(upload->path, sizeof upload->path, "%s", path);
    (void)snprintf(upload->name, sizeof upload->name, "%s", slash ? slash + 1 : path);
    struct upload **link = &uploads->first;
    while (*link) link = &(*link)->next;
    *link = upload;
    remember(uploads);
    tick_soon(uploads);
    changed(upload);
    return LOKET_OK;
}

/* ---------------------------------------------------------------------------------------------- what became of it */

static struct upload *checking_of(struct uploads *uploads, int64_t application_id) {
    for (struct upload *upload = uploads->first; upload; upload = upload->next)
        if (upload->state == UPLOAD_CHECKING && (!application_id || upload->application_id == application_id)) return upload;
    return NULL;
}

static void settle(struct upload *upload, const Loket__DocumentListReply *reply) {
    for (size_t i = 0; i < reply->n_uploads; i++) {
        const Loket__UploadRow *row = reply->uploads[i];
        if (row->upload_id != upload->upload_id) continue;
        if (strcmp(row->state, "refused") == 0) upload_fail(upload, row->problem, row->argument);
        return;
    }
    upload_done(upload);
}

static void on_list(struct client *client, const ProtobufCMessage *message, const struct error *error, void *data) {
    (void)client;
    struct uploads *uploads = data;
    struct timeval later = {ASK_SECONDS, 0};
    uploads->asked = false;
    if (!error) {
        const Loket__DocumentListReply *reply = (const Loket__DocumentListReply *)message;
        for (struct upload *upload = uploads->first, *next; upload; upload = next) {
            next = upload->next;
            if (upload->state == UPLOAD_CHECKING && upload->application_id == reply->application_id) settle(upload, reply);
        }
    }
    if (checking_of(uploads, 0)) evtimer_add(uploads->ask, &later);
}

static void ask_about(struct uploads *uploads, int64_t application_id) {
    struct error error;
    Loket__DocumentListRequest request = LOKET__DOCUMENT_LIST_REQUEST__INIT;
    request.application_id = application_id;
    if (uploads->asked) return;
    uploads->asked = client_call(uploads->app->client, "document.list", &request.base, NULL,
                                 &loket__document_list_reply__descriptor, on_list, uploads, &error) != 0;
}

static void on_ask(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    const struct upload *upload = checking_of(data, 0);
    if (upload) ask_about(data, upload->application_id);
}

void uploads_event(struct uploads *uploads, int64_t application_id) {
    if (checking_of(uploads, application_id)) ask_about(uploads, application_id);
}

/* ------------------------------------------------------------------------------------------------- the list */

struct uploads *uploads_new(struct app *app, void (*changed_)(struct app *app, int64_t application_id)) {
    struct uploads *uploads = calloc(1, sizeof *uploads);
    if (!uploads) abort();
    uploads->app = app;
    uploads->changed = changed_;
    uploads->types = file_type_new(); /* without it the server alone judges types */
    uploads->tick = evtimer_new(app->base, on_tick, uploads);
    uploads->ask = evtimer_new(app->base, on_ask, uploads);
    if (!uploads->tick || !uploads->ask) abort();
    return uploads;
}

void uploads_stop(struct uploads *uploads) {
    uploads->stopping = true; /* what was under way stays written down */
    while (uploads->first) {
        struct upload *upload = uploads->first;
        unlink_upload(upload);
        upload_free(upload);
    }
    evtimer_del(uploads->tick);
    evtimer_del(uploads->ask);
    uploads->stopping = false;
}

void uploads_free(struct uploads *uploads) {
    if (!uploads) return;
    uploads_stop(uploads);
    event_free(uploads->tick);
    event_free(uploads->ask);
    file_type_free(uploads->types);
    free(uploads);
}

void uploads_resume(struct uploads *uploads) {
    struct draft draft;
    struct error error;
    if (uploads->first || !draft_load(uploads->app->session.username, DRAFT, &draft)) return;
    for (size_t i = 0; i < draft.count; i++) {
        long long application_id, replaces;
        char code[40];
        if (sscanf(draft.values[i].code, "%lld.%39[A-Z0-9_].%lld.", &application_id, code, &replaces) != 3) continue;
        if (upload_begin(uploads, application_id, code, replaces, draft.values[i].value, 0, &error) != LOKET_OK)
            app_complain(uploads->app, error.message, error.argument);
    }
    draft_free(&draft);
    if (!uploads->first) draft_delete(uploads->app->session.username, DRAFT);
}

static void on_dropped(struct client *client, const ProtobufCMessage *reply, const struct error *error, void *data) {
    (void)client;
    (void)reply;
    (void)error; /* what the server could not forget now, it forgets after a week */
    (void)data;
}

void upload_drop(struct uploads *uploads, int64_t id) {
    struct error error;
    uint8_t key[IDEMPOTENCY_KEY_BYTES];
    for (struct upload *upload = uploads->first; upload; upload = upload->next) {
        if (upload->id != id) continue;
        int64_t application_id = upload->application_id;
        Loket__DocumentUploadRequest request = LOKET__DOCUMENT_UPLOAD_REQUEST__INIT;
        request.upload_id = upload->upload_id;
        client_key(key);
        if (upload->upload_id)
            (void)client_call(uploads->app->client, "document.cancel", &request.base, key, &loket__empty__descriptor, on_dropped,
                              NULL, &error);
        app_say(uploads->app, upload->state == UPLOAD_FAILED ? N_("Put aside: %s") : N_("Stopped: %s"), upload->name);
        unlink_upload(upload);
        upload_free(upload);
        remember(uploads);
        tick_soon(uploads);
        uploads->changed(uploads->app, application_id);
        return;
    }
}

bool upload_at(const struct uploads *uploads, size_t number, struct upload_view *view) {
    const struct upload *upload = uploads->first;
    for (; upload && number; number--) upload = upload->next;
    if (!upload) return false;
    *view = (struct upload_view){.id = upload->id,
                                 .application_id = upload->application_id,
                                 .upload_id = upload->upload_id,
                                 .code = upload->code,
                                 .name = upload->name,
                                 .problem = upload->problem,
                                 .state = upload->state};
    if (upload->state != UPLOAD_SENDING) return true;
    int64_t sent = (int64_t)(upload->acknowledged - upload->begun_at) * (int64_t)LIMIT_CHUNK_BYTES,
            left = (int64_t)(upload->chunks - upload->acknowledged) * (int64_t)LIMIT_CHUNK_BYTES;
    double seconds = seconds_since(&upload->began);
    view->percent = (int)((int64_t)upload->acknowledged * 100 / upload->chunks);
    if (sent <= 0 || seconds < 0.05) return true;
    view->bytes_per_second = (int64_t)((double)sent / seconds);
    if (view->bytes_per_second > 0) view->seconds_left = (left + view->bytes_per_second - 1) / view->bytes_per_second;
    return true;
}

void upload_line(const struct upload_view *view, char *out, size_t size) {
    static const char *const words[] = {[UPLOAD_HASHING] = N_("waits to be sent"),
                                        [UPLOAD_BEGINNING] = N_("begins"),
                                        [UPLOAD_SENDING] = "",
                                        [UPLOAD_CHECKING] = N_("is being checked"),
                                        [UPLOAD_FAILED] = ""};
    char rate[32];
    if (view->state == UPLOAD_FAILED) (void)snprintf(out, size, "%s", view->problem);
    else if (view->state != UPLOAD_SENDING) (void)snprintf(out, size, "%s", _(words[view->state]));
    else if (!view->bytes_per_second) (void)snprintf(out, size, "%d%%", view->percent);
    else {
        folder_size_shown((uint64_t)view->bytes_per_second, rate, sizeof rate);
        (void)snprintf(out, size, "%d%%  %s/s  %lld s", view->percent, rate, (long long)view->seconds_left);
    }
}
