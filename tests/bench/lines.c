/* Opening many lines without a burst that no office would see. */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <tests/bench/play.h>

#define OPENING_AT_MOST 64

struct opening {
    struct load *load;
    const struct options *given;
    struct line *lines;
    int (*place)(const struct options *given, int n);
    void (*on_live)(struct line *line);
    int next, under_way;
    struct event *more;
};

static struct opening opening;

int place_spread(const struct options *given, int n) {
    return (int)(1 + n * 7 % given->people);
}

int place_of_step(const struct options *given, int n) {
    return (int)(given->people + 1 + n);
}

static void open_more(evutil_socket_t socket, short what, void *data) {
    (void)socket;
    (void)what;
    (void)data;
    while (opening.under_way < OPENING_AT_MOST && opening.next < opening.given->clients) {
        int n = opening.next++;
        opening.under_way++;
        if (line_open(&opening.lines[n], opening.load, n, opening.place(opening.given, n))) continue;
        fprintf(stderr, "load: line %d can't be opened\n", n);
        exit(EX_UNAVAILABLE);
    }
}

static void on_live(struct line *line) {
    opening.under_way--;
    opening.on_live(line);
    event_active(opening.more, EV_TIMEOUT, 0);
}

int lines_run(struct load *load, const struct options *given, struct line *lines,
              int (*place)(const struct options *given, int n)) {
    if (!load_open(load, given->server, given->ca)) {
        fprintf(stderr, "load: %s can't be used, or %s\n", given->server, given->ca ? given->ca : "no ca=");
        return EX_CONFIG;
    }
    if (given->key) load->key = key_read(given->key);
    opening = (struct opening){load, given, lines, place, load->on_live, 0, 0, NULL};
    load->on_live = on_live;
    opening.more = evtimer_new(load->base, open_more, NULL);
    if (!opening.more || (given->key && !load->key)) return EX_CONFIG;
    event_active(opening.more, EV_TIMEOUT, 0);
    int code = event_base_dispatch(load->base) < 0 ? EX_SOFTWARE : EX_OK;
    for (long i = 0; i < given->clients; i++) line_close(&lines[i]);
    event_free(opening.more);
    load_close(load);
    return code;
}
