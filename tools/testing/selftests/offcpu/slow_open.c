// SPDX-License-Identifier: GPL-2.0
/*
 * An open() may last: it waits for mmap_lock, which the process that opens can
 * keep taken for as long as it likes.  Nobody else's close(), nor anybody's exit,
 * waits for that, and who takes the queue away waits for some seconds.  Here the
 * lock is held by a thread that reads a page through /proc/self/mem, of a file
 * whose server does not answer.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../idxd/file.h"
#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../kselftest_harness.h"
#include "fuse.h"

#define FILE_PATH	PROC_TMPFS "/file"
#define STEP_MS		20000
#define TEST_SECONDS	90

/* What who opens shares with who looks on. */
struct slow {
	struct queue queue;
	struct fuse fuse;
	void *page;
	int error;
	atomic_int opened;
};

static void *hold_mmap_lock(void *arg)
{
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	struct slow *slow = arg;
	char byte;

	if (pread(mem, &byte, 1, (uintptr_t)slow->page) != 1)
		slow->error = -errno;
	return NULL;
}

static void open_slowly(void *arg)
{
	struct slow *slow = arg;
	pthread_t holder;
	int fd;

	slow->page = fuse_map(&slow->fuse);
	slow->fuse.hold = 1;
	if (!slow->page || pthread_create(&holder, NULL, hold_mmap_lock, slow) ||
	    !proc_wait_flag(&slow->fuse.held, 1, STEP_MS)) {
		slow->error = -EIO;
		return;
	}
	fd = open(slow->queue.path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		slow->error = -errno;
	slow->opened = 1;
	pthread_join(holder, NULL);
}

static void open_and_pause(void *arg)
{
	struct slow *slow = arg;

	if (open(slow->queue.path, O_RDWR | O_CLOEXEC) >= 0)
		slow->opened = 1;
	pause();
}

static void serve(void *fuse)
{
	fuse_serve(fuse);
}

FIXTURE(slow) {
	struct slow *slow;
	pid_t server;
	pid_t opener;
};

FIXTURE_SETUP(slow)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	if (access("/dev/fuse", F_OK))
		SKIP(return, "no FUSE");
	self->slow = proc_shared(sizeof(*self->slow));
	self->slow->fuse.path = FILE_PATH;
	self->slow->fuse.unkillable = true;
	ASSERT_EQ(0, queue_find(&self->slow->queue, false));
	ASSERT_EQ(0, proc_tmpfs());
	self->server = proc_spawn(serve, &self->slow->fuse);
	ASSERT_EQ(0, fuse_wait(&self->slow->fuse));
}

FIXTURE_TEARDOWN(slow)
{
	kill(self->server, SIGKILL);
}

/* Is somebody in the midst of an open() that nothing but an answer can end? */
static bool start_opener(struct slow *slow, pid_t *pid)
{
	uint64_t deadline = proc_now() + STEP_MS * NSEC_PER_MSEC;

	slow->opened = 0;
	*pid = proc_spawn(open_slowly, slow);
	while (!slow->fuse.held || proc_state(*pid) != 'D') {
		if (slow->error || proc_now() > deadline)
			return false;
		proc_nap();
	}
	return !slow->opened;
}

TEST_F_TIMEOUT(slow, nobody_elses_end_waits_for_it, TEST_SECONDS)
{
	struct slow *slow = self->slow;
	int fd, status;
	pid_t other;

	fd = open(slow->queue.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	other = proc_spawn(open_and_pause, slow);
	ASSERT_TRUE(proc_wait_flag(&slow->opened, 1, STEP_MS));
	ASSERT_TRUE(start_opener(slow, &self->opener));

	close(fd);
	kill(other, SIGKILL);
	EXPECT_NE(0, proc_wait(other, STEP_MS, &status));
	EXPECT_EQ('D', proc_state(self->opener));
	EXPECT_EQ(0, slow->opened);

	slow->fuse.hold = 0;
	ASSERT_NE(0, proc_wait(self->opener, STEP_MS, &status));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, slow->opened);
	EXPECT_EQ(0, slow->error);
}

/* Who keeps the queue from being disabled by that is killed. */
TEST_F_TIMEOUT(slow, disabling_waits_with_a_bound, TEST_SECONDS)
{
	struct slow *slow = self->slow;
	struct portal portal;
	int status;

	ASSERT_TRUE(start_opener(slow, &self->opener));
	EXPECT_EQ(0, queue_enable(&slow->queue, false));
	EXPECT_EQ(1, slow->fuse.hold);
	EXPECT_EQ(0, slow->opened);

	slow->fuse.hold = 0;
	ASSERT_NE(0, proc_wait(self->opener, STEP_MS, &status));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));

	ASSERT_EQ(0, queue_enable(&slow->queue, true));
	ASSERT_EQ(0, portal_open(&portal, &slow->queue));
	EXPECT_TRUE(file_portal_copies(&portal));
	portal_close(&portal);
}

TEST_HARNESS_MAIN
