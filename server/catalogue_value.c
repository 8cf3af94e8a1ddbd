/* The kinds of values in a catalogue's files: is a value of its kind, and if not, what is wrong with it, in words?
 * What values refer to is not looked at here: catalogue_references.c. */
#include <ctype.h>
#include <errno.h>
#include <server/catalogue_rules.h>
#include <server/utf8.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define ZONES  "/usr/share/zoneinfo"

static const char *check_text(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    bool valid = false;
    long most = key && key->most ? key->most : 300;
    if (!*value) return "is empty";
    if ((long)utf8_count(value, &valid) > most) return catalogue_text(catalogue, "is longer than %ld characters", most);
    return valid ? NULL : "has characters that cannot be shown";
}

static const char *check_number(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    char *end = NULL;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (!*value || strspn(value, DIGITS) != strlen(value))
        return catalogue_text(catalogue, "\"%s\" is not a number (digits only)", value);
    if (errno || number < key->least || number > key->most)
        return catalogue_text(catalogue, "%s is not between %ld and %ld", value, key->least, key->most);
    return NULL;
}

static const char *check_flag(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    if (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0) return NULL;
    return catalogue_text(catalogue, "\"%s\" is neither yes nor no", value);
}

/* `places` digits at `at`, -1 when they are not there. */
static int digits_read(const char *at, int places) {
    int number = 0;
    for (int i = 0; i < places; i++) {
        if (!isdigit((unsigned char)at[i])) return -1;
        number = number * 10 + (at[i] - '0');
    }
    return number;
}

static const char *check_date(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    if (strlen(value) != 10 || value[4] != '-' || value[7] != '-')
        return catalogue_text(catalogue, "\"%s\" is not a date (YYYY-MM-DD)", value);
    int year = digits_read(value, 4), month = digits_read(value + 5, 2), day = digits_read(value + 8, 2);
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1900 || month < 1 || month > 12 || day < 1)
        return catalogue_text(catalogue, "\"%s\" is not a date (YYYY-MM-DD)", value);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > lengths[month - 1] + (month == 2 && leap)) return catalogue_text(catalogue, "the day %s does not exist", value);
    return NULL;
}

static bool word_known(const char *const *words, const char *word) {
    for (; *words; words++)
        if (strcmp(*words, word) == 0) return true;
    return false;
}

static const char *words_joined(struct catalogue *catalogue, const char *const *words) {
    const char *all = words[0];
    for (words++; *words; words++) all = catalogue_text(catalogue, "%s, %s", all, *words);
    return all;
}

static const char *check_word(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    if (word_known(key->words, value)) return NULL;
    return catalogue_text(catalogue, "\"%s\" is not one of %s", value, words_joined(catalogue, key->words));
}

static const char *check_words(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    const char *wrong = NULL, *list = value;
    if (!*value) return "is empty: leave the key out instead";
    for (const char *word; !wrong && (word = list_next(catalogue, &list, ',')) != NULL;) wrong = check_word(catalogue, key, word);
    return wrong;
}

static const char *check_names(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    const char *list = value;
    if (!*value) return "is empty: leave the key out instead";
    for (const char *name; (name = list_next(catalogue, &list, ',')) != NULL;)
        if (!*name) return "has two commas beside each other";
    return NULL;
}

static const char *check_when(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    const char *equals = strchr(value, '=');
    if (equals && equals > value && equals[1] && !strchr(equals + 1, '=')) return NULL;
    return catalogue_text(catalogue, "\"%s\" is not of the form field=value", value);
}

static const char *check_visit(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    if (strcmp(value, "never") == 0 || strcmp(value, "always") == 0) return NULL;
    if (strncmp(value, "when ", 5) == 0) return check_when(catalogue, key, value + 5);
    return catalogue_text(catalogue, "\"%s\" is not never, always or when field=value", value);
}

static const char *check_choices(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    const char *list = value, *seen = "|";
    int count = 0;
    for (const char *choice; (choice = list_next(catalogue, &list, '|')) != NULL; count++) {
        const char *equals = strchr(choice, '=');
        if (!equals || equals == choice || !equals[1])
            return catalogue_text(catalogue, "\"%s\" is not of the form code=label", choice);
        const char *code = catalogue_text(catalogue, "%.*s|", (int)(equals - choice), choice);
        if (strspn(code, LOWER UPPER DIGITS "_.-") + 1 != strlen(code))
            return catalogue_text(catalogue, "the code of \"%s\" has other signs than letters, digits and . _ -", choice);
        if (strstr(seen, catalogue_text(catalogue, "|%s", code)))
            return catalogue_text(catalogue, "two choices have the code of \"%s\"", choice);
        seen = catalogue_text(catalogue, "%s%s", seen, code);
    }
    return count > 0 ? NULL : "is empty";
}

