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

/* Those who die one after the other: two drains last, together for too long. */
#define LINE		3
#define RUNG_MS		3000
#define HOLD_MS		1800
#define LATE_MS		2400		/* the machine, and not the kernel */
#define ATTEMPTS	4

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

/* Asleep in exit; or dead, if the device was done with its work. */
static bool wait_until_it_queues(pid_t pid)
{
	uint64_t deadline = proc_now() + BOUND_MS * NSEC_PER_MSEC;
	char state;

	while ((state = proc_state(pid)) != 'I' && state != 'Z') {
		if (proc_now() > deadline)
			return false;
		proc_nap();
	}
	return true;
}

/* The first drain hangs for a moment: meanwhile all others queue behind it. */
static bool wait_until_all_queue(const pid_t *pids)
{
	for (int i = 0; i < COUNT; i++)
		if (!wait_until_it_queues(pids[i]))
			return false;
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

/* ---- one drain after the other ---- */

enum { BOUND = 1, GO, SUBMITTED };

struct in_line {
	struct queue queue;
	struct desc desc;
	pid_t pid;
	int error;
	atomic_int stage;
};

static void stand_in_line(void *arg)
{
	struct in_line *me = arg;
	struct portal portal;

	me->error = portal_open(&portal, &me->queue);
	me->stage = BOUND;
	if (me->error || !proc_wait_flag(&me->stage, GO, BOUND_MS))
		return;
	desc_init(&me->desc, DSA_OPCODE_NOOP);
	if (portal_submit_once(&portal, &me->desc.hw))
		me->stage = SUBMITTED;
	for (;;)
		pause();
}

static void line_up(struct __test_metadata *_metadata, struct in_line *one,
		    const struct queue *queue)
{
	*one = (struct in_line){ .queue = *queue };
	one->pid = proc_spawn(stand_in_line, one);
	ASSERT_TRUE(proc_wait_flag(&one->stage, BOUND, BOUND_MS));
	ASSERT_EQ(0, one->error);
}

static void kill_in_line(struct __test_metadata *_metadata, struct in_line *one)
{
	kill(one->pid, SIGKILL);
	ASSERT_TRUE(wait_until_it_queues(one->pid));
}

/* Have the device behave like that in a while.  False: it has taken too long. */
static bool hold(const struct queue *queue, uint64_t since, uint32_t bits)
{
	uint64_t until = since + HOLD_MS * NSEC_PER_MSEC;

	while (proc_now() < until)
		proc_nap();
	inject_set(queue->device, bits);
	return proc_now() - since < LATE_MS * NSEC_PER_MSEC;
}

/*
 * The first one's drain hangs though it has nothing to do; then that of the second,
 * which has; and the third waits for both.
 */
static bool die_in_line(struct __test_metadata *_metadata, struct in_line *line,
			const struct queue *queue)
{
	uint64_t since;
	bool in_time;
	int status;

	for (int i = 0; i < LINE; i++)
		line_up(_metadata, &line[i], queue);
	ASSERT_EQ(0, inject_set(queue->device,
				INJECT_HANG_ENGINES | INJECT_HANG_DRAIN));
	line[1].stage = GO;
	ASSERT_TRUE(proc_wait_flag(&line[1].stage, SUBMITTED, BOUND_MS));
	since = proc_now();
	for (int i = 0; i < LINE; i++)
		kill_in_line(_metadata, &line[i]);
	in_time = hold(queue, since, INJECT_HANG_ENGINES);
	since = proc_now();
	ASSERT_NE(0, proc_wait(line[0].pid, BOUND_MS, &status));
	in_time &= hold(queue, since, 0);
	for (int i = 1; i < LINE; i++)
		ASSERT_NE(0, proc_wait(line[i].pid, BOUND_MS, &status));
	return in_time;
}

/* Somebody lives, so that no command does for all. */
TEST_F_TIMEOUT(crowd, none_is_hurried_for_having_queued, TIMEOUT_S)
{
	struct queue *queue = &self->crowd->queue;
	struct in_line *line = proc_shared(LINE * sizeof(*line));
	struct trace_life life;
	struct portal portal;
	bool in_time = false;
	char text[16];

	if (!self->emulated)
		SKIP(return, "a real device does not hang when asked to");
	snprintf(text, sizeof(text), "%d", RUNG_MS);
	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, text));
	ASSERT_EQ(0, inject_slow(queue->device, 1));
	for (int i = 0; i < ATTEMPTS && !in_time; i++) {
		ASSERT_TRUE(inject_wait_usable(queue, false));
		ASSERT_EQ(0, portal_open(&portal, queue));
		in_time = die_in_line(_metadata, line, queue);
		portal_close(&portal);
	}
	ASSERT_TRUE(in_time);
	EXPECT_EQ(DSA_COMP_SUCCESS, line[1].desc.record.status);
	for (int i = 0; i < LINE; i++) {
		ASSERT_TRUE(trace_one_life(&trace, line[i].pid, &life, BOUND_MS));
		EXPECT_TRUE(trace_says(&trace, life.drained, "rung", "drain"));
	}
}

TEST_HARNESS_MAIN
