/* Folders of files: what is chosen from is what is there, whatever the names, and a scanner's file is taken when it is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <tui/entry/folder.h>
#include <tui/entry/scanner.h>
#include <tui/ui/text.h>
#include <unistd.h>

static char home[64];

static int set_up(void **state) {
    (void)state;
    (void)setlocale(LC_ALL, "C.UTF-8");
    (void)snprintf(home, sizeof home, "/tmp/loket-folder.XXXXXX");
    return mkdtemp(home) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *facts, int type, struct FTW *where) {
    (void)facts;
    (void)type;
    (void)where;
    return remove(path);
}

static int tear_down(void **state) {
    (void)state;
    return nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *at_home(const char *name) {
    static char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", home, name);
    return path;
}

static void put(const char *name, const char *text) {
    FILE *file = fopen(at_home(name), "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make(const char *name) {
    assert_int_equal(mkdir(at_home(name), 0700), 0);
}

static const char *name_at(const struct folder *folder, size_t row) {
    assert_true(row < folder->shown_count);
    return folder->entries[folder->shown[row]].name;
}

static void a_clerk_does_not_find_the_file(void **state) {
    (void)state;
    static const char *const sorted[] = {"Arsip", "pindai", "KTP.pdf", "ktp2.pdf", "STR.pdf", "surat.png"};
    struct folder folder = {0};
    make("pindai");
    make("Arsip");
    put("surat.png", "x");
    put("ktp2.pdf", "");
    put("KTP.pdf", "four");
    put("STR.pdf", "x");
    put(".hidden", "x");
    assert_int_equal(mkfifo(at_home("pipe"), 0600), 0); /* whoever opens it waits for ever */
    assert_int_equal(symlink("nowhere", at_home("dead link")), 0);
    assert_true(folder_read(&folder, home));
    assert_int_equal(folder.shown_count, 6);
    for (size_t i = 0; i < 6; i++) assert_string_equal(name_at(&folder, i), sorted[i]);
    assert_true(folder.entries[0].is_folder);
    assert_false(folder.entries[2].is_folder);
    assert_int_equal(folder.entries[2].size, 4);
    assert_true(llabs((long long)folder.entries[2].changed_at - (long long)time(NULL)) < 1000);
    folder_narrow(&folder, "ktp");
    assert_int_equal(folder.shown_count, 2);
    assert_string_equal(name_at(&folder, 1), "ktp2.pdf");
    assert_int_equal(folder_find(&folder, "ktp2.pdf"), 1);
    assert_int_equal(folder_find(&folder, "gone"), 0);
    folder_narrow(&folder, "akta");
    assert_int_equal(folder.shown_count, 0);
    folder_narrow(&folder, "");
    assert_int_equal(folder.shown_count, 6);
    folder_free(&folder);
}

static void the_way_up_and_down_leads_elsewhere(void **state) {
    (void)state;
    struct folder folder = {0};
    char path[PATH_MAX], whole[PATH_MAX];
    const char *name;
    make("a");
    make("a/b");
    put("a/b/c.pdf", "x");
    assert_int_equal(symlink("a/b", at_home("short")), 0);
    assert_non_null(realpath(home, whole));
    assert_true(folder_read(&folder, at_home("short")));
    assert_true(folder_path(&folder, &folder.entries[0], path));
    assert_string_equal(path + strlen(whole), "/a/b/c.pdf");
    folder_above(&folder, path, &name);
    assert_string_equal(path + strlen(whole), "/a");
    assert_string_equal(name, "b");
    assert_true(folder_read(&folder, "/tmp"));
    folder_above(&folder, path, &name);
    assert_string_equal(path, "/");
    assert_true(folder_read(&folder, "/"));
    folder_above(&folder, path, &name);
    assert_string_equal(path, "/");
    assert_true(folder_path(&folder, &folder.entries[folder.shown[folder_find(&folder, "tmp")]], path));
    assert_string_equal(path, "/tmp");
    folder_free(&folder);
}

static void a_folder_that_cant_be_read_loses_the_one_that_is_shown(void **state) {
    (void)state;
    struct folder folder = {0};
    put("one", "x");
    assert_true(folder_read(&folder, home));
    assert_false(folder_read(&folder, at_home("gone")));
    assert_int_equal(errno, ENOENT);
    assert_false(folder_read(&folder, at_home("one")));
    assert_int_equal(errno, ENOTDIR);
    assert_string_equal(name_at(&folder, 0), "one");
    folder_free(&folder);
    assert_false(folder_read(&folder, at_home("gone")));
    folder_free(&folder);
}