/* Minutes since midnight of "HH:MM", -1 when it is none. */
static int clock_read(const char *at) {
    int hours = digits_read(at, 2);
    if (hours < 0 || at[2] != ':') return -1;
    int minutes = digits_read(at + 3, 2);
    if (minutes < 0 || minutes > 59 || hours > 24 || (hours == 24 && minutes > 0)) return -1;
    return hours * 60 + minutes;
}

/* Where the public checks a permit: its code stands somewhere in it. */
static const char *check_address(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    const char *wrong = check_text(catalogue, key, value);
    if (wrong) return wrong;
    return strstr(value, "{code}") ? NULL : "has no {code}";
}

static const char *check_hours(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    const char *list = value;
    int before = -1;
    if (!*value) return "is empty: leave the key out instead";
    for (const char *span; (span = list_next(catalogue, &list, ',')) != NULL;) {
        int opens = strlen(span) == 11 && span[5] == '-' ? clock_read(span) : -1;
        int closes = opens >= 0 ? clock_read(span + 6) : -1;
        if (closes < 0) return catalogue_text(catalogue, "\"%s\" is not of the form 08:00-12:00", span);
        if (closes <= opens) return catalogue_text(catalogue, "\"%s\" ends before it begins", span);
        if (opens < before) return catalogue_text(catalogue, "\"%s\" begins before the one ahead of it ends", span);
        before = closes;
    }
    return NULL;
}

static const char *check_zone(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    if (!*value || strspn(value, UPPER LOWER DIGITS "_+-/") != strlen(value) || value[0] == '/')
        return catalogue_text(catalogue, "\"%s\" is not a time zone, such as Asia/Jakarta", value);
    /* A machine without the zone files leaves the judgement to PostgreSQL. */
    if (access(ZONES "/UTC", R_OK) != 0 || access(catalogue_text(catalogue, ZONES "/%s", value), R_OK) == 0) return NULL;
    return catalogue_text(catalogue, "there is no time zone \"%s\"; Indonesia has Asia/Jakarta, Asia/Makassar, Asia/Jayapura",
                          value);
}

static const char *check_pattern(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    static const char *const places[] = {"{NNNN}", "{J}", "{DD}", "{MM}", "{mm}", "{YYYY}", NULL};
    int numbers = 0;
    bool year = false, valid = false;
    if (utf8_count(value, &valid) > 80 || !valid) return "is longer than 80 characters, or has some that cannot be shown";
    for (const char *at = value; *at;) {
        size_t length = 1;
        if (*at == '}') return "has a } without a {";
        for (int i = 0; *at == '{'; i++) {
            if (!places[i]) return catalogue_text(catalogue, "\"%.8s\" is not one of %s", at, words_joined(catalogue, places));
            length = strlen(places[i]);
            if (strncmp(at, places[i], length) != 0) continue;
            numbers += i == 0;
            year = year || strcmp(places[i], "{YYYY}") == 0;
            break;
        }
        at += length;
    }
    if (numbers != 1) return "must have the running number {NNNN} once";
    return year ? NULL : "must have the year {YYYY}: the running number begins anew each year";
}

/* A code: its first sign from `first`, the others from `others`, `least` to `most` signs. */
static const char *code_wrong(struct catalogue *catalogue, const char *value, const char *first, const char *others,
                              const char *form) {
    size_t length = strlen(value);
    if (length >= 2 && length <= 31 && strchr(first, value[0]) && strspn(value, others) == length) return NULL;
    return catalogue_text(catalogue, "\"%s\" is not a code: %s, 2 to 31 of them, a letter first", value, form);
}

static const char *check_office(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    return code_wrong(catalogue, value, LOWER, LOWER DIGITS "-", "small letters, digits and -");
}

static const char *check_upper(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    return code_wrong(catalogue, value, UPPER, UPPER DIGITS "-", "capital letters, digits and -");
}

static const char *check_requirement(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    return code_wrong(catalogue, value, UPPER, UPPER DIGITS "_", "capital letters, digits and _");
}

