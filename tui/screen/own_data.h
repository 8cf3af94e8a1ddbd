/* Answers of applicant.reveal and applicant.export, shown and written. */
#ifndef TUI_SCREEN_OWN_DATA_H
#define TUI_SCREEN_OWN_DATA_H

#include <tui/app.h>

/* Shows the numbers whole until a key is pressed; they are kept nowhere. */
void own_data_reveal(struct screen *screen, const ProtobufCMessage *reply, const struct error *error);
/* Writes data.txt and data.json beside the receipts; says where. */
void own_data_export(struct screen *screen, const ProtobufCMessage *reply, const struct error *error);

#endif
