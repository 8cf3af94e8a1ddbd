/* Sealed numbers and files: nothing opens without its key, in another place, or changed by a bit; and the shape that the database
 * checks in a number's place is right and wrong as the number is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <proto/loket.pb-c.h>
#include <server/privacy/fields.h>
#include <server/privacy/file.h>
#include <server/privacy/keyring.h>
#include <server/privacy/number.h>

static char folder[64];

static int folder_open(void **state) {
    struct error error;
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/loket-test-keys.XXXXXX");
    if (!mkdtemp(folder)) return -1;
    return keyring_init(folder, &error) == LOKET_OK && keyring_open(folder, &error) == LOKET_OK ? 0 : -1;
}

static int folder_close(void **state) {
    static const char *const names[] = {"index.key", "0001.key", "0001.retired", "0002.key", "0003.key", "sealed"};
    char path[128];
    (void)state;
    keyring_close();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

/* ------------------------------------------------------------------------------------------------- keyring */

static void keys_that_others_may_read_are_used(void **state) {
    struct error error;
    char path[128];
    (void)state;
    (void)snprintf(path, sizeof path, "%s/0001.key", folder);
    assert_int_equal(keyring_open("/nowhere", &error), LOKET_INVALID);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(keyring_open(folder, &error), LOKET_INVALID);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chmod(folder, 0750), 0);
    assert_int_equal(keyring_open(folder, &error), LOKET_INVALID);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(truncate(path, 31), 0);
    assert_int_equal(keyring_open(folder, &error), LOKET_INVALID);
}

static void keys_that_are_there_are_made_anew(void **state) {
    struct error error;
    uint8_t before[KEY_CHECK_BYTES], after[KEY_CHECK_BYTES];
    (void)state;
    assert_true(keyring_check(1, before));
    assert_int_equal(keyring_init(folder, &error), LOKET_DUPLICATE);
    assert_true(keyring_check(1, after));
    assert_memory_equal(before, after, sizeof before);
}

static void a_new_key_does_not_seal_or_the_old_does_not_open(void **state) {
    struct error error;
    struct number_forms forms;
    struct buffer plain = {.limit = 64};
    char text[300];
    uint32_t id;
    (void)state;
    assert_true(number_forms_make("1872014507900001", &forms));
    (void)snprintf(text, sizeof text, "%s:%s", forms.token, forms.sealed);
    assert_int_equal(strncmp(forms.sealed, "00000001", 8), 0);
    assert_int_equal(keyring_add(folder, &id, &error), LOKET_OK);
    assert_int_equal(id, 2);
    assert_int_equal(keyring_retire(folder, 1, &error), LOKET_OK);
    assert_int_equal(keyring_current(), 2);
    assert_int_equal(number_open(text, strlen(text), &plain, &error), LOKET_OK);
    assert_int_equal(plain.size, 16);
    assert_memory_equal(plain.data, "1872014507900001", 16);
    buffer_free(&plain);
    assert_true(number_forms_make("1872014507900001", &forms));
    assert_int_equal(strncmp(forms.sealed, "00000002", 8), 0);
    assert_int_equal(strncmp(forms.token, text, NUMBER_TOKEN_LENGTH), 0); /* the same person still */
}

static void a_key_made_by_another_process_is_never_seen(void **state) {
    char path[128];
    uint8_t key[KEY_BYTES] = {7};
    (void)state;
    assert_null(keyring_key(3));
    (void)snprintf(path, sizeof path, "%s/0003.key", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(key, 1, sizeof key, file), sizeof key);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
    assert_non_null(keyring_key(3));
    assert_memory_equal(keyring_key(3), key, sizeof key);
}

/* ------------------------------------------------------------------------------------------------- numbers */

