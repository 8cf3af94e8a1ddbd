/* Times counted by size: 64 steps to each power of two, so a quantile is right within 1.6 %. No memory grows. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BINS (64 * 40)

struct histogram {
    uint64_t bins[HISTOGRAM_BINS];
    uint64_t count;
};

void histogram_add(struct histogram *histogram, uint64_t value);
/* The value that `share` (0 to 1) of all do not exceed; 0 when there is none. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
