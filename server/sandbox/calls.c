/* Which system calls a child may make. One table for all kinds; what is not in it kills the process.
 *
 * A few are answered with an error instead, because libraries try them and go on without: writing files, sockets of the kernel's
 * routing, keyrings, clone3 (whose flags lie in memory, where a filter can't see them; the C library then takes clone). */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <server/sandbox/sandbox.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define W       (1u << CHILD_WORKER)
#define A       (1u << CHILD_AUTH)
#define J       (1u << CHILD_JOB)
#define M       (1u << CHILD_METRICS)
#define ALL     (W | A | J | M)
#define WRITING (O_ACCMODE | O_CREAT | O_TRUNC)
#define CHANGED (PROT_WRITE | PROT_EXEC)

struct call {
    const char *name;
    unsigned who;
    int answer;   /* 0: allowed; else the errno that it is refused with */
    int argument; /* 1 and up: this argument, masked, must be `value`; 0: whatever the arguments are */
    uint64_t mask, value;
};

#define PLAIN(name, who)                                                                                                           \
    { name, who, 0, 0, 0, 0 }
#define REFUSED(name, who, answer)                                                                                                 \
    { name, who, answer, 0, 0, 0 }
#define FLAGS(name, who, n, mask, is)                                                                                              \
    { name, who, 0, n, mask, is }
#define ONLY(name, who, n, is)                                                                                                     \
    { name, who, 0, n, UINT64_MAX, is }

/* clang-format off */
static const struct call calls[] = {
    /* bytes of what is open */
    PLAIN("read", ALL), PLAIN("readv", ALL), PLAIN("pread64", ALL), PLAIN("write", ALL), PLAIN("writev", ALL),
    PLAIN("close", ALL), PLAIN("lseek", ALL), PLAIN("fcntl", ALL), PLAIN("dup", ALL),
    ONLY("ioctl", ALL, 2, FIONREAD), ONLY("ioctl", ALL, 2, FIONBIO), ONLY("ioctl", ALL, 2, TCGETS),
    /* files, to be read: Landlock says which */
    FLAGS("open", ALL, 2, WRITING, 0), FLAGS("openat", ALL, 3, WRITING, 0),
    PLAIN("stat", ALL), PLAIN("fstat", ALL), PLAIN("lstat", ALL), PLAIN("newfstatat", ALL), PLAIN("statx", ALL),
    PLAIN("access", ALL), PLAIN("faccessat", ALL), PLAIN("faccessat2", ALL), PLAIN("readlink", ALL), PLAIN("readlinkat", ALL),
    PLAIN("getdents64", ALL), PLAIN("getcwd", ALL), PLAIN("fadvise64", ALL), PLAIN("statfs", J | M), PLAIN("fstatfs", J),
    /* the file of checkpoints */
    FLAGS("openat", J, 3, O_ACCMODE, O_RDWR), PLAIN("fsync", J), PLAIN("flock", J),
    /* what a library tries and can do without */
    {"openat", ALL, EACCES, 3, O_ACCMODE, O_WRONLY}, {"open", ALL, EACCES, 2, O_ACCMODE, O_WRONLY},
    {"openat", W | A | M, EACCES, 3, O_ACCMODE, O_RDWR}, {"open", ALL, EACCES, 2, O_ACCMODE, O_RDWR},
    REFUSED("mkdir", ALL, EACCES), REFUSED("unlink", ALL, EACCES), REFUSED("rename", ALL, EACCES), REFUSED("link", ALL, EACCES),
    REFUSED("chmod", ALL, EACCES), REFUSED("utimensat", ALL, EACCES), REFUSED("keyctl", ALL, ENOSYS), REFUSED("add_key", ALL, ENOSYS),
    REFUSED("clone3", ALL, ENOSYS),
    /* memory: nothing is ever both written and executed */
    FLAGS("mmap", ALL, 3, CHANGED, 0), FLAGS("mmap", ALL, 3, CHANGED, PROT_WRITE), FLAGS("mmap", ALL, 3, CHANGED, PROT_EXEC),
    FLAGS("mprotect", ALL, 3, CHANGED, 0), FLAGS("mprotect", ALL, 3, CHANGED, PROT_WRITE), FLAGS("mprotect", ALL, 3, CHANGED, PROT_EXEC),
    PLAIN("munmap", ALL), PLAIN("mremap", ALL), PLAIN("madvise", ALL), PLAIN("brk", ALL), PLAIN("mlock", ALL), PLAIN("munlock", ALL),
    /* waiting, signals, the clock */
    PLAIN("epoll_create1", ALL), PLAIN("epoll_ctl", ALL), PLAIN("epoll_wait", ALL), PLAIN("epoll_pwait", ALL), PLAIN("epoll_pwait2", ALL),
    PLAIN("poll", ALL), PLAIN("ppoll", ALL), PLAIN("select", ALL), PLAIN("pselect6", ALL), PLAIN("eventfd2", ALL), PLAIN("pipe2", ALL),
    PLAIN("rt_sigaction", ALL), PLAIN("rt_sigprocmask", ALL), PLAIN("rt_sigreturn", ALL), PLAIN("sigaltstack", ALL),
    PLAIN("restart_syscall", ALL), PLAIN("nanosleep", ALL), PLAIN("clock_nanosleep", ALL), PLAIN("clock_gettime", ALL),
    PLAIN("clock_getres", ALL), PLAIN("gettimeofday", ALL), PLAIN("time", ALL), PLAIN("getrandom", ALL),
    /* itself */
    PLAIN("getpid", ALL), PLAIN("getppid", ALL), PLAIN("gettid", ALL), PLAIN("getuid", ALL), PLAIN("geteuid", ALL), PLAIN("getgid", ALL),
    PLAIN("getegid", ALL), PLAIN("getresuid", ALL), PLAIN("getresgid", ALL), PLAIN("uname", ALL), PLAIN("sysinfo", ALL),
    PLAIN("getrlimit", ALL), PLAIN("sched_yield", ALL), PLAIN("sched_getaffinity", ALL), PLAIN("futex", ALL), PLAIN("rseq", ALL),
    PLAIN("set_robust_list", ALL), PLAIN("exit", ALL), PLAIN("exit_group", ALL),
    /* threads of its own (a name is looked up in one, fonts in another), never another process */
    FLAGS("clone", J, 1, CLONE_THREAD, CLONE_THREAD), PLAIN("membarrier", J), ONLY("prctl", J, 1, PR_SET_NAME),
    /* sockets: the database, the auth process, mail, time stamps; clients for who serves them */
    ONLY("socket", ALL, 1, AF_UNIX), ONLY("socket", ALL, 1, AF_INET), ONLY("socket", ALL, 1, AF_INET6),
    {"socket", ALL, EAFNOSUPPORT, 1, UINT64_MAX, AF_NETLINK},
    ONLY("socketpair", ALL, 1, AF_UNIX),
    PLAIN("connect", ALL), PLAIN("accept4", W | A | M), PLAIN("shutdown", ALL), PLAIN("getsockname", ALL), PLAIN("getpeername", ALL),
    PLAIN("getsockopt", ALL), PLAIN("setsockopt", ALL), PLAIN("sendto", ALL), PLAIN("sendmsg", ALL), PLAIN("sendmmsg", ALL),
    PLAIN("recvfrom", ALL), PLAIN("recvmsg", ALL), PLAIN("recvmmsg", ALL), PLAIN("sendfile", W),
#if SANDBOX_SANITIZED
    /* The leak checker stops the process from a second one at its end and looks into it. A build for tests alone. */
    PLAIN("clone", W | A | M), FLAGS("clone", J, 1, CLONE_THREAD, 0), PLAIN("ptrace", ALL), PLAIN("wait4", ALL), PLAIN("prctl", ALL), PLAIN("kill", ALL),
    PLAIN("tgkill", ALL), PLAIN("process_vm_readv", ALL), PLAIN("getdents", ALL), PLAIN("personality", ALL), PLAIN("tkill", ALL),
#endif
};
/* clang-format on */

