/* Which files a child may open (Landlock). The worker and the auth process write none; the job only the folder of checkpoints.
 *
 * A file is known by what it was when the child began: one that is replaced later (/etc/hosts) is seen after a reload. */
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <linux/landlock.h>
#include <server/sandbox/sandbox.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRUNCATE   (1ull << 14) /* of version 3: younger than Debian's headers */
#define READ_FILE  LANDLOCK_ACCESS_FS_READ_FILE
#define READ       (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define READ_WRITE (READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)
#define VERSION_1  ((1ull << 13) - 1)
#define EVERY      ((1u << CHILD_KINDS) - 1)

/* What names, time zones, certificates and late libraries need, and the fonts of the documents. Nothing of /etc as a whole: the
 * office's keys are there. */
static const struct {
    const char *path;
    unsigned who; /* bits of child_kind */
} places[] = {
    {"/etc/resolv.conf", EVERY},
    {"/run/systemd/resolve", EVERY},
    {"/etc/hosts", EVERY},
    {"/etc/host.conf", EVERY},
    {"/etc/nsswitch.conf", EVERY},
    {"/etc/gai.conf", EVERY},
    {"/etc/services", EVERY},
    {"/etc/passwd", EVERY},
    {"/etc/group", EVERY},
    {"/etc/localtime", EVERY},
    {"/etc/krb5.conf", EVERY},
    {"/etc/ld.so.cache", EVERY},
    {"/etc/ssl/openssl.cnf", EVERY},
    {"/etc/ssl/certs", EVERY},
    {"/usr", EVERY},
    {"/lib", EVERY},
    {"/lib64", EVERY},
    {"/dev/null", EVERY},
    {"/dev/urandom", EVERY},
    {"/sys/devices/system/cpu", EVERY},
    {"/proc/sys", EVERY},
    {"/etc/fonts", 1u << CHILD_JOB},
    {"/var/cache/fontconfig", 1u << CHILD_JOB},
#if SANDBOX_SANITIZED
    {"/proc", EVERY}, /* the leak checker reads what is mapped */
#endif
};

static bool allow(int ruleset, const char *path, uint64_t access) {
    struct stat about;
    if (!path || !*path) return true;
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0) return true; /* what is not there needs no permission */
    bool good = fstat(rule.parent_fd, &about) == 0;
    if (good && !S_ISDIR(about.st_mode)) rule.allowed_access &= READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
    good = good && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    (void)close(rule.parent_fd);
    return good;
}

static bool allow_at_home(int ruleset, const char *name) {
    char path[512];
    const char *home = getenv("HOME");
    if (!home || snprintf(path, sizeof path, "%s/%s", home, name) >= (int)sizeof path) return true;
    return allow(ruleset, path, READ);
}

/* The folder of a file, which is made anew and synced there. */
static bool allow_folder(int ruleset, const char *file) {
    char *folder = strdup(file), *slash = folder ? strrchr(folder, '/') : NULL;
    if (!folder) return false;
    if (slash) slash[slash == folder] = '\0';
    bool good = !*file || allow(ruleset, slash ? folder : ".", READ_WRITE);
    free(folder);
    return good;
}

/* The files that a connection string names: libpq reads them again at each connection. */
static bool allow_connection(int ruleset, const char *conninfo) {
    static const char *const names[] = {"sslcert", "sslkey", "sslrootcert", "sslcrl", "sslcrldir", "passfile"};
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    bool good = allow_at_home(ruleset, ".postgresql") && allow_at_home(ruleset, ".pgpass");
    for (PQconninfoOption *option = options; option && option->keyword; option++)
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (good && option->val && strcmp(option->keyword, names[i]) == 0) good = allow(ruleset, option->val, READ);
    PQconninfoFree(options);
    return good;
}

static bool allow_own(int ruleset, enum child_kind kind, const struct config *config) {
    const char *const connections[CHILD_KINDS] = {config->database_worker, config->database_auth, config->database_job};
    if (kind == CHILD_METRICS) return true;
    if (!allow_connection(ruleset, connections[kind])) return false;
    /* a key that was made since is read when something sealed by it comes */
    if (kind != CHILD_AUTH && !allow(ruleset, config->privacy_keys, READ)) return false;
    if (kind != CHILD_JOB) return true;
    return allow(ruleset, config->signature_trust, READ) && allow(ruleset, config->timestamp_trust, READ) &&
           allow(ruleset, config->audit_key, READ) && allow_folder(ruleset, config->audit_checkpoints) &&
           allow_at_home(ruleset, ".fonts") && allow_at_home(ruleset, ".local/share/fonts");
}

int sandbox_paths(enum child_kind kind, const struct config *config) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 0) return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
    struct landlock_ruleset_attr handled = {.handled_access_fs = VERSION_1};
    if (version >= 2) handled.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3) handled.handled_access_fs |= TRUNCATE;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (ruleset < 0) return -1;
    bool good = true;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && good; i++)
        if (places[i].who & 1u << kind) good = allow(ruleset, places[i].path, READ);
    good = good && allow_own(ruleset, kind, config) && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    int why = errno;
    (void)close(ruleset);
    errno = why;
    return good ? 1 : -1;
}
