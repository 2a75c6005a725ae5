// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that a device is at work on are moved to other memory, or to swap space and
 * back, or taken if nobody needs them: all bytes come along, none that the device
 * writes is left behind.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../idxd/pages.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"
#include "../offcpu/list.h"
#include "stream.h"

#define PAGES		8
#define SIZE		(PAGES * PAGES_SIZE)	/* of the range */
#define MIN_ROUNDS	4
#define MIN_MOVED	(2 * PAGES)
#define MAX_ROUNDS	60
#define TEST_S		120
#define WAIT_MS		30000
#define AREA_PAGES	2048	/* several blocks of those that are compacted */
#define SECOND_NODE	"/sys/devices/system/node/node1"
#define COMPACT		"/proc/sys/vm/compact_memory"
#define CPUS_SHARE	"/proc/sys/vm/percpu_pagelist_high_fraction"
#define SWAP_DEVICE	"/dev/ram0"
#define SWAP_PAGES	1024
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

FIXTURE(move) {
	struct queue queue;
	struct stream stream;
	uint8_t *range;
	uint64_t pfns[PAGES];
	char cpus_share[16];	/* setting to put back */
};

FIXTURE_SETUP(move)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_TRUE(self->queue.block_on_fault);
	self->range = stream_memory(SIZE);
	ASSERT_NE(NULL, self->range);
	ASSERT_EQ(0, pages_read(self->range, self->pfns, PAGES));
}

FIXTURE_TEARDOWN(move)
{
	stream_stop(&self->stream);
	if (self->cpus_share[0])
		proc_write_file(CPUS_SHARE, self->cpus_share);
}

/* Once more?  Also if there is little yet that has moved. */
static bool goes_on(const struct stream *stream, unsigned int rounds,
		    unsigned int moved, unsigned int min)
{
	return rounds < MAX_ROUNDS &&
	       (moved < min || stream_goes_on(stream, rounds, MIN_ROUNDS));
}

/* Move @count pages, each @step bytes behind the other, to a node; how many are. */
static int migrate(uint8_t *range, int count, size_t step, int node)
{
	void *pages[count];
	int nodes[count], status[count], there = 0;

	for (int i = 0; i < count; i++) {
		pages[i] = range + i * step;
		nodes[i] = node;
		status[i] = -1;
	}
	if (syscall(SYS_move_pages, 0, count, pages, nodes, status, MPOL_MF_MOVE) < 0)
		return -errno;
	for (int i = 0; i < count; i++)
		there += status[i] == node;
	return there;
}

TEST_F_TIMEOUT(move, to_another_node, TEST_S)
{
	unsigned int moved = 0;

	if (access(SECOND_NODE, F_OK))
		SKIP(return, "one node only");
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, self->range, SIZE, 1));
	for (unsigned int i = 0; goes_on(&self->stream, i, moved, MIN_MOVED); i++) {
		ASSERT_LE(0, migrate(self->range, PAGES, PAGES_SIZE, i % 2));
		ASSERT_TRUE(stream_landed(&self->stream, self->range));
		moved += pages_moved(self->range, self->pfns, PAGES);
		ASSERT_TRUE(stream_settle(&self->stream));
		ASSERT_TRUE(stream_landed(&self->stream, self->range));
	}
	EXPECT_LE(MIN_MOVED, moved);
}

TEST_F_TIMEOUT(move, huge_page_to_another_node, TEST_S)
{
	uint8_t *range = stream_memory(PAGES_HUGE);
	unsigned int moved = 0;
	uint64_t pfn;

	ASSERT_NE(NULL, range);
	if (access(SECOND_NODE, F_OK) || pages_collapse(range) == -EINVAL)
		SKIP(return, "one node only, or no transparent huge pages");
	ASSERT_EQ(PAGES_HUGE, pages_huge(range));
	pfn = pages_pfn(range);
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, PAGES_HUGE, 1));
	for (unsigned int i = 0; goes_on(&self->stream, i, moved, MIN_ROUNDS); i++) {
		ASSERT_LE(0, migrate(range, 1, PAGES_HUGE, i % 2));
		ASSERT_TRUE(stream_landed(&self->stream, range));
		moved += pages_moved(range, &pfn, 1);
		ASSERT_TRUE(stream_settle(&self->stream));
		ASSERT_TRUE(stream_landed(&self->stream, range));
	}
	EXPECT_EQ(PAGES_HUGE, pages_huge(range));
	EXPECT_LE(MIN_ROUNDS, moved);
}

