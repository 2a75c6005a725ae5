// SPDX-License-Identifier: GPL-2.0
/*
 * Two devices of one process, under one PASID: what the process unmaps is gone
 * from both, and both find what it has mapped instead.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "../idxd/desc.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"

#define PAGE		4096UL
#define DEVICES		2
#define ROUNDS		32
#define WAIT_MS		30000
#define TEST_S		120

FIXTURE(both) {
	struct queue queue[DEVICES];
	struct portal portal[DEVICES];
	struct desc *desc;
	int fd;
	uint64_t *file;		/* two pages, mapped all the time */
	void *at;		/* where one of them is for the devices */
	uint64_t *sink;
};

FIXTURE_SETUP(both)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	if (access("/sys/bus/dsa/devices/dsa1", F_OK))
		SKIP(return, "one DSA device only");
	for (int i = 0; i < DEVICES; i++) {
		ASSERT_EQ(0, queue_find_on(&self->queue[i], i, false));
		ASSERT_EQ(0, portal_open(&self->portal[i], &self->queue[i]));
	}
	self->desc = proc_shared(PAGE);
	self->sink = proc_shared(PAGE);
	self->fd = memfd_create("both", MFD_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ftruncate(self->fd, 2 * PAGE));
	self->file = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  self->fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->file);
	self->at = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->at);
}

FIXTURE_TEARDOWN(both)
{
	for (int i = 0; i < DEVICES; i++)
		portal_close(&self->portal[i]);
	/* Other tests expect to find one configured device at most. */
	EXPECT_EQ(0, queue_release_device(DEVICES - 1));
}

/* Have the devices find page @round % 2 of the file, with @round in it. */
static bool map_page(int fd, uint64_t *file, void *at, uint64_t round)
{
	off_t offset = round % 2 * PAGE;

	file[offset / sizeof(*file)] = round;
	return mmap(at, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, offset) == at;
}

/* What a device reads at @at; 0 if it is refused. */
static uint64_t look(struct portal *portal, struct desc *desc, uint64_t *sink,
		     const void *at)
{
	desc_memmove(desc, sink, at, sizeof(*sink));
	if (portal_submit(portal, &desc->hw) < 0 ||
	    desc_wait(&desc->record, WAIT_MS) != DSA_COMP_SUCCESS)
		return 0;
	return *sink;
}

TEST_F_TIMEOUT(both, replaced, TEST_S)
{
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		ASSERT_TRUE(map_page(self->fd, self->file, self->at, round));
		for (int i = 0; i < DEVICES; i++)
			ASSERT_EQ(round, look(&self->portal[i], self->desc,
					      self->sink, self->at));
	}
}

/* Pages of nobody else: they are free then. */
TEST_F_TIMEOUT(both, unmapped, TEST_S)
{
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		ASSERT_EQ(self->at, mmap(self->at, PAGE, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
					 -1, 0));
		*(uint64_t *)self->at = round;
		for (int i = 0; i < DEVICES; i++)
			ASSERT_EQ(round, look(&self->portal[i], self->desc,
					      self->sink, self->at));
		ASSERT_EQ(0, munmap(self->at, PAGE));
		for (int i = 0; i < DEVICES; i++)
			ASSERT_EQ(0, look(&self->portal[i], self->desc,
					  self->sink, self->at));
	}
}

TEST_HARNESS_MAIN