static void a_number_is_opened_where_it_was_changed_or_belongs_to_another(void **state) {
    struct number_forms one, other;
    struct buffer plain = {.limit = 64};
    struct error error;
    char text[300];
    (void)state;
    assert_true(number_forms_make("1872014507900001", &one));
    assert_true(number_forms_make("1872014507900002", &other));
    assert_string_not_equal(one.token, other.token);
    (void)snprintf(text, sizeof text, "%s:%s", one.token, other.sealed);
    assert_int_equal(number_open(text, strlen(text), &plain, &error), LOKET_INTERNAL);
    (void)snprintf(text, sizeof text, "%s:%s", one.token, one.sealed);
    for (size_t at = NUMBER_TOKEN_LENGTH + 9; at < strlen(text); at++) {
        char kept = text[at];
        text[at] = kept == '0' ? '1' : '0';
        assert_int_equal(number_open(text, strlen(text), &plain, &error), LOKET_INTERNAL);
        text[at] = kept;
    }
    text[NUMBER_TOKEN_LENGTH + 1] = '7'; /* a key that is not there */
    assert_int_equal(number_open(text, strlen(text), &plain, &error), LOKET_UNAVAILABLE);
    assert_int_equal(number_open("Jalan Mawar", 11, &plain, &error), LOKET_NOT_FOUND);
    assert_int_equal(number_open(text, strlen(text) - 1, &plain, &error), LOKET_NOT_FOUND);
    assert_int_equal(plain.size, 0);
}

static void a_mask_shows_the_number(void **state) {
    struct number_forms forms;
    struct buffer plain = {.limit = 64};
    struct error error;
    char text[300];
    (void)state;
    assert_true(number_forms_make("1872014507900001", &forms));
    (void)snprintf(text, sizeof text, "*%s:%s", forms.token + 1, forms.sealed);
    assert_int_equal(number_open(text, strlen(text), &plain, &error), LOKET_OK);
    assert_memory_equal(plain.data, "1872********0001", 16);
    buffer_free(&plain);
}

static void a_number_is_not_seen_or_a_word_is_taken_for_one(void **state) {
    static const struct {
        const char *text;
        enum number_kind kind;
        const char *digits;
    } rows[] = {
        {"1872014507900001", NUMBER_FIELD, "1872014507900001"},
        {"18.72 0145-07900001", NUMBER_ANY, "1872014507900001"},
        {"12.345.678.2-012.000", NUMBER_ANY, "123456782012000"},
        {"123456789012345", NUMBER_ANY, NULL},
        {"123456789012345", NUMBER_FIELD, "123456789012345"},
        {"18720145079000011", NUMBER_ANY, NULL},
        {"1234567890123", NUMBER_FIELD, NULL},
        {"STR 1872014507900001", NUMBER_ANY, NULL},
        {"", NUMBER_ANY, NULL},
        {"-", NUMBER_FIELD, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char digits[NUMBER_DIGITS + 1];
        assert_int_equal(number_parse(rows[i].text, rows[i].kind, digits), rows[i].digits != NULL);
        if (rows[i].digits) assert_string_equal(digits, rows[i].digits);
    }
}

static void a_shape_tells_the_number_or_is_judged_otherwise(void **state) {
    static const struct {
        const char *digits, *shape;
    } rows[] = {
        {"1872034507909876", "1801014507900001"}, {"1800034507909876", "1800014507900001"},
        {"1872004507909876", "1801004507900001"}, {"1872034507900000", "1801014507900000"},
        {"123456782012000", "100000009000000"},   {"123456789012000", "100000001000000"},
        {"000000000012000", "000000000000000"},   {"0123456782012000", "0100000009000000"},
    };
    struct number_forms forms;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(number_forms_make(rows[i].digits, &forms));
        assert_string_equal(forms.shape, rows[i].shape);
    }
}

/* --------------------------------------------------------------------------------------------------- cells */

static const ProtobufCFieldDescriptor *form_value(void) {
    return protobuf_c_message_descriptor_get_field_by_name(&loket__field_value__descriptor, "value");
}

/* What the database gets of a form's value; NULL: it was refused. The numbers it is given with it are counted. */
static const char *value_in(const char *text, struct arena *arena, int *numbers) {
    struct sealed_numbers found = {.list.limit = 1u << 20};
    struct error error;
    enum loket_error result = sealed_text(form_value(), &text, arena, &found, &error);
    *numbers = 0;
    for (size_t i = 0; i < found.list.size; i++) *numbers += found.list.data[i] == '#';
    buffer_free(&found.list);
    return result == LOKET_OK ? text : NULL;
}

