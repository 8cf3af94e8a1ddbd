/* A template's text with the values of one document in it. Values come in as they are; there is no markup. */
#ifndef SERVER_DOC_EXPAND_H
#define SERVER_DOC_EXPAND_H

#include <pango/pango.h>
#include <server/buffer.h>
#include <server/doc/data.h>
#include <server/doc/template.h>

/* Where in @each and @lines a block stands. */
struct scope {
    const struct scope *outer;
    const char *list; /* NULL in @lines */
    size_t number;    /* from 1 */
    const char *line; /* in @lines */
};

/* Adds the text and its end to `out`. `bold` (may be NULL) gets an attribute for each *bold* part. */
void expand_text(const struct text *text, const struct document_data *data, const struct scope *scope, struct buffer *out,
                 PangoAttrList *bold);

bool condition_holds(const struct condition *condition, const struct document_data *data, const struct scope *scope);

#endif
