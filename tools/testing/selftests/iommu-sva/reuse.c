// SPDX-License-Identifier: GPL-2.0
/*
 * Two thousand processes bound at the same time, whose PASIDs go and come back in
 * different orders: each of them has other memory at the same address, and what
 * its device copies is its own.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../idxd/desc.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"
#include "../offcpu/list.h"

#define PROCESSES	2000
#define BATCH		200	/* that go and come back, of all */
#define MIN_REUSED	(BATCH / 2)	/* an idle CPU may hold on to an mm for a while */
#define AT_ONCE		4	/* that begin without waiting for each other */
#define MAX_PASID	0x100000
#define SIZE		1024	/* of a copy */
#define WAIT_MS		60000
#define TEST_S		900

/* At the same address in each of them, and not shared. */
struct own {
	struct desc desc;
	uint64_t src[SIZE / 8], dst[SIZE / 8];
};

/* What a process says of itself. */
struct member {
	pid_t pid;
	unsigned int pasid;
	bool good;
};

/* In memory that all share. */
struct crowd {
	struct queue queue;
	struct own *own;
	atomic_int bound, checked;	/* so many have, well or not */
	atomic_int again;		/* futex: copy once more */
	struct member members[PROCESSES];
};

FIXTURE(reuse) {
	struct crowd *crowd;
	bool *used;	/* by number: PASIDs that somebody had */
};

FIXTURE_SETUP(reuse)
{
	struct crowd *crowd;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	crowd = proc_shared(sizeof(*crowd));
	ASSERT_EQ(0, queue_find(&crowd->queue, false));
	crowd->own = mmap(NULL, sizeof(*crowd->own), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, crowd->own);
	self->used = calloc(MAX_PASID, sizeof(*self->used));
	ASSERT_NE(NULL, self->used);
	self->crowd = crowd;
}

FIXTURE_TEARDOWN(reuse)
{
	struct crowd *crowd = self->crowd;

	for (int i = 0; crowd && i < PROCESSES; i++)
		if (crowd->members[i].pid)
			kill(crowd->members[i].pid, SIGKILL);
}

/* Does a copy find this process's memory, and end up there? */
static bool copies_own(struct portal *portal, struct own *own, uint64_t number)
{
	for (int i = 0; i < SIZE / 8; i++)
		own->src[i] = number;
	memset(own->dst, 0, SIZE);
	desc_memmove(&own->desc, own->dst, own->src, SIZE);
	own->desc.hw.flags |= IDXD_OP_FLAG_BOF;
	return portal_submit(portal, &own->desc.hw) >= 0 &&
	       desc_wait(&own->desc.record, WAIT_MS) == DSA_COMP_SUCCESS &&
	       !memcmp(own->dst, own->src, SIZE) && own->src[0] == number;
}

/* Has nobody else's device been here since? */
static bool is_untouched(const struct own *own, uint64_t number)
{
	for (int i = 0; i < SIZE / 8; i++)
		if (own->src[i] != number || own->dst[i] != number)
			return false;
	return true;
}

struct place {
	struct crowd *crowd;
	int index;
};

/* Binds, and waits to be asked once more or to be killed. */
static void be_member(void *arg)
{
	struct place *place = arg;
	struct crowd *crowd = place->crowd;
	struct member *member = &crowd->members[place->index];
	uint64_t number = getpid();
	struct portal portal;
	struct list_row row = {};

	member->good = !portal_open(&portal, &crowd->queue) &&
		       !list_find(list_of(getpid()), 0, getpid(), &row) &&
		       copies_own(&portal, crowd->own, number);
	member->pasid = row.pasid;
	atomic_fetch_add(&crowd->bound, 1);
	while (!crowd->again)
		syscall(SYS_futex, &crowd->again, FUTEX_WAIT, 0, NULL, NULL, 0);
	member->good = member->good && is_untouched(crowd->own, number) &&
		       copies_own(&portal, crowd->own, ~number);
	atomic_fetch_add(&crowd->checked, 1);
	for (;;)
		pause();
}

