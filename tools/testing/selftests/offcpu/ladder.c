// SPDX-License-Identifier: GPL-2.0
/*
 * A broken device never holds a process: drain, then abort, then isolate, each
 * for as long as kernel.offcpu_drain_timeout_ms says.  For an emulated device,
 * which can be told to hang.  One that is slow is told to abort, and nobody else
 * notices; one that hangs is isolated, its other users get an error and can go
 * on once it was reset; other devices go on in any case.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../idxd/file.h"
#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "inject.h"
#include "list.h"
#include "victim.h"

#define TIMEOUT_FILE	"/proc/sys/kernel/offcpu_drain_timeout_ms"
#define TIMEOUT_MS	600
#define SLACK_MS	2000	/* what the machine may need beside the rungs */
#define SLOW		400	/* times: some seconds of work, of which little is done */
#define USABLE_MS	10000
#define NOOP_MS		500
#define EACH_MS		10
#define WITNESS_BOUND	"/sys/kernel/debug/vtd-witness/bound"
#define WITNESS_MS	"100"
#define WATCH_MS	1000
#define COUNT		8

static struct trace trace;

FIXTURE(ladder) {
	struct queue queue;
	struct victim *victim;
	char timeout[16];	/* as it was */
};

FIXTURE_VARIANT(ladder) {
	bool dedicated;
	uint32_t inject;
	uint32_t slow;
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

/* Once all is to be given up, what is left fails and the drain ends by that. */
FIXTURE_VARIANT_ADD(ladder, shared_slow) {
	.slow = SLOW, .rung = "abort", .rungs = 1,
};

FIXTURE_VARIANT_ADD(ladder, dedicated_slow) {
	.dedicated = true, .slow = SLOW, .rung = "abort", .rungs = 1,
};

FIXTURE_VARIANT_ADD(ladder, shared_abort_hangs) {
	.inject = INJECT_HANG_ABORT, .slow = SLOW,
	.rung = "isolate", .rungs = 2,
};

static int behave(const char *device, uint32_t bits, uint32_t slow)
{
	int ret = inject_slow(device, slow);

	return ret ? ret : inject_set(device, bits);
}

static int set_timeout(unsigned int ms)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", ms);
	return proc_write_file(TIMEOUT_FILE, text);
}

/* Rungs that are short, and the trace of what is climbed. */
static int shorten(char *timeout, int len)
{
	int ret = trace_start(&trace);

	if (!ret)
		ret = proc_read_file(TIMEOUT_FILE, timeout, len);
	return ret ? ret : set_timeout(TIMEOUT_MS);
}

/* Whatever happened, who comes next finds a device that works. */
static void restore(struct queue *queue, bool dedicated, const char *timeout)
{
	behave(queue->device, 0, 1);
	trace_stop(&trace);
	inject_wait_usable(queue, dedicated);
	proc_write_file(TIMEOUT_FILE, timeout);
}

FIXTURE_SETUP(ladder)
{
	int ret;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_TRUE(inject_wait_usable(&self->queue, variant->dedicated));
	ret = behave(self->queue.device, 0, 1);
	if (ret == -ENODEV)
		SKIP(return, "a real device does not hang when asked to");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, shorten(self->timeout, sizeof(self->timeout)));
	self->victim = victim_alloc(&self->queue);
	self->victim->count = COUNT;
	self->victim->each_ms = EACH_MS;
}

FIXTURE_TEARDOWN(ladder)
{
	restore(&self->queue, variant->dedicated, self->timeout);
}

static uint32_t misbehave_bits;

static void misbehave(struct victim *victim, bool dying)
{
	if (dying)
		inject_set(victim->queue.device, misbehave_bits);
	else
		behave(victim->queue.device, 0, 1);
}

static bool run(struct victim *victim, uint32_t bits, uint32_t slow)
{
	misbehave_bits = bits;
	victim->slow = slow;
	if (!victim->meddle)
		victim->meddle = misbehave;
	return victim_run(victim);
}

