/* The plays of the load: who asks what, and when. Each runs an event loop of its own and prints one line. */
#ifndef BENCH_PLAY_H
#define BENCH_PLAY_H

#include <tests/bench/histogram.h>
#include <tests/bench/line.h>

/* What a play was told; texts may be NULL. */
struct options {
    const char *server, *ca, *key, *what, *file, *password;
    long clients, seconds, warm, people, first, last, rate, think_ms;
};

/* Closed loop: each client asks again as soon as it has its answer; after warm= seconds it counts. what=queue, open (first= last=
 * ids of applications), search (file= of texts), step (file= of "application_id version", one for each client; client n is person
 * people + 1 + n). */
int play_ask(const struct options *given);
/* TLS connections one after the other in each client; what=full or resumed. */
int play_connect(const struct options *given);
/* Log-ins with a password: people benchN, N from first=, rate= in a second, for seconds=. */
int play_login(const struct options *given);
/* What verifying a password takes by itself: password=, file= with its hash. */
int play_hash(const struct options *given);
/* Sessions that do nothing until standard input ends. Prints "ready" when all are there. */
int play_idle(const struct options *given);
/* Sessions of one role that wait, and one that claims and releases work (file= of task ids): from its answer to the event. */
int play_event(const struct options *given);
/* An office day: people with think= milliseconds between what they do, each in their own role; after warm= seconds it counts. */
int play_day(const struct options *given);

/* Shared by the plays: opens `given->clients` lines, at most 64 at once, person `place(n)` on line n, and runs until the play ends
 * the loop. Returns the exit code. */
int lines_run(struct load *load, const struct options *given, struct line *lines, int (*place)(const struct options *given, int n));
/* Each person asks for what their place says, so that pgbench can ask the same: see tests/bench/run. */
int place_spread(const struct options *given, int n);
int place_of_step(const struct options *given, int n);

#endif
