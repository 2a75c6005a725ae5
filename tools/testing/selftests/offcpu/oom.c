// SPDX-License-Identifier: GPL-2.0
/*
 * Out of memory: a process that is killed so that its memory is freed gives it
 * back, however fast its device faults pages in, and what has been reaped of an
 * address space stays so.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "fuse.h"
#include "inject.h"
#include "victim.h"

#ifndef __NR_process_mrelease
#define __NR_process_mrelease	448
#endif

#define CGROUP		"/sys/fs/cgroup"
#define TIMEOUT_FILE	"/proc/sys/kernel/offcpu_drain_timeout_ms"
#define LONG_TIMEOUT	"60000"	/* nothing that is waited for here lasts so long */
#define FILE_PATH	PROC_TMPFS "/file"
#define MIB		(1024UL * 1024)
#define LIMIT		(2 * MIB)
#define LITTLE		(MIB / 2)
#define DESCS		12
#define WAIT_MS		20000
#define SOON_MS		5000
#define TEST_S		120
#define PATTERN		0x4f4f4d4f4f4d4f4f

static struct trace trace;

/* What parent and child share. */
struct hog {
	struct queue queue;
	struct fuse fuse;
	bool populate;
	size_t each;		/* bytes that a descriptor fills */
	int error;
	atomic_int stage, go;
	struct desc descs[DESCS];
};

FIXTURE(oom) {
	struct hog *hog;
	char cgroup[64];
	char timeout[32];
};

static int cgroup_write(const char *cgroup, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	return proc_write_file(path, text);
}

static uint64_t cgroup_memory(const char *cgroup)
{
	char path[128], text[32] = "";

	snprintf(path, sizeof(path), "%s/memory.current", cgroup);
	proc_read_file(path, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

FIXTURE_SETUP(oom)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	cgroup_write(CGROUP, "cgroup.subtree_control", "+memory");
	snprintf(self->cgroup, sizeof(self->cgroup), CGROUP "/oom-%d", getpid());
	ASSERT_EQ(0, mkdir(self->cgroup, 0700));
	if (access(CGROUP "/cgroup.controllers", F_OK) ||
	    cgroup_write(self->cgroup, "memory.max", "max")) {
		rmdir(self->cgroup);
		SKIP(return, "no memory cgroups");
	}
	cgroup_write(self->cgroup, "memory.swap.max", "0");
	self->hog = proc_shared(sizeof(*self->hog));
	ASSERT_EQ(0, queue_find(&self->hog->queue, false));
	self->hog->each = self->hog->queue.max_transfer < MIB ?
			  self->hog->queue.max_transfer : MIB;
	ASSERT_EQ(0, proc_tmpfs());
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, proc_read_file(TIMEOUT_FILE, self->timeout, 32));
}

FIXTURE_TEARDOWN(oom)
{
	proc_write_file(TIMEOUT_FILE, self->timeout);
	inject_set(self->hog->queue.device, 0);
	trace_stop(&trace);
	rmdir(self->cgroup);
}

/* Have the device fill more memory than there is, all of it by faults. */
static int fill(struct hog *hog, struct portal *portal)
{
	size_t size = DESCS * hog->each;
	uint8_t *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED || madvise(mem, size, MADV_NOHUGEPAGE) ||
	    (hog->populate && madvise(mem, size, MADV_POPULATE_WRITE)))
		return -errno;
	for (int i = 0; i < DESCS; i++) {
		desc_memfill(&hog->descs[i], mem + i * hog->each, PATTERN,
			     hog->each);
		hog->descs[i].hw.flags |= IDXD_OP_FLAG_BOF;
		if (portal_submit(portal, &hog->descs[i].hw) < 0)
			return -EBUSY;
	}
	return 0;
}

static void live(void *arg)
{
	struct hog *hog = arg;
	struct portal portal;

	hog->error = portal_open(&portal, &hog->queue);
	hog->stage = 1;
	if (!proc_wait_flag(&hog->go, 1, WAIT_MS))
		return;
	if (!hog->error)
		hog->error = fill(hog, &portal);
	hog->stage = 2;
	for (;;)
		pause();
}

/* Start it; what it takes from then on is on the cgroup. */
static pid_t start(struct hog *hog, const char *cgroup, void (*fn)(void *arg))
{
	pid_t pid = proc_spawn(fn, hog);
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	if (!proc_wait_flag(&hog->stage, 1, WAIT_MS) || hog->error ||
	    cgroup_write(cgroup, "cgroup.procs", text)) {
		kill(pid, SIGKILL);
		return -1;
	}
	hog->go = 1;
	return pid;
}