/* Within the rungs that it takes, and no other. */
static uint64_t bound(unsigned int rungs)
{
	return (rungs * TIMEOUT_MS + SLACK_MS) * NSEC_PER_MSEC;
}

TEST_F(ladder, exit_is_bounded_and_device_quiet)
{
	struct victim *victim = self->victim;
	struct trace_life life;

	ASSERT_TRUE(run(victim, variant->inject, variant->slow))
		TH_LOG("%s", strerror(-victim->error));
	EXPECT_LE(victim->waited - victim->killed, bound(variant->rungs));

	ASSERT_TRUE(trace_one_life(&trace, victim->pid, &life, 2000));
	EXPECT_TRUE(trace_in_order(&trace, &life));
	EXPECT_TRUE(trace_says(&trace, life.drained, "rung", variant->rung));
	EXPECT_LE(trace.events[life.dead].time, victim->waited + 1000);

	/* What the device was in the middle of is gone, not only late. */
	ASSERT_EQ(0, behave(self->queue.device, 0, 1));
	EXPECT_TRUE(work_stays_quiet(victim->work));

	/* Who comes next finds a queue that works. */
	ASSERT_TRUE(inject_wait_usable(&self->queue, variant->dedicated));
	victim = victim_alloc(&self->queue);
	victim->count = COUNT;
	victim->each_ms = EACH_MS;
	ASSERT_TRUE(run(victim, 0, 0)) TH_LOG("%s", strerror(-victim->error));
	EXPECT_EQ(0, victim->unfinished);
	EXPECT_TRUE(work_complete(victim->work));
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

	/* A dedicated queue has one user: the other task is on the shared one. */
	second_queue = self->queue;
	if (variant->dedicated)
		ASSERT_EQ(0, queue_find(&second_queue, false));
	victim->pass_on = open_once_more;
	ASSERT_TRUE(run(victim, variant->inject, variant->slow))
		TH_LOG("%s", strerror(-victim->error));
	EXPECT_LE(victim->waited - victim->killed, bound(variant->rungs));
}

/* What the others have, while the victim dies. */
struct others {
	struct queue shared;	/* of the same device */
	struct portal near;	/* the test's own, on that */
	struct desc *desc;	/* in flight there when the victim is killed */
	bool submitted;
	struct queue second;	/* of another device */
	atomic_int rounds;	/* that a child made there, one descriptor each */
	atomic_int failed;	/* of these */
};

static struct others *others;

static void misbehave_to_others(struct victim *victim, bool dying)
{
	/* Once: another victim may be needed, and the first may have cost it. */
	if (dying && !others->submitted) {
		others->submitted = true;
		portal_submit_once(&others->near, &others->desc->hw);
	}
	misbehave(victim, dying);
}

/* A child at work on another device, until it is killed. */
static void work_far_away(void *arg)
{
	struct desc *desc = proc_shared(sizeof(*desc));
	struct portal far;

	if (portal_open(&far, &others->second)) {
		others->failed++;
		return;
	}
	for (;;) {
		desc_init(desc, DSA_OPCODE_NOOP);
		if (portal_submit(&far, &desc->hw) < 0 ||
		    desc_wait(&desc->record, USABLE_MS) != DSA_COMP_SUCCESS)
			others->failed++;
		others->rounds++;
	}
}

static bool near_works(void)
{
	desc_init(others->desc, DSA_OPCODE_NOOP);
	return portal_submit(&others->near, &others->desc->hw) >= 0 &&
	       desc_wait(&others->desc->record, USABLE_MS) == DSA_COMP_SUCCESS;
}

/* An error of somebody's on the queue is an event as well. */
static bool wait_for_hangup(int fd)
{
	uint64_t deadline = proc_now() + USABLE_MS * NSEC_PER_MSEC;

	while (!(file_poll(fd, 1) & (POLLHUP | POLLERR)))
		if (proc_now() > deadline)
			return false;
	return true;
}

