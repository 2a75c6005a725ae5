// SPDX-License-Identifier: GPL-2.0
/*
 * A device that waits for a page which nobody brings: its process dies in the
 * bounded time of the ladder and gives its memory back, and nobody else's exit
 * has to wait for that.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "fuse.h"
#include "victim.h"

#define TIMEOUT_FILE	"/proc/sys/kernel/offcpu_drain_timeout_ms"
#define LONG_TIMEOUT	"60000"	/* nothing that is waited for here lasts so long */
#define SLACK_MS	2000	/* what the machine may need beside the rungs */
#define FILE_PATH	PROC_TMPFS "/file"
#define WAIT_MS		10000
#define SOON_MS		5000
#define TEST_S		120
#define PAGE		4096

static struct trace trace;

/* What the page is behind that the device wants. */
enum { OWN_SERVER, SILENT_SERVER, NOBODY };

struct stuck {
	int kind;
	struct fuse fuse;
	struct desc desc;
	atomic_int mapped;	/* by another thread, over and over */
};

static struct stuck *stuck;

static void *serve(void *fuse)
{
	fuse_serve(fuse);
	return NULL;
}

/* Another thread wants mmap_lock for itself, and is killed with the rest. */
static void *change_mm(void *arg)
{
	for (;;) {
		void *mem = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0);

		munmap(mem, PAGE);
		stuck->mapped++;
	}
	return NULL;
}

/* Memory of the caller's that only a server could fill, which there is not. */
static void *map_userfault(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	reg.range = (struct uffdio_range){ (uintptr_t)mem, PAGE };
	return ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg) ?
	       NULL : mem;
}

static void *map_page(void)
{
	pthread_t thread;

	if (stuck->kind == NOBODY)
		return map_userfault();
	if (stuck->kind == OWN_SERVER &&
	    (pthread_create(&thread, NULL, serve, &stuck->fuse) ||
	     fuse_wait(&stuck->fuse)))
		return NULL;
	return fuse_map(&stuck->fuse);
}

/* Have the device wait for it. */
static int get_stuck(struct victim *victim, struct portal *portal)
{
	void *page = map_page();
	pthread_t thread;

	if (!page || pthread_create(&thread, NULL, change_mm, NULL))
		return -EIO;
	stuck->fuse.hold = 1;
	desc_memmove(&stuck->desc, victim->work->dst, page, PAGE);
	stuck->desc.hw.flags |= IDXD_OP_FLAG_BOF;
	if (portal_submit(portal, &stuck->desc.hw) < 0)
		return -EIO;
	if (stuck->kind == NOBODY)
		return desc_wait(&stuck->desc.record, WAIT_MS) ==
		       DSA_COMP_PAGE_FAULT_IR ? 0 : -EIO;
	if (!proc_wait_flag(&stuck->fuse.held, 1, WAIT_MS) ||
	    !proc_wait_flag(&stuck->mapped, stuck->mapped + 2, WAIT_MS))
		return -ETIMEDOUT;
	return stuck->desc.record.status ? -EBUSY : 0;
}

/* What both tests have. */
struct scene {
	struct queue queue;
	struct victim *victim;
	pid_t server;
	char timeout[32];
};

FIXTURE(slow_fault) {
	struct scene scene;
};

FIXTURE_VARIANT(slow_fault) {
	int kind;
	bool unkillable;
	const char *rung;
};

FIXTURE_VARIANT_ADD(slow_fault, own_server) {
	.kind = OWN_SERVER, .rung = "abort",
};

FIXTURE_VARIANT_ADD(slow_fault, own_server_unkillable) {
	.kind = OWN_SERVER, .unkillable = true, .rung = "abort",
};

FIXTURE_VARIANT_ADD(slow_fault, silent_server) {
	.kind = SILENT_SERVER, .rung = "abort",
};

FIXTURE_VARIANT_ADD(slow_fault, silent_server_unkillable) {
	.kind = SILENT_SERVER, .unkillable = true, .rung = "abort",
};

FIXTURE_VARIANT_ADD(slow_fault, userfaultfd) {
	.kind = NOBODY, .rung = "drain",
};

static void run_server(void *fuse)
{
	fuse_serve(fuse);
}

static const char *why_not(void)
{
	if (!queue_device_exists())
		return "no DSA device";
	return access("/dev/fuse", F_OK) ? "no FUSE" : NULL;
}

/* 0, or which step failed. */
static int set_up(struct scene *scene, int kind, bool unkillable)
{
	if (queue_find_on(&scene->queue, 0, false) || proc_tmpfs())
		return 1;
	if (trace_start(&trace) ||
	    proc_read_file(TIMEOUT_FILE, scene->timeout, sizeof(scene->timeout)))
		return 2;
	stuck = proc_shared(sizeof(*stuck));
	stuck->kind = kind;
	stuck->fuse.path = FILE_PATH;
	stuck->fuse.unkillable = unkillable;
	scene->server = 0;
	if (kind == SILENT_SERVER) {
		scene->server = proc_spawn(run_server, &stuck->fuse);
		if (fuse_wait(&stuck->fuse))
			return 3;
	}
	scene->victim = victim_alloc(&scene->queue);
	scene->victim->pass_on = get_stuck;
	return 0;
}

