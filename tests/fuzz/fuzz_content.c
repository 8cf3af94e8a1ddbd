/* An uploaded document of any bytes, in pieces of any size: one verdict, whatever the pieces. */
#include <server/doc/content.h>
#include <stdlib.h>
#include <string.h>
#include <tests/fuzz/fuzz.h>

static struct file_type *types;

static struct content_verdict judge(const uint8_t *data, size_t size, size_t piece) {
    struct content_verdict verdict;
    struct content *content = content_new(types);
    if (!content) abort();
    for (size_t at = 0; at < size; at += piece) (void)content_feed(content, data + at, size - at < piece ? size - at : piece);
    if (!content_end(content, &verdict)) abort();
    content_free(content);
    return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!types) types = file_type_new();
    if (!types) abort();
    struct content_verdict whole = judge(data, size, size + 1), pieces = judge(data, size, size > 7 ? 7 : 1);
    if (whole.size != size || memcmp(whole.sha256, pieces.sha256, sizeof whole.sha256) != 0 ||
        whole.media_type != pieces.media_type || whole.problem != pieces.problem)
        abort();
    return 0;
}
