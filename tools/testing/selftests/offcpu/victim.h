/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process that has a device at work for it, and then dies: what the tests and
 * the main job do to it, and what its parent saw.
 */
#ifndef SELFTESTS_OFFCPU_VICTIM_H
#define SELFTESTS_OFFCPU_VICTIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../idxd/queue.h"
#include "../idxd/trace.h"
#include "../idxd/work.h"

#define VICTIM_FILE_BYTES	(4 * 1024 * 1024)
#define VICTIM_TIMEOUT_MS	10000
#define VICTIM_EXIT_CODE	7

/* How it dies. */
enum victim_death {
	VICTIM_KILLED,		/* SIGKILL by its parent */
	VICTIM_EXITS,		/* exit(VICTIM_EXIT_CODE) */
	VICTIM_SEGFAULTS,	/* a store to address 0, no core dump */
	VICTIM_CLOSES,		/* first closes and unmaps all, then exits */
	VICTIM_ABORTS,		/* SIGABRT, with a core dump if that is allowed */
};

/* What it is at. */
enum { VICTIM_READY = 1, VICTIM_GO, VICTIM_BUSY };

struct victim {
	/* Filled in by who starts it. */
	struct queue queue;
	unsigned int count;	/* descriptors, or fewer if the queue says retry */
	unsigned int each_ms;	/* device time for each */
	unsigned int slow;	/* times longer, also when it dies; or 0 */
	bool close_file;	/* only the mapped portal holds the file */
	bool map_tmpfile;	/* and VICTIM_FILE_BYTES of PROC_TMPFS, unlinked */
	enum victim_death death;
	/* Called with true just before SIGKILL, with false before it starts. */
	void (*meddle)(struct victim *victim, bool dying);
	/* Called by the victim when it has all and may still close_file. */
	int (*pass_on)(struct victim *victim, struct portal *portal);

	/* What came of it. */
	struct work *work;
	int error;		/* a step failed before it was ready: -errno */
	pid_t pid;
	unsigned int in_flight;	/* when it died */
	unsigned int unfinished;/* without a record, just after wait() */
	int status;		/* as waitpid() gives it */
	uint64_t killed;	/* CLOCK_MONOTONIC, just before it died */
	uint64_t waited;	/* just after wait(); 0: it did not die in time */
	atomic_int stage;
};

/** victim_alloc() - one in shared memory, with its work; its queue is @queue */
struct victim *victim_alloc(const struct queue *queue);

/**
 * victim_start() - fork it, and wait until it has its portal and its work ready
 * @victim: from victim_alloc(), parameters filled in
 *
 * Return: false if it did not get that far, @error says why.
 */
bool victim_start(struct victim *victim);

/**
 * victim_end() - have it submit its work and die at once, and wait() for it
 * @victim: started
 *
 * Unless @slow says how, an emulated device is so slow until then that a machine
 * under load is not too late to find it at work.
 *
 * Return: true if it died in the way that it was told to, in time.
 */
bool victim_end(struct victim *victim);

/**
 * victim_run() - start and end it so that it dies with work in flight
 * @victim: from victim_alloc(), parameters filled in
 *
 * A machine under load may come too late for that.  Then there is another victim,
 * with more work (@each_ms grows), a few times; what is in @victim is the last one's.
 *
 * Return: false if one did not die as told, or the device was idle for all.
 */
bool victim_run(struct victim *victim);

/**
 * victim_left_nothing() - wait until what only its mm held is given back
 * @victim: dead, had @map_tmpfile
 * @trace: started before it was
 * @tmpfs_free: proc_tmpfs_free() before it was started
 *
 * Return: true if its pages and its mm_struct are free.
 */
bool victim_left_nothing(const struct victim *victim, struct trace *trace,
			 uint64_t tmpfs_free);

#endif
