// SPDX-License-Identifier: GPL-2.0
/*
 * A silent witness is worth something only if it is awake: each kind of report
 * is provoked, by changing the tables of a bound process behind the kernel's
 * back, by a descriptor that the kernel did not send, or by a page that is said
 * to be free.  All that is changed is put back, and flushed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../idxd/desc.h"
#include "../idxd/pages.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"
#include "tables.h"
#include "witness.h"

#define PAGE		4096
#define WAIT_MS		30000
#define TEST_S		150	/* whatever a test breaks it has to repair */
#define BOUND_MS	50
#define NO_SUCH_SID	0x00ffULL	/* 00:1f.7 */

/* Descriptors (VT-d 6.5.2) */
#define INV_CONTEXTS	0x11ULL		/* global */
#define INV_IOTLB	0x12ULL		/* global */
#define INV_PASIDS	0x37ULL		/* global */
#define INV_DEVICE	0x8ULL				/* by PASID */
#define INV_DEVICE_ALL	0x7ffffffffffff800ULL
#define RESPONSE	0x9ULL

FIXTURE(awake) {
	struct queue queue;
	struct portal portal;
	struct desc *desc;
	uint8_t *mem;		/* source, destination, and two untouched pages */
	uint16_t sid;
	uint32_t pasid;
	uint64_t entry;		/* where the PASID entry is */
	uint64_t root;		/* topmost table */
	char who[32];		/* as reports name the PASID */
};

static uint16_t sid_of(const struct queue *queue)
{
	char path[128], link[256];
	unsigned int bus, slot, function;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/dsa/devices/%.31s", queue->device);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return 0;
	link[n] = '\0';
	/* .../0000:00:10.0/dsa0 */
	*strrchr(link, '/') = '\0';
	if (sscanf(strrchr(link, '/'), "/%*x:%x:%x.%x", &bus, &slot, &function) != 3)
		return 0;
	return bus << 8 | slot << 3 | function;
}

/* Have the device copy one page; the status. */
static int copy(struct portal *portal, struct desc *desc, void *dst, void *src)
{
	desc_memmove(desc, dst, src, PAGE);
	if (portal_submit(portal, &desc->hw) < 0)
		return -ETIMEDOUT;
	return desc_wait(&desc->record, WAIT_MS);
}

/* All caches of the IOMMU and of the device forget. */
static void flush(uint16_t sid, uint32_t pasid)
{
	witness_descriptor(INV_CONTEXTS, 0);
	witness_descriptor(INV_PASIDS, 0);
	witness_descriptor(INV_IOTLB, 0);
	witness_descriptor(INV_DEVICE | (uint64_t)sid << 16 |
			   (uint64_t)pasid << 32, INV_DEVICE_ALL);
}

FIXTURE_SETUP(awake)
{
	if (!witness_exists())
		SKIP(return, "not the emulated server");
	ASSERT_TRUE(queue_device_exists());
	ASSERT_TRUE(tables_open());
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_EQ(0, portal_open(&self->portal, &self->queue));
	self->desc = proc_shared(PAGE);
	self->mem = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->mem);
	memset(self->mem, 1, 2 * PAGE);
	ASSERT_EQ(DSA_COMP_SUCCESS, copy(&self->portal, self->desc,
					 self->mem + PAGE, self->mem));
	self->sid = sid_of(&self->queue);
	self->pasid = tables_find_pasid(self->sid, self->mem);
	ASSERT_NE(0, self->pasid);
	self->entry = tables_pasid(self->sid, self->pasid);
	self->root = tables_read(self->entry + 16) & TABLES_ADDRESS;
	snprintf(self->who, sizeof(self->who), "PASID %u ", self->pasid);
	witness_forget();
	witness_bound(BOUND_MS);
}

FIXTURE_TEARDOWN(awake)
{
	flush(self->sid, self->pasid);
	witness_bound(0);
	witness_forget();
	portal_close(&self->portal);
}

TEST_F_TIMEOUT(awake, page_freed_under_an_entry, TEST_S)
{
	witness_free(pages_pfn(self->mem + PAGE));
	EXPECT_TRUE(witness_says("freed-page: paging entry in the IOMMU's",
				 self->who, WAIT_MS));
}

TEST_F_TIMEOUT(awake, page_freed_under_the_device, TEST_S)
{
	witness_free(pages_pfn(self->mem + PAGE));
	EXPECT_TRUE(witness_says("freed-page: paging entry in the device's",
				 self->who, WAIT_MS));
}

TEST_F_TIMEOUT(awake, table_freed_under_a_pointer_to_it, TEST_S)
{
	uint64_t pte = tables_entry(self->root, self->mem, 1);

	ASSERT_NE(0, pte);
	witness_free(pte / PAGE);
	EXPECT_TRUE(witness_says("freed-page", "level 2 ", WAIT_MS));
}

