// SPDX-License-Identifier: GPL-2.0
/*
 * Page request groups: a device that asks for many pages at once gets all of them,
 * or, if one can't be had, one answer for all.  Needs the emulated device, which can
 * be told to ask like that.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../idxd/desc.h"
#include "../idxd/pages.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "../offcpu/inject.h"
#include "../offcpu/list.h"

#define PAGE		4096UL
#define GROUP		16
#define GROUPS		4
#define PAGES		(3 * GROUP + 5)	/* of memory: some groups, and a bit */
#define BAD		5		/* a page in the first group */
#define WAIT_MS		10000
#define REFUSED		(DSA_COMP_PAGE_FAULT_IR | DESC_FAULT_WRITE)
#define LOCK_EVENT	"mmap_lock_start_locking"

static struct trace trace;

FIXTURE(groups) {
	struct queue queue;
	struct portal portal;
	struct desc *desc;
	uint8_t *src, *dst;	/* dst: none of it is there */
};

FIXTURE_SETUP(groups)
{
	int ret;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_TRUE(self->queue.block_on_fault);
	ret = inject_group_pages(self->queue.device, GROUP);
	if (ret == -ENODEV)
		SKIP(return, "a device that asks for one page at a time");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, portal_open(&self->portal, &self->queue));
	self->desc = proc_shared(sizeof(*self->desc));
	self->src = pages_untouched(PAGES * PAGE);
	self->dst = pages_untouched(PAGES * PAGE);
	ASSERT_NE(NULL, self->src);
	ASSERT_NE(NULL, self->dst);
	for (size_t i = 0; i < PAGES * PAGE; i++)
		self->src[i] = i * 7 + i / PAGE;
}

FIXTURE_TEARDOWN(groups)
{
	inject_group_pages(self->queue.device, 0);
	portal_close(&self->portal);
}

/* Copy all of it; the status. */
static int copy(struct portal *portal, struct desc *desc, void *dst,
		const void *src)
{
	desc_memmove(desc, dst, src, PAGES * PAGE);
	desc->hw.flags |= IDXD_OP_FLAG_BOF;
	if (portal_submit(portal, &desc->hw) < 0)
		return -ETIMEDOUT;
	return desc_wait(&desc->record, WAIT_MS);
}

/* Each page is asked for once, and each byte arrives. */
TEST_F(groups, all_pages_served)
{
	long before = list_faults();

	ASSERT_LE(0, before);
	EXPECT_EQ(DSA_COMP_SUCCESS, copy(&self->portal, self->desc, self->dst,
					 self->src));
	EXPECT_EQ(0, memcmp(self->dst, self->src, PAGES * PAGE));
	EXPECT_EQ(before + PAGES, list_faults());
}

/* How often has somebody else locked the caller's mm for reading? */
static int count_locks(const struct trace *trace)
{
	char mm[32] = "";
	int count = 0;

	for (unsigned int i = 0; i < trace->count; i++) {
		const struct trace_event *event = &trace->events[i];

		if (strcmp(event->name, LOCK_EVENT))
			continue;
		if (event->task == getpid())
			trace_field(event, "mm", mm, sizeof(mm));
		else if (trace_says(trace, i, "mm", mm) &&
			 trace_says(trace, i, "write", "false"))
			count++;
	}
	return count;
}

/* Its pages are served in one go, not each under a lock of its own. */
TEST_F(groups, each_under_one_lock)
{
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, trace_enable(&trace, "mmap_lock"));
	/* Have it said which mm is ours. */
	ASSERT_EQ(0, munmap(self->src + (PAGES - 1) * PAGE, PAGE));
	ASSERT_EQ(self->src + (PAGES - 1) * PAGE,
		  mmap(self->src + (PAGES - 1) * PAGE, PAGE, PROT_READ,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_EQ(0, self->src[(PAGES - 1) * PAGE]);

	EXPECT_EQ(DSA_COMP_SUCCESS, copy(&self->portal, self->desc, self->dst,
					 self->src));
	trace_read(&trace);
	trace_stop(&trace);
	EXPECT_EQ(GROUPS, count_locks(&trace));
}

/* Pages that are there already are left out of a group. */
TEST_F(groups, missing_pages_served)
{
	long before = list_faults();

	ASSERT_LE(0, before);
	for (int i = 1; i < PAGES; i += 3)
		self->dst[i * PAGE] = 1;
	EXPECT_EQ(DSA_COMP_SUCCESS, copy(&self->portal, self->desc, self->dst,
					 self->src));
	EXPECT_EQ(0, memcmp(self->dst, self->src, PAGES * PAGE));
	EXPECT_EQ(before + PAGES - (PAGES + 1) / 3, list_faults());
}

/* One answer for all: the device has not got to the bad page, and gives up. */
TEST_F(groups, refused_for_one_page)
{
	ASSERT_EQ(0, mprotect(self->dst + BAD * PAGE, PAGE, PROT_READ));
	EXPECT_EQ(REFUSED, copy(&self->portal, self->desc, self->dst, self->src));
	EXPECT_EQ((uintptr_t)self->dst, self->desc->record.fault_addr);
	EXPECT_EQ(0, self->desc->record.bytes_completed);
	EXPECT_EQ(0, self->dst[BAD * PAGE]);

	/* Alone, the pages before it are good. */
	ASSERT_EQ(0, inject_group_pages(self->queue.device, 0));
	EXPECT_EQ(REFUSED, copy(&self->portal, self->desc, self->dst, self->src));
	EXPECT_EQ((uintptr_t)self->dst + BAD * PAGE, self->desc->record.fault_addr);
	EXPECT_EQ(BAD * PAGE, self->desc->record.bytes_completed);
	EXPECT_EQ(0, memcmp(self->dst, self->src, BAD * PAGE));
	EXPECT_EQ(0, self->dst[BAD * PAGE]);
}

TEST_HARNESS_MAIN
