// SPDX-License-Identifier: GPL-2.0
/*
 * A device that neither obeys nor answers an invalidation of its TLB, in a
 * munmap(), in a detach, in an exit.  Nothing can make it forget an address, so it
 * must be cut off before what was there is given to somebody else; nobody waits
 * for longer than the hardware does, and other devices don't notice.  For an
 * emulated device, which can be told to behave like that.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../idxd/file.h"
#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "inject.h"
#include "victim.h"

#define DTLB_TIMEOUT_MS	1000	/* of the emulated IOMMU */
#define SLACK_MS	2000	/* what the machine may need beside */
#define BOUND_NS	((DTLB_TIMEOUT_MS + SLACK_MS) * NSEC_PER_MSEC)
#define STEP_MS		20000
#define EACH_MS		50
#define LONG_MS		600	/* all of it lasts for longer than the time-out */
#define COUNT		16
#define TEST_S		120	/* only a machine that is overloaded needs it */
#define PAGE		4096
#define MARK		0x6d61726bULL
#define WATCH_MS	200
#define SLOWDOWN	64	/* times, where nobody waits for the device to be done */

/*
 * A CPU with interrupts off runs nobody: how long did each go without?
 */

#define BEAT_NS		1000000
#define MAX_CPUS	16

struct heart {
	pthread_t thread;
	int cpu;
	uint64_t longest;
};

static struct heart hearts[MAX_CPUS];
static int hearts_count;
static atomic_bool hearts_stop;

static void *beat(void *arg)
{
	struct heart *heart = arg;
	uint64_t last = proc_now(), now;

	while (!hearts_stop) {
		clock_nanosleep(CLOCK_MONOTONIC, 0,
				&(struct timespec){ .tv_nsec = BEAT_NS }, NULL);
		now = proc_now();
		if (now - last > heart->longest)
			heart->longest = now - last;
		last = now;
	}
	return NULL;
}

static bool hearts_start(void)
{
	struct sched_param param = { .sched_priority = 1 };
	pthread_attr_t attr;
	cpu_set_t set;

	hearts_stop = false;
	hearts_count = sysconf(_SC_NPROCESSORS_ONLN);
	if (hearts_count > MAX_CPUS)
		hearts_count = MAX_CPUS;
	for (int i = 0; i < hearts_count; i++) {
		hearts[i] = (struct heart){ .cpu = i };
		CPU_ZERO(&set);
		CPU_SET(i, &set);
		pthread_attr_init(&attr);
		pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
		pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
		pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
		pthread_attr_setschedparam(&attr, &param);
		if (pthread_create(&hearts[i].thread, &attr, beat, &hearts[i]))
			return false;
	}
	return true;
}

/* The longest time that a CPU ran nobody. */
static uint64_t hearts_end(void)
{
	uint64_t longest = 0;

	hearts_stop = true;
	for (int i = 0; i < hearts_count; i++) {
		pthread_join(hearts[i].thread, NULL);
		if (hearts[i].longest > longest)
			longest = hearts[i].longest;
	}
	hearts_count = 0;
	return longest;
}

/*
 * Someone who has the device at work.
 */

enum step { READY = 1, GO, DONE, GO_ON, OVER };

struct user {
	struct queue queue;
	struct work *work;
	unsigned int count;	/* descriptors that it submits */
	uint32_t slow;		/* times, if the device is to be so then; or 0 */
	uint32_t inject;	/* what it is to do besides not answering */
	pid_t pid;
	atomic_int step;
	int error;
	uint64_t took;		/* what it was told to do */
	int gone;		/* errno of its file afterwards */
	bool written;		/* what it had unmapped, just afterwards */
};

static struct user *user_alloc(const struct queue *queue, unsigned int count)
{
	struct user *user = proc_shared(sizeof(*user));

	user->queue = *queue;
	user->work = work_alloc();
	user->count = count;
	return user;
}

static bool user_prepare(struct user *user, struct portal *portal,
			 unsigned int each_ms)
{
	user->error = portal_open(portal, &user->queue);
	if (!user->error)
		user->error = work_prepare(user->work, portal, each_ms);
	user->step = READY;
	return !user->error && proc_wait_flag(&user->step, GO, STEP_MS);
}

