/* Numbers that people and companies are known by. Computes only; asks nobody. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <tui/entry/identity_number.h>
#include <tui/ui/text.h>

/* Kepmendagri 300.2.2-2138/2025: the 38 provinces. */
static const char provinces[][3] = {"11", "12", "13", "14", "15", "16", "17", "18", "19", "21", "31", "32", "33",
                                    "34", "35", "36", "51", "52", "53", "61", "62", "63", "64", "65", "71", "72",
                                    "73", "74", "75", "76", "81", "82", "91", "92", "93", "94", "95", "96"};

static bool all_digits(const char *text, size_t count) {
    if (strlen(text) != count) return false;
    for (; *text; text++)
        if (!isdigit((unsigned char)*text)) return false;
    return true;
}

static int two(const char *digits) {
    return (digits[0] - '0') * 10 + digits[1] - '0';
}

static int days_in(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool province_known(const char *nik) {
    for (size_t i = 0; i < sizeof provinces / sizeof provinces[0]; i++)
        if (memcmp(provinces[i], nik, 2) == 0) return true;
    return false;
}

const char *nik_check(const char *nik, int this_year, struct nik_facts *facts) {
    if (!all_digits(nik, 16)) return N_("A NIK has 16 digits");
    if (!province_known(nik) || two(nik + 2) == 0 || two(nik + 4) == 0) return N_("The region in this NIK does not exist");
    int day = two(nik + 6), month = two(nik + 8), year = two(nik + 10);
    bool woman = day > 40;
    if (woman) day -= 40;
    if (day < 1 || day > 31 || month < 1 || month > 12) return N_("The birth date in this NIK does not exist");
    int century = this_year - (2000 + year) >= 17 || this_year - (1900 + year) > 116 ? 2000 : 1900;
    if (day > days_in(century + year, month)) century = century == 2000 ? 1900 : 2000;
    if (day > days_in(century + year, month)) return N_("The birth date in this NIK does not exist");
    if (strcmp(nik + 12, "0000") == 0) return N_("The last four digits of a NIK are not 0000");
    if (facts) {
        (void)snprintf(facts->birth_on, sizeof facts->birth_on, "%04d-%02d-%02d", (century + year) % 10000, month % 100, day % 100);
        facts->gender = woman ? 'f' : 'm';
    }
    return NULL;
}

const char *npwp_check(const char *npwp, char digits[17]) {
    size_t count = 0;
    for (; *npwp; npwp++) {
        if (strchr(".- ", *npwp)) continue;
        if (!isdigit((unsigned char)*npwp) || count == 16) return N_("An NPWP has 15 or 16 digits");
        digits[count++] = *npwp;
    }
    digits[count] = '\0';
    if (count < 15) return N_("An NPWP has 15 or 16 digits");
    if (count == 16 && digits[0] != '0') return NULL;
    const char *base = digits + (count - 15);
    int total = 0;
    for (int i = 0; i < 9; i++) {
        int digit = (base[i] - '0') * (i % 2 ? 2 : 1);
        total += digit > 9 ? digit - 9 : digit;
    }
    return total % 10 == 0 && strncmp(base, "00000000", 8) != 0 ? NULL : N_("The check digit of this NPWP is wrong");
}

const char *nib_check(const char *nib) {
    return all_digits(nib, 13) ? NULL : N_("A NIB has 13 digits");
}

const char *phone_check(const char *phone) {
    size_t length = strlen(phone + (*phone == '+'));
    bool good = length >= 6 && length <= 20;
    for (const char *p = phone + (*phone == '+'); *p; p++) good &= isdigit((unsigned char)*p) || strchr(" ()-", *p);
    return good ? NULL : N_("This is not a telephone number");
}

const char *email_check(const char *email) {
    const char *at = strchr(email, '@');
    bool good = at && at != email && !strchr(at + 1, '@') && strchr(at + 1, '.') > at + 1 && !strpbrk(email, " \t\n");
    return good && email[strlen(email) - 1] != '.' ? NULL : N_("This is not an e-mail address");
}
