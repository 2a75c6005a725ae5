// SPDX-License-Identifier: GPL-2.0
/*
 * A silent witness is worth something only if it is awake: each kind of report
 * is provoked, by changing the tables of a bound process behind the kernel's
 * back, by a descriptor that the kernel did not send, or by a page that is said
 * to be free.  All that is changed is put back, and flushed.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../idxd/pages.h"
#include "../kselftest_harness.h"
#include "subject.h"
#include "tables.h"
#include "witness.h"

#define TEST_S		150	/* whatever a test breaks it has to repair */
#define WAIT_MS		SUBJECT_WAIT_MS
#define TRY_MS		1000
#define NO_SUCH_SID	0x00ffULL	/* 00:1f.7 */
#define RESPONSE	0x9ULL
#define TOP		4		/* level of the topmost table */

FIXTURE(awake) {
	struct subject subject;
};

FIXTURE_SETUP(awake)
{
	if (!witness_exists())
		SKIP(return, "not the emulated server");
	ASSERT_TRUE(subject_open(&self->subject));
}

FIXTURE_TEARDOWN(awake)
{
	subject_close(&self->subject);
}

/*
 * Pages that are freed.
 */

TEST_F_TIMEOUT(awake, page_freed_under_an_entry, TEST_S)
{
	witness_free(pages_pfn(subject_page(&self->subject, 1)));
	EXPECT_TRUE(witness_says("freed-page: paging entry in the IOMMU's",
				 self->subject.who, WAIT_MS));
}

TEST_F_TIMEOUT(awake, page_freed_under_the_device, TEST_S)
{
	witness_free(pages_pfn(subject_page(&self->subject, 1)));
	EXPECT_TRUE(witness_says("freed-page: paging entry in the device's",
				 self->subject.who, WAIT_MS));
}

/* What is freed and only then flushed is told at the flush. */
TEST_F_TIMEOUT(awake, page_freed_before_the_flush, TEST_S)
{
	witness_free(pages_pfn(subject_page(&self->subject, 1)));
	subject_flush(&self->subject);
	EXPECT_TRUE(witness_says("freed-page", self->subject.who, 0));
}

/* A pointer of the upper levels goes with any flush near by, and so may be gone. */
static bool says_at_level(struct subject *s, uint64_t table, unsigned int level)
{
	char text[16];

	snprintf(text, sizeof(text), "level %u ", level);
	for (int i = 0; i < WAIT_MS / TRY_MS; i++) {
		subject_flush(s);
		if (!subject_copy(s, subject_page(s, 1), s->mem))
			return false;
		witness_free(table / SUBJECT_PAGE);
		if (witness_says("freed-page: paging entry in the IOMMU's", text,
				 TRY_MS))
			return true;
	}
	return false;
}

TEST_F_TIMEOUT(awake, tables_freed_under_pointers_to_them, TEST_S)
{
	struct subject *s = &self->subject;

	for (unsigned int l = 1; l < TOP; l++) {
		uint64_t at = tables_entry(s->root, s->mem, l);

		ASSERT_NE(0, at);
		EXPECT_TRUE(says_at_level(s, at, l + 1));
	}
}

TEST_F_TIMEOUT(awake, topmost_table_freed, TEST_S)
{
	witness_free(self->subject.root / SUBJECT_PAGE);
	EXPECT_TRUE(witness_says("freed-page: PASID entry", self->subject.who,
				 WAIT_MS));
}

/* They are walked because they are there: no device asks for them. */
TEST_F_TIMEOUT(awake, kernel_tables_freed_under_pointers_to_them, TEST_S)
{
	char where[64];
	uint64_t table, va;
	bool told;

	for (unsigned int l = 1; l < TOP; l++) {
		table = tables_kernel(self->subject.root, l, &va);
		ASSERT_NE(0, table);
		snprintf(where, sizeof(where), "address 0x%llx level %u ",
			 (unsigned long long)va, l + 1);
		told = false;
		/* The walk may come when it has been freed, and then all is well. */
		for (int i = 0; !told && i < WAIT_MS / TRY_MS; i++) {
			witness_free(table / SUBJECT_PAGE);
			told = witness_says("freed-page", where, TRY_MS);
		}
		EXPECT_TRUE(told);
	}
}

TEST_F_TIMEOUT(awake, table_of_pasids_freed, TEST_S)
{
	witness_free(self->subject.entry / SUBJECT_PAGE);
	EXPECT_TRUE(witness_says("freed-page: PASID entry", self->subject.who,
				 WAIT_MS));
}

