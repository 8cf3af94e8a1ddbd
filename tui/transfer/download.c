/* Documents out. Chunks may come in any order; each goes to its place in the file, so that nothing is held in memory. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <proto/loket.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tui/transfer/download.h>
#include <tui/ui/text.h>
#include <unistd.h>

#define WINDOW 4 /* chunks that are asked for at once */

struct download {
    struct client *client;
    struct download_file file;
    int64_t reading_id;
    int32_t chunks, next, received;
    uint64_t calls[WINDOW]; /* of the requests under way; 0: free */
    uint8_t sha256[32];
    download_ended *ended;
    void *data;
};

/* A file that nobody else can open and that is gone with its descriptor. */
static int nameless_file(void) {
    const char *folder = getenv("XDG_RUNTIME_DIR");
    char path[512];
    if (folder && *folder) {
        int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd >= 0) return fd;
    }
    (void)snprintf(path, sizeof path, "%s/loket.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) (void)unlink(path);
    return fd;
}

static void end(struct download *download, const struct error *error) {
    for (int i = 0; i < WINDOW; i++)
        if (download->calls[i]) client_cancel(download->client, download->calls[i]);
    memset(download->calls, 0, sizeof download->calls);
    if (!error && lseek(download->file.fd, 0, SEEK_SET) != 0) abort();
    download->ended(error ? NULL : &download->file, error, download->data);
}

static void fail(struct download *download, enum loket_error code, const char *message, const char *argument) {
    struct error error;
    error_set(&error, code, NULL, message, argument);
    end(download, &error);
}

/* Reads the file again: what is shown is what the office kept. */
static bool hash_matches(struct download *download) {
    uint8_t block[65536], sha256[32];
    unsigned size = 0;
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool good = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;
    for (off_t at = 0; good && at < download->file.size;) {
        ssize_t got = pread(download->file.fd, block, sizeof block, at);
        good = got > 0 && EVP_DigestUpdate(hash, block, (size_t)got) == 1;
        at += got;
    }
    good = good && EVP_DigestFinal_ex(hash, sha256, &size) == 1 && memcmp(sha256, download->sha256, sizeof sha256) == 0;
    EVP_MD_CTX_free(hash);
    return good;
}

static void ask_more(struct download *download);

static void on_chunk(struct client *client, const ProtobufCMessage *message, const struct error *error, void *data) {
    (void)client;
    struct download *download = data;
    if (error) {
        end(download, error);
        return;
    }
    const Loket__DocumentReadReply *reply = (const Loket__DocumentReadReply *)message;
    int slot = reply->number % WINDOW;
    off_t at = (off_t)reply->number * (off_t)LIMIT_CHUNK_BYTES;
    if (reply->number < 0 || reply->number >= download->chunks || at + (off_t)reply->data.len > download->file.size) {
        fail(download, LOKET_INTERNAL, N_("The server's answer can't be understood"), NULL);
        return;
    }
    download->calls[slot] = 0;
    if (pwrite(download->file.fd, reply->data.data, reply->data.len, at) != (ssize_t)reply->data.len) {
        fail(download, LOKET_INTERNAL, N_("The document can't be kept here: %s"), strerror(errno));
        return;
    }
    if (++download->received < download->chunks) ask_more(download);
    else if (hash_matches(download)) end(download, NULL);
    else fail(download, LOKET_INTERNAL, N_("The document did not arrive as it is kept: try again"), NULL);
}

static void ask_more(struct download *download) {
    struct error error;
    while (download->next < download->chunks && !download->calls[download->next % WINDOW]) {
        Loket__DocumentReadRequest request = LOKET__DOCUMENT_READ_REQUEST__INIT;
        request.reading_id = download->reading_id;
        request.number = download->next;
        uint64_t call = client_call(download->client, "document.read", &request.base, NULL, &loket__document_read_reply__descriptor,
                                    on_chunk, download, &error);
        if (!call) {
            end(download, &error);
            return;
        }
        download->calls[download->next++ % WINDOW] = call;
    }
}

static void on_opened(struct client *client, const ProtobufCMessage *message, const struct error *error, void *data) {
    (void)client;
    struct download *download = data;
    download->calls[0] = 0;
    if (error) {
        end(download, error);
        return;
    }
    const Loket__DocumentOpenReply *reply = (const Loket__DocumentOpenReply *)message;
    const char *slash = strrchr(reply->name, '/');
    (void)snprintf(download->file.name, sizeof download->file.name, "%s", slash ? slash + 1 : reply->name);
    (void)snprintf(download->file.media_type, sizeof download->file.media_type, "%s", reply->media_type);
    download->reading_id = reply->reading_id;
    download->chunks = reply->chunks;
    download->file.size = reply->size;
    if (reply->sha256.len != sizeof download->sha256 || reply->size < 1 || reply->chunks < 1 ||
        (reply->size + LIMIT_CHUNK_BYTES - 1) / LIMIT_CHUNK_BYTES != reply->chunks) {
        fail(download, LOKET_INTERNAL, N_("The server's answer can't be understood"), NULL);
        return;
    }
    memcpy(download->sha256, reply->sha256.data, sizeof download->sha256);
    ask_more(download);
}

struct download *download_new(struct client *client, int64_t document_id, download_ended *ended, void *data, struct error *error) {
    Loket__DocumentOpenRequest request = LOKET__DOCUMENT_OPEN_REQUEST__INIT;
    struct download *download = calloc(1, sizeof *download);
    if (!download) abort();
    download->client = client;
    download->ended = ended;
    download->data = data;
    download->file.fd = nameless_file();
    if (download->file.fd < 0) {
        error_set(error, LOKET_INTERNAL, NULL, N_("The document can't be kept here: %s"), strerror(errno));
        free(download);
        return NULL;
    }
    request.document_id = document_id;
    download->calls[0] = client_call(client, "document.open", &request.base, NULL, &loket__document_open_reply__descriptor,
                                     on_opened, download, error);
    if (download->calls[0]) return download;
    download_free(download);
    return NULL;
}

void download_free(struct download *download) {
    if (!download) return;
    for (int i = 0; i < WINDOW; i++)
        if (download->calls[i]) client_cancel(download->client, download->calls[i]);
    close(download->file.fd);
    free(download);
}

int download_progress(const struct download *download) {
    return download->chunks ? (int)((int64_t)download->received * 100 / download->chunks) : 0;
}

bool download_save(const struct download_file *file, const char *path) {
    uint8_t block[65536];
    ssize_t got = 0;
    off_t at = 0;
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = to >= 0;
    while (good && (got = pread(file->fd, block, sizeof block, at)) > 0) {
        good = write(to, block, (size_t)got) == got;
        at += got;
    }
    good = good && got == 0;
    int wrong = errno;
    if (to >= 0 && close(to) != 0 && good) {
        good = false;
        wrong = errno;
    }
    if (!good && to >= 0) (void)unlink(path);
    errno = wrong;
    return good;
}
