// SPDX-License-Identifier: GPL-2.0
/*
 * A device whose registers are gone with work in flight: all ones are read, as
 * when it has been pulled out, and no command will ever end.  Worse than that, it
 * goes on with its work.  Who uses it dies in the bounded time of the ladder, or
 * lives on and is told, and its driver can be taken away.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "../idxd/file.h"
#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "inject.h"
#include "victim.h"

#define TIMEOUT_FILE	"/proc/sys/kernel/offcpu_drain_timeout_ms"
#define TIMEOUT_MS	600
#define LONG_TIMEOUT	"60000"
#define SHORT_MS	20000	/* less than a third of that */
#define SLACK_MS	2000	/* what the machine may need beside the rungs */
#define STEP_MS		20000
#define SLOW		100	/* times: more work than is done meanwhile */
#define COUNT		8
#define EACH_MS		10
#define TEST_SECONDS	120

static struct trace trace;

/* Someone who works, and looks what becomes of the device. */
struct user {
	struct queue queue;
	struct work *work;
	atomic_int working, lost;
	int error;
	int events, write, signal;
};

FIXTURE(vanish) {
	struct queue queue;
	char function[32];
	char timeout[16];
};

FIXTURE_SETUP(vanish)
{
	char text[16];
	int ret;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_TRUE(inject_wait_usable(&self->queue, false));
	/* What has been pulled out is reset by nobody. */
	ret = inject_set(self->queue.device, INJECT_IGNORE_FLR);
	if (ret == -ENODEV)
		SKIP(return, "a real device does not vanish when asked to");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, inject_slow(self->queue.device, SLOW));
	ASSERT_EQ(0, queue_pci_name(self->queue.device, self->function,
				    sizeof(self->function)));
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, trace_enable(&trace, "idxd"));
	ASSERT_EQ(0, proc_read_file(TIMEOUT_FILE, self->timeout,
				    sizeof(self->timeout)));
	snprintf(text, sizeof(text), "%d", TIMEOUT_MS);
	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, text));
}

/* Put back and found again, it is as good as new. */
FIXTURE_TEARDOWN(vanish)
{
	struct portal portal;

	proc_write_file(TIMEOUT_FILE, self->timeout);
	trace_stop(&trace);
	inject_set(self->queue.device, 0);
	queue_bind_driver(self->function, false);
	EXPECT_EQ(0, queue_bind_driver(self->function, true));
	EXPECT_EQ(0, queue_load_config());
	EXPECT_EQ(0, inject_slow(self->queue.device, 1));
	EXPECT_TRUE(inject_wait_usable(&self->queue, false));
	ASSERT_EQ(0, portal_open(&portal, &self->queue));
	EXPECT_TRUE(file_portal_copies(&portal));
	portal_close(&portal);
}

static void vanish(struct victim *victim, bool dying)
{
	if (dying)
		inject_no_memory(victim->queue.device, true);
}

TEST_F_TIMEOUT(vanish, exit_is_bounded_and_device_quiet, TEST_SECONDS)
{
	struct victim *victim = victim_alloc(&self->queue);
	struct trace_life life;

	victim->count = COUNT;
	victim->each_ms = EACH_MS;
	victim->slow = SLOW;
	victim->meddle = vanish;
	ASSERT_TRUE(victim_start(victim)) TH_LOG("%s", strerror(-victim->error));
	ASSERT_TRUE(victim_end(victim));
	EXPECT_NE(0, victim->in_flight);
	EXPECT_LE(victim->waited - victim->killed,
		  (2 * TIMEOUT_MS + SLACK_MS) * NSEC_PER_MSEC);
	EXPECT_TRUE(work_stays_quiet(victim->work));
	ASSERT_TRUE(trace_one_life(&trace, victim->pid, &life, STEP_MS));
	EXPECT_TRUE(trace_in_order(&trace, &life));
	EXPECT_TRUE(trace_says(&trace, life.drained, "rung", "isolate"));
	EXPECT_LE(trace.events[life.dead].time, victim->waited + 1000);
}

static void work_until_lost(void *arg)
{
	struct user *user = arg;
	struct portal portal;
	uint64_t deadline;

	user->error = portal_open(&portal, &user->queue);
	if (!user->error)
		user->error = work_prepare(user->work, &portal, EACH_MS);
	if (user->error)
		return;
	work_submit(user->work, &portal, COUNT);
	user->working = 1;
	deadline = proc_now() + STEP_MS * NSEC_PER_MSEC;
	while (!(user->events & POLLHUP) && proc_now() < deadline)
		user->events = file_poll(portal.fd, 1);
	user->write = file_write_errno(portal.fd);
	user->signal = file_wait_signal(&portal, STEP_MS);
	portal_close(&portal);
	user->lost = 1;
}

static struct user *start_user(struct __test_metadata *_metadata,
			       const struct queue *queue, pid_t *pid)
{
	struct user *user = proc_shared(sizeof(*user));

	user->queue = *queue;
	user->work = work_alloc();
	*pid = proc_spawn(work_until_lost, user);
	ASSERT_TRUE(proc_wait_flag(&user->working, 1, STEP_MS));
	return user;
}

static void expect_lost(struct __test_metadata *_metadata, struct user *user,
			pid_t pid)
{
	int status;

	ASSERT_TRUE(proc_wait_flag(&user->lost, 1, STEP_MS));
	EXPECT_EQ(POLLHUP | POLLERR, user->events);
	EXPECT_EQ(ENODEV, user->write);
	EXPECT_EQ(SIGBUS, user->signal);
	EXPECT_NE(0, proc_wait(pid, STEP_MS, &status));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(work_stays_quiet(user->work));
}

/* Nobody waits for commands that nobody takes: none is given. */
TEST_F_TIMEOUT(vanish, driver_does_not_wait_for_it, TEST_SECONDS)
{
	unsigned int before;
	struct user *user;
	uint64_t start;
	pid_t pid;

	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, LONG_TIMEOUT));
	user = start_user(_metadata, &self->queue, &pid);
	ASSERT_EQ(0, inject_no_memory(self->queue.device, true));
	/* It can't be found by its name once the driver has gone. */
	ASSERT_EQ(0, inject_set(self->queue.device, 0));
	trace_read(&trace);
	before = trace.count;
	start = proc_now();
	EXPECT_EQ(0, queue_bind_driver(self->function, false));
	EXPECT_GE(SHORT_MS * NSEC_PER_MSEC, proc_now() - start);
	expect_lost(_metadata, user, pid);
	trace_read(&trace);
	EXPECT_EQ(-1, trace_find(&trace, "idxd_command", NULL, NULL, before));
}

/* Who opens it next is the first to see, and those who have it open are told. */
TEST_F_TIMEOUT(vanish, open_finds_out, TEST_SECONDS)
{
	struct user *user;
	pid_t pid;
	int fd;

	user = start_user(_metadata, &self->queue, &pid);
	ASSERT_EQ(0, inject_no_memory(self->queue.device, true));
	fd = open(self->queue.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(-1, fd);
	EXPECT_EQ(ENODEV, errno);
	expect_lost(_metadata, user, pid);
}

TEST_HARNESS_MAIN
