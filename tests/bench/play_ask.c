/* The closed loop: requests per second and how long each took, at a number of clients. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <tests/bench/play.h>

#define TEXTS_AT_MOST 4096

struct ask {
    const struct options *given;
    struct line *lines;
    int live, stopped;
    bool running, counting;
    uint64_t began, ended, requests, all, errors, random;
    struct histogram times;
    char texts[TEXTS_AT_MOST][64];
    size_t text_count;
};
static struct ask ask;

/* Where a step's application is: sent back by one, drafted again by the other. */
struct step {
    int64_t application_id;
    int32_t version;
    bool sent_back;
    uint64_t began; /* of the pair */
};

/* xorshift: the same every time. */
static uint64_t random_below(uint64_t most) {
    ask.random ^= ask.random << 13;
    ask.random ^= ask.random >> 7;
    ask.random ^= ask.random << 17;
    return ask.random % most;
}

static void ask_queue(struct line *line) {
    Loket__QueueListRequest request = LOKET__QUEUE_LIST_REQUEST__INIT;
    request.limit = 25;
    line_ask(line, "queue.list", &request.base, false);
}

static void ask_open(struct line *line) {
    Loket__ApplicationOpenRequest request = LOKET__APPLICATION_OPEN_REQUEST__INIT;
    request.application_id = ask.given->first + (int64_t)random_below((uint64_t)(ask.given->last - ask.given->first + 1));
    line_ask(line, "application.open", &request.base, false);
}

static void ask_search(struct line *line) {
    Loket__SearchRequest request = LOKET__SEARCH_REQUEST__INIT;
    request.text = ask.texts[random_below(ask.text_count)];
    request.closed = true;
    request.limit = 25;
    line_ask(line, "application.search", &request.base, false);
}

static void ask_step(struct line *line) {
    struct step *step = line->own;
    char send_back[] = "send_back", submit[] = "submit", approve[] = "approve", why[] = "ukur";
    if (!step->sent_back) {
        Loket__StepRequest request = LOKET__STEP_REQUEST__INIT;
        request.application_id = step->application_id;
        request.version = step->version;
        request.action = send_back;
        request.reason = why;
        step->began = now_ns();
        line_ask(line, "review.decide", &request.base, true);
        return;
    }
    Loket__DraftSubmitRequest request = LOKET__DRAFT_SUBMIT_REQUEST__INIT;
    request.application_id = step->application_id;
    request.version = step->version;
    request.action = submit;
    request.proposal = approve;
    request.considerations = why;
    line_ask(line, "draft.submit", &request.base, true);
}

static const struct kind {
    const char *name;
    void (*ask)(struct line *line);
} kinds[] = {{"queue", ask_queue}, {"open", ask_open}, {"search", ask_search}, {"step", ask_step}};
static const struct kind *kind;

static void line_stops(struct line *line) {
    (void)line;
    if (++ask.stopped == ask.given->clients) event_base_loopbreak(line->load->base);
}

/* A step is half of a pair; the pair is finished also when time is up, so that the next run finds the application in review. */
static bool step_follow(struct line *line, const Loket__Envelope *reply) {
    struct step *step = line->own;
    Loket__StepReply *done = reply->error ? NULL : loket__step_reply__unpack(NULL, reply->body.len, reply->body.data);
    if (!done) return false;
    step->version = done->version;
    step->sent_back = !step->sent_back;
    loket__step_reply__free_unpacked(done, NULL);
    return step->sent_back;
}

static void on_reply(struct line *line, const Loket__Envelope *reply) {
    uint64_t now = now_ns();
    bool half = line->own && step_follow(line, reply);
    if (reply->error && ask.errors++ == 0)
        fprintf(stderr, "load: %s: %s %s\n", kind->name, reply->error->message, reply->error->argument);
    ask.all++;
    if (ask.counting) ask.requests++;
    if (ask.counting && !half)
        histogram_add(&ask.times, line->own ? (now - ((struct step *)line->own)->began) / 2000 : (now - line->asked) / 1000);
    if (half || (ask.running && !(line->own && reply->error))) kind->ask(line);
    else line_stops(line);
}

static void timer_start(struct event_base *base, event_callback_fn fn, long seconds) {
    struct timeval time = {seconds, 0};
    if (event_base_once(base, -1, EV_TIMEOUT, fn, base, &time) != 0) exit(EX_SOFTWARE);
}

static void on_end(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    (void)data;
    ask.running = ask.counting = false;
    ask.ended = now_ns();
}

/* From now on it counts. */
static void on_warm(evutil_socket_t socket, short what, void *base) {
    (void)socket;
    (void)what;
    ask.counting = true;
    ask.began = now_ns();
    timer_start(base, on_end, ask.given->seconds);
}

static void on_live(struct line *line) {
    if (++ask.live < ask.given->clients) return;
    timer_start(line->load->base, on_warm, ask.given->warm);
    ask.running = true;
    for (long i = 0; i < ask.given->clients; i++) kind->ask(&ask.lines[i]);
}

static void on_broken(struct line *line, const char *why) {
    fprintf(stderr, "load: line %d: %s\n", line->number, why);
    exit(EX_UNAVAILABLE);
}

static bool texts_read(const char *file) {
    FILE *in = file ? fopen(file, "re") : NULL;
    while (in && ask.text_count < TEXTS_AT_MOST && fgets(ask.texts[ask.text_count], sizeof ask.texts[0], in)) {
        ask.texts[ask.text_count][strcspn(ask.texts[ask.text_count], "\n")] = '\0';
        ask.text_count++;
    }
    if (in) (void)fclose(in);
    return ask.text_count > 0;
}

static bool steps_read(const char *file, struct step *steps, struct line *lines, long count) {
    FILE *in = file ? fopen(file, "re") : NULL;
    bool good = in != NULL;
    for (long i = 0; good && i < count; i++) {
        char row[64], *end;
        good = fgets(row, sizeof row, in) != NULL;
        if (!good) break;
        steps[i].application_id = strtoll(row, &end, 10);
        steps[i].version = (int32_t)strtol(end, NULL, 10);
        lines[i].own = &steps[i];
    }
    if (in) (void)fclose(in);
    return good;
}

int play_ask(const struct options *given) {
    struct load load = {.on_live = on_live, .on_reply = on_reply, .on_broken = on_broken};
    struct line *lines = calloc((size_t)given->clients, sizeof *lines);
    struct step *steps = calloc((size_t)given->clients, sizeof *steps);
    int code = EX_USAGE;
    for (size_t i = 0; given->what && i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, given->what) == 0) kind = &kinds[i];
    if (!lines || !steps || !kind) goto out;
    ask = (struct ask){.given = given, .lines = lines, .random = 88172645463325252u};
    if (kind->ask == ask_search && !texts_read(given->file)) goto out;
    if (kind->ask == ask_step && !steps_read(given->file, steps, lines, given->clients)) goto out;
    if (kind->ask == ask_open && given->last < given->first) goto out;
    code = lines_run(&load, given, lines, kind->ask == ask_step ? place_of_step : place_spread);
    printf("per_second=%.1f p50=%" PRIu64 " p95=%" PRIu64 " p99=%" PRIu64 " requests=%" PRIu64 " errors=%" PRIu64 "\n",
           (double)ask.requests / ((double)(ask.ended - ask.began) / 1e9), histogram_quantile(&ask.times, 0.50),
           histogram_quantile(&ask.times, 0.95), histogram_quantile(&ask.times, 0.99), ask.all, ask.errors);
out:
    free(lines);
    free(steps);
    return code;
}
