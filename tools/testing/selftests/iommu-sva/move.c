// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that a device is at work on are moved to other memory: all bytes come along,
 * none that the device writes is left behind.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../idxd/pages.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"
#include "stream.h"

#define PAGES		8
#define SIZE		(PAGES * PAGES_SIZE)	/* of the range */
#define MIN_ROUNDS	4
#define MIN_MOVED	(2 * PAGES)
#define MAX_ROUNDS	60
#define TEST_S		120
#define AREA_PAGES	2048	/* several blocks of those that are compacted */
#define SECOND_NODE	"/sys/devices/system/node/node1"
#define COMPACT		"/proc/sys/vm/compact_memory"

FIXTURE(move) {
	struct queue queue;
	struct stream stream;
	uint8_t *range;
	uint64_t pfns[PAGES];
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
	/* Which blocks it fills is its own choice. */
	if (moved < MIN_MOVED)
		SKIP(return, "compaction leaves the pages where they are");
}

TEST_HARNESS_MAIN
