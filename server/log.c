/* Log lines in logfmt. One write(2) a line, so that the processes' lines do not mix. */
#include <server/log.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static struct {
    const char *process;
    enum log_level level;
} context = {"loketd", LOG_INFO_};

bool log_setup(const char *process, const char *level) {
    context.process = process;
    for (int i = LOG_DEBUG_; i <= LOG_ERROR_; i++) {
        if (strcmp(level, level_names[i]) != 0) continue;
        context.level = (enum log_level)i;
        return true;
    }
    return false;
}

struct line {
    char text[2048];
    size_t size;
};

static void line_put(struct line *line, char c) {
    if (line->size < sizeof line->text - 2) line->text[line->size++] = c;
}

/* A control character of two bytes in UTF-8. */
static bool is_c1(const unsigned char *p) {
    return p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;
}

static void line_escaped(struct line *line, const char *value) {
    static const char hex[] = "0123456789abcdef";
    for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
        if (*p == '"' || *p == '\\') {
            line_put(line, '\\');
            line_put(line, (char)*p);
        } else if (*p < 0x20 || *p == 0x7f || is_c1(p) || (p > (const unsigned char *)value && is_c1(p - 1))) {
            line_put(line, '\\');
            line_put(line, 'x');
            line_put(line, hex[*p >> 4]);
            line_put(line, hex[*p & 15]);
        } else {
            line_put(line, (char)*p);
        }
    }
}

static void line_pair(struct line *line, const char *key, const char *value) {
    if (line->size) line_put(line, ' ');
    for (; *key; key++) line_put(line, *key);
    line_put(line, '=');
    bool plain = *value != '\0';
    for (const char *p = value; *p && plain; p++) plain = *p > ' ' && *p != '"' && *p != '=' && *p != '\\' && *p != 0x7f;
    if (!plain) line_put(line, '"');
    line_escaped(line, value);
    if (!plain) line_put(line, '"');
}

void log_line(enum log_level level, const char *message, ...) {
    if (level < context.level) return;
    struct line line = {.size = 0};
    struct timespec now;
    struct tm utc;
    char stamp[40];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t used = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(stamp + used, sizeof stamp - used, ".%03ldZ", now.tv_nsec / 1000000);
    line_pair(&line, "ts", stamp);
    line_pair(&line, "level", level_names[level]);
    line_pair(&line, "process", context.process);
    line_pair(&line, "pid", log_number(getpid()));
    line_pair(&line, "msg", message);
    va_list arguments;
    va_start(arguments, message);
    for (const char *key; (key = va_arg(arguments, const char *));) {
        const char *value = va_arg(arguments, const char *);
        line_pair(&line, key, value ? value : "");
    }
    va_end(arguments);
    line.text[line.size++] = '\n';
    /* A log that can't be written has nowhere to say so. */
    if (write(STDERR_FILENO, line.text, line.size) < 0) return;
}

const char *log_number(long long number) {
    static char texts[8][24];
    static unsigned next;
    char *text = texts[next++ % 8];
    (void)snprintf(text, sizeof texts[0], "%lld", number);
    return text;
}
