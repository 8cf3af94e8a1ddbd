/* A draft's file on a machine that others use too. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <tests/fuzz/fuzz.h>
#include <tui/entry/draft.h>
#include <unistd.h>

static char state[] = "/tmp/loket-fuzz.XXXXXX", path[128];

static void forget(void) {
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/loket/drafts", state);
    (void)rmdir(path);
    (void)snprintf(path, sizeof path, "%s/loket", state);
    (void)rmdir(path);
    (void)rmdir(state);
}

static void place_make(void) {
    struct draft draft = {0};
    if (!mkdtemp(state) || setenv("XDG_STATE_HOME", state, 1) != 0) abort();
    draft_put(&draft, "code", "value");
    if (!draft_save("fuzz", "form", &draft)) abort();
    draft_free(&draft);
    (void)snprintf(path, sizeof path, "%s/loket/drafts/fuzz-form", state);
    (void)atexit(forget);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct draft draft;
    if (!path[0]) place_make();
    int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (file < 0 || write(file, data, size) != (ssize_t)size) abort();
    (void)close(file);
    if (draft_load("fuzz", "form", &draft)) draft_free(&draft);
    return 0;
}
