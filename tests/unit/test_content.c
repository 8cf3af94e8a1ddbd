/* What is uploaded: each way in which a document is not what it says, or does harm to who opens it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <proto/file_type.h>
#include <server/doc/content.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MIB (1024u * 1024u)

struct bytes {
    uint8_t *data;
    size_t size, room;
};

static struct file_type *types;

static int set_up(void **state) {
    (void)state;
    types = file_type_new();
    return types ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    file_type_free(types);
    return 0;
}

static void add(struct bytes *bytes, const void *data, size_t size) {
    if (!size) return;
    if (bytes->size + size > bytes->room) {
        bytes->room = (bytes->size + size) * 2;
        bytes->data = realloc(bytes->data, bytes->room);
        assert_non_null(bytes->data);
    }
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static void add_text(struct bytes *bytes, const char *text) {
    add(bytes, text, strlen(text));
}

static void add_number(struct bytes *bytes, uint32_t number) {
    const uint8_t big_endian[] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
    add(bytes, big_endian, sizeof big_endian);
}

/* Adds `size` bytes of `data` (NULL: zeros) as zlib packs them. */
static void add_packed(struct bytes *bytes, const uint8_t *data, size_t size) {
    static uint8_t zeros[MIB], out[64 * 1024];
    z_stream zlib = {0};
    assert_int_equal(deflateInit(&zlib, 9), Z_OK);
    for (int done = Z_OK; done != Z_STREAM_END;) {
        if (!zlib.avail_in && size) {
            size_t part = size < sizeof zeros ? size : sizeof zeros;
            zlib.next_in = (Bytef *)(uintptr_t)(data ? data : zeros);
            zlib.avail_in = (uInt)part;
            data = data ? data + part : NULL;
            size -= part;
        }
        zlib.next_out = out;
        zlib.avail_out = sizeof out;
        done = deflate(&zlib, size ? Z_NO_FLUSH : Z_FINISH);
        assert_true(done == Z_OK || done == Z_STREAM_END);
        add(bytes, out, sizeof out - zlib.avail_out);
    }
    deflateEnd(&zlib);
}

static struct bytes pdf_of(const struct bytes *packed) {
    struct bytes pdf = {0};
    add_text(&pdf, "%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n2 0 obj\n<< /Filter /FlateDecode >>\nstream\r\n");
    if (packed) add(&pdf, packed->data, packed->size);
    add_text(&pdf, "\nendstream\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n");
    return pdf;
}

static struct bytes png_of(uint32_t width, uint32_t height) {
    struct bytes png = {0}, chunk = {0}, pixels = {0};
    add(&png, "\x89PNG\r\n\x1a\n\0\0\0\x0d", 12);
    add_text(&chunk, "IHDR");
    add_number(&chunk, width);
    add_number(&chunk, height);
    add(&chunk, "\x08\0\0\0\0", 5);
    add(&png, chunk.data, chunk.size);
    add_number(&png, (uint32_t)crc32(0, chunk.data, (uInt)chunk.size));
    add_packed(&pixels, NULL, 2);
    add_number(&png, (uint32_t)pixels.size);
    chunk.size = 0;
    add_text(&chunk, "IDAT");
    add(&chunk, pixels.data, pixels.size);
    add(&png, chunk.data, chunk.size);
    add_number(&png, (uint32_t)crc32(0, chunk.data, (uInt)chunk.size));
    add(&png, "\0\0\0\0IEND\xae\x42\x60\x82", 12);
    free(chunk.data);
    free(pixels.data);
    return png;
}

/* With as many segments of 60 KiB before the frame header as a camera may put there. */
static struct bytes jpeg_of(uint16_t width, uint16_t height, int segments) {
    struct bytes jpeg = {0};
    static const uint8_t filling[60000];
    add(&jpeg, "\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0", 20);
    for (int i = 0; i < segments; i++) {
        add(&jpeg, "\xff\xe2\xea\x62", 4);
        add(&jpeg, filling, sizeof filling);
    }
    const uint8_t frame[] = {
        0xff, 0xff, 0xc2, 0, 11, 8, (uint8_t)(height >> 8), (uint8_t)height, (uint8_t)(width >> 8), (uint8_t)width, 1, 1, 0x11, 0};
    add(&jpeg, frame, sizeof frame);
    add(&jpeg, "\xff\xda\0\x08\x01\x01\0\0\x3f\0\0\xff\xd9", 13);
    return jpeg;
}

