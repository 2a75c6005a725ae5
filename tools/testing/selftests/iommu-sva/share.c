// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that a device is at work on come to be shared with others, by fork() or
 * because KSM finds that they are the same: what one writes no other one sees.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../idxd/pages.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"
#include "stream.h"

#define PAGE		4096UL
#define PAGES		8
#define SIZE		(PAGES * PAGE)	/* of the range */
#define MIN_ROUNDS	4
#define MIN_HUGE_ROUNDS	2	/* each of 500 faults */
#define TEST_S		120
#define WAIT_MS		30000
#define POISON		0xdeadULL
#define KSM		"/sys/kernel/mm/ksm/"
#define MIN_PARTED	PAGES	/* merged pages that the device has written to */

FIXTURE(share) {
	struct queue queue;
	struct stream stream;
};

FIXTURE_SETUP(share)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_TRUE(self->queue.block_on_fault);
}

FIXTURE_TEARDOWN(share)
{
	stream_stop(&self->stream);
}

/*
 * fork()
 */

enum { CHILD_READY = 1, PARENT_WROTE, CHILD_WROTE, PARENT_LOOKED };

struct child {
	struct stream *stream;
	atomic_int stage;
};

/* Its memory is that of the moment of the fork, whatever the device does. */
static void be_child(void *arg)
{
	struct child *child = arg;
	struct stream *stream = child->stream;

	stream_keep(stream, stream->range);
	child->stage = CHILD_READY;
	if (!proc_wait_flag(&child->stage, PARENT_WROTE, WAIT_MS))
		_exit(2);
	if (!stream_kept(stream, stream->range))
		_exit(1);
	memset(stream->range, 0xff, stream->size);
	child->stage = CHILD_WROTE;
	proc_wait_flag(&child->stage, PARENT_LOOKED, WAIT_MS);
}

static bool forks(struct stream *stream, struct child *child, uint64_t value)
{
	uint8_t *range = stream->range;
	bool good;
	int status;
	pid_t pid;

	child->stage = 0;
	pid = proc_spawn(be_child, child);
	good = stream_settle(stream) &&
	       proc_wait_flag(&child->stage, CHILD_READY, WAIT_MS);
	stream_expect(stream, stream_view(value));
	stream_fill(stream, range, value);
	good = good && stream_settle(stream) && stream_landed(stream, range);

	child->stage = PARENT_WROTE;
	good = good && proc_wait_flag(&child->stage, CHILD_WROTE, WAIT_MS) &&
	       stream_settle(stream) && stream_landed(stream, range);
	child->stage = PARENT_LOOKED;
	if (!proc_wait(pid, WAIT_MS, &status))
		return false;
	if (status)
		fprintf(stderr, "# the child's memory has changed\n");
	return good && !status;
}

static bool forks_for_a_while(struct stream *stream, unsigned int min)
{
	struct child *child = proc_shared(sizeof(*child));

	child->stream = stream;
	for (unsigned int i = 0; stream_goes_on(stream, i, min); i++)
		if (!forks(stream, child, i + 2))
			return false;
	return true;
}

TEST_F_TIMEOUT(share, forked, TEST_S)
{
	uint8_t *range = stream_memory(SIZE);

	ASSERT_NE(NULL, range);
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, SIZE, 1));
	EXPECT_TRUE(forks_for_a_while(&self->stream, MIN_ROUNDS));
}

TEST_F_TIMEOUT(share, forked_huge, TEST_S)
{
	uint8_t *range = stream_memory(PAGES_HUGE);

	ASSERT_NE(NULL, range);
	if (pages_collapse(range) == -EINVAL)
		SKIP(return, "no transparent huge pages");
	ASSERT_EQ(PAGES_HUGE, pages_huge(range));
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, PAGES_HUGE, 1));
	EXPECT_TRUE(forks_for_a_while(&self->stream, MIN_HUGE_ROUNDS));
}

/*
 * KSM
 */

static const char * const ksm_files[] = {
	KSM "run", KSM "sleep_millisecs", KSM "pages_to_scan", KSM "smart_scan",
};