static void a_number_in_a_tables_cell_reaches_the_database(void **state) {
    static const struct {
        const char *text;
        int numbers;
    } rows[] = {
        {"[{\"name\":\"Sari\",\"nik\":\"1872014507900001\"},{\"nik\":\"18.72 0145-07900002\"}]", 2},
        {" \n[{\"nik\":\"\\u0031872014507900001\"}]", 1},
        {"[{\"npwp\":\"12.345.678.2-012.000\"}]", 1},
        {"[{\"note\":\"a \\\" b\",\"nik\":\"1872014507900001\"", 1},
        {"[{\"name\":\"Sari 1872\",\"at\":\"2024-01-02\",\"x\":\"\\\\\"}]", 0},
        {"[\"", 0},
        {"[\"\\", 0},
    };
    struct arena arena;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int numbers;
        arena_init(&arena, 1u << 20);
        const char *kept = value_in(rows[i].text, &arena, &numbers);
        assert_non_null(kept);
        assert_int_equal(numbers, rows[i].numbers);
        assert_null(strstr(kept, "18720145"));
        if (!numbers) assert_string_equal(kept, rows[i].text);
        arena_drop(&arena);
    }
}

static void a_token_in_a_cell_brings_out_anothers_number(void **state) {
#define TOKEN "0123456789012345678901234567890123456789"
    static const char *const texts[] = {"[{\"nik\":\"#" TOKEN "\"}]", "[{\"nik\":\"\\u0023" TOKEN "\"}]",
                                        "[{\"nik\":\"#" TOKEN ":1872010000000001\"}]"};
    struct arena arena;
    int numbers;
    (void)state;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) assert_null(value_in(texts[i], &arena, &numbers));
    arena_drop(&arena);
}

static void a_cell_is_not_opened_or_one_that_was_changed_is(void **state) {
    struct number_forms forms;
    struct buffer plain = {.limit = 400};
    struct error error;
    char text[400];
    (void)state;
    assert_true(number_forms_make("1872014507900001", &forms));
    (void)snprintf(text, sizeof text, "[{\"nik\": \"%s:%s\", \"name\": \"Sari\"}]", forms.token, forms.sealed);
    assert_int_equal(opened_value(form_value(), (const uint8_t *)text, strlen(text), &plain, &error), LOKET_OK);
    buffer_byte(&plain, 0);
    assert_string_equal((const char *)plain.data, "[{\"nik\": \"1872014507900001\", \"name\": \"Sari\"}]");
    char *last = strstr(text, "\", \"name") - 1;
    *last = *last == '0' ? '1' : '0';
    assert_int_equal(opened_value(form_value(), (const uint8_t *)text, strlen(text), &plain, &error), LOKET_INTERNAL);
    buffer_free(&plain);
}

/* --------------------------------------------------------------------------------------------------- files */

struct sealed_file {
    struct buffer plain, sealed;
    uint8_t sha256[FILE_HASH_BYTES], key[FILE_SEALED_KEY];
};

static void file_make(struct sealed_file *file, size_t size, uint8_t seed) {
    *file = (struct sealed_file){.plain.limit = 1u << 22, .sealed.limit = 1u << 22};
    for (size_t i = 0; i < size; i++) buffer_byte(&file->plain, (uint8_t)(i * 31 + i / 251 + seed));
    assert_int_equal(EVP_Digest(file->plain.data, size, file->sha256, NULL, EVP_sha256(), NULL), 1);
    assert_true(file_seal(file->plain.data, size, file->sha256, file->key, &file->sealed));
}

static void file_drop(struct sealed_file *file) {
    buffer_free(&file->plain);
    buffer_free(&file->sealed);
}

static enum seal_outcome opens(const struct sealed_file *file, const uint8_t *sealed, size_t size) {
    struct buffer plain = {.limit = 1u << 22};
    enum seal_outcome outcome = file_open(sealed, size, file->sha256, file->key, &plain);
    if (outcome == SEAL_OPENED) {
        assert_int_equal(plain.size, file->plain.size);
        assert_memory_equal(plain.data, file->plain.data, plain.size);
    }
    buffer_free(&plain);
    return outcome;
}

static void a_file_of_some_size_does_not_come_back(void **state) {
    static const size_t sizes[] = {1, 15, 16, 65535, 65536, 65537, 131072, 200000};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct sealed_file file;
        file_make(&file, sizes[i], (uint8_t)i);
        assert_int_equal(file.sealed.size, sizes[i] + (sizes[i] + 65535) / 65536 * 16);
        assert_int_equal(opens(&file, file.sealed.data, file.sealed.size), SEAL_OPENED);
        file_drop(&file);
    }
}

