/* What was counted, as Prometheus reads it (text format 0.0.4) and as a person does. */
#ifndef SERVER_METRICS_TEXT_H
#define SERVER_METRICS_TEXT_H

#include <server/buffer.h>
#include <server/config.h>
#include <server/metrics/count.h>

/* Everything, after what is in `out` already. */
void metrics_text(const struct metrics *metrics, const struct config *config, struct buffer *out);

/* The same for people: aligned lines, and what is wrong in lines that begin with "wrong:". Returns how many those are. */
int metrics_status(const struct metrics *metrics, const struct config *config, struct buffer *out);

/* `value` between quotes, as a label's value: backslash, quote and line end are escaped. */
void metrics_label(struct buffer *out, const char *value);

/* One of the disks of `[metrics] disks`; false when it can't be asked. */
struct metrics_disk {
    char path[200];
    int64_t bytes, free;
};
/* The next one of the list at *rest (moved on); false at its end. */
bool metrics_disk_next(const char **rest, struct metrics_disk *disk);

#endif
