/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process that keeps a device at work until it loses it: through a portal and
 * by write(), with several descriptors under way at any time.  It lives on, says
 * what its file is good for then, and opens the device again when told to.
 */
#ifndef SELFTESTS_OFFCPU_BUSY_H
#define SELFTESTS_OFFCPU_BUSY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../idxd/desc.h"
#include "../idxd/queue.h"
#include "../idxd/trace.h"
#include "../idxd/work.h"

#define BUSY_SLOTS	8	/* descriptors that are kept under way */
#define BUSY_WAIT_MS	30000

/* What a file is good for. */
struct busy_view {
	int map, write;		/* errno of each */
	int events;		/* of poll() */
};

/* What it is at. */
enum { BUSY_READY = 1, BUSY_GO, BUSY_WORKS, BUSY_LOST, BUSY_BACK };

struct busy {
	struct queue queue;
	unsigned int slowdown;	/* of the device, when busy_lose() first tries */

	/* What came of it. */
	struct work *work;
	struct desc written;	/* the one that write() submits */
	pid_t pid;
	int error;		/* a step failed before it worked: -errno */
	atomic_uint at;		/* slot that is being submitted */
	int signal;		/* upon a touch of the portal */
	int submitter;		/* errno of the write() that failed */
	struct busy_view lost;	/* the file, then */
	struct busy_view back;	/* and when the device was there again */
	int open;		/* opening it again: 0 or -errno */
	bool copied;		/* and using it */
	bool faulted;		/* ... on a page that was not there */
	atomic_int stage;
};

/** busy_alloc() - one in shared memory, with its work; its queue is @queue */
struct busy *busy_alloc(const struct queue *queue);

/**
 * busy_start() - fork it, and wait until the device is at work for it
 * @busy: from busy_alloc()
 * @slowdown: an emulated device takes so many times longer from then on, so that
 *	it has work left when this process comes to the next step; 1: no longer
 *
 * It has two off-CPU tasks on a shared queue, one on a dedicated one.
 *
 * Return: 0 or -errno.
 */
int busy_start(struct busy *busy, unsigned int slowdown);

/* What was seen when the device had gone. */
struct busy_loss {
	uint64_t when;			/* CLOCK_MONOTONIC, just after it had */
	unsigned int unfinished;	/* descriptors that had no record then */
	int tasks;
	struct trace_life life[2];
};

/**
 * busy_lose() - start it, and take the device away while that is at work for it
 * @busy: from busy_alloc(); when this returns it has found its loss out
 * @trace: started
 * @loss: filled in
 * @go: takes the device away; 0 or an error
 * @come: brings it back, for another try if the device happened to be idle
 * @arg: for both
 *
 * An emulated device is slow meanwhile, and allowed to be.
 *
 * Return: 0, or an error.
 */
int busy_lose(struct busy *busy, struct trace *trace, struct busy_loss *loss,
	      int (*go)(void *arg), int (*come)(void *arg), void *arg);

/**
 * busy_end() - have it open the device again, copy with it, and exit
 * @busy: lost the device, which is back
 *
 * Return: true if it exited by itself; what it found is in @busy.
 */
bool busy_end(struct busy *busy);

#endif
