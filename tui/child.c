/* Helper programs. Each child is reaped by its own number only, on SIGCHLD: other children of the process are left alone. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <tui/child.h>
#include <unistd.h>

#define PIECE        (64u * 1024u)
#define EXIT_NO_EXEC 127

enum stop { RUNS, TIMED_OUT, CUT, CANCELLED };

struct child {
    struct child *next;
    child_ended *ended;
    void *data;
    pid_t pid;
    int output_fd, trouble_fd;               /* trouble: the errno of an exec that failed, else just its end */
    struct event *readable, *gone, *overdue; /* the output, SIGCHLD, the time limit */
    char *output;
    size_t size, room, limit;
    enum stop stop;
};

static struct child *children; /* that are not yet reaped */

/* What the new process is to be; everything is made before the fork. */
struct start {
    char *const *argv;
    int in, out, trouble;
    const struct child_spec *limits; /* NULL: none */
    bool twice;                      /* forks again, so that init is its parent */
};

static void limit_set(int what, size_t most) {
    struct rlimit limit = {most, most};
    if (setrlimit((__rlimit_resource_t)what, &limit) != 0) _exit(EXIT_NO_EXEC);
}

static void limits_set(const struct child_spec *spec) {
    limit_set(RLIMIT_CORE, 0);
    limit_set(RLIMIT_CPU, spec->seconds);
    limit_set(RLIMIT_FSIZE, spec->output_limit);
    limit_set(RLIMIT_AS, spec->memory_limit);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Handlers write to descriptors of the parent; an ignored signal would stay ignored after exec. */
static void signals_reset(void) {
    sigset_t none;
    (void)sigemptyset(&none);
    for (int number = 1; number < NSIG; number++) (void)signal(number, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the new process: only async-signal-safe calls from here on. */
static _Noreturn void become(const struct start *start) {
    if (dup2(start->in, STDIN_FILENO) < 0 || dup2(start->out, STDOUT_FILENO) < 0) _exit(EXIT_NO_EXEC);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDERR_FILENO) < 0) _exit(EXIT_NO_EXEC);
    /* whatever the rest of the program left open goes with exec, start->trouble too */
    if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) != 0)
        for (int fd = 3; fd < 1024; fd++) (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)setsid();
    signals_reset();
    pid_t between = start->twice ? fork() : 0;
    if (between > 0) _exit(0);
    if (start->limits) limits_set(start->limits);
    if (between == 0) (void)execvp(start->argv[0], start->argv);
    int trouble = errno;
    _exit(write(start->trouble, &trouble, sizeof trouble) < 0 ? EXIT_FAILURE : EXIT_NO_EXEC);
}

/* No handler of ours may run in the new process before its signals are reset. */
static pid_t start(const struct start *start) {
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) become(start);
    int trouble = errno;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    errno = trouble;
    return pid;
}

