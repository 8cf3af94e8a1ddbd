/* Every method's message: unpacked, checked and turned into the parameters of its function. The first byte chooses the method. */
#include <loket/limits.h>
#include <server/api/method.h>
#include <server/arena.h>
#include <server/db/bind.h>
#include <server/utf8.h>
#include <stdlib.h>
#include <string.h>
#include <tests/fuzz/fuzz.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t token[TOKEN_BYTES], key[IDEMPOTENCY_KEY_BYTES];
    const struct caller caller = {token, key, "192.0.2.1"};
    struct arena arena;
    struct parameters parameters;
    struct error error;
    size_t count;
    const struct method *const *methods = method_all(&count);
    if (!size) return 0;
    const struct method *method = methods[data[0] % count];
    arena_init(&arena, 4u << 20);
    if (bind_request(method, data + 1, size - 1, &caller, &arena, &parameters, &error) == LOKET_OK)
        for (int i = 0; i < parameters.count; i++) /* what goes to the database as text is text: valid UTF-8 with its end */
            if (parameters.values[i] && !parameters.formats[i] && !utf8_valid(parameters.values[i])) abort();
    arena_drop(&arena);
    return 0;
}
