/* The language of the screens: at once, and for the next login too. */
#include <libintl.h>
#include <stdlib.h>
#include <string.h>
#include <tui/screen/screens.h>
#include <tui/ui/text.h>

/* gettext's own sign that a language changed; see "Being a gettext program" in its manual. */
extern int _nl_msg_cat_cntr;

void language_use(const char *language) {
    (void)setenv("LANGUAGE", strcmp(language, "en") == 0 ? "en" : "id", 1);
    ++_nl_msg_cat_cntr;
}

static void on_saved(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    (void)reply;
    if (!error) app_say(screen->app, N_("The language is changed"), NULL);
}

void language_switch(struct app *app) {
    Loket__SessionLanguageRequest request = LOKET__SESSION_LANGUAGE_REQUEST__INIT;
    const char *present = getenv("LANGUAGE");
    request.language = (char *)(present && strcmp(present, "en") == 0 ? "id" : "en");
    language_use(request.language);
    app->dirty = true;
    app_write(app->top, "session.language", &request.base, NULL, &loket__empty__descriptor, on_saved);
}
