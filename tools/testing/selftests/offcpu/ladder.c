// SPDX-License-Identifier: GPL-2.0
/*
 * A broken device never holds a process: drain, then abort, then isolate, each
 * for as long as kernel.offcpu_drain_timeout_ms says.  For an emulated device,
 * which can be told to hang.  A DSA takes one command at a time: if it does not
 * answer a drain, it can't be told to abort, and is isolated.
 */
#include <sys/wait.h>

#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "inject.h"
#include "victim.h"

#define TIMEOUT_FILE	"/proc/sys/kernel/offcpu_drain_timeout_ms"
#define SLACK_MS	2000	/* what the machine may need beside the rungs */
#define EACH_MS		10
#define COUNT		8

static struct trace trace;

FIXTURE(ladder) {
	struct queue queue;
	struct victim *victim;
	unsigned int timeout_ms;
};

FIXTURE_VARIANT(ladder) {
	bool dedicated;
	uint32_t inject;
	const char *rung;
	unsigned int rungs;	/* that take their full time */
};

FIXTURE_VARIANT_ADD(ladder, shared_engines_hang) {
	.inject = INJECT_HANG_ENGINES, .rung = "isolate", .rungs = 2,
};

FIXTURE_VARIANT_ADD(ladder, dedicated_engines_hang) {
	.dedicated = true,
	.inject = INJECT_HANG_ENGINES, .rung = "isolate", .rungs = 2,
};

FIXTURE_VARIANT_ADD(ladder, shared_drain_hangs) {
	.inject = INJECT_HANG_ENGINES | INJECT_HANG_DRAIN,
	.rung = "isolate", .rungs = 2,
};

FIXTURE_SETUP(ladder)
{
	char text[32];
	int ret;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_TRUE(inject_wait_usable(&self->queue, variant->dedicated));
	ret = inject_set(self->queue.device, 0);
	if (ret == -ENODEV)
		SKIP(return, "a real device does not hang when asked to");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, proc_read_file(TIMEOUT_FILE, text, sizeof(text)));
	self->timeout_ms = atoi(text);
	ASSERT_GT(self->timeout_ms, 0);
	self->victim = victim_alloc(&self->queue);
	self->victim->count = COUNT;
	self->victim->each_ms = EACH_MS;
}

FIXTURE_TEARDOWN(ladder)
{
	inject_set(self->queue.device, 0);
	trace_stop(&trace);
	inject_wait_usable(&self->queue, variant->dedicated);
}

static uint32_t inject_bits;

static void hang(struct victim *victim, bool dying)
{
	inject_set(victim->queue.device, dying ? inject_bits : 0);
}

TEST_F(ladder, exit_is_bounded_and_device_quiet)
{
	struct victim *victim = self->victim;
	struct trace_life life;
	uint64_t bound;

	inject_bits = variant->inject;
	victim->meddle = hang;
	ASSERT_TRUE(victim_run(victim)) TH_LOG("%s", strerror(-victim->error));
	bound = (variant->rungs * self->timeout_ms + SLACK_MS) * NSEC_PER_MSEC;
	EXPECT_LE(victim->waited - victim->killed, bound);

	ASSERT_TRUE(trace_one_life(&trace, victim->pid, &life, 2000));
	EXPECT_TRUE(trace_in_order(&trace, &life));
	EXPECT_TRUE(trace_says(&trace, life.drained, "rung", variant->rung));
	EXPECT_LE(trace.events[life.dead].time, victim->waited + 1000);

	/* What the device was in the middle of is gone, not only late. */
	ASSERT_EQ(0, inject_set(self->queue.device, 0));
	EXPECT_TRUE(work_stays_quiet(victim->work));
}

/* Who comes next finds a queue that works. */
TEST_F(ladder, queue_works_afterwards)
{
	struct victim *next;

	inject_bits = variant->inject;
	self->victim->meddle = hang;
	ASSERT_TRUE(victim_run(self->victim));
	ASSERT_EQ(0, inject_set(self->queue.device, 0));
	ASSERT_TRUE(inject_wait_usable(&self->queue, variant->dedicated));
	next = victim_alloc(&self->queue);
	next->count = COUNT;
	next->each_ms = EACH_MS;
	ASSERT_TRUE(victim_run(next)) TH_LOG("%s", strerror(-next->error));
	EXPECT_EQ(0, next->unfinished);
	EXPECT_TRUE(work_complete(next->work));
}

static struct queue second_queue;

static int open_once_more(struct victim *victim, struct portal *portal)
{
	static struct portal second;

	return portal_open(&second, &second_queue);
}

/* Two tasks of one process are no slower: their commands stand in one line. */
TEST_F(ladder, two_tasks_climb_together)
{
	struct victim *victim = self->victim;
	uint64_t bound;

	/* A dedicated queue has one user: the other task is on the shared one. */
	second_queue = self->queue;
	if (variant->dedicated)
		ASSERT_EQ(0, queue_find(&second_queue, false));
	inject_bits = variant->inject;
	victim->meddle = hang;
	victim->pass_on = open_once_more;
	ASSERT_TRUE(victim_run(victim)) TH_LOG("%s", strerror(-victim->error));
	bound = (variant->rungs * self->timeout_ms + SLACK_MS) * NSEC_PER_MSEC;
	EXPECT_LE(victim->waited - victim->killed, bound);
}

TEST_HARNESS_MAIN