/* Does the cgroup come down to a little memory? */
static bool gives_back(const char *cgroup)
{
	uint64_t deadline = proc_now() + SOON_MS * NSEC_PER_MSEC;

	while (cgroup_memory(cgroup) > LITTLE && proc_now() < deadline)
		proc_nap();
	return cgroup_memory(cgroup) <= LITTLE;
}

/* The device's fault is what finds no memory, and the process is who is killed. */
TEST_F_TIMEOUT(oom, killed_for_what_its_device_takes, TEST_S)
{
	struct trace_life life;
	char limit[32];
	int status;
	pid_t pid;

	snprintf(limit, sizeof(limit), "%lu", LIMIT);
	ASSERT_EQ(0, cgroup_write(self->cgroup, "memory.max", limit));
	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, LONG_TIMEOUT));
	pid = start(self->hog, self->cgroup, live);
	ASSERT_LT(0, pid) TH_LOG("%s", strerror(-self->hog->error));

	ASSERT_NE(0, proc_wait(pid, WAIT_MS, &status));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_TRUE(gives_back(self->cgroup));
	EXPECT_LE(0, trace_mm_freed(&trace, pid, SOON_MS));
	/* Nobody waits for a device to finish what there is no memory for. */
	ASSERT_TRUE(trace_one_life(&trace, pid, &life, SOON_MS));
	EXPECT_TRUE(trace_says(&trace, life.drained, "rung", "abort"));
}

static void *read_page(void *page)
{
	return (void *)(uintptr_t)__atomic_load_n((uint8_t *)page, __ATOMIC_RELAXED);
}

/* One thread of it does not leave when it is killed. */
static void live_on(void *arg)
{
	struct hog *hog = arg;
	void *page = fuse_map(&hog->fuse);
	pthread_t thread;

	hog->fuse.hold = 1;
	if (!page || pthread_create(&thread, NULL, read_page, page) ||
	    !proc_wait_flag(&hog->fuse.held, 1, WAIT_MS))
		_exit(1);
	live(arg);
}

static void run_server(void *fuse)
{
	fuse_serve(fuse);
}

static bool all_are_refused(const struct hog *hog)
{
	for (int i = 0; i < DESCS; i++)
		if (desc_wait(&hog->descs[i].record, WAIT_MS) !=
		    (DSA_COMP_PAGE_FAULT_IR | DESC_FAULT_WRITE))
			return false;
	return true;
}

/* Reap a killed process that can't leave, as the OOM killer's reaper would. */
static int reap(pid_t pid)
{
	int fd = syscall(SYS_pidfd_open, pid, 0);
	int ret;

	kill(pid, SIGKILL);
	ret = syscall(__NR_process_mrelease, fd, 0) ? -errno : 0;
	close(fd);
	return ret;
}

/* The process lives on, in a way, and its device has just begun. */
TEST_F_TIMEOUT(oom, reaped_pages_do_not_come_back, TEST_S)
{
	struct hog *hog = self->hog;
	struct trace_life life;
	pid_t pid, server;
	int status;

	if (access("/dev/fuse", F_OK))
		SKIP(return, "no FUSE");
	if (inject_set(hog->queue.device, INJECT_HANG_ENGINES))
		SKIP(return, "a real device does not hang when asked to");
	hog->fuse.path = FILE_PATH;
	hog->fuse.unkillable = true;
	server = proc_spawn(run_server, &hog->fuse);
	ASSERT_EQ(0, fuse_wait(&hog->fuse));
	hog->populate = true;
	pid = start(hog, self->cgroup, live_on);
	ASSERT_LT(0, pid) TH_LOG("%s", strerror(-hog->error));
	ASSERT_TRUE(proc_wait_flag(&hog->stage, 2, WAIT_MS));
	ASSERT_EQ(0, hog->error);
	EXPECT_LE(DESCS * hog->each, cgroup_memory(self->cgroup));

	ASSERT_EQ(0, reap(pid));
	EXPECT_TRUE(gives_back(self->cgroup));
	ASSERT_EQ(0, inject_set(hog->queue.device, 0));
	EXPECT_TRUE(all_are_refused(hog));
	EXPECT_GE(LITTLE, cgroup_memory(self->cgroup));

	kill(server, SIGKILL);
	EXPECT_NE(0, proc_wait(pid, WAIT_MS, &status));
	EXPECT_NE(0, proc_wait(server, WAIT_MS, &status));
	ASSERT_TRUE(trace_one_life(&trace, pid, &life, SOON_MS));
	EXPECT_TRUE(trace_says(&trace, life.drained, "rung", "abort"));
}

TEST_HARNESS_MAIN
