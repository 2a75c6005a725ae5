// SPDX-License-Identifier: GPL-2.0
/*
 * One address space with several CPU users: processes made by clone(CLONE_VM)
 * and vfork(), and threads.  Whoever leaves first, whoever had bound, the
 * off-CPU task lives until the last has left.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>

#include "../idxd/file.h"
#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "peer.h"
#include "start.h"
#include "victim.h"

#define EACH_MS		40
#define COUNT		8
#define LIMIT_S		120	/* a test; debug kernels are slow */
#define SOON_MS		2000
#define ROUNDS		40
#define THREADS		64
#define CROWDS		5
#define MAX_DELAY_NS	500000

static struct trace trace;

FIXTURE(share) {
	struct queue queue;
};

FIXTURE_VARIANT(share) {
	bool dedicated;
};

FIXTURE_VARIANT_ADD(share, shared) { .dedicated = false };
FIXTURE_VARIANT_ADD(share, dedicated) { .dedicated = true };

FIXTURE_SETUP(share)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, variant->dedicated));
	ASSERT_EQ(0, trace_start(&trace));
	peer_adopt();
}

FIXTURE_TEARDOWN(share)
{
	trace_stop(&trace);
}

/* How many tasks did it bind, and is none of them killed? */
static int alive(pid_t pid)
{
	struct trace_life life[2];
	int count;

	trace_read(&trace);
	count = trace_lives(&trace, pid, life, 2);
	for (int i = 0; i < count; i++)
		if (life[i].kill >= 0)
			return -1;
	return count;
}

/* It bound one task, which exit has killed, once. */
static bool killed_by_exit(pid_t pid)
{
	struct trace_life life;

	return trace_one_life(&trace, pid, &life, SOON_MS) &&
	       trace_in_order(&trace, &life) &&
	       trace_says(&trace, life.kill, "cause", "exit") &&
	       trace_says(&trace, life.drained, "rung", "drain") &&
	       trace_find(&trace, "offcpu_task_kill", "id", life.id,
			  life.kill + 1) < 0;
}

/* ---- two processes ---- */

enum { FIRST_WORKED = 1, FIRST_GONE, LAST_BUSY };

struct pair {
	struct queue queue;
	struct portal portal;
	struct work *work;
	bool opener_first;	/* to leave */
	bool vfork;
	bool copied[2];		/* by who leaves first, and by who goes on */
	pid_t opener, last;
	unsigned int in_flight;
	int error;
	atomic_int stage;
};

static void leave(void *arg)
{
	struct pair *pair = arg;

	pair->copied[0] = file_portal_copies(&pair->portal);
	pair->stage = FIRST_WORKED;
}

static void go_on(void *arg)
{
	struct pair *pair = arg;

	pair->last = getpid();
	/* The parent in a vfork() can't do anything but die. */
	if (pair->vfork && pair->opener_first)
		leave(pair);
	proc_wait_flag(&pair->stage, FIRST_GONE, VICTIM_TIMEOUT_MS);
	pair->copied[1] = file_portal_copies(&pair->portal);
	work_submit(pair->work, &pair->portal, COUNT);
	pair->in_flight = work_in_flight(pair->work);
	pair->stage = LAST_BUSY;
	for (;;)
		pause();
}

static void share(void *arg)
{
	struct pair *pair = arg;
	pid_t peer;
	int status;

	pair->error = portal_open(&pair->portal, &pair->queue);
	if (!pair->error)
		pair->error = work_prepare(pair->work, &pair->portal, EACH_MS);
	if (pair->error)
		return;
	peer = peer_spawn(pair->opener_first ? go_on : leave, pair, pair->vfork);
	if (pair->opener_first) {
		leave(pair);
		return;
	}
	if (!proc_wait(peer, VICTIM_TIMEOUT_MS, &status))
		return;
	pair->stage = FIRST_GONE;
	go_on(pair);
}

