/* An office day: each person looks at their queue, reads an application, takes the work, takes the step of their role, and thinks
 * in between; some look somebody up. What a colleague was quicker at is no error: it is refused, and the next is taken. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <tests/bench/play.h>

enum act { ACT_QUEUE, ACT_OPEN, ACT_CLAIM, ACT_STEP, ACT_SEARCH, ACT_COUNT };

static const char *const acts[ACT_COUNT] = {"queue", "open", "claim", "step", "search"};

struct person {
    enum act act; /* that is done next, or under way */
    int64_t application_id, task_id;
    int32_t version;
    char stage[32];
    char codes[12][32]; /* of the documents to decide on */
    size_t code_count;
    struct event *think;
};

static struct {
    const struct options *given;
    struct line *lines;
    struct person *people;
    struct histogram times[ACT_COUNT];
    uint64_t errors, refused, random;
    struct event *end;
    char texts[1024][64];
    size_t text_count;
} day;

static uint64_t random_next(void) {
    day.random ^= day.random << 13;
    day.random ^= day.random >> 7;
    day.random ^= day.random << 17;
    return day.random;
}

/* Exponential: people do not come in step. */
static void think(struct line *line, enum act next) {
    struct person *person = line->own;
    double share = (double)(random_next() >> 11) / 9007199254740992.0;
    double milliseconds = -log(1.0 - share) * (double)day.given->think_ms;
    struct timeval pause = {(time_t)(milliseconds / 1000), (suseconds_t)(fmod(milliseconds, 1000) * 1000)};
    person->act = next;
    if (event_add(person->think, &pause) != 0) exit(EX_SOFTWARE);
}

static void send_queue(struct line *line) {
    Loket__QueueListRequest request = LOKET__QUEUE_LIST_REQUEST__INIT;
    request.limit = 25;
    line_ask(line, "queue.list", &request.base, false);
}

static void send_open(struct line *line) {
    struct person *person = line->own;
    Loket__ApplicationOpenRequest request = LOKET__APPLICATION_OPEN_REQUEST__INIT;
    request.application_id = person->application_id;
    line_ask(line, "application.open", &request.base, false);
}

static void send_claim(struct line *line) {
    struct person *person = line->own;
    Loket__TaskRequest request = LOKET__TASK_REQUEST__INIT;
    request.task_id = person->task_id;
    line_ask(line, "task.claim", &request.base, true);
}

static void send_search(struct line *line) {
    Loket__SearchRequest request = LOKET__SEARCH_REQUEST__INIT;
    request.text = day.texts[random_next() % day.text_count];
    request.closed = true;
    request.limit = 25;
    line_ask(line, "application.search", &request.base, false);
}

static char draft[] = "draft", submit[] = "submit", approve[] = "approve", initial[] = "initial", text[] = "Lengkap dan benar",
            self[] = "self", counter[] = "counter", room[] = "A", box[] = "1";

static void step_verify(struct line *line, const struct person *person) {
    Loket__VerifySubmitRequest request = LOKET__VERIFY_SUBMIT_REQUEST__INIT;
    Loket__RequirementDecision decisions[12], *list[12];
    for (size_t i = 0; i < person->code_count; i++) {
        decisions[i] = (Loket__RequirementDecision)LOKET__REQUIREMENT_DECISION__INIT;
        decisions[i].code = (char *)person->codes[i];
        decisions[i].accepted = true;
        list[i] = &decisions[i];
    }
    request.application_id = person->application_id;
    request.version = person->version;
    request.action = draft;
    request.decisions = list;
    request.n_decisions = person->code_count;
    line_ask(line, "verify.submit", &request.base, true);
}

static void step_draft(struct line *line, const struct person *person) {
    Loket__DraftSubmitRequest request = LOKET__DRAFT_SUBMIT_REQUEST__INIT;
    request.application_id = person->application_id;
    request.version = person->version;
    request.action = submit;
    request.proposal = approve;
    request.considerations = text;
    line_ask(line, "draft.submit", &request.base, true);
}

