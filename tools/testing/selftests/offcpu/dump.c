// SPDX-License-Identifier: GPL-2.0
/*
 * Core dumps of a process with work in flight: the device is quiet before the
 * first byte of the dump is written.  Sets the core pattern for as long as a
 * test lasts.
 */
#include <fcntl.h>
#include <linux/elf.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../idxd/file.h"
#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "peer.h"
#include "victim.h"

#define CORE_PATTERN	"/proc/sys/kernel/core_pattern"
#define CORE_FILTER	"/proc/self/coredump_filter"
#define SHARED_MEMORY	"0x2"	/* no other: the dump gets to it at once */
#define EACH_MS		60
#define COUNT		10
#define LIMIT_S		120	/* a test; debug kernels are slow */
#define SOON_MS		2000
#define THREADS		4
#define MAX_SEGMENTS	512

static struct trace trace;

FIXTURE(dump) {
	struct queue queue;
	struct victim *victim;
	uint64_t tmpfs_free;
	char pattern[256];
};

FIXTURE_VARIANT(dump) {
	bool dedicated;
};

FIXTURE_VARIANT_ADD(dump, shared) { .dedicated = false };
FIXTURE_VARIANT_ADD(dump, dedicated) { .dedicated = true };

FIXTURE_SETUP(dump)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, variant->dedicated));
	ASSERT_EQ(0, proc_read_file(CORE_PATTERN, self->pattern,
				    sizeof(self->pattern)));
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, proc_tmpfs());
	ASSERT_EQ(0, setrlimit(RLIMIT_CORE, &unlimited));
	ASSERT_EQ(0, proc_write_file(CORE_PATTERN, PROC_TMPFS "/core.%p"));
	ASSERT_EQ(0, proc_write_file(CORE_FILTER, SHARED_MEMORY));
	self->tmpfs_free = proc_tmpfs_free();
	self->victim = victim_alloc(&self->queue);
	self->victim->count = COUNT;
	self->victim->each_ms = EACH_MS;
	self->victim->death = VICTIM_ABORTS;
}

FIXTURE_TEARDOWN(dump)
{
	proc_write_file(CORE_PATTERN, self->pattern);
	trace_stop(&trace);
}

/* ---- core files ---- */

static int core_open(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), PROC_TMPFS "/core.%d", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void core_remove(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), PROC_TMPFS "/core.%d", pid);
	unlink(path);
}

/* Read what the process had at @at, which was within one of its mappings. */
static bool core_read(pid_t pid, const void *at, void *buf, size_t len)
{
	uintptr_t addr = (uintptr_t)at;
	int fd = core_open(pid);
	struct elf64_hdr head;
	struct elf64_phdr seg;
	bool found = false;

	if (fd < 0 || pread(fd, &head, sizeof(head), 0) != sizeof(head))
		head.e_phnum = 0;
	for (int i = 0; i < head.e_phnum && i < MAX_SEGMENTS && !found; i++) {
		if (pread(fd, &seg, sizeof(seg), head.e_phoff + i * sizeof(seg)) !=
		    sizeof(seg))
			break;
		found = seg.p_type == PT_LOAD && seg.p_vaddr <= addr &&
			addr + len <= seg.p_vaddr + seg.p_filesz &&
			pread(fd, buf, len, seg.p_offset + addr - seg.p_vaddr) ==
			(ssize_t)len;
	}
	if (fd >= 0)
		close(fd);
	return found;
}

/* ---- a process of its own ---- */

static bool killed_by(const struct trace_life *life, const char *cause)
{
	return trace_in_order(&trace, life) &&
	       trace_says(&trace, life->kill, "cause", cause) &&
	       trace_says(&trace, life->drained, "rung", "drain");
}

/* What is in the dump is what was there when the device had done everything. */
TEST_F_TIMEOUT(dump, drained_before, LIMIT_S)
{
	struct victim *victim = self->victim;
	struct work *dumped;
	struct trace_life life;

	ASSERT_TRUE(victim_run(victim)) TH_LOG("%s", strerror(-victim->error));
	EXPECT_TRUE(WCOREDUMP(victim->status));
	dumped = work_alloc();
	ASSERT_TRUE(core_read(victim->pid, victim->work, dumped, sizeof(*dumped)));
	EXPECT_EQ(victim->work->submitted, dumped->submitted);
	EXPECT_EQ(0, work_in_flight(dumped));
	EXPECT_EQ(0, work_failed(dumped));
	EXPECT_TRUE(work_complete(dumped));
	EXPECT_EQ(0, memcmp(dumped, victim->work, sizeof(*dumped)));

	ASSERT_TRUE(trace_one_life(&trace, victim->pid, &life, SOON_MS));
	EXPECT_TRUE(killed_by(&life, "coredump"));
	EXPECT_TRUE(work_stays_quiet(victim->work));
}

