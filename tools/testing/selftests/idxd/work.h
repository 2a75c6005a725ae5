/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work that keeps a device busy for a time that the caller chooses, in memory
 * that a parent shares with the child that submits it: so it can be killed, and
 * what the device does afterwards is seen.
 */
#ifndef SELFTESTS_IDXD_WORK_H
#define SELFTESTS_IDXD_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "desc.h"
#include "queue.h"

#define WORK_MAX	192		/* descriptors */
#define WORK_MEMBERS	256		/* of a batch, at most */
#define WORK_CHUNK	(1024 * 1024)	/* bytes that a member moves */

/* Page aligned; so the buffers are as well, and the members 64-byte aligned. */
struct work {
	uint8_t src[WORK_CHUNK];
	uint8_t dst[WORK_CHUNK];
	struct desc descs[WORK_MAX];	/* batches; each of them is one descriptor */
	struct desc trial;
	struct dsa_hw_desc members[WORK_MEMBERS];
	uint32_t chunk;			/* bytes that a member moves on this queue */
	unsigned int batch;		/* members of each batch */
	unsigned int submitted;		/* descriptors that the queue took */
	bool refused;			/* ... and then it said retry */
	uint64_t each_ns;		/* device time for one descriptor */
};

/** work_alloc() - shared memory for it; before fork(), free with munmap() */
struct work *work_alloc(void);

/**
 * work_prepare() - measure the device, then make descriptors of a given length
 * @work: from work_alloc()
 * @portal: mapped, by the process that is going to submit
 * @each_ms: how long the device shall be at work on one descriptor; on a very
 *	fast device it may be less
 *
 * Return: 0 or a negative error number.
 */
int work_prepare(struct work *work, struct portal *portal, unsigned int each_ms);

/**
 * work_submit() - submit, until the queue is full
 * @work: prepared
 * @portal: mapped
 * @count: so many, or fewer if the queue says retry
 */
void work_submit(struct work *work, struct portal *portal, unsigned int count);

/** work_in_flight() - how many of those submitted have no completion record */
unsigned int work_in_flight(const struct work *work);

/** work_failed() - how many have a record that does not say success */
unsigned int work_failed(const struct work *work);

/** work_complete() - does the destination hold what all of it should have moved? */
bool work_complete(const struct work *work);

/** work_total_ns() - the device time that all of it needs, one after the other */
uint64_t work_total_ns(const struct work *work);

/**
 * work_stays_quiet() - does the device leave this memory alone?
 * @work: its owner is dead
 *
 * Overwrites destination and records, and watches them for twice as long as
 * the device would have needed for everything submitted.
 */
bool work_stays_quiet(struct work *work);

#endif