static void step_decide(struct line *line, const struct person *person, const char *method, char *action) {
    Loket__StepRequest request = LOKET__STEP_REQUEST__INIT;
    request.application_id = person->application_id;
    request.version = person->version;
    request.action = action;
    line_ask(line, method, &request.base, true);
}

static void step_review(struct line *line, const struct person *person) {
    step_decide(line, person, "review.decide", initial);
}

static void step_approve(struct line *line, const struct person *person) {
    step_decide(line, person, "approval.decide", approve);
}

static void step_hand_over(struct line *line, const struct person *person) {
    Loket__HandoverRecordRequest request = LOKET__HANDOVER_RECORD_REQUEST__INIT;
    request.application_id = person->application_id;
    request.version = person->version;
    request.recipient = text;
    request.relation = self;
    request.method = counter;
    line_ask(line, "handover.record", &request.base, true);
}

static void step_file(struct line *line, const struct person *person) {
    Loket__ArchiveFileRequest request = LOKET__ARCHIVE_FILE_REQUEST__INIT;
    request.application_id = person->application_id;
    request.version = person->version;
    request.classification = room;
    request.room = room;
    request.box = box;
    request.active_years = 2;
    request.inactive_years = 8;
    line_ask(line, "archive.file", &request.base, true);
}

static const struct {
    const char *stage;
    void (*send)(struct line *line, const struct person *person);
} steps[] = {
    {"verification", step_verify}, {"drafting", step_draft},     {"review", step_review},
    {"approval", step_approve},    {"handover", step_hand_over}, {"archive", step_file},
};

/* Nothing to do here (signing is done with a key on the head's machine): back to the queue. */
static void send_step(struct line *line) {
    struct person *person = line->own;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (strcmp(steps[i].stage, person->stage) != 0) continue;
        steps[i].send(line, person);
        return;
    }
    think(line, ACT_QUEUE);
}

static void on_think(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    static void (*const sends[ACT_COUNT])(struct line *) = {send_queue, send_open, send_claim, send_step, send_search};
    struct line *line = data;
    struct person *person = line->own;
    sends[person->act](line);
}

/* The next in order that nobody has, or that is this person's already; mostly the first few, as many look at once. */
static bool choose(struct person *person, const Loket__QueueListReply *list) {
    size_t first = list->n_rows ? random_next() % (list->n_rows < 8 ? list->n_rows : 8) : 0;
    for (size_t i = first; i < list->n_rows; i++) {
        const Loket__QueueRow *row = list->rows[i];
        if (row->holder_id || strncmp(row->permit_type, "UKUR", 4) == 0) continue; /* those are the closed loop's */
        person->application_id = row->application_id;
        person->task_id = row->task_id;
        return true;
    }
    return false;
}

static void after_queue(struct line *line, const Loket__Envelope *reply) {
    Loket__QueueListReply *list = loket__queue_list_reply__unpack(NULL, reply->body.len, reply->body.data);
    bool chosen = list && choose(line->own, list);
    loket__queue_list_reply__free_unpacked(list, NULL);
    think(line, random_next() % 5 == 0 ? ACT_SEARCH : chosen ? ACT_OPEN : ACT_QUEUE);
}

static void after_open(struct line *line, const Loket__Envelope *reply) {
    struct person *person = line->own;
    Loket__ApplicationOpenReply *app = loket__application_open_reply__unpack(NULL, reply->body.len, reply->body.data);
    if (!app) exit(EX_PROTOCOL);
    person->version = app->version;
    person->code_count = 0;
    (void)snprintf(person->stage, sizeof person->stage, "%s", app->stage);
    for (size_t i = 0; i < app->n_requirements && person->code_count < 12; i++)
        if (app->requirements[i]->present)
            (void)snprintf(person->codes[person->code_count++], sizeof person->codes[0], "%s", app->requirements[i]->code);
    loket__application_open_reply__free_unpacked(app, NULL);
    think(line, ACT_CLAIM);
}

