/* `loket --verify CODE`: is this permit genuine and in force? For anybody, without an account and without a terminal's screen. */
#ifndef TUI_VERIFY_CODE_H
#define TUI_VERIFY_CODE_H

#include <tui/options.h>

/* Asks the server and prints the answer. EX_OK when the permit is in force, 1 when it is not (or there is none), EX_UNAVAILABLE
 * when the server can't be reached within 15 seconds. */
int verify_code(const struct options *options);

#endif
