/* The terminal, through ncurses. Holds no text of its own. */
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <tui/key.h>
#include <tui/ui/terminal.h>
#include <unistd.h>

#define KEY_PASTE_BEGIN (KEY_MAX + 1)
#define KEY_PASTE_END   (KEY_MAX + 2)

static struct {
    bool open, plain, colours, pasting;
    bool unreadable; /* the last attempt to read a key ended with EIO */
} terminal;

static const struct {
    attr_t monochrome, coloured;
    short foreground;
} looks[] = {
    [LOOK_PLAIN] = {A_NORMAL, A_NORMAL, -1},
    [LOOK_TITLE] = {A_BOLD, A_BOLD, COLOR_CYAN},
    [LOOK_SELECTED] = {A_REVERSE, A_REVERSE, -1},
    [LOOK_LABEL] = {A_NORMAL, A_NORMAL, COLOR_CYAN},
    [LOOK_WARNING] = {A_BOLD, A_BOLD, COLOR_YELLOW},
    [LOOK_ERROR] = {A_BOLD, A_BOLD, COLOR_RED},
    [LOOK_GOOD] = {A_NORMAL, A_NORMAL, COLOR_GREEN},
    [LOOK_FIELD] = {A_UNDERLINE, A_UNDERLINE, -1},
    [LOOK_DIM] = {A_DIM, A_DIM, -1},
    [LOOK_PICTURE] = {A_NORMAL, A_BOLD, COLOR_WHITE}, /* on black, whatever the terminal's own ground is */
};

static void paste_mode(bool on) {
    const char *name = getenv("TERM");
    /* a real vt100 would show the sequence */
    if (!name || strncmp(name, "vt", 2) == 0 || strcmp(name, "dumb") == 0 || strcmp(name, "linux") == 0) return;
    (void)fputs(on ? "\033[?2004h" : "\033[?2004l", stdout);
    (void)fflush(stdout);
}

bool terminal_open(bool plain) {
    terminal.plain = plain;
    SCREEN *screen = newterm(NULL, stdout, stdin);
    if (!screen) return false;
    set_term(screen);
    terminal.open = true;
    raw();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(50);
    const char *no_colour = getenv("NO_COLOR");
    terminal.colours = has_colors() && !(no_colour && *no_colour);
    if (terminal.colours) {
        start_color();
        use_default_colors();
        for (short i = 0; i < (short)(sizeof looks / sizeof looks[0]); i++)
            init_pair((short)(i + 1), looks[i].foreground, i == LOOK_PICTURE ? COLOR_BLACK : -1);
    }
    define_key("\033[200~", KEY_PASTE_BEGIN);
    define_key("\033[201~", KEY_PASTE_END);
    paste_mode(true);
    return true;
}

void terminal_close(void) {
    if (!terminal.open) return;
    terminal.open = false;
    paste_mode(false);
    endwin();
}

int terminal_key(bool *pasted) {
    wint_t code;
    for (;;) {
        errno = 0;
        int kind = get_wch(&code);
        terminal.unreadable = kind == ERR && errno == EIO;
        if (kind == ERR) return -1;
        if (kind == KEY_CODE_YES && code == KEY_PASTE_BEGIN) terminal.pasting = true;
        else if (kind == KEY_CODE_YES && code == KEY_PASTE_END) terminal.pasting = false;
        else if (kind == KEY_CODE_YES && code == KEY_RESIZE) continue;
        else {
            *pasted = terminal.pasting;
            if (kind == KEY_CODE_YES && code == KEY_ENTER) return '\r';
            if (kind == KEY_CODE_YES) return (int)code | KEY_FUNCTION;
            return code == '\n' && !terminal.pasting ? '\r' : (int)code;
        }
    }
}

bool terminal_gone(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    int waiting = 0;
    if (poll(&input, 1, 0) <= 0) return false;
    return terminal.unreadable || ioctl(STDIN_FILENO, FIONREAD, &waiting) != 0 || waiting == 0;
}

void terminal_look(enum look look) {
    attr_t attributes = terminal.colours ? looks[look].coloured : looks[look].monochrome;
    attr_set(attributes, terminal.colours ? (short)(look + 1) : 0, NULL);
}

bool terminal_unicode(void) {
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void terminal_rule(int row) {
    terminal_look(LOOK_DIM);
    if (terminal.plain) {
        move(row, 0);
        clrtoeol();
    } else {
        mvhline(row, 0, 0, COLS);
    }
    terminal_look(LOOK_PLAIN);
}

void terminal_show(void) {
    wnoutrefresh(stdscr);
    doupdate();
}

void terminal_redraw(void) {
    clearok(curscr, TRUE);
    terminal_show();
}

void terminal_resize(void) {
    struct winsize size;
    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) resizeterm(size.ws_row, size.ws_col);
}