/* Somebody was quicker, or it may not be this person's: the office goes on. */
static bool is_refusal(const Loket__Error *error) {
    return error->code == LOKET__ERROR_CODE__HELD || error->code == LOKET__ERROR_CODE__STALE ||
           error->code == LOKET__ERROR_CODE__NOT_NOW || error->code == LOKET__ERROR_CODE__FORBIDDEN ||
           error->code == LOKET__ERROR_CODE__NOT_FOUND;
}

static void on_reply(struct line *line, const Loket__Envelope *reply) {
    struct person *person = line->own;
    histogram_add(&day.times[person->act], (now_ns() - line->asked) / 1000);
    if (reply->error) {
        bool refusal = is_refusal(reply->error);
        if (refusal) day.refused++;
        else if (day.errors++ < 3)
            fprintf(stderr, "load: %s: %s %s\n", acts[person->act], reply->error->message, reply->error->argument);
        think(line, ACT_QUEUE);
        return;
    }
    switch (person->act) {
    case ACT_QUEUE: after_queue(line, reply); break;
    case ACT_OPEN: after_open(line, reply); break;
    case ACT_CLAIM: think(line, ACT_STEP); break;
    case ACT_STEP:
    case ACT_SEARCH:
    case ACT_COUNT: think(line, ACT_QUEUE); break;
    }
}

static void on_end(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    event_base_loopbreak(data);
}

/* From now on it counts. */
static void on_warm(evutil_socket_t socket, short what, void *base) {
    (void)socket;
    (void)what;
    struct timeval time = {day.given->seconds, 0};
    memset(day.times, 0, sizeof day.times);
    day.end = evtimer_new(base, on_end, base);
    if (!day.end || event_add(day.end, &time) != 0) exit(EX_SOFTWARE);
}

static void on_live(struct line *line) {
    static long live;
    struct timeval time = {day.given->warm, 0};
    think(line, ACT_QUEUE);
    if (++live < day.given->clients) return;
    if (event_base_once(line->load->base, -1, EV_TIMEOUT, on_warm, line->load->base, &time) != 0) exit(EX_SOFTWARE);
}

static void on_broken(struct line *line, const char *why) {
    fprintf(stderr, "load: line %d: %s\n", line->number, why);
    exit(EX_UNAVAILABLE);
}

/* Everybody once; each person's line, with their thinking. */
static int place(const struct options *given, int n) {
    (void)given;
    struct line *line = &day.lines[n];
    line->own = &day.people[n];
    day.people[n].think = evtimer_new(line->load->base, on_think, line);
    if (!day.people[n].think) exit(EX_OSERR);
    return n + 1;
}

static bool texts_read(const char *file) {
    FILE *in = file ? fopen(file, "re") : NULL;
    while (in && day.text_count < 1024 && fgets(day.texts[day.text_count], sizeof day.texts[0], in)) {
        day.texts[day.text_count][strcspn(day.texts[day.text_count], "\n")] = '\0';
        day.text_count++;
    }
    if (in) (void)fclose(in);
    return day.text_count > 0;
}

int play_day(const struct options *given) {
    struct load load = {.on_live = on_live, .on_reply = on_reply, .on_broken = on_broken};
    day.given = given;
    day.random = 88172645463325252u;
    day.lines = calloc((size_t)given->clients, sizeof *day.lines);
    day.people = calloc((size_t)given->clients, sizeof *day.people);
    if (!day.lines || !day.people || !texts_read(given->file)) return EX_USAGE;
    for (long i = 0; i < given->clients; i++) day.lines[i].load = &load;
    int code = lines_run(&load, given, day.lines, place);
    uint64_t all = 0;
    for (int i = 0; i < ACT_COUNT; i++) {
        printf("%s=%" PRIu64 " ", acts[i], histogram_quantile(&day.times[i], 0.95));
        all += day.times[i].count;
    }
    printf("per_second=%.1f refused=%" PRIu64 " errors=%" PRIu64 "\n", (double)all / (double)given->seconds, day.refused,
           day.errors);
    if (day.end) event_free(day.end);
    free(day.lines);
    free(day.people);
    return code;
}
