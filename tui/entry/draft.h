/* Drafts: what was typed and not yet sent, kept on the machine where the client runs. One file per user and form, folder 0700,
 * files 0600, written anew (temporary file, rename) at each key, so that a hang-up or a crash costs nothing. Not synced to the
 * disk at each key: that would be felt in typing; a power cut may cost the last seconds. */
#ifndef TUI_ENTRY_DRAFT_H
#define TUI_ENTRY_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DRAFT_KEY_BYTES 16

struct draft_value {
    char *code, *value;
};

struct draft {
    uint8_t key[DRAFT_KEY_BYTES]; /* idempotency key of the sending; all zero: never sent */
    struct draft_value *values;
    size_t count;
};

/* Reads the draft `form` of `user` (both [a-z0-9._-], else refused). False when there is none, or when the file is not a draft (it
 * is left alone). Free with draft_free. */
bool draft_load(const char *user, const char *form, struct draft *draft);
/* Writes it. False when it can't be kept (full disk, no home): errno says why, and the draft before is untouched. */
bool draft_save(const char *user, const char *form, const struct draft *draft);
void draft_delete(const char *user, const char *form);

void draft_put(struct draft *draft, const char *code, const char *value); /* copies; replaces */
const char *draft_get(const struct draft *draft, const char *code);       /* NULL when it is not there */
void draft_free(struct draft *draft);

#endif
