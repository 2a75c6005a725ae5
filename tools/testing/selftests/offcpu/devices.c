// SPDX-License-Identifier: GPL-2.0
/*
 * One process with work on several devices at once, under one PASID: three
 * queues, each on a device of its own, and the off-CPU task sample.  One kill
 * drains all of them in parallel.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "../idxd/desc.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "counter.h"
#include "inject.h"
#include "victim.h"

#define TIMEOUT_FILE	"/proc/sys/kernel/offcpu_drain_timeout_ms"
#define LONG_MS		"60000"
#define QUEUES		3
#define SAMPLE		QUEUES	/* its number among the tasks */
#define TASKS		(QUEUES + 1)
#define ALL		((1U << TASKS) - 1)
/* So that a copy takes about half a second, and so does the sample's work. */
#define SLOWDOWN	0x80000
#define BYTES		4096
#define STORES		50
#define PAUSE_US	10000
#define ATTEMPTS	5
#define TEST_SECONDS	120

static struct trace trace;

struct copy {
	struct desc desc;
	uint8_t src[BYTES], dst[BYTES];
};

/* What the process shares with the test. */
struct fleet {
	struct queue queue[QUEUES];
	struct copy copy[QUEUES];
	struct counter counter;
	unsigned int wanted;	/* tasks that it is to have, a bit each */
	char sample_device[64];
	int error;
	pid_t pid;
	uint64_t submitted;	/* CLOCK_MONOTONIC, just before its first work */
	atomic_int ready;
};

FIXTURE(devices) {
	struct fleet *fleet;
	char timeout[32];
};

FIXTURE_SETUP(devices)
{
	struct fleet *fleet = proc_shared(sizeof(*fleet));
	char name[16];

	self->fleet = fleet;
	snprintf(name, sizeof(name), "dsa%d", QUEUES - 1);
	if (!queue_device_exists() || !queue_attr_u64(name, "max_work_queues"))
		SKIP(return, "it takes %d DSA devices", QUEUES);
	if (inject_slow("dsa0", 0))
		SKIP(return, "a real device is not slow when asked to");
	if (counter_load(true))
		SKIP(return, "no offcpu-sample module");
	for (int i = 0; i < QUEUES; i++) {
		ASSERT_EQ(0, queue_find_on(&fleet->queue[i], i, false));
		ASSERT_EQ(0, inject_slow(fleet->queue[i].device, SLOWDOWN));
	}
	ASSERT_EQ(0, queue_pci_name("dsa0", fleet->sample_device,
				    sizeof(fleet->sample_device)));
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, trace_enable(&trace, "idxd"));
	ASSERT_EQ(0, proc_read_file(TIMEOUT_FILE, self->timeout,
				    sizeof(self->timeout)));
	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, LONG_MS));
}

FIXTURE_TEARDOWN(devices)
{
	proc_write_file(TIMEOUT_FILE, self->timeout);
	trace_stop(&trace);
	EXPECT_EQ(0, counter_load(false));
	for (int i = 0; i < QUEUES; i++) {
		inject_slow(self->fleet->queue[i].device, 0);
		/* Other tests expect to find one configured device at most. */
		if (i)
			EXPECT_EQ(0, queue_release_device(i));
	}
}

static bool wants(const struct fleet *fleet, int task)
{
	return fleet->wanted & 1U << task;
}

static int open_all(struct fleet *fleet, struct portal *portal)
{
	int ret = 0;

	for (int i = 0; i < QUEUES && !ret; i++)
		if (wants(fleet, i))
			ret = portal_open(&portal[i], &fleet->queue[i]);
	return ret;
}

static int submit_all(struct fleet *fleet, struct portal *portal)
{
	int ret = 0;

	fleet->submitted = proc_now();
	for (int i = 0; i < QUEUES; i++)
		if (wants(fleet, i) &&
		    portal_submit(&portal[i], &fleet->copy[i].desc.hw) < 0)
			ret = -ETIMEDOUT;
	if (wants(fleet, SAMPLE) && !ret)
		ret = counter_start(&fleet->counter, STORES, PAUSE_US, false,
				    fleet->sample_device);
	return ret;
}

static void live(void *arg)
{
	struct portal portal[QUEUES];
	struct fleet *fleet = arg;

	fleet->error = open_all(fleet, portal);
	if (!fleet->error)
		fleet->error = submit_all(fleet, portal);
	fleet->ready = 1;
	for (;;)
		pause();
}

