/* One pass over the bytes, line by line; a wrong line is told and left out. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tui/entry/bank_file.h>
#include <tui/entry/workday.h>
#include <tui/ui/text.h>

#define COLUMNS    4
#define CELL_BYTES 400
#define AMOUNT_MAX 1000000000000

enum { DAY, REFERENCE, AMOUNT, DESCRIPTION };

static const char *const headers[COLUMNS][2] = {
    {"date", "tanggal"}, {"reference", "referensi"}, {"amount", "jumlah"}, {"description", "keterangan"}};

struct reading {
    struct bank_file *file;
    const char *today;
    char separator;
    int line;
};

static void tell(struct reading *reading, const char *message, const char *argument) {
    struct bank_file *file = reading->file;
    if (file->mistake_count == BANK_FILE_MISTAKES) return;
    struct bank_mistake *mistake = &file->mistakes[file->mistake_count++];
    mistake->line = reading->line;
    mistake->message = message;
    (void)snprintf(mistake->argument, sizeof mistake->argument, "%.47s", argument ? argument : "");
}

/* Bytes of the character at `at`; 0: not UTF-8, or a control character. RFC 3629. */
static size_t character_size(const unsigned char *at, size_t left) {
    size_t size = *at < 0x80 ? 1 : *at >= 0xC2 && *at < 0xE0 ? 2 : (*at & 0xF0) == 0xE0 ? 3 : *at >= 0xF0 && *at < 0xF5 ? 4 : 0;
    if (!size || size > left || (size == 1 && (*at < 0x20 ? *at != '\t' : *at == 0x7F))) return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xC0) != 0x80) return 0;
    if (size == 3 && ((*at == 0xE0 && at[1] < 0xA0) || (*at == 0xED && at[1] > 0x9F))) return 0;
    if (size == 4 && ((*at == 0xF0 && at[1] < 0x90) || (*at == 0xF4 && at[1] > 0x8F))) return 0;
    return size;
}

static bool line_is_text(const char *line, size_t size) {
    for (size_t at = 0, one; at < size; at += one)
        if (!(one = character_size((const unsigned char *)line + at, size - at))) return false;
    return true;
}

static void trim(char *text) {
    size_t skip = strspn(text, " \t"), size = strlen(text + skip);
    memmove(text, text + skip, size + 1);
    while (size && (text[size - 1] == ' ' || text[size - 1] == '\t')) text[--size] = '\0';
}

/* The next cell of the line, in quotes or not; "" in quotes is a quote. False: a quote is not closed, or the cell is too long. */
static bool cell_read(const char **at, const char *end, char separator, char cell[CELL_BYTES]) {
    size_t used = 0;
    const char *p = *at;
    while (p < end && (*p == ' ' || *p == '\t') && *p != separator) p++;
    bool quoted = p < end && *p == '"';
    for (p += quoted; p < end && (quoted || *p != separator); p++) {
        if (quoted && *p == '"') {
            if (p + 1 >= end || p[1] != '"') break;
            p++;
        }
        if (used + 1 == CELL_BYTES) return false;
        cell[used++] = *p;
    }
    cell[used] = '\0';
    if (quoted && p++ >= end) return false;
    while (quoted && p < end && (*p == ' ' || *p == '\t')) p++;
    if (p < end && *p != separator) return false;
    *at = p < end ? p + 1 : NULL;
    if (!quoted) trim(cell);
    return true;
}

/* All cells of a line. False when it has another number of them; the description may be missing. */
static bool cells_read(struct reading *reading, const char *line, size_t size, char cells[COLUMNS][CELL_BYTES]) {
    const char *at = line, *end = line + size;
    size_t count = 0;
    cells[DESCRIPTION][0] = '\0';
    for (; at && count < COLUMNS; count++)
        if (!cell_read(&at, end, reading->separator, cells[count])) {
            tell(reading, N_("A quotation mark is not closed, or a column is too long"), NULL);
            return false;
        }
    if (!at && count >= DESCRIPTION) return true;
    tell(reading, N_("This line does not have the columns date, reference, amount, description"), NULL);
    return false;
}

int64_t bank_amount(const char *text) {
    int64_t amount = 0;
    size_t digits = 0, since = 0;
    bool grouped = false;
    for (; isdigit((unsigned char)*text) || *text == '.'; text++) {
        if (*text == '.') {
            if (grouped ? since != 3 : since < 1 || since > 3) return -1;
            grouped = true;
            since = 0;
            continue;
        }
        amount = amount * 10 + (*text - '0');
        since++;
        if (++digits > 13) return -1;
    }
    if (!digits || (grouped && since != 3)) return -1;
    if (strcmp(text, ",00") == 0 || strcmp(text, ",0") == 0) text = "";
    return *text || amount < 1 || amount > AMOUNT_MAX ? -1 : amount;
}