static void a_file_opens_though_it_was_changed_cut_reordered_or_exchanged(void **state) {
    const size_t chunk = FILE_CHUNK_BYTES + SEAL_TAG_BYTES;
    struct sealed_file file, other;
    (void)state;
    file_make(&file, 3 * FILE_CHUNK_BYTES, 1);
    file_make(&other, 3 * FILE_CHUNK_BYTES, 2);
    uint8_t *bytes = malloc(file.sealed.size);
    assert_non_null(bytes);
    memcpy(bytes, file.sealed.data, file.sealed.size);
    bytes[70000] ^= 1;
    assert_int_equal(opens(&file, bytes, file.sealed.size), SEAL_BROKEN);
    bytes[70000] ^= 1;
    assert_int_equal(opens(&file, bytes, 2 * chunk), SEAL_BROKEN); /* whole chunks, but not all */
    assert_int_equal(opens(&file, bytes, file.sealed.size - 1), SEAL_BROKEN);
    assert_int_equal(opens(&file, bytes, 0), SEAL_BROKEN);
    memcpy(bytes, file.sealed.data + chunk, chunk);
    memcpy(bytes + chunk, file.sealed.data, chunk);
    assert_int_equal(opens(&file, bytes, file.sealed.size), SEAL_BROKEN);
    memcpy(bytes, file.sealed.data, file.sealed.size);
    memcpy(bytes + chunk, other.sealed.data + chunk, chunk); /* another file's chunk of the same place */
    assert_int_equal(opens(&file, bytes, file.sealed.size), SEAL_BROKEN);
    memcpy(other.sha256, file.sha256, sizeof other.sha256); /* another file whole, with its key, under this one's hash */
    assert_int_equal(opens(&other, other.sealed.data, other.sealed.size), SEAL_BROKEN);
    free(bytes);
    file_drop(&file);
    file_drop(&other);
}

static void a_chunk_on_its_way_opens_elsewhere(void **state) {
    static const uint8_t chunk[] = "%PDF-1.4 a chunk";
    uint8_t sealed[sizeof chunk + FILE_TRANSIT_MORE];
    struct buffer plain = {.limit = 1024};
    struct error error;
    (void)state;
    assert_true(file_transit_seal(7, 3, chunk, sizeof chunk, sealed));
    assert_null(memmem(sealed, sizeof sealed, "%PDF", 4));
    assert_int_equal(file_chunk_open(7, 3, sealed, sizeof sealed, &plain, &error), LOKET_OK);
    assert_memory_equal(plain.data, chunk, sizeof chunk);
    assert_int_equal(file_chunk_open(8, 3, sealed, sizeof sealed, &plain, &error), LOKET_INTERNAL);
    assert_int_equal(file_chunk_open(7, 4, sealed, sizeof sealed, &plain, &error), LOKET_INTERNAL);
    buffer_free(&plain);
    assert_int_equal(file_chunk_open(0, 0, chunk, sizeof chunk, &plain, &error), LOKET_OK); /* of before the keys */
    assert_int_equal(plain.size, sizeof chunk);
    keyring_close();
    assert_int_equal(file_chunk_open(7, 3, sealed, sizeof sealed, &plain, &error), LOKET_UNAVAILABLE);
    buffer_free(&plain);
}

int main(void) {
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_open, folder_close)
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(keys_that_others_may_read_are_used),
        IN_A_FOLDER(keys_that_are_there_are_made_anew),
        IN_A_FOLDER(a_new_key_does_not_seal_or_the_old_does_not_open),
        IN_A_FOLDER(a_key_made_by_another_process_is_never_seen),
        IN_A_FOLDER(a_number_is_opened_where_it_was_changed_or_belongs_to_another),
        IN_A_FOLDER(a_mask_shows_the_number),
        IN_A_FOLDER(a_number_is_not_seen_or_a_word_is_taken_for_one),
        IN_A_FOLDER(a_shape_tells_the_number_or_is_judged_otherwise),
        IN_A_FOLDER(a_number_in_a_tables_cell_reaches_the_database),
        IN_A_FOLDER(a_token_in_a_cell_brings_out_anothers_number),
        IN_A_FOLDER(a_cell_is_not_opened_or_one_that_was_changed_is),
        IN_A_FOLDER(a_file_of_some_size_does_not_come_back),
        IN_A_FOLDER(a_file_opens_though_it_was_changed_cut_reordered_or_exchanged),
        IN_A_FOLDER(a_chunk_on_its_way_opens_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
