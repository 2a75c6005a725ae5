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
#include "../offcpu/inject.h"
#include "prq.h"

#define PAGE		4096
#define PAGES		2	/* of a descriptor's destination, a group of faults */
#define DESCS		96	/* more than a queue and its engines take at a time */
#define ROUNDS		4
#define GROUP_NUMBERS	512
#define WAIT_MS		60000
#define TEST_S		250
#define NAPS		20	/* of proc_nap(), that the queue is full, and then is not */
#define MAX_DEVICES	4
#define MAX_QUEUES	(2 * MAX_DEVICES)
/* A device gives up on a page that it has asked for too often: let it take its time. */
#define SLOWDOWN	16

/* What the processes of a test share. */
struct shared {
	atomic_int stop;
	atomic_int started;	/* rounds */
	atomic_int full;	/* ... in which the queue took nothing more */
	atomic_int done;	/* descriptors, and all of them right */
	uint8_t src[PAGES * PAGE];
};

struct sender {
	struct shared *shared;
	struct queue queue;
	pid_t pid;
};

struct filler {
	const struct prq *prq;
	pthread_t thread;
	bool runs;
	atomic_int stop;
	atomic_int overflows;
};

FIXTURE(page_requests) {
	struct prq prq;
	struct sender senders[MAX_QUEUES];
	int devices;
	struct filler filler;
};

static bool device_exists(int device)
{
	char name[16];

	snprintf(name, sizeof(name), "dsa%d", device);
	return queue_attr_u64(name, "max_work_queues");
}

/* A sender for each of a device's queues: the shared one's, then the dedicated one's. */
static bool add_device(struct sender *senders, int device)
{
	for (int i = 0; i < 2; i++) {
		struct sender *sender = &senders[2 * device + i];

		if (queue_find_on(&sender->queue, device, i))
			return false;
		sender->shared = proc_shared(sizeof(*sender->shared));
		memset(sender->shared->src, 0x51 + 2 * device + i,
		       sizeof(sender->shared->src));
	}
	inject_slow(senders[2 * device].queue.device, SLOWDOWN);
	inject_group_pages(senders[2 * device].queue.device, PAGES);
	return true;
}

FIXTURE_SETUP(page_requests)
{
	int ret;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_TRUE(add_device(self->senders, 0));
	self->devices = 1;
	ret = prq_open(&self->prq, self->senders[0].queue.device);
	if (ret == -ENOENT || ret == -EPERM)
		SKIP(return, "the IOMMU's registers are out of reach");
	ASSERT_EQ(0, ret);
}

static void stop_filler(struct filler *filler)
{
	if (!filler->runs)
		return;
	filler->stop = 1;
	pthread_join(filler->thread, NULL);
	filler->runs = false;
}

FIXTURE_TEARDOWN(page_requests)
{
	stop_filler(&self->filler);
	prq_unfill(&self->prq);
	prq_release(&self->prq);
	prq_close(&self->prq);
	for (int i = 0; i < self->devices; i++) {
		inject_slow(self->senders[2 * i].queue.device, 0);
		inject_group_pages(self->senders[2 * i].queue.device, 0);
		/* Other tests expect to find one configured device at most. */
		if (i)
			EXPECT_EQ(0, queue_release_device(i));
	}
}

/* Into pages of its own that are not there: a fault each. */
static bool submit(struct portal *portal, struct desc *desc, uint8_t *dst,
		   const struct shared *shared)
{
	desc_memmove(desc, dst, shared->src, PAGES * PAGE);
	desc->hw.flags |= IDXD_OP_FLAG_BOF;
	return portal_submit_once(portal, &desc->hw);
}

/* As many as the queue takes, all at once. */
static bool send_round(struct portal *portal, struct desc *descs,
		       struct shared *shared)
{
	int max = portal->queue->dedicated ? portal->queue->size : DESCS, n = 0;
	uint8_t *dst = pages_untouched(DESCS * PAGES * PAGE);
	bool good;

	while (dst && n < max &&
	       submit(portal, &descs[n], dst + n * PAGES * PAGE, shared))
		n++;
	atomic_fetch_add(&shared->started, 1);
	if (n < DESCS)
		atomic_fetch_add(&shared->full, 1);
	good = n;
	for (int i = 0; good && i < n; i++)
		good = desc_wait(&descs[i].record, WAIT_MS) == DSA_COMP_SUCCESS &&
		       !memcmp(dst + i * PAGES * PAGE, shared->src, PAGES * PAGE);
	if (good)
		atomic_fetch_add(&shared->done, n);
	/* Their addresses do not come back: a request that is late is refused. */
	return good && mmap(dst, DESCS * PAGES * PAGE, PROT_NONE, MAP_PRIVATE |
			    MAP_ANONYMOUS | MAP_FIXED, -1, 0) == dst;
}

/* A child's work, until it is told to stop. */
static void send(void *arg)
{
	struct sender *sender = arg;
	struct desc *descs = proc_shared(DESCS * sizeof(*descs));
	struct shared *shared = sender->shared;
	struct portal portal;

	if (portal_open(&portal, &sender->queue))
		_exit(2);
	while (!shared->stop) {
		if (!send_round(&portal, descs, shared))
			_exit(1);
	}
	portal_close(&portal);
}

static void start(struct sender *sender)
{
	sender->pid = proc_spawn(send, sender);
}

