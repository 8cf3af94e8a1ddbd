/* `loketd backup` and `loketd restore`: PostgreSQL's own base backup and archive of WAL, with what else an office needs to go on.
 *
 *   FOLDER/base          pg_basebackup's copy, with its manifest
 *   FOLDER/loket/        the configuration, the file of checkpoints and the public key; private keys are never in a backup
 *   FOLDER/about         written last: a backup without it is not whole
 *
 * The WAL stays where archive_command puts it ([backup] wal): from it and a base backup any later moment can be had. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <loket/version.h>
#include <server/command.h>
#include <server/owner.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define PATH_BYTES      4096
#define ARCHIVE_SECONDS 60
#define ABOUT           "loket-backup/1"

static int say(int code, const char *what, const char *detail) {
    (void)fprintf(stderr, "loketd: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
    return code;
}

static bool path_make(char path[PATH_BYTES], const char *folder, const char *name) {
    int length = snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    if (length > 0 && length < PATH_BYTES) return true;
    (void)say(0, "this path is too long", folder);
    return false;
}

/* Runs a program with our terminal; no shell sees the arguments. False after saying why. */
static bool run(const char *const *arguments) {
    pid_t child;
    int status = 0, failed = posix_spawnp(&child, arguments[0], NULL, NULL, (char *const *)(uintptr_t)arguments, environ);
    if (failed) {
        (void)say(0, arguments[0], strerror(failed));
        return false;
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    (void)say(0, "failed", arguments[0]);
    return false;
}

static bool program_path(const struct config *config, const char *name, char path[PATH_BYTES]) {
    if (!path_make(path, config->backup_programs, name)) return false;
    if (access(path, X_OK) == 0) return true;
    (void)say(0, "PostgreSQL's programs are not in [backup] programs", path);
    return false;
}

static bool is_absolute_folder(const char *path) {
    struct stat about;
    return path[0] == '/' && stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* ------------------------------------------------------------------------------------------------ backup */

/* One text that a query answers with, "" when it fails. */
static void ask(PGconn *db, const char *sql, char *text, size_t size) {
    PGresult *result = owner_query(db, sql, 0, NULL);
    (void)snprintf(text, size, "%s", result && PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
}

/* Is there an archive, so that a moment after the backup can be had again? What is missing is said. */
static bool archive_check(const struct config *config, PGconn *db) {
    char text[200];
    ask(db, "select current_setting('archive_mode')", text, sizeof text);
    if (strcmp(text, "on") != 0 && strcmp(text, "always") != 0) {
        (void)say(0,
                  "PostgreSQL does not archive its WAL (archive_mode), so only the moment of the backup itself could be restored",
                  "set archive_mode = on and archive_command, see README.md");
        return false;
    }
    ask(db, "select current_setting('archive_command') || coalesce(current_setting('archive_library', true), '')", text,
        sizeof text);
    if (!*text || strcmp(text, "(disabled)") == 0) {
        (void)say(0, "PostgreSQL has nowhere to archive its WAL to", "set archive_command");
        return false;
    }
    if (!is_absolute_folder(config->backup_wal)) {
        (void)say(0, "[backup] wal has to be the folder that archive_command copies to", config->backup_wal);
        return false;
    }
    ask(db, "select count(*) from pg_tablespace where spcname not in ('pg_default', 'pg_global')", text, sizeof text);
    if (strcmp(text, "0") != 0) {
        (void)say(0, "this database has tablespaces of its own, which loketd does not back up", NULL);
        return false;
    }
    return true;
}

/* The segment that is written now is closed, and has to come to the archive: an archive_command that does nothing shows here. */
static bool archive_arrives(const struct config *config, PGconn *db) {
    char segment[64], path[PATH_BYTES];
    struct timespec tick = {0, 100000000};
    ask(db, "select pg_walfile_name(pg_switch_wal())", segment, sizeof segment);
    if (!*segment || !path_make(path, config->backup_wal, segment)) return false;
    for (int i = 0; i < ARCHIVE_SECONDS * 10; i++) {
        if (access(path, R_OK) == 0) return true;
        (void)nanosleep(&tick, NULL);
    }
    (void)say(0, "a segment of WAL does not come to [backup] wal: see PostgreSQL's log for archive_command", path);
    return false;
}

/* Copies a file into the folder, for its owner alone. */
static bool keep_file(const char *path, const char *folder, const char *name) {
    char target[PATH_BYTES];
    if (!path_make(target, folder, name)) return false;
    return run((const char *const[]){"cp", "--", path, target, NULL}) && chmod(target, 0600) == 0;
}

static bool keep_files(const struct config *config, const char *folder) {
    char own[PATH_BYTES], public[PATH_BYTES];
    if (!path_make(own, folder, "loket") || mkdir(own, 0700) != 0) return false;
    if (config->file && !keep_file(config->file, own, "loketd.ini")) return false;
    if (*config->audit_checkpoints && access(config->audit_checkpoints, F_OK) == 0 &&
        !keep_file(config->audit_checkpoints, own, "checkpoints"))
        return false;
    if (!*config->audit_key) return true;
    int length = snprintf(public, sizeof public, "%s.pub", config->audit_key);
    return length > 0 && (size_t)length < sizeof public && keep_file(public, own, "audit-key.pub");
}

static bool about_write(const struct config *config, const char *folder) {
    char path[PATH_BYTES];
    if (!path_make(path, folder, "about")) return false;
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *out = file >= 0 ? fdopen(file, "w") : NULL;
    if (!out) {
        if (file >= 0) close(file);
        return false;
    }
    bool good = fprintf(out, ABOUT " %s\nended %lld\nwal %s\n", LOKET_VERSION, (long long)time(NULL), config->backup_wal) > 0;
    good = fflush(out) == 0 && fsync(fileno(out)) == 0 && good;
    return fclose(out) == 0 && good;
}

static int backup(const struct config *config, PGconn *db, const char *folder) {
    char program[PATH_BYTES], verify[PATH_BYTES], base[PATH_BYTES];
    if (!archive_check(config, db)) return EX_CONFIG;
    if (!program_path(config, "pg_basebackup", program) || !program_path(config, "pg_verifybackup", verify)) return EX_CONFIG;
    if (mkdir(folder, 0700) != 0) return say(EX_CANTCREAT, folder, strerror(errno));
    if (!path_make(base, folder, "base")) return EX_CANTCREAT;
    if (!run((const char *const[]){program, "-d", config->database_owner, "-D", base, "--format=plain", "--wal-method=stream",
                                   "--checkpoint=fast", "--manifest-checksums=SHA256", "--no-password", NULL}) ||
        !run((const char *const[]){verify, "--quiet", base, NULL}))
        return EX_UNAVAILABLE;
    if (!archive_arrives(config, db)) return EX_UNAVAILABLE;
    if (!keep_files(config, folder) || !about_write(config, folder))
        return say(EX_CANTCREAT, folder, "the backup could not be ended");
    printf("%s: base backup, configuration%s; WAL in %s\n", folder, *config->audit_checkpoints ? " and checkpoints" : "",
           config->backup_wal);
    return EX_OK;
}

int backup_main(struct config *config, int argc, char **argv) {
    if (argc != 2) return say(EX_USAGE, "usage: loketd backup FOLDER", NULL);
    PGconn *db = owner_connect(config);
    int code = db ? backup(config, db, argv[1]) : EX_UNAVAILABLE;
    PQfinish(db);
    return code;
}

/* ------------------------------------------------------------------------------------------------ restore */

struct restore {
    const char *folder, *target, *until;
    char wal[PATH_BYTES], point[40]; /* where the WAL is; when to stop, in UTC, "" at its end */
    long long ended;
};

static bool about_read(struct restore *restore) {
    char path[PATH_BYTES], version[40];
    FILE *file = path_make(path, restore->folder, "about") ? fopen(path, "re") : NULL;
    bool good = file && fscanf(file, ABOUT " %39s\nended %lld\nwal %4095[^\n]", version, &restore->ended, restore->wal) == 3;
    if (file) (void)fclose(file);
    if (!good) (void)say(0, "this is no whole backup of loketd", restore->folder);
    return good;
}

/* "2026-11-24 10:15" or with seconds, in this machine's time zone. */
static bool until_read(struct restore *restore) {
    struct tm local = {.tm_isdst = -1}, utc;
    time_t at;
    if (!restore->until) return true;
    const char *end = strptime(restore->until, "%Y-%m-%d %H:%M", &local);
    if (end && *end == ':') end = strptime(end, ":%S", &local);
    if (!end || *end || (at = mktime(&local)) == (time_t)-1) {
        (void)say(0, "--until is a moment like \"2026-11-24 10:15\", with seconds if need be", restore->until);
        return false;
    }
    if (at < restore->ended) {
        (void)say(0, "this backup was taken after that moment: take an older one", restore->until);
        return false;
    }
    return gmtime_r(&at, &utc) && strftime(restore->point, sizeof restore->point, "%Y-%m-%d %H:%M:%S+00", &utc) > 0;
}

/* The folder must be new: a cluster that is there is never touched. */
static bool target_free(const char *target) {
    if (access(target, F_OK) != 0 && errno == ENOENT) return true;
    (void)say(0, "this is there already; restore into a new folder", target);
    return false;
}

/* A text in a configuration file of PostgreSQL: its quotes doubled. */
static void put_quoted(FILE *out, const char *text) {
    for (const char *p = text; *p; p++) {
        if (*p == '\'') (void)fputc('\'', out);
        (void)fputc(*p, out);
    }
}

/* What PostgreSQL does at its next start: recover from the archive, stop at the moment, and go on from there. It does not
 * archive: a rehearsal must not write into the archive of the office. */
static bool recovery_write(const struct restore *restore) {
    char path[PATH_BYTES];
    FILE *out;
    if (!path_make(path, restore->target, "postgresql.auto.conf") || !(out = fopen(path, "ae"))) return false;
    (void)fputs("\n# written by loketd restore\narchive_mode = off\nrestore_command = 'cp -- \"", out);
    put_quoted(out, restore->wal);
    (void)fputs("/%f\" \"%p\"'\nrecovery_target_timeline = 'latest'\n", out);
    if (*restore->point) (void)fprintf(out, "recovery_target_time = '%s'\nrecovery_target_action = 'promote'\n", restore->point);
    bool good = !ferror(out) && fflush(out) == 0 && fsync(fileno(out)) == 0;
    if (fclose(out) != 0 || !good || !path_make(path, restore->target, "recovery.signal")) return false;
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    good = file >= 0 && fsync(file) == 0;
    if (file >= 0) close(file);
    return good;
}

static int restore_run(const struct config *config, struct restore *restore) {
    char verify[PATH_BYTES], base[PATH_BYTES];
    if (!about_read(restore) || !until_read(restore)) return EX_DATAERR;
    if (!is_absolute_folder(restore->wal) || strpbrk(restore->wal, "\"\\$`%"))
        return say(EX_NOINPUT, "the archive of WAL is not where it was", restore->wal);
    if (!target_free(restore->target)) return EX_CANTCREAT;
    if (!program_path(config, "pg_verifybackup", verify) || !path_make(base, restore->folder, "base")) return EX_CONFIG;
    if (!run((const char *const[]){verify, "--quiet", base, NULL})) return say(EX_DATAERR, "the backup is damaged", base);
    if (!run((const char *const[]){"cp", "-a", "--", base, restore->target, NULL}) || chmod(restore->target, 0700) != 0 ||
        !recovery_write(restore))
        return say(EX_CANTCREAT, restore->target, "could not be written");
    printf("%s: ready to be started by PostgreSQL, as its user; it then recovers%s%s\n"
           "then: loketd audit checkpoints >FILE ([audit] checkpoints), loketd audit verify;"
           " the configuration of then is in %s/loket\n"
           "the keys of [privacy] keys are in no backup: bring them from where they are kept, then loketd keys list\n"
           "archiving is off there (postgresql.auto.conf): switch it on when the office goes on with it\n",
           restore->target, *restore->point ? " until " : " all that was archived", restore->point, restore->folder);
    return EX_OK;
}

int restore_main(struct config *config, int argc, char **argv) {
    static const struct option options[] = {
        {"to", required_argument, NULL, 't'}, {"until", required_argument, NULL, 'u'}, {NULL, 0, NULL, 0}};
    struct restore restore = {.folder = NULL};
    bool good = true;
    optind = 0;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 't') restore.target = optarg;
        else if (option == 'u') restore.until = optarg;
        else good = false;
    }
    if (!good || optind != argc - 1 || !restore.target)
        return say(EX_USAGE, "usage: loketd restore FOLDER --to DATA [--until \"2026-11-24 10:15\"]", NULL);
    restore.folder = argv[optind];
    return restore_run(config, &restore);
}