static pid_t start_far(struct __test_metadata *_metadata)
{
	pid_t child;

	ASSERT_EQ(0, queue_find_on(&others->second, 1, false));
	child = proc_spawn(work_far_away, NULL);
	ASSERT_TRUE(proc_wait_flag(&others->rounds, 1, USABLE_MS));
	return child;
}

/* It has noticed nothing. */
static void end_far(struct __test_metadata *_metadata, pid_t far)
{
	int status;

	EXPECT_TRUE(proc_wait_flag(&others->rounds, others->rounds + 1,
				   USABLE_MS));
	EXPECT_EQ(0, others->failed);
	kill(far, SIGKILL);
	EXPECT_NE(0, proc_wait(far, USABLE_MS, &status));
	EXPECT_EQ(0, queue_release_device(1));
}

static pid_t start_others(struct __test_metadata *_metadata)
{
	others = proc_shared(sizeof(*others));
	others->desc = proc_shared(sizeof(*others->desc));
	ASSERT_EQ(0, queue_find_on(&others->shared, 0, false));
	ASSERT_EQ(0, portal_open(&others->near, &others->shared));
	ASSERT_TRUE(near_works());
	desc_init(others->desc, DSA_OPCODE_NOOP);
	return start_far(_metadata);
}

TEST_F(ladder, others_go_on)
{
	struct victim *victim = self->victim;
	int rounds;
	pid_t far;

	if (access("/sys/bus/dsa/devices/dsa1", F_OK))
		SKIP(return, "only one DSA device");
	far = start_others(_metadata);
	rounds = others->rounds;
	victim->meddle = misbehave_to_others;
	ASSERT_TRUE(run(victim, variant->inject, variant->slow))
		TH_LOG("%s", strerror(-victim->error));
	ASSERT_EQ(0, behave(self->queue.device, 0, 1));
	/* Another device notices nothing at all. */
	EXPECT_GT(others->rounds, rounds);

	/* On the same one: nothing, or an error and then a device that works. */
	if (!strcmp(variant->rung, "abort")) {
		EXPECT_EQ(DSA_COMP_SUCCESS, desc_wait(&others->desc->record,
						      USABLE_MS));
		EXPECT_FALSE(file_poll(others->near.fd, 0) & (POLLHUP | POLLERR));
	} else {
		EXPECT_TRUE(wait_for_hangup(others->near.fd));
		EXPECT_EQ(ENODEV, file_map_errno(others->near.fd));
		portal_close(&others->near);
		ASSERT_TRUE(inject_wait_usable(&others->shared, false));
		ASSERT_EQ(0, portal_open(&others->near, &others->shared));
	}
	EXPECT_TRUE(near_works());
	portal_close(&others->near);
	end_far(_metadata, far);
}

/* ---- several tasks on one device, of which one is killed ---- */

#define NEIGHBOURS	2
#define STUCK		(INJECT_HANG_ENGINES | INJECT_HANG_DRAIN | INJECT_HANG_ABORT)

enum { NEAR_READY = 1, NEAR_GO, NEAR_BUSY, NEAR_LOST, NEAR_BACK };

struct neighbour {
	struct queue queue;
	struct portal portal;
	struct desc desc;	/* in flight when the other one is killed, */
	struct work *work;	/* or that */
	pid_t pid;
	atomic_int step;
	int error;
	int events, map, write, signal;
	bool copied;		/* once the device was there again */
};

static struct neighbour *neighbours;

static void lose(struct neighbour *near)
{
	struct portal *portal = &near->portal;

	if (!wait_for_hangup(portal->fd))
		near->error = -ETIMEDOUT;
	near->events = file_poll(portal->fd, 0) & (POLLHUP | POLLERR);
	near->map = file_map_errno(portal->fd);
	near->write = file_write_errno(portal->fd);
	near->signal = file_wait_signal(portal, USABLE_MS);
	portal_close(portal);
	near->step = NEAR_LOST;
}

