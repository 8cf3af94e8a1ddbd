/* The scanner's folder, by inotify. The watch goes with the folder: when that is removed or moved away, a timer looks for a new one
 * of the same name. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <tui/entry/scanner.h>
#include <unistd.h>

#define FILE_EVENTS   (IN_CLOSE_WRITE | IN_MOVED_TO)
#define FOLDER_EVENTS (IN_DELETE_SELF | IN_MOVE_SELF)
#define FOLDER_GONE   (FOLDER_EVENTS | IN_IGNORED | IN_UNMOUNT)

struct scanner {
    int inotify, watch; /* watch: -1 when the folder is not there */
    struct event *readable, *retry;
    scanner_found *found;
    void *data;
    bool *freed;      /* tells the loop below that the callback freed the scanner */
    struct stat last; /* reported: some programs close a file twice */
    char folder[PATH_MAX];
};

static bool ends_in(const char *name, const char *ending) {
    size_t size = strlen(name), end = strlen(ending);
    return size >= end && strcasecmp(name + size - end, ending) == 0;
}

static bool is_partial(const char *name) {
    return name[0] == '.' || ends_in(name, ".part") || ends_in(name, ".tmp");
}

static bool is_same(const struct stat *one, const struct stat *two) {
    return one->st_dev == two->st_dev && one->st_ino == two->st_ino && one->st_size == two->st_size &&
           one->st_mtim.tv_sec == two->st_mtim.tv_sec && one->st_mtim.tv_nsec == two->st_mtim.tv_nsec;
}

static void report(struct scanner *scanner, const char *name) {
    char path[PATH_MAX + NAME_MAX + 2];
    struct stat facts;
    (void)snprintf(path, sizeof path, "%s/%s", scanner->folder, name);
    if (is_partial(name) || lstat(path, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size == 0) return;
    if (is_same(&facts, &scanner->last)) return;
    scanner->last = facts;
    scanner->found(path, (uint64_t)facts.st_size, scanner->data);
}

static void look_again_later(struct scanner *scanner) {
    const struct timeval time = {.tv_sec = SCANNER_SECONDS};
    (void)event_add(scanner->retry, &time);
}

static void watch_begin(struct scanner *scanner) {
    scanner->watch = inotify_add_watch(scanner->inotify, scanner->folder, FILE_EVENTS | FOLDER_EVENTS | IN_ONLYDIR);
    if (scanner->watch < 0) look_again_later(scanner);
}

static void on_retry(evutil_socket_t fd, short what, void *data) {
    (void)fd;
    (void)what;
    watch_begin(data);
}

static void watch_lost(struct scanner *scanner) {
    int watch = scanner->watch;
    scanner->watch = -1;
    (void)inotify_rm_watch(scanner->inotify, watch); /* of a folder that was moved away; fails when it was removed */
    watch_begin(scanner);
}

static void take(struct scanner *scanner, const struct inotify_event *event) {
    if (event->wd != scanner->watch) return; /* the last words of a watch that is over */
    if (event->mask & FOLDER_GONE) watch_lost(scanner);
    else if (event->len && !(event->mask & IN_ISDIR)) report(scanner, event->name);
}

static void on_readable(evutil_socket_t fd, short what, void *data) {
    (void)what;
    struct scanner *scanner = data;
    _Alignas(struct inotify_event) char events[16 * 1024];
    bool freed = false;
    scanner->freed = &freed;
    for (ssize_t size; !freed && (size = read(fd, events, sizeof events)) > 0;)
        for (ssize_t at = 0; at < size && !freed;) {
            const struct inotify_event *event = (const void *)(events + at);
            at += (ssize_t)(sizeof *event + event->len);
            take(scanner, event);
        }
    if (!freed) scanner->freed = NULL;
}

struct scanner *scanner_new(struct event_base *base, const char *folder, scanner_found *found, void *data) {
    if (strlen(folder) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    struct scanner *scanner = calloc(1, sizeof *scanner);
    if (!scanner) return NULL;
    scanner->found = found;
    scanner->data = data;
    scanner->watch = -1;
    (void)snprintf(scanner->folder, sizeof scanner->folder, "%s", folder);
    scanner->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    scanner->readable = scanner->inotify < 0 ? NULL : event_new(base, scanner->inotify, EV_READ | EV_PERSIST, on_readable, scanner);
    scanner->retry = evtimer_new(base, on_retry, scanner);
    if (!scanner->readable || !scanner->retry || event_add(scanner->readable, NULL) != 0) {
        int why = errno;
        scanner_free(scanner);
        errno = why;
        return NULL;
    }
    watch_begin(scanner);
    return scanner;
}

void scanner_free(struct scanner *scanner) {
    if (!scanner) return;
    if (scanner->freed) *scanner->freed = true;
    if (scanner->readable) event_free(scanner->readable);
    if (scanner->retry) event_free(scanner->retry);
    if (scanner->inotify >= 0) (void)close(scanner->inotify);
    free(scanner);
}

bool scanner_watches(const struct scanner *scanner) {
    return scanner->watch >= 0;
}
