// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel page-table pages under the eyes of an IOMMU that walks them ahead of
 * any need (CVE-2025-71089): while a process is bound, vmap maps the same range
 * now by a small page, now by a huge one, which frees the page of small
 * entries.  Our kernel tells the IOMMU first, and the witness is silent; of
 * upstream's it has to speak.
 */
#include <stdio.h>
#include <unistd.h>

#include "../idxd/desc.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"
#include "witness.h"

#define PAGE		4096
#define WAIT_MS		30000
#define ROUNDS		5	/* of PROMOTIONS each */
#define PROMOTIONS	8
#define TRACING		"/sys/kernel/tracing/"
#define PROBE		"free_small_table"

/* How often a page of small entries has been freed. */
static unsigned long promotions(void)
{
	char line[256] = "";
	unsigned long hits = 0;
	FILE *f = fopen(TRACING "kprobe_profile", "r");

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, PROBE))
			sscanf(line, "%*s %lu", &hits);
	if (f)
		fclose(f);
	return hits;
}

FIXTURE(kernel_walk) {
	struct queue queue;
	struct portal portal;
	struct desc *desc;
	bool ours;
};

FIXTURE_SETUP(kernel_walk)
{
	if (!witness_exists())
		SKIP(return, "not the emulated server");
	ASSERT_TRUE(queue_device_exists());
	ASSERT_EQ(0, proc_write_file(TRACING "kprobe_events",
				     "p:" PROBE " pmd_free_pte_page"));
	ASSERT_EQ(0, proc_write_file(TRACING "events/kprobes/" PROBE "/enable",
				     "1"));
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_EQ(0, portal_open(&self->portal, &self->queue));
	self->desc = proc_shared(PAGE);
	self->ours = !access("/proc/offcpu_tasks", F_OK);
	witness_forget();
}

FIXTURE_TEARDOWN(kernel_walk)
{
	portal_close(&self->portal);
	witness_forget();
	proc_write_file(TRACING "events/kprobes/" PROBE "/enable", "0");
	proc_write_file(TRACING "kprobe_events", "-:" PROBE);
}

TEST_F_TIMEOUT(kernel_walk, huge_vmap, 200)
{
	unsigned long before = promotions();
	bool told = false;

	/* The device has to have been there for the IOMMU to walk on */
	desc_init(self->desc, DSA_OPCODE_NOOP);
	ASSERT_LE(0, portal_submit(&self->portal, &self->desc->hw));
	ASSERT_EQ(DSA_COMP_SUCCESS, desc_wait(&self->desc->record, WAIT_MS));

	for (int i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, witness_promote(PROMOTIONS));
		told = witness_says("freed-page", "address 0xff", 0) || told;
	}
	EXPECT_LE(ROUNDS * PROMOTIONS, promotions() - before);
	EXPECT_EQ(!self->ours, told);
}

TEST_HARNESS_MAIN
