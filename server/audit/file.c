/* The file of checkpoints. */
#include <errno.h>
#include <fcntl.h>
#include <server/audit/file.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW_BYTES 65536

static bool write_all(int file, const char *text, size_t size) {
    while (size) {
        ssize_t written = write(file, text, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text += written;
        size -= (size_t)written;
    }
    return true;
}

/* A name is on the disk when its folder is. */
static bool folder_sync(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    int file = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool good = file >= 0 && fsync(file) == 0;
    if (file >= 0) close(file);
    free(folder);
    return good;
}

static bool mend(int file) {
    struct stat about;
    char last = '\n';
    if (fstat(file, &about) != 0) return false;
    if (about.st_size > 0 && pread(file, &last, 1, about.st_size - 1) != 1) return false;
    return last == '\n' || (write_all(file, " torn\n", 6) && fsync(file) == 0);
}

int checkpoint_file_open(const char *path) {
    int file = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) {
        file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
        if (file >= 0 && !folder_sync(path)) {
            close(file);
            return -1;
        }
    }
    if (file < 0 || (flock(file, LOCK_EX) == 0 && mend(file))) return file;
    close(file);
    return -1;
}

/* The last whole line of the origin in a window that ends at a line's end. */
static bool window_find(char *window, size_t size, bool from_start, const char *origin, char line[CHECKPOINT_LINE_BYTES]) {
    struct checkpoint checkpoint;
    while (size > 0) {
        window[--size] = '\0'; /* the line's end */
        char *end = window + size, *begin = end;
        while (begin > window && begin[-1] != '\n') begin--;
        if (begin == window && !from_start) return false; /* perhaps half a line */
        size = (size_t)(begin - window);
        if (end - begin >= CHECKPOINT_LINE_BYTES || !checkpoint_parse(&checkpoint, begin)) continue;
        if (strcmp(checkpoint.origin, origin) != 0) continue;
        memcpy(line, begin, (size_t)(end - begin) + 1);
        return true;
    }
    return false;
}

bool checkpoint_file_last(int file, const char *origin, char line[CHECKPOINT_LINE_BYTES]) {
    struct stat about;
    bool found = false;
    line[0] = '\0';
    errno = 0;
    if (fstat(file, &about) != 0) return false;
    /* from the end, in windows that grow until it is found: the newest lines are those that are wanted */
    for (off_t want = WINDOW_BYTES; !found && about.st_size > 0; want *= 4) {
        size_t size = (size_t)(want < about.st_size ? want : about.st_size);
        off_t at = about.st_size - (off_t)size;
        char *window = malloc(size);
        if (!window) return false;
        if (pread(file, window, size, at) != (ssize_t)size) {
            free(window);
            if (!errno) errno = EIO;
            return false;
        }
        found = window_find(window, size, at == 0, origin, line);
        free(window);
        if (at == 0) break;
    }
    return found;
}

bool checkpoint_file_add(int file, const char *line) {
    char text[CHECKPOINT_LINE_BYTES + 1];
    int length = snprintf(text, sizeof text, "%s\n", line);
    return length > 0 && (size_t)length < sizeof text && write_all(file, text, (size_t)length) && fsync(file) == 0;
}
