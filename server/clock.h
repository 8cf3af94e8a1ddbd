/* The clock for waiting: seconds that only go forward, whatever the machine's time is set to. It says nothing about the time of
 * day. The first second is a day, so that what was never done (0) is long ago. */
#ifndef SERVER_CLOCK_H
#define SERVER_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline time_t clock_seconds(void) {
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* can't fail for this clock */
    return now.tv_sec + 24 * 60 * 60;
}

static inline uint64_t clock_milliseconds(void) {
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)(now.tv_sec + 24 * 60 * 60) * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