/* Who waits behind another must not wait for its CPU. */
static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Does anybody write to @page in the next WATCH_MS? */
static bool is_written(atomic_ullong *page)
{
	uint64_t deadline = proc_now() + WATCH_MS * NSEC_PER_MSEC;

	for (int i = 0; i < PAGE / 8; i++)
		page[i] = MARK;
	while (proc_now() < deadline)
		for (int i = 0; i < PAGE / 8; i++)
			if (page[i] != MARK)
				return true;
	return false;
}

/* The destination goes while the device writes to it. */
static void unmap_under_device(void *arg)
{
	struct user *user = arg;
	struct portal portal;
	uint64_t start;
	void *alias;

	run_on(0);
	/* Shared memory: a second mapping, that the device does not know. */
	alias = mremap(user->work->dst, 0, PAGE, MREMAP_MAYMOVE);
	if (alias == MAP_FAILED) {
		user->error = -errno;
		return;
	}
	if (!user_prepare(user, &portal, LONG_MS))
		return;
	if (user->slow)
		inject_slow(user->queue.device, user->slow);
	work_submit(user->work, &portal, user->count);
	inject_set(user->queue.device, INJECT_MUTE);
	start = proc_now();
	munmap(user->work->dst, sizeof(user->work->dst));
	user->took = proc_now() - start;
	user->written = is_written(alias);
	user->step = DONE;
	if (!proc_wait_flag(&user->step, GO_ON, STEP_MS))
		return;
	/* The device will be lost, but we are not. */
	while ((user->gone = file_write_errno(portal.fd)) != ENODEV &&
	       proc_now() - start < STEP_MS * NSEC_PER_MSEC)
		proc_nap();
	portal_close(&portal);
	user->step = OVER;
}

static void close_device(void *arg)
{
	struct user *user = arg;
	struct portal portal;
	uint64_t start;

	if (!user_prepare(user, &portal, EACH_MS))
		return;
	inject_set(user->queue.device, INJECT_MUTE | user->inject);
	start = proc_now();
	portal_close(&portal);
	user->took = proc_now() - start;
	user->step = DONE;
}

/* Only has it open, and looks what becomes of that. */
static void be_bystander(void *arg)
{
	struct user *user = arg;
	struct portal portal;

	if (!user_prepare(user, &portal, EACH_MS))
		return;
	for (int i = 0; i < STEP_MS; i++) {
		user->gone = file_write_errno(portal.fd);
		if (user->gone == ENODEV)
			break;
		usleep(1000);
	}
	portal_close(&portal);
	user->step = DONE;
}

static struct trace trace;

FIXTURE(stuck) {
	struct queue queue;
	struct user *user;
};

FIXTURE_SETUP(stuck)
{
	int ret;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_TRUE(inject_wait_usable(&self->queue, false));
	ret = inject_set(self->queue.device, 0);
	if (ret == -ENODEV)
		SKIP(return, "a real device answers");
	ASSERT_EQ(0, ret);
	self->user = user_alloc(&self->queue, COUNT);
	ASSERT_TRUE(hearts_start());
}

/* Whatever happened, who comes next finds a device that works. */
FIXTURE_TEARDOWN(stuck)
{
	inject_set(self->queue.device, 0);
	inject_slow(self->queue.device, 1);
	EXPECT_LE(hearts_end(), BOUND_NS);
	EXPECT_TRUE(inject_wait_usable(&self->queue, false));
}

/* Start one, and have it go on once it is ready. */
static bool user_start(struct user *user, void (*fn)(void *arg))
{
	user->pid = proc_spawn(fn, user);
	if (!proc_wait_flag(&user->step, READY, STEP_MS) || user->error)
		return false;
	user->step = GO;
	return true;
}

TEST_F_TIMEOUT(stuck, munmap_is_bounded_and_pages_are_safe, TEST_S)
{
	struct user *user = self->user;
	int status;

	user->slow = SLOWDOWN;
	ASSERT_TRUE(user_start(user, unmap_under_device));
	ASSERT_TRUE(proc_wait_flag(&user->step, DONE, STEP_MS));
	EXPECT_LE(user->took, BOUND_NS);
	EXPECT_FALSE(user->written);
	EXPECT_LT(0, work_in_flight(user->work));

	user->step = GO_ON;
	ASSERT_TRUE(proc_wait_flag(&user->step, OVER, STEP_MS));
	EXPECT_EQ(ENODEV, user->gone);
	ASSERT_NE(0, proc_wait(user->pid, STEP_MS, &status));
	EXPECT_EQ(0, status);
}