static struct content_verdict judge(const void *data, size_t size, size_t piece) {
    struct content_verdict verdict;
    struct content *content = content_new(types);
    assert_non_null(content);
    for (size_t at = 0; at < size; at += piece) {
        size_t part = size - at < piece ? size - at : piece;
        (void)content_feed(content, (const uint8_t *)data + at, part);
    }
    assert_true(content_end(content, &verdict));
    content_free(content);
    assert_int_equal(verdict.size, size);
    return verdict;
}

static void assert_refused(const void *data, size_t size, const char *problem) {
    struct content_verdict verdict = judge(data, size, size ? size : 1);
    assert_non_null(verdict.problem);
    assert_string_equal(verdict.problem, problem);
}

/* Frees the bytes. */
static void assert_taken(struct bytes bytes, const char *type) {
    struct content_verdict verdict = judge(bytes.data, bytes.size, bytes.size);
    if (verdict.problem) print_error("%s\n", verdict.problem);
    assert_null(verdict.problem);
    assert_string_equal(verdict.media_type, type);
    free(bytes.data);
}

#define NOT_TAKEN   "This is not a PDF, JPEG, PNG or TIFF file"
#define NOT_WHOLE   "This PDF is not whole"
#define BOMB        "This PDF unpacks to more than %s: it is not taken"
#define MANY_PIXELS "This picture has more than %s million pixels: it is not taken"

static void a_good_document_is_turned_away(void **state) {
    (void)state;
    struct bytes tiff = {0};
    add(&tiff, "II*\0\x08\0\0\0\x01\0\0\x01\x03\0\x01\0\0\0\x10\0\0\0\0\0\0\0", 26);
    assert_taken(tiff, "image/tiff");
    tiff = (struct bytes){0};
    add(&tiff, "MM\0*\0\0\0\x08\0\x01\x01\0\0\x03\0\0\0\x01\0\x10\0\0\0\0\0\0", 26);
    assert_taken(tiff, "image/tiff");
    assert_taken(pdf_of(NULL), "application/pdf");
    assert_taken(png_of(1, 1), "image/png");
    assert_taken(png_of(10000, 20000), "image/png");
    assert_taken(jpeg_of(4000, 3000, 0), "image/jpeg");
    assert_taken(jpeg_of(4000, 3000, 5), "image/jpeg");
}