static void two_processes(struct __test_metadata *_metadata,
			  const struct queue *queue, bool opener_first, bool vfork)
{
	struct pair *pair = proc_shared(sizeof(*pair));
	int status;

	pair->queue = *queue;
	pair->work = work_alloc();
	pair->opener_first = opener_first;
	pair->vfork = vfork;
	pair->opener = proc_spawn(share, pair);
	ASSERT_TRUE(proc_wait_flag(&pair->stage, FIRST_WORKED, VICTIM_TIMEOUT_MS));
	ASSERT_EQ(0, pair->error);
	if (opener_first) {
		if (vfork)
			kill(pair->opener, SIGKILL);
		ASSERT_NE(0, proc_wait(pair->opener, VICTIM_TIMEOUT_MS, &status));
		EXPECT_EQ(1, alive(pair->opener));
		pair->stage = FIRST_GONE;
	}
	ASSERT_TRUE(proc_wait_flag(&pair->stage, LAST_BUSY, VICTIM_TIMEOUT_MS));
	EXPECT_TRUE(pair->copied[0]);
	EXPECT_TRUE(pair->copied[1]);
	EXPECT_EQ(COUNT, pair->work->submitted);
	EXPECT_NE(0, pair->in_flight);
	EXPECT_EQ(1, alive(pair->opener));

	kill(pair->last, SIGKILL);
	ASSERT_NE(0, proc_wait(pair->last, VICTIM_TIMEOUT_MS, &status));
	EXPECT_EQ(0, work_in_flight(pair->work));
	EXPECT_TRUE(work_complete(pair->work));
	EXPECT_TRUE(killed_by_exit(pair->opener));
	EXPECT_LE(0, trace_mm_freed(&trace, pair->opener, SOON_MS));
	EXPECT_EQ(0, queue_attr_u64(queue->name, "clients"));
}

TEST_F_TIMEOUT(share, clone_child_leaves_first, LIMIT_S)
{
	two_processes(_metadata, &self->queue, false, false);
}

TEST_F_TIMEOUT(share, clone_parent_leaves_first, LIMIT_S)
{
	two_processes(_metadata, &self->queue, true, false);
}

TEST_F_TIMEOUT(share, vfork_child_leaves_first, LIMIT_S)
{
	two_processes(_metadata, &self->queue, false, true);
}

TEST_F_TIMEOUT(share, vfork_parent_is_killed, LIMIT_S)
{
	two_processes(_metadata, &self->queue, true, true);
}

/* ---- both leave at once ---- */

struct race {
	struct queue queue;
	struct start start;
	uint64_t delay_ns[2];
	pid_t opener, peer;
};

static void race_as_peer(void *arg)
{
	struct race *race = arg;

	race->peer = getpid();
	start_line(&race->start, race->delay_ns[1]);
}

static void race_as_opener(void *arg)
{
	struct race *race = arg;
	struct portal portal;

	if (!portal_open(&portal, &race->queue) &&
	    peer_spawn(race_as_peer, race, false) > 0)
		start_line(&race->start, race->delay_ns[0]);
}

/* Each of them may see the other, or neither: the task is killed all the same. */
TEST_F_TIMEOUT(share, both_leave_at_once, 2 * LIMIT_S)
{
	struct race *race = proc_shared(sizeof(*race));
	int status;

	race->queue = self->queue;
	for (int round = 0; round < ROUNDS; round++) {
		race->start = (struct start){ .count = 2 };
		race->delay_ns[0] = start_delay(MAX_DELAY_NS);
		race->delay_ns[1] = start_delay(MAX_DELAY_NS);
		race->opener = proc_spawn(race_as_opener, race);
		ASSERT_NE(0, proc_wait(race->opener, VICTIM_TIMEOUT_MS, &status));
		ASSERT_NE(0, proc_wait(race->peer, VICTIM_TIMEOUT_MS, &status));
		ASSERT_TRUE(killed_by_exit(race->opener));
		ASSERT_LE(0, trace_mm_freed(&trace, race->opener, SOON_MS));
	}
	EXPECT_EQ(0, queue_attr_u64(self->queue.name, "clients"));
}

/* ---- many threads ---- */

enum { STARTED = 1, LEADER_GONE, LAST_WORKED, LAST_MAY_GO };

struct crowd {
	struct queue queue;
	struct portal portal;
	struct work *work;
	pid_t pid, tid[THREADS];	/* in the order in which they leave */
	sem_t turn[THREADS];
	bool at_once;
	atomic_int copies, stage;
	int error;
};

struct member {
	struct crowd *crowd;
	int turn;
};

/* Has the thread gone?  A leader becomes a zombie, another vanishes. */
static bool wait_for_leave(pid_t pid, pid_t tid)
{
	uint64_t deadline = proc_now() + VICTIM_TIMEOUT_MS * NSEC_PER_MSEC;
	char path[64], line[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	while (proc_now() < deadline) {
		if (proc_read_file(path, line, sizeof(line)))
			return true;
		state = strrchr(line, ')');
		if (state && state[2] == 'Z')
			return true;
		proc_nap();
	}
	return false;
}

static bool wait_for_turn(sem_t *turn)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += VICTIM_TIMEOUT_MS / 1000 * 6;
	return !sem_timedwait(turn, &until);
}