static void come_back(struct neighbour *near)
{
	if (near->error || !proc_wait_flag(&near->step, NEAR_BACK, 2 * USABLE_MS))
		return;
	near->error = portal_open(&near->portal, &near->queue);
	near->copied = !near->error && file_portal_copies(&near->portal);
}

static void lose_and_return(void *arg)
{
	struct neighbour *near = arg;

	near->error = portal_open(&near->portal, &near->queue);
	near->step = NEAR_READY;
	if (near->error || !proc_wait_flag(&near->step, NEAR_GO, USABLE_MS))
		return;
	desc_init(&near->desc, DSA_OPCODE_NOOP);
	if (!portal_submit_once(&near->portal, &near->desc.hw))
		near->error = -EAGAIN;
	near->step = NEAR_BUSY;
	lose(near);
	come_back(near);
}

static void start_neighbours(struct __test_metadata *_metadata,
			     const struct queue *queue)
{
	neighbours = proc_shared(NEIGHBOURS * sizeof(*neighbours));
	for (int i = 0; i < NEIGHBOURS; i++) {
		struct neighbour *near = &neighbours[i];

		near->queue = *queue;
		near->pid = proc_spawn(lose_and_return, near);
		ASSERT_TRUE(proc_wait_flag(&near->step, NEAR_READY, USABLE_MS));
		ASSERT_EQ(0, near->error);
	}
}

/* All of them have work there when it hangs. */
static void hang_for_all(struct victim *victim, bool dying)
{
	if (!dying)
		return;
	inject_set(victim->queue.device, STUCK);
	for (int i = 0; i < NEIGHBOURS; i++) {
		neighbours[i].step = NEAR_GO;
		proc_wait_flag(&neighbours[i].step, NEAR_BUSY, USABLE_MS);
	}
}

static void expect_lost(struct __test_metadata *_metadata, struct neighbour *near,
			int error)
{
	ASSERT_TRUE(proc_wait_flag(&near->step, NEAR_LOST, USABLE_MS));
	EXPECT_EQ(0, near->error) TH_LOG("%s", strerror(-near->error));
	EXPECT_EQ(0, near->desc.record.status);
	EXPECT_EQ(POLLHUP | POLLERR, near->events);
	EXPECT_EQ(error, near->map);
	EXPECT_EQ(error, near->write);
	EXPECT_EQ(SIGBUS, near->signal);
}

/* One of them goes on to have its device back. */
static void expect_return(struct __test_metadata *_metadata, struct neighbour *near)
{
	EXPECT_EQ(0, near->error) TH_LOG("%s", strerror(-near->error));
	EXPECT_TRUE(near->copied);
}

FIXTURE(several) {
	struct queue queue;
	char timeout[16];
};

FIXTURE_SETUP(several)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_TRUE(inject_wait_usable(&self->queue, false));
	if (behave(self->queue.device, 0, 1))
		SKIP(return, "a real device does not hang when asked to");
	if (access("/sys/bus/dsa/devices/dsa1", F_OK))
		SKIP(return, "only one DSA device");
	ASSERT_EQ(0, shorten(self->timeout, sizeof(self->timeout)));
}

FIXTURE_TEARDOWN(several)
{
	restore(&self->queue, false, self->timeout);
}

