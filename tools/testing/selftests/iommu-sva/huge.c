// SPDX-License-Identifier: GPL-2.0
/*
 * A huge page comes to be, and is split, below a device that is at work on it:
 * neither is noticed.
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

#define PAGES		(PAGES_HUGE / PAGES_SIZE)
#define MIN_ROUNDS	2
#define TRIES		50	/* to split it */
#define TEST_S		120
#define SPLIT		"/sys/kernel/debug/split_huge_pages"

FIXTURE(huge) {
	struct queue queue;
	struct stream stream;
	uint8_t *range;
	uint64_t pfns[PAGES];
	char setting[16];
};

FIXTURE_SETUP(huge)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_TRUE(self->queue.block_on_fault);
	self->range = stream_memory(PAGES_HUGE);
	ASSERT_NE(NULL, self->range);
	if (pages_on_demand(self->setting))
		SKIP(return, "no transparent huge pages");
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, self->range, PAGES_HUGE, 1));
	ASSERT_EQ(0, pages_read(self->range, self->pfns, PAGES));
}

FIXTURE_TEARDOWN(huge)
{
	stream_stop(&self->stream);
	pages_on_demand_over(self->setting);
}

/* Into one huge page: all small ones are copied, and freed. */
static bool collapse(struct stream *stream, uint64_t *pfns)
{
	int ret = pages_collapse(stream->range);

	if (ret) {
		fprintf(stderr, "# no huge page: error %d\n", -ret);
		return false;
	}
	return stream_landed(stream, stream->range) &&
	       pages_huge(stream->range) == PAGES_HUGE &&
	       pages_moved(stream->range, pfns, PAGES) == PAGES &&
	       stream_settle(stream) && stream_landed(stream, stream->range);
}

/* Collapse and split, again and again. */
static bool changes_size(struct stream *stream, uint64_t *pfns,
			 bool (*split)(struct stream *stream))
{
	for (unsigned int i = 0; stream_goes_on(stream, i, MIN_ROUNDS); i++)
		if (!collapse(stream, pfns) || !split(stream) ||
		    !stream_landed(stream, stream->range) ||
		    pages_huge(stream->range) || !stream_settle(stream) ||
		    !stream_landed(stream, stream->range))
			return false;
	return true;
}

/* The entry is, because there are different rights to the page's halves. */
static bool split_entry(struct stream *stream)
{
	uint8_t *upper = stream->range + PAGES_HUGE / 2;

	return !mprotect(upper, PAGES_HUGE / 2, PROT_READ) &&
	       !mprotect(upper, PAGES_HUGE / 2, PROT_READ | PROT_WRITE);
}

TEST_F_TIMEOUT(huge, entry_is_split, TEST_S)
{
	EXPECT_TRUE(changes_size(&self->stream, self->pfns, split_entry));
}

/* The page itself is. */
static bool split_page(struct stream *stream)
{
	char text[64];

	snprintf(text, sizeof(text), "%d,0x%lx,0x%lx", getpid(),
		 (unsigned long)stream->range, (unsigned long)stream->range + PAGES_HUGE);
	for (int i = 0; i < TRIES && pages_huge(stream->range); i++)
		if (proc_write_file(SPLIT, text) == -EINVAL)
			return false;
	return true;
}

TEST_F_TIMEOUT(huge, page_is_split, TEST_S)
{
	if (access(SPLIT, W_OK))
		SKIP(return, "no debugfs, or a kernel that does not split on demand");
	EXPECT_TRUE(changes_size(&self->stream, self->pfns, split_page));
}

/* A page out of its middle is given back, and read as zeroes from then on. */
TEST_F_TIMEOUT(huge, upper_half_is_given_back, TEST_S)
{
	for (unsigned int i = 0; stream_goes_on(&self->stream, i, MIN_ROUNDS); i++) {
		ASSERT_TRUE(collapse(&self->stream, self->pfns));
		stream_expect(&self->stream, stream_view(0));
		ASSERT_EQ(0, madvise(self->range + PAGES_HUGE / 2, PAGES_HUGE / 2,
				     MADV_DONTNEED));
		ASSERT_TRUE(stream_settle(&self->stream));
		ASSERT_TRUE(stream_landed(&self->stream, self->range));
		ASSERT_TRUE(stream_refill(&self->stream, i + 2));
		pages_moved(self->range, self->pfns, PAGES);
	}
}

TEST_HARNESS_MAIN