/* The last to have their turn: all, or one after the other has gone. */
static void take_turn(struct crowd *crowd, int turn)
{
	crowd->tid[turn] = gettid();
	if (!wait_for_turn(&crowd->turn[turn]))
		crowd->error = -ETIMEDOUT;
	if (turn && !crowd->at_once &&
	    !wait_for_leave(crowd->pid, crowd->tid[turn - 1]))
		crowd->error = -ETIMEDOUT;
	crowd->copies += file_portal_copies(&crowd->portal);
	if (crowd->at_once)
		return;
	if (turn < THREADS - 1) {
		sem_post(&crowd->turn[turn + 1]);
		return;
	}
	work_submit(crowd->work, &crowd->portal, COUNT);
	crowd->stage = LAST_WORKED;
	proc_wait_flag(&crowd->stage, LAST_MAY_GO, VICTIM_TIMEOUT_MS);
}

static void *in_the_crowd(void *arg)
{
	struct member *member = arg;

	take_turn(member->crowd, member->turn);
	return NULL;
}

/* The turns of all but the leader, which has the first, in random order. */
static void shuffle(struct member *members, struct crowd *crowd)
{
	for (int i = 0; i < THREADS; i++)
		members[i] = (struct member){ crowd, i };
	for (int i = THREADS - 1; i > 1; i--) {
		int other = 1 + rand() % i;
		int turn = members[i].turn;

		members[i].turn = members[other].turn;
		members[other].turn = turn;
	}
}

static void lead(void *arg)
{
	struct crowd *crowd = arg;
	struct member members[THREADS];
	pthread_t thread;

	crowd->pid = getpid();
	crowd->error = portal_open(&crowd->portal, &crowd->queue);
	if (!crowd->error)
		crowd->error = work_prepare(crowd->work, &crowd->portal, EACH_MS);
	shuffle(members, crowd);
	for (int i = 1; i < THREADS && !crowd->error; i++)
		crowd->error = -pthread_create(&thread, NULL, in_the_crowd,
					       &members[i]);
	crowd->stage = STARTED;
	if (crowd->error)
		return;
	for (int i = 0; i < (crowd->at_once ? THREADS : 1); i++)
		sem_post(&crowd->turn[i]);
	take_turn(crowd, 0);
	pthread_exit(NULL);
}

static struct crowd *crowd_start(const struct queue *queue, bool at_once)
{
	struct crowd *crowd = proc_shared(sizeof(*crowd));

	crowd->queue = *queue;
	crowd->work = work_alloc();
	crowd->at_once = at_once;
	for (int i = 0; i < THREADS; i++)
		sem_init(&crowd->turn[i], 1, 0);
	crowd->pid = proc_spawn(lead, crowd);
	return crowd;
}

/* The leader leaves first, the others in random order, each after some work. */
TEST_F_TIMEOUT(share, threads_leave_one_by_one, 2 * LIMIT_S)
{
	struct crowd *crowd = crowd_start(&self->queue, false);
	int status;

	ASSERT_TRUE(proc_wait_flag(&crowd->stage, LAST_WORKED,
				   6 * VICTIM_TIMEOUT_MS));
	EXPECT_EQ(0, crowd->error);
	EXPECT_EQ(THREADS, crowd->copies);
	EXPECT_EQ(1, alive(crowd->pid));

	crowd->stage = LAST_MAY_GO;
	ASSERT_NE(0, proc_wait(crowd->pid, VICTIM_TIMEOUT_MS, &status));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, work_in_flight(crowd->work));
	EXPECT_TRUE(killed_by_exit(crowd->pid));
	EXPECT_LE(0, trace_mm_freed(&trace, crowd->pid, SOON_MS));
}

/* All of them race to be the last. */
TEST_F_TIMEOUT(share, threads_leave_at_once, 2 * LIMIT_S)
{
	struct crowd *crowd;
	int status;

	for (int i = 0; i < CROWDS; i++) {
		crowd = crowd_start(&self->queue, true);
		ASSERT_NE(0, proc_wait(crowd->pid, VICTIM_TIMEOUT_MS, &status));
		ASSERT_EQ(0, status);
		ASSERT_EQ(0, crowd->error);
		ASSERT_EQ(THREADS, crowd->copies);
		ASSERT_TRUE(killed_by_exit(crowd->pid));
		ASSERT_LE(0, trace_mm_freed(&trace, crowd->pid, SOON_MS));
	}
	EXPECT_EQ(0, queue_attr_u64(self->queue.name, "clients"));
}

TEST_HARNESS_MAIN
