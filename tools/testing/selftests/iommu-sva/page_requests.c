// SPDX-License-Identifier: GPL-2.0
/*
 * Page requests by the hundred, with the queue of the IOMMU full again and again:
 * each is served in the end, whoever sent it.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "../idxd/desc.h"
#include "../idxd/pages.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"
#include "prq.h"

#define PAGE		4096
#define PAGES		8	/* of a descriptor's destination, each a fault */
#define DESCS		12	/* at a time; a dedicated queue takes as many */
#define ROUNDS		6
#define WAIT_MS		30000
#define NAPS		20	/* of proc_nap(), between two overflows */

/* What the processes of a test share. */
struct shared {
	atomic_int stop;
	atomic_int started;	/* rounds */
	atomic_int rounds;	/* done, and done right */
	uint8_t src[PAGES * PAGE];
};

struct sender {
	struct shared *shared;
	const struct queue *queue;
	int rounds;		/* 0: until somebody kills it */
};

struct filler {
	const struct prq *prq;
	pthread_t thread;
	atomic_int stop;
};

FIXTURE(page_requests) {
	struct prq prq;
	struct queue shared_queue, dedicated_queue;
	struct shared *victim, *bystander;
	struct filler filler;
};

static struct shared *shared_alloc(uint8_t byte)
{
	struct shared *shared = proc_shared(sizeof(*shared));

	memset(shared->src, byte, sizeof(shared->src));
	return shared;
}

FIXTURE_SETUP(page_requests)
{
	int ret;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->shared_queue, false));
	ASSERT_EQ(0, queue_find(&self->dedicated_queue, true));
	ret = prq_open(&self->prq, self->shared_queue.device);
	if (ret == -ENOENT || ret == -EPERM)
		SKIP(return, "the IOMMU's registers are out of reach");
	ASSERT_EQ(0, ret);
	self->victim = shared_alloc(0x51);
	self->bystander = shared_alloc(0x52);
}

FIXTURE_TEARDOWN(page_requests)
{
	prq_unfill(&self->prq);
	prq_close(&self->prq);
}

/* All at once, each into pages of its own that are not there: a fault each. */
static bool send_round(struct portal *portal, struct desc *descs,
		       struct shared *shared)
{
	uint8_t *dst = pages_untouched(DESCS * PAGES * PAGE);
	bool good = dst;

	for (int i = 0; good && i < DESCS; i++) {
		desc_memmove(&descs[i], dst + i * PAGES * PAGE, shared->src,
			     PAGES * PAGE);
		descs[i].hw.flags |= IDXD_OP_FLAG_BOF;
		good = portal_submit(portal, &descs[i].hw) >= 0;
	}
	atomic_fetch_add(&shared->started, 1);
	for (int i = 0; good && i < DESCS; i++)
		good = desc_wait(&descs[i].record, WAIT_MS) == DSA_COMP_SUCCESS &&
		       !memcmp(dst + i * PAGES * PAGE, shared->src, PAGES * PAGE);
	munmap(dst, DESCS * PAGES * PAGE);
	return good;
}

/* A child's work. */
static void send(void *arg)
{
	struct sender *sender = arg;
	struct desc *descs = proc_shared(DESCS * sizeof(*descs));
	struct portal portal;

	if (portal_open(&portal, sender->queue))
		_exit(2);
	for (int i = 0; !sender->rounds || i < sender->rounds; i++) {
		if (!send_round(&portal, descs, sender->shared))
			_exit(1);
		atomic_fetch_add(&sender->shared->rounds, 1);
	}
	portal_close(&portal);
}

/* The driver may have answered before it says that it has taken the request. */
static bool wait_empty(const struct prq *prq)
{
	uint64_t end = proc_now() + WAIT_MS * NSEC_PER_MSEC;

	while (!prq_is_empty(prq)) {
		if (proc_now() > end)
			return false;
		proc_nap();
	}
	return true;
}

/*
 * The queue is full whenever it was empty, but for a while in between: a device
 * gives up on a page that it has asked for too often.
 */
static void *fill(void *arg)
{
	struct filler *filler = arg;

	while (!filler->stop) {
		if (prq_is_empty(filler->prq))
			prq_fill(filler->prq);
		for (int i = 0; i < NAPS && !filler->stop; i++)
			proc_nap();
	}
	return NULL;
}

static bool start_filler(struct filler *filler, const struct prq *prq)
{
	filler->prq = prq;
	return !pthread_create(&filler->thread, NULL, fill, filler);
}

static void stop_filler(struct filler *filler)
{
	filler->stop = 1;
	pthread_join(filler->thread, NULL);
}

/* A single request finds the queue full, and is served all the same. */
TEST_F_TIMEOUT(page_requests, one_overflow, 120)
{
	struct sender sender = { self->bystander, &self->shared_queue, 1 };
	int status;
	pid_t pid;

	for (int i = 0; i < ROUNDS; i++) {
		ASSERT_TRUE(wait_empty(&self->prq));
		prq_fill(&self->prq);
		ASSERT_FALSE(prq_is_empty(&self->prq));
		pid = proc_spawn(send, &sender);
		ASSERT_NE(0, proc_wait(pid, WAIT_MS, &status));
		ASSERT_EQ(0, status);
		/* The driver has seen that it overflowed, and made room. */
		ASSERT_TRUE(wait_empty(&self->prq));
	}
	EXPECT_EQ(ROUNDS, self->bystander->rounds);
}

/* Two processes, two queues full of faults, and hardly ever room for a request. */
TEST_F_TIMEOUT(page_requests, storm_with_overflows, 120)
{
	struct sender one = { self->victim, &self->shared_queue, ROUNDS };
	struct sender two = { self->bystander, &self->dedicated_queue, ROUNDS };
	int status[2];
	pid_t pid[2];

	ASSERT_TRUE(start_filler(&self->filler, &self->prq));
	pid[0] = proc_spawn(send, &one);
	pid[1] = proc_spawn(send, &two);
	EXPECT_NE(0, proc_wait(pid[0], 2 * WAIT_MS, &status[0]));
	EXPECT_NE(0, proc_wait(pid[1], 2 * WAIT_MS, &status[1]));
	stop_filler(&self->filler);
	EXPECT_EQ(0, status[0]);
	EXPECT_EQ(0, status[1]);
	EXPECT_EQ(ROUNDS, self->victim->rounds);
	EXPECT_EQ(ROUNDS, self->bystander->rounds);
}

/* One of them is killed in the middle of it: the other does not notice. */
TEST_F_TIMEOUT(page_requests, killed_in_a_storm, 120)
{
	struct sender one = { self->victim, &self->dedicated_queue, 0 };
	struct sender two = { self->bystander, &self->shared_queue, 2 * ROUNDS };
	int status;
	pid_t pid[2];

	ASSERT_TRUE(start_filler(&self->filler, &self->prq));
	pid[1] = proc_spawn(send, &two);
	for (int i = 0; i < ROUNDS; i++) {
		self->victim->started = 0;
		pid[0] = proc_spawn(send, &one);
		EXPECT_TRUE(proc_wait_flag(&self->victim->started, 1, WAIT_MS));
		kill(pid[0], SIGKILL);
		EXPECT_NE(0, proc_wait(pid[0], WAIT_MS, &status));
	}
	EXPECT_NE(0, proc_wait(pid[1], 2 * WAIT_MS, &status));
	stop_filler(&self->filler);
	EXPECT_EQ(0, status);
	EXPECT_EQ(2 * ROUNDS, self->bystander->rounds);
}

TEST_HARNESS_MAIN
