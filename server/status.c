/* loketd status: asks the metrics process of the loketd that runs here, and prints what it answers. */
#include <errno.h>
#include <server/command.h>
#include <server/metrics/serve.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define PATIENCE_SECONDS 10
#define ANSWER_BYTES     (1024u * 1024)

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {PATIENCE_SECONDS, 0};
    int line = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line < 0) return -1;
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    (void)setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(line, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(line, (struct sockaddr *)&address, sizeof address) == 0) return line;
    close(line);
    return -1;
}

/* The whole answer to GET /status, NUL-terminated, to be freed; NULL when there is none. */
static char *ask(const char *path) {
    static const char request[] = "GET /status HTTP/1.0\r\nConnection: close\r\n\r\n";
    char *text = NULL;
    size_t used = 0;
    int line = connect_to(path);
    if (line < 0) return NULL;
    bool good = send(line, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)sizeof request - 1;
    if (good) text = malloc(ANSWER_BYTES);
    for (ssize_t got; text && (got = recv(line, text + used, ANSWER_BYTES - used - 1, 0)) > 0;) used += (size_t)got;
    close(line);
    if (text) text[used] = '\0';
    return text;
}

int status_main(struct config *config, int argc, char **argv) {
    char path[108];
    (void)argv;
    if (argc > 1) return EX_USAGE;
    if (!metrics_socket_path(config, path, sizeof path)) return EX_CONFIG;
    char *text = ask(path), *body = text ? strstr(text, "\r\n\r\n") : NULL;
    int code = text && strncmp(text, "HTTP/1.", 7) == 0 && strlen(text) > 12 ? atoi(text + 9) : 0;
    if (!body || (code != 200 && code != 503)) {
        (void)fprintf(stderr, "loketd: no loketd answers at %s: %s\n", path, errno ? strerror(errno) : "this is no status");
        free(text);
        return EX_UNAVAILABLE;
    }
    (void)fputs(body + 4, stdout);
    free(text);
    return code == 200 ? EX_OK : EXIT_FAILURE;
}
