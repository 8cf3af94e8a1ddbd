/* Which check a field's type asks for. The checks themselves are in tui/entry. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tui/entry/coordinates.h>
#include <tui/entry/date_entry.h>
#include <tui/entry/identity_number.h>
#include <tui/screen/typed_check.h>
#include <tui/ui/text.h>

static void present(struct tm *now) {
    time_t at = time(NULL);
    localtime_r(&at, now);
}

static const char *check_nik(const char *value) {
    struct tm now;
    present(&now);
    return nik_check(value, now.tm_year + 1900, NULL);
}

static const char *check_npwp(const char *value) {
    char digits[17];
    return npwp_check(value, digits);
}

static const char *check_postcode(const char *value) {
    return strlen(value) == 5 && strspn(value, "0123456789") == 5 ? NULL : N_("A postcode has 5 digits");
}

static const char *check_number(const char *value) {
    size_t whole = strspn(value, "0123456789");
    size_t rest = value[whole] == '.' ? 1 + strspn(value + whole + 1, "0123456789") : 0;
    return whole && whole <= 15 && value[whole + rest] == '\0' && rest != 1 ? NULL : N_("This is not a number");
}

static const char *check_money(const char *value) {
    return strlen(value) <= 15 && strspn(value, "0123456789") == strlen(value) ? NULL : N_("Rupiah: digits only");
}

static const char *check_time(const char *value) {
    int hours, minutes, used = 0;
    bool good = sscanf(value, "%2d%*1[:.]%2d%n", &hours, &minutes, &used) == 2 && value[used] == '\0' && hours >= 0 && hours < 24 &&
                minutes >= 0 && minutes < 60;
    return good ? NULL : N_("A time is written 09:30");
}

static const struct {
    const char *type;
    const char *(*check)(const char *value);
} checks[] = {
    {"nik", check_nik},           {"npwp", check_npwp},     {"nib", nib_check},     {"phone", phone_check}, {"email", email_check},
    {"postcode", check_postcode}, {"number", check_number}, {"money", check_money}, {"time", check_time},
};

static const char *check_date(const struct app *app, struct field *field) {
    char iso[11], today[11];
    struct tm now;
    present(&now);
    (void)strftime(today, sizeof today, "%Y-%m-%d", &now);
    const char *wrong = date_read(field->value, day_from_iso(today), app->calendar.holidays ? &app->calendar : NULL, iso);
    if (!wrong) field_set(field, iso);
    return wrong;
}

/* Becomes decimal degrees, whatever was pasted. */
static const char *check_coordinates(struct field *field) {
    char place[COORDINATES_BYTES];
    const char *wrong = coordinates_read(field->value, place);
    if (!wrong) field_set(field, place);
    return wrong;
}

bool typed_check(const struct app *app, struct field *field) {
    const char *wrong = NULL;
    if (!field->value[0]) return true;
    if (field->kind == FIELD_DATE) wrong = check_date(app, field);
    if (strcmp(field->type, "coordinates") == 0) wrong = check_coordinates(field);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (strcmp(checks[i].type, field->type) == 0) wrong = checks[i].check(field->value);
    if (wrong) text_message(wrong, NULL, field->error, sizeof field->error);
    return !wrong;
}

static enum field_kind kind_of(const char *type, size_t choices) {
    if (strcmp(type, "multiline") == 0) return FIELD_MULTILINE;
    if (strcmp(type, "date") == 0) return FIELD_DATE;
    if (strcmp(type, "choice") == 0 && choices) return FIELD_CHOICE;
    return FIELD_TEXT;
}

struct field *typed_add(struct form *form, const char *prefix, const char *code, const char *label, const char *type, bool required,
                        char *const *choices, size_t choice_count) {
    char whole[64];
    (void)snprintf(whole, sizeof whole, "%s%s", prefix, code);
    struct field *field = form_add(form, whole, label, kind_of(type, choice_count), required);
    (void)snprintf(field->type, sizeof field->type, "%s", type);
    for (size_t i = 0; i < choice_count; i++) {
        char choice[64];
        const char *equals = strchr(choices[i], '=');
        (void)snprintf(choice, sizeof choice, "%.*s", equals ? (int)(equals - choices[i]) : (int)sizeof choice - 1, choices[i]);
        field_choice(field, choice, equals ? equals + 1 : choices[i]);
    }
    return field;
}

int64_t typed_instant(const char *date, const char *time) {
    struct tm at = {.tm_isdst = -1};
    if (sscanf(date, "%d-%d-%d", &at.tm_year, &at.tm_mon, &at.tm_mday) != 3) return 0;
    (void)sscanf(time, "%2d%*1[:.]%2d", &at.tm_hour, &at.tm_min);
    at.tm_year -= 1900;
    at.tm_mon--;
    return mktime(&at);
}