static bool call_add(scmp_filter_ctx filter, const struct call *call) {
    uint32_t action = call->answer ? SCMP_ACT_ERRNO((uint32_t)call->answer) : SCMP_ACT_ALLOW;
    int number = seccomp_syscall_resolve_name(call->name);
    if (number == __NR_SCMP_ERROR) return true; /* this kind of machine has no such call */
    if (!call->argument) return seccomp_rule_add_array(filter, action, number, 0, NULL) == 0;
    /* flags and families are `int`: what lies above them is not theirs */
    struct scmp_arg_cmp is = {(unsigned)call->argument - 1, SCMP_CMP_MASKED_EQ, call->mask & UINT32_MAX, call->value};
    return seccomp_rule_add_array(filter, action, number, 1, &is) == 0;
}

/* abort() is for itself alone. */
static bool own_signals(scmp_filter_ctx filter) {
    if (SANDBOX_SANITIZED) return true;
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid())) == 0;
}

bool sandbox_calls(enum child_kind kind, enum sandbox_mode mode) {
    bool enforced = mode == SANDBOX_ENFORCE;
    scmp_filter_ctx filter = seccomp_init(enforced ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_LOG);
    if (!filter) {
        errno = ENOMEM;
        return false;
    }
    bool good = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 && own_signals(filter);
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree and not a chain; older libraries have none */
    for (size_t i = 0; i < sizeof calls / sizeof calls[0] && good; i++)
        if (calls[i].who & 1u << kind && (enforced || !calls[i].answer)) good = call_add(filter, &calls[i]);
    int result = good ? seccomp_load(filter) : -EINVAL;
    seccomp_release(filter);
    errno = -result;
    return result == 0;
}