/* 2026-11-24, 24/11/2026 or 24-11-2026, as ISO; false: it is no day. */
static bool day_read(const char *text, char iso[11]) {
    unsigned day = 0, month = 0, year = 0;
    int used = 0;
    size_t size = strlen(text);
    if (size != 10 || strspn(text, "0123456789/-") != size) return false;
    if (sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &used) != 3 || used != 10) {
        used = 0;
        if (sscanf(text, "%2u%*1[/-]%2u%*1[/-]%4u%n", &day, &month, &year, &used) != 3 || used != 10) return false;
    }
    (void)snprintf(iso, 11, "%04u-%02u-%02u", year % 10000, month % 100, day % 100);
    return day_from_iso(iso) >= 0;
}

/* A reference without the blanks, points and lines that banks put between its digits. */
static bool reference_read(const char *text, char reference[41]) {
    size_t used = 0;
    for (; *text; text++) {
        if (strchr(" .-/", *text)) continue;
        if (!isalnum((unsigned char)*text) || used == 40) return false;
        reference[used++] = *text;
    }
    reference[used] = '\0';
    return used > 0;
}

static void row_read(struct reading *reading, const char *line, size_t size) {
    char cells[COLUMNS][CELL_BYTES];
    struct bank_row row = {.line = reading->line};
    size_t before = reading->file->mistake_count;
    if (!line_is_text(line, size)) {
        tell(reading, N_("This line is not text (UTF-8)"), NULL);
        return;
    }
    if (!cells_read(reading, line, size, cells)) return;
    row.amount = bank_amount(cells[AMOUNT]);
    if (!day_read(cells[DAY], row.paid_on)) tell(reading, N_("\"%s\" is not a day (2026-11-24 or 24/11/2026)"), cells[DAY]);
    else if (strcmp(row.paid_on, reading->today) > 0) tell(reading, N_("The day %s is still to come"), cells[DAY]);
    if (!reference_read(cells[REFERENCE], row.reference)) tell(reading, N_("\"%s\" is not a payment reference"), cells[REFERENCE]);
    if (row.amount < 0) tell(reading, N_("\"%s\" is not an amount in whole rupiah"), cells[AMOUNT]);
    if (strlen(cells[DESCRIPTION]) >= sizeof row.description) tell(reading, N_("The description is longer than 300 bytes"), NULL);
    if (reading->file->mistake_count > before) return;
    (void)snprintf(row.description, sizeof row.description, "%.300s", cells[DESCRIPTION]);
    if (reading->file->row_count == BANK_FILE_ROWS) {
        tell(reading, N_("The file has more than 5,000 payments"), NULL);
        return;
    }
    reading->file->rows[reading->file->row_count++] = row;
}

/* The header names the columns and decides what stands between them. */
static bool header_read(struct reading *reading, const char *line, size_t size) {
    char cells[COLUMNS][CELL_BYTES];
    const char *at = line, *end = line + size;
    size_t good = 0;
    reading->separator = memchr(line, ';', size) ? ';' : ',';
    for (; at && good < COLUMNS && cell_read(&at, end, reading->separator, cells[good]); good++)
        if (strcasecmp(cells[good], headers[good][0]) != 0 && strcasecmp(cells[good], headers[good][1]) != 0) break;
    if (!at && good >= DESCRIPTION) return true;
    tell(reading, N_("The first line must be the header date;reference;amount;description"), NULL);
    return false;
}

static bool refuse_whole(struct reading *reading, const char *message) {
    reading->line = 0;
    tell(reading, message, NULL);
    return false;
}

bool bank_file_read(struct bank_file *file, const char *bytes, size_t size, const char *today) {
    struct reading reading = {.file = file, .today = today};
    if (size > BANK_FILE_BYTES) return refuse_whole(&reading, N_("The file is larger than 1 MiB"));
    file->rows = calloc(BANK_FILE_ROWS, sizeof *file->rows);
    if (!file->rows) abort();
    const char *end = bytes + size;
    if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) bytes += 3; /* some programs begin UTF-8 so */
    while (bytes < end && file->mistake_count < BANK_FILE_MISTAKES) {
        const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t length = (size_t)((stop ? stop : end) - bytes);
        size_t shown = length && bytes[length - 1] == '\r' ? length - 1 : length;
        reading.line++;
        if (reading.line == 1) {
            if (!header_read(&reading, bytes, shown)) return false;
        } else if (shown) row_read(&reading, bytes, shown);
        bytes += length + (stop != NULL);
    }
    if (!file->row_count && !file->mistake_count) return refuse_whole(&reading, N_("The file has no payments"));
    return file->mistake_count == 0;
}

void bank_file_free(struct bank_file *file) {
    free(file->rows);
    *file = (struct bank_file){0};
}
