/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the rows of the benchmark have in common.  A row is a function in a file of
 * its own; it measures and calls bench_result() for each thing that it measured.
 * Whatever it misses ends the run: there is no half of a result.
 */
#ifndef SELFTESTS_BENCH_BENCH_H
#define SELFTESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "../idxd/desc.h"

#define BENCH_QUEUE	"/dev/dsa/wq0.0"
#define BENCH_PAGE	4096UL

/* bench.c */

/** bench_fail() - say what failed, with errno, and end the run */
noreturn void bench_fail(const char *what);

/**
 * bench_clock() - instructions that the machine has executed, on all its CPUs
 *
 * The emulator counts them, -icount given; what it skips because all CPUs are idle
 * is not among them.  Each round of a REP instruction counts.
 */
uint64_t bench_clock(void);

/** bench_time() - nanoseconds, the machine's own: an instruction is one */
uint64_t bench_time(void);

/**
 * bench_result() - print one result as a line of JSON
 * @row: bench's name
 * @method: what was measured, or how
 * @processes: that were bound to the device
 * @operations: how many were measured
 * @unit: instructions, ns, bytes
 * @total: that they took together
 */
void bench_result(const char *row, const char *method, unsigned int processes,
		  unsigned int operations, const char *unit, int64_t total);

/** bench_write() - write a string to a file of sysfs or debugfs */
void bench_write(const char *path, const char *text);

/** bench_write_number() - the same for a number */
void bench_write_number(const char *path, unsigned int number);

/** bench_load_module() - load a module of the initramfs */
void bench_load_module(const char *path);

/** bench_pages() - private memory in small pages, none of them there */
void *bench_pages(size_t size);

/* queue.c */

/** bench_queue_enable() - load the driver, enable shared queue BENCH_QUEUE */
void bench_queue_enable(void);

/** bench_queue_open() - open it and map its portal; what ends the process ends both */
void *bench_queue_open(void);

/** bench_submit() - submit, with the queue known to have room */
void bench_submit(void *portal, const struct desc *desc);

/* procs.c */

/**
 * bench_bind() - have processes bound to BENCH_QUEUE, which do nothing
 * @processes: so many, more or fewer than before
 */
void bench_bind(unsigned int processes);

/**
 * bench_child() - run a function in a new process
 * @fn: adds what it measures to @total, which is shared
 *
 * Return: what @total was in the end.
 */
int64_t bench_child(void (*fn)(int64_t *total));

/* The rows. */
void bench_kva(void);
void bench_process(void);
void bench_sva(void);
void bench_many(void);
void bench_memory(void);
void bench_open(void);
void bench_munmap(void);
void bench_fault(void);
void bench_kill(void);

/* Name of the program by which main() returns at once. */
#define BENCH_EXEC	"exit"

#endif