/*
 * The lowest pages of a large area become the range, and every other page of the
 * rest is freed: so there is something to compact.  The area, or NULL.
 */
static uint8_t *scatter(struct stream *stream, uint64_t value)
{
	static uint64_t pfns[AREA_PAGES];
	unsigned long node = 1UL << 1;
	size_t size = AREA_PAGES * PAGES_SIZE;
	uint8_t *area = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED ||
	    syscall(SYS_mbind, area, size, MPOL_BIND, &node, 8 * sizeof(node), 0))
		return NULL;
	for (uint64_t *word = (uint64_t *)area; word < (uint64_t *)(area + size); word++)
		*word = value;
	if (pages_read(area, pfns, AREA_PAGES))
		return NULL;
	for (int i = 0; i < PAGES; i++) {
		size_t lowest = 0;

		for (size_t j = 1; j < AREA_PAGES; j++)
			if (pfns[j] < pfns[lowest])
				lowest = j;
		pfns[lowest] = UINT64_MAX;
		if (mremap(area + lowest * PAGES_SIZE, PAGES_SIZE, PAGES_SIZE,
			   MREMAP_MAYMOVE | MREMAP_FIXED,
			   stream->range + i * PAGES_SIZE) == MAP_FAILED)
			return NULL;
	}
	for (size_t j = 0; j < AREA_PAGES; j++)
		if (pfns[j] != UINT64_MAX && pfns[j] % 2)
			madvise(area + j * PAGES_SIZE, PAGES_SIZE, MADV_DONTNEED);
	return area;
}

TEST_F_TIMEOUT(move, compacted, TEST_S)
{
	unsigned int moved = 0;
	uint8_t *area;

	if (access(SECOND_NODE, F_OK) || access(COMPACT, W_OK))
		SKIP(return, "one node only, or no compaction on demand");
	/* What a CPU keeps of the pages that are freed, compaction cannot fill. */
	ASSERT_EQ(0, proc_read_file(CPUS_SHARE, self->cpus_share,
				    sizeof(self->cpus_share)));
	ASSERT_EQ(0, proc_write_file(CPUS_SHARE, "1000000"));
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, self->range, SIZE, 1));
	for (unsigned int i = 0; goes_on(&self->stream, i, moved, MIN_MOVED); i++) {
		stream_expect(&self->stream, stream_view(i + 2));
		area = scatter(&self->stream, i + 2);
		ASSERT_NE(NULL, area);
		ASSERT_TRUE(stream_settle(&self->stream));

		ASSERT_EQ(0, pages_read(self->range, self->pfns, PAGES));
		ASSERT_EQ(0, proc_write_file(COMPACT, "1"));
		ASSERT_TRUE(stream_landed(&self->stream, self->range));
		moved += pages_moved(self->range, self->pfns, PAGES);
		ASSERT_TRUE(stream_settle(&self->stream));
		ASSERT_TRUE(stream_landed(&self->stream, self->range));
		munmap(area, AREA_PAGES * PAGES_SIZE);
	}
	EXPECT_LE(MIN_MOVED, moved);
}

/* What mkswap writes. */
struct swap_header {
	uint8_t boot[1024];
	uint32_t version;
	uint32_t last_page;
	uint8_t rest[PAGES_SIZE - 1024 - 8 - 10];
	char magic[10];
};