/* What text_draw would send for a name. */
static void assert_harmless(const char *name) {
    wchar_t character;
    for (size_t size; (size = text_next(name, &character)) > 0; name += size) {
        assert_true(character >= 0x20 && character != 0x7f && !(character >= 0x80 && character < 0xa0));
        assert_false(character >= 0x202a && character <= 0x202e);
    }
}

static void a_files_name_commands_the_terminal_or_names_another_file(void **state) {
    (void)state;
    static const char *const names[] = {"\033]0;owned\007.pdf",
                                        "a\nb.pdf",
                                        "\xff\xfe.pdf",
                                        "\xc3",
                                        "\xe2\x80\xae"
                                        "fdp.exe",
                                        "\xc2\x9b"
                                        "31m",
                                        "%s%n.pdf",
                                        "-rf",
                                        " ",
                                        "\xe8\xa8\xb1\xe5\x8f\xaf.pdf"};
    const size_t count = sizeof names / sizeof names[0];
    struct folder folder = {0};
    char path[PATH_MAX], longest[NAME_MAX + 1];
    struct stat facts;
    for (size_t i = 0; i < count; i++) put(names[i], "x");
    memset(longest, 'z', NAME_MAX);
    longest[NAME_MAX] = '\0';
    put(longest, "x");
    assert_true(folder_read(&folder, home));
    assert_int_equal(folder.shown_count, count + 1);
    for (size_t i = 0; i < count; i++) {
        const char *name = name_at(&folder, folder_find(&folder, names[i]));
        assert_string_equal(name, names[i]); /* its very bytes */
        assert_harmless(name);
        assert_true(folder_path(&folder, &folder.entries[folder.shown[folder_find(&folder, names[i])]], path));
        assert_int_equal(stat(path, &facts), 0);
    }
    folder_narrow(&folder, "\xff");
    assert_int_equal(folder.shown_count, 1);
    folder_free(&folder);
}

static void a_deep_folder_overflows(void **state) {
    (void)state;
    struct folder folder = {0};
    char path[PATH_MAX];
    struct folder_entry entry = {.name = (char[]){"name"}};
    memset(folder.path, '/', sizeof folder.path - 1);
    assert_false(folder_path(&folder, &entry, path));
}

static void ten_thousand_scans_make_the_clerk_wait(void **state) {
    (void)state;
    struct folder folder = {0};
    struct timespec begun, over;
    char name[32];
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof name, "scan%05d.pdf", (i * 7919) % 10000);
        int fd = open(at_home(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        (void)close(fd);
    }
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
    assert_true(folder_read(&folder, home));
    folder_narrow(&folder, "SCAN0999");
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &over);
    assert_int_equal(folder.count, 10000);
    assert_int_equal(folder.shown_count, 10);
    assert_string_equal(name_at(&folder, 9), "scan09999.pdf");
    assert_in_range(over.tv_sec - begun.tv_sec, 0, 2); /* far more than it takes, also under ASan */
    folder_free(&folder);
}

static void a_size_is_shown_wrong(void **state) {
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *shown;
    } rows[] = {
        {0, "0 B"}, {9999, "9999 B"}, {10240, "10 KiB"}, {1234567, "1206 KiB"}, {52428800, "50 MiB"}, {UINT64_MAX, "16777216 TiB"}};
    char shown[32];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        folder_size_shown(rows[i].bytes, shown, sizeof shown);
        assert_string_equal(shown, rows[i].shown);
    }
}

/* The scanner */

struct watch {
    struct event_base *base;
    struct scanner *scanner;
    int count;
    uint64_t size;
    char name[NAME_MAX + 1]; /* of the last one */
    bool free_at_once, late;
};

static void on_found(const char *path, uint64_t size, void *data) {
    struct watch *watch = data;
    watch->count++;
    watch->size = size;
    (void)snprintf(watch->name, sizeof watch->name, "%s", strrchr(path, '/') + 1);
    if (!watch->free_at_once) return;
    scanner_free(watch->scanner);
    watch->scanner = NULL;
}

static void on_late(evutil_socket_t fd, short what, void *data) {
    (void)fd;
    (void)what;
    ((struct watch *)data)->late = true;
}

/* Until `count` files were found. */
static void wait_for(struct watch *watch, int count) {
    const struct timeval generous = {.tv_sec = 20};
    assert_int_equal(event_base_once(watch->base, -1, EV_TIMEOUT, on_late, watch, &generous), 0);
    while (watch->count < count && !watch->late) assert_int_equal(event_base_loop(watch->base, EVLOOP_ONCE), 0);
    assert_false(watch->late);
    assert_int_equal(watch->count, count);
}