/* Has it done something, and seen nothing wrong? */
static bool stop(struct sender *sender)
{
	int status;

	sender->shared->stop = 1;
	return proc_wait(sender->pid, 2 * WAIT_MS, &status) && !status &&
	       sender->shared->done;
}

/*
 * Have the queue be full for a while, and the driver not know; does a request come?
 * There is room for one more, so that of the next group not all is lost.
 */
static bool is_overflowing(const struct prq *prq)
{
	bool seen = false;

	prq_hold(prq);
	for (int i = 0; i < NAPS && !seen; i++) {
		/* Twice, as the driver may still be at what it was told before. */
		if (i % (NAPS / 2) == 0)
			prq_fill(prq, i == 0);
		proc_nap();
		seen = prq_overflowed(prq);
	}
	prq_release(prq);
	return seen;
}

/*
 * Have a request of somebody who sends find the queue full.  All that he has to send
 * may be in the queue already: then he has to be served first.
 */
static bool overflow(const struct prq *prq)
{
	uint64_t end = proc_now() + WAIT_MS * NSEC_PER_MSEC;

	while (!is_overflowing(prq))
		if (proc_now() > end)
			return false;
	/* Then the queue is not full, so that some are served. */
	for (int i = 0; i < NAPS || prq_overflowed(prq); i++) {
		if (proc_now() > end)
			return false;
		proc_nap();
	}
	return true;
}

static void *fill(void *arg)
{
	struct filler *filler = arg;

	while (!filler->stop && overflow(filler->prq))
		atomic_fetch_add(&filler->overflows, 1);
	return NULL;
}

static bool start_filler(struct filler *filler, const struct prq *prq)
{
	filler->prq = prq;
	filler->runs = !pthread_create(&filler->thread, NULL, fill, filler);
	return filler->runs;
}

static bool wait_overflow(const struct filler *filler)
{
	return proc_wait_flag(&filler->overflows, filler->overflows + 1, WAIT_MS);
}

/*
 * One process's requests find the queue full, and are served all the same.  What is left
 * of a group that lost its last request is not taken for a part of a later one.
 */
TEST_F_TIMEOUT(page_requests, overflows, TEST_S)
{
	struct shared *shared = self->senders[0].shared;

	start(&self->senders[0]);
	for (int i = 0; i < ROUNDS; i++)
		ASSERT_TRUE(overflow(&self->prq));
	EXPECT_TRUE(proc_wait_flag(&shared->done, shared->done + 2 * GROUP_NUMBERS,
				   WAIT_MS));
	EXPECT_TRUE(stop(&self->senders[0]));
}

/*
 * All queues of all devices are full of descriptors that wait for a page, while the
 * driver is not told of a single one; and then, hardly ever is there room for a request.
 */
TEST_F_TIMEOUT(page_requests, all_queues_full, TEST_S)
{
	while (self->devices < MAX_DEVICES && device_exists(self->devices))
		ASSERT_TRUE(add_device(self->senders, self->devices++));

	prq_hold(&self->prq);
	for (int i = 0; i < 2 * self->devices; i++)
		start(&self->senders[i]);
	for (int i = 0; i < 2 * self->devices; i++) {
		EXPECT_TRUE(proc_wait_flag(&self->senders[i].shared->full, 1, WAIT_MS));
		EXPECT_EQ(0, self->senders[i].shared->done);
	}
	EXPECT_FALSE(prq_is_empty(&self->prq));
	prq_release(&self->prq);

	for (int i = 0; i < ROUNDS; i++)
		EXPECT_TRUE(overflow(&self->prq));
	for (int i = 0; i < 2 * self->devices; i++)
		EXPECT_TRUE(stop(&self->senders[i]));
}

static bool wait_requests(const struct prq *prq)
{
	uint64_t end = proc_now() + WAIT_MS * NSEC_PER_MSEC;

	while (prq_is_empty(prq)) {
		if (proc_now() > end)
			return false;
		proc_nap();
	}
	return true;
}

/* Of one who is dead the queue has nothing: whoever drains looks into it himself. */
TEST_F_TIMEOUT(page_requests, killed_before_they_are_seen, TEST_S)
{
	struct sender *victim = &self->senders[0];
	int status;

	prq_hold(&self->prq);
	start(victim);
	EXPECT_TRUE(proc_wait_flag(&victim->shared->full, 1, WAIT_MS));
	EXPECT_TRUE(wait_requests(&self->prq));
	kill(victim->pid, SIGKILL);
	EXPECT_NE(0, proc_wait(victim->pid, WAIT_MS, &status));
	EXPECT_TRUE(prq_is_empty(&self->prq));
}

/* One of two is killed in the middle of it: the other does not notice. */
TEST_F_TIMEOUT(page_requests, killed_in_a_storm, TEST_S)
{
	struct sender *bystander = &self->senders[0], *victim = &self->senders[1];
	int status;

	start(bystander);
	ASSERT_TRUE(start_filler(&self->filler, &self->prq));
	for (int i = 0; i < ROUNDS; i++) {
		victim->shared->started = 0;
		start(victim);
		EXPECT_TRUE(proc_wait_flag(&victim->shared->started, 1, WAIT_MS));
		EXPECT_TRUE(wait_overflow(&self->filler));
		kill(victim->pid, SIGKILL);
		EXPECT_NE(0, proc_wait(victim->pid, WAIT_MS, &status));
	}
	stop_filler(&self->filler);
	EXPECT_TRUE(stop(bystander));
}

TEST_HARNESS_MAIN
