/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device that works on a range of memory without a pause, while a test changes
 * what is behind it: it writes to the lower half and reads the upper one, and all
 * that it says and does is held against what the test has announced.
 *
 * The lower half gets numbers that only rise, so that whoever looks can tell which
 * descriptor was there last; what goes to a wrong place, or is lost, is missed.
 */
#ifndef SELFTESTS_IOMMU_SVA_STREAM_H
#define SELFTESTS_IOMMU_SVA_STREAM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../idxd/desc.h"
#include "../idxd/queue.h"

#define STREAM_SLOTS	8	/* descriptors under way, each in a slice of its own */
#define STREAM_WRITERS	(STREAM_SLOTS / 2)	/* in the first slices */
#define STREAM_BLOCKS	8	/* of a slice, in turn */

/* What the device finds there. */
struct stream_view {
	bool read, write;	/* is it let? */
	uint64_t value;		/* of every word in the upper half */
	uint64_t fill;		/* what it writes to the lower; 0: numbers */
};

struct stream_slot {
	struct desc *desc;
	struct stream_view found;		/* when that was submitted */
	atomic_ulong started, done;		/* number of the last one */
	atomic_ulong landed[STREAM_BLOCKS];	/* ... that wrote to a block */
};

/* All but the first four belong to stream.c. */
struct stream {
	struct portal portal;
	uint8_t *range;
	size_t size;		/* of the range, in bytes */
	size_t block;
	struct stream_slot slots[STREAM_SLOTS];
	uint8_t *sink;		/* what was read */
	uint8_t *kept;
	uint64_t end;		/* of the time that a test takes */
	pthread_t thread;
	bool runs;
	atomic_bool stop;
	pthread_mutex_t lock;	/* guards the next three */
	struct stream_view from, to;
	char trouble[160];	/* the first thing that went wrong */
};

/** stream_view() - all of the range is for the device, @value is in the upper half */
struct stream_view stream_view(uint64_t value);

/** stream_memory() - private memory in small pages, aligned to its @size; or NULL */
void *stream_memory(size_t size);

/**
 * stream_start() - have a device begin
 * @stream: overwritten
 * @queue: a shared one that blocks on faults
 * @range: page aligned; its upper half is filled with @value
 * @size: of the range, a multiple of eight pages
 * @value: not 0
 *
 * Return: 0 when the device has been everywhere; or -errno, nothing is left.
 */
int stream_start(struct stream *stream, const struct queue *queue, void *range,
		 size_t size, uint64_t value);

/** stream_stop() - wait for it to end, if it has begun */
void stream_stop(struct stream *stream);

/** stream_fill() - write @value to the upper half of what is, or will be, the range */
void stream_fill(const struct stream *stream, void *where, uint64_t value);

/**
 * stream_expect() - say what the device will find after a change
 * @stream: started; the last change has been settled
 * @next: until stream_settle() it may find the one or the other
 */
void stream_expect(struct stream *stream, struct stream_view next);

/**
 * stream_settle() - the change is done: nothing of what was before is legal now
 * @stream: started
 *
 * Waits for the device to go over all of the range, by descriptors that were
 * submitted after the call.  Return: false if it did not, or if anything went wrong
 * since the last call; that is printed.
 */
bool stream_settle(struct stream *stream);

/**
 * stream_landed() - is all that the device has written here, and what it reads?
 * @stream: settled, or what was changed since keeps the bytes
 * @where: an address of the range's memory
 *
 * Return: false, after a line about it, if a word is not one that can be there.
 */
bool stream_landed(struct stream *stream, const void *where);

/**
 * stream_refill() - have the device find other numbers
 * @stream: settled; all of its range is for the device
 * @value: written to the upper half
 *
 * Return: false if it did not, or if what it wrote is not there.
 */
bool stream_refill(struct stream *stream, uint64_t value);

/** stream_keep() - remember all bytes of memory that has been the range's */
void stream_keep(struct stream *stream, const void *where);

/** stream_kept() - are they still what they were? */
bool stream_kept(const struct stream *stream, const void *where);

/** stream_goes_on() - once more?  At least @min times, and until its time is over */
bool stream_goes_on(const struct stream *stream, unsigned int rounds,
		    unsigned int min);

#endif
