/* Files that claim to be signed PDFs, and signatures from a head's machine. The first byte chooses what is asked of the rest. */
#include <server/doc/signature.h>
#include <string.h>
#include <tests/fuzz/fuzz.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct signature_field field = {1, 10, 10, 100, 40, "Nama", "Izin", "Metro", 1700000000};
    static const uint8_t digest[SIGNATURE_DIGEST_BYTES];
    uint8_t own[SIGNATURE_DIGEST_BYTES];
    struct signature_report report;
    struct error error;
    struct buffer pdf = {.limit = 1u << 20}, out = {.limit = 4u << 20};
    if (!size) return 0;
    if (data[0] % 3 == 0) (void)signature_verify(data + 1, size - 1, NULL, &report, &error);
    if (data[0] % 3 == 1) (void)signature_check(data + 1, size - 1, digest, NULL, &report, &error);
    if (data[0] % 3 == 2) {
        buffer_add(&pdf, data + 1, size - 1);
        (void)signature_prepare(&pdf, &field, &out, own, &error);
    }
    buffer_free(&pdf);
    buffer_free(&out);
    return 0;
}
