// SPDX-License-Identifier: GPL-2.0
/*
 * The machine goes to sleep with work in flight: to idle, to RAM, to disk.  The
 * tasks are killed before translation goes off; when it wakes up its queues are
 * enabled as they were, and can be opened again.
 *
 * Not among the programs that kselftest runs by default: somebody must wake the
 * machine up from idle and from RAM, and some lose their root file system.  Run a
 * copy that is in memory, with its configuration file beside it; it is linked
 * statically.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "../vtd-witness/witness.h"
#include "busy.h"
#include "inject.h"

#define LIMIT_S		300
/* The kernel takes its time to find room for an image, before it stops devices. */
#define IMAGE_SLOWDOWN	1024
/* The last phase of devices begins; the IOMMUs are switched off after it. */
#define LAST_PHASE	"dpm_suspend_noirq["

static struct trace trace;

FIXTURE(suspend) {
	struct busy *busy;
};

FIXTURE_VARIANT(suspend) {
	bool dedicated;
	const char *how;	/* file below /sys/power that says how */
	const char *kind;	/* what to write there */
	const char *state;
};

FIXTURE_VARIANT_ADD(suspend, shared_to_idle) {
	.how = "pm_test", .kind = "none", .state = "freeze",
};

FIXTURE_VARIANT_ADD(suspend, dedicated_to_idle) {
	.dedicated = true, .how = "pm_test", .kind = "none", .state = "freeze",
};

FIXTURE_VARIANT_ADD(suspend, shared_to_ram) {
	.how = "mem_sleep", .kind = "deep", .state = "mem",
};

FIXTURE_VARIANT_ADD(suspend, dedicated_to_ram) {
	.dedicated = true, .how = "mem_sleep", .kind = "deep", .state = "mem",
};

/* Writes an image, and goes on from that at once. */
FIXTURE_VARIANT_ADD(suspend, shared_to_disk) {
	.how = "disk", .kind = "test_resume", .state = "disk",
};

FIXTURE_VARIANT_ADD(suspend, dedicated_to_disk) {
	.dedicated = true, .how = "disk", .kind = "test_resume", .state = "disk",
};

static int set_power(const char *file, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/power/%s", file);
	return proc_write_file(path, value);
}

FIXTURE_SETUP(suspend)
{
	struct queue queue;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	if (set_power(variant->how, variant->kind))
		SKIP(return, "the machine has no such state");
	ASSERT_EQ(0, queue_find(&queue, variant->dedicated));
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, trace_enable(&trace, "power/suspend_resume"));
	witness_forget();
	self->busy = busy_alloc(&queue);
	if (!strcmp(variant->state, "disk"))
		self->busy->slowdown = IMAGE_SLOWDOWN;
}

FIXTURE_TEARDOWN(suspend)
{
	inject_slow(self->busy->queue.device, 0);
	trace_stop(&trace);
}

/* The first event of that kind since event @from, or -1. */
static int last_phase(int from)
{
	int at = from;

	while ((at = trace_find(&trace, "suspend_resume", NULL, NULL, at + 1)) >= 0)
		if (!strncmp(trace.events[at].fields, LAST_PHASE, strlen(LAST_PHASE)))
			break;
	return at;
}

static int sleep_until_woken(void *arg)
{
	return set_power("state", arg);
}

static int woken(void *arg)
{
	return 0;
}

TEST_F_TIMEOUT(suspend, with_work_in_flight, LIMIT_S)
{
	struct busy *busy = self->busy;
	struct busy_loss loss;

	ASSERT_EQ(0, busy_lose(busy, &trace, &loss, sleep_until_woken, woken,
			       (void *)variant->state));
	EXPECT_EQ(0, loss.unfinished);
	ASSERT_EQ(variant->dedicated ? 1 : 2, loss.tasks);
	for (int i = 0; i < loss.tasks; i++) {
		struct trace_life *life = &loss.life[i];

		ASSERT_TRUE(trace_in_order(&trace, life));
		EXPECT_TRUE(trace_says(&trace, life->kill, "cause", "suspend"));
		EXPECT_TRUE(trace_says(&trace, life->drained, "rung", "drain"));
		EXPECT_TRUE(trace_before(&trace, life->dead, last_phase(life->bind)));
	}
	EXPECT_EQ(SIGBUS, busy->signal);
	EXPECT_EQ(ENODEV, busy->submitter);
	EXPECT_EQ(ENODEV, busy->lost.write);
	EXPECT_EQ(ENODEV, busy->lost.map);
	EXPECT_EQ(POLLHUP | POLLERR, busy->lost.events);

	ASSERT_TRUE(busy_end(busy));
	EXPECT_EQ(0, busy->open) TH_LOG("%s", strerror(-busy->open));
	EXPECT_TRUE(busy->copied);
	EXPECT_TRUE(busy->faulted);
	EXPECT_TRUE(witness_is_silent());
}

TEST_HARNESS_MAIN
