/* Log lines in logfmt on standard error: ts level process pid msg, then pairs. Values from outside are escaped, so
 * that nobody can forge a line. Passwords and tokens are never given to it. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };

/* `process` is kept by reference ("master", "worker"). False when `level` is not debug, info, warn or error. */
bool log_setup(const char *process, const char *level);

/* One line. After `message` come pairs of key and value (both const char *), ended by NULL. */
void log_line(enum log_level level, const char *message, ...) __attribute__((sentinel));

#define log_debug(...) log_line(LOG_DEBUG_, __VA_ARGS__, (char *)NULL)
#define log_info(...)  log_line(LOG_INFO_, __VA_ARGS__, (char *)NULL)
#define log_warn(...)  log_line(LOG_WARN_, __VA_ARGS__, (char *)NULL)
#define log_error(...) log_line(LOG_ERROR_, __VA_ARGS__, (char *)NULL)

/* A number as a value: valid until the eighth call after it. */
const char *log_number(long long number);

#endif
