// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are not there, or not for writing: what a descriptor says that was
 * told not to wait for them, and that one that may wait gets them.
 */
#include "desc.h"
#include "proc.h"
#include "queue.h"
#include "../kselftest_harness.h"

#define PAGE		4096
#define PAGES		8
#define WAIT_MS		5000
#define FAULT_WRITE(status)	((status) | DESC_FAULT_WRITE)
#define KERNEL_ADDRESS	0xffff888000000000

FIXTURE(faults) {
	struct queue queue;
	struct portal portal;
	struct desc *desc;
	uint8_t *src, *dst;	/* private, untouched */
};

FIXTURE_VARIANT(faults) {
	bool dedicated;
};

FIXTURE_VARIANT_ADD(faults, shared) { .dedicated = false };
FIXTURE_VARIANT_ADD(faults, dedicated) { .dedicated = true };

static uint8_t *map(int prot)
{
	uint8_t *mem = mmap(NULL, PAGES * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	madvise(mem, PAGES * PAGE, MADV_NOHUGEPAGE);
	return mem;
}

FIXTURE_SETUP(faults)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, variant->dedicated));
	ASSERT_TRUE(self->queue.block_on_fault);
	ASSERT_EQ(0, portal_open(&self->portal, &self->queue));
	self->desc = proc_shared(2 * sizeof(*self->desc));
	self->src = map(PROT_READ | PROT_WRITE);
	self->dst = map(PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->src);
	ASSERT_NE(NULL, self->dst);
}

FIXTURE_TEARDOWN(faults)
{
	portal_close(&self->portal);
}

/* Copy; the status. */
static int copy(struct portal *portal, struct desc *desc, void *dst,
		const void *src, uint32_t size, bool block)
{
	desc_memmove(desc, dst, src, size);
	if (block)
		desc->hw.flags |= IDXD_OP_FLAG_BOF;
	if (portal_submit(portal, &desc->hw) < 0)
		return -ETIMEDOUT;
	return desc_wait(&desc->record, WAIT_MS);
}

/* Three pages are there, the fourth is not: it says so, and can be gone on with. */
TEST_F(faults, partial_at_destination)
{
	const struct dsa_completion_record *record = &self->desc->record;

	memset(self->src, 0x31, PAGES * PAGE);
	memset(self->dst, 0, 3 * PAGE);
	ASSERT_EQ(FAULT_WRITE(DSA_COMP_PAGE_FAULT_NOBOF),
		  copy(&self->portal, self->desc, self->dst, self->src,
		       PAGES * PAGE, false));
	EXPECT_EQ(3 * PAGE, record->bytes_completed);
	EXPECT_EQ((uintptr_t)self->dst + 3 * PAGE, record->fault_addr);
	EXPECT_EQ(0, memcmp(self->dst, self->src, 3 * PAGE));

	memset(self->dst + 3 * PAGE, 0, 5 * PAGE);
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  copy(&self->portal, self->desc, self->dst + 3 * PAGE,
		       self->src + 3 * PAGE, 5 * PAGE, false));
	EXPECT_EQ(0, memcmp(self->dst, self->src, PAGES * PAGE));
}

TEST_F(faults, partial_at_source)
{
	const struct dsa_completion_record *record = &self->desc->record;

	memset(self->src, 0x32, 2 * PAGE);
	memset(self->dst, 0, PAGES * PAGE);
	ASSERT_EQ(DSA_COMP_PAGE_FAULT_NOBOF,
		  copy(&self->portal, self->desc, self->dst, self->src,
		       PAGES * PAGE, false));
	EXPECT_EQ(2 * PAGE, record->bytes_completed);
	EXPECT_EQ((uintptr_t)self->src + 2 * PAGE, record->fault_addr);
	EXPECT_EQ(0x32, self->dst[2 * PAGE - 1]);
	EXPECT_EQ(0, self->dst[2 * PAGE]);
}

/* A page that the middle of the transfer begins in: not only at its start. */
TEST_F(faults, partial_from_within_a_page)
{
	const struct dsa_completion_record *record = &self->desc->record;

	memset(self->src, 0x33, PAGES * PAGE);
	memset(self->dst, 0, PAGE);
	ASSERT_EQ(FAULT_WRITE(DSA_COMP_PAGE_FAULT_NOBOF),
		  copy(&self->portal, self->desc, self->dst + 1000, self->src,
		       2 * PAGE, false));
	EXPECT_EQ(PAGE - 1000, record->bytes_completed);
	EXPECT_EQ((uintptr_t)self->dst + PAGE,
		  record->fault_addr & ~(uint64_t)(PAGE - 1));
}

