// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel page tables that are freed while processes share theirs with a device: the
 * device's IOMMU must be told, once for many tables and not once for each process.
 * What it is told is read off the trace event of its invalidation queue.
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

#define STORM		"/sys/kernel/debug/iommu/kva/storm"
#define REMOVE		"/sys/kernel/debug/iommu/kva/remove"
#define UNPLUG		"/sys/kernel/debug/iommu/kva/unplug"
#define UNPLUG_START	"0x100000000"	/* the first GiB above the 32-bit hole */
#define EVENT		"events/intel_iommu/qi_submit/enable"
#define TABLES		256
#define PROCESSES	20
#define TIMEOUT_MS	60000

/* An IOTLB invalidation (2 in bits 3:0) of all entries (1 in bits 5:4). */
#define QI_IOTLB_GLOBAL	0x12
#define QI_IOTLB_MASK	0x3f

FIXTURE(kva)
{
	struct queue queue;
	char dir[96];		/* our instance of tracefs */
	atomic_int *bound;	/* processes that are */
	pid_t children[PROCESSES];
	int count;
};

static int trace_write(const char *dir, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return proc_write_file(path, text);
}

FIXTURE_SETUP(kva)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	if (access(STORM, W_OK))
		SKIP(return, "kernel without CONFIG_IOMMU_SVA_KVA_BENCH");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	self->bound = proc_shared(sizeof(*self->bound));
	snprintf(self->dir, sizeof(self->dir),
		 "/sys/kernel/tracing/instances/kva-%d", getpid());
	ASSERT_EQ(0, mkdir(self->dir, 0700));
	ASSERT_EQ(0, trace_write(self->dir, EVENT, "1"));
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
	trace_write(self->dir, EVENT, "0");
	rmdir(self->dir);
}

/* Global IOTLB invalidations among what has been recorded. */
static int count_flushes(const char *dir)
{
	unsigned long long qw0;
	char path[128], line[512], *at;
	int count = 0;
	FILE *trace;

	snprintf(path, sizeof(path), "%s/trace", dir);
	trace = fopen(path, "r");
	while (trace && fgets(line, sizeof(line), trace)) {
		at = strstr(line, "iotlb_inv ");
		at = at ? strstr(at, ": 0x") : NULL;
		if (!at || sscanf(at, ": 0x%llx", &qw0) != 1)
			continue;
		count += (qw0 & QI_IOTLB_MASK) == QI_IOTLB_GLOBAL;
	}
	if (trace)
		fclose(trace);
	return trace ? count : -1;
}

/* Have the kernel do something; flushes that it took, or -errno. */
static int flushes_of(const char *dir, const char *what, const char *arg)
{
	int ret;

	trace_write(dir, "trace", "");
	ret = proc_write_file(what, arg);
	return ret ? ret : count_flushes(dir);
}

/* The same for TABLES tables freed. */
static int storm(const char *dir)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", TABLES);
	return flushes_of(dir, STORM, text);
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
	EXPECT_EQ(0, storm(self->dir));
}

TEST_F_TIMEOUT(kva, one_bound_all_flushed_in_batches, 120)
{
	int flushes;

	ASSERT_TRUE(bind_processes(&self->queue, self->bound, self->children,
				   &self->count, 1));
	flushes = storm(self->dir);
	EXPECT_GE(flushes, 1);
	EXPECT_LE(flushes, TABLES);
}

/* Each batch is at least one table, whoever is bound. */
TEST_F_TIMEOUT(kva, many_bound_no_more_flushes, 120)
{
	int flushes;

	ASSERT_TRUE(bind_processes(&self->queue, self->bound, self->children,
				   &self->count, PROCESSES));
	flushes = storm(self->dir);
	EXPECT_GE(flushes, 1);
	EXPECT_LE(flushes, TABLES);
}

/* Memory that goes takes tables along: of the direct map, and its memmap's. */
TEST_F_TIMEOUT(kva, removed_memory_flushed, 120)
{
	EXPECT_EQ(0, flushes_of(self->dir, REMOVE, "1"));

	ASSERT_TRUE(bind_processes(&self->queue, self->bound, self->children,
				   &self->count, 1));
	EXPECT_GE(flushes_of(self->dir, REMOVE, "1"), 1);
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
	EXPECT_GE(flushes_of(self->dir, UNPLUG, UNPLUG_START), 1);
}

TEST_F_TIMEOUT(kva, last_one_gone_nothing_flushed, 120)
{
	ASSERT_TRUE(bind_processes(&self->queue, self->bound, self->children,
				   &self->count, 2));
	kill_children(self->children, &self->count);
	EXPECT_EQ(0, storm(self->dir));
}

TEST_HARNESS_MAIN
