/* Dates, money and numbers in Indonesian, and the words for the database's codes. */
#include <glib.h>
#include <server/doc/filter.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MOST 15 /* up to 999 trillion */

struct moment {
    int year, month, day, hour, minute;
};

static const char *const months[] = {"Januari", "Februari", "Maret",     "April",   "Mei",      "Juni",
                                     "Juli",    "Agustus",  "September", "Oktober", "November", "Desember"};
static const char *const days[] = {"Minggu", "Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu"};

static int number(const char *digits, size_t size) {
    int value = 0;
    for (size_t i = 0; i < size; i++) value = value * 10 + (digits[i] - '0');
    return value;
}

/* `pattern`: 9 stands for a digit, anything else for itself. */
static bool looks_like(const char *text, const char *pattern) {
    for (; *pattern; pattern++, text++)
        if (*pattern == '9' ? *text < '0' || *text > '9' : *text != *pattern) return false;
    return true;
}

static bool moment_read(const char *value, struct moment *moment) {
    static const int length[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!looks_like(value, "9999-99-99") || (value[10] && value[10] != 'T' && value[10] != ' ')) return false;
    *moment = (struct moment){number(value, 4), number(value + 5, 2), number(value + 8, 2), -1, -1};
    if (moment->month < 1 || moment->month > 12 || moment->day < 1 || moment->day > length[moment->month - 1]) return false;
    if (value[10] && looks_like(value + 11, "99:99")) {
        moment->hour = number(value + 11, 2);
        moment->minute = number(value + 14, 2);
    }
    return true;
}

/* printf into a buffer, for short texts. */
__attribute__((format(printf, 2, 3))) static void add(struct buffer *out, const char *format, ...) {
    char text[64];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_text(out, text);
}

static void add_date(const struct moment *moment, struct buffer *out) {
    add(out, "%d %s %d", moment->day, months[moment->month - 1], moment->year);
}

static void date(const char *value, struct buffer *out) {
    struct moment moment;
    if (!moment_read(value, &moment)) buffer_text(out, value);
    else add_date(&moment, out);
}

/* The weekday, by Sakamoto's method. */
static void day(const char *value, struct buffer *out) {
    static const int shift[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
    struct moment at;
    if (!moment_read(value, &at)) {
        buffer_text(out, value);
        return;
    }
    int year = at.month < 3 ? at.year - 1 : at.year;
    buffer_text(out, days[(year + year / 4 - year / 100 + year / 400 + shift[at.month - 1] + at.day) % 7]);
}

static void instant(const char *value, struct buffer *out) {
    struct moment moment;
    if (!moment_read(value, &moment)) {
        buffer_text(out, value);
        return;
    }
    add_date(&moment, out);
    if (moment.hour >= 0) add(out, " pukul %02d.%02d", moment.hour, moment.minute);
}

/* The digits of a whole number without leading zeros; NULL when it is none. */
static const char *whole(const char *value, bool *negative) {
    *negative = *value == '-';
    value += *negative;
    size_t size = strspn(value, "0123456789");
    if (size == 0 || value[size]) return NULL;
    while (value[0] == '0' && value[1]) value++;
    return strlen(value) > DIGITS_MOST ? NULL : value;
}

static void rupiah(const char *value, struct buffer *out) {
    bool negative;
    const char *digits = whole(value, &negative);
    if (!digits) {
        buffer_text(out, value);
        return;
    }
    buffer_text(out, negative ? "-Rp " : "Rp ");
    for (size_t left = strlen(digits); left; left--, digits++) {
        buffer_byte(out, (uint8_t)*digits);
        if (left > 1 && left % 3 == 1) buffer_byte(out, '.');
    }
}

static const char *const units[] = {"nol",  "satu",  "dua",     "tiga",     "empat",   "lima",
                                    "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas"};

static void add_word(const char *word, struct buffer *out) {
    if (out->size && out->data[out->size - 1] != ' ') buffer_byte(out, ' ');
    buffer_text(out, word);
}

/* 1 to 999; "se-" where there is one hundred. */
static void spell_hundreds(long long value, struct buffer *out) {
    if (value >= 200) add_word(units[value / 100], out);
    if (value >= 100) add_word(value < 200 ? "seratus" : "ratus", out);
    value %= 100;
    if (value >= 20) {
        add_word(units[value / 10], out);
        add_word("puluh", out);
        value %= 10;
    } else if (value >= 12) {
        add_word(units[value - 10], out);
        add_word("belas", out);
        value = 0;
    }
    if (value) add_word(units[value], out);
}

static void spell_number(long long value, struct buffer *out) {
    static const struct {
        long long size;
        const char *word;
    } steps[] = {{1000000000000, "triliun"}, {1000000000, "miliar"}, {1000000, "juta"}, {1000, "ribu"}};
    if (value == 0) add_word(units[0], out);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        long long part = value / steps[i].size;
        value %= steps[i].size;
        if (part == 1 && steps[i].size == 1000) add_word("seribu", out);
        else if (part) {
            spell_hundreds(part, out);
            add_word(steps[i].word, out);
        }
    }
    if (value) spell_hundreds(value, out);
}