/* Start a process in each of so many places, in their order; false if one is bad. */
static bool bind_all(struct crowd *crowd, const int *places, int count)
{
	bool good;

	crowd->bound = 0;
	for (int i = 0; i < count; i++) {
		struct place place = { crowd, places[i] };

		if (!proc_wait_flag(&crowd->bound, i + 1 - AT_ONCE, WAIT_MS))
			return false;
		crowd->members[places[i]].pid = proc_spawn(be_member, &place);
	}
	good = proc_wait_flag(&crowd->bound, count, WAIT_MS);
	for (int i = 0; i < count; i++)
		good = good && crowd->members[places[i]].good;
	return good;
}

static bool wait_gone(struct member *member)
{
	int status;

	if (!proc_wait(member->pid, WAIT_MS, &status))
		return false;
	member->pid = 0;
	return true;
}

/* One after the other: the next is killed when the last one is gone. */
static bool kill_in_order(struct crowd *crowd, const int *places, int count)
{
	bool good = true;

	for (int i = 0; good && i < count; i++) {
		kill(crowd->members[places[i]].pid, SIGKILL);
		good = wait_gone(&crowd->members[places[i]]);
	}
	return good;
}

static bool kill_together(struct crowd *crowd)
{
	bool good = true;

	for (int i = 0; i < PROCESSES; i++)
		kill(crowd->members[i].pid, SIGKILL);
	for (int i = 0; good && i < PROCESSES; i++)
		good = wait_gone(&crowd->members[i]);
	return good;
}

/* How many of them have a PASID that was somebody's before?  Now it was theirs. */
static int count_reused(struct crowd *crowd, bool *used, const int *places, int count)
{
	int reused = 0;

	for (int i = 0; i < count; i++) {
		bool *before = &used[crowd->members[places[i]].pasid % MAX_PASID];

		reused += *before;
		*before = true;
	}
	return reused;
}

/* Orders in which a batch goes: each function fills in the next of its places. */
static void first_come(int *places, int i)
{
	places[i] = i;
}

static void last_come(int *places, int i)
{
	places[i] = BATCH - 1 - i;
}

static void every_other(int *places, int i)
{
	places[i] = (2 * i + 2 * i / BATCH) % BATCH;
}

static void at_random(int *places, int i)
{
	int other = rand() % (i + 1);

	places[i] = places[other];
	places[other] = i;
}

/* A batch goes and comes back, while all others stay; how many PASIDs do, or -1. */
static int goes_and_comes(struct crowd *crowd, bool *used,
			  void (*order)(int *places, int i))
{
	int places[BATCH] = {};

	for (int i = 0; i < BATCH; i++)
		order(places, i);
	for (int i = 0; i < BATCH; i++)
		places[i] *= PROCESSES / BATCH;
	if (!kill_in_order(crowd, places, BATCH) || !bind_all(crowd, places, BATCH))
		return -1;
	return count_reused(crowd, used, places, BATCH);
}

/* Does everybody still have what is his, and a device that copies it? */
static int count_good(struct crowd *crowd)
{
	int good = 0;

	crowd->again = 1;
	syscall(SYS_futex, &crowd->again, FUTEX_WAKE, PROCESSES, NULL, NULL, 0);
	proc_wait_flag(&crowd->checked, PROCESSES, WAIT_MS);
	for (int i = 0; i < PROCESSES; i++)
		good += crowd->members[i].good;
	return good;
}

TEST_F_TIMEOUT(reuse, in_every_order, TEST_S)
{
	void (* const orders[])(int *places, int i) = {
		first_come, last_come, every_other, at_random,
	};
	int places[PROCESSES];

	for (int i = 0; i < PROCESSES; i++)
		places[i] = i;
	ASSERT_TRUE(bind_all(self->crowd, places, PROCESSES));
	EXPECT_EQ(0, count_reused(self->crowd, self->used, places, PROCESSES));

	for (unsigned int i = 0; i < ARRAY_SIZE(orders); i++)
		ASSERT_LE(MIN_REUSED, goes_and_comes(self->crowd, self->used,
						     orders[i]));
	EXPECT_EQ(PROCESSES, count_good(self->crowd));
	EXPECT_TRUE(kill_together(self->crowd));
}

TEST_HARNESS_MAIN
