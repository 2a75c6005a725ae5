// SPDX-License-Identifier: GPL-2.0
/*
 * The ways in which a process with an off-CPU task ends, and what has to be
 * left of it: nothing.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "inject.h"
#include "victim.h"

#define EACH_MS	15
#define COUNT	6
#define SOON_MS	2000
#define SLOWDOWN 32	/* times, until they die */

static struct trace trace;

FIXTURE(exit) {
	struct queue queue;
	struct victim *victim;
	uint64_t tmpfs_free;
};

FIXTURE_VARIANT(exit) {
	bool dedicated;
};

FIXTURE_VARIANT_ADD(exit, shared) { .dedicated = false };
FIXTURE_VARIANT_ADD(exit, dedicated) { .dedicated = true };

FIXTURE_SETUP(exit)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, variant->dedicated));
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, proc_tmpfs());
	self->tmpfs_free = proc_tmpfs_free();
	self->victim = victim_alloc(&self->queue);
	self->victim->count = COUNT;
	self->victim->each_ms = EACH_MS;
	self->victim->map_tmpfile = true;
}

FIXTURE_TEARDOWN(exit)
{
	trace_stop(&trace);
}

static bool queue_is_idle(const struct queue *queue)
{
	return queue_attr_u64(queue->name, "clients") == 0;
}

/* The portal's VMA holds the file, the file the task, the task the mm. */
TEST_F(exit, mmap_recursion)
{
	struct victim *victim = self->victim;

	victim->close_file = true;
	ASSERT_TRUE(victim_start(victim)) TH_LOG("%s", strerror(-victim->error));
	/* It does hold memory while it lives. */
	ASSERT_LE(proc_tmpfs_free() + VICTIM_FILE_BYTES / 4096, self->tmpfs_free);
	ASSERT_TRUE(victim_end(victim));
	EXPECT_TRUE(victim_left_nothing(victim, &trace, self->tmpfs_free));
	EXPECT_TRUE(queue_is_idle(&self->queue));
}

TEST_F(exit, without_work)
{
	struct trace_life life;

	self->victim->count = 0;
	ASSERT_TRUE(victim_start(self->victim));
	ASSERT_TRUE(victim_end(self->victim));
	ASSERT_TRUE(trace_one_life(&trace, self->victim->pid, &life, SOON_MS));
	EXPECT_TRUE(trace_in_order(&trace, &life));
	EXPECT_TRUE(trace_says(&trace, life.kill, "cause", "exit"));
	EXPECT_TRUE(victim_left_nothing(self->victim, &trace, self->tmpfs_free));
}

TEST_F(exit, by_itself_with_work_in_flight)
{
	struct trace_life life;

	self->victim->death = VICTIM_EXITS;
	ASSERT_TRUE(victim_run(self->victim));
	EXPECT_EQ(0, self->victim->unfinished);
	EXPECT_TRUE(work_complete(self->victim->work));
	ASSERT_TRUE(trace_one_life(&trace, self->victim->pid, &life, SOON_MS));
	EXPECT_TRUE(trace_says(&trace, life.kill, "cause", "exit"));
	EXPECT_TRUE(victim_left_nothing(self->victim, &trace, self->tmpfs_free));
}

TEST_F(exit, by_segmentation_fault)
{
	struct trace_life life;

	self->victim->death = VICTIM_SEGFAULTS;
	ASSERT_TRUE(victim_run(self->victim));
	EXPECT_EQ(0, self->victim->unfinished);
	EXPECT_TRUE(work_stays_quiet(self->victim->work));
	ASSERT_TRUE(trace_one_life(&trace, self->victim->pid, &life, SOON_MS));
	EXPECT_TRUE(trace_in_order(&trace, &life));
	EXPECT_TRUE(trace_says(&trace, life.kill, "cause", "exit"));
	EXPECT_TRUE(victim_left_nothing(self->victim, &trace, self->tmpfs_free));
}

/* close() and munmap() while it lives: the driver unbinds, and frees. */
TEST_F(exit, close_unbinds)
{
	struct trace_life life;

	self->victim->death = VICTIM_CLOSES;
	ASSERT_TRUE(victim_run(self->victim));
	EXPECT_EQ(0, self->victim->unfinished);
	ASSERT_TRUE(trace_one_life(&trace, self->victim->pid, &life, SOON_MS));
	EXPECT_TRUE(trace_in_order(&trace, &life));
	EXPECT_TRUE(trace_says(&trace, life.kill, "cause", "unbind"));
	EXPECT_TRUE(trace_is_reaped(&trace, &life, SOON_MS));
	EXPECT_TRUE(victim_left_nothing(self->victim, &trace, self->tmpfs_free));
}

/* A task that exit killed is freed as well: its driver reaps it. */
TEST_F(exit, killed_task_is_reaped)
{
	struct trace_life life;

	ASSERT_TRUE(victim_start(self->victim));
	ASSERT_TRUE(victim_end(self->victim));
	ASSERT_TRUE(trace_one_life(&trace, self->victim->pid, &life, SOON_MS));
	EXPECT_TRUE(trace_is_reaped(&trace, &life, SOON_MS));
	EXPECT_TRUE(queue_is_idle(&self->queue));
}

/* ---- several tasks, several threads ---- */

struct pair {
	struct victim *victim[2];	/* work and queue of each */
	atomic_int ready;
	int error;
};

/* 0: as fast as it can */
static void slow_down(const struct pair *pair, unsigned int times)
{
	for (int i = 0; i < 2; i++)
		inject_slow(pair->victim[i]->queue.device, times);
}

