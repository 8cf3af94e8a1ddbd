/* What a stranger's connection says before anybody is logged in: frames, and the envelope in each. */
#include <loket/limits.h>
#include <proto/frame.h>
#include <proto/loket.pb-c.h>
#include <stdlib.h>
#include <tests/fuzz/fuzz.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *body;
    size_t body_size;
    while (frame_read(data, size, &body, &body_size) == FRAME_WHOLE) {
        if (body != data + LIMIT_FRAME_HEADER || body_size > size - LIMIT_FRAME_HEADER) abort();
        loket__envelope__free_unpacked(loket__envelope__unpack(NULL, body_size, body), NULL);
        data += LIMIT_FRAME_HEADER + body_size;
        size -= LIMIT_FRAME_HEADER + body_size;
    }
    return 0;
}
