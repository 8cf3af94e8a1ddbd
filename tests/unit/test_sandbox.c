/* A child that was taken over: what it tries, once shut in. Each attempt is in a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <server/log.h>
#include <server/sandbox/sandbox.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/loket-sandbox.XXXXXX";
static char secret[64], checkpoints[80], trust[64], elsewhere[64];
static struct config config;

/* What one attempt came to: killed by this signal, or an errno, or 0 when it was done. */
struct end {
    int signal, error;
};

static struct end attempt(enum child_kind kind, const char *mode, int (*what)(void)) {
    int status = 0;
    char word[16];
    (void)snprintf(word, sizeof word, "%s", mode);
    config.seccomp = word;
    pid_t pid = fork();
    if (pid == 0) {
        (void)log_setup("test", "error");
        if (!sandbox_enter(kind, &config)) _exit(255);
        errno = 0;
        _exit(what() == -1 ? errno : 0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) return (struct end){WTERMSIG(status), 0};
    assert_int_not_equal(WEXITSTATUS(status), 255);
    return (struct end){0, WEXITSTATUS(status)};
}

static int start_a_program(void) {
    char *const arguments[] = {(char[]){"true"}, NULL};
    return execve("/bin/true", arguments, arguments + 1);
}
static int start_a_process(void) {
    return fork();
}
static int trace(void) {
    return (int)ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
}
static int read_another_memory(void) {
    char byte;
    struct iovec mine = {&byte, 1}, theirs = {(void *)(uintptr_t)folder, 1};
    return (int)process_vm_readv(getppid(), &mine, 1, &theirs, 1, 0);
}
static int listen_to_the_wire(void) {
    return socket(AF_PACKET, SOCK_RAW, 0);
}
static int talk_to_bluetooth(void) {
    return socket(AF_BLUETOOTH, SOCK_STREAM, 0);
}
static int become_root(void) {
    return (int)syscall(SYS_setuid, 0);
}
static int make_a_namespace(void) {
    return (int)syscall(SYS_unshare, 0x10000000 /* users */);
}
static int mount_something(void) {
    return (int)syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, "");
}
static int load_a_kernel_program(void) {
    return (int)syscall(SYS_bpf, 0, NULL, 0);
}
static int signal_the_master(void) {
    return kill(getppid(), SIGCONT);
}
static int write_code(void) {
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}
static int bind_a_port(void) {
    struct sockaddr address = {.sa_family = AF_INET};
    return bind(socket(AF_INET, SOCK_STREAM, 0), &address, sizeof address);
}

static const struct {
    const char *name;
    int (*what)(void);
    bool in_tests; /* what the leak checker does itself: allowed in a build of tests */
} forbidden[] = {
    {"start a program", start_a_program, false},
    {"start a process", start_a_process, true},
    {"trace", trace, true},
    {"read another's memory", read_another_memory, true},
    {"listen to the wire", listen_to_the_wire, false},
    {"a socket of another family", talk_to_bluetooth, false},
    {"become root", become_root, false},
    {"make a namespace", make_a_namespace, false},
    {"mount", mount_something, false},
    {"load a program into the kernel", load_a_kernel_program, false},
    {"signal the master", signal_the_master, true},
    {"write code and run it", write_code, false},
    {"listen on a port", bind_a_port, false},
};

static void a_child_that_was_taken_over_starts_programs_or_looks_into_others(void **state) {
    (void)state;
    for (int kind = 0; kind < CHILD_KINDS; kind++)
        for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
            if (SANDBOX_SANITIZED && forbidden[i].in_tests) continue;
            struct end end = attempt((enum child_kind)kind, "enforce", forbidden[i].what);
            if (end.signal != SIGSYS)
                fail_msg("kind %d may %s: signal %d, errno %d", kind, forbidden[i].name, end.signal, end.error);
        }
}