static void bind_both(void *arg)
{
	struct pair *pair = arg;
	struct portal portal[2];

	for (int i = 0; i < 2 && !pair->error; i++) {
		pair->error = portal_open(&portal[i], &pair->victim[i]->queue);
		if (!pair->error)
			pair->error = work_prepare(pair->victim[i]->work, &portal[i],
						   EACH_MS);
	}
	slow_down(pair, SLOWDOWN);
	for (int i = 0; i < 2 && !pair->error; i++)
		work_submit(pair->victim[i]->work, &portal[i], COUNT);
	pair->ready = 1;
	for (;;)
		pause();
}

/* All of an mm's tasks begin to drain before the first is waited for. */
TEST_F(exit, two_tasks_drain_in_parallel)
{
	struct pair *pair = proc_shared(sizeof(*pair));
	struct trace_life life[2];
	struct queue other;
	int status;
	pid_t pid;

	ASSERT_EQ(0, queue_find(&other, !variant->dedicated));
	pair->victim[0] = self->victim;
	pair->victim[1] = victim_alloc(&other);
	pid = proc_spawn(bind_both, pair);
	ASSERT_TRUE(proc_wait_flag(&pair->ready, 1, VICTIM_TIMEOUT_MS));
	ASSERT_EQ(0, pair->error);
	EXPECT_LT(0, work_in_flight(pair->victim[0]->work));
	EXPECT_LT(0, work_in_flight(pair->victim[1]->work));
	kill(pid, SIGKILL);
	slow_down(pair, 0);
	ASSERT_NE(0, proc_wait(pid, VICTIM_TIMEOUT_MS, &status));
	trace_read(&trace);
	ASSERT_EQ(2, trace_lives(&trace, pid, life, 2));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, work_in_flight(pair->victim[i]->work));
		EXPECT_TRUE(trace_in_order(&trace, &life[i]));
		EXPECT_TRUE(trace_before(&trace, life[i].kill, life[!i].drained));
	}
}

/* Stages that the threads of the next test go through, one after the other. */
enum { BOUND = 1, FIRST_GONE, LEADER_MAY_GO, LAST_MAY_WORK, WORKED, LAST_MAY_GO };

struct threads {
	struct queue queue;
	struct portal portal;
	struct work *work;
	atomic_int stage;
	int error;
};

static void *first_thread(void *arg)
{
	return arg;
}

static void *last_thread(void *arg)
{
	struct threads *t = arg;

	proc_wait_flag(&t->stage, LAST_MAY_WORK, VICTIM_TIMEOUT_MS);
	desc_memmove(&t->work->trial, t->work->dst, t->work->src, t->work->chunk);
	if (portal_submit(&t->portal, &t->work->trial.hw) < 0 ||
	    desc_wait(&t->work->trial.record, VICTIM_TIMEOUT_MS) != DSA_COMP_SUCCESS)
		t->error = -EIO;
	work_submit(t->work, &t->portal, COUNT);
	t->stage = WORKED;
	proc_wait_flag(&t->stage, LAST_MAY_GO, VICTIM_TIMEOUT_MS);
	return NULL;
}

static void lead(void *arg)
{
	struct threads *t = arg;
	pthread_t first, last;

	t->error = portal_open(&t->portal, &t->queue);
	if (!t->error)
		t->error = work_prepare(t->work, &t->portal, EACH_MS);
	t->stage = BOUND;
	if (t->error)
		return;
	pthread_create(&last, NULL, last_thread, t);
	pthread_create(&first, NULL, first_thread, t);
	pthread_join(first, NULL);
	t->stage = FIRST_GONE;
	proc_wait_flag(&t->stage, LEADER_MAY_GO, VICTIM_TIMEOUT_MS);
	pthread_exit(NULL);
}

/* A leader whose other threads live on is a zombie that nobody can reap. */
static bool wait_for_zombie(pid_t pid)
{
	uint64_t deadline = proc_now() + SOON_MS * NSEC_PER_MSEC;
	char path[64], line[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (proc_now() < deadline) {
		if (proc_read_file(path, line, sizeof(line)))
			return false;
		state = strrchr(line, ')');
		if (state && state[2] == 'Z')
			return true;
		proc_nap();
	}
	return false;
}

TEST_F(exit, threads_one_by_one)
{
	struct threads *t = proc_shared(sizeof(*t));
	struct trace_life life;
	int status;
	pid_t pid;

	t->queue = self->queue;
	t->work = work_alloc();
	pid = proc_spawn(lead, t);
	ASSERT_TRUE(proc_wait_flag(&t->stage, FIRST_GONE, VICTIM_TIMEOUT_MS));
	ASSERT_EQ(0, t->error);
	trace_read(&trace);
	ASSERT_EQ(1, trace_lives(&trace, pid, &life, 1));
	EXPECT_EQ(-1, life.kill);

	t->stage = LEADER_MAY_GO;
	ASSERT_TRUE(wait_for_zombie(pid));
	t->stage = LAST_MAY_WORK;
	ASSERT_TRUE(proc_wait_flag(&t->stage, WORKED, VICTIM_TIMEOUT_MS));
	EXPECT_EQ(0, t->error);
	trace_read(&trace);
	trace_lives(&trace, pid, &life, 1);
	EXPECT_EQ(-1, life.kill);

	t->stage = LAST_MAY_GO;
	ASSERT_NE(0, proc_wait(pid, VICTIM_TIMEOUT_MS, &status));
	EXPECT_EQ(0, work_in_flight(t->work));
	ASSERT_TRUE(trace_one_life(&trace, pid, &life, SOON_MS));
	EXPECT_TRUE(trace_in_order(&trace, &life));
	EXPECT_TRUE(trace_says(&trace, life.kill, "cause", "exit"));
}

TEST_HARNESS_MAIN