/* Swap space in memory; 0 or -errno. */
static int swap_start(void)
{
	char * const modprobe[] = { "modprobe", "-q", "brd", NULL };
	struct swap_header header = {
		.version = 1, .last_page = SWAP_PAGES - 1, .magic = "SWAPSPACE2",
	};
	int fd, ret = 0;

	if (access(SWAP_DEVICE, F_OK))
		proc_run(modprobe);
	fd = open(SWAP_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pwrite(fd, &header, sizeof(header), 0) != sizeof(header) || fsync(fd))
		ret = -EIO;
	close(fd);
	if (!ret && swapon(SWAP_DEVICE, 0))
		ret = -errno;
	return ret;
}

static void swap_stop(void)
{
	char * const rmmod[] = { "modprobe", "-q", "-r", "brd", NULL };

	swapoff(SWAP_DEVICE);
	proc_run(rmmod);
}

/*
 * What another CPU has faulted in may still be in that CPU's batch of pages for the
 * LRU, where nothing finds it: a move empties all of these.
 */
static bool empty_batches(uint8_t *range)
{
	return migrate(range, 1, PAGES_SIZE, 0) >= 0;
}

static bool page_out(uint8_t *range)
{
	return empty_batches(range) && !madvise(range, SIZE, MADV_PAGEOUT);
}

/* A page fault of the device is on a page that had gone: nothing else takes any. */
static bool is_swapped(struct stream *stream)
{
	long before = list_faults();
	unsigned int faults = 0;

	for (unsigned int i = 0; goes_on(stream, i, faults, PAGES); i++) {
		if (!page_out(stream->range))
			return false;
		/* Now the CPU has the pages back, now the device. */
		if ((i % 2 && !stream_landed(stream, stream->range)) ||
		    !stream_settle(stream) || !stream_landed(stream, stream->range))
			return false;
		faults = list_faults() - before;
	}
	if (faults < PAGES)
		fprintf(stderr, "# the device had %u faults\n", faults);
	return faults >= PAGES;
}

TEST_F_TIMEOUT(move, swapped, TEST_S)
{
	bool good;

	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, self->range, SIZE, 1));
	if (swap_start())
		SKIP(return, "no memory disk to swap to");
	good = is_swapped(&self->stream);
	stream_stop(&self->stream);
	swap_stop();
	EXPECT_TRUE(good);
}

/* Take what may be taken, until none of the pages that the device reads is left. */
static bool take_upper_half(uint8_t *range)
{
	uint64_t deadline = proc_now() + WAIT_MS * NSEC_PER_MSEC;
	uint64_t before[PAGES / 2], now[PAGES / 2];
	uint8_t *upper = range + SIZE / 2;
	int left;

	if (pages_read(upper, before, PAGES / 2))
		return false;
	do {
		if (proc_now() > deadline || !page_out(range) ||
		    pages_read(upper, now, PAGES / 2))
			return false;
		left = 0;
		for (int i = 0; i < PAGES / 2; i++)
			left += now[i] == before[i];
	} while (left);
	return true;
}

/*
 * Not needed any more, pages may be taken instead of swapped: but not those that the
 * device has written to since, if it says so of each anew.
 */
TEST_F_TIMEOUT(move, taken_unless_written, TEST_S)
{
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, self->range, SIZE, 1));
	for (unsigned int i = 0; stream_goes_on(&self->stream, i, MIN_ROUNDS); i++) {
		/* Nobody takes any yet. */
		ASSERT_TRUE(empty_batches(self->range));
		ASSERT_EQ(0, madvise(self->range, SIZE, MADV_FREE));
		ASSERT_TRUE(stream_settle(&self->stream));

		stream_expect(&self->stream, stream_view(0));
		ASSERT_TRUE(take_upper_half(self->range));
		ASSERT_TRUE(stream_settle(&self->stream));
		ASSERT_TRUE(stream_landed(&self->stream, self->range));

		ASSERT_TRUE(stream_refill(&self->stream, i + 2));
	}
}

TEST_HARNESS_MAIN