TEST_F_TIMEOUT(stuck, detach_is_bounded, TEST_S)
{
	struct user *user = self->user;
	int status;

	ASSERT_TRUE(user_start(user, close_device));
	ASSERT_TRUE(proc_wait_flag(&user->step, DONE, STEP_MS));
	EXPECT_LE(user->took, BOUND_NS);
	ASSERT_NE(0, proc_wait(user->pid, STEP_MS, &status));
	EXPECT_EQ(0, status);
}

static bool log_says(int fd, const char *what, unsigned int timeout_ms)
{
	uint64_t deadline = proc_now() + timeout_ms * NSEC_PER_MSEC;
	char record[1024];
	ssize_t len;

	while (proc_now() < deadline) {
		len = read(fd, record, sizeof(record) - 1);
		if (len <= 0) {
			proc_nap();
			continue;
		}
		record[len] = '\0';
		if (strstr(record, what))
			return true;
	}
	return false;
}

/* It would obey again, but nobody knows what it remembers. */
TEST_F_TIMEOUT(stuck, device_that_no_reset_helps_stays_isolated, TEST_S)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), status;
	char function[32], path[96];

	if (inject_set(self->queue.device, INJECT_IGNORE_FLR) == -ENODEV)
		SKIP(return, "an emulated device that is always reset");
	ASSERT_LE(0, lseek(log, 0, SEEK_END));
	ASSERT_EQ(0, queue_pci_name(self->queue.device, function, sizeof(function)));
	self->user->inject = INJECT_IGNORE_FLR;
	ASSERT_TRUE(user_start(self->user, close_device));
	ASSERT_TRUE(proc_wait_flag(&self->user->step, DONE, STEP_MS));
	ASSERT_NE(0, proc_wait(self->user->pid, STEP_MS, &status));
	ASSERT_EQ(0, inject_set(self->queue.device, INJECT_IGNORE_FLR));

	EXPECT_TRUE(log_says(log, "stays isolated", STEP_MS));
	EXPECT_EQ(ENODEV, file_open_errno(&self->queue));

	/* One that does help is not too late. */
	ASSERT_EQ(0, inject_set(self->queue.device, 0));
	EXPECT_EQ(ENODEV, file_open_errno(&self->queue));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", function);
	ASSERT_EQ(0, proc_write_file(path, "1"));
	EXPECT_EQ(0, file_open_errno(&self->queue));
	close(log);
}

static void mute(struct victim *victim, bool dying)
{
	inject_set(victim->queue.device, dying ? INJECT_MUTE : 0);
}

TEST_F_TIMEOUT(stuck, exit_is_bounded_and_device_quiet, TEST_S)
{
	struct victim *victim = victim_alloc(&self->queue);
	struct trace_life life;

	ASSERT_EQ(0, trace_start(&trace));
	victim->count = COUNT;
	victim->each_ms = EACH_MS;
	victim->meddle = mute;
	ASSERT_TRUE(victim_run(victim)) TH_LOG("%s", strerror(-victim->error));
	EXPECT_LE(victim->waited - victim->killed,
		  BOUND_NS + work_total_ns(victim->work));
	EXPECT_TRUE(work_stays_quiet(victim->work));
	ASSERT_TRUE(trace_one_life(&trace, victim->pid, &life, SLACK_MS));
	EXPECT_TRUE(trace_in_order(&trace, &life));
	EXPECT_LE(trace.events[life.dead].time, victim->waited + 1000);
	trace_stop(&trace);
}

/* Others on the device lose it, are told, and can have it again. */
TEST_F_TIMEOUT(stuck, others_get_an_error_and_go_on, TEST_S)
{
	struct user *other = user_alloc(&self->queue, 0);
	struct victim *next;
	int status;

	ASSERT_TRUE(user_start(other, be_bystander));
	ASSERT_TRUE(user_start(self->user, close_device));
	ASSERT_TRUE(proc_wait_flag(&self->user->step, DONE, STEP_MS));
	ASSERT_NE(0, proc_wait(self->user->pid, STEP_MS, &status));

	ASSERT_TRUE(proc_wait_flag(&other->step, DONE, STEP_MS));
	EXPECT_EQ(ENODEV, other->gone);
	ASSERT_NE(0, proc_wait(other->pid, STEP_MS, &status));
	EXPECT_EQ(0, status);

	ASSERT_EQ(0, inject_set(self->queue.device, 0));
	ASSERT_TRUE(inject_wait_usable(&self->queue, false));
	next = victim_alloc(&self->queue);
	next->count = 4;
	next->each_ms = EACH_MS;
	ASSERT_TRUE(victim_run(next)) TH_LOG("%s", strerror(-next->error));
	EXPECT_EQ(0, next->unfinished);
	EXPECT_TRUE(work_complete(next->work));
}

