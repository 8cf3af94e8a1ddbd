/* A folder into which a scanner puts its files: each file is reported as soon as it is whole.
 *
 * Whole means closed by who wrote it, or moved here, and not empty. Not reported: hidden files, *.part, *.tmp, links, folders, and
 * what was there before. A folder that is not there (yet, or any more) is looked for every SCANNER_SECONDS; what was put into a new
 * one before it was found is not reported either. */
#ifndef TUI_ENTRY_SCANNER_H
#define TUI_ENTRY_SCANNER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#define SCANNER_SECONDS 1

struct scanner;

/* `path` is borrowed. May call scanner_free. */
typedef void scanner_found(const char *path, uint64_t size, void *data);

/* Watches `folder` (copied) from now on; the caller gives the scanner to scanner_free. NULL and errno when nothing can be watched
 * on this machine, or the path is too long; a folder that is not there is no error. */
struct scanner *scanner_new(struct event_base *base, const char *folder, scanner_found *found, void *data);
void scanner_free(struct scanner *scanner);

/* Is the folder there and watched? For the message line: a scanner that reports nothing may have no folder. */
bool scanner_watches(const struct scanner *scanner);

#endif
