/* What a child gives up once it has loaded what it needs: capabilities, new privileges, system calls, files.
 *
 * A stranger's bytes are read by a worker, hostile documents by the job process; who takes one of them over finds a process that
 * can start no program, trace no other, open no key and write no file (the job: the folder of checkpoints alone). calls.c holds the
 * one table of system calls, paths.c the one table of files. */
#ifndef SERVER_SANDBOX_SANDBOX_H
#define SERVER_SANDBOX_SANDBOX_H

#include <server/config.h>
#include <stdbool.h>

enum child_kind { CHILD_WORKER, CHILD_AUTH, CHILD_JOB, CHILD_METRICS, CHILD_KINDS };

/* What happens at a system call that is not in the table: the child is killed, it is written to the kernel's log, or nothing. */
enum sandbox_mode { SANDBOX_ENFORCE, SANDBOX_LOG, SANDBOX_OFF, SANDBOX_MISSPELT };

/* [server] seccomp: "enforce", "log" or "off". */
enum sandbox_mode sandbox_mode(const char *word);

/* Gives everything up, for ever. False (and a log line) when the kernel can't do what the mode asks for: the child must not serve
 * then. Landlock alone is left out where the kernel has none, and the log says so. */
bool sandbox_enter(enum child_kind kind, const struct config *config);

/* The parts. All are for good. */
bool sandbox_calls(enum child_kind kind, enum sandbox_mode mode);
/* 1: done, 0: the kernel has no Landlock, -1: failed, errno says why. */
int sandbox_paths(enum child_kind kind, const struct config *config);

/* gcc says it by a macro, clang by a feature. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

#endif
