// SPDX-License-Identifier: GPL-2.0
/*
 * Many processes at work on one device die at once: by cgroup.kill, and with the
 * init of their PID namespace.  The device has one command register that they
 * all need: none is hurried for having queued there, and where nobody else uses
 * the queue one command does for all that wait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../idxd/desc.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "inject.h"

#define COUNT		200
#define BYTES		(16 * 1024)	/* that each descriptor copies */
#define SLOW		4000		/* times: a copy lasts for milliseconds */
#define NAP_MS		50
#define FEW		(COUNT / 20)
#define BOUND_MS	60000
#define TIMEOUT_S	240
#define QUIET_MS	200
#define POISON		0x5a
#define PATIENCE	"60000"
#define TIMEOUT_FILE	"/proc/sys/kernel/offcpu_drain_timeout_ms"
#define ROOT		"/tmp/offcpu-cgroup"
#define GROUP		ROOT "/crowd"

/* What the crowd shares with its murderer. */
struct crowd {
	struct queue queue;
	atomic_int ready;
	atomic_int failed;
	atomic_int accepted;		/* descriptors */
	atomic_int done;		/* of these */
	struct desc desc[COUNT];
	bool taken[COUNT];		/* it surely is in the queue, or done */
	char group[64];			/* to join, "": none */
	uint8_t dst[COUNT][BYTES];
};

static struct trace trace;

FIXTURE(crowd) {
	struct crowd *crowd;
	char timeout[16];
	bool emulated;
};

FIXTURE_SETUP(crowd)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	self->crowd = proc_shared(sizeof(*self->crowd));
	ASSERT_EQ(0, queue_find(&self->crowd->queue, false));
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, trace_enable(&trace, "idxd"));
	ASSERT_EQ(0, proc_read_file(TIMEOUT_FILE, self->timeout,
				    sizeof(self->timeout)));
	self->emulated = !inject_slow(self->crowd->queue.device, SLOW);
}

FIXTURE_TEARDOWN(crowd)
{
	proc_write_file(TIMEOUT_FILE, self->timeout);
	if (self->emulated) {
		inject_set(self->crowd->queue.device, 0);
		inject_slow(self->crowd->queue.device, 1);
	}
	trace_stop(&trace);
	rmdir(GROUP);
	umount(ROOT);
	rmdir(ROOT);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = NAP_MS * NSEC_PER_MSEC }, NULL);
}

/* One of the crowd: always has a descriptor in the queue, or waits for a place. */
static void toil(void *arg)
{
	static uint8_t src[BYTES];
	struct crowd *crowd = arg;
	struct portal portal;
	struct desc *desc;
	int me;

	if ((crowd->group[0] && proc_write_file(crowd->group, "0")) ||
	    portal_open(&portal, &crowd->queue)) {
		crowd->failed++;
		return;
	}
	/* A page that is not there would end the work before it begins. */
	me = crowd->ready++;
	memset(src, POISON + 1, sizeof(src));
	memset(crowd->dst[me], 0, BYTES);
	desc = &crowd->desc[me];
	for (;;) {
		crowd->taken[me] = false;
		desc_memmove(desc, crowd->dst[me], src, BYTES);
		while (!portal_submit_once(&portal, &desc->hw))
			nap();
		crowd->taken[me] = true;
		crowd->accepted++;
		while (desc_wait(&desc->record, 0) == -ETIMEDOUT)
			nap();
		crowd->done++;
	}
}

static bool crowd_ready(struct crowd *crowd)
{
	return proc_wait_flag(&crowd->ready, COUNT, BOUND_MS) && !crowd->failed;
}

/* Descriptors that the device has left undone. */
static int unfinished(const struct crowd *crowd)
{
	int count = 0;

	for (int i = 0; i < COUNT; i++)
		count += crowd->taken[i] &&
			 crowd->desc[i].record.status != DSA_COMP_SUCCESS;
	return count;
}

/* Does the device leave the memory of the dead alone? */
static bool stays_quiet(struct crowd *crowd)
{
	uint64_t deadline = proc_now() + QUIET_MS * NSEC_PER_MSEC;
	uint8_t *dst = crowd->dst[0];

	memset(crowd->dst, POISON, sizeof(crowd->dst));
	while (dst[0] == POISON && !memcmp(dst, dst + 1, sizeof(crowd->dst) - 1))
		if (proc_now() > deadline)
			return true;
	return false;
}

/* Each bound one task, which was drained in peace and is dead by @when. */
static int good_lives(uint64_t when)
{
	struct trace_life life;
	int at = -1, good = 0;
	char pid[16];

	while ((at = trace_find(&trace, "offcpu_task_bind", NULL, NULL, at + 1)) >= 0)
		if (trace_field(&trace.events[at], "pid", pid, sizeof(pid)) &&
		    trace_lives(&trace, atoi(pid), &life, 1) == 1 &&
		    trace_in_order(&trace, &life) &&
		    trace_says(&trace, life.kill, "cause", "exit") &&
		    trace_says(&trace, life.drained, "rung", "drain") &&
		    trace_is_reaped(&trace, &life, BOUND_MS) &&
		    trace.events[life.dead].time <= when + 1000)
			good++;
	return good;
}

