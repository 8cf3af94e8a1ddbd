/* The receipt of an intake, or the list of what is missing. */
#ifndef TUI_SCREEN_RECEIPT_H
#define TUI_SCREEN_RECEIPT_H

#include <tui/app.h>

void receipt_open(struct app *app, const Loket__IntakeSubmitReply *reply, const char *applicant);

#endif