/* Into a buffer of its own: the words are parted by blanks, what stands before them in `out` may be anything. */
static void spell_as(const char *value, const char *unit, struct buffer *out) {
    bool negative;
    const char *digits = whole(value, &negative);
    struct buffer words = {0};
    if (!digits) {
        buffer_text(out, value);
        return;
    }
    if (negative) add_word("minus", &words);
    spell_number(strtoll(digits, NULL, 10), &words);
    if (*unit) add_word(unit, &words);
    buffer_add(out, words.data, words.size);
    out->failed |= words.failed;
    buffer_free(&words);
}

static void words(const char *value, struct buffer *out) {
    spell_as(value, "rupiah", out);
}

static void spell(const char *value, struct buffer *out) {
    spell_as(value, "", out);
}

static void upper(const char *value, struct buffer *out) {
    char *text = g_utf8_strup(value, -1);
    buffer_text(out, text);
    g_free(text);
}

/* All but the last four characters of an identity number. */
static void mask(const char *value, struct buffer *out) {
    size_t size = strlen(value), shown = size > 8 ? 4 : 0;
    while (shown && ((unsigned char)value[size - shown] & 0xc0) == 0x80) shown--;
    for (size_t i = 0; i < size - shown; i++) buffer_byte(out, '*');
    buffer_text(out, value + size - shown);
}

static void word(const char *value, struct buffer *out) {
    static const char *const table[][2] = {
        {"accepted", "diterima"},
        {"analyst", "analis dokumen"},
        {"applicant", "pemohon"},
        {"approve", "disetujui"},
        {"approve_with_conditions", "disetujui dengan syarat"},
        {"approved", "disetujui"},
        {"archivist", "petugas arsip"},
        {"asked", "diminta"},
        {"assigned", "ditugaskan"},
        {"cancelled", "dibatalkan"},
        {"change", "perubahan"},
        {"company", "badan usaha"},
        {"copy", "salinan"},
        {"counter", "diambil di loket"},
        {"disabled", "penyandang disabilitas"},
        {"done", "selesai"},
        {"elderly", "lanjut usia"},
        {"electronic", "dikirim secara elektronik"},
        {"employee", "pegawai"},
        {"f", "perempuan"},
        {"family", "keluarga"},
        {"front_office", "petugas loket"},
        {"head", "kepala dinas"},
        {"m", "laki-laki"},
        {"new", "baru"},
        {"no", "tidak"},
        {"not_applicable", "tidak berlaku"},
        {"pending", "belum diperiksa"},
        {"person", "perorangan"},
        {"pregnant", "ibu hamil"},
        {"proxy", "kuasa"},
        {"refuse", "ditolak"},
        {"refused", "ditolak"},
        {"renewal", "perpanjangan"},
        {"reported", "dilaporkan"},
        {"revoke", "pencabutan"},
        {"section_head", "kepala seksi"},
        {"self", "yang bersangkutan"},
        {"surveyor", "tim teknis"},
        {"technical_coordinator", "koordinator tim teknis"},
        {"treasurer", "bendahara penerimaan"},
        {"withdrawn", "ditarik kembali"},
        {"yes", "ya"},
    };
    size_t i = 0, count = sizeof table / sizeof table[0];
    while (i < count && strcmp(table[i][0], value) != 0) i++;
    buffer_text(out, i < count ? table[i][1] : value);
}

filter_run *filter_find(const char *name) {
    static const struct {
        const char *name;
        filter_run *run;
    } filters[] = {{"date", date},   {"day", day},     {"instant", instant}, {"rupiah", rupiah}, {"words", words},
                   {"spell", spell}, {"upper", upper}, {"mask", mask},       {"word", word}};
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
        if (strcmp(filters[i].name, name) == 0) return filters[i].run;
    return NULL;
}
