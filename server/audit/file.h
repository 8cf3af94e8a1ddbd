/* The file of checkpoints, outside the database: lines are appended and never written again. */
#ifndef SERVER_AUDIT_FILE_H
#define SERVER_AUDIT_FILE_H

#include <server/audit/note.h>

/* Opens it for appending, made with mode 0640 if need be, and waits for the lock that one writer at a time has; closing gives
 * it back. A last line that a power failure cut is marked as torn. -1 with errno set. */
int checkpoint_file_open(const char *path);

/* The newest line of an origin. False when there is none (`line` is then empty) or the file can't be read (errno is set). */
bool checkpoint_file_last(int file, const char *origin, char line[CHECKPOINT_LINE_BYTES]);

/* Adds the line and returns when it is on the disk. False with errno set. */
bool checkpoint_file_add(int file, const char *line);

#endif