static void start(struct fleet *fleet, unsigned int wanted)
{
	fleet->wanted = wanted;
	fleet->ready = 0;
	fleet->counter.word = 0;
	for (int i = 0; i < QUEUES; i++) {
		struct copy *copy = &fleet->copy[i];

		memset(copy->src, i + 1, BYTES);
		memset(copy->dst, 0, BYTES);
		desc_memmove(&copy->desc, copy->dst, copy->src, BYTES);
	}
	fleet->pid = proc_spawn(live, fleet);
}

/* Of the tasks that are wanted: those whose devices have work. */
static unsigned int busy(const struct fleet *fleet)
{
	unsigned int tasks = 0;

	for (int i = 0; i < QUEUES; i++)
		if (wants(fleet, i) && !fleet->copy[i].desc.record.status)
			tasks |= 1U << i;
	if (wants(fleet, SAMPLE) && fleet->counter.word < STORES)
		tasks |= 1U << SAMPLE;
	return tasks;
}

/*
 * Kill a process that has the tasks @wanted, all of them at work: ns from its
 * first submission to its wait(), 0 if something failed.  A machine under load
 * may be late to kill it, then another one is.
 */
static uint64_t kill_busy(struct fleet *fleet, unsigned int wanted)
{
	unsigned int were_busy = 0;
	uint64_t waited = 0;
	int status;

	for (int i = 0; i < ATTEMPTS && were_busy != wanted; i++) {
		start(fleet, wanted);
		if (!proc_wait_flag(&fleet->ready, 1, VICTIM_TIMEOUT_MS) ||
		    fleet->error)
			return 0;
		were_busy = busy(fleet);
		kill(fleet->pid, SIGKILL);
		waited = proc_wait(fleet->pid, VICTIM_TIMEOUT_MS, &status);
		if (!waited || busy(fleet))
			return 0;
	}
	return were_busy == wanted ? waited - fleet->submitted : 0;
}

/* The command that drained it, as the index of its event; or -1. */
static int drain_of(const struct queue *queue, int from)
{
	int at = from;

	while ((at = trace_find(&trace, "idxd_command", "dev", queue->device,
				at + 1)) >= 0)
		if (trace_says(&trace, at, "code", "drain-pasid") ||
		    trace_says(&trace, at, "code", "drain-wq"))
			return at;
	return -1;
}

TEST_F_TIMEOUT(devices, one_pasid_one_kill, TEST_SECONDS)
{
	struct fleet *fleet = self->fleet;
	struct trace_life life[TASKS];
	char pasid[16];
	int drain;

	ASSERT_NE(0, kill_busy(fleet, ALL)) TH_LOG("%s", strerror(-fleet->error));
	for (int i = 0; i < QUEUES; i++) {
		EXPECT_EQ(DSA_COMP_SUCCESS, fleet->copy[i].desc.record.status);
		EXPECT_EQ(0, memcmp(fleet->copy[i].src, fleet->copy[i].dst, BYTES));
	}
	EXPECT_EQ(STORES, fleet->counter.word);
	EXPECT_TRUE(counter_stays(&fleet->counter));

	trace_read(&trace);
	ASSERT_EQ(TASKS, trace_lives(&trace, fleet->pid, life, TASKS));
	ASSERT_TRUE(trace_field(&trace.events[life[0].bind], "pasid", pasid,
				sizeof(pasid)));
	for (int i = 0; i < TASKS; i++) {
		EXPECT_TRUE(trace_says(&trace, life[i].bind, "pasid", pasid));
		EXPECT_TRUE(trace_in_order(&trace, &life[i]));
		EXPECT_TRUE(trace_says(&trace, life[i].kill, "cause", "exit"));
		EXPECT_TRUE(trace_says(&trace, life[i].drained, "rung", "drain"));
	}
	/* All have been told before the first is done. */
	for (int i = 0; i < QUEUES; i++) {
		drain = drain_of(&fleet->queue[i], life[0].kill);
		ASSERT_LE(0, drain);
		for (int j = 0; j < TASKS; j++)
			EXPECT_TRUE(trace_before(&trace, drain, life[j].drained));
	}
}

TEST_F_TIMEOUT(devices, drain_takes_as_long_as_the_slowest, TEST_SECONDS)
{
	uint64_t alone, sum = 0, together;

	for (int i = 0; i < TASKS; i++) {
		alone = kill_busy(self->fleet, 1U << i);
		ASSERT_NE(0, alone) TH_LOG("%s", strerror(-self->fleet->error));
		sum += alone;
	}
	together = kill_busy(self->fleet, ALL);
	ASSERT_NE(0, together);
	TH_LOG("one after the other %llu ms, together %llu ms",
	       (unsigned long long)(sum / NSEC_PER_MSEC),
	       (unsigned long long)(together / NSEC_PER_MSEC));
	EXPECT_LT(together, sum * 2 / 3);
}

TEST_HARNESS_MAIN
