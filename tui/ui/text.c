/* Text in columns. Everything that comes from the server or a file goes through text_next() before it is shown. */
#include <curses.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tui/ui/text.h>
#include <wctype.h>

#define STAND_IN L'\u00b7'

size_t text_next(const char *text, wchar_t *character) {
    mbstate_t state = {0};
    if (!*text) return 0;
    size_t size = mbrtowc(character, text, strlen(text), &state);
    if (size == (size_t)-1 || size == (size_t)-2 || size == 0) {
        *character = STAND_IN;
        return 1;
    }
    /* the C1 controls and the marks that turn the direction of a line round are commands as well */
    bool turns = (*character >= 0x202a && *character <= 0x202e) || (*character >= 0x2066 && *character <= 0x2069);
    if (*character < 0x20 || (*character >= 0x7f && *character < 0xa0) || turns || wcwidth(*character) < 0) *character = STAND_IN;
    return size;
}

void text_plain(const char *text, char *out, size_t size) {
    size_t used = 0;
    wchar_t character;
    char bytes[MB_LEN_MAX];
    for (size_t step; (step = text_next(text, &character)) > 0; text += step) {
        mbstate_t state = {0};
        size_t wide = wcrtomb(bytes, character, &state);
        if (wide == (size_t)-1) {
            wide = 1;
            bytes[0] = '?';
        }
        if (used + wide >= size) break;
        memcpy(out + used, bytes, wide);
        used += wide;
    }
    out[used] = '\0';
}

const char *text_word(const char *word) {
    return *word ? gettext(word) : word; /* gettext("") is the header of the translations */
}

int text_width(const char *text) {
    int width = 0;
    wchar_t character;
    for (size_t size; (size = text_next(text, &character)) > 0; text += size) width += wcwidth(character);
    return width;
}

size_t text_fit(const char *text, int columns) {
    size_t used = 0;
    wchar_t character;
    for (size_t size; (size = text_next(text + used, &character)) > 0; used += size) {
        columns -= wcwidth(character);
        if (columns < 0) break;
    }
    return used;
}

static void draw_bytes(const char *text, size_t bytes) {
    wchar_t character;
    for (const char *end = text + bytes; text < end;) {
        size_t size = text_next(text, &character);
        if (!size) return;
        addnwstr(&character, 1);
        text += size;
    }
}

void text_draw(int row, int column, int columns, const char *text) {
    if (columns <= 0 || row < 0 || row >= LINES || move(row, column) == ERR) return;
    int width = text_width(text);
    if (width <= columns) {
        draw_bytes(text, strlen(text));
        for (; width < columns; width++) addch(' ');
        return;
    }
    size_t bytes = text_fit(text, columns - 1);
    char shown[512];
    (void)snprintf(shown, sizeof shown, "%.*s", (int)(bytes < sizeof shown ? bytes : sizeof shown - 1), text);
    draw_bytes(text, bytes);
    addstr(MB_CUR_MAX > 1 ? "…" : ">");
    for (width = text_width(shown) + 1; width < columns; width++) addch(' ');
}

void text_draw_right(int row, int column, int columns, const char *text) {
    int width = text_width(text), blank = width < columns ? columns - width : 0;
    if (columns <= 0 || move(row, column) == ERR) return;
    for (int i = 0; i < blank; i++) addch(' ');
    text_draw(row, column + blank, columns - blank, text);
}

size_t text_wrap(const char *text, int columns, size_t *skip) {
    const char *feed = strchr(text, '\n');
    size_t bytes = text_fit(text, columns > 0 ? columns : 1);
    *skip = 0;
    if (feed && (size_t)(feed - text) <= bytes) {
        *skip = 1;
        return (size_t)(feed - text);
    }
    if (!text[bytes]) return bytes;
    for (size_t i = bytes; i > 0; i--) {
        if (text[i] != ' ') continue;
        *skip = 1;
        return i;
    }
    return bytes ? bytes : 1;
}

static const char *month_name(int month) {
    static const char *const names[] = {N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun"),
                                        N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec")};
    return month >= 1 && month <= 12 ? _(names[month - 1]) : "?";
}

void text_date(const char *iso, char *out, size_t size) {
    int year, month, day;
    if (!iso || sscanf(iso, "%4d-%2d-%2d", &year, &month, &day) != 3) (void)snprintf(out, size, "-");
    else (void)snprintf(out, size, "%d %s %d", day, month_name(month), year);
}

void text_instant(long long at, char *out, size_t size) {
    time_t seconds = (time_t)at;
    struct tm local;
    if (!at || !localtime_r(&seconds, &local)) (void)snprintf(out, size, "-");
    else (void)snprintf(out, size, "%d %s %02d:%02d", local.tm_mday, month_name(local.tm_mon + 1), local.tm_hour, local.tm_min);
}

void text_money(long long rupiah, char *out, size_t size) {
    char digits[24], grouped[40] = "";
    size_t used = 0;
    (void)snprintf(digits, sizeof digits, "%lld", rupiah < 0 ? -rupiah : rupiah);
    size_t count = strlen(digits);
    for (size_t i = 0; i < count; i++) {
        if (i && (count - i) % 3 == 0) grouped[used++] = '.';
        grouped[used++] = digits[i];
    }
    grouped[used] = '\0';
    (void)snprintf(out, size, "%sRp %s", rupiah < 0 ? "-" : "", grouped);
}

void text_days_left(int days, bool stopped, char *out, size_t size) {
    if (stopped) (void)snprintf(out, size, "%s", _("waits for applicant"));
    else if (days == 0) (void)snprintf(out, size, "%s", _("today"));
    else if (days > 0) (void)snprintf(out, size, ngettext("%d day", "%d days", (unsigned long)days), days);
    else (void)snprintf(out, size, ngettext("%d day late", "%d days late", (unsigned long)-days), -days);
}

void text_message(const char *message, const char *argument, char *out, size_t size) {
    const char *translated = message && *message ? _(message) : "";
    const char *place = strstr(translated, "%s");
    if (!place) (void)snprintf(out, size, "%s", translated);
    else (void)snprintf(out, size, "%.*s%s%s", (int)(place - translated), translated, argument ? argument : "", place + 2);
}
