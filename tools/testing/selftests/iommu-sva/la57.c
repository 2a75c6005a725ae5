// SPDX-License-Identifier: GPL-2.0
/*
 * A device in an address space of five levels of page tables: it goes to addresses
 * above the 2^47 that four levels reach, and not to those that equal them below.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../idxd/desc.h"
#include "../idxd/pages.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"
#include "stream.h"

#define SIZE		(8 * PAGES_SIZE)
#define FIFTH_LEVEL	0x10000000000000UL	/* bit 52, that it alone translates */
#define WAIT_MS		10000
#define ROUNDS		4
#define TEST_S		120

FIXTURE(la57) {
	struct queue queue;
	struct portal portal;
	struct stream stream;
	struct desc *desc;
	uint8_t *low, *high;	/* private, untouched */
};

FIXTURE_SETUP(la57)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_TRUE(self->queue.block_on_fault);
	ASSERT_EQ(0, portal_open(&self->portal, &self->queue));
	self->desc = proc_shared(sizeof(*self->desc));
	self->low = pages_untouched(SIZE);
	ASSERT_NE(NULL, self->low);
	self->high = mmap(self->low + FIFTH_LEVEL, SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (self->high == MAP_FAILED && errno == ENOMEM)
		SKIP(return, "page tables have four levels");
	ASSERT_EQ(self->low + FIFTH_LEVEL, self->high);
}

FIXTURE_TEARDOWN(la57)
{
	stream_stop(&self->stream);
	portal_close(&self->portal);
}

/* Have the device fill all of @mem with @byte; whatever page is missing is waited for. */
static int fill(struct portal *portal, struct desc *desc, void *mem, uint8_t byte)
{
	desc_memfill(desc, mem, byte * 0x0101010101010101ULL, SIZE);
	desc->hw.flags |= IDXD_OP_FLAG_BOF;
	if (portal_submit(portal, &desc->hw) < 0)
		return -ETIMEDOUT;
	return desc_wait(&desc->record, WAIT_MS);
}

static bool holds(const uint8_t *mem, uint8_t byte)
{
	return mem[0] == byte && !memcmp(mem, mem + 1, SIZE - 1);
}

/* None of the pages is there: each is asked for by all bits of its address. */
TEST_F(la57, faults)
{
	ASSERT_EQ(DSA_COMP_SUCCESS, fill(&self->portal, self->desc, self->high, 0x57));
	EXPECT_TRUE(holds(self->high, 0x57));
	EXPECT_TRUE(holds(self->low, 0));
	ASSERT_EQ(DSA_COMP_SUCCESS, fill(&self->portal, self->desc, self->low, 0x48));
	EXPECT_TRUE(holds(self->high, 0x57));
	EXPECT_TRUE(holds(self->low, 0x48));
}

TEST_F(la57, unmapped)
{
	int refused = DSA_COMP_PAGE_FAULT_IR | DESC_FAULT_WRITE;

	ASSERT_EQ(DSA_COMP_SUCCESS, fill(&self->portal, self->desc, self->low, 1));
	ASSERT_EQ(DSA_COMP_SUCCESS, fill(&self->portal, self->desc, self->high, 2));
	ASSERT_EQ(0, munmap(self->high, SIZE));
	EXPECT_EQ(refused, fill(&self->portal, self->desc, self->high, 3));
	EXPECT_EQ((uintptr_t)self->high, self->desc->record.fault_addr);
	EXPECT_TRUE(holds(self->low, 1));
	EXPECT_EQ(DSA_COMP_SUCCESS, fill(&self->portal, self->desc, self->low, 4));
}

/* Rights come and go under a working device, above and, of no interest to it, below. */
static bool is_protected(struct stream *stream, void *mem, int prot,
			 struct stream_view view)
{
	stream_expect(stream, view);
	return !mprotect(mem, SIZE, prot) && stream_settle(stream);
}

TEST_F_TIMEOUT(la57, protected, TEST_S)
{
	const int all = PROT_READ | PROT_WRITE;
	const struct stream_view refused = { 0 };

	ASSERT_EQ(0, stream_start(&self->stream, &self->queue, self->high, SIZE, 1));
	for (unsigned int i = 0; stream_goes_on(&self->stream, i, ROUNDS); i++) {
		ASSERT_TRUE(is_protected(&self->stream, self->low, PROT_NONE,
					 stream_view(1)));
		ASSERT_TRUE(is_protected(&self->stream, self->high, PROT_NONE,
					 refused));
		ASSERT_TRUE(is_protected(&self->stream, self->low, all, refused));
		ASSERT_TRUE(is_protected(&self->stream, self->high, all,
					 stream_view(1)));
		ASSERT_TRUE(stream_landed(&self->stream, self->high));
	}
}

TEST_HARNESS_MAIN