/* Commands that the device got, from event @from on. */
static int drains(int from)
{
	int count = 0;

	for (unsigned int i = from; i < trace.count; i++)
		count += trace_says(&trace, i, "code", "drain-pasid") ||
			 trace_says(&trace, i, "code", "drain-wq");
	return count;
}

static int mms_freed_now(void)
{
	int freed = 0, at = -1;
	char mm[32];

	trace_read(&trace);
	while ((at = trace_find(&trace, "mmbind", NULL, NULL, at + 1)) >= 0)
		if (trace_field(&trace.events[at], "mm", mm, sizeof(mm)))
			freed += trace_find(&trace, "mmdrop", "mm", mm, at) >= 0;
	return freed;
}

/* Idle CPUs may hold some for a moment. */
static int mms_freed(void)
{
	uint64_t deadline = proc_now() + BOUND_MS * NSEC_PER_MSEC;

	do
		proc_visit_cpus();
	while (mms_freed_now() < COUNT && proc_now() < deadline);
	return mms_freed_now();
}

/*
 * The first drain hangs for a moment: meanwhile all others queue behind it, asleep
 * in exit.
 */
static bool wait_until_all_queue(const pid_t *pids)
{
	uint64_t deadline = proc_now() + BOUND_MS * NSEC_PER_MSEC;

	for (int i = 0; i < COUNT; i++)
		while (proc_state(pids[i]) != 'I') {
			if (proc_now() > deadline)
				return false;
			proc_nap();
		}
	return true;
}

static bool reap(const pid_t *pids)
{
	int status;

	for (int i = 0; i < COUNT; i++)
		if (!proc_wait(pids[i], BOUND_MS, &status) ||
		    !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			return false;
	return true;
}

static bool make_group(struct crowd *crowd)
{
	snprintf(crowd->group, sizeof(crowd->group), GROUP "/cgroup.procs");
	return !mkdir(ROOT, 0700) && !mount("none", ROOT, "cgroup2", 0, NULL) &&
	       !mkdir(GROUP, 0700);
}

TEST_F_TIMEOUT(crowd, cgroup_kill, TIMEOUT_S)
{
	struct crowd *crowd = self->crowd;
	pid_t pids[COUNT];
	int killed;

	if (!self->emulated)
		SKIP(return, "a real device does not wait when asked to");
	ASSERT_TRUE(make_group(crowd));
	for (int i = 0; i < COUNT; i++)
		pids[i] = proc_spawn(toil, crowd);
	ASSERT_TRUE(crowd_ready(crowd));
	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, PATIENCE));
	ASSERT_EQ(0, inject_set(crowd->queue.device,
				INJECT_HANG_ENGINES | INJECT_HANG_DRAIN));
	EXPECT_GT(crowd->accepted, crowd->done);
	trace_read(&trace);
	killed = trace.count;

	ASSERT_EQ(0, proc_write_file(GROUP "/cgroup.kill", "1"));
	EXPECT_TRUE(wait_until_all_queue(pids));
	ASSERT_EQ(0, inject_set(crowd->queue.device, 0));
	ASSERT_TRUE(reap(pids));
	EXPECT_EQ(0, unfinished(crowd));
	EXPECT_TRUE(stays_quiet(crowd));

	trace_read(&trace);
	EXPECT_LT(0, drains(killed));
	EXPECT_GE(FEW, drains(killed));
	EXPECT_EQ(COUNT, good_lives(proc_now()));
	EXPECT_EQ(COUNT, mms_freed());
}

static void be_init(struct crowd *crowd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < COUNT; i++)
		proc_spawn(toil, crowd);
	for (;;)
		pause();
}

/* With the patience that a machine is born with, and whatever the others do. */
TEST_F_TIMEOUT(crowd, pid_namespace, TIMEOUT_S)
{
	struct crowd *crowd = self->crowd;
	uint64_t waited;
	pid_t init;
	int status;

	fflush(NULL);
	init = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	ASSERT_LE(0, init);
	if (!init)
		be_init(crowd);
	ASSERT_TRUE(crowd_ready(crowd));
	EXPECT_GT(crowd->accepted, crowd->done);

	kill(init, SIGKILL);
	waited = proc_wait(init, BOUND_MS, &status);
	ASSERT_NE(0, waited);
	EXPECT_EQ(0, unfinished(crowd));
	EXPECT_TRUE(stays_quiet(crowd));

	trace_read(&trace);
	EXPECT_GE(COUNT, drains(0));
	EXPECT_EQ(COUNT, good_lives(waited));
	EXPECT_EQ(COUNT, mms_freed());
}

TEST_HARNESS_MAIN
