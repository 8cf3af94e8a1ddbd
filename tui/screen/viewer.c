/* The document itself stays in a file without a name; what draws it (pdftotext, pdftoppm, chafa) are programs that run on their
 * own, with limits, because what they read was written by strangers. Nothing of their output reaches the terminal but as text. */
#include <curses.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tui/child.h>
#include <tui/entry/folder.h>
#include <tui/screen/viewer.h>
#include <tui/transfer/download.h>
#include <tui/ui/reader.h>
#include <tui/ui/text.h>
#include <unistd.h>

#define OUTPUT_BYTES  (8u << 20)
#define MEMORY_BYTES  (1024u << 20)
#define CHILD_SECONDS 20

enum { ACTION_TEXT = ACTION_OWN, ACTION_PAGE, ACTION_NEXT, ACTION_PREVIOUS, ACTION_DESKTOP, ACTION_SAVE, ACTION_PAPER };

struct viewer {
    struct screen base;
    struct reader reader;
    int64_t document_id;
    struct download *download;
    const struct download_file *file; /* NULL until it is there */
    struct child *child;              /* what is being drawn */
    int image;                        /* of a page, for chafa; -1 none */
    int page, rows;
    bool pages; /* pages instead of text */
    bool cut;
};

static const struct key_row keys[] = {
    {ACTION_TEXT, "text", "F6 t", N_("text"), N_("the text of a PDF")},
    {ACTION_PAGE, "page", "F4 g", N_("page"), N_("the page, or the picture, drawn with characters")},
    {ACTION_NEXT, "next_page", "n +", N_("next"), N_("the next page")},
    {ACTION_PREVIOUS, "previous_page", "p -", NULL, N_("the page before")},
    {ACTION_DESKTOP, "desktop", "F7 o", N_("desktop"), N_("open it with the desktop's own program")},
    {ACTION_SAVE, "save", "F8 s", N_("to a file"), N_("save it to the folder of receipts")},
    {ACTION_PAPER, "paper", "F9 P", N_("print"), N_("send it to the printer")},
    {ACTION_BACK, "back", "F3 q Esc", N_("back"), N_("back")},
    {0, NULL, NULL, NULL, NULL},
};

static void forget_image(struct viewer *self) {
    if (self->image >= 0) close(self->image);
    self->image = -1;
}

static void viewer_free(struct screen *screen) {
    struct viewer *self = (struct viewer *)screen;
    if (self->child) child_cancel(self->child);
    forget_image(self);
    download_free(self->download);
    reader_free(&self->reader);
}

static bool is_pdf(const struct viewer *self) {
    return strcmp(self->file->media_type, "application/pdf") == 0;
}

static void show_head(struct viewer *self) {
    char size[24];
    reader_free(&self->reader);
    folder_size_shown((uint64_t)self->file->size, size, sizeof size);
    if (self->pages && is_pdf(self))
        reader_add(&self->reader, LOOK_LABEL, "%s  %s  (%s %d)", self->file->name, size, _("page"), self->page);
    else reader_add(&self->reader, LOOK_LABEL, "%s  %s", self->file->name, size);
}

/* What a program wrote, line by line; a form feed begins a page. Of empty lines that follow each other one is enough. */
static void show_output(struct viewer *self, const char *output, size_t size) {
    bool blank = true;
    for (const char *line = output; size;) {
        size_t length = strcspn(line, "\n\f");
        if (length > size) length = size;
        bool empty = strspn(line, " \r") >= length;
        if (!empty || !blank) reader_add(&self->reader, LOOK_PLAIN, "%.*s", empty ? 1 : (int)length, empty ? " " : line);
        blank = empty;
        if (length < size && line[length] == '\f' && size > length + 2) reader_add(&self->reader, LOOK_DIM, "%s", "---");
        size_t step = length < size ? length + 1 : length;
        line += step;
        size -= step;
    }
}

static void complain(struct viewer *self, int status, const char *program) {
    struct app *app = self->base.app;
    if (status == CHILD_MISSING) app_complain(app, N_("The program %s is not installed here"), program);
    else if (status == CHILD_TIMED_OUT || status == CHILD_CUT || status == CHILD_KILLED)
        app_complain(app, N_("This document takes too much to be drawn here: save it instead"), NULL);
    else app_complain(app, N_("This document can't be drawn here: save it instead"), NULL);
    app->dirty = true;
}