static void fd_close(int *fd) {
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

static void child_free(struct child *child) {
    struct child **link = &children;
    while (*link && *link != child) link = &(*link)->next;
    if (*link) *link = child->next;
    if (child->readable) event_free(child->readable);
    if (child->gone) event_free(child->gone);
    if (child->overdue) event_free(child->overdue);
    fd_close(&child->output_fd);
    fd_close(&child->trouble_fd);
    free(child->output);
    free(child);
}

/* Its whole session, as it has not been reaped yet: the number can't be somebody else's. */
static void stop(struct child *child, enum stop why) {
    if (child->stop == RUNS || why == CANCELLED) child->stop = why;
    (void)kill(-child->pid, SIGKILL);
    (void)kill(child->pid, SIGKILL); /* it may not have its own session yet */
    if (child->readable) (void)event_del(child->readable);
}

/* Room for one more byte than the limit tells that there was more; and a NUL. */
static bool output_grow(struct child *child) {
    if (child->room - child->size > 1) return true;
    size_t most = child->limit + 2, room = child->room + child->room / 2 + PIECE;
    char *grown = realloc(child->output, room < most ? room : most);
    if (!grown) return false;
    child->output = grown;
    child->room = room < most ? room : most;
    return true;
}

/* Reads what there is. False when no more can come, or may. */
static bool output_read(struct child *child) {
    for (int pieces = 0; pieces < 16; pieces++) {
        if (!output_grow(child)) {
            stop(child, CUT);
            return false;
        }
        size_t room = child->room - child->size - 1;
        ssize_t got = read(child->output_fd, child->output + child->size, room < PIECE ? room : PIECE);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return true;
        if (got <= 0) return false;
        child->size += (size_t)got;
        if (child->size <= child->limit) continue;
        child->size = child->limit;
        stop(child, CUT);
        return false;
    }
    return true;
}

static void on_readable(evutil_socket_t fd, short what, void *data) {
    (void)fd;
    (void)what;
    struct child *child = data;
    if (!output_read(child)) (void)event_del(child->readable);
}

static void on_overdue(evutil_socket_t fd, short what, void *data) {
    (void)fd;
    (void)what;
    stop(data, TIMED_OUT);
}

static bool never_ran(const struct child *child) {
    int trouble;
    return read(child->trouble_fd, &trouble, sizeof trouble) == (ssize_t)sizeof trouble;
}

static int status_of(const struct child *child, int status) {
    if (child->stop == TIMED_OUT) return CHILD_TIMED_OUT;
    if (child->stop == CUT) return CHILD_CUT;
    if (never_ran(child)) return CHILD_MISSING;
    return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_KILLED;
}

static void finish(struct child *child, int status) {
    int told = status_of(child, status);
    if (child->output) child->output[child->size] = '\0';
    if (child->stop != CANCELLED)
        child->ended(told, child->output ? child->output : "", child->size, child->stop == CUT, child->data);
    child_free(child);
}

/* As long as it is not reaped, its number can't be somebody else's: first what it left behind in its session is killed, and its
 * last words are taken out of the pipe (all at once: they fit there). */
static void on_gone(evutil_socket_t number, short what, void *data) {
    (void)number;
    (void)what;
    struct child *child = data;
    siginfo_t info = {0};
    int status = SIGKILL; /* if somebody else took it */
    bool known = waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
    if (known && info.si_pid == 0) return;
    if (known) (void)kill(-child->pid, SIGKILL);
    if (known && child->stop == RUNS) (void)output_read(child);
    if (known) (void)waitpid(child->pid, &status, 0);
    finish(child, status);
}

/* The ends that the new process gets go with close-on-exec like everything else. */
static bool pipes_open(struct child *child, int output[2], int trouble[2]) {
    if (pipe2(output, O_CLOEXEC) != 0) return false;
    child->output_fd = output[0];
    if (pipe2(trouble, O_CLOEXEC) != 0) return false;
    child->trouble_fd = trouble[0];
    return fcntl(output[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(trouble[0], F_SETFL, O_NONBLOCK) == 0;
}

static bool events_add(struct child *child, struct event_base *base, unsigned seconds) {
    struct timeval time = {.tv_sec = (time_t)seconds};
    child->readable = event_new(base, child->output_fd, EV_READ | EV_PERSIST, on_readable, child);
    child->gone = evsignal_new(base, SIGCHLD, on_gone, child);
    child->overdue = evtimer_new(base, on_overdue, child);
    return child->readable && child->gone && child->overdue && event_add(child->readable, NULL) == 0 &&
           event_add(child->gone, NULL) == 0 && event_add(child->overdue, &time) == 0;
}

static int input_open(int given) {
    return given >= 0 ? given : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

struct child *child_run(struct event_base *base, const struct child_spec *spec, child_ended *ended, void *data) {
    int output[2] = {-1, -1}, trouble[2] = {-1, -1}, in = input_open(spec->stdin_fd), why = 0;
    struct child *child = calloc(1, sizeof *child);
    bool started = false;
    if (!child) goto out;
    *child = (struct child){.ended = ended, .data = data, .output_fd = -1, .trouble_fd = -1, .limit = spec->output_limit};
    if (in < 0 || !pipes_open(child, output, trouble) || !events_add(child, base, spec->seconds)) goto out;
    const struct start new = {(char *const *)(uintptr_t)spec->argv, in, output[1], trouble[1], spec, false};
    child->pid = start(&new);
    started = child->pid > 0;
out:
    why = errno;
    fd_close(&output[1]);
    fd_close(&trouble[1]);
    if (in != spec->stdin_fd) fd_close(&in);
    if (started) {
        child->next = children;
        children = child;
        return child;
    }
    if (child) child_free(child);
    errno = why;
    return NULL;
}

void child_cancel(struct child *child) {
    stop(child, CANCELLED);
    on_gone(SIGCHLD, EV_SIGNAL, child); /* or as soon as it is gone */
}

int child_detach(const char *const *argv, int stdin_fd) {
    int trouble[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC), why = 0;
    if (null < 0) return errno;
    if (pipe2(trouble, O_CLOEXEC) != 0) {
        why = errno;
        fd_close(&null);
        return why;
    }
    const struct start new = {(char *const *)(uintptr_t)argv, stdin_fd, null, trouble[1], NULL, true};
    pid_t between = start(&new);
    if (between < 0) why = errno;
    fd_close(&null);
    fd_close(&trouble[1]);
    while (between > 0 && waitpid(between, NULL, 0) < 0 && errno == EINTR) continue;
    /* ends when exec closes the other end, or could not */
    if (between > 0 && read(trouble[0], &why, sizeof why) != (ssize_t)sizeof why) why = 0;
    fd_close(&trouble[0]);
    return why;
}
