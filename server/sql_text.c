/* Where in an SQL file? PostgreSQL gives a position for what it can't parse; for a statement that fails while it
 * runs, only how many went well before it is known, so the statements are counted here. */
#include "server/sql_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

int sql_line_at(const char *text, size_t position) {
    int line = 1;
    size_t character = 0;
    for (; *text; text++) {
        if (((unsigned char)*text & 0xc0) != 0x80 && ++character >= position) break;
        if (*text == '\n') line++;
    }
    return line;
}

/* Each skip_* returns the place behind what begins at `at`; an end that is not there is the end of the text. */
static const char *skip_to(const char *at, const char *end) {
    const char *found = strstr(at, end);
    return found ? found + strlen(end) : at + strlen(at);
}

static const char *skip_quoted(const char *at, char quote, bool escapes) {
    for (at++; *at && *at != quote; at++)
        if (escapes && *at == '\\' && at[1]) at++;
    return *at ? at + 1 : at;
}

static const char *skip_block_comment(const char *at) {
    int depth = 1;
    for (at += 2; *at && depth > 0;) {
        int step = at[0] == '*' && at[1] == '/' ? -1 : at[0] == '/' && at[1] == '*' ? 1 : 0;
        depth += step;
        at += step ? 2 : 1;
    }
    return at;
}

static const char *skip_dollar_quoted(const char *at) {
    char tag[64];
    size_t length = 1;
    while (isalnum((unsigned char)at[length]) || at[length] == '_') length++;
    if (at[length] != '$' || isdigit((unsigned char)at[1]) || length + 2 > sizeof tag) return at + 1;
    memcpy(tag, at, length + 1);
    tag[length + 1] = '\0';
    return skip_to(at + length + 1, tag);
}

/* Behind the white space and comments at `at`. */
static const char *skip_blank(const char *at) {
    for (;;) {
        if (isspace((unsigned char)*at)) at++;
        else if (at[0] == '-' && at[1] == '-') at = skip_to(at, "\n");
        else if (at[0] == '/' && at[1] == '*') at = skip_block_comment(at);
        else return at;
    }
}

/* Behind one token of a statement, as far as its end depends on it. */
static const char *skip_token(const char *at) {
    if (*at == '\'') return skip_quoted(at, '\'', false);
    if (*at == '"') return skip_quoted(at, '"', false);
    if (*at == '$') return skip_dollar_quoted(at);
    if ((*at == 'e' || *at == 'E') && at[1] == '\'') return skip_quoted(at + 1, '\'', true);
    if (!isalnum((unsigned char)*at) && *at != '_') return at + 1;
    while (isalnum((unsigned char)*at) || *at == '_' || *at == '$') at++;
    return at;
}

int sql_line_of_statement(const char *text, size_t index) {
    const char *at = text;
    for (size_t statement = 0;; statement++) {
        while (*(at = skip_blank(at)) == ';') at++;
        if (!*at) return 0;
        if (statement == index) break;
        while (*(at = skip_blank(at)) && *at != ';') at = skip_token(at);
    }
    int line = 1;
    for (const char *p = text; p < at; p++) line += *p == '\n';
    return line;
}
