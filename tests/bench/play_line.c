/* The plays that are about the connection: TLS handshakes, log-ins, sessions that wait, and events that reach them. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <tests/bench/play.h>
#include <unistd.h>

struct many {
    const struct options *given;
    struct line *lines;
    int live;
    bool running, over;
    uint64_t began, ended, done, errors;
    struct histogram times;
    struct event *timer, *input;
    /* event: the round that is under way */
    int64_t *tasks;
    size_t task_count, round;
    int heard;
    bool claimed;
    uint64_t answered;
};
static struct many many;

static void many_new(const struct options *given) {
    many = (struct many){.given = given, .lines = calloc((size_t)given->clients, sizeof *many.lines)};
    if (!many.lines) exit(EX_OSERR);
}

static void many_free(void) {
    if (many.timer) event_free(many.timer);
    if (many.input) event_free(many.input);
    free(many.lines);
    free(many.tasks);
}

static void many_print(void) {
    printf("per_second=%.1f p50=%" PRIu64 " p95=%" PRIu64 " p99=%" PRIu64 " errors=%" PRIu64 "\n",
           many.ended > many.began ? (double)many.done / ((double)(many.ended - many.began) / 1e9) : 0.0,
           histogram_quantile(&many.times, 0.50), histogram_quantile(&many.times, 0.95), histogram_quantile(&many.times, 0.99),
           many.errors);
}

static void timer_start(struct load *load, event_callback_fn fn, short what, long milliseconds, void *data) {
    struct timeval time = {milliseconds / 1000, (milliseconds % 1000) * 1000};
    many.timer = event_new(load->base, -1, what, fn, data);
    if (!many.timer || event_add(many.timer, &time) != 0) exit(EX_SOFTWARE);
}

static int nobody(const struct options *given, int n) {
    (void)given;
    (void)n;
    return 0;
}

static void broken_is_fatal(struct line *line, const char *why) {
    fprintf(stderr, "load: line %d: %s\n", line->number, why);
    exit(EX_UNAVAILABLE);
}

static void reply_is_nothing(struct line *line, const Loket__Envelope *reply) {
    (void)line;
    many.errors += reply->error != NULL;
}

/* --------------------------------------------------------------------------------------------------- connect */

static void again(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    struct line *line = data;
    struct load *load = line->load;
    int number = line->number;
    line_close(line);
    if (!line_open(line, load, number, 0)) exit(EX_UNAVAILABLE);
    line->asked = now_ns();
}

static void connect_over(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    many.ended = now_ns();
    event_base_loopbreak(data);
}

static void connect_live(struct line *line) {
    uint64_t now = now_ns();
    bool resumed = strcmp(many.given->what, "resumed") == 0;
    if (!many.timer) {
        many.began = now;
        timer_start(line->load, connect_over, EV_TIMEOUT, many.given->seconds * 1000, line->load->base);
    } else if (line->asked) {
        many.done++;
        histogram_add(&many.times, (now - line->asked) / 1000);
        SSL *ssl = bufferevent_openssl_get_ssl(line->stream);
        many.errors += resumed && !SSL_session_reused(ssl);
    }
    /* the ticket comes after the handshake: the first connection waits for it; then not from inside its own callback */
    struct timeval pause = {0, resumed && !line->load->session ? 50000 : 0};
    if (!resumed) line->load->session = NULL;
    if (event_base_once(line->load->base, -1, EV_TIMEOUT, again, line, &pause) != 0) exit(EX_SOFTWARE);
}

static void connect_reply(struct line *line, const Loket__Envelope *reply) {
    (void)line;
    (void)reply;
}

int play_connect(const struct options *given) {
    struct load load = {.on_live = connect_live, .on_reply = connect_reply, .on_broken = broken_is_fatal};
    if (!given->what) return EX_USAGE;
    many_new(given);
    int code = lines_run(&load, given, many.lines, nobody);
    many_print();
    many_free();
    return code;
}

/* ----------------------------------------------------------------------------------------------------- login */

static void login_ask(struct line *line) {
    Loket__AuthLoginRequest request = LOKET__AUTH_LOGIN_REQUEST__INIT;
    char name[32], password[128];
    (void)snprintf(name, sizeof name, "bench%ld", many.given->first + line->number);
    (void)snprintf(password, sizeof password, "%s", many.given->password);
    request.username = name;
    request.password = password;
    line_ask(line, "auth.login", &request.base, false);
}

/* Cold: each person's connection begins when they come. */
static void login_next(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    if (many.live == many.given->clients) return;
    struct line *line = &many.lines[many.live];
    if (!line_open(line, data, many.live, 0)) exit(EX_UNAVAILABLE);
    line->asked = now_ns();
    many.live++;
}

static void login_reply(struct line *line, const Loket__Envelope *reply) {
    struct load *load = line->load;
    if (reply->error && many.errors++ == 0) fprintf(stderr, "load: log-in: %s\n", reply->error->message);
    histogram_add(&many.times, (now_ns() - line->asked) / 1000);
    if (++many.done < (uint64_t)many.given->clients) return;
    many.ended = now_ns();
    event_base_loopbreak(load->base);
}

