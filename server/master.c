/* The master: binds the sockets, starts the children, starts another when one dies. Talks to no client and no database. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <server/auth.h>
#include <server/auth_channel.h>
#include <server/clock.h>
#include <server/command.h>
#include <server/job.h>
#include <server/log.h>
#include <server/metrics/serve.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define CHILDREN_AT_MOST    96
#define CONNECTIONS_OF_CORE 3 /* a backend waits a third of its time: for the disk at a commit, for its next request */
#define STOP_SECONDS        12

struct role_of_child {
    const char *name;
    int (*run)(const struct inheritance *given);
};
static const struct role_of_child worker_child = {"worker", worker_run}, auth_child = {"auth", auth_run},
                                  job_child = {"job", job_run}, metrics_child = {"metrics", metrics_run};

struct child {
    const struct role_of_child *role;
    pid_t pid; /* 0: not running */
    time_t started_at;
    unsigned failures; /* quick deaths in a row */
    bool retiring;     /* replaced by a reload: not to be started again */
};

struct master {
    struct config *config;
    struct inheritance given;
    struct ticket_secret tickets;
    struct child children[CHILDREN_AT_MOST];
    int child_count;
    char auth_path[108], metrics_path[108];
    sigset_t waited;
};

/* Enough for the cores (the database's are taken to be as many), and one in reserve. */
static int usual_connections(const struct config *config) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN), most = config->connections > 1 ? config->connections - 1 : 1;
    long usual = (cores * CONNECTIONS_OF_CORE + config->workers - 1) / config->workers;
    return (int)(cores > 0 && usual < most ? usual : most);
}

static int listener_open(const struct addrinfo *info) {
    int on = 1, socket_fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, info->ai_protocol);
    if (socket_fd < 0) return -1;
    (void)setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* inherited by what it accepts: an answer behind an event must not wait for the client's delayed acknowledgement (RFC 896,
     * 1122) */
    (void)setsockopt(socket_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (info->ai_family == AF_INET6) (void)setsockopt(socket_fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(socket_fd, info->ai_addr, info->ai_addrlen) == 0 && listen(socket_fd, 1024) == 0) return socket_fd;
    close(socket_fd);
    return -1;
}

/* Binds one "host:port" of the list. */
static bool bind_one(struct master *master, char *place) {
    char *colon = strrchr(place, ':');
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    if (!colon || master->given.listener_count == LISTENERS_AT_MOST) return false;
    *colon = '\0';
    char *host = place;
    if (*host == '[' && colon > host && colon[-1] == ']') {
        colon[-1] = '\0';
        host++;
    }
    if (getaddrinfo(*host ? host : NULL, colon + 1, &wanted, &found) != 0) return false;
    int socket_fd = listener_open(found);
    freeaddrinfo(found);
    if (socket_fd < 0) return false;
    master->given.listeners[master->given.listener_count++] = socket_fd;
    return true;
}

static bool bind_clients(struct master *master) {
    char *list = strdup(master->config->listen), *rest = list;
    bool good = list != NULL;
    for (char *place; good && (place = strsep(&rest, ","));) {
        good = bind_one(master, place);
        if (!good) log_error("can't listen", "address", master->config->listen, "why", strerror(errno));
    }
    free(list);
    return good;
}

