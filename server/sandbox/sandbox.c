/* The order of giving up, and capabilities. */
#include <errno.h>
#include <linux/capability.h>
#include <server/log.h>
#include <server/sandbox/sandbox.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAPABILITIES_AT_MOST 64

enum sandbox_mode sandbox_mode(const char *word) {
    static const char *const words[] = {"enforce", "log", "off"};
    for (int i = 0; i < SANDBOX_MISSPELT; i++)
        if (strcmp(word, words[i]) == 0) return (enum sandbox_mode)i;
    return SANDBOX_MISSPELT;
}

/* Root without capabilities is an account like any other that happens to own many files. */
static bool capabilities_drop(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    /* Whoever may not drop them from the bounding set has none to lose; and nothing is executed any more. */
    for (int i = 0; i < CAPABILITIES_AT_MOST; i++) (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return syscall(SYS_capset, &header, none) == 0;
}

static bool failed(const char *what) {
    log_error("the child can't be shut in", "what", what, "why", strerror(errno));
    return false;
}

bool sandbox_enter(enum child_kind kind, const struct config *config) {
    static const char *const found[] = {"failed", "not in this kernel", "yes"};
    enum sandbox_mode mode = sandbox_mode(config->seccomp);
    int paths = 0;
    if (mode == SANDBOX_MISSPELT) {
        log_error("Write enforce, log or off", "setting", "server.seccomp", "value", config->seccomp);
        return false;
    }
    if (!capabilities_drop()) return failed("capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no new privileges");
    /* Nobody of the same account looks into the memory, where passwords pass. The leak checker must. */
    if (!SANDBOX_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("memory");
    if (mode == SANDBOX_ENFORCE && (paths = sandbox_paths(kind, config)) < 0) return failed("files (Landlock)");
    if (mode != SANDBOX_OFF && !sandbox_calls(kind, mode)) return failed("system calls (seccomp)");
    log_info("shut in", "seccomp", config->seccomp, "landlock", mode == SANDBOX_ENFORCE ? found[paths + 1] : "no");
    return true;
}
