// SPDX-License-Identifier: GPL-2.0
/*
 * An open() may last: it waits for mmap_lock, which the process that opens can
 * keep taken for as long as it likes.  Nobody else's close(), nor anybody's exit,
 * waits for that.  Here it is a fork() with many page-table entries to copy.
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "proc.h"
#include "queue.h"
#include "../kselftest_harness.h"

#define FILE_BYTES	(64UL * 1024 * 1024)
#define MAPPINGS	160
#define PREPARE_MS	120000
#define FORK_MS		60000
#define TEST_SECONDS	200
#define OPEN_AFTER_MS	50	/* fork() is in the midst of it then */

struct slow {
	struct queue queue;
	atomic_int ready, go;
	atomic_ullong opening;
	atomic_ullong opened;
	atomic_int error;
};

static void *fork_slowly(void *unused)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(0);
	if (pid > 0)
		proc_wait(pid, FORK_MS, &status);
	return NULL;
}

/* A page of its own in each makes fork() copy the mapping's entries. */
static int map_much(void)
{
	int fd = memfd_create("pages", MFD_CLOEXEC);
	uint8_t *mem;

	if (fd < 0 || ftruncate(fd, FILE_BYTES))
		return -errno;
	for (int i = 0; i < MAPPINGS; i++) {
		mem = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			   fd, 0);
		if (mem == MAP_FAILED ||
		    madvise(mem, FILE_BYTES, MADV_POPULATE_READ))
			return -errno;
		mem[0] = 1;
	}
	return 0;
}

static void opener(void *arg)
{
	struct slow *slow = arg;
	pthread_t thread;
	int fd;

	slow->error = map_much();
	/* What is not bound yet would write to memory that is being copied. */
	usleep(1);
	close(open("/dev/null", O_RDWR | O_CLOEXEC));
	slow->opening = proc_now();
	slow->opening = 0;
	slow->ready = 1;
	if (slow->error || !proc_wait_flag(&slow->go, 1, FORK_MS))
		return;
	if (pthread_create(&thread, NULL, fork_slowly, NULL))
		return;
	usleep(OPEN_AFTER_MS * 1000);
	slow->opening = proc_now();
	fd = open(slow->queue.path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		slow->error = -errno;
	slow->opened = proc_now();
	pthread_join(thread, NULL);
}

FIXTURE(slow) {
};

FIXTURE_SETUP(slow)
{
}

FIXTURE_TEARDOWN(slow)
{
}

TEST_F_TIMEOUT(slow, close_does_not_wait_for_anothers_open,
	       TEST_SECONDS)
{
	struct slow *slow = proc_shared(sizeof(*slow));
	uint64_t closed;
	int fd, status;
	pid_t pid;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&slow->queue, false));
	pid = proc_spawn(opener, slow);
	ASSERT_TRUE(proc_wait_flag(&slow->ready, 1, PREPARE_MS));
	ASSERT_EQ(0, slow->error);
	fd = open(slow->queue.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	slow->go = 1;
	while (!slow->opening)
		proc_nap();
	usleep(OPEN_AFTER_MS * 1000);
	close(fd);
	closed = proc_now();
	ASSERT_NE(0, proc_wait(pid, FORK_MS, &status));
	ASSERT_EQ(0, slow->error);
	TH_LOG("open() took %llu ms, close() was over %lld ms before it",
	       (slow->opened - slow->opening) / NSEC_PER_MSEC,
	       (long long)(slow->opened - closed) / (long long)NSEC_PER_MSEC);
	if (slow->opened - slow->opening < 4 * OPEN_AFTER_MS * NSEC_PER_MSEC)
		SKIP(return, "fork() was too fast to see anything");
	EXPECT_LT(closed - slow->opening, (slow->opened - slow->opening) / 2);
}

TEST_HARNESS_MAIN
