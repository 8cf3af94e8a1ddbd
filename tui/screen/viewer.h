/* One document to look at: its text or its pages drawn with characters, on the desktop, in a folder, on paper. */
#ifndef TUI_SCREEN_VIEWER_H
#define TUI_SCREEN_VIEWER_H

#include <tui/app.h>

/* Opens it as soon as it is made; reading is recorded by the server. */
void viewer_open(struct app *app, int64_t document_id);

#endif
