/* Text on a terminal: what a byte string looks like in columns, and nothing in it that could command the terminal. */
#ifndef TUI_UI_TEXT_H
#define TUI_UI_TEXT_H

#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

#define _(text)  gettext(text)
#define N_(text) (text)

/* A word of the server's data (a stage's name, an action's label) in the present language, as it is when it is not known. */
const char *text_word(const char *word);

/* The character at `text` (UTF-8) into *character; returns how many bytes it takes. A control character, a broken byte or a
 * character that has no width of its own reason to be there becomes U+00B7; never more than the text holds. 0 at the end. */
size_t text_next(const char *text, wchar_t *character);

/* A copy for where text_draw does not go, such as standard output: each character as text_next says it is. Cut to what fits. */
void text_plain(const char *text, char *out, size_t size);

/* Columns that the text takes. */
int text_width(const char *text);

/* How many bytes of `text` fit into `columns`. */
size_t text_fit(const char *text, int columns);

/* Draws at most `columns` columns at (row, column) of the screen, cut with "…" when it is longer; fills the rest with blanks. */
void text_draw(int row, int column, int columns, const char *text);
/* The same, right-aligned. */
void text_draw_right(int row, int column, int columns, const char *text);

/* The bytes of the next line of at most `columns` columns, broken at a blank where there is one; *skip more bytes are
 * between it and the line after it. */
size_t text_wrap(const char *text, int columns, size_t *skip);

/* Writes the date "2026-11-24" as "24 Nov 2026" in the present language. An empty date gives "-". */
void text_date(const char *iso, char *out, size_t size);
/* An instant (Unix seconds, 0: "-") as "24 Nov 09:41". */
void text_instant(long long at, char *out, size_t size);
/* Rupiah as "Rp 1.250.000". */
void text_money(long long rupiah, char *out, size_t size);
/* "terlambat 2 hari", "hari ini", "3 hari", or that the clock stands still. */
void text_days_left(int days, bool stopped, char *out, size_t size);
/* A translated message with its one %s replaced by `argument` (never taken as a format). */
void text_message(const char *message, const char *argument, char *out, size_t size);

#endif
