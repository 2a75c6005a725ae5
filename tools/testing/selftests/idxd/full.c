// SPDX-License-Identifier: GPL-2.0
/*
 * A shared queue that is full says retry, and means it: what it did not take is
 * not done, and it takes more as soon as there is room.
 */
#include "proc.h"
#include "work.h"
#include "../kselftest_harness.h"

#define EACH_MS	10
#define WAIT_MS	10000

FIXTURE(full) {
	struct queue queue;
	struct portal portal;
	struct work *work;
};

FIXTURE_SETUP(full)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_EQ(0, portal_open(&self->portal, &self->queue));
	self->work = work_alloc();
	ASSERT_EQ(0, work_prepare(self->work, &self->portal, EACH_MS));
	work_submit(self->work, &self->portal, WORK_MAX);
}

FIXTURE_TEARDOWN(full)
{
	portal_close(&self->portal);
}

static bool wait_for_all(const struct work *work)
{
	for (unsigned int i = 0; i < work->submitted; i++)
		if (desc_wait(&work->descs[i].record, WAIT_MS) < 0)
			return false;
	return true;
}

TEST_F(full, says_retry_at_its_threshold)
{
	ASSERT_TRUE(self->work->refused);
	EXPECT_GE(self->work->submitted, self->queue.threshold);
	/* Whatever the engines have in hand, the rest waits in the queue. */
	EXPECT_GE(work_in_flight(self->work), self->queue.threshold);
	EXPECT_TRUE(wait_for_all(self->work));
}

TEST_F(full, refused_descriptor_is_not_done)
{
	const struct desc *refused = &self->work->descs[self->work->submitted];

	ASSERT_TRUE(self->work->refused);
	ASSERT_TRUE(wait_for_all(self->work));
	desc_init(&self->work->trial, DSA_OPCODE_DRAIN);
	ASSERT_LE(0, portal_submit(&self->portal, &self->work->trial.hw));
	ASSERT_EQ(DSA_COMP_SUCCESS, desc_wait(&self->work->trial.record, WAIT_MS));
	EXPECT_EQ(0, work_failed(self->work));
	EXPECT_EQ(0, refused->record.status);
}

TEST_F(full, takes_more_when_there_is_room)
{
	unsigned int before = self->work->submitted;

	ASSERT_TRUE(self->work->refused);
	ASSERT_LE(0, desc_wait(&self->work->descs[0].record, WAIT_MS));
	/* Retries until there is room, which is long before all are done. */
	EXPECT_LE(0, portal_submit(&self->portal, &self->work->descs[before].hw));
	self->work->submitted++;
	EXPECT_TRUE(wait_for_all(self->work));
	EXPECT_EQ(0, work_failed(self->work));
}

TEST_HARNESS_MAIN