static void wait_for_watch(struct watch *watch, bool there) {
    const struct timeval generous = {.tv_sec = 20};
    assert_int_equal(event_base_once(watch->base, -1, EV_TIMEOUT, on_late, watch, &generous), 0);
    while (scanner_watches(watch->scanner) != there && !watch->late) assert_int_equal(event_base_loop(watch->base, EVLOOP_ONCE), 0);
    assert_false(watch->late);
}

static void watch_open(struct watch *watch, const char *folder) {
    *watch = (struct watch){.base = event_base_new()};
    assert_non_null(watch->base);
    watch->scanner = scanner_new(watch->base, folder, on_found, watch);
    assert_non_null(watch->scanner);
}

static void watch_close(struct watch *watch) {
    scanner_free(watch->scanner);
    event_base_free(watch->base);
}

static void half_a_scan_is_taken_or_a_whole_one_twice(void **state) {
    (void)state;
    struct watch watch;
    put("before.pdf", "x");
    watch_open(&watch, home);
    assert_true(scanner_watches(watch.scanner));
    int open_file = open(at_home("open.pdf"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(open_file, "half", 4), 4);
    put(".hidden.pdf", "x");
    put("a.part", "x");
    put("a.TMP", "x");
    put("empty.pdf", "");
    make("folder");
    assert_int_equal(symlink("before.pdf", at_home("link.pdf")), 0);
    put("whole.pdf", "12345");
    wait_for(&watch, 1); /* events come in order: none of those before it was reported */
    assert_string_equal(watch.name, "whole.pdf");
    assert_int_equal(watch.size, 5);
    (void)close(open(at_home("whole.pdf"), O_WRONLY | O_CLOEXEC)); /* opened and closed again, nothing new */
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s", at_home("a.part"));
    assert_int_equal(rename(path, at_home("a.pdf")), 0);
    wait_for(&watch, 2);
    assert_string_equal(watch.name, "a.pdf");
    (void)close(open_file);
    wait_for(&watch, 3);
    assert_string_equal(watch.name, "open.pdf");
    assert_int_equal(watch.size, 4);
    watch_close(&watch);
}

static void the_scanner_is_deaf_after_its_folder_was_made_again(void **state) {
    (void)state;
    struct watch watch;
    char folder[PATH_MAX], other[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", at_home("scans"));
    (void)snprintf(other, sizeof other, "%s", at_home("other"));
    watch_open(&watch, folder); /* it is not there yet */
    assert_false(scanner_watches(watch.scanner));
    make("scans");
    wait_for_watch(&watch, true);
    put("scans/1.pdf", "x");
    wait_for(&watch, 1);
    assert_int_equal(unlink(at_home("scans/1.pdf")), 0);
    assert_int_equal(rmdir(folder), 0);
    wait_for_watch(&watch, false);
    make("scans");
    wait_for_watch(&watch, true);
    put("scans/2.pdf", "x");
    wait_for(&watch, 2);
    assert_string_equal(watch.name, "2.pdf");
    assert_int_equal(rename(folder, other), 0); /* moved away: what comes there is not ours any more */
    wait_for_watch(&watch, false);
    put("other/3.pdf", "x");
    make("scans");
    wait_for_watch(&watch, true);
    put("scans/4.pdf", "x");
    wait_for(&watch, 3);
    assert_string_equal(watch.name, "4.pdf");
    watch_close(&watch);
}

static void a_screen_that_ends_with_the_first_scan_crashes(void **state) {
    (void)state;
    struct watch watch;
    watch_open(&watch, home);
    watch.free_at_once = true;
    put("1.pdf", "x");
    put("2.pdf", "x");
    wait_for(&watch, 1);
    watch_close(&watch);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_clerk_does_not_find_the_file),
        IN_A_FOLDER(the_way_up_and_down_leads_elsewhere),
        IN_A_FOLDER(a_folder_that_cant_be_read_loses_the_one_that_is_shown),
        IN_A_FOLDER(a_files_name_commands_the_terminal_or_names_another_file),
        cmocka_unit_test(a_deep_folder_overflows),
        IN_A_FOLDER(ten_thousand_scans_make_the_clerk_wait),
        cmocka_unit_test(a_size_is_shown_wrong),
        IN_A_FOLDER(half_a_scan_is_taken_or_a_whole_one_twice),
        IN_A_FOLDER(the_scanner_is_deaf_after_its_folder_was_made_again),
        IN_A_FOLDER(a_screen_that_ends_with_the_first_scan_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
