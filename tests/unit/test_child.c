/* Helper programs: what one that hangs, floods, eats memory or is not there does to the client, which goes on meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <tui/child.h>
#include <unistd.h>

#define MIB (1024u * 1024u)

static struct event_base *base;

struct told {
    bool ended, cut;
    int status;
    size_t size;
    char output[256]; /* the beginning */
};

static int set_up(void **state) {
    (void)state;
    base = event_base_new();
    return base ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    event_base_free(base);
    libevent_global_shutdown();
    return 0;
}

static void on_ended(int status, const char *output, size_t size, bool cut, void *data) {
    struct told *told = data;
    assert_false(told->ended);
    assert_int_equal(output[size], '\0');
    *told = (struct told){true, cut, status, size, ""};
    (void)snprintf(told->output, sizeof told->output, "%s", output);
}

static const struct child_spec usual = {.stdin_fd = -1, .output_limit = MIB, .seconds = 30, .memory_limit = (size_t)512 * MIB};

static struct child *run_shell(struct child_spec spec, const char *command, struct told *told) {
    const char *const argv[] = {"sh", "-c", command, NULL};
    spec.argv = argv;
    *told = (struct told){0};
    struct child *child = child_run(base, &spec, on_ended, told);
    assert_non_null(child);
    return child;
}

static void wait_for(const struct told *told) {
    while (!told->ended) assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

static struct told shell(struct child_spec spec, const char *command) {
    struct told told;
    (void)run_shell(spec, command, &told);
    wait_for(&told);
    return told;
}

static double now(void) {
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static int open_files(void) {
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory)) count++;
    (void)closedir(directory);
    return count;
}

static void assert_no_children(void) {
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void what_a_helper_says_is_lost(void **state) {
    (void)state;
    struct told told = shell(usual, "echo one; echo hidden >&2; echo two; exit 3");
    assert_int_equal(told.status, 3);
    assert_string_equal(told.output, "one\ntwo\n");
    assert_false(told.cut);
    told = shell(usual, "exit 0");
    assert_int_equal(told.status, 0);
    assert_int_equal(told.size, 0);
    told = shell(usual, "head -c 1000000 /dev/zero | tr '\\0' x");
    assert_int_equal(told.status, 0);
    assert_int_equal(told.size, 1000000);
    assert_no_children();
}

static void a_helper_reads_the_keyboard_instead_of_its_file(void **state) {
    (void)state;
    struct told told = shell(usual, "cat");
    assert_int_equal(told.status, 0);
    assert_int_equal(told.size, 0);
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], "the file", 8), 8);
    (void)close(ends[1]);
    struct child_spec spec = usual;
    spec.stdin_fd = ends[0];
    told = shell(spec, "cat");
    assert_string_equal(told.output, "the file");
    (void)close(ends[0]); /* it is still ours */
    assert_int_equal(shell(usual, "exec </dev/tty").status == 0, false);
}

static void a_helper_that_floods_fills_the_memory(void **state) {
    (void)state;
    struct child_spec spec = usual;
    spec.output_limit = 100000;
    struct told told = shell(spec, "yes");
    assert_int_equal(told.status, CHILD_CUT);
    assert_true(told.cut);
    assert_int_equal(told.size, 100000);
    assert_memory_equal(told.output, "y\ny\n", 4);
    told = shell(spec, "head -c 100000 /dev/zero");
    assert_int_equal(told.status, 0);
    assert_false(told.cut);
    assert_int_equal(told.size, 100000);
    assert_int_equal(shell(spec, "head -c 100001 /dev/zero; sleep 100").status, CHILD_CUT);
    spec.output_limit = 0;
    assert_int_equal(shell(spec, "exit 0").status, 0);
    assert_int_equal(shell(spec, "echo").status, CHILD_CUT);
    assert_no_children();
}

static void a_helper_that_hangs_hangs_for_ever(void **state) {
    (void)state;
    struct child_spec spec = usual;
    spec.seconds = 1;
    double before = now();
    struct told told = shell(spec, "echo begun; trap '' TERM INT HUP; sleep 100");
    assert_int_equal(told.status, CHILD_TIMED_OUT);
    assert_string_equal(told.output, "begun\n");
    assert_true(now() - before < 20);
    /* one that computes, and one that closed its output */
    assert_true(shell(spec, "while :; do :; done").status < 0);
    assert_int_equal(shell(spec, "exec >&-; sleep 100").status, CHILD_TIMED_OUT);
    assert_no_children();
}

/* What it started goes with it, and does not keep us waiting by holding the pipe. */
static void a_helpers_helpers_live_on(void **state) {
    (void)state;
    double before = now();
    struct told told = shell(usual, "sleep 100 & echo $!");
    assert_int_equal(told.status, 0);
    assert_true(now() - before < 20);
    pid_t left = (pid_t)atoi(told.output);
    assert_true(left > 1);
    char path[64], state_line[256] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)left);
    for (before = now(); now() - before < 20;) {
        FILE *file = fopen(path, "re");
        if (!file) return;
        char *line = fgets(state_line, sizeof state_line, file);
        (void)fclose(file);
        if (!line || strstr(state_line, ") Z")) return; /* killed, and not ours to reap */
    }
    fail_msg("still there: %s", state_line);
}

static void a_helper_takes_all_the_memory(void **state) {
    (void)state;
    struct child_spec spec = usual;
    spec.memory_limit = (size_t)64 * MIB;
    /* the shell itself is small; what it reads is not */
    struct told told = shell(spec, "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo ${#x}");
    assert_int_not_equal(told.status, 0);
    assert_int_equal(told.size, 0);
    assert_no_children();
}

