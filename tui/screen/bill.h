/* A bill in words, for the screens that show one. */
#ifndef TUI_SCREEN_BILL_H
#define TUI_SCREEN_BILL_H

#include <proto/loket.pb-c.h>
#include <stddef.h>

/* Called for each label and value in their order; an empty value is left out, a NULL value is a heading. */
typedef void bill_put(void *data, const char *label, const char *value);

void bill_tell(const Loket__BillOpenReply *bill, bill_put *put, void *data);

#endif