TEST_F_TIMEOUT(dump, nothing_is_left, LIMIT_S)
{
	struct victim *victim = self->victim;

	victim->map_tmpfile = true;
	victim->close_file = true;
	ASSERT_TRUE(victim_run(victim)) TH_LOG("%s", strerror(-victim->error));
	EXPECT_TRUE(WCOREDUMP(victim->status));
	core_remove(victim->pid);
	EXPECT_TRUE(victim_left_nothing(victim, &trace, self->tmpfs_free));
	EXPECT_EQ(0, queue_attr_u64(self->queue.name, "clients"));
}

static void *wait_for_the_end(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static int start_threads(struct victim *victim, struct portal *portal)
{
	pthread_t thread;
	int ret = 0;

	for (int i = 0; i < THREADS && !ret; i++)
		ret = -pthread_create(&thread, NULL, wait_for_the_end, victim);
	return ret;
}

/* The other threads, which wait for the dump's end, are no other users. */
TEST_F_TIMEOUT(dump, of_several_threads, LIMIT_S)
{
	struct victim *victim = self->victim;
	struct work *dumped;
	struct trace_life life;

	victim->pass_on = start_threads;
	ASSERT_TRUE(victim_run(victim)) TH_LOG("%s", strerror(-victim->error));
	dumped = work_alloc();
	ASSERT_TRUE(core_read(victim->pid, victim->work, dumped, sizeof(*dumped)));
	EXPECT_EQ(0, work_in_flight(dumped));
	EXPECT_TRUE(work_complete(dumped));
	ASSERT_TRUE(trace_one_life(&trace, victim->pid, &life, SOON_MS));
	EXPECT_TRUE(killed_by(&life, "coredump"));
}

/* ---- a process that shares its parent's mm ---- */

struct parent {
	struct queue queue;
	struct work *work;
	pid_t child;
	int status;		/* the child's */
	bool copied;		/* after the child's dump */
	int error;
	atomic_int done;
};

static void crash(void *arg)
{
	struct parent *parent = arg;

	parent->child = getpid();
	asm volatile("movl $0, 0");
}

static void have_a_child_crash(void *arg)
{
	struct parent *parent = arg;
	struct portal portal;
	pid_t child;

	parent->error = portal_open(&portal, &parent->queue);
	if (!parent->error)
		parent->error = work_prepare(parent->work, &portal, EACH_MS);
	if (!parent->error) {
		work_submit(parent->work, &portal, COUNT);
		child = peer_spawn(crash, parent, true);
		if (!proc_wait(child, VICTIM_TIMEOUT_MS, &parent->status))
			parent->error = -ETIMEDOUT;
		parent->copied = file_portal_copies(&portal);
	}
	parent->done = 1;
	for (;;)
		pause();
}

TEST_F_TIMEOUT(dump, of_a_vfork_child, LIMIT_S)
{
	struct parent *parent = proc_shared(sizeof(*parent));
	struct trace_life life;
	int status, fd;
	pid_t pid;

	parent->queue = self->queue;
	parent->work = work_alloc();
	pid = proc_spawn(have_a_child_crash, parent);
	ASSERT_TRUE(proc_wait_flag(&parent->done, 1, 2 * VICTIM_TIMEOUT_MS));
	ASSERT_EQ(0, parent->error);
	EXPECT_TRUE(WIFSIGNALED(parent->status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(parent->status));
	EXPECT_TRUE(WCOREDUMP(parent->status));
	fd = core_open(parent->child);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_TRUE(parent->copied);
	trace_read(&trace);
	ASSERT_EQ(1, trace_lives(&trace, pid, &life, 1));
	EXPECT_EQ(-1, life.kill);

	kill(pid, SIGKILL);
	ASSERT_NE(0, proc_wait(pid, VICTIM_TIMEOUT_MS, &status));
	EXPECT_EQ(0, work_in_flight(parent->work));
	ASSERT_TRUE(trace_one_life(&trace, pid, &life, SOON_MS));
	EXPECT_TRUE(killed_by(&life, "exit"));
	EXPECT_LE(0, trace_mm_freed(&trace, pid, SOON_MS));
}

TEST_HARNESS_MAIN
