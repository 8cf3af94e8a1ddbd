/* Drafts: what was typed survives, byte for byte, and nothing else on the disk is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tui/entry/draft.h>
#include <unistd.h>

static char home[64];

static int set_up(void **state) {
    (void)state;
    (void)snprintf(home, sizeof home, "/tmp/loket-draft.XXXXXX");
    if (!mkdtemp(home)) return -1;
    return setenv("XDG_STATE_HOME", home, 1);
}

static void path_of(const char *name, char *path, size_t size) {
    (void)snprintf(path, size, "%s/loket/drafts/%s", home, name);
}

static int tear_down(void **state) {
    (void)state;
    static const char *const files[] = {"rina-intake", "rina-report", "rina-other"};
    char path[200];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        path_of(files[i], path, sizeof path);
        (void)unlink(path);
    }
    path_of("", path, sizeof path);
    (void)rmdir(path);
    (void)snprintf(path, sizeof path, "%s/loket", home);
    (void)rmdir(path);
    return rmdir(home);
}

static void every_character_is_there_again(void **state) {
    (void)state;
    struct draft draft = {.key = {1, 2, 0xff}}, back;
    draft_put(&draft, "findings", "Baris satu\nbaris \\dua\\n=;#\"'\xc3\xa9\xe2\x82\xac");
    draft_put(&draft, "name", "lama");
    draft_put(&draft, "name", "dr. Sari");
    draft_put(&draft, "empty", "");
    assert_true(draft_save("rina", "report", &draft));
    assert_true(draft_load("rina", "report", &back));
    assert_memory_equal(back.key, draft.key, sizeof back.key);
    assert_int_equal(back.count, 3);
    assert_string_equal(draft_get(&back, "findings"), draft_get(&draft, "findings"));
    assert_string_equal(draft_get(&back, "name"), "dr. Sari");
    assert_string_equal(draft_get(&back, "empty"), "");
    assert_null(draft_get(&back, "other"));
    draft_free(&draft);
    draft_free(&back);
    draft_delete("rina", "report");
    assert_false(draft_load("rina", "report", &back));
}

static void nobody_else_can_read_it(void **state) {
    (void)state;
    struct draft draft = {0};
    struct stat facts;
    char path[200];
    draft_put(&draft, "nik", "1872010503900001");
    assert_true(draft_save("rina", "intake", &draft));
    path_of("rina-intake", path, sizeof path);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    path_of("", path, sizeof path);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0700);
    draft_free(&draft);
}

static void a_file_that_is_no_draft_is_refused(void **state) {
    (void)state;
    static const char *const contents[] = {"",
                                           "nonsense",
                                           "loket-draft 1 zz\n",
                                           "loket-draft 1 00000000000000000000000000000000\nno equals sign\n",
                                           "loket-draft 1 00000000000000000000000000000000\na=\\x\n",
                                           "loket-draft 2 00000000000000000000000000000000\n"};
    char path[200];
    struct draft draft;
    path_of("rina-other", path, sizeof path);
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(contents[i], file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_false(draft_load("rina", "other", &draft));
    }
}

static void a_name_can_not_leave_the_folder(void **state) {
    (void)state;
    struct draft draft = {0};
    assert_false(draft_save("../rina", "intake", &draft));
    assert_false(draft_save("rina", "a/b", &draft));
    assert_false(draft_save("", "intake", &draft));
    assert_false(draft_load("rina", "..", &draft));
}

static void a_full_disk_leaves_the_draft_before(void **state) {
    (void)state;
    struct draft draft = {0}, back;
    char path[220];
    draft_put(&draft, "nik", "1872010503900001");
    assert_true(draft_save("rina", "intake", &draft));
    /* a folder in the place of the new file stands for a disk that takes nothing */
    path_of("rina-intake.new", path, sizeof path);
    assert_int_equal(mkdir(path, 0700), 0);
    draft_put(&draft, "nik", "changed");
    assert_false(draft_save("rina", "intake", &draft));
    assert_int_equal(rmdir(path), 0);
    assert_true(draft_load("rina", "intake", &back));
    assert_string_equal(draft_get(&back, "nik"), "1872010503900001");
    draft_free(&draft);
    draft_free(&back);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_there_again),      cmocka_unit_test(nobody_else_can_read_it),
        cmocka_unit_test(a_file_that_is_no_draft_is_refused),  cmocka_unit_test(a_name_can_not_leave_the_folder),
        cmocka_unit_test(a_full_disk_leaves_the_draft_before),
    };
    return cmocka_run_group_tests_name("draft", tests, set_up, tear_down);
}