/* A socket that only this account can open. -1 after saying why not. */
static int unix_listener(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        log_error("this path is too long for a socket", "path", path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)unlink(path);
    mode_t before = umask(0177);
    int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool good = socket_fd >= 0 && bind(socket_fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(socket_fd, 128) == 0;
    umask(before);
    if (good) return socket_fd;
    log_error("can't make a socket", "path", path, "why", strerror(errno));
    if (socket_fd >= 0) close(socket_fd);
    return -1;
}

static bool bind_auth(struct master *master) {
    auth_socket_path(master->config->run_dir, master->auth_path, sizeof master->auth_path);
    if (strlen(master->config->run_dir) + sizeof "/auth.sock" > sizeof master->auth_path) {
        log_error("the run folder's path is too long for a socket", "path", master->config->run_dir);
        return false;
    }
    master->given.auth_listener = unix_listener(master->auth_path);
    return master->given.auth_listener >= 0;
}

/* The metrics' socket, and their port on loopback where one is set: never on an address that others reach. */
static bool bind_metrics(struct master *master) {
    struct inheritance *given = &master->given;
    struct sockaddr_in loopback = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((uint16_t)master->config->metrics_port)};
    const struct addrinfo info = {
        .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_addr = (struct sockaddr *)&loopback, .ai_addrlen = sizeof loopback};
    given->metrics = metrics_new();
    if (!given->metrics || !metrics_socket_path(master->config, master->metrics_path, sizeof master->metrics_path)) {
        log_error("the metrics have no memory, or a path that is too long", "path", master->config->metrics_socket);
        return false;
    }
    int socket_fd = unix_listener(master->metrics_path);
    if (socket_fd < 0) return false;
    given->metrics_listeners[given->metrics_listener_count++] = socket_fd;
    if (!master->config->metrics_port) return true;
    socket_fd = listener_open(&info);
    if (socket_fd < 0) {
        log_error("can't listen", "metrics.port", log_number(master->config->metrics_port), "why", strerror(errno));
        return false;
    }
    given->metrics_listeners[given->metrics_listener_count++] = socket_fd;
    return true;
}

static struct metrics_slot *child_slot(const struct master *master, const struct child *child) {
    return &master->given.metrics->slots[child - master->children];
}

/* What a child keeps: its sockets, its signals, and the end of its parent as its own end. */
static _Noreturn void child_main(struct master *master, const struct child *child, pid_t parent) {
    const struct role_of_child *role = child->role;
    sigset_t none;
    sigemptyset(&none);
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (getppid() != parent) _exit(EX_TEMPFAIL);
    (void)log_setup(role->name, master->config->log_level);
    metrics_count_into(child_slot(master, child));
    if (role != &worker_child) explicit_bzero(&master->tickets, sizeof master->tickets);
    int code = role->run(&master->given);
    config_free(master->config);
    exit(code);
}

static void child_start(struct master *master, struct child *child) {
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) child_main(master, child, parent);
    child->started_at = clock_seconds();
    child->pid = pid > 0 ? pid : 0;
    struct metrics_slot *slot = child_slot(master, child);
    slot->role = child->role->name;
    slot->wanted = true;
    slot->pid = child->pid;
    if (pid < 0) log_error("can't start a child", "role", child->role->name, "why", strerror(errno));
}

static void child_add(struct master *master, const struct role_of_child *role, int count) {
    for (int i = 0; i < count; i++) {
        struct child *free_place = NULL;
        for (int j = 0; j < master->child_count && !free_place; j++)
            if (!master->children[j].pid && master->children[j].retiring) free_place = &master->children[j];
        if (!free_place && master->child_count < CHILDREN_AT_MOST) free_place = &master->children[master->child_count++];
        if (!free_place) return;
        *free_place = (struct child){.role = role};
        child_start(master, free_place);
    }
}

static void children_start(struct master *master) {
    master->given.usual_connections = usual_connections(master->config);
    child_add(master, &auth_child, master->config->auths);
    child_add(master, &job_child, master->config->jobs);
    child_add(master, &metrics_child, 1);
    child_add(master, &worker_child, master->config->workers);
}

static void children_signal(struct master *master, int signal_number) {
    for (int i = 0; i < master->child_count; i++)
        if (master->children[i].pid) kill(master->children[i].pid, signal_number);
}

static int children_running(const struct master *master) {
    int running = 0;
    for (int i = 0; i < master->child_count; i++) running += master->children[i].pid != 0;
    return running;
}

static void children_reap(struct master *master) {
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        for (int i = 0; i < master->child_count; i++) {
            struct child *child = &master->children[i];
            if (child->pid != pid) continue;
            child->pid = 0;
            child_slot(master, child)->pid = 0;
            if (child->retiring) continue;
            child_slot(master, child)->deaths++;
            child->failures = clock_seconds() - child->started_at < 5 ? child->failures + 1 : 0;
            log_warn("a child ended", "role", child->role->name, "child", log_number(pid), "status",
                     log_number(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status)));
            if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
                log_error("a child made a system call that it may not make: the kernel's log has its number", "role",
                          child->role->name, "child", log_number(pid));
        }
    }
}

