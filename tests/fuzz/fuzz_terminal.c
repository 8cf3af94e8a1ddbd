/* What a terminal sends: keys, escape sequences, pastes, half of each; and then a form gets the keys, as it does in loket. */
#include <curses.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <tests/fuzz/fuzz.h>
#include <tui/key.h>
#include <tui/ui/form.h>
#include <tui/ui/terminal.h>
#include <unistd.h>

#define INPUT_AT_MOST 4096 /* fits a pipe */

static int keyboard = -1, screen = -1; /* the ends of the pipe */

/* A terminal that nobody looks at, with a pipe for its keyboard. It stays for all inputs. */
static void terminal_make(void) {
    int ends[2];
    FILE *out = stdout, *in = stdin;
    if (!setlocale(LC_ALL, "C.UTF-8") || setenv("TERM", "xterm-256color", 1) != 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        abort();
    stdin = fdopen(ends[0], "r");
    stdout = fopen("/dev/null", "we");
    if (!stdin || !stdout || !terminal_open(false)) abort();
    set_escdelay(0); /* nobody types the rest of a sequence later */
    stdout = out;
    stdin = in;
    screen = ends[0];
    keyboard = ends[1];
}

static bool waits(void) {
    int bytes = 0;
    return ioctl(screen, FIONREAD, &bytes) == 0 && bytes > 0;
}

static void form_make(struct form *form) {
    form_init(form);
    form_add(form, "text", "Text", FIELD_TEXT, true)->longest = 20;
    form_add(form, "lines", "Lines", FIELD_MULTILINE, false)->longest = 60;
    form_first(form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char end_of_paste[] = "\033[201~";
    struct form form;
    bool pasted;
    int asked = 0;
    if (keyboard < 0) terminal_make();
    if (size > INPUT_AT_MOST) size = INPUT_AT_MOST;
    if (write(keyboard, data, size) != (ssize_t)size) abort();
    if (write(keyboard, end_of_paste, sizeof end_of_paste - 1) < 0) abort();
    form_make(&form);
    /* bytes that are no character end a turn of the loop, and the rest is read in the next */
    for (int key; (key = terminal_key(&pasted)) >= 0 || waits(); asked++) {
        if (asked > 2 * INPUT_AT_MOST) abort(); /* more than there were bytes */
        if (key >= 0) (void)form_key(&form, key, pasted);
        for (size_t i = 0; i < form.count; i++)
            for (const char *p = form.fields[i].value; *p; p++)
                if ((unsigned char)*p < 0x20 && *p != '\n') abort(); /* nothing that could command a terminal is kept */
    }
    form_free(&form);
    return 0;
}
