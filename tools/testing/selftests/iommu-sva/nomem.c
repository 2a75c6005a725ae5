// SPDX-License-Identifier: GPL-2.0
/*
 * Binding, and page faults of a device, with one allocation that fails: each of them
 * in turn.  Who is told that there is no memory finds nothing left behind: no task, no
 * PASID, no IOMMU that thinks somebody is bound, and he may try again.
 *
 * Needs a kernel that can be told which allocation fails (/proc/thread-self/fail-nth).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../idxd/desc.h"
#include "../idxd/pages.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"
#include "../offcpu/list.h"
#include "flushes.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define SLAB		"/sys/kernel/debug/failslab/"
#define PAGES		"/sys/kernel/debug/fail_page_alloc/"
#define DEVICE		2	/* that no other test has many processes on */
#define MAX_NTH		2000	/* far more than a bind has allocations */
#define MIN_FAILED	5	/* far less than it needs */
#define FAULTS		8
#define THREAD_NTH	6	/* allocations of the thread that takes page requests */
#define WAIT_MS		30000
#define TEST_S		600

/* In memory that is shared with the child that tries. */
struct attempt {
	struct queue queue;
	struct desc desc;
	uint8_t src[PAGES_SIZE], dst[PAGES_SIZE];
	unsigned int nth;	/* allocation that fails */
	bool again;		/* have the device work, be it by another open() */
	bool failed;		/* there were so many */
	int error;		/* of the open() that it belonged to; 0: it did without */
	bool left;		/* there was a task nevertheless */
	bool works;		/* the device did, if it was to */
	unsigned int pasid;
};

FIXTURE(nomem) {
	struct attempt *attempt;
	struct flushes flushes;
};

/* Do allocations fail that may wait for memory, and small ones? */
static int set_all_fail(bool on)
{
	int ret = proc_write_file(SLAB "ignore-gfp-wait", on ? "N" : "Y");

	if (!ret)
		ret = proc_write_file(PAGES "ignore-gfp-wait", on ? "N" : "Y");
	if (!ret)
		ret = proc_write_file(PAGES "min-order", on ? "0" : "1");
	return ret;
}

/* Does the kernel say so each time? */
static int set_talk(bool on)
{
	int ret = proc_write_file(SLAB "verbose", on ? "2" : "0");

	return ret ? ret : proc_write_file(PAGES "verbose", on ? "2" : "0");
}

FIXTURE_SETUP(nomem)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	if (access(FAIL_NTH, W_OK))
		SKIP(return, "kernel without CONFIG_FAULT_INJECTION");
	ASSERT_EQ(0, set_talk(false));
	self->attempt = proc_shared(sizeof(*self->attempt));
	ASSERT_EQ(0, queue_find_on(&self->attempt->queue, DEVICE, false));
	ASSERT_EQ(0, flushes_start(&self->flushes));
}

FIXTURE_TEARDOWN(nomem)
{
	flushes_stop(&self->flushes);
	set_all_fail(false);
	set_talk(true);
	EXPECT_EQ(0, queue_release_device(DEVICE));
}

/* PASID of the task that the caller has; 0: it has none. */
static unsigned int own_pasid(void)
{
	struct list_row row;

	return list_find(list_of(getpid()), 0, getpid(), &row) ? 0 : row.pasid;
}

static bool device_copies(struct attempt *attempt, const struct queue *queue)
{
	struct portal portal;
	bool good;

	memset(attempt->src, 0x5a, sizeof(attempt->src));
	memset(attempt->dst, 0, sizeof(attempt->dst));
	desc_memmove(&attempt->desc, attempt->dst, attempt->src, sizeof(attempt->dst));
	good = !portal_open(&portal, queue) &&
	       portal_submit(&portal, &attempt->desc.hw) >= 0 &&
	       desc_wait(&attempt->desc.record, WAIT_MS) == DSA_COMP_SUCCESS;
	attempt->pasid = own_pasid();
	portal_close(&portal);
	return good && !memcmp(attempt->dst, attempt->src, sizeof(attempt->dst));
}

/* A process that was never bound before; what it does last has all the memory. */
static void try_to_bind(void *arg)
{
	int nth = open(FAIL_NTH, O_RDWR), fd, len;
	struct attempt *attempt = arg;
	char text[16];

	len = snprintf(text, sizeof(text), "%u", attempt->nth);
	if (pwrite(nth, text, len, 0) != len)
		_exit(1);
	fd = open(attempt->queue.path, O_RDWR);
	attempt->error = fd < 0 ? errno : 0;
	len = pread(nth, text, sizeof(text), 0);
	attempt->failed = len >= 1 && text[0] == '0';
	if (pwrite(nth, "0", 1, 0) != 1)
		_exit(1);

	attempt->left = fd < 0 && own_pasid();
	close(fd);
	if (attempt->again)
		attempt->works = device_copies(attempt, &attempt->queue);
}