TEST_F_TIMEOUT(awake, directory_of_pasids_freed, TEST_S)
{
	uint64_t at = tables_directory(self->subject.sid, self->subject.pasid);

	witness_free(at / SUBJECT_PAGE);
	EXPECT_TRUE(witness_says("freed-page: context entry", NULL, WAIT_MS));
}

TEST_F_TIMEOUT(awake, table_of_contexts_freed, TEST_S)
{
	witness_free(tables_context(self->subject.sid) / SUBJECT_PAGE);
	EXPECT_TRUE(witness_says("freed-page: context entry", NULL, WAIT_MS));
}

/* A huge page and an empty entry for one, side by side in the same table. */
static uint8_t *map_hugetlb(void)
{
	size_t size = 2 * PAGES_HUGE;
	uint8_t *mem = pages_untouched(2 * size);

	if (!mem)
		return NULL;
	mem = (uint8_t *)(((uintptr_t)mem + size - 1) & ~(size - 1));
	if (mmap(mem, PAGES_HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED, -1, 0) == MAP_FAILED)
		return NULL;
	memset(mem, 1, PAGES_HUGE);
	return mem;
}

/* It is unmapped at one address, and the device has it at another one, too. */
TEST_F_TIMEOUT(awake, huge_page_goes_back_to_its_pool, TEST_S)
{
	struct subject *s = &self->subject;
	uint8_t *mem;
	uint64_t at;
	char before[16];

	ASSERT_EQ(0, pages_hugetlb_pool(before, sizeof(before)));
	mem = map_hugetlb();
	at = mem ? tables_entry(s->root, mem, 2) : 0;
	EXPECT_NE(0, at);
	if (at) {
		tables_write(at + 8, tables_read(at));
		EXPECT_TRUE(subject_copy(s, s->mem, mem + PAGES_HUGE));
		EXPECT_EQ(0, munmap(mem, PAGES_HUGE));
		EXPECT_TRUE(witness_says("freed-page", "level 2 ", WAIT_MS));
		tables_write(at + 8, 0);
		subject_flush(s);
	}
	pages_hugetlb_pool_over(before);
}

/*
 * Entries that are changed, without the flush that goes with it.
 */

TEST_F_TIMEOUT(awake, paging_entry_changed, TEST_S)
{
	struct subject *s = &self->subject;
	uint64_t at = tables_entry(s->root, subject_page(s, 1), 1);
	uint64_t pte = tables_read(at);

	ASSERT_NE(0, at);
	tables_write(at, pte & ~TABLES_WRITE);
	EXPECT_TRUE(witness_says("stale-entry: paging entry in the IOMMU's",
				 s->who, WAIT_MS));
	tables_write(at, pte);
}

TEST_F_TIMEOUT(awake, pasid_entry_changed, TEST_S)
{
	struct subject *s = &self->subject;
	uint64_t pe = tables_read(s->entry);

	tables_write(s->entry, pe & ~TABLES_PRESENT);
	EXPECT_TRUE(witness_says("stale-entry: PASID entry", s->who, WAIT_MS));
	tables_write(s->entry, pe);
}

TEST_F_TIMEOUT(awake, directory_entry_changed, TEST_S)
{
	struct subject *s = &self->subject;
	uint64_t at = tables_directory(s->sid, s->pasid);
	uint64_t pde = tables_read(at);

	tables_write(at, pde & ~TABLES_PRESENT);
	EXPECT_TRUE(witness_says("stale-entry: PASID entry", s->who, WAIT_MS));
	tables_write(at, pde);
}

TEST_F_TIMEOUT(awake, context_entry_changed, TEST_S)
{
	uint64_t at = tables_context(self->subject.sid), ce = tables_read(at);

	tables_write(at, ce ^ TABLES_FPD);
	EXPECT_TRUE(witness_says("stale-entry: context entry", NULL, WAIT_MS));
	tables_write(at, ce);
}

TEST_F_TIMEOUT(awake, root_entry_changed, TEST_S)
{
	uint64_t at = tables_root_entry(self->subject.sid);
	uint64_t root = tables_read(at);

	tables_write(at, root & ~TABLES_PRESENT);
	EXPECT_TRUE(witness_says("stale-entry: context entry", NULL, WAIT_MS));
	tables_write(at, root);
}

/* The PASID cache was flushed, the translations were forgotten. */
TEST_F_TIMEOUT(awake, pasid_torn_down_without_iotlb_flush, TEST_S)
{
	struct subject *s = &self->subject;
	uint64_t pe = tables_read(s->entry);

	tables_write(s->entry, pe & ~TABLES_PRESENT);
	EXPECT_EQ(0, witness_descriptor(INV_PASIDS, 0));
	EXPECT_TRUE(witness_says("stale-space: address space in the IOMMU's",
				 s->who, WAIT_MS));
	tables_write(s->entry, pe);
}

