/* Paper. The printer's program runs on its own: a jammed printer must not hold up the counter. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tui/child.h>
#include <tui/screen/printout.h>
#include <tui/ui/text.h>
#include <unistd.h>

static bool fill_from_reader(const void *reader, FILE *file) {
    return reader_write(reader, file);
}

void printout_write(struct app *app, const struct reader *reader, const char *name) {
    char file[128];
    (void)snprintf(file, sizeof file, "%s.txt", name);
    printout_save(app, file, fill_from_reader, reader);
}

void printout_save(struct app *app, const char *name, printout_fill *fill, const void *data) {
    char path[512];
    const char *home = getenv("HOME");
    if (app->receipt_folder) (void)snprintf(path, sizeof path, "%s", app->receipt_folder);
    else (void)snprintf(path, sizeof path, "%s/loket", home ? home : ".");
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        app_complain(app, N_("This folder can't be made: %s"), path);
        return;
    }
    size_t used = strlen(path);
    (void)snprintf(path + used, sizeof path - used, "/%s", name);
    mode_t before = umask(0077);
    FILE *file = fopen(path, "we");
    umask(before);
    bool written = file && fill(data, file);
    if (file && fclose(file) != 0) written = false;
    if (written) app_say(app, N_("Written to %s"), path);
    else app_complain(app, N_("This file can't be written: %s"), path);
}

/* The whole text fits into the pipe's buffer, or is refused: nothing here waits for the printer. */
static bool send_all(int pipe_end, const struct reader *reader) {
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    bool good = memory && reader_write(reader, memory);
    if (memory && fclose(memory) != 0) good = false;
    good = good && write(pipe_end, text, size) == (ssize_t)size;
    free(text);
    return good;
}

void printout_send(struct app *app, const struct reader *reader) {
    int ends[2];
    if (!app->printer || !*app->printer) {
        app_complain(app, N_("No printer is set: see \"printer\" in loket.ini"), NULL);
        return;
    }
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        app_complain(app, N_("The printer can't be reached: %s"), strerror(errno));
        return;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    const char *const arguments[] = {"sh", "-c", app->printer, NULL};
    int wrong = fcntl(ends[0], F_SETFL, 0) == 0 ? child_detach(arguments, ends[0]) : errno;
    bool sent = wrong == 0 && send_all(ends[1], reader);
    if (!wrong && !sent) wrong = errno;
    (void)close(ends[0]);
    (void)close(ends[1]);
    if (sent) app_say(app, N_("Sent to the printer"), NULL);
    else app_complain(app, N_("The printer can't be reached: %s"), strerror(wrong));
}