static void try_nth(struct __test_metadata *_metadata, struct attempt *attempt,
		    unsigned int nth)
{
	int status;
	pid_t pid;

	attempt->nth = nth;
	attempt->works = false;
	pid = proc_spawn(try_to_bind, attempt);
	ASSERT_NE(0, proc_wait(pid, WAIT_MS, &status));
	ASSERT_EQ(0, status);
	EXPECT_FALSE(attempt->left) TH_LOG("allocation %u", nth);
	ASSERT_EQ(attempt->again, attempt->works) TH_LOG("allocation %u", nth);
	if (!attempt->failed)
		EXPECT_EQ(0, attempt->error);
	if (attempt->error && attempt->error != ENOSPC)
		EXPECT_EQ(ENOMEM, attempt->error) TH_LOG("allocation %u", nth);
}

/* Each allocation in turn; how many binds failed for one. */
static int try_each(struct __test_metadata *_metadata, struct attempt *attempt)
{
	int failed = 0;

	ASSERT_EQ(0, set_all_fail(true));
	for (unsigned int nth = 1; nth < MAX_NTH; nth++) {
		try_nth(_metadata, attempt, nth);
		failed += !!attempt->error;
		if (!attempt->failed)
			break;
	}
	EXPECT_FALSE(attempt->failed);
	set_all_fail(false);
	return failed;
}

/* A dead process's PASID is free once no CPU holds on to its mm. */
static bool pasid_comes_back(struct __test_metadata *_metadata,
			     struct attempt *attempt, unsigned int pasid)
{
	uint64_t end = proc_now() + WAIT_MS * NSEC_PER_MSEC;

	do {
		proc_visit_cpus();
		try_nth(_metadata, attempt, 0);
	} while (attempt->pasid != pasid && proc_now() < end);
	return attempt->pasid == pasid;
}

TEST_F_TIMEOUT(nomem, bind_leaves_nothing, TEST_S)
{
	struct attempt *attempt = self->attempt;
	unsigned int pasid;

	attempt->again = true;
	try_nth(_metadata, attempt, 0);
	pasid = attempt->pasid;
	EXPECT_LE(MIN_FAILED, try_each(_metadata, attempt));
	EXPECT_TRUE(pasid_comes_back(_metadata, attempt, pasid));
	if (flushes_possible())
		EXPECT_EQ(0, flushes_of_storm(&self->flushes));
}

/* The thread that takes page requests, and serves one if there are no more. */
static int find_thread(void)
{
	DIR *proc = opendir("/proc");
	char path[300], name[32];
	struct dirent *entry;
	int pid = 0;

	while (proc && !pid && (entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (!proc_read_file(path, name, sizeof(name)) &&
		    !strncmp(name, "dmar", 4) && strstr(name, "-prq"))
			pid = atoi(entry->d_name);
	}
	if (proc)
		closedir(proc);
	return pid;
}

/* It is not let wait for memory: the device asks again. */
TEST_F_TIMEOUT(nomem, page_requests_are_served_nevertheless, TEST_S)
{
	struct attempt *attempt = self->attempt;
	struct portal portal;
	char path[64], nth[8], left[16];
	uint8_t *src, *dst;

	ASSERT_NE(0, find_thread());
	snprintf(path, sizeof(path), "/proc/%d/fail-nth", find_thread());
	ASSERT_EQ(0, portal_open(&portal, &attempt->queue));
	src = proc_shared(FAULTS * PAGES_SIZE);
	memset(src, 0x5a, FAULTS * PAGES_SIZE);
	for (int i = 1; i <= THREAD_NTH; i++) {
		dst = pages_untouched(FAULTS * PAGES_SIZE);
		ASSERT_NE(NULL, dst);
		desc_memmove(&attempt->desc, dst, src, FAULTS * PAGES_SIZE);
		attempt->desc.hw.flags |= IDXD_OP_FLAG_BOF;
		snprintf(nth, sizeof(nth), "%d", i);
		ASSERT_EQ(0, proc_write_file(path, nth));
		ASSERT_LE(0, portal_submit(&portal, &attempt->desc.hw));
		EXPECT_EQ(DSA_COMP_SUCCESS, desc_wait(&attempt->desc.record, WAIT_MS));
		EXPECT_EQ(0, memcmp(dst, src, FAULTS * PAGES_SIZE));
		ASSERT_EQ(0, proc_read_file(path, left, sizeof(left)));
		EXPECT_STREQ("0", left);
	}
	portal_close(&portal);
}

TEST_HARNESS_MAIN
