/* The configuration. One table of keys: the file, the environment and --set all go through it. */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <server/config.h>
#include <server/db/hosts.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, COUNT };

static const struct key {
    const char *section, *name;
    enum kind kind;
    size_t offset;
    const char *standard;
    int least, most;
} keys[] = {
#define TEXT_KEY(section, name, member, standard)                                                                                  \
    { section, name, TEXT, offsetof(struct config, member), standard, 0, 0 }
#define COUNT_KEY(section, name, member, standard, least, most)                                                                    \
    { section, name, COUNT, offsetof(struct config, member), standard, least, most }
    TEXT_KEY("server", "listen", listen, "127.0.0.1:7443"),
    COUNT_KEY("server", "workers", workers, "2", 1, 64),
    COUNT_KEY("server", "auths", auths, "1", 1, 8),
    COUNT_KEY("server", "jobs", jobs, "1", 1, 8),
    COUNT_KEY("server", "clients", clients_in_all, "10000", 1, 1000000),
    COUNT_KEY("server", "clients_per_address", clients_per_address, "1000", 1, 1000000),
    TEXT_KEY("server", "certificate", certificate, ""),
    TEXT_KEY("server", "key", key, ""),
    TEXT_KEY("server", "client_ca", client_ca, ""),
    TEXT_KEY("server", "client_crl", client_crl, ""),
    TEXT_KEY("server", "client_certificates", client_certificates, "none"),
    TEXT_KEY("server", "run_dir", run_dir, "/run/loket"),
    TEXT_KEY("server", "pid_file", pid_file, ""),
    TEXT_KEY("server", "seccomp", seccomp, "enforce"),
    COUNT_KEY("limits", "handshake_seconds", handshake_seconds, "10", 1, 3600),
    COUNT_KEY("limits", "login_seconds", login_seconds, "120", 1, 3600),
    COUNT_KEY("limits", "frame_seconds", frame_seconds, "60", 1, 3600),
    COUNT_KEY("limits", "idle_seconds", idle_seconds, "300", 1, 86400),
    COUNT_KEY("limits", "unread_seconds", unread_seconds, "60", 1, 3600),
    COUNT_KEY("limits", "unread_kib", unread_kib, "4096", 1, 65536),
    COUNT_KEY("limits", "connections_per_minute", connections_per_minute, "1200", 1, 1000000),
    COUNT_KEY("limits", "requests_per_second", requests_per_second, "500", 1, 1000000),
    COUNT_KEY("limits", "logins_per_address", logins_per_address, "20", 1, 500),
    COUNT_KEY("database", "connections", connections, "8", 1, 64),
    TEXT_KEY("database", "worker", database_worker, "dbname=loket user=loket_worker"),
    TEXT_KEY("database", "auth", database_auth, "dbname=loket user=loket_auth"),
    TEXT_KEY("database", "job", database_job, "dbname=loket user=loket_job"),
    TEXT_KEY("database", "owner", database_owner, "dbname=loket"),
    TEXT_KEY("database", "hosts", database_hosts, ""),
    COUNT_KEY("database", "standby_lag", standby_lag, "5", 0, 3600),
    TEXT_KEY("auth", "secret_key", secret_key, ""),
    TEXT_KEY("auth", "ticket_ca", ticket_ca, ""),
    COUNT_KEY("auth", "opslimit", opslimit, "2", 2, 20),
    COUNT_KEY("auth", "memlimit", memlimit, "64", 19, 4096), /* OWASP's least: 2 passes over 19 MiB */
    TEXT_KEY("privacy", "keys", privacy_keys, ""),
    TEXT_KEY("signature", "trust", signature_trust, ""),
    TEXT_KEY("signature", "timestamp", timestamp, ""),
    TEXT_KEY("signature", "timestamp_trust", timestamp_trust, ""),
    TEXT_KEY("mail", "server", mail_server, ""),
    TEXT_KEY("mail", "from", mail_from, ""),
    TEXT_KEY("mail", "user", mail_user, ""),
    TEXT_KEY("mail", "password", mail_password, ""),
    TEXT_KEY("audit", "checkpoints", audit_checkpoints, ""),
    TEXT_KEY("audit", "key", audit_key, ""),
    COUNT_KEY("audit", "interval", audit_interval, "60", 1, 86400),
    TEXT_KEY("backup", "wal", backup_wal, ""),
    TEXT_KEY("backup", "programs", backup_programs, "/usr/lib/postgresql/15/bin"),
    TEXT_KEY("metrics", "socket", metrics_socket, ""),
    COUNT_KEY("metrics", "port", metrics_port, "0", 0, 65535),
    COUNT_KEY("metrics", "interval", metrics_interval, "60", 1, 86400),
    TEXT_KEY("metrics", "disks", metrics_disks, "/"),
    COUNT_KEY("metrics", "disk_least", metrics_disk_least, "5", 0, 100),
    TEXT_KEY("log", "level", log_level, "info"),
    TEXT_KEY("paths", "sql", sql, LOKET_PREFIX "/share/loket/sql"),
};
#define KEY_COUNT (sizeof keys / sizeof keys[0])

struct reading {
    struct config *config;
    struct error *error;
    enum loket_error result;
};