TEST_F_TIMEOUT(awake, pasid_torn_down_without_device_flush, TEST_S)
{
	struct subject *s = &self->subject;
	uint64_t pe = tables_read(s->entry);

	tables_write(s->entry, pe & ~TABLES_PRESENT);
	EXPECT_EQ(0, witness_descriptor(INV_PASIDS, 0));
	EXPECT_EQ(0, witness_descriptor(INV_IOTLB, 0));
	EXPECT_TRUE(witness_says("stale-space: address space in the device's",
				 s->who, WAIT_MS));
	tables_write(s->entry, pe);
}

/*
 * Tags that are used for something else, with entries alive.  The bound is not to
 * be reached meanwhile: a space is told of once.
 */

static void set_tables(struct subject *s, uint64_t did, uint64_t root)
{
	uint64_t flptr = tables_read(s->entry + 16);

	tables_write(s->entry + 8, did);
	tables_write(s->entry + 16, (flptr & ~TABLES_ADDRESS) | root);
	witness_descriptor(INV_PASIDS, 0);
}

/* Have the PASID lead to other tables; with @flush, the IOTLB forgets the old ones. */
static bool is_reuse_seen(struct subject *s, bool flush, const char *report)
{
	uint64_t did = tables_read(s->entry + 8), other = subject_copy_table(s->root);
	bool seen;

	if (!other)
		return false;
	witness_bound(0);
	memset(subject_page(s, 2), 1, SUBJECT_PAGE);
	set_tables(s, did, other);
	if (flush)
		witness_descriptor(INV_IOTLB, 0);
	seen = subject_copy(s, subject_page(s, 2), s->mem);
	seen = witness_says(report, s->who, WAIT_MS) && seen;
	set_tables(s, did, s->root);
	return seen;
}

TEST_F_TIMEOUT(awake, pasid_reused, TEST_S)
{
	EXPECT_TRUE(is_reuse_seen(&self->subject, false,
				  "reused-tag: address space in the IOMMU's"));
}

TEST_F_TIMEOUT(awake, pasid_reused_on_the_device, TEST_S)
{
	EXPECT_TRUE(is_reuse_seen(&self->subject, true,
				  "reused-tag: address space in the device's"));
}

/* A domain ID that was this PASID's for a while comes back with other tables. */
TEST_F_TIMEOUT(awake, domain_id_reused, TEST_S)
{
	struct subject *s = &self->subject;
	uint64_t did = tables_read(s->entry + 8), other = subject_copy_table(s->root);

	ASSERT_NE(0, other);
	witness_bound(0);
	memset(subject_page(s, 2), 1, 2 * SUBJECT_PAGE);
	set_tables(s, did ^ 0x100, s->root);
	EXPECT_TRUE(subject_copy(s, subject_page(s, 2), s->mem));
	set_tables(s, did, s->root);
	subject_flush_device(s);
	set_tables(s, did ^ 0x100, other);
	EXPECT_TRUE(subject_copy(s, subject_page(s, 3), s->mem));
	EXPECT_TRUE(witness_says("reused-tag: address space in the IOMMU's",
				 s->who, WAIT_MS));
	set_tables(s, did, s->root);
}

/*
 * Page requests.
 */

TEST_F_TIMEOUT(awake, response_without_a_request, TEST_S)
{
	EXPECT_EQ(0, witness_descriptor(RESPONSE | NO_SUCH_SID << 16, 0));
	EXPECT_TRUE(witness_says("no-request", NULL, WAIT_MS));
}

/* The kernel does not hear of the request: its event is masked meanwhile. */
TEST_F_TIMEOUT(awake, pasid_torn_down_with_a_request_pending, TEST_S)
{
	struct subject *s = &self->subject;
	uint64_t pe = tables_read(s->entry);

	tables_set_register(TABLES_PECTL, TABLES_PECTL_MASKED);
	desc_memmove(s->desc, subject_page(s, 3), s->mem, SUBJECT_PAGE);
	s->desc->hw.flags |= IDXD_OP_FLAG_BOF;
	EXPECT_LE(0, portal_submit(&s->portal, &s->desc->hw));
	EXPECT_EQ(-ETIMEDOUT, desc_wait(&s->desc->record, 100));
	tables_write(s->entry, pe & ~TABLES_PRESENT);
	EXPECT_TRUE(witness_says("lost-request", s->who, WAIT_MS));
	tables_write(s->entry, pe);
	tables_set_register(TABLES_PECTL, 0);
	EXPECT_EQ(DSA_COMP_SUCCESS, desc_wait(&s->desc->record, WAIT_MS));
}

TEST_HARNESS_MAIN
