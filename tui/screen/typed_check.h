/* The checks of a form's fields while they are typed, by kind and type; the server makes the same ones again. */
#ifndef TUI_SCREEN_TYPED_CHECK_H
#define TUI_SCREEN_TYPED_CHECK_H

#include <stdint.h>
#include <tui/app.h>
#include <tui/ui/form.h>

/* Fills the error and returns false when the value is not one of its type. Dates become ISO, "24" the next 24th. `app` is for its
 * calendar. */
bool typed_check(const struct app *app, struct field *field);

/* The field of a catalogue's form field, with its type, choices ("code=label") and what it depends on. `prefix` comes before the
 * codes ("fields."). */
struct field *typed_add(struct form *form, const char *prefix, const char *code, const char *label, const char *type, bool required,
                        char *const *choices, size_t choice_count);

/* A date (ISO) and a time of day ("09:30", empty: midnight) in the office's zone as Unix seconds; 0 when the date is empty. */
int64_t typed_instant(const char *date, const char *time);

#endif
