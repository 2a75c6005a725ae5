// SPDX-License-Identifier: GPL-2.0
/*
 * The emulated IOMMU keeps what it caches until it is told to forget that, and
 * reads more than it is asked for, as hardware may.  What it should still hold is
 * made stale: if the witness has nothing to say of it, it was not there.  All
 * that is changed is put back, and flushed.
 */
#include <stdio.h>
#include <string.h>

#include "../idxd/pages.h"
#include "../kselftest_harness.h"
#include "subject.h"
#include "tables.h"
#include "witness.h"

#define TEST_S		150	/* whatever a test breaks it has to repair */
#define WAIT_MS		SUBJECT_WAIT_MS
#define CONTEXT		"stale-entry: context entry"
#define PASID_ENTRY	"stale-entry: PASID entry"
#define IN_IOMMU	"stale-entry: paging entry in the IOMMU's"
#define IN_DEVICE	"stale-entry: paging entry in the device's"

/* By PASID (VT-d 6.5.2.2, 6.5.2.4) */
#define BY_PASID(did, pasid)	((uint64_t)(did) << 16 | (uint64_t)(pasid) << 32)
#define INV_PASID		0x17ULL
#define INV_PASID_IOTLB		0x26ULL
#define INV_PAGES		0x36ULL
#define INV_PAGES_LEAVES	0x40ULL		/* second word: pointers stay */

FIXTURE(kept) {
	struct subject subject;
	uint16_t did;
};

FIXTURE_SETUP(kept)
{
	if (!witness_exists())
		SKIP(return, "not the emulated server");
	ASSERT_TRUE(subject_open(&self->subject));
	self->did = tables_read(self->subject.entry + 8);
}

FIXTURE_TEARDOWN(kept)
{
	subject_close(&self->subject);
}

/*
 * Toggle @bits of the entry at @at and flush by @lo and @hi, which is not what that
 * change needs.  Is it told, in a line with @what and @and?
 */
static bool is_kept(uint64_t at, uint64_t bits, uint64_t lo, uint64_t hi,
		    const char *what, const char *and)
{
	uint64_t entry = tables_read(at);
	bool told;

	if (!at)
		return false;
	/* No report is due before the flush. */
	witness_bound(0);
	tables_write(at, entry ^ bits);
	told = !witness_descriptor(lo, hi);
	witness_bound(SUBJECT_BOUND_MS);
	told = told && witness_says(what, and, WAIT_MS);
	tables_write(at, entry);
	return told;
}

/* Where the entry of the page is that the device has written to */
static uint64_t leaf(struct subject *s)
{
	return tables_entry(s->root, subject_page(s, 1), 1);
}

/* Memory whose lowest table is for nothing else; two pages are there. */
static uint8_t *map_apart(void)
{
	uintptr_t mem = (uintptr_t)pages_untouched(2 * PAGES_HUGE);

	if (!mem)
		return NULL;
	mem = (mem + PAGES_HUGE - 1) & ~(PAGES_HUGE - 1);
	return memset((void *)mem, 1, 2 * SUBJECT_PAGE);
}

TEST_F_TIMEOUT(kept, translations_when_another_pasid_is_flushed, TEST_S)
{
	struct subject *s = &self->subject;

	EXPECT_TRUE(is_kept(leaf(s), TABLES_WRITE, INV_PASID_IOTLB |
			    BY_PASID(self->did, s->pasid ^ 1), 0, IN_IOMMU, s->who));
}

TEST_F_TIMEOUT(kept, translations_when_another_domain_is_flushed, TEST_S)
{
	struct subject *s = &self->subject;

	EXPECT_TRUE(is_kept(leaf(s), TABLES_WRITE, INV_PASID_IOTLB |
			    BY_PASID(self->did ^ 1, s->pasid), 0, IN_IOMMU, s->who));
}

TEST_F_TIMEOUT(kept, translations_when_other_pages_are_flushed, TEST_S)
{
	struct subject *s = &self->subject;

	EXPECT_TRUE(is_kept(leaf(s), TABLES_WRITE,
			    INV_PAGES | BY_PASID(self->did, s->pasid),
			    (uintptr_t)s->mem, IN_IOMMU, s->who));
}

TEST_F_TIMEOUT(kept, translations_of_the_device, TEST_S)
{
	struct subject *s = &self->subject;

	EXPECT_TRUE(is_kept(leaf(s), TABLES_WRITE, INV_IOTLB, 0, IN_DEVICE, s->who));
}