/* Each has a PASID of its own, and there is nothing that the device obeys. */
TEST_F(several, one_dies)
{
	struct victim *victim = victim_alloc(&self->queue);
	struct trace_life life;
	int rounds, status;
	pid_t far;

	others = proc_shared(sizeof(*others));
	far = start_far(_metadata);
	start_neighbours(_metadata, &self->queue);
	rounds = others->rounds;
	victim->count = COUNT;
	victim->each_ms = EACH_MS;
	victim->meddle = hang_for_all;
	ASSERT_TRUE(run(victim, STUCK, SLOW)) TH_LOG("%s", strerror(-victim->error));
	EXPECT_GT(others->rounds, rounds);
	EXPECT_LE(victim->waited - victim->killed, bound(2));
	EXPECT_TRUE(work_stays_quiet(victim->work));
	ASSERT_TRUE(trace_one_life(&trace, victim->pid, &life, SLACK_MS));
	EXPECT_TRUE(trace_says(&trace, life.drained, "rung", "isolate"));
	for (int i = 0; i < NEIGHBOURS; i++) {
		expect_lost(_metadata, &neighbours[i], ENODEV);
		ASSERT_TRUE(trace_one_life(&trace, neighbours[i].pid, &life,
					   SLACK_MS));
		EXPECT_TRUE(trace_says(&trace, life.kill, "cause", "device"));
	}

	ASSERT_EQ(0, behave(self->queue.device, 0, 1));
	ASSERT_TRUE(inject_wait_usable(&self->queue, false));
	for (int i = 0; i < NEIGHBOURS; i++) {
		neighbours[i].step = NEAR_BACK;
		ASSERT_NE(0, proc_wait(neighbours[i].pid, USABLE_MS, &status));
		expect_return(_metadata, &neighbours[i]);
	}
	end_far(_metadata, far);
}

/* All of @neighbours in one process: one PASID. */
static void be_siblings(void *arg)
{
	struct neighbour *last = &neighbours[NEIGHBOURS - 1], *near;

	for (near = neighbours; near <= last; near++) {
		near->error = portal_open(&near->portal, &near->queue);
		if (!near->error)
			near->error = work_prepare(near->work, &near->portal,
						   EACH_MS);
	}
	last->step = NEAR_READY;
	if (!proc_wait_flag(&last->step, NEAR_GO, USABLE_MS))
		return;
	for (near = neighbours; near <= last; near++)
		work_submit(near->work, &near->portal, COUNT);
	last->step = NEAR_BUSY;
	for (near = neighbours; near <= last; near++)
		lose(near);
	for (near = neighbours; near <= last; near++)
		come_back(near);
}

static pid_t start_siblings(struct __test_metadata *_metadata,
			    const struct queue *queue)
{
	struct neighbour *last;
	pid_t pid;

	neighbours = proc_shared(NEIGHBOURS * sizeof(*neighbours));
	last = &neighbours[NEIGHBOURS - 1];
	for (int i = 0; i < NEIGHBOURS; i++)
		neighbours[i].work = work_alloc();
	neighbours[0].queue = *queue;
	ASSERT_EQ(0, queue_find(&neighbours[1].queue, true));
	ASSERT_STREQ(queue->device, neighbours[1].queue.device);
	pid = proc_spawn(be_siblings, NULL);
	ASSERT_TRUE(proc_wait_flag(&last->step, NEAR_READY, USABLE_MS));
	for (int i = 0; i < NEIGHBOURS; i++)
		ASSERT_EQ(0, neighbours[i].error);
	ASSERT_EQ(0, behave(queue->device, 0, SLOW));
	last->step = NEAR_GO;
	ASSERT_TRUE(proc_wait_flag(&last->step, NEAR_BUSY, USABLE_MS));
	for (int i = 0; i < NEIGHBOURS; i++)
		ASSERT_LT(0, work_in_flight(neighbours[i].work));
	return pid;
}

/*
 * Two tasks have one PASID, and one of them is killed: what the other one has there
 * would keep the drain from its end.  It goes, too; the device stays, for others.
 */