static void a_helper_fills_the_disk(void **state) {
    (void)state;
    char path[] = "/tmp/loket-child.XXXXXX", command[128];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)snprintf(command, sizeof command, "exec head -c 5000000 /dev/zero >%s", path);
    assert_int_equal(shell(usual, command).status, CHILD_KILLED);
    assert_int_equal(lseek(fd, 0, SEEK_END), MIB);
    (void)close(fd);
    (void)unlink(path);
}

static void a_program_that_is_not_there_looks_like_one_that_failed(void **state) {
    (void)state;
    const char *const argv[] = {"loket-no-such-program", NULL};
    struct told told = {0};
    struct child_spec spec = usual;
    spec.argv = argv;
    assert_non_null(child_run(base, &spec, on_ended, &told));
    wait_for(&told);
    assert_int_equal(told.status, CHILD_MISSING);
    assert_int_equal(shell(usual, "exit 127").status, 127); /* says so itself */
    assert_no_children();
}

static void a_helper_sees_our_files_and_signals(void **state) {
    (void)state;
    int secret = open("/dev/null", O_RDONLY); /* not close-on-exec, as a library may have it */
    assert_true(secret >= 0);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    struct told told =
        shell(usual, "for f in /proc/self/fd/*; do echo ${f##*/}; done; trap '' USR1; exec grep SigIgn /proc/self/status");
    char own[16];
    (void)snprintf(own, sizeof own, "\n%d\n", secret);
    assert_null(strstr(told.output, own));
    const char *mask = strstr(told.output, "SigIgn:\t");
    assert_non_null(mask);
    unsigned long long ignored = strtoull(mask + 8, NULL, 16); /* 32 and 33 are the C library's: make hands them on ignored */
    assert_int_equal(ignored >> (SIGPIPE - 1) & 1, 0);
    assert_int_equal(ignored >> (SIGUSR1 - 1) & 1, 1);
    (void)signal(SIGPIPE, before);
    (void)close(secret);
}

static void one_helper_takes_anothers_end(void **state) {
    (void)state;
    enum { MANY = 20 };
    struct told told[MANY];
    char command[64];
    pid_t other = fork();
    if (other == 0) _exit(42);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(command, sizeof command, "echo %d; exit %d", i, i);
        (void)run_shell(usual, command, &told[i]);
    }
    for (int i = 0; i < MANY; i++) {
        wait_for(&told[i]);
        assert_int_equal(told[i].status, i);
        assert_int_equal(atoi(told[i].output), i);
    }
    int status;
    assert_int_equal(waitpid(other, &status, 0), other); /* a child of somebody else in this process */
    assert_int_equal(WEXITSTATUS(status), 42);
    assert_no_children();
}

static bool has_children(void) {
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void a_cancelled_helper_answers_a_screen_that_is_gone(void **state) {
    (void)state;
    struct told told;
    child_cancel(run_shell(usual, "sleep 100", &told));
    /* others go on, and the loop reaps it when it is gone */
    for (double before = now(); now() - before < 20 && has_children();) assert_int_equal(shell(usual, "exit 5").status, 5);
    assert_no_children();
    assert_false(told.ended);
}

static void the_printer_is_killed_with_the_client_or_left_as_a_zombie(void **state) {
    (void)state;
    char folder[] = "/tmp/loket-child.XXXXXX", path[64], command[80], said[16] = "";
    int in[2];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/printer", folder);
    (void)snprintf(command, sizeof command, "cat >%s", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    const char *const argv[] = {"sh", "-c", command, NULL}, *const missing[] = {"loket-no-such-program", NULL};
    assert_int_equal(write(in[1], "receipt", 7), 7);
    (void)close(in[1]);
    assert_int_equal(child_detach(argv, in[0]), 0);
    assert_no_children(); /* while it still waits for somebody to read */
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(said, sizeof said, file));
    assert_string_equal(said, "receipt");
    (void)fclose(file);
    assert_int_equal(child_detach(missing, in[0]), ENOENT);
    assert_no_children();
    (void)close(in[0]);
    (void)unlink(path);
    (void)rmdir(folder);
}

static void each_helper_leaves_a_file_open(void **state) {
    (void)state;
    const char *const missing[] = {"loket-no-such-program", NULL};
    (void)shell(usual, "exit 0"); /* the loop's own files, for signals */
    int before = open_files();
    struct child_spec flood = usual;
    flood.output_limit = 10;
    for (int i = 0; i < 20; i++) {
        (void)shell(usual, "echo x");
        (void)shell(flood, "yes");
        (void)child_detach(missing, 0);
    }
    assert_int_equal(open_files(), before);
    assert_no_children();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_helper_says_is_lost),
        cmocka_unit_test(a_helper_reads_the_keyboard_instead_of_its_file),
        cmocka_unit_test(a_helper_that_floods_fills_the_memory),
        cmocka_unit_test(a_helper_that_hangs_hangs_for_ever),
        cmocka_unit_test(a_helpers_helpers_live_on),
        cmocka_unit_test(a_helper_takes_all_the_memory),
        cmocka_unit_test(a_helper_fills_the_disk),
        cmocka_unit_test(a_program_that_is_not_there_looks_like_one_that_failed),
        cmocka_unit_test(a_helper_sees_our_files_and_signals),
        cmocka_unit_test(one_helper_takes_anothers_end),
        cmocka_unit_test(a_cancelled_helper_answers_a_screen_that_is_gone),
        cmocka_unit_test(the_printer_is_killed_with_the_client_or_left_as_a_zombie),
        cmocka_unit_test(each_helper_leaves_a_file_open),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
