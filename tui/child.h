/* Helper programs (a converter, a viewer of pages), run beside the loop: nothing here waits for them. What they read was written by
 * strangers, so they get limits on time, memory and output, no descriptor but their own three, and no terminal. */
#ifndef TUI_CHILD_H
#define TUI_CHILD_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

struct child;

struct child_spec {
    const char *const *argv; /* ended by NULL; argv[0] is looked for in PATH. Read only during child_run */
    int stdin_fd;            /* borrowed, only during child_run; -1: nothing to read */
    size_t output_limit;     /* bytes; also of every file that it writes */
    unsigned seconds;        /* by the clock, and of computing */
    size_t memory_limit;     /* bytes of address space */
};

/* What a status is when it is not the program's own exit code (0 to 255). */
enum child_status {
    CHILD_MISSING = -1,   /* there is no such program, or it can't be run */
    CHILD_TIMED_OUT = -2, /* it was killed when its time was over */
    CHILD_CUT = -3,       /* it was killed because it wrote more than it may */
    CHILD_KILLED = -4     /* a signal ended it: a fault, no memory, or its computing time was over */
};

/* Called once, from the loop, never from child_run: the program and what it started in its session are gone. `output` is what came
 * until then, owned by the child (gone when this returns), with a NUL after it; `cut` when there was more than the limit. */
typedef void child_ended(int status, const char *output, size_t size, bool cut, void *data);

/* Starts a program. Its errors go to /dev/null. NULL and errno when nothing could be started (`ended` is then never called).
 * The handle is good until `ended` is called. SIGCHLD belongs to this module and the loop: nobody else may ignore or handle it. */
struct child *child_run(struct event_base *base, const struct child_spec *spec, child_ended *ended, void *data);

/* Kills it; `ended` is not called any more. May be called at any time before that. */
void child_cancel(struct child *child);

/* Starts a program that may outlive this one and that nobody hears of again, such as a printer's. It reads `stdin_fd`, its output
 * goes to /dev/null, and it has no limits. Returns 0, or the errno of why not. */
int child_detach(const char *const *argv, int stdin_fd);

#endif