/*
 * Another device, whose invalidations stand behind those that time out.
 */

#define NEIGHBOUR	1
#define NEIGHBOUR_ROUNDS 40000	/* far more than it has time for */

struct neighbour {
	struct queue queue;
	struct desc desc;
	atomic_int step;
	pid_t pid;
	int error;
	unsigned int rounds;
	unsigned int stale;	/* rounds in which an old address still worked */
	uint64_t longest;	/* round */
};

/* Fill the page at @at through the device; the record's status. */
static int fill(struct neighbour *n, struct portal *portal, void *at,
		uint64_t pattern)
{
	desc_memfill(&n->desc, at, pattern, PAGE);
	if (portal_submit(portal, &n->desc.hw) < 0)
		return -ETIMEDOUT;
	return desc_wait(&n->desc.record, STEP_MS);
}

/* Map the page, let the device know it, unmap it: it must not know it then. */
static void one_round(struct neighbour *n, struct portal *portal, int fd,
		      const uint64_t *page, void *at)
{
	uint64_t took, start = proc_now();

	if (mmap(at, PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) == MAP_FAILED ||
	    fill(n, portal, at, 2 * n->rounds + 1) != DSA_COMP_SUCCESS) {
		n->error = -EIO;
		return;
	}
	munmap(at, PAGE);
	if (fill(n, portal, at, 2 * n->rounds + 2) == DSA_COMP_SUCCESS ||
	    page[0] != 2 * n->rounds + 1)
		n->stale++;
	took = proc_now() - start;
	if (took > n->longest)
		n->longest = took;
	n->rounds++;
}

static void be_neighbour(void *arg)
{
	struct neighbour *n = arg;
	struct portal portal;
	int fd = memfd_create("page", MFD_CLOEXEC);
	uint64_t *page;
	void *at;

	run_on(1);
	n->error = portal_open(&portal, &n->queue);
	if (!n->error && ftruncate(fd, PAGE))
		n->error = -errno;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	at = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	n->step = READY;
	while (!n->error && n->step != GO_ON && n->rounds < NEIGHBOUR_ROUNDS)
		one_round(n, &portal, fd, page, at);
	portal_close(&portal);
	n->step = OVER;
}

TEST_F_TIMEOUT(stuck, other_device_is_flushed_nevertheless, TEST_S)
{
	struct neighbour *n = proc_shared(sizeof(*n));
	int status;

	if (access("/sys/bus/dsa/devices/dsa1", F_OK))
		SKIP(return, "one DSA device only");
	if (hearts_count < 2)
		SKIP(return, "one CPU only");
	ASSERT_EQ(0, queue_find_on(&n->queue, NEIGHBOUR, false));
	n->pid = proc_spawn(be_neighbour, n);
	EXPECT_TRUE(proc_wait_flag(&n->step, READY, STEP_MS));
	while (!n->error && n->rounds < 2)
		proc_nap();

	ASSERT_TRUE(user_start(self->user, unmap_under_device));
	EXPECT_TRUE(proc_wait_flag(&self->user->step, DONE, STEP_MS));
	n->step = GO_ON;
	EXPECT_TRUE(proc_wait_flag(&n->step, OVER, STEP_MS));
	EXPECT_EQ(0, n->error);
	EXPECT_EQ(0, n->stale);
	/* It did stand behind one that timed out, once. */
	EXPECT_GE(n->longest, DTLB_TIMEOUT_MS / 4 * NSEC_PER_MSEC);
	EXPECT_LE(n->longest, BOUND_NS);
	EXPECT_NE(0, proc_wait(n->pid, STEP_MS, &status));

	self->user->step = GO_ON;
	EXPECT_NE(0, proc_wait(self->user->pid, STEP_MS, &status));
	EXPECT_EQ(0, queue_release_device(NEIGHBOUR));
}

TEST_HARNESS_MAIN