static void another_type_gets_in_by_calling_itself_scan_pdf(void **state) {
    (void)state;
    static const struct {
        const char *data;
        size_t size;
    } rows[] = {
        {"PK\x03\x04\x14\0\0\0\x08\0", 10},
        {"#!/bin/sh\nrm -rf /\n", 19},
        {"<!DOCTYPE html><html><script>alert(1)</script></html>", 53},
        {"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0", 16},
        {"\x7f"
         "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0",
         18},
        {"GIF89a\x01\0\x01\0", 10},
        {"hello", 5},
        {"%", 1},
        {"\0", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_null(file_type_of(types, rows[i].data, rows[i].size));
        assert_refused(rows[i].data, rows[i].size, NOT_TAKEN);
    }
    assert_null(file_type_of(types, "", 0));
}

static void an_empty_file_is_filed(void **state) {
    (void)state;
    assert_refused("", 0, "This file is empty");
    struct content *content = content_new(types);
    assert_true(content_feed(content, "", 0));
    content_free(content); /* and one that is given up is freed */
}

static void half_a_pdf_is_filed(void **state) {
    (void)state;
    struct bytes packed = {0};
    add_packed(&packed, NULL, 5000);
    struct bytes pdf = pdf_of(&packed);
    assert_refused(pdf.data, pdf.size - 7, NOT_WHOLE);
    assert_refused(pdf.data, pdf.size / 2, NOT_WHOLE);
    free(pdf.data);
    free(packed.data);
}

/* "%%EOF" is looked for in the last 2 KiB, wherever the blocks that the check works in have their ends. */
static void a_pdf_is_refused_by_where_its_end_falls(void **state) {
    (void)state;
    static char blanks[70000];
    memset(blanks, ' ', sizeof blanks);
    struct bytes pdf = pdf_of(NULL);
    size_t whole = pdf.size;
    add(&pdf, blanks, sizeof blanks);
    assert_null(judge(pdf.data, whole + 2000, whole).problem);
    assert_refused(pdf.data, whole + 2100, NOT_WHOLE);
    free(pdf.data);
    for (size_t before = 65536 - 12; before < 65536 + 3; before++) {
        pdf = (struct bytes){0};
        add_text(&pdf, "%PDF-1.4\n");
        add(&pdf, blanks, before - pdf.size);
        add_text(&pdf, "%%EOF\n");
        assert_taken(pdf, "application/pdf");
    }
}

static void a_small_pdf_becomes_gigabytes_where_it_is_opened(void **state) {
    (void)state;
    struct bytes once = {0}, twice = {0};
    add_packed(&once, NULL, (size_t)400 * MIB);
    add_packed(&twice, once.data, once.size);
    assert_in_range(twice.size, 1, 16 * 1024);
    const struct bytes *const bombs[] = {&once, &twice};
    for (size_t i = 0; i < 2; i++) {
        struct bytes pdf = pdf_of(bombs[i]);
        struct content_verdict verdict = judge(pdf.data, pdf.size, pdf.size), slowly = judge(pdf.data, pdf.size, 1);
        assert_string_equal(verdict.problem, BOMB);
        assert_string_equal(verdict.argument, "256 MiB");
        assert_string_equal(slowly.problem, BOMB);
        free(pdf.data);
    }
    free(once.data);
    free(twice.data);
}

/* Many streams of which each is harmless; with what readers forgive around the word "stream". */
static void a_bomb_hides_in_pieces_or_behind_odd_blanks(void **state) {
    (void)state;
    static const char *const words[] = {"stream\n",           "stream\r\n",     "stream\r",   "sstream  \n",
                                        "stream % of data\n", "streamstream\n", "stream\nx\n"};
    struct bytes packed = {0};
    add_packed(&packed, NULL, (size_t)40 * MIB);
    for (size_t word = 0; word < sizeof words / sizeof words[0]; word++) {
        struct bytes pdf = {0};
        add_text(&pdf, "%PDF-1.4\n");
        for (int i = 0; i < 8; i++) {
            add_text(&pdf, words[word]);
            add(&pdf, packed.data, packed.size);
            add_text(&pdf, "\nendstream\n");
        }
        add_text(&pdf, "%%EOF\n");
        assert_refused(pdf.data, pdf.size, BOMB);
        free(pdf.data);
    }
    free(packed.data);
}

/* 300 MiB out of 4 MiB: a plan with much white in it. */
static void a_big_honest_pdf_is_taken_for_a_bomb(void **state) {
    (void)state;
    struct bytes packed = {0}, noise = {0};
    uint32_t seed = 7;
    for (size_t i = 0; i < MIB; i++) add_number(&noise, seed = seed * 1664525u + 1013904223u);
    add_text(&noise, "stream\n");
    struct bytes zeros = {0};
    add_packed(&zeros, NULL, (size_t)300 * MIB);
    add(&noise, zeros.data, zeros.size);
    add_packed(&packed, NULL, 10);
    add_text(&packed, "endstream\n");
    add(&packed, noise.data, noise.size);
    assert_taken(pdf_of(&packed), "application/pdf");
    free(packed.data);
    free(noise.data);
    free(zeros.data);
}

static void a_picture_asks_for_more_memory_than_there_is(void **state) {
    (void)state;
    struct bytes pictures[] = {png_of(20000, 10001), png_of(UINT32_MAX, UINT32_MAX), jpeg_of(65535, 65535, 0),
                               jpeg_of(65535, 65535, 5)};
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
        struct content_verdict verdict = judge(pictures[i].data, pictures[i].size, 1000);
        assert_string_equal(verdict.problem, MANY_PIXELS);
        assert_string_equal(verdict.argument, "200");
        free(pictures[i].data);
    }
}

static void the_hash_is_of_something_else(void **state) {
    (void)state;
    static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                  0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    struct content_verdict verdict = judge("abc", 3, 3);
    assert_memory_equal(verdict.sha256, abc, sizeof abc);
}

