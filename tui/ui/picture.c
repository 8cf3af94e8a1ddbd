/* A QR code in characters. Light modules are drawn and dark ones left out: the looks see to light on dark. */
#include <qrencode.h>
#include <stdio.h>
#include <string.h>
#include <tui/ui/picture.h>
#include <tui/ui/terminal.h>
#include <tui/ui/text.h>

#define QUIET 1 /* modules of margin; the standard asks for 4, telephones do with less, and a small terminal has no more */

static bool light(const QRcode *code, int x, int y) {
    bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;
    return !inside || !(code->data[y * code->width + x] & 1);
}

static void draw_row(const QRcode *code, int y, int row, int column) {
    static const char *const signs[] = {" ", "▄", "▀", "█"}; /* by upper and lower half */
    char line[800] = "";
    size_t used = 0;
    int bottom = code->width + QUIET;
    for (int x = -QUIET; x < bottom && used + 4 < sizeof line; x++) {
        bool lower = y + 1 < bottom && light(code, x, y + 1);
        used += (size_t)snprintf(line + used, sizeof line - used, "%s", signs[light(code, x, y) * 2 + lower]);
    }
    text_draw(row, column, code->width + 2 * QUIET, line);
}

static bool fits(const QRcode *code, int rows, int columns) {
    int size = code->width + 2 * QUIET;
    return terminal_unicode() && size <= columns && (size + 1) / 2 <= rows;
}

bool picture_fits(const char *text, int rows, int columns) {
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    bool good = code && fits(code, rows, columns);
    QRcode_free(code);
    return good;
}

bool picture_draw(const char *text, int row, int column, int rows, int columns) {
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    bool good = code && fits(code, rows, columns);
    terminal_look(LOOK_PICTURE);
    for (int y = -QUIET; good && y < code->width + QUIET; y += 2) draw_row(code, y, row + (y + QUIET) / 2, column);
    terminal_look(LOOK_PLAIN);
    QRcode_free(code);
    return good;
}
