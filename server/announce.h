/* What changed, told to every node after the commit: gathered over 20 ms and sent as one NOTIFY, 50 ms after the one before (200 ms
 * while much happens), on a connection of its own; what others announce arrives on the same connection and goes to the sessions. A
 * lost announcement is found by session.ping's counter. */
#ifndef SERVER_ANNOUNCE_H
#define SERVER_ANNOUNCE_H

#include <server/worker.h>

#define ANNOUNCE_CHANNEL "loket"

/* NULL when memory is short. Connects in the background. */
struct announcer *announcer_new(struct worker *worker);
void announcer_free(struct announcer *announcer);

/* One "office:queue:application:counter", not NUL-terminated. */
void announcer_add(struct announcer *announcer, const char *text, size_t size);

/* Takes apart one announcement. False when it is not one. `queue` and `office` get at most 95 and 39 bytes. */
bool announcement_read(const char *line, size_t size, char office[40], char queue[96], long long *application_id,
                       long long *counter);

#endif
