// SPDX-License-Identifier: GPL-2.0
/*
 * A process that unmaps, moves, protects and gives back memory which a device is
 * at work on: from when the system call has returned, the device finds what the
 * CPU finds, and nothing of what was there before.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"
#include "stream.h"

#define PAGE		4096UL
#define SIZE		(8 * PAGE)	/* of the range */
#define TABLE		(2UL * 1024 * 1024)	/* what a page table maps */
#define MIN_ROUNDS	4
#define TEST_S		120
#define POISON		0xdeadULL

FIXTURE(mapping) {
	struct queue queue;
	struct stream stream;
	int fd;
	uint8_t *file;	/* two ranges' worth, mapped all the time */
};

FIXTURE_SETUP(mapping)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_TRUE(self->queue.block_on_fault);
	self->fd = memfd_create("mapping", MFD_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ftruncate(self->fd, 2 * SIZE));
	self->file = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->file);
}

FIXTURE_TEARDOWN(mapping)
{
	stream_stop(&self->stream);
}

static const struct stream_view refused;

static uint8_t *map_file(void *where, int fd, off_t offset)
{
	uint8_t *mem = mmap(where, SIZE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | (where ? MAP_FIXED : 0), fd, offset);

	return mem == MAP_FAILED ? NULL : mem;
}

/* Other pages take the place of those that are there, in one step. */
TEST_F_TIMEOUT(mapping, replaced, TEST_S)
{
	uint8_t *range = map_file(NULL, self->fd, 0);

	ASSERT_NE(NULL, range);
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, SIZE, 1));
	for (unsigned int i = 1; stream_goes_on(&self->stream, i, MIN_ROUNDS); i++) {
		uint8_t *old = self->file + (i - 1) % 2 * SIZE;
		uint8_t *new = self->file + i % 2 * SIZE;

		stream_fill(&self->stream, new, i + 1);
		stream_expect(&self->stream, stream_view(i + 1));
		ASSERT_NE(NULL, map_file(range, self->fd, new - self->file));
		stream_fill(&self->stream, old, POISON);
		stream_keep(&self->stream, old);
		ASSERT_TRUE(stream_settle(&self->stream));
		ASSERT_TRUE(stream_kept(&self->stream, old));
		ASSERT_TRUE(stream_landed(&self->stream, new));
	}
}

/* Nothing is there for a while, then other pages. */
static bool is_unmapped(struct stream *stream, uint8_t *file, int fd)
{
	uint8_t *range = stream->range;

	for (unsigned int i = 1; stream_goes_on(stream, i, MIN_ROUNDS); i++) {
		uint8_t *old = file + (i - 1) % 2 * SIZE;
		uint8_t *new = file + i % 2 * SIZE;

		stream_expect(stream, refused);
		if (munmap(range, SIZE))
			return false;
		stream_keep(stream, old);
		if (!stream_settle(stream) || !stream_kept(stream, old))
			return false;

		stream_fill(stream, new, i + 1);
		stream_expect(stream, stream_view(i + 1));
		if (!map_file(range, fd, new - file) || !stream_settle(stream) ||
		    !stream_kept(stream, old) || !stream_landed(stream, new))
			return false;
	}
	return true;
}

TEST_F_TIMEOUT(mapping, unmapped, TEST_S)
{
	uint8_t *range = map_file(NULL, self->fd, 0);

	ASSERT_NE(NULL, range);
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, SIZE, 1));
	EXPECT_TRUE(is_unmapped(&self->stream, self->file, self->fd));
}

/* Nobody else is near: the page table goes as well, and another one comes. */
TEST_F_TIMEOUT(mapping, unmapped_with_the_table, TEST_S)
{
	uint8_t *hole = mmap(NULL, 4 * TABLE, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *middle = (uint8_t *)(((uintptr_t)hole & -TABLE) + 2 * TABLE);

	ASSERT_NE(MAP_FAILED, hole);
	ASSERT_EQ(0, munmap(hole, 4 * TABLE));
	ASSERT_NE(NULL, map_file(middle, self->fd, 0));
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, middle, SIZE, 1));
	EXPECT_TRUE(is_unmapped(&self->stream, self->file, self->fd));
}

/* The pages go elsewhere, with what the device has written, and come back. */
static bool goes_and_comes(struct stream *stream, uint8_t *elsewhere, uint64_t value)
{
	uint8_t *range = stream->range;

	stream_expect(stream, refused);
	if (mremap(range, stream->size, stream->size, MREMAP_MAYMOVE | MREMAP_FIXED,
		   elsewhere) != elsewhere)
		return false;
	stream_keep(stream, elsewhere);
	if (!stream_settle(stream) || !stream_kept(stream, elsewhere))
		return false;

	stream_fill(stream, elsewhere, value);
	stream_expect(stream, stream_view(value));
	return mremap(elsewhere, stream->size, stream->size,
		      MREMAP_MAYMOVE | MREMAP_FIXED, range) == range &&
	       stream_settle(stream) && stream_landed(stream, range);
}

static bool goes_and_comes_for_a_while(struct stream *stream, uint8_t *elsewhere)
{
	unsigned int i = 0;

	for (; stream_goes_on(stream, i, MIN_ROUNDS); i++)
		if (!goes_and_comes(stream, elsewhere, i + 2))
			return false;
	return true;
}

