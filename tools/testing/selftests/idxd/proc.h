/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes, clocks and small files: what the tests need of the system, each
 * wait with a bound.
 */
#ifndef SELFTESTS_IDXD_PROC_H
#define SELFTESTS_IDXD_PROC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROC_TMPFS	"/tmp"
#define NSEC_PER_MSEC	1000000ULL
#define NSEC_PER_SEC	1000000000ULL

/** proc_now() - CLOCK_MONOTONIC in nanoseconds */
uint64_t proc_now(void);

/** proc_nap() - give way for a tenth of a millisecond, inside of a bounded loop */
void proc_nap(void);

/** proc_read_file() - first line of a small file, without newline; 0 or -errno */
int proc_read_file(const char *path, char *buf, int len);

/** proc_write_file() - write a string to a file of sysfs or alike; 0 or -errno */
int proc_write_file(const char *path, const char *text);

/** proc_append_file() - the same, but keep what the file has */
int proc_append_file(const char *path, const char *text);

/**
 * proc_run() - run a program, its output on stderr
 * @argv: searched for in PATH
 *
 * Return: its exit status, 127 if there is none of that name, or -errno.
 */
int proc_run(char *const argv[]);

/** proc_meminfo() - a line of /proc/meminfo, in KiB; 0 if there is none */
uint64_t proc_meminfo(const char *field);

/**
 * proc_shared() - memory that fork() shares, zeroed, present
 * @size: bytes
 *
 * Return: never NULL, the process ends if there is no memory.
 */
void *proc_shared(size_t size);

/**
 * proc_spawn() - run a function in a child that dies with its parent
 * @fn: what the child does; it exits with 0 if @fn returns
 * @arg: for @fn
 *
 * Return: the child.
 */
pid_t proc_spawn(void (*fn)(void *arg), void *arg);

/**
 * proc_wait() - wait for a child's death
 * @pid: the child
 * @timeout_ms: at most that long
 * @status: as waitpid() gives it
 *
 * Return: CLOCK_MONOTONIC just after waitpid() returned, 0 if it did not die.
 */
uint64_t proc_wait(pid_t pid, unsigned int timeout_ms, int *status);

/** proc_state() - state of a process's first thread, as in /proc; or 0 */
char proc_state(pid_t pid);

/** proc_wait_flag() - wait for a number in shared memory to reach @value */
bool proc_wait_flag(const atomic_int *flag, int value, unsigned int timeout_ms);

/**
 * proc_visit_cpus() - run on each CPU for a moment
 *
 * An idle CPU holds on to the mm of the last process that it ran.
 */
void proc_visit_cpus(void);

/**
 * proc_tmpfs() - mount an empty tmpfs at PROC_TMPFS, for the caller alone
 *
 * Only the caller and its children see it; it goes when the last of them has
 * exited.  Return: 0 or -errno.
 */
int proc_tmpfs(void);

/** proc_tmpfs_free() - pages that are free in it */
uint64_t proc_tmpfs_free(void);

/**
 * proc_signal_of() - run a function and say which signal it got
 * @fn: a memory access that may fault
 * @arg: for @fn
 *
 * Catches SIGSEGV, SIGBUS and SIGILL.  Return: the signal, or 0.
 */
int proc_signal_of(void (*fn)(void *arg), void *arg);

#endif