/* Starts what died again: at once the first time, then later each time, at most 30 s. */
static void children_revive(struct master *master) {
    time_t now = clock_seconds();
    for (int i = 0; i < master->child_count; i++) {
        struct child *child = &master->children[i];
        if (child->pid || child->retiring) continue;
        time_t wait = child->failures > 1 ? (time_t)1 << (child->failures < 6 ? child->failures - 2 : 4) : 0;
        if (now - child->started_at >= wait) child_start(master, child);
    }
}

/* SIGHUP: new children with the new configuration, the old ones drain. Sockets stay; a bad file changes nothing. */
static void reload(struct master *master) {
    struct config *fresh = calloc(1, sizeof *fresh);
    struct error error;
    if (!fresh || config_read(fresh, master->config->file, master->config->sets, master->config->set_count, &error) != LOKET_OK) {
        log_error("configuration not reloaded", "why", fresh ? error.message : "no memory", "where", fresh ? error.argument : "");
        if (fresh) config_free(fresh);
        free(fresh);
        return;
    }
    config_free(master->config);
    *master->config = *fresh;
    free(fresh);
    for (int i = 0; i < master->child_count; i++) {
        master->children[i].retiring = true;
        child_slot(master, &master->children[i])->wanted = false;
    }
    children_signal(master, SIGTERM);
    children_start(master);
    log_info("configuration reloaded");
}

static bool pid_file_write(const char *path) {
    if (!*path) return true;
    FILE *file = fopen(path, "we");
    bool good = file && fprintf(file, "%d\n", getpid()) > 0;
    if (file && fclose(file) != 0) good = false;
    if (!good) log_error("can't write the pid file", "path", path, "why", strerror(errno));
    return good;
}

static void stop_children(struct master *master) {
    time_t until = clock_seconds() + STOP_SECONDS;
    struct timespec second = {1, 0};
    children_signal(master, SIGTERM);
    while (children_running(master) && clock_seconds() < until) {
        (void)sigtimedwait(&master->waited, NULL, &second);
        children_reap(master);
    }
    children_signal(master, SIGKILL);
}

static int master_loop(struct master *master) {
    struct timespec second = {1, 0};
    for (;;) {
        int signal_number = sigtimedwait(&master->waited, NULL, &second);
        children_reap(master);
        (void)ticket_secret_advance(&master->tickets, clock_seconds());
        if (signal_number == SIGTERM || signal_number == SIGINT) return EX_OK;
        if (signal_number == SIGHUP) reload(master);
        children_revive(master);
    }
}

int serve_main(struct config *config, int argc, char **argv) {
    static struct master master;
    (void)argv;
    if (argc > 1) return EX_USAGE;
    master.config = config;
    master.given.config = config;
    (void)log_setup("master", config->log_level);
    sigemptyset(&master.waited);
    sigaddset(&master.waited, SIGTERM);
    sigaddset(&master.waited, SIGINT);
    sigaddset(&master.waited, SIGHUP);
    sigaddset(&master.waited, SIGCHLD);
    sigprocmask(SIG_BLOCK, &master.waited, NULL);
    if (!*config->certificate || !*config->key) {
        log_error("server.certificate and server.key must be set");
        return EX_CONFIG;
    }
    if (!ticket_secret_new(&master.tickets, clock_seconds())) return EX_OSERR;
    master.given.tickets = &master.tickets;
    if (!bind_clients(&master) || !bind_auth(&master) || !bind_metrics(&master) || !pid_file_write(config->pid_file))
        return EX_CONFIG;
    children_start(&master);
    log_info("serving", "address", config->listen);
    int code = master_loop(&master);
    stop_children(&master);
    (void)unlink(master.auth_path);
    (void)unlink(master.metrics_path);
    if (*config->pid_file) (void)unlink(config->pid_file);
    log_info("stopped");
    return code;
}
