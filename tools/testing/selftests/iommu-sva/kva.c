// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel page tables that are freed while processes share theirs with a device: the
 * device's IOMMU must be told, once for many tables and not once for each process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "flushes.h"

#define REMOVE		"/sys/kernel/debug/iommu/kva/remove"
#define UNPLUG		"/sys/kernel/debug/iommu/kva/unplug"
#define UNPLUG_START	"0x100000000"	/* the first GiB above the 32-bit hole */
#define PROCESSES	20
#define TIMEOUT_MS	60000

FIXTURE(kva)
{
	struct queue queue;
	struct flushes flushes;
	atomic_int *bound;	/* processes that are */
	pid_t children[PROCESSES];
	int count;
};

FIXTURE_SETUP(kva)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	if (!flushes_possible())
		SKIP(return, "kernel without CONFIG_IOMMU_SVA_KVA_BENCH");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	self->bound = proc_shared(sizeof(*self->bound));
	ASSERT_EQ(0, flushes_start(&self->flushes));
}

static void kill_children(pid_t *children, int *count)
{
	while (*count) {
		kill(children[--*count], SIGKILL);
		waitpid(children[*count], NULL, 0);
	}
}

FIXTURE_TEARDOWN(kva)
{
	kill_children(self->children, &self->count);
	flushes_stop(&self->flushes);
}

struct child {
	const struct queue *queue;
	atomic_int *bound;
};

/* Is bound, and waits to be killed. */
static void be_bound(void *arg)
{
	struct child *child = arg;

	if (open(child->queue->path, O_RDWR) < 0)
		_exit(1);
	atomic_fetch_add(child->bound, 1);
	for (;;)
		pause();
}

static bool bind_processes(const struct queue *queue, atomic_int *bound,
			   pid_t *children, int *count, int want)
{
	struct child child = { queue, bound };

	while (*count < want)
		children[(*count)++] = proc_spawn(be_bound, &child);
	return proc_wait_flag(bound, want, TIMEOUT_MS);
}

TEST_F_TIMEOUT(kva, nobody_bound_nothing_flushed, 120)
{
	EXPECT_EQ(0, flushes_of_storm(&self->flushes));
}

TEST_F_TIMEOUT(kva, one_bound_all_flushed_in_batches, 120)
{
	int flushes;

	ASSERT_TRUE(bind_processes(&self->queue, self->bound, self->children,
				   &self->count, 1));
	flushes = flushes_of_storm(&self->flushes);
	EXPECT_GE(flushes, 1);
	EXPECT_LE(flushes, FLUSHES_TABLES);
}

/* Each batch is at least one table, whoever is bound. */
TEST_F_TIMEOUT(kva, many_bound_no_more_flushes, 120)
{
	int flushes;

	ASSERT_TRUE(bind_processes(&self->queue, self->bound, self->children,
				   &self->count, PROCESSES));
	flushes = flushes_of_storm(&self->flushes);
	EXPECT_GE(flushes, 1);
	EXPECT_LE(flushes, FLUSHES_TABLES);
}

/* Memory that goes takes tables along: of the direct map, and its memmap's. */
TEST_F_TIMEOUT(kva, removed_memory_flushed, 120)
{
	EXPECT_EQ(0, flushes_of(&self->flushes, REMOVE, "1"));

	ASSERT_TRUE(bind_processes(&self->queue, self->bound, self->children,
				   &self->count, 1));
	EXPECT_GE(flushes_of(&self->flushes, REMOVE, "1"), 1);
}

/* The same for tables that the boot allocator gave. The memory does not come back. */
TEST_F_TIMEOUT(kva, removed_memory_of_boot_flushed, 120)
{
	char command_line[1024];

	ASSERT_EQ(0, proc_read_file("/proc/cmdline", command_line,
				    sizeof(command_line)));
	if (!strstr(command_line, "movablecore="))
		SKIP(return, "no memory that nobody needs: see scripts/test");
	ASSERT_TRUE(bind_processes(&self->queue, self->bound, self->children,
				   &self->count, 1));
	EXPECT_GE(flushes_of(&self->flushes, UNPLUG, UNPLUG_START), 1);
}

TEST_F_TIMEOUT(kva, last_one_gone_nothing_flushed, 120)
{
	ASSERT_TRUE(bind_processes(&self->queue, self->bound, self->children,
				   &self->count, 2));
	kill_children(self->children, &self->count);
	EXPECT_EQ(0, flushes_of_storm(&self->flushes));
}

TEST_HARNESS_MAIN
