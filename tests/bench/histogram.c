/* Quantiles without keeping the values. */
#include <tests/bench/histogram.h>

#define STEPS 64u

static unsigned bin_of(uint64_t value) {
    if (value < STEPS) return (unsigned)value;
    unsigned power = 63u - (unsigned)__builtin_clzll(value); /* at least 6 */
    unsigned bin = (power - 5) * STEPS + (unsigned)((value >> (power - 6)) - STEPS);
    return bin < HISTOGRAM_BINS ? bin : HISTOGRAM_BINS - 1;
}

/* The largest value of a bin. */
static uint64_t value_of(unsigned bin) {
    if (bin < STEPS) return bin;
    unsigned power = bin / STEPS + 5;
    return ((uint64_t)(bin % STEPS + STEPS + 1) << (power - 6)) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value) {
    histogram->bins[bin_of(value)]++;
    histogram->count++;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)(share * (double)histogram->count), seen = 0;
    if (!histogram->count) return 0;
    if (wanted >= histogram->count) wanted = histogram->count - 1;
    for (unsigned bin = 0; bin < HISTOGRAM_BINS; bin++) {
        seen += histogram->bins[bin];
        if (seen > wanted) return value_of(bin);
    }
    return value_of(HISTOGRAM_BINS - 1);
}
