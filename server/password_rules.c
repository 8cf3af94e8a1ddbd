/* What a new password must not be: the rules of server/password.h. Only looks at the text; hashes nothing. */
#include <ctype.h>
#include <loket/limits.h>
#include <server/password.h>
#include <server/utf8.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEFT_AT_LEAST 8u /* characters that are none of walk, sequence, year or name; each such piece counts as one */
#define WALK_LEAST    4u /* characters of a walk or a sequence that are no accident */
#define NAME_LEAST    3u
#define COMMON_LEAST  4u

static const char *const common[] = {
#include <server/common-passwords.inc>
};
#define COMMON_COUNT (sizeof common / sizeof common[0])

/* Paths of a finger over the keyboard, and orders that everybody knows; backwards as well. */
static const char *const walks[] = {
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1234567890",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "qwertzuiop",
    "azertyuiop",
    "!@#$%^&*()",
};

/* Letters as people disguise them. i, l and 1 look alike, so they are one. */
static char folded(char c) {
    static const char from[] = "013457890@$!|l", to[] = "oieastbgoasiii";
    const char *at = c ? strchr(from, tolower((unsigned char)c)) : NULL;
    return at ? to[at - from] : (char)tolower((unsigned char)c);
}

static void fold(const char *text, size_t size, char out[LIMIT_PASSWORD_BYTES + 1]) {
    size_t used = 0;
    for (size_t i = 0; i < size && used < LIMIT_PASSWORD_BYTES; i++)
        if (isalnum((unsigned char)text[i]) || (unsigned char)text[i] >= 0x80 || folded(text[i]) != text[i])
            out[used++] = folded(text[i]);
    out[used] = '\0';
}

/* Whether `text` is `part` once or several times, the last one perhaps cut short. */
static bool repeats(const char *text, const char *part, size_t bytes) {
    for (size_t i = 0; text[i]; i++)
        if (text[i] != part[i % bytes]) return false;
    return true;
}

static bool is_common_word(const char *text) {
    char word[LIMIT_PASSWORD_BYTES + 1] = "";
    if (strlen(text) < COMMON_LEAST) return false;
    for (size_t i = 0; i < COMMON_COUNT; i++) {
        fold(common[i], strlen(common[i]), word);
        size_t bytes = strlen(word);
        if (bytes >= COMMON_LEAST && bytes <= strlen(text) && repeats(text, word, bytes)) return true;
    }
    return false;
}

/* As it is, and without the digits and signs round it. */
static bool is_common(const char *password) {
    char text[LIMIT_PASSWORD_BYTES + 1] = "";
    size_t from = 0, until = strlen(password);
    fold(password, until, text);
    if (is_common_word(text)) return true;
    while (until > from && !isalpha((unsigned char)password[until - 1]) && (unsigned char)password[until - 1] < 0x80) until--;
    while (from < until && !isalpha((unsigned char)password[from]) && (unsigned char)password[from] < 0x80) from++;
    fold(password + from, until - from, text);
    return is_common_word(text);
}

/* A piece that is shorter than a password may be, and nothing more. */
static bool is_repeated(const char *password) {
    size_t size = strlen(password);
    for (size_t bytes = 1; bytes < LIMIT_PASSWORD_MIN && bytes * 2 <= size; bytes++)
        if (repeats(password, password, bytes)) return true;
    return false;
}

/* How many characters from `text` on follow a walk, in either direction. */
static size_t walk_size(const char *text) {
    size_t longest = 0, same = 1;
    while (text[0] && text[same] == text[0]) same++;
    if (text[0]) longest = same;
    for (size_t w = 0; w < sizeof walks / sizeof walks[0]; w++) {
        const char *walk = walks[w], *at = strchr(walk, text[0]);
        for (; at && *at; at = strchr(at + 1, text[0])) {
            size_t on = 1, back = 1;
            while (at[on] && text[on] == at[on]) on++;
            while (at - walk >= (ptrdiff_t)back && text[back] == at[-(ptrdiff_t)back]) back++;
            if (on > longest) longest = on;
            if (back > longest) longest = back;
        }
    }
    return longest >= WALK_LEAST ? longest : 0;
}

/* How many characters from `text` on are one of the names. */
static size_t name_size(const char *text, const char *names) {
    size_t longest = 0;
    for (const char *p = names; *p;) {
        size_t size = strcspn(p, " ._-");
        if (size >= NAME_LEAST && size > longest && strncmp(text, p, size) == 0) longest = size;
        p += size;
        p += strspn(p, " ._-");
    }
    return longest;
}

/* 1990, 2026: what people put behind a word when a digit is asked for. */
static size_t year_size(const char *text) {
    bool century = strncmp(text, "19", 2) == 0 || strncmp(text, "20", 2) == 0;
    return century && isdigit((unsigned char)text[2]) && isdigit((unsigned char)text[3]) ? 4 : 0;
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static void lower(const char *text, char *out, size_t size) {
    size_t i = 0;
    for (; text[i] && i + 1 < size; i++) out[i] = (char)tolower((unsigned char)text[i]);
    out[i] = '\0';
}

/* Characters of UTF-8 that are left when each piece counts as one. */
static size_t left(const char *password, const char *names) {
    size_t count = 0;
    for (const char *p = password; *p;) {
        size_t size = larger(walk_size(p), larger(name_size(p, names), year_size(p)));
        count += size || ((unsigned char)*p & 0xc0) != 0x80;
        p += size ? size : 1;
    }
    return count;
}

enum loket_error password_check_rules(const char *password, const char *names, struct error *error) {
    static const char field[] = "new_password";
    char text[LIMIT_PASSWORD_BYTES + 1] = "", name_text[600] = "";
    if (!*password) return error_set(error, LOKET_REQUIRED, field, "This must be filled in", NULL);
    if (strlen(password) > LIMIT_PASSWORD_BYTES) return error_set(error, LOKET_INVALID, field, "The password is too long", NULL);
    bool valid = false;
    size_t count = utf8_count(password, &valid);
    if (!valid) return error_set(error, LOKET_INVALID, field, "This has characters that cannot be shown", NULL);
    if (count < LIMIT_PASSWORD_MIN) {
        char least[16];
        (void)snprintf(least, sizeof least, "%u", LIMIT_PASSWORD_MIN);
        return error_set(error, LOKET_INVALID, field, "A password has at least %s characters", least);
    }
    lower(password, text, sizeof text);
    lower(names ? names : "", name_text, sizeof name_text);
    const char *wrong = is_common(text)                         ? "This is among the first passwords that anybody tries"
                        : is_repeated(text)                     ? "The password is one piece repeated"
                        : left(text, "") < LEFT_AT_LEAST        ? "The password is a walk over the keyboard or a sequence"
                        : left(text, name_text) < LEFT_AT_LEAST ? "The password is made of your name or the office's"
                                                                : NULL;
    explicit_bzero(text, sizeof text);
    return wrong ? error_set(error, LOKET_INVALID, field, wrong, NULL) : LOKET_OK;
}
