/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the rows of the benchmark have in common.  A row is a function in a file of
 * its own; it measures and calls bench_result() for each thing that it measured.
 * Whatever it misses ends the run: there is no half of a result.
 */
#ifndef SELFTESTS_BENCH_BENCH_H
#define SELFTESTS_BENCH_BENCH_H

#include <stdint.h>
#include <stdnoreturn.h>

#define BENCH_QUEUE	"/dev/dsa/wq0.0"

/* bench.c */

/** bench_fail() - say what failed, with errno, and end the run */
noreturn void bench_fail(const char *what);

/**
 * bench_clock() - instructions that the machine has executed, on all its CPUs
 *
 * The time-stamp counter, which is that under the emulator's -icount shift=0; an
 * idle machine counts on.
 */
uint64_t bench_clock(void);

/**
 * bench_result() - print one result as a line of JSON
 * @row: bench's name
 * @method: what was measured, or how
 * @processes: that were bound to the device
 * @operations: how many were measured
 * @instructions: that they took together
 */
void bench_result(const char *row, const char *method, unsigned int processes,
		  unsigned int operations, uint64_t instructions);

/** bench_write() - write a string to a file of sysfs or debugfs */
void bench_write(const char *path, const char *text);

/* queue.c */

/** bench_queue_enable() - load the driver, enable shared queue BENCH_QUEUE */
void bench_queue_enable(void);

/* procs.c */

/**
 * bench_bind() - have processes bound to BENCH_QUEUE, which do nothing
 * @processes: so many, more or fewer than before
 */
void bench_bind(unsigned int processes);

/* The rows. */
void bench_kva(void);

#endif