TEST_F_TIMEOUT(mapping, moved, TEST_S)
{
	uint8_t *range = stream_memory(SIZE), *elsewhere = stream_memory(SIZE);

	ASSERT_NE(NULL, range);
	ASSERT_NE(NULL, elsewhere);
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, SIZE, 1));
	EXPECT_TRUE(goes_and_comes_for_a_while(&self->stream, elsewhere));
}

/* A page table of its own: it is the table that moves, with entries unchanged. */
TEST_F_TIMEOUT(mapping, moved_by_the_table, TEST_S)
{
	uint8_t *range = stream_memory(TABLE), *elsewhere = stream_memory(TABLE);

	ASSERT_NE(NULL, range);
	ASSERT_NE(NULL, elsewhere);
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, TABLE, 1));
	EXPECT_TRUE(goes_and_comes_for_a_while(&self->stream, elsewhere));
}

/* The pages go elsewhere for good, and the range stays, empty. */
TEST_F_TIMEOUT(mapping, moved_out_of, TEST_S)
{
	uint8_t *range = stream_memory(SIZE), *elsewhere = stream_memory(SIZE);

	ASSERT_NE(NULL, range);
	ASSERT_NE(NULL, elsewhere);
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, SIZE, 1));
	for (unsigned int i = 0; stream_goes_on(&self->stream, i, MIN_ROUNDS); i++) {
		stream_expect(&self->stream, stream_view(0));
		ASSERT_EQ(elsewhere, mremap(range, SIZE, SIZE, MREMAP_MAYMOVE |
					    MREMAP_FIXED | MREMAP_DONTUNMAP,
					    elsewhere));
		stream_keep(&self->stream, elsewhere);
		ASSERT_TRUE(stream_settle(&self->stream));
		ASSERT_TRUE(stream_kept(&self->stream, elsewhere));
		ASSERT_TRUE(stream_landed(&self->stream, range));

		stream_expect(&self->stream, stream_view(i + 2));
		stream_fill(&self->stream, range, i + 2);
		ASSERT_TRUE(stream_settle(&self->stream));
	}
}

/* Readable, then writable again: what is there does not change in between. */
TEST_F_TIMEOUT(mapping, read_only, TEST_S)
{
	const struct stream_view readable = { .read = true, .value = 1 };
	uint8_t *range = stream_memory(SIZE);

	ASSERT_NE(NULL, range);
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, SIZE, 1));
	for (unsigned int i = 0; stream_goes_on(&self->stream, i, MIN_ROUNDS); i++) {
		stream_expect(&self->stream, readable);
		ASSERT_EQ(0, mprotect(range, SIZE, PROT_READ));
		stream_keep(&self->stream, range);
		ASSERT_TRUE(stream_settle(&self->stream));
		ASSERT_TRUE(stream_kept(&self->stream, range));

		stream_expect(&self->stream, stream_view(1));
		ASSERT_EQ(0, mprotect(range, SIZE, PROT_READ | PROT_WRITE));
		ASSERT_TRUE(stream_settle(&self->stream));
		ASSERT_TRUE(stream_landed(&self->stream, range));
	}
}

TEST_F_TIMEOUT(mapping, no_access, TEST_S)
{
	uint8_t *range = map_file(NULL, self->fd, 0);

	ASSERT_NE(NULL, range);
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, SIZE, 1));
	for (unsigned int i = 0; stream_goes_on(&self->stream, i, MIN_ROUNDS); i++) {
		stream_expect(&self->stream, refused);
		ASSERT_EQ(0, mprotect(range, SIZE, PROT_NONE));
		stream_keep(&self->stream, self->file);
		ASSERT_TRUE(stream_settle(&self->stream));
		ASSERT_TRUE(stream_kept(&self->stream, self->file));

		stream_fill(&self->stream, self->file, i + 2);
		stream_expect(&self->stream, stream_view(i + 2));
		ASSERT_EQ(0, mprotect(range, SIZE, PROT_READ | PROT_WRITE));
		ASSERT_TRUE(stream_settle(&self->stream));
		ASSERT_TRUE(stream_landed(&self->stream, self->file));
	}
}

/* Thrown away by @advice, the device reads zeroes until somebody writes there. */
static bool is_emptied(struct stream *stream, int advice)
{
	for (unsigned int i = 0; stream_goes_on(stream, i, MIN_ROUNDS); i++) {
		stream_expect(stream, stream_view(0));
		if (madvise(stream->range, stream->size, advice) ||
		    !stream_settle(stream) || !stream_landed(stream, stream->range))
			return false;
		if (!stream_refill(stream, i + 2))
			return false;
	}
	return true;
}

TEST_F_TIMEOUT(mapping, given_back, TEST_S)
{
	uint8_t *range = stream_memory(SIZE);

	ASSERT_NE(NULL, range);
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, SIZE, 1));
	EXPECT_TRUE(is_emptied(&self->stream, MADV_DONTNEED));
}

TEST_F_TIMEOUT(mapping, removed_from_the_file, TEST_S)
{
	uint8_t *range = map_file(NULL, self->fd, 0);

	ASSERT_NE(NULL, range);
	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, range, SIZE, 1));
	EXPECT_TRUE(is_emptied(&self->stream, MADV_REMOVE));
	EXPECT_TRUE(stream_landed(&self->stream, self->file));
}

TEST_HARNESS_MAIN
