// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses of completion records that a user can get wrong.  There is nowhere
 * to write an error to then: the device tells its driver, which shows it in
 * sysfs, nothing is done, and the queue goes on.
 */
#include "desc.h"
#include "proc.h"
#include "queue.h"
#include "../kselftest_harness.h"

#define PAGE	4096
#define WAIT_MS	5000

/* The software error register, as the driver shows it (DSA 9.2.15). */
#define SWERR_ERROR(word)	((word) >> 8 & 0xff)
#define SWERR_QUEUE(word)	((word) >> 16 & 0xff)
#define SWERR_OPCODE(word)	((word) >> 32 & 0xff)

FIXTURE(record) {
	struct queue queue;
	struct portal portal;
	struct desc *desc;
	uint8_t *page;
	uint8_t *src, *dst;
};

FIXTURE_SETUP(record)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_EQ(0, portal_open(&self->portal, &self->queue));
	self->desc = proc_shared(2 * sizeof(*self->desc));
	self->src = proc_shared(PAGE);
	self->dst = proc_shared(PAGE);
	self->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->page);
	memset(self->src, 0x42, PAGE);
}

FIXTURE_TEARDOWN(record)
{
	portal_close(&self->portal);
}

/* Shown as 32-bit words in hexadecimal, highest first: the two lowest of them. */
static uint64_t swerr(const struct queue *queue)
{
	unsigned int high = 0, low = 0;
	char text[128], *at;

	if (queue_attr(queue->device, "errors", text, sizeof(text)))
		return 0;
	for (at = strtok(text, ","); at; at = strtok(NULL, ",")) {
		high = low;
		low = strtoul(at, NULL, 16);
	}
	return (uint64_t)high << 32 | low;
}

static bool error_shown(const struct queue *queue, unsigned int error)
{
	uint64_t deadline = proc_now() + WAIT_MS * NSEC_PER_MSEC;
	uint64_t word;

	do {
		word = swerr(queue);
		if (SWERR_ERROR(word) == error && SWERR_QUEUE(word) == queue->index &&
		    SWERR_OPCODE(word) == DSA_OPCODE_MEMMOVE)
			return true;
		proc_nap();
	} while (proc_now() < deadline);
	return false;
}

/* Submit a copy with that record; then one that is right, to see the end of it. */
static int submit_wrong(struct portal *portal, struct desc *desc, uint8_t *dst,
			const uint8_t *src, uintptr_t record)
{
	desc_memmove(desc, dst, src, PAGE);
	desc->hw.completion_addr = record;
	if (portal_submit(portal, &desc->hw) < 0)
		return -ETIMEDOUT;
	desc_init(desc + 1, DSA_OPCODE_DRAIN);
	if (portal_submit(portal, &desc[1].hw) < 0)
		return -ETIMEDOUT;
	return desc_wait(&desc[1].record, WAIT_MS);
}

/* An error of the same kind that an earlier test left must not count. */
static bool provoke_other(struct portal *portal, struct desc *desc,
			  const struct queue *queue, unsigned int error,
			  uintptr_t record)
{
	return submit_wrong(portal, desc, NULL, NULL, record) == DSA_COMP_SUCCESS &&
	       error_shown(queue, error);
}

TEST_F(record, misaligned)
{
	ASSERT_EQ(0, munmap(self->page, PAGE));
	ASSERT_TRUE(provoke_other(&self->portal, self->desc, &self->queue,
				  DSA_COMP_CRA_XLAT, (uintptr_t)self->page));
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  submit_wrong(&self->portal, self->desc, self->dst, self->src,
			       (uintptr_t)&self->desc->record + 8));
	EXPECT_TRUE(error_shown(&self->queue, DSA_COMP_CRA_ALIGN));
	EXPECT_EQ(0, self->dst[0]);
	EXPECT_EQ(0, self->desc->record.status);
}

TEST_F(record, not_mapped)
{
	ASSERT_TRUE(provoke_other(&self->portal, self->desc, &self->queue,
				  DSA_COMP_CRA_ALIGN,
				  (uintptr_t)&self->desc->record + 8));
	ASSERT_EQ(0, munmap(self->page, PAGE));
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  submit_wrong(&self->portal, self->desc, self->dst, self->src,
			       (uintptr_t)self->page));
	EXPECT_TRUE(error_shown(&self->queue, DSA_COMP_CRA_XLAT));
	EXPECT_EQ(0, self->dst[0]);
}

TEST_F(record, read_only)
{
	ASSERT_TRUE(provoke_other(&self->portal, self->desc, &self->queue,
				  DSA_COMP_CRA_ALIGN,
				  (uintptr_t)&self->desc->record + 8));
	memset(self->page, 0x24, PAGE);
	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ));
	ASSERT_EQ(DSA_COMP_SUCCESS,
		  submit_wrong(&self->portal, self->desc, self->dst, self->src,
			       (uintptr_t)self->page));
	EXPECT_TRUE(error_shown(&self->queue, DSA_COMP_CRA_XLAT));
	EXPECT_EQ(0, self->dst[0]);
	EXPECT_EQ(0x24, self->page[0]);
}

/* A page that is only not there yet is no error. */
TEST_F(record, on_untouched_page)
{
	const struct dsa_completion_record *record = (void *)self->page;

	ASSERT_EQ(DSA_COMP_SUCCESS,
		  submit_wrong(&self->portal, self->desc, self->dst, self->src,
			       (uintptr_t)record));
	EXPECT_EQ(DSA_COMP_SUCCESS, desc_wait(record, WAIT_MS));
	EXPECT_EQ(0, memcmp(self->dst, self->src, PAGE));
}

/* Who does not want a record gets none, and the work is done. */
TEST_F(record, not_wanted)
{
	desc_memmove(self->desc, self->dst, self->src, PAGE);
	self->desc->hw.flags = 0;
	self->desc->hw.completion_addr = 0;
	ASSERT_LE(0, portal_submit(&self->portal, &self->desc->hw));
	desc_init(self->desc + 1, DSA_OPCODE_DRAIN);
	ASSERT_LE(0, portal_submit(&self->portal, &self->desc[1].hw));
	ASSERT_EQ(DSA_COMP_SUCCESS, desc_wait(&self->desc[1].record, WAIT_MS));
	EXPECT_EQ(0, memcmp(self->dst, self->src, PAGE));
}

TEST_HARNESS_MAIN
