// SPDX-License-Identifier: GPL-2.0
/*
 * A descriptor works on the address space of who submitted it, whatever its
 * first four bytes say: ENQCMD writes the PASID there itself.
 */
#include "desc.h"
#include "proc.h"
#include "queue.h"
#include "../kselftest_harness.h"

#define PAGE		4096
#define WAIT_MS		5000
#define PASIDS		64	/* from 1 on: more than we make */
#define SECRET		0x5e
#define OURS		0x0e

/* The same address in both processes, with different memory behind it. */
struct meeting {
	struct queue queue;
	uint8_t *page;
	atomic_int stage;	/* 1: the other one is bound; 2: it may look */
	int error;
	uint8_t seen;		/* what it found in its page at last */
};

FIXTURE(pasid) {
	struct portal portal;
	struct meeting *meeting;
	struct desc *desc;
	uint8_t *copy;
	pid_t other;
};

static void other_process(void *arg)
{
	struct meeting *meeting = arg;
	struct portal portal;

	memset(meeting->page, SECRET, PAGE);
	meeting->error = portal_open(&portal, &meeting->queue);
	meeting->stage = 1;
	if (!proc_wait_flag(&meeting->stage, 2, 10 * WAIT_MS))
		_exit(1);
	meeting->seen = meeting->page[0];
	portal_close(&portal);
}

FIXTURE_SETUP(pasid)
{
	struct meeting *meeting;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	meeting = proc_shared(sizeof(*meeting));
	self->meeting = meeting;
	self->desc = proc_shared(sizeof(*self->desc));
	self->copy = proc_shared(PAGE);
	meeting->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, meeting->page);
	ASSERT_EQ(0, queue_find(&meeting->queue, false));
	self->other = proc_spawn(other_process, meeting);
	ASSERT_TRUE(proc_wait_flag(&meeting->stage, 1, WAIT_MS));
	ASSERT_EQ(0, meeting->error);
	ASSERT_EQ(0, portal_open(&self->portal, &meeting->queue));
	memset(meeting->page, OURS, PAGE);
}

FIXTURE_TEARDOWN(pasid)
{
	int status;

	self->meeting->stage = 2;
	proc_wait(self->other, WAIT_MS, &status);
	portal_close(&self->portal);
}

static int run(struct portal *portal, struct desc *desc, uint32_t pasid)
{
	desc->hw.pasid = pasid;
	if (portal_submit(portal, &desc->hw) < 0)
		return -ETIMEDOUT;
	return desc_wait(&desc->record, WAIT_MS);
}

TEST_F(pasid, cannot_be_forged_to_read)
{
	for (uint32_t pasid = 0; pasid < PASIDS; pasid++) {
		memset(self->copy, 0, PAGE);
		desc_memmove(self->desc, self->copy, self->meeting->page, PAGE);
		ASSERT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc, pasid));
		ASSERT_EQ(OURS, self->copy[0]);
		ASSERT_EQ(OURS, self->copy[PAGE - 1]);
	}
}

TEST_F(pasid, cannot_be_forged_to_write)
{
	int status;

	for (uint32_t pasid = 0; pasid < PASIDS; pasid++) {
		desc_memfill(self->desc, self->meeting->page, pasid, PAGE);
		ASSERT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc, pasid));
		ASSERT_EQ(pasid, self->meeting->page[0]);
	}
	self->meeting->stage = 2;
	ASSERT_NE(0, proc_wait(self->other, WAIT_MS, &status));
	EXPECT_EQ(SECRET, self->meeting->seen);
}

/* Nor does the privilege bit, nor do reserved ones, get through. */
TEST_F(pasid, privilege_cannot_be_claimed)
{
	desc_memmove(self->desc, self->copy, self->meeting->page, PAGE);
	self->desc->hw.priv = 1;
	self->desc->hw.rsvd = 0x7ff;
	ASSERT_EQ(DSA_COMP_SUCCESS, run(&self->portal, self->desc, 0xfffff));
	EXPECT_EQ(OURS, self->copy[0]);

	desc_memmove(self->desc, self->copy, (void *)0xffff888000000000, PAGE);
	self->desc->hw.priv = 1;
	EXPECT_LT(DSA_COMP_SUCCESS_PRED, run(&self->portal, self->desc, 0));
}

TEST_HARNESS_MAIN