static void run(struct viewer *self, const char *const *arguments, int from, child_ended *ended) {
    struct child_spec spec = {
        .argv = arguments, .stdin_fd = from, .output_limit = OUTPUT_BYTES, .seconds = CHILD_SECONDS, .memory_limit = MEMORY_BYTES};
    if (self->child) child_cancel(self->child);
    if (lseek(from, 0, SEEK_SET) != 0) abort();
    self->child = child_run(self->base.app->base, &spec, ended, self);
    if (!self->child) app_complain(self->base.app, N_("A helper program can't be started: %s"), strerror(errno));
}

static void on_text(int status, const char *output, size_t size, bool cut, void *data) {
    struct viewer *self = data;
    self->child = NULL;
    self->base.waits = false;
    show_head(self);
    if (status != 0) complain(self, status, "pdftotext");
    else {
        show_output(self, output, size);
        if (strspn(output, " \n\f\r\t") == size)
            reader_add(&self->reader, LOOK_DIM, "%s", _("There is no text in it, only a picture: F4 draws its pages."));
    }
    self->cut = cut;
    self->base.app->dirty = true;
}

static void show_text(struct viewer *self) {
    static const char *const arguments[] = {"pdftotext", "-q", "-layout", "-enc", "UTF-8", "-l", "200", "-", "-", NULL};
    if (is_pdf(self)) run(self, arguments, self->file->fd, on_text);
}

static void on_drawn(int status, const char *output, size_t size, bool cut, void *data) {
    struct viewer *self = data;
    (void)cut;
    self->child = NULL;
    show_head(self);
    if (status != 0) complain(self, status, "chafa");
    else show_output(self, output, size);
    self->base.app->dirty = true;
}

/* A picture as characters, without colours or escape codes: any terminal, any line. */
static void draw_picture(struct viewer *self, int from) {
    char size[32];
    (void)snprintf(size, sizeof size, "%dx%d", COLS - 3, self->rows > 4 ? self->rows * 3 : 24);
    const char *const arguments[] = {"chafa",  "-f", "symbols", "-c", "none", "--symbols", "block+border+space",
                                     "--size", size, "-",       NULL};
    run(self, arguments, from, on_drawn);
}

static void on_page(int status, const char *output, size_t size, bool cut, void *data) {
    struct viewer *self = data;
    self->child = NULL;
    forget_image(self);
    if (status != 0 || cut || !size) {
        show_head(self);
        if (status == 0 || (status > 0 && self->page > 1)) app_complain(self->base.app, N_("There is no such page"), NULL);
        else complain(self, status, "pdftoppm");
        self->base.app->dirty = true;
        return;
    }
    FILE *image = tmpfile();
    self->image = image ? dup(fileno(image)) : -1;
    if (image) (void)fclose(image);
    if (self->image < 0 || write(self->image, output, size) != (ssize_t)size) {
        app_complain(self->base.app, N_("The document can't be kept here: %s"), strerror(errno));
        return;
    }
    draw_picture(self, self->image);
}

static void show_page(struct viewer *self) {
    char page[16];
    if (!is_pdf(self)) {
        draw_picture(self, self->file->fd);
        return;
    }
    (void)snprintf(page, sizeof page, "%d", self->page);
    const char *const arguments[] = {"pdftoppm", "-q", "-png", "-gray", "-r", "90", "-f", page, "-l", page, "-", NULL};
    run(self, arguments, self->file->fd, on_page);
}

static void show(struct viewer *self) {
    if (!self->file) return;
    if (self->pages || !is_pdf(self)) show_page(self);
    else show_text(self);
}

static void on_download(const struct download_file *file, const struct error *error, void *data) {
    struct viewer *self = data;
    struct app *app = self->base.app;
    self->base.waits = false;
    app->dirty = true;
    reader_free(&self->reader);
    if (error) {
        if (error->code == LOKET_NOT_NOW) reader_add(&self->reader, LOOK_DIM, "%s", _("It is shown here as soon as it is there."));
        else app_complain(app, error->message, error->argument);
        download_free(self->download);
        self->download = NULL;
        return;
    }
    self->file = file;
    show_head(self);
    show(self);
}

static void fetch(struct viewer *self) {
    struct error error;
    self->download = download_new(self->base.app->client, self->document_id, on_download, self, &error);
    if (!self->download) app_complain(self->base.app, error.message, error.argument);
}