TEST_F(several, sibling_goes_along)
{
	struct trace_life life[NEIGHBOURS];
	struct list_row row;
	uint64_t start;
	int status;
	pid_t pid;

	others = proc_shared(sizeof(*others));
	others->desc = proc_shared(sizeof(*others->desc));
	ASSERT_EQ(0, portal_open(&others->near, &self->queue));
	ASSERT_TRUE(near_works());
	pid = start_siblings(_metadata, &self->queue);
	ASSERT_EQ(0, list_find(list_of(pid), 0, pid, &row));
	desc_init(others->desc, DSA_OPCODE_NOOP);
	ASSERT_TRUE(portal_submit_once(&others->near, &others->desc->hw));
	start = proc_now();
	EXPECT_EQ(0, list_kill(row.id));
	EXPECT_LE(proc_now() - start, bound(1));

	for (int i = 0; i < NEIGHBOURS; i++)
		expect_lost(_metadata, &neighbours[i], EOWNERDEAD);
	trace_read(&trace);
	ASSERT_EQ(NEIGHBOURS, trace_lives(&trace, pid, life, NEIGHBOURS));
	EXPECT_TRUE(trace_says(&trace, life[0].kill, "cause", "admin"));
	EXPECT_TRUE(trace_says(&trace, life[0].drained, "rung", "abort"));
	EXPECT_TRUE(trace_says(&trace, life[1].kill, "cause", "sibling"));
	EXPECT_FALSE(trace_says(&trace, life[1].drained, "rung", "isolate"));

	/* Who has another PASID did not notice. */
	EXPECT_EQ(DSA_COMP_SUCCESS, desc_wait(&others->desc->record, USABLE_MS));
	EXPECT_FALSE(file_poll(others->near.fd, 0) & (POLLHUP | POLLERR));
	ASSERT_EQ(0, behave(self->queue.device, 0, 1));
	for (int i = 0; i < NEIGHBOURS; i++)
		EXPECT_TRUE(work_stays_quiet(neighbours[i].work));
	EXPECT_TRUE(near_works());
	portal_close(&others->near);
	for (int i = 0; i < NEIGHBOURS; i++)
		neighbours[i].step = NEAR_BACK;
	ASSERT_NE(0, proc_wait(pid, USABLE_MS, &status));
	for (int i = 0; i < NEIGHBOURS; i++)
		expect_return(_metadata, &neighbours[i]);
}

/*
 * A device that has lost bus mastership halts, and can't tell, because interrupts
 * are writes to memory.  Who comes next notices, and has it reset.
 */
TEST(lost_mastership_is_noticed)
{
	struct queue queue;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_TRUE(inject_wait_usable(&queue, false));
	ASSERT_EQ(0, inject_no_master(queue.device));
	EXPECT_EQ(ENODEV, file_open_errno(&queue));
	EXPECT_TRUE(inject_wait_usable(&queue, false));
}

/*
 * The same when no reset helps, at first: nothing is attached, so nothing but the
 * isolation flushes what the IOMMU caches of the function.  It says so, see
 * vtd-witness, if it has that for longer than WITNESS_MS.
 */
TEST(isolation_flushes_the_iommu)
{
	struct queue queue;
	uint64_t end;

	if (!queue_device_exists() || access(WITNESS_BOUND, F_OK))
		SKIP(return, "no DSA device, or nobody to watch its IOMMU");
	ASSERT_TRUE(inject_wait_usable(&queue, false));
	ASSERT_EQ(0, inject_set(queue.device, INJECT_IGNORE_FLR));
	ASSERT_EQ(0, proc_write_file(WITNESS_BOUND, WITNESS_MS));
	ASSERT_EQ(0, inject_no_master(queue.device));
	end = proc_now() + WATCH_MS * NSEC_PER_MSEC;
	while (proc_now() < end) {
		ASSERT_EQ(ENODEV, file_open_errno(&queue));
		proc_nap();
	}
	ASSERT_EQ(0, proc_write_file(WITNESS_BOUND, "0"));
	ASSERT_EQ(0, inject_set(queue.device, 0));
	EXPECT_TRUE(inject_wait_usable(&queue, false));
}

TEST_HARNESS_MAIN