static int open_to_read(const char *path) {
    return open(path, O_RDONLY | O_CLOEXEC);
}
static int read_secret(void) {
    return open_to_read(secret);
}
static int read_trust(void) {
    return open_to_read(trust);
}
static int read_checkpoints(void) {
    return open_to_read(checkpoints);
}
static int list_root(void) {
    return open("/", O_RDONLY | O_DIRECTORY);
}
static int read_shadow(void) {
    return open_to_read("/etc/shadow");
}
static int read_hosts(void) {
    return open_to_read("/etc/hosts");
}
static int add_checkpoint(void) {
    return open(checkpoints, O_RDWR | O_APPEND | O_CLOEXEC);
}
static int make_checkpoints(void) {
    return open(checkpoints, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}
static int write_elsewhere(void) {
    return open(elsewhere, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}
static int write_only_elsewhere(void) {
    return open(elsewhere, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}
static int delete_secret(void) {
    return unlink(secret);
}

static const struct {
    int (*what)(void);
    int error[CHILD_KINDS]; /* worker, auth, job, metrics */
} files[] = {
    {read_hosts, {0, 0, 0, 0}},
    {read_secret, {EACCES, EACCES, EACCES, EACCES}},
    {read_shadow, {EACCES, EACCES, EACCES, EACCES}},
    {list_root, {EACCES, EACCES, EACCES, EACCES}},
    {read_trust, {EACCES, EACCES, 0, EACCES}},
    {read_checkpoints, {EACCES, EACCES, 0, EACCES}},
    {add_checkpoint, {EACCES, EACCES, 0, EACCES}},
    {write_elsewhere, {EACCES, EACCES, EACCES, EACCES}},
    {write_only_elsewhere, {EACCES, EACCES, EACCES, EACCES}},
    {delete_secret, {EACCES, EACCES, EACCES, EACCES}},
};

static bool has_landlock(void) {
    return syscall(SYS_landlock_create_ruleset, NULL, 0, 1u) > 0;
}

static void a_worker_reads_the_office_s_keys_or_anything_is_written_anywhere(void **state) {
    (void)state;
    if (!has_landlock()) {
        print_message("this kernel has no Landlock\n");
        skip();
    }
    for (int kind = 0; kind < CHILD_KINDS; kind++)
        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
            struct end end = attempt((enum child_kind)kind, "enforce", files[i].what);
            if (end.signal || end.error != files[i].error[kind])
                fail_msg("kind %d, file %zu: signal %d, errno %d", kind, i, end.signal, end.error);
        }
}

static void the_job_can_t_begin_its_file_of_checkpoints(void **state) {
    (void)state;
    assert_int_equal(unlink(checkpoints), 0);
    assert_int_equal(attempt(CHILD_JOB, "enforce", make_checkpoints).error, 0);
    assert_int_equal(access(checkpoints, F_OK), 0);
}

static int given_up(void) {
    char line[128];
    unsigned long capabilities = 1;
    FILE *file = fopen("/proc/thread-self/status", "re");
    while (file && fgets(line, sizeof line, file)) (void)sscanf(line, "CapEff: %lx", &capabilities);
    if (file) (void)fclose(file);
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && capabilities == 0 ? 0 : 99;
}
static int exit_code_of(int (*what)(void), const char *mode) {
    int status = 0;
    char word[16];
    (void)snprintf(word, sizeof word, "%s", mode);
    config.seccomp = word;
    pid_t pid = fork();
    if (pid == 0) _exit(sandbox_enter(CHILD_WORKER, &config) ? what() : 255);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static void privileges_are_kept_where_the_filter_is_off_or_only_logs(void **state) {
    (void)state;
    assert_int_equal(exit_code_of(given_up, "off"), 0);
    assert_int_equal(exit_code_of(given_up, "log"), 0);
    assert_int_equal(attempt(CHILD_WORKER, "log", talk_to_bluetooth).signal, 0);
    assert_int_equal(attempt(CHILD_WORKER, "off", signal_the_master).signal, 0);
}

static void a_misspelt_mode_lets_the_child_serve_without_a_filter(void **state) {
    (void)state;
    (void)log_setup("test", "error");
    assert_int_equal(exit_code_of(given_up, "enforced"), 255);
    assert_int_equal(sandbox_mode("enforce"), SANDBOX_ENFORCE);
}

static void touch(const char *path) {
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
}

static int set_up(void **state) {
    (void)state;
    char other[64];
    if (!mkdtemp(folder)) return -1;
    (void)snprintf(other, sizeof other, "%s/checkpoints", folder);
    if (mkdir(other, 0700) != 0) return -1;
    (void)snprintf(secret, sizeof secret, "%s/auth.key", folder);
    (void)snprintf(trust, sizeof trust, "%s/trust.pem", folder);
    (void)snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", folder);
    (void)snprintf(checkpoints, sizeof checkpoints, "%s/file", other);
    touch(secret);
    touch(trust);
    touch(checkpoints);
    struct error problem;
    if (config_read(&config, NULL, NULL, 0, &problem) != LOKET_OK) return -1;
    free(config.seccomp);
    free(config.audit_checkpoints);
    free(config.signature_trust);
    free(config.secret_key);
    config.audit_checkpoints = checkpoints;
    config.signature_trust = trust;
    config.secret_key = secret;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char other[64];
    config.seccomp = config.audit_checkpoints = config.signature_trust = config.secret_key = NULL;
    config_free(&config);
    (void)snprintf(other, sizeof other, "%s/checkpoints", folder);
    (void)unlink(checkpoints);
    (void)unlink(secret);
    (void)unlink(trust);
    (void)unlink(elsewhere);
    (void)rmdir(other);
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_that_was_taken_over_starts_programs_or_looks_into_others),
        cmocka_unit_test(a_worker_reads_the_office_s_keys_or_anything_is_written_anywhere),
        cmocka_unit_test(the_job_can_t_begin_its_file_of_checkpoints),
        cmocka_unit_test(privileges_are_kept_where_the_filter_is_off_or_only_logs),
        cmocka_unit_test(a_misspelt_mode_lets_the_child_serve_without_a_filter),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