TEST_F_TIMEOUT(kept, pointers_when_leaves_are_flushed, TEST_S)
{
	struct subject *s = &self->subject;
	uint8_t *mem = map_apart();

	ASSERT_NE(NULL, mem);
	ASSERT_TRUE(subject_copy(s, s->mem, mem));
	EXPECT_TRUE(is_kept(tables_entry(s->root, mem, 2), TABLES_WRITE,
			    INV_PAGES | BY_PASID(self->did, s->pasid),
			    (uintptr_t)mem | INV_PAGES_LEAVES, IN_IOMMU, "level 2 "));
}

/* The device has asked for the page in front of it. */
TEST_F_TIMEOUT(kept, translation_that_nobody_asked_for, TEST_S)
{
	struct subject *s = &self->subject;
	uint8_t *mem = map_apart();
	char where[64];

	ASSERT_NE(NULL, mem);
	ASSERT_TRUE(subject_copy(s, s->mem, mem));
	snprintf(where, sizeof(where), "address 0x%lx level 1 ",
		 (unsigned long)(uintptr_t)mem + SUBJECT_PAGE);
	witness_free(pages_pfn(mem + SUBJECT_PAGE));
	EXPECT_TRUE(witness_says("freed-page: paging entry in the IOMMU's", where,
				 WAIT_MS));
}

/*
 * A flush in front of the change: what is still there is read again.
 */

TEST_F_TIMEOUT(kept, translation_that_was_there_when_flushed, TEST_S)
{
	struct subject *s = &self->subject;
	uint8_t *page = subject_page(s, 1);

	ASSERT_EQ(0, witness_descriptor(INV_PAGES | BY_PASID(self->did, s->pasid),
					(uintptr_t)page));
	witness_free(pages_pfn(page));
	EXPECT_TRUE(witness_says("freed-page: paging entry in the IOMMU's", s->who,
				 WAIT_MS));
}

TEST_F_TIMEOUT(kept, pasid_entry_that_was_there_when_flushed, TEST_S)
{
	struct subject *s = &self->subject;

	ASSERT_EQ(0, witness_descriptor(INV_PASID | BY_PASID(self->did, s->pasid), 0));
	EXPECT_TRUE(is_kept(s->entry, TABLES_FPD, INV_CONTEXTS, 0, PASID_ENTRY,
			    s->who));
}

TEST_F_TIMEOUT(kept, context_entry_that_was_there_when_flushed, TEST_S)
{
	struct subject *s = &self->subject;

	ASSERT_EQ(0, witness_descriptor(INV_CONTEXTS, 0));
	EXPECT_TRUE(is_kept(tables_context(s->sid), TABLES_FPD, INV_IOTLB, 0,
			    CONTEXT, NULL));
}

/*
 * Entries of contexts and PASIDs.
 */

TEST_F_TIMEOUT(kept, pasid_entry_when_contexts_are_flushed, TEST_S)
{
	struct subject *s = &self->subject;

	EXPECT_TRUE(is_kept(s->entry, TABLES_FPD, INV_CONTEXTS, 0, PASID_ENTRY,
			    s->who));
}

TEST_F_TIMEOUT(kept, pasid_entry_when_another_one_is_flushed, TEST_S)
{
	struct subject *s = &self->subject;

	EXPECT_TRUE(is_kept(s->entry, TABLES_FPD, INV_PASID |
			    BY_PASID(self->did, s->pasid ^ 1), 0, PASID_ENTRY,
			    s->who));
}

/* There is another context entry in the other root table. */
TEST_F_TIMEOUT(kept, context_entry_when_the_root_table_is_set, TEST_S)
{
	struct subject *s = &self->subject;
	uint64_t entry = tables_root_entry(s->sid), at = tables_context(s->sid);
	uint64_t root = subject_copy_table(entry);
	uint64_t contexts = subject_copy_table(at);

	ASSERT_NE(0, root);
	ASSERT_NE(0, contexts);
	tables_write(root + entry % SUBJECT_PAGE, contexts | TABLES_PRESENT);
	tables_write(contexts + at % SUBJECT_PAGE, tables_read(at) ^ TABLES_FPD);
	root = tables_set_root(root);
	EXPECT_TRUE(witness_says(CONTEXT, NULL, WAIT_MS));
	tables_set_root(root);
}

TEST_HARNESS_MAIN
