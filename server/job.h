/* The job process: what the office's machine does by itself. It issues what was decided and clears what is past keeping. */
#ifndef SERVER_JOB_H
#define SERVER_JOB_H

#include <server/worker.h>

/* Runs the process until SIGTERM; returns its exit code. */
int job_run(const struct inheritance *given);

#endif
