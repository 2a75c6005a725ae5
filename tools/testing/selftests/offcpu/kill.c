// SPDX-License-Identifier: GPL-2.0
/*
 * Kill a process with work in flight: from one descriptor to a full queue, by
 * ENQCMD on a shared and by MOVDIR64B on a dedicated queue.  When wait()
 * returns, the device has done what it had taken, and is quiet.
 */
#include <sys/wait.h>

#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "victim.h"

#define TOTAL_MS	120	/* device time for all descriptors together */
#define FULL		WORK_MAX

static struct trace trace;

FIXTURE(kill) {
	struct queue queue;
	struct victim *victim;
	struct trace_life life;
	unsigned int count;
};

FIXTURE_VARIANT(kill) {
	bool dedicated;
	unsigned int count;
};

FIXTURE_VARIANT_ADD(kill, shared_1) { .count = 1 };
FIXTURE_VARIANT_ADD(kill, shared_2) { .count = 2 };
FIXTURE_VARIANT_ADD(kill, shared_7) { .count = 7 };
FIXTURE_VARIANT_ADD(kill, shared_full) { .count = FULL };
FIXTURE_VARIANT_ADD(kill, dedicated_1) { .dedicated = true, .count = 1 };
FIXTURE_VARIANT_ADD(kill, dedicated_2) { .dedicated = true, .count = 2 };
FIXTURE_VARIANT_ADD(kill, dedicated_7) { .dedicated = true, .count = 7 };
FIXTURE_VARIANT_ADD(kill, dedicated_full) { .dedicated = true, .count = FULL };

FIXTURE_SETUP(kill)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, variant->dedicated));
	ASSERT_EQ(0, trace_start(&trace));
	self->count = variant->count;
	/* Nobody stops us from overrunning a dedicated queue: count. */
	if (variant->dedicated && self->count > self->queue.size)
		self->count = self->queue.size;
	self->victim = victim_alloc(&self->queue);
	self->victim->count = self->count;
	self->victim->each_ms = self->count >= self->queue.size ?
		TOTAL_MS / self->queue.size + 1 : TOTAL_MS / self->count;
	self->victim->close_file = true;
	ASSERT_TRUE(victim_run(self->victim))
		TH_LOG("%s", strerror(-self->victim->error));
}

FIXTURE_TEARDOWN(kill)
{
	trace_stop(&trace);
}

TEST_F(kill, queue_was_as_full_as_asked)
{
	if (variant->count == FULL && !variant->dedicated) {
		EXPECT_TRUE(self->victim->work->refused);
		EXPECT_GE(self->victim->work->submitted, self->queue.threshold);
	} else {
		EXPECT_EQ(self->count, self->victim->work->submitted);
		EXPECT_FALSE(self->victim->work->refused);
	}
}

TEST_F(kill, all_taken_work_is_done_before_wait_returns)
{
	EXPECT_EQ(0, self->victim->unfinished);
	EXPECT_EQ(0, work_failed(self->victim->work));
	EXPECT_TRUE(work_complete(self->victim->work));
}

TEST_F(kill, memory_does_not_change_after_wait)
{
	EXPECT_TRUE(work_stays_quiet(self->victim->work));
}

TEST_F(kill, task_dies_in_order_and_before_wait_returns)
{
	ASSERT_TRUE(trace_one_life(&trace, self->victim->pid, &self->life, 2000));
	EXPECT_TRUE(trace_in_order(&trace, &self->life));
	EXPECT_TRUE(trace_says(&trace, self->life.kill, "cause", "exit"));
	EXPECT_TRUE(trace_says(&trace, self->life.drained, "rung", "drain"));
	EXPECT_GE(trace.events[self->life.kill].time + 1000, self->victim->killed);
	/* The trace rounds to microseconds. */
	EXPECT_LE(trace.events[self->life.dead].time, self->victim->waited + 1000);
}

TEST_HARNESS_MAIN
