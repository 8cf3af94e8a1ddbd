/* A document on its way out: opened (which the server records), read chunk by chunk into a file, compared with its hash. */
#ifndef TUI_TRANSFER_DOWNLOAD_H
#define TUI_TRANSFER_DOWNLOAD_H

#include <loket/error.h>
#include <proto/client.h>
#include <stdbool.h>
#include <stdint.h>

struct download;

struct download_file {
    char name[208], media_type[40]; /* the name has no folder in it */
    int64_t size;
    int fd; /* of a file without a name, read and write, from its beginning; the download's, closed by download_free */
};

/* The whole file is there, or `file` is NULL and `error` says why not. Called once, from the loop. */
typedef void download_ended(const struct download_file *file, const struct error *error, void *data);

/* Begins. NULL (and *error) when no file can be made or nothing can be sent; else the caller gives it to download_free, at any
 * time: after that `ended` is not called any more. */
struct download *download_new(struct client *client, int64_t document_id, download_ended *ended, void *data, struct error *error);
void download_free(struct download *download);

/* Per cent that is there. */
int download_progress(const struct download *download);

/* Copies what `file` holds to a new file at `path`, mode 0600. False with errno; then nothing of it is left. */
bool download_save(const struct download_file *file, const char *path);

#endif
