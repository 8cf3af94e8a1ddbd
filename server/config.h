/* The configuration: an INI file, overridden by the environment (LOKET_SERVER_LISTEN), overridden by --set. */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <loket/error.h>

struct config {
    const char *file;  /* as given by -c; NULL: none */
    char *const *sets; /* as given by --set, borrowed: a reload reads them again */
    int set_count;
    char *listen; /* host:port[,host:port] */
    int workers, auths, jobs;
    int connections;                         /* pipelined database connections of one worker */
    int clients_in_all, clients_per_address; /* of one worker */
    char *certificate, *key, *run_dir, *pid_file;
    char *seccomp; /* "enforce", "log" or "off" */
    /* what one stranger may take of a worker, [limits] */
    int handshake_seconds, login_seconds, frame_seconds,
        idle_seconds;               /* to finish TLS, to log in, to finish a frame, to say nothing */
    int unread_seconds, unread_kib; /* for a client that does not read: how long it may take nothing, how much may wait for it */
    int connections_per_minute;     /* of one address, beyond the first clients_per_address */
    int requests_per_second;        /* of one connection: the rest waits */
    int logins_per_address;         /* waiting for the auth process at a time */
    char *client_ca, *client_crl, *client_certificates; /* "none", "optional" or "required"; PEM files */
    char *privacy_keys;                                 /* the folder of keys for personal data; "": nothing is sealed */
    char *secret_key;                                   /* seals the secrets of one-time codes; "": there are none */
    char *ticket_ca;        /* PEM: the SSH gateway's authority, whose certificates log surveyors in; "": none */
    int opslimit, memlimit; /* of argon2id: passes, MiB */
    char *database_worker, *database_auth, *database_job, *database_owner; /* libpq connection strings */
    char *database_hosts;   /* host[:port],... of a primary and its standbys; "": what the strings say */
    char *database_standby; /* the worker's string for a standby, made of the two; NULL: there is none */
    int standby_lag;        /* seconds that a standby may be behind; 0: none is read */
    char *log_level, *sql;
    char *signature_trust;                    /* PEM: who may have given a signer's certificate; "": any */
    char *mail_server, *mail_from;            /* smtp://HOST:PORT ("": no mail is sent), and who sends it */
    char *mail_user, *mail_password;          /* "": the mail server asks for none */
    char *timestamp, *timestamp_trust;        /* RFC 3161: the service's address ("": none), and who vouches for it */
    char *audit_checkpoints, *audit_key;      /* "": no checkpoints are signed */
    char *backup_wal, *backup_programs;       /* the archive of WAL; where pg_basebackup is */
    int audit_interval;                       /* seconds */
    char *metrics_socket, *metrics_disks;     /* "": RUN_DIR/metrics.sock; paths whose disks are watched */
    int metrics_port;                         /* on loopback; 0: none */
    int metrics_interval, metrics_disk_least; /* seconds; percent that must be free */
};

/* Reads everything into `config` (zeroed by the caller). `sets` are "section.key=value". LOKET_INVALID with the file, line
 * and key on an unknown key or a value that is not of its kind. Free with config_free, also after an error. */
enum loket_error config_read(struct config *config, const char *file, char *const *sets, int set_count, struct error *error);
void config_free(struct config *config);

#endif