static void viewer_draw(struct screen *screen, int row, int rows) {
    struct viewer *self = (struct viewer *)screen;
    char line[80];
    self->rows = rows;
    if (self->file || !self->download) {
        reader_draw(&self->reader, row, rows);
        return;
    }
    (void)snprintf(line, sizeof line, "%s %d%%", _("Reading…"), download_progress(self->download));
    text_draw(row, 1, COLS - 2, line);
}

static bool place_of(struct viewer *self, char *path, size_t size) {
    const char *home = getenv("HOME"), *folder = self->base.app->receipt_folder;
    if (folder) (void)snprintf(path, size, "%s", folder);
    else (void)snprintf(path, size, "%s/loket", home ? home : ".");
    if (mkdir(path, 0700) != 0 && errno != EEXIST) return false;
    size_t used = strlen(path);
    (void)snprintf(path + used, size - used, "/%s", self->file->name);
    return true;
}

static bool save(struct viewer *self, char *path, size_t size) {
    if (place_of(self, path, size) && download_save(self->file, path)) return true;
    app_complain(self->base.app, N_("This file can't be written: %s"), strerror(errno));
    return false;
}

static void open_on_desktop(struct viewer *self) {
    char path[600];
    const char *display = getenv("WAYLAND_DISPLAY");
    if (!display || !*display) display = getenv("DISPLAY");
    if (!save(self, path, sizeof path)) return;
    const char *const arguments[] = {"xdg-open", path, NULL};
    if (!display || !*display) app_say(self->base.app, N_("There is no desktop here. Saved to %s"), path);
    else if (child_detach(arguments, -1) == 0) app_say(self->base.app, N_("Opened; saved to %s"), path);
    else app_complain(self->base.app, N_("The program %s is not installed here"), "xdg-open");
}

static void print(struct viewer *self) {
    struct app *app = self->base.app;
    if (!app->printer || !*app->printer) {
        app_complain(app, N_("No printer is set: see \"printer\" in loket.ini"), NULL);
        return;
    }
    const char *const arguments[] = {"sh", "-c", app->printer, NULL};
    int wrong = lseek(self->file->fd, 0, SEEK_SET) == 0 ? child_detach(arguments, self->file->fd) : errno;
    if (wrong) app_complain(app, N_("The printer can't be reached: %s"), strerror(wrong));
    else app_say(app, N_("Sent to the printer"), NULL);
}

static enum outcome viewer_action(struct screen *screen, int action) {
    struct viewer *self = (struct viewer *)screen;
    char path[600];
    if (action == ACTION_BACK) return LEAVE;
    if (!self->file) return HANDLED;
    switch (action) {
    case ACTION_TEXT:
        self->pages = false;
        show(self);
        break;
    case ACTION_PAGE:
        self->pages = true;
        if (!self->page) self->page = 1;
        show(self);
        break;
    case ACTION_NEXT:
    case ACTION_PREVIOUS:
        if (action == ACTION_PREVIOUS && self->page <= 1) break;
        self->page += action == ACTION_NEXT ? self->pages : -1;
        self->pages = true;
        show(self);
        break;
    case ACTION_DESKTOP: open_on_desktop(self); break;
    case ACTION_SAVE:
        if (save(self, path, sizeof path)) app_say(screen->app, N_("Written to %s"), path);
        break;
    case ACTION_PAPER: print(self); break;
    default: break;
    }
    return REDRAW;
}

static enum outcome viewer_key(struct screen *screen, int key, bool pasted) {
    struct viewer *self = (struct viewer *)screen;
    return !pasted && reader_key(&self->reader, key, self->rows) ? REDRAW : UNUSED;
}

/* It was still being made: perhaps it is there now. */
static void viewer_event(struct screen *screen, int64_t application_id) {
    struct viewer *self = (struct viewer *)screen;
    (void)application_id;
    if (!self->download && !self->file) fetch(self);
}

static const struct screen_ops ops = {
    .title = N_("Document"),
    .about =
        N_("The text of a PDF, or its pages and pictures drawn with characters. Who read it is recorded. Saved files hold personal "
           "data: delete them when they are no longer needed."),
    .keys = keys,
    .size = sizeof(struct viewer),
    .free = viewer_free,
    .draw = viewer_draw,
    .action = viewer_action,
    .key = viewer_key,
    .event = viewer_event,
};

void viewer_open(struct app *app, int64_t document_id) {
    struct viewer *self = (struct viewer *)app_push(app, &ops);
    self->document_id = document_id;
    self->image = -1;
    self->page = 1;
    fetch(self);
}
