// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel page-table pages under the eyes of an IOMMU that walks them ahead of
 * any need (CVE-2025-71089): while a process is bound, vmalloc() maps the same
 * range now by small pages, now by huge ones, which frees the page of small
 * entries.  A kernel whose IOMMU driver can flush kernel addresses tells the
 * IOMMU first, and the witness is silent; of any other it has to speak.
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

/* Is there a symbol of that name? */
static bool kernel_has(const char *symbol)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	bool found = false;
	char line[512];

	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		found = strlen(line) > strlen(symbol) &&
			!strcmp(line + strlen(line) - strlen(symbol), symbol);
	}
	if (f)
		fclose(f);
	return found;
}

FIXTURE(kernel_walk) {
	struct queue queue;
	struct portal portal;
	struct desc *desc;
	bool flushes;
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
	self->flushes = kernel_has(" intel_iommu_flush_kva");
	witness_forget();
}

FIXTURE_TEARDOWN(kernel_walk)
{
	portal_close(&self->portal);
	witness_forget();
	proc_write_file(TRACING "events/kprobes/" PROBE "/enable", "0");
	proc_write_file(TRACING "kprobe_events", "-:" PROBE);
}

TEST_F_TIMEOUT(kernel_walk, huge_vmalloc, 200)
{
	unsigned long before = promotions();
	bool told = false;

	/* The device has to have been there for the IOMMU to walk on */
	desc_init(self->desc, DSA_OPCODE_NOOP);
	ASSERT_LE(0, portal_submit(&self->portal, &self->desc->hw));
	ASSERT_EQ(DSA_COMP_SUCCESS, desc_wait(&self->desc->record, WAIT_MS));

	for (int i = 0; i < ROUNDS; i++) {
		witness_promote(PROMOTIONS);
		told = witness_says("freed-page", "address 0xff", 0) || told;
	}
	EXPECT_LE(ROUNDS * PROMOTIONS, promotions() - before);
	EXPECT_EQ(!self->flushes, told);
}

TEST_HARNESS_MAIN