int play_login(const struct options *given) {
    struct load load = {.on_live = login_ask, .on_reply = login_reply, .on_broken = broken_is_fatal};
    if (!given->password || given->rate < 1 || !load_open(&load, given->server, given->ca)) return EX_USAGE;
    many_new(given);
    many.began = now_ns();
    timer_start(&load, login_next, EV_PERSIST, 1000 / given->rate, &load);
    int code = event_base_dispatch(load.base) < 0 ? EX_SOFTWARE : EX_OK;
    many_print();
    for (long i = 0; i < given->clients; i++) line_close(&many.lines[i]);
    many_free();
    load_close(&load);
    return code;
}

/* What one core can verify of the password, with nothing around it. */
int play_hash(const struct options *given) {
    char hash[crypto_pwhash_STRBYTES] = "";
    FILE *in = given->file && given->password ? fopen(given->file, "re") : NULL;
    if (!in || !fgets(hash, sizeof hash, in) || fclose(in) != 0 || sodium_init() < 0) return EX_USAGE;
    hash[strcspn(hash, "\n")] = '\0';
    many = (struct many){.given = given, .began = now_ns()};
    do {
        uint64_t began = now_ns();
        many.errors += crypto_pwhash_str_verify(hash, given->password, strlen(given->password)) != 0;
        many.ended = now_ns();
        many.done++;
        histogram_add(&many.times, (many.ended - began) / 1000);
    } while (many.ended - many.began < (uint64_t)given->seconds * 1000000000u);
    many_print();
    return EX_OK;
}

/* ------------------------------------------------------------------------------------------------------ idle */

static void on_input(evutil_socket_t socket, short what, void *data) {
    (void)what;
    char bytes[64];
    if (read(socket, bytes, sizeof bytes) <= 0) event_base_loopbreak(data);
}

/* Stays logged in, as the client does: a ping now and then. */
static void idle_live(struct line *line) {
    if (++many.live < many.given->clients) return;
    many.input = event_new(line->load->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, line->load->base);
    if (!many.input || event_add(many.input, NULL) != 0) exit(EX_SOFTWARE);
    puts("ready");
    (void)fflush(stdout);
}

int play_idle(const struct options *given) {
    struct load load = {.on_live = idle_live, .on_reply = reply_is_nothing, .on_broken = broken_is_fatal};
    many_new(given);
    int code = lines_run(&load, given, many.lines, place_spread);
    many_free();
    return code;
}

/* ----------------------------------------------------------------------------------------------------- event */

/* Line 0 works, the others wait. A round is one claim or release; it is over when all have heard of it. */
static void event_round(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    Loket__TaskRequest request = LOKET__TASK_REQUEST__INIT;
    many.heard = 0;
    many.answered = 0;
    request.task_id = many.tasks[many.round / 2 % many.task_count];
    line_ask(data, many.claimed ? "task.release" : "task.claim", &request.base, true);
}

static void event_live(struct line *line) {
    if (++many.live < many.given->clients) return;
    (void)line;
    event_round(-1, 0, &many.lines[0]);
}

static void event_reply(struct line *line, const Loket__Envelope *reply) {
    if (reply->error) {
        fprintf(stderr, "load: %s\n", reply->error->message);
        exit(EX_DATAERR);
    }
    (void)line;
    many.answered = now_ns();
    many.claimed = !many.claimed;
}

static void event_heard(struct line *line, const Loket__Event *event) {
    (void)event;
    if (!many.answered || line->number == 0) return;
    histogram_add(&many.times, (now_ns() - many.answered) / 1000);
    if (++many.heard < many.given->clients - 1) return;
    many.done += (uint64_t)many.heard;
    if (++many.round == (size_t)many.given->seconds * 2) {
        event_base_loopbreak(line->load->base);
        return;
    }
    struct timeval pause = {0, 50000};
    if (event_base_once(line->load->base, -1, EV_TIMEOUT, event_round, &many.lines[0], &pause) != 0) exit(EX_SOFTWARE);
}

/* Everybody has the role of the first person of the file. */
static int event_place(const struct options *given, int n) {
    (void)n;
    return (int)given->first;
}

int play_event(const struct options *given) {
    struct load load = {.on_live = event_live, .on_reply = event_reply, .on_event = event_heard, .on_broken = broken_is_fatal};
    FILE *in = given->file ? fopen(given->file, "re") : NULL;
    char row[32];
    many_new(given);
    many.tasks = calloc(1024, sizeof *many.tasks);
    while (in && many.tasks && many.task_count < 1024 && fgets(row, sizeof row, in))
        many.tasks[many.task_count++] = strtoll(row, NULL, 10);
    if (in) (void)fclose(in);
    if (!many.task_count || given->clients < 2) return EX_USAGE;
    int code = lines_run(&load, given, many.lines, event_place);
    many_print();
    many_free();
    return code;
}