/* All that waits for it is told that it will never answer. */
static bool kill_server(struct scene *scene)
{
	int status;

	if (!scene->server)
		return true;
	kill(scene->server, SIGKILL);
	if (!proc_wait(scene->server, WAIT_MS, &status))
		return false;
	scene->server = 0;
	return true;
}

static void tear_down(struct scene *scene)
{
	proc_write_file(TIMEOUT_FILE, scene->timeout);
	trace_stop(&trace);
	kill_server(scene);
}

FIXTURE_SETUP(slow_fault)
{
	if (why_not())
		SKIP(return, "%s", why_not());
	ASSERT_EQ(0, set_up(&self->scene, variant->kind, variant->unkillable));
}

FIXTURE_TEARDOWN(slow_fault)
{
	tear_down(&self->scene);
}

static bool pages_are_back(uint64_t tmpfs_free)
{
	uint64_t deadline = proc_now() + SOON_MS * NSEC_PER_MSEC;

	while (proc_tmpfs_free() < tmpfs_free && proc_now() < deadline)
		proc_nap();
	return proc_tmpfs_free() >= tmpfs_free;
}

TEST_F_TIMEOUT(slow_fault, exit_is_bounded, TEST_S)
{
	struct victim *victim = self->scene.victim;
	uint64_t free_before = proc_tmpfs_free();
	struct trace_life life;

	victim->map_tmpfile = true;
	ASSERT_TRUE(victim_start(victim)) TH_LOG("%s", strerror(-victim->error));
	ASSERT_TRUE(victim_end(victim));
	EXPECT_LE(victim->waited - victim->killed,
		  (2 * atoi(self->scene.timeout) + SLACK_MS) * NSEC_PER_MSEC);
	ASSERT_TRUE(trace_one_life(&trace, victim->pid, &life, SOON_MS));
	EXPECT_TRUE(trace_says(&trace, life.drained, "rung", variant->rung));

	/* Also while whoever went to get the page still waits for it. */
	EXPECT_TRUE(pages_are_back(free_before));
	if (variant->unkillable)
		EXPECT_TRUE(kill_server(&self->scene));
	EXPECT_LE(0, trace_mm_freed(&trace, victim->pid, SOON_MS));
}

FIXTURE(neighbours) {
	struct scene scene;
	struct victim *other;
};

FIXTURE_SETUP(neighbours)
{
	struct queue elsewhere;

	if (why_not())
		SKIP(return, "%s", why_not());
	if (queue_find_on(&elsewhere, 1, false))
		SKIP(return, "no second device");
	ASSERT_EQ(0, set_up(&self->scene, SILENT_SERVER, true));
	self->other = victim_alloc(&elsewhere);
	self->other->count = 4;
	self->other->each_ms = 10;
}

FIXTURE_TEARDOWN(neighbours)
{
	tear_down(&self->scene);
	queue_release_device(1);
}

/* Neither one's fault nor its drain delays somebody on another device. */
TEST_F_TIMEOUT(neighbours, exit_as_if_alone, TEST_S)
{
	struct victim *other = self->other, *victim = self->scene.victim;
	struct trace_life life, other_life;
	int status;

	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, LONG_TIMEOUT));
	ASSERT_TRUE(victim_start(other)) TH_LOG("%s", strerror(-other->error));
	ASSERT_TRUE(victim_start(victim)) TH_LOG("%s", strerror(-victim->error));

	/* This one is not dead before somebody answers, or for a minute. */
	ASSERT_EQ(0, kill(victim->pid, SIGKILL));
	EXPECT_TRUE(victim_end(other));
	ASSERT_TRUE(trace_one_life(&trace, other->pid, &other_life, SOON_MS));
	EXPECT_TRUE(trace_says(&trace, other_life.drained, "rung", "drain"));
	EXPECT_EQ(0, waitpid(victim->pid, &status, WNOHANG));

	EXPECT_TRUE(kill_server(&self->scene));
	EXPECT_NE(0, proc_wait(victim->pid, VICTIM_TIMEOUT_MS, &status));
	ASSERT_TRUE(trace_one_life(&trace, victim->pid, &life, SOON_MS));
	EXPECT_TRUE(trace_before(&trace, other_life.dead, life.drained));
}

/* ... nor is somebody else's fault behind it, which comes later. */
TEST_F_TIMEOUT(neighbours, fault_served_as_if_alone, TEST_S)
{
	struct desc *desc = proc_shared(sizeof(*desc));
	struct victim *victim = self->scene.victim;
	struct portal portal;
	int status;
	void *mem;

	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_TRUE(victim_start(victim)) TH_LOG("%s", strerror(-victim->error));
	ASSERT_EQ(0, portal_open(&portal, &self->other->queue));
	desc_memfill(desc, mem, 0x5a, sizeof(uint64_t));
	desc->hw.flags |= IDXD_OP_FLAG_BOF;
	EXPECT_LE(0, portal_submit(&portal, &desc->hw));
	EXPECT_EQ(DSA_COMP_SUCCESS, desc_wait(&desc->record, SOON_MS));
	portal_close(&portal);

	ASSERT_EQ(0, kill(victim->pid, SIGKILL));
	EXPECT_TRUE(kill_server(&self->scene));
	EXPECT_NE(0, proc_wait(victim->pid, VICTIM_TIMEOUT_MS, &status));
}

TEST_HARNESS_MAIN
