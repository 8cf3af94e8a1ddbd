/* One input for one target; libFuzzer or replay.c calls it again and again. A target breaks by a crash, a sanitizer's finding, or
 * abort() where a promise of a header does not hold. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
