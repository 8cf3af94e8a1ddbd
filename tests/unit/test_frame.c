/* Framing: what arrives in pieces, glued together, too long or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <loket/limits.h>
#include <proto/frame.h>
#include <string.h>

static void a_split_frame_waits_for_its_rest(void **state) {
    (void)state;
    const uint8_t bytes[] = {0, 0, 0, 3, 'a', 'b', 'c'};
    const uint8_t *body;
    size_t size;
    for (size_t i = 0; i < sizeof bytes; i++) assert_int_equal(frame_read(bytes, i, &body, &size), FRAME_PARTIAL);
    assert_int_equal(frame_read(bytes, sizeof bytes, &body, &size), FRAME_WHOLE);
    assert_ptr_equal(body, bytes + 4);
    assert_int_equal(size, 3);
}

static void glued_frames_are_read_one_by_one(void **state) {
    (void)state;
    const uint8_t bytes[] = {0, 0, 0, 1, 'a', 0, 0, 0, 2, 'b', 'c', 0, 0};
    const uint8_t *body;
    size_t size;
    assert_int_equal(frame_read(bytes, sizeof bytes, &body, &size), FRAME_WHOLE);
    assert_int_equal(size, 1);
    assert_int_equal(frame_read(bytes + 5, sizeof bytes - 5, &body, &size), FRAME_WHOLE);
    assert_memory_equal(body, "bc", 2);
    assert_int_equal(frame_read(bytes + 11, sizeof bytes - 11, &body, &size), FRAME_PARTIAL);
}

static void a_length_that_is_not_allowed_breaks_the_stream(void **state) {
    (void)state;
    static const uint32_t lengths[] = {0, LIMIT_FRAME_BYTES + 1, 0x7fffffff, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t bytes[4] = {(uint8_t)(lengths[i] >> 24), (uint8_t)(lengths[i] >> 16), (uint8_t)(lengths[i] >> 8),
                            (uint8_t)lengths[i]};
        const uint8_t *body;
        size_t size;
        assert_int_equal(frame_read(bytes, sizeof bytes, &body, &size), FRAME_BROKEN);
    }
}

static void a_header_is_read_back_as_it_was_written(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 255, 256, 65536, LIMIT_FRAME_BYTES};
    static uint8_t frame[LIMIT_FRAME_BYTES + 4];
    const uint8_t *body;
    size_t size;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(frame_header(frame, sizes[i]), LOKET_OK);
        assert_int_equal(frame_read(frame, sizes[i] + 4, &body, &size), FRAME_WHOLE);
        assert_int_equal(size, sizes[i]);
    }
    assert_int_equal(frame_header(frame, 0), LOKET_BAD_FRAME);
    assert_int_equal(frame_header(frame, LIMIT_FRAME_BYTES + 1), LOKET_BAD_FRAME);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_split_frame_waits_for_its_rest),
        cmocka_unit_test(glued_frames_are_read_one_by_one),
        cmocka_unit_test(a_length_that_is_not_allowed_breaks_the_stream),
        cmocka_unit_test(a_header_is_read_back_as_it_was_written),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