static void assert_same(const struct bytes *bytes) {
    static const size_t pieces[] = {1, 7, 4096, 65535, 65537};
    struct content_verdict whole = judge(bytes->data, bytes->size, bytes->size);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct content_verdict cut = judge(bytes->data, bytes->size, pieces[i]);
        assert_ptr_equal(cut.media_type, whole.media_type);
        assert_ptr_equal(cut.problem, whole.problem);
        assert_memory_equal(cut.sha256, whole.sha256, sizeof whole.sha256);
    }
}

/* Whatever the bytes: no crash (under ASan), and a verdict that a slow line does not change. */
static void a_document_is_judged_by_the_line_it_came_over(void **state) {
    (void)state;
    static const char *const beginnings[] = {"", "%PDF-1.7\nstream\n\x78\x9c", "\xff\xd8\xff\xe0",
                                             "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", "II*"};
    uint32_t seed = 1;
    for (size_t i = 0; i < 100; i++) {
        struct bytes bytes = {0};
        size_t size = i * 1777;
        add_text(&bytes, beginnings[i % 5]);
        for (size_t at = 0; at < size; at += 4) {
            seed = seed * 1664525u + 1013904223u;
            if (seed >> 24 == 0) add_text(&bytes, "stream\n\x78\x9c");
            if (seed >> 24 == 1) add_text(&bytes, "\xff\xc0");
            add_number(&bytes, seed ^ seed >> 15);
        }
        assert_same(&bytes);
        free(bytes.data);
    }
}

/* A good document with a few bytes changed: closer to what an attacker sends than noise is. */
static void a_damaged_document_crashes_the_check(void **state) {
    (void)state;
    struct bytes packed = {0}, twice = {0};
    add_packed(&packed, NULL, 200000);
    add_packed(&twice, packed.data, packed.size);
    struct bytes good[] = {pdf_of(&packed), pdf_of(&twice), jpeg_of(40, 30, 1), png_of(4, 4)};
    uint32_t seed = 3;
    for (size_t i = 0; i < 2000; i++) {
        struct bytes *bytes = &good[i % 4];
        seed = seed * 1664525u + 1013904223u;
        size_t at = (seed >> 8) % bytes->size;
        uint8_t before = bytes->data[at];
        bytes->data[at] = (uint8_t)(seed >> 3);
        (void)judge(bytes->data, bytes->size, 1 + seed % 5000);
        (void)judge(bytes->data, at, 1 + seed % 5000);
        bytes->data[at] = before;
    }
    for (size_t i = 0; i < 4; i++) free(good[i].data);
    free(packed.data);
    free(twice.data);
}

static void the_largest_upload_holds_up_the_counter(void **state) {
    (void)state;
    struct content_verdict verdict;
    static uint8_t zeros[MIB];
    struct content *content = content_new(types);
    assert_true(content_feed(content, "%PDF-1.7\n", 9));
    for (int i = 0; i < 50; i++) assert_true(content_feed(content, zeros, sizeof zeros));
    assert_true(content_feed(content, "%%EOF\n", 6));
    assert_true(content_end(content, &verdict));
    content_free(content);
    assert_null(verdict.problem);
    assert_int_equal(verdict.size, 50u * MIB + 15u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_document_is_turned_away),
        cmocka_unit_test(another_type_gets_in_by_calling_itself_scan_pdf),
        cmocka_unit_test(an_empty_file_is_filed),
        cmocka_unit_test(half_a_pdf_is_filed),
        cmocka_unit_test(a_pdf_is_refused_by_where_its_end_falls),
        cmocka_unit_test(a_small_pdf_becomes_gigabytes_where_it_is_opened),
        cmocka_unit_test(a_bomb_hides_in_pieces_or_behind_odd_blanks),
        cmocka_unit_test(a_big_honest_pdf_is_taken_for_a_bomb),
        cmocka_unit_test(a_picture_asks_for_more_memory_than_there_is),
        cmocka_unit_test(the_hash_is_of_something_else),
        cmocka_unit_test(a_document_is_judged_by_the_line_it_came_over),
        cmocka_unit_test(a_damaged_document_crashes_the_check),
        cmocka_unit_test(the_largest_upload_holds_up_the_counter),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