static const char *check_name(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    return code_wrong(catalogue, value, LOWER, LOWER DIGITS "_", "small letters, digits and _");
}

static const char *check_stage(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    return code_wrong(catalogue, value, LOWER, LOWER "_", "small letters and _");
}

static const char *check_step(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    const char *list = value, *stage = list_next(catalogue, &list, '.'), *action = list_next(catalogue, &list, '.');
    if (!stage || !action || list_next(catalogue, &list, '.'))
        return catalogue_text(catalogue, "\"%s\" is not of the form stage.action", value);
    const char *wrong = check_stage(catalogue, key, stage);
    return wrong ? wrong : check_stage(catalogue, key, action);
}

static const char *check_column(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    const char *list = value, *field = list_next(catalogue, &list, '.'), *column = list_next(catalogue, &list, '.');
    if (!field || !column || list_next(catalogue, &list, '.'))
        return catalogue_text(catalogue, "\"%s\" is not of the form field.column", value);
    const char *wrong = check_name(catalogue, key, field);
    return wrong ? wrong : check_name(catalogue, key, column);
}

/* South, west, north, east: where the office's places lie. */
static const char *check_bounds(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    double side[4];
    const char *list = value;
    int count = 0;
    for (const char *item; (item = list_next(catalogue, &list, ',')) != NULL; count++) {
        char *end = NULL;
        double degrees = strtod(item, &end);
        if (!*item || *end || strspn(item, DIGITS ".-") != strlen(item))
            return catalogue_text(catalogue, "\"%s\" is not a number of degrees, such as -5.113", item);
        if (count < 4) side[count] = degrees;
    }
    if (count != 4) return "is not of the form south, west, north, east";
    if (side[0] < -90 || side[2] > 90 || side[1] < -180 || side[3] > 180) return "goes beyond 90 or 180 degrees";
    return side[0] < side[2] && side[1] < side[3] ? NULL : "has its south above its north, or its west behind its east";
}

static const char *check_unit(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    return strcmp(value, "*") == 0 ? NULL : check_upper(catalogue, key, value);
}

static const char *check_province(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)key;
    if (strlen(value) == 2 && digits_read(value, 2) > 10) return NULL;
    return catalogue_text(catalogue, "\"%s\" is not the two digits of a province", value);
}

/* What it says is judged with the names of its file: catalogue_formula.c. */
static const char *check_formula(struct catalogue *catalogue, const struct key_rule *key, const char *value) {
    (void)catalogue;
    (void)key;
    return *value ? NULL : "is empty: leave the key out instead";
}

const struct value_rule value_formula = {JSON_TEXT, 0, check_formula};
const struct value_rule value_text = {JSON_TEXT, 0, check_text};
const struct value_rule value_number = {JSON_NUMBER, 0, check_number};
const struct value_rule value_flag = {JSON_FLAG, 0, check_flag};
const struct value_rule value_date = {JSON_TEXT, 0, check_date};
const struct value_rule value_word = {JSON_TEXT, 0, check_word};
const struct value_rule value_words = {JSON_LIST, ',', check_words};
const struct value_rule value_when = {JSON_PAIR, '=', check_when};
const struct value_rule value_visit = {JSON_TEXT, 0, check_visit};
const struct value_rule value_names = {JSON_LIST, ',', check_names};
const struct value_rule value_choices = {JSON_LIST, '|', check_choices};
const struct value_rule value_hours = {JSON_LIST, ',', check_hours};
const struct value_rule value_address = {JSON_TEXT, 0, check_address};
const struct value_rule value_zone = {JSON_TEXT, 0, check_zone};
const struct value_rule value_pattern = {JSON_TEXT, 0, check_pattern};
const struct value_rule value_code_office = {JSON_TEXT, 0, check_office};
const struct value_rule value_code_upper = {JSON_TEXT, 0, check_upper};
const struct value_rule value_code_requirement = {JSON_TEXT, 0, check_requirement};
const struct value_rule value_code_name = {JSON_TEXT, 0, check_name};
const struct value_rule value_code_stage = {JSON_TEXT, 0, check_stage};
const struct value_rule value_code_step = {JSON_TEXT, 0, check_step};
const struct value_rule value_code_column = {JSON_TEXT, 0, check_column};
const struct value_rule value_bounds = {JSON_LIST, ',', check_bounds};
const struct value_rule value_code_unit = {JSON_TEXT, 0, check_unit};
const struct value_rule value_code_province = {JSON_TEXT, 0, check_province};