static const char * const ksm_busy[] = { "1", "1", "100", "0" };

#define KSM_FILES	4

struct ksm {
	char before[KSM_FILES][16];
};

static int ksm_start(struct ksm *ksm)
{
	int ret = 0;

	for (int i = 0; !ret && i < KSM_FILES; i++)
		ret = proc_read_file(ksm_files[i], ksm->before[i],
				     sizeof(ksm->before[i]));
	for (int i = KSM_FILES - 1; !ret && i >= 0; i--)
		ret = proc_write_file(ksm_files[i], ksm_busy[i]);
	return ret;
}

/* Parts what was merged. */
static void ksm_stop(const struct ksm *ksm)
{
	proc_write_file(KSM "run", "2");
	for (int i = KSM_FILES - 1; i >= 0; i--)
		proc_write_file(ksm_files[i], ksm->before[i]);
}

/* A range that looks like the device's, and that only we write to. */
static void make_twin(struct stream *stream, uint8_t *twin, uint64_t fill,
		      uint64_t value)
{
	uint64_t *words = (uint64_t *)twin;

	for (size_t i = 0; i < SIZE / 2 / sizeof(*words); i++)
		words[i] = fill;
	stream_fill(stream, twin, value);
}

/*
 * Wait for what the device reads to be merged with the twin.  What it writes is
 * merged as well, but parted again at once; a page that moves has been.
 */
static bool wait_merged(const uint8_t *range, const uint8_t *twin,
			unsigned int *parted)
{
	uint64_t deadline = proc_now() + WAIT_MS * NSEC_PER_MSEC;
	uint64_t ours[PAGES], theirs[PAGES], before[PAGES / 2];
	unsigned int same, moved = 0;

	if (pages_read(range, before, PAGES / 2))
		return false;
	do {
		if (proc_now() > deadline)
			return false;
		proc_nap();
		if (pages_read(range, ours, PAGES) || pages_read(twin, theirs, PAGES))
			return false;
		moved += pages_moved(range, before, PAGES / 2);
		same = 0;
		for (int i = PAGES / 2; i < PAGES; i++)
			same += ours[i] && ours[i] == theirs[i];
	} while (same < PAGES / 2 || moved < PAGES / 2);
	*parted += moved;
	return true;
}

static bool merges(struct stream *stream, uint8_t *twin, unsigned int *parted,
		   uint64_t number)
{
	struct stream_view next = stream_view(2 * number);

	/* All over the range as it is in the twin. */
	next.fill = 2 * number + 1;
	make_twin(stream, twin, next.fill, next.value);
	stream_expect(stream, next);
	stream_fill(stream, stream->range, next.value);
	if (!stream_settle(stream) ||
	    !wait_merged(stream->range, twin, parted))
		return false;

	/* Now different: the twin stays as it is. */
	stream_keep(stream, twin);
	next.fill = POISON;
	next.value = number + POISON;
	stream_expect(stream, next);
	stream_fill(stream, stream->range, next.value);
	return stream_settle(stream) && stream_landed(stream, stream->range) &&
	       stream_kept(stream, twin);
}

TEST_F_TIMEOUT(share, merged, TEST_S)
{
	uint8_t *range = stream_memory(SIZE), *twin = stream_memory(SIZE);
	unsigned int parted = 0;
	struct ksm ksm;
	bool good = true;

	ASSERT_NE(NULL, range);
	ASSERT_NE(NULL, twin);
	if (madvise(range, SIZE, MADV_MERGEABLE) ||
	    madvise(twin, SIZE, MADV_MERGEABLE))
		SKIP(return, "no KSM");
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, SIZE, 1));
	ASSERT_EQ(0, ksm_start(&ksm));
	for (unsigned int i = 1; good && stream_goes_on(&self->stream, i, MIN_ROUNDS);
	     i++)
		good = merges(&self->stream, twin, &parted, i);
	ksm_stop(&ksm);
	EXPECT_TRUE(good);
	EXPECT_LE(MIN_PARTED, parted);
}

TEST_HARNESS_MAIN
