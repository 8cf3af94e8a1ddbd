/* Reads a place in three steps: marks become blanks, the rest becomes numbers and letters, and their order says what is meant. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <tui/entry/coordinates.h>
#include <tui/ui/text.h>

#define TEXT_BYTES 300
#define NUMBERS    6

struct place {
    char text[TEXT_BYTES];       /* digits, points, signs, N S E W and blanks */
    char shape[NUMBERS + 2 + 1]; /* '#' for a number, and the letters */
    const char *numbers[NUMBERS];
    size_t lengths[NUMBERS], count;
};

/* What means the same as something shorter. */
static const struct {
    const char *from, *to;
} same[] = {{"LS", "S"}, {"LU", "N"}, {"BT", "E"}, {"BB", "W"}, {"−", "-"}, {"°", " "}, {"º", " "}, {"˚", " "},
            {"′", " "},  {"’", " "},  {"´", " "},  {"'", " "},  {"″", " "}, {"”", " "}, {"\"", " "}};

/* How many bytes of `text` are that one; *to gets what it means. */
static size_t same_as(const char *text, const char **to) {
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        size_t length = strlen(same[i].from);
        if (strncasecmp(text, same[i].from, length) != 0) continue;
        *to = same[i].to;
        return length;
    }
    return 0;
}

/* A comma is a decimal comma between digits where no point is written, else it separates. */
static char comma(const char *from, const char *at, bool points) {
    return !points && at > from && isdigit((unsigned char)at[-1]) && isdigit((unsigned char)at[1]) ? '.' : ' ';
}

static bool simplify(struct place *place, const char *text) {
    const char *from = text, *to = NULL;
    bool points = strchr(text, '.') != NULL;
    size_t used = 0;
    if (strlen(text) >= TEXT_BYTES) return false;
    while (*text) {
        size_t length = same_as(text, &to);
        char one = (char)toupper((unsigned char)*text);
        if (length) one = to[0];
        else if (*text == ',') one = comma(from, text, points);
        else if (*text == ';' || *text == '/') one = ' ';
        place->text[used++] = one;
        text += length ? length : 1;
    }
    place->text[used] = '\0';
    return true;
}

static size_t number_length(const char *at) {
    size_t sign = *at == '-' || *at == '+', whole = strspn(at + sign, "0123456789"), rest = 0;
    if (!whole) return 0;
    if (at[sign + whole] == '.') rest = strspn(at + sign + whole + 1, "0123456789");
    return sign + whole + (rest ? rest + 1 : 0);
}

/* Numbers and letters; false when there is anything else, or too many of them. */
static bool split(struct place *place) {
    size_t used = 0;
    for (const char *at = place->text; *at;) {
        size_t length = number_length(at);
        bool glued = length && at > place->text && (isdigit((unsigned char)at[-1]) || at[-1] == '.');
        if (*at == ' ') {
            at++;
            continue;
        }
        if (glued || used == sizeof place->shape - 1 || (length && place->count == NUMBERS)) return false;
        if (!length && !strchr("NSEW", *at)) return false;
        place->shape[used++] = length ? '#' : *at;
        if (length) {
            place->numbers[place->count] = at;
            place->lengths[place->count++] = length;
        }
        at += length ? length : 1;
    }
    place->shape[used] = '\0';
    return place->count == 2 || place->count == 4 || place->count == 6;
}

/* A number without its sign; not strtod, which reads the point of the locale. */
static double number_value(const char *at, size_t length) {
    double value = 0, place = 1;
    bool fraction = false;
    for (size_t i = 0; i < length; i++) {
        if (at[i] == '.') {
            fraction = true;
            continue;
        }
        if (fraction) place /= 10;
        value = fraction ? value + (at[i] - '0') * place : value * 10 + (at[i] - '0');
    }
    return value;
}

/* Degrees of `each` numbers from the one at `index`; false when they are none. */
static bool degrees(const struct place *place, size_t index, size_t each, char letter, double *out) {
    double total = 0, part = 1;
    bool negative = place->numbers[index][0] == '-';
    for (size_t i = 0; i < each; i++) {
        const char *number = place->numbers[index + i];
        size_t sign = *number == '-' || *number == '+', length = place->lengths[index + i];
        size_t whole = strspn(number + sign, "0123456789");
        if (sign && (i || letter)) return false;
        if (whole > (i ? 2 : 3) || length - sign - whole > 13) return false;
        if (whole + sign < length && i + 1 < each) return false; /* only the last may have a fraction */
        double value = number_value(number + sign, length - sign);
        if (i && value >= 60) return false;
        total += value / part;
        part *= 60;
    }
    *out = negative || letter == 'S' || letter == 'W' ? -total : total;
    return true;
}

/* Is the shape of `half` numbers, a letter of `first` (before or behind), `half` numbers, a letter of `second`? */
static bool shaped(const char *shape, size_t half, const char *first, const char *second, char letters[2]) {
    for (int before = 0; before < 2; before++) {
        size_t one = before ? 0 : half, two = one + half + 1;
        if (strlen(shape) != half * 2 + 2 || !strchr(first, shape[one]) || !strchr(second, shape[two])) continue;
        letters[0] = shape[one];
        letters[1] = shape[two];
        return true;
    }
    return false;
}

/* "-5.113100" of millionths; not printf's, for the same reason. */
static void millionths(double value, char out[COORDINATES_BYTES / 2 - 4]) {
    long long number = (long long)(value * 1e6 + (value < 0 ? -0.5 : 0.5)), size = number < 0 ? -number : number;
    (void)snprintf(out, COORDINATES_BYTES / 2 - 4, "%s%d.%06d", number < 0 ? "-" : "", (int)(size / 1000000 % 1000),
                   (int)(size % 1000000));
}

const char *coordinates_read(const char *text, char out[COORDINATES_BYTES]) {
    static const char *const none = N_("This is not a place: latitude and longitude, such as -5.1131, 105.3067");
    struct place place = {0};
    char letters[2] = {0};
    double latitude = 0, longitude = 0;
    if (!simplify(&place, text) || !split(&place)) return none;
    size_t half = place.count / 2;
    bool bare = strlen(place.shape) == place.count, swapped = shaped(place.shape, half, "EW", "NS", letters);
    if (!bare && !swapped && !shaped(place.shape, half, "NS", "EW", letters)) return none;
    if (!degrees(&place, 0, half, letters[0], swapped ? &longitude : &latitude)) return none;
    if (!degrees(&place, half, half, letters[1], swapped ? &latitude : &longitude)) return none;
    if (latitude > 90 || latitude < -90 || longitude > 180 || longitude < -180)
        return N_("There is no such place: latitude ends at 90 degrees, longitude at 180");
    char south[COORDINATES_BYTES / 2 - 4], east[COORDINATES_BYTES / 2];
    millionths(latitude, south);
    millionths(longitude, east);
    (void)snprintf(out, COORDINATES_BYTES, "%s, %s", south, east);
    return NULL;
}