/* What is freed and only then flushed is told at the flush. */
TEST_F_TIMEOUT(awake, table_of_contexts_freed, TEST_S)
{
	witness_free(tables_context(self->sid) / PAGE);
	EXPECT_TRUE(witness_says("freed-page: context entry", NULL, WAIT_MS));
}

TEST_F_TIMEOUT(awake, page_freed_before_the_flush, TEST_S)
{
	witness_free(pages_pfn(self->mem + PAGE));
	flush(self->sid, self->pasid);
	EXPECT_TRUE(witness_says("freed-page", self->who, 0));
}

TEST_F_TIMEOUT(awake, paging_entry_changed_without_flush, TEST_S)
{
	uint64_t at = tables_entry(self->root, self->mem + PAGE, 1);
	uint64_t pte = tables_read(at);

	ASSERT_NE(0, at);
	tables_write(at, pte & ~TABLES_WRITE);
	EXPECT_TRUE(witness_says("stale-entry: paging entry in the IOMMU's",
				 self->who, WAIT_MS));
	tables_write(at, pte);
}

TEST_F_TIMEOUT(awake, pasid_entry_changed_without_flush, TEST_S)
{
	uint64_t pe = tables_read(self->entry);

	tables_write(self->entry, pe & ~TABLES_PRESENT);
	EXPECT_TRUE(witness_says("stale-entry: PASID entry", self->who, WAIT_MS));
	tables_write(self->entry, pe);
}

TEST_F_TIMEOUT(awake, context_entry_changed_without_flush, TEST_S)
{
	uint64_t at = tables_context(self->sid), ce = tables_read(at);

	/* FPD, which nothing here depends on */
	tables_write(at, ce ^ 2);
	EXPECT_TRUE(witness_says("stale-entry: context entry", NULL, WAIT_MS));
	tables_write(at, ce);
}

/* The PASID cache was flushed, the translations were forgotten. */
TEST_F_TIMEOUT(awake, pasid_torn_down_without_iotlb_flush, TEST_S)
{
	uint64_t pe = tables_read(self->entry);

	tables_write(self->entry, pe & ~TABLES_PRESENT);
	EXPECT_EQ(0, witness_descriptor(INV_PASIDS, 0));
	EXPECT_TRUE(witness_says("stale-space", self->who, WAIT_MS));
	tables_write(self->entry, pe);
}

TEST_F_TIMEOUT(awake, pasid_reused_with_entries_alive, TEST_S)
{
	uint64_t flptr = tables_read(self->entry + 16);
	uint64_t *top = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	ASSERT_NE(MAP_FAILED, (void *)top);
	memset(self->mem + 2 * PAGE, 1, PAGE);
	for (unsigned int i = 0; i < PAGE / sizeof(*top); i++)
		top[i] = tables_read(self->root + i * sizeof(*top));
	tables_write(self->entry + 16, (flptr & ~TABLES_ADDRESS) |
		     pages_pfn(top) * PAGE);
	EXPECT_EQ(0, witness_descriptor(INV_PASIDS, 0));
	EXPECT_EQ(DSA_COMP_SUCCESS, copy(&self->portal, self->desc,
					 self->mem + 2 * PAGE, self->mem));
	EXPECT_TRUE(witness_says("reused-tag", self->who, WAIT_MS));
	tables_write(self->entry + 16, flptr);
}

TEST_F_TIMEOUT(awake, response_without_a_request, TEST_S)
{
	EXPECT_EQ(0, witness_descriptor(RESPONSE | NO_SUCH_SID << 16, 0));
	EXPECT_TRUE(witness_says("no-request", NULL, WAIT_MS));
}

/* The kernel does not hear of the request: its event is masked meanwhile. */
TEST_F_TIMEOUT(awake, pasid_torn_down_with_a_request_pending, TEST_S)
{
	uint64_t pe = tables_read(self->entry);

	tables_set_register(TABLES_PECTL, TABLES_PECTL_MASKED);
	desc_memmove(self->desc, self->mem + 3 * PAGE, self->mem, PAGE);
	self->desc->hw.flags |= IDXD_OP_FLAG_BOF;
	EXPECT_LE(0, portal_submit(&self->portal, &self->desc->hw));
	EXPECT_EQ(-ETIMEDOUT, desc_wait(&self->desc->record, 100));
	tables_write(self->entry, pe & ~TABLES_PRESENT);
	EXPECT_TRUE(witness_says("lost-request", self->who, WAIT_MS));
	tables_write(self->entry, pe);
	tables_set_register(TABLES_PECTL, 0);
	EXPECT_EQ(DSA_COMP_SUCCESS, desc_wait(&self->desc->record, WAIT_MS));
}

TEST_HARNESS_MAIN