TEST_F(faults, blocking_on_untouched_destination)
{
	memset(self->src, 0x34, PAGES * PAGE);
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  copy(&self->portal, self->desc, self->dst, self->src,
		       PAGES * PAGE, true));
	EXPECT_EQ(0, memcmp(self->dst, self->src, PAGES * PAGE));
}

TEST_F(faults, blocking_on_untouched_source)
{
	memset(self->dst, 0x35, PAGES * PAGE);
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  copy(&self->portal, self->desc, self->dst, self->src,
		       PAGES * PAGE, true));
	for (int i = 0; i < PAGES * PAGE; i++)
		ASSERT_EQ(0, self->dst[i]);
}

TEST_F(faults, read_only_destination)
{
	for (int block = 0; block < 2; block++) {
		memset(self->src, 0x36, PAGE);
		memset(self->dst, 0x63, PAGE);
		ASSERT_EQ(0, mprotect(self->dst, PAGE, PROT_READ));
		EXPECT_EQ(FAULT_WRITE(block ? DSA_COMP_PAGE_FAULT_IR :
					      DSA_COMP_PAGE_FAULT_NOBOF),
			  copy(&self->portal, self->desc, self->dst, self->src,
			       PAGE, block));
		EXPECT_EQ(0, self->desc->record.bytes_completed);
		EXPECT_EQ((uintptr_t)self->dst, self->desc->record.fault_addr);
		EXPECT_EQ(0x63, self->dst[0]);
		ASSERT_EQ(0, mprotect(self->dst, PAGE, PROT_READ | PROT_WRITE));
	}
}

TEST_F(faults, source_that_is_not_mapped)
{
	memset(self->dst, 0x63, PAGE);
	ASSERT_EQ(0, munmap(self->src, PAGES * PAGE));
	for (int block = 0; block < 2; block++) {
		EXPECT_EQ(block ? DSA_COMP_PAGE_FAULT_IR : DSA_COMP_PAGE_FAULT_NOBOF,
			  copy(&self->portal, self->desc, self->dst, self->src,
			       PAGE, block));
		EXPECT_EQ((uintptr_t)self->src, self->desc->record.fault_addr);
		EXPECT_EQ(0x63, self->dst[0]);
	}
}

/* The kernel is in the page tables that the device walks, but not for it. */
TEST_F(faults, kernel_memory_is_out_of_reach)
{
	memset(self->dst, 0x63, PAGE);
	for (int block = 0; block < 2; block++) {
		EXPECT_LT(DSA_COMP_SUCCESS_PRED,
			  copy(&self->portal, self->desc, self->dst,
			       (void *)KERNEL_ADDRESS, PAGE, block));
		EXPECT_EQ(0x63, self->dst[0]);
		EXPECT_EQ(0x63, self->dst[PAGE - 1]);
		EXPECT_LT(DSA_COMP_SUCCESS_PRED,
			  copy(&self->portal, self->desc, (void *)KERNEL_ADDRESS,
			       self->dst, 8, block));
	}
}

/* A translation that the device used is not used after munmap(). */
TEST_F(faults, unmapped_after_use)
{
	memset(self->src, 0x39, PAGE);
	memset(self->dst, 0, PAGE);
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  copy(&self->portal, self->desc, self->dst, self->src, PAGE, false));
	ASSERT_EQ(0, munmap(self->dst, PAGE));
	EXPECT_EQ(FAULT_WRITE(DSA_COMP_PAGE_FAULT_NOBOF),
		  copy(&self->portal, self->desc, self->dst, self->src, PAGE, false));
}

TEST_F(faults, batch_list_that_is_not_mapped)
{
	ASSERT_EQ(0, munmap(self->src, PAGES * PAGE));
	desc_batch(self->desc, (void *)self->src, 4);
	ASSERT_LE(0, portal_submit(&self->portal, &self->desc->hw));
	EXPECT_EQ(DSA_COMP_BATCH_PAGE_FAULT, desc_wait(&self->desc->record, WAIT_MS));
	EXPECT_EQ(0, self->desc->record.bytes_completed);
	EXPECT_EQ((uintptr_t)self->src, self->desc->record.fault_addr);
}

TEST_HARNESS_MAIN