static enum loket_error refuse(struct error *error, const struct key *key, const char *message, const char *value) {
    char field[64];
    (void)snprintf(field, sizeof field, "%s.%s", key->section, key->name);
    return error_set(error, LOKET_INVALID, field, message, value);
}

static enum loket_error key_set(struct config *config, const struct key *key, const char *value, struct error *error) {
    char *member = (char *)config + key->offset;
    if (key->kind == TEXT) {
        char *copy = strdup(value);
        if (!copy) return error_set(error, LOKET_INTERNAL, NULL, "Out of memory", NULL);
        char **text = (char **)(void *)member;
        free(*text);
        *text = copy;
        return LOKET_OK;
    }
    char *end = NULL;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (errno || end == value || *end) return refuse(error, key, "This is not a number: %s", value);
    if (number < key->least || number > key->most) return refuse(error, key, "This number is out of range: %s", value);
    *(int *)(void *)member = (int)number;
    return LOKET_OK;
}

static const struct key *key_find(const char *section, const char *name) {
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0) return &keys[i];
    return NULL;
}

static int on_pair(void *data, const char *section, const char *name, const char *value) {
    struct reading *reading = data;
    const struct key *key = key_find(section, name);
    if (!key) {
        char field[64];
        (void)snprintf(field, sizeof field, "%.30s.%.30s", section, name);
        reading->result = error_set(reading->error, LOKET_INVALID, field, "There is no such setting", NULL);
        return 0;
    }
    reading->result = key_set(reading->config, key, value, reading->error);
    return reading->result == LOKET_OK;
}

static enum loket_error read_file(struct config *config, const char *file, struct error *error) {
    struct reading reading = {config, error, LOKET_OK};
    int line = ini_parse(file, on_pair, &reading);
    if (line == -1) return error_set(error, LOKET_NOT_FOUND, NULL, "This file can't be read: %s", file);
    if (line == 0) return LOKET_OK;
    if (reading.result == LOKET_OK) reading.result = error_set(error, LOKET_INVALID, NULL, "This is not a setting", NULL);
    char place[160];
    (void)snprintf(place, sizeof place, "%.140s:%d", file, line);
    if (error) (void)snprintf(error->argument, sizeof error->argument, "%s", place);
    return reading.result;
}

static enum loket_error read_environment(struct config *config, struct error *error) {
    for (size_t i = 0; i < KEY_COUNT; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "LOKET_%s_%s", keys[i].section, keys[i].name);
        for (char *p = name; *p; p++) *p = (char)toupper((unsigned char)*p);
        const char *value = getenv(name);
        enum loket_error result = value ? key_set(config, &keys[i], value, error) : LOKET_OK;
        if (result != LOKET_OK) return result;
    }
    return LOKET_OK;
}

static enum loket_error read_set(struct config *config, const char *set, struct error *error) {
    char section[32], name[32];
    const char *dot = strchr(set, '.'), *equals = strchr(set, '=');
    if (!dot || !equals || dot > equals || (size_t)(dot - set) >= sizeof section || (size_t)(equals - dot) > sizeof name)
        return error_set(error, LOKET_INVALID, "--set", "Write --set section.key=value, not %s", set);
    (void)snprintf(section, sizeof section, "%.*s", (int)(dot - set), set);
    (void)snprintf(name, sizeof name, "%.*s", (int)(equals - dot - 1), dot + 1);
    const struct key *key = key_find(section, name);
    if (!key) return error_set(error, LOKET_INVALID, "--set", "There is no such setting: %s", set);
    return key_set(config, key, equals + 1, error);
}

/* With hosts, each connection string names them all and asks for the one that can be written to. */
static enum loket_error hosts_apply(struct config *config, struct error *error) {
    char **const strings[] = {&config->database_auth, &config->database_job, &config->database_owner, &config->database_worker};
    char *standby = NULL;
    if (!*config->database_hosts) return LOKET_OK;
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        char *whole = hosts_conninfo(*strings[i], config->database_hosts, "read-write", 0);
        if (!whole) return error_set(error, LOKET_INVALID, "database.hosts", "This is not a list of hosts for: %s", *strings[i]);
        if (strings[i] == &config->database_worker && strchr(config->database_hosts, ',') && config->standby_lag)
            standby = hosts_conninfo(*strings[i], config->database_hosts, "standby", 0);
        free(*strings[i]);
        *strings[i] = whole;
    }
    config->database_standby = standby;
    return LOKET_OK;
}

enum loket_error config_read(struct config *config, const char *file, char *const *sets, int set_count, struct error *error) {
    enum loket_error result = LOKET_OK;
    config->file = file;
    config->sets = sets;
    config->set_count = set_count;
    for (size_t i = 0; i < KEY_COUNT && result == LOKET_OK; i++) result = key_set(config, &keys[i], keys[i].standard, error);
    if (result == LOKET_OK && file) result = read_file(config, file, error);
    if (result == LOKET_OK) result = read_environment(config, error);
    for (int i = 0; i < set_count && result == LOKET_OK; i++) result = read_set(config, sets[i], error);
    if (result == LOKET_OK) result = hosts_apply(config, error);
    return result;
}

void config_free(struct config *config) {
    free(config->database_standby);
    config->database_standby = NULL;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (keys[i].kind != TEXT) continue;
        char **text = (char **)(void *)((char *)config + keys[i].offset);
        free(*text);
        *text = NULL;
    }
}
