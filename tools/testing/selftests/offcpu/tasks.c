// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/offcpu_tasks and /proc/<pid>/offcpu_tasks: what they list, to whom, and
 * who may kill a task there; and kernel.offcpu_drain_timeout_ms.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../idxd/file.h"
#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "inject.h"
#include "list.h"
#include "victim.h"

#define TIMEOUT_FILE	"/proc/sys/kernel/offcpu_drain_timeout_ms"
#define NOBODY		65534
#define PAGE		4096
#define WAIT_MS		5000
#define MANY		150
#define SHORT_MS	300
#define SLACK_MS	2000

static struct trace trace;

FIXTURE(tasks) {
	struct queue queue;
	struct portal portal;
	struct list_row row;
	struct desc *desc;
};

FIXTURE_SETUP(tasks)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(-ENOENT, list_find(LIST_ALL, 0, getpid(), &self->row));
	self->desc = proc_shared(sizeof(*self->desc));
	ASSERT_EQ(0, portal_open(&self->portal, &self->queue));
	ASSERT_EQ(0, list_find(LIST_ALL, 0, getpid(), &self->row));
}

FIXTURE_TEARDOWN(tasks)
{
	portal_close(&self->portal);
	trace_stop(&trace);
}

static bool works(struct portal *portal, struct desc *desc)
{
	desc_init(desc, DSA_OPCODE_NOOP);
	return portal_submit(portal, &desc->hw) >= 0 &&
	       desc_wait(&desc->record, WAIT_MS) == DSA_COMP_SUCCESS;
}

TEST_F(tasks, lists_show_a_live_task)
{
	char device[64], number[32];
	struct list_row own;
	int bind;

	ASSERT_EQ(0, list_find(list_of(getpid()), 0, getpid(), &own));
	EXPECT_EQ(self->row.id, own.id);
	EXPECT_STREQ("live", own.state);
	EXPECT_STREQ("live", self->row.state);

	ASSERT_EQ(0, queue_pci_name(self->queue.device, device, sizeof(device)));
	EXPECT_STREQ(device, own.device);
	EXPECT_STREQ(own.device, self->row.device);

	trace_read(&trace);
	snprintf(number, sizeof(number), "%d", getpid());
	bind = trace_find(&trace, "offcpu_task_bind", "pid", number, 0);
	ASSERT_LE(0, bind);
	snprintf(number, sizeof(number), "%u", own.pasid);
	EXPECT_TRUE(trace_says(&trace, bind, "pasid", number));
	EXPECT_NE(0, own.pasid);
	EXPECT_EQ(own.pasid, self->row.pasid);
	snprintf(number, sizeof(number), "%llu", own.id);
	EXPECT_TRUE(trace_says(&trace, bind, "id", number));
}

TEST_F(tasks, age_is_in_seconds)
{
	struct list_row later;

	EXPECT_GT(WAIT_MS / 1000, self->row.age);
	usleep(1100 * 1000);
	ASSERT_EQ(0, list_find(LIST_ALL, self->row.id, 0, &later));
	EXPECT_LT(self->row.age + 1, later.age);
	EXPECT_GT(self->row.age + WAIT_MS / 1000, later.age);
}

TEST_F(tasks, page_faults_are_counted)
{
	struct list_row after;
	uint8_t *dst;

	ASSERT_TRUE(self->queue.block_on_fault);
	dst = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, dst);
	desc_memfill(self->desc, dst, 0x5a5a5a5a5a5a5a5aULL, PAGE);
	self->desc->hw.flags |= IDXD_OP_FLAG_BOF;
	ASSERT_LE(0, portal_submit(&self->portal, &self->desc->hw));
	ASSERT_EQ(DSA_COMP_SUCCESS, desc_wait(&self->desc->record, WAIT_MS));
	ASSERT_EQ(0, list_find(list_of(getpid()), self->row.id, 0, &after));
	EXPECT_LT(self->row.faults, after.faults);
	munmap(dst, PAGE);
}

TEST_F(tasks, gone_after_close)
{
	portal_close(&self->portal);
	EXPECT_EQ(-ENOENT, list_find(LIST_ALL, self->row.id, 0, &self->row));
	EXPECT_EQ(-ENOENT, list_find(list_of(getpid()), self->row.id, 0, &self->row));
}

TEST_F(tasks, process_without_tasks)
{
	struct list_row row;

	EXPECT_EQ(-ENOENT, list_find(list_of(getppid()), 0, getpid(), &row));
	/* A kernel thread has no mm. */
	EXPECT_EQ(-ENOENT, list_find(list_of(2), 0, getpid(), &row));
}

/* Read with a buffer that no two lines fit into, while tasks come and go. */
TEST_F(tasks, long_list_has_each_task_once)
{
	unsigned long long id, last = self->row.id;
	char line[64], *end;
	int fds[MANY], seen = 0, fd, len = 0;
	ssize_t got;

	for (int i = 0; i < MANY; i++) {
		fds[i] = open(self->queue.path, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, fds[i]);
	}
	fd = open(LIST_ALL, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	while ((got = read(fd, line + len, sizeof(line) - 1 - len)) > 0) {
		len += got;
		line[len] = '\0';
		end = strchr(line, '\n');
		ASSERT_NE(NULL, end);
		id = strtoull(line, NULL, 10);
		len -= end + 1 - line;
		memmove(line, end + 1, len);
		if (id <= self->row.id)
			continue;
		EXPECT_LT(last, id);
		last = id;
		close(fds[seen++]);
	}
	EXPECT_EQ(MANY, seen);
	close(fd);
}

/* Runs in a child, as another user. */
struct stranger {
	unsigned long long id;
	int pid;
	int own_file, all, kill, deputy, own_kill;
	struct queue queue;
};

static void be_stranger(void *arg)
{
	struct stranger *stranger = arg;
	struct list_row row;
	char text[32];
	int fd, len;

	stranger->deputy = setresuid(NOBODY, NOBODY, 0);
	stranger->own_file = list_find(list_of(stranger->pid), 0, stranger->pid, &row);
	stranger->all = list_find(LIST_ALL, stranger->id, 0, &row);
	stranger->kill = list_kill(stranger->id);

	/* What a stranger opened does not become privileged by who writes. */
	fd = open(LIST_ALL, O_WRONLY | O_CLOEXEC);
	len = snprintf(text, sizeof(text), "kill %llu", stranger->id);
	if (seteuid(0) || fd < 0)
		stranger->deputy = -EINVAL;
	else if (write(fd, text, len) < 0)
		stranger->deputy = -errno;
}

TEST_F(tasks, another_user_neither_sees_nor_kills)
{
	struct stranger *stranger = proc_shared(sizeof(*stranger));
	int status;

	stranger->id = self->row.id;
	stranger->pid = getpid();
	ASSERT_NE(0, proc_wait(proc_spawn(be_stranger, stranger), WAIT_MS, &status));
	EXPECT_EQ(-EACCES, stranger->own_file);
	EXPECT_EQ(-ENOENT, stranger->all);
	EXPECT_EQ(-EPERM, stranger->kill);
	EXPECT_EQ(-EPERM, stranger->deputy);
	EXPECT_TRUE(works(&self->portal, self->desc));
}

/* Has a procfs of its own, with @options. */
static int mount_proc(const char *options)
{
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, options))
		return -errno;
	return 0;
}

static void be_blind(void *arg)
{
	struct stranger *stranger = arg;
	struct list_row row;

	stranger->own_kill = mount_proc("hidepid=invisible");
	/* The group that is told all is root's unless said otherwise. */
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		stranger->own_kill = -errno;
	stranger->own_file = list_find(list_of(stranger->pid), 0, stranger->pid, &row);
	stranger->all = list_find(LIST_ALL, stranger->id, 0, &row);
}

TEST_F(tasks, hidden_process_hides_its_tasks)
{
	struct stranger *stranger = proc_shared(sizeof(*stranger));
	int status;

	stranger->id = self->row.id;
	stranger->pid = getpid();
	stranger->own_kill = 1;
	ASSERT_NE(0, proc_wait(proc_spawn(be_blind, stranger), WAIT_MS, &status));
	ASSERT_EQ(0, stranger->own_kill);
	EXPECT_EQ(-ENOENT, stranger->own_file);
	EXPECT_EQ(-ENOENT, stranger->all);
}

static void be_inside(void *arg)
{
	struct stranger *stranger = arg;
	struct portal portal;
	struct list_row row;

	stranger->own_kill = mount_proc(NULL);
	stranger->all = list_find(LIST_ALL, stranger->id, 0, &row);
	stranger->kill = list_kill(stranger->id);
	if (!stranger->own_kill)
		stranger->own_kill = portal_open(&portal, &stranger->queue);
	/* By the number that it has inside. */
	if (!stranger->own_kill)
		stranger->own_kill = list_find(LIST_ALL, 0, getpid(), &row);
	if (!stranger->own_kill)
		stranger->own_kill = list_kill(row.id);
}

static void go_inside(void *arg)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		return;
	/* Not proc_spawn(): the child can't see its parent. */
	pid = fork();
	if (!pid) {
		be_inside(arg);
		_exit(0);
	}
	proc_wait(pid, WAIT_MS, &status);
}

TEST_F(tasks, pid_namespace_has_its_own)
{
	struct stranger *stranger = proc_shared(sizeof(*stranger));
	int status;

	stranger->id = self->row.id;
	stranger->queue = self->queue;
	stranger->own_kill = 1;
	ASSERT_NE(0, proc_wait(proc_spawn(go_inside, stranger), 2 * WAIT_MS,
			       &status));
	EXPECT_EQ(0, stranger->own_kill);
	EXPECT_EQ(-ENOENT, stranger->all);
	EXPECT_EQ(-ESRCH, stranger->kill);
	EXPECT_TRUE(works(&self->portal, self->desc));
}

/* Without privilege, but one's own: as kill(2). */
static void kill_own(void *arg)
{
	struct stranger *stranger = arg;
	struct portal portal;
	struct list_row row;

	stranger->own_kill = portal_open(&portal, &stranger->queue);
	if (!stranger->own_kill)
		stranger->own_kill = list_find(LIST_ALL, 0, getpid(), &row);
	if (!stranger->own_kill && setresuid(NOBODY, NOBODY, NOBODY))
		stranger->own_kill = -errno;
	if (!stranger->own_kill)
		stranger->own_kill = list_kill(row.id);
}

TEST_F(tasks, user_kills_own)
{
	struct stranger *stranger = proc_shared(sizeof(*stranger));
	int status;

	stranger->queue = self->queue;
	stranger->own_kill = 1;
	ASSERT_NE(0, proc_wait(proc_spawn(kill_own, stranger), WAIT_MS, &status));
	EXPECT_EQ(0, stranger->own_kill);
}

TEST_F(tasks, bad_requests)
{
	static const char * const bad[] = {
		"kill", "kill ", "kill x", "kill 1 2", "nudge 1", "kill -1",
		"kill 99999999999999999999", "kill 1                           ",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, proc_write_file(LIST_ALL, bad[i]))
			TH_LOG("'%s'", bad[i]);
	}
	EXPECT_EQ(-ESRCH, list_kill(0));
	EXPECT_EQ(-ESRCH, list_kill(self->row.id + 1000000));
	EXPECT_TRUE(works(&self->portal, self->desc));
	portal_close(&self->portal);
	EXPECT_EQ(-ESRCH, list_kill(self->row.id));
}

TEST_F(tasks, killed_task_leaves_its_process)
{
	struct pollfd event = { .fd = self->portal.fd };
	struct trace_life life;
	struct portal other;
	struct list_row row;

	ASSERT_EQ(0, list_kill(self->row.id));
	EXPECT_EQ(SIGBUS, file_portal_signal(&self->portal));
	EXPECT_EQ(-1, write(self->portal.fd, &self->desc->hw,
			    sizeof(self->desc->hw)));
	EXPECT_EQ(EOWNERDEAD, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, QUEUE_PORTAL_SIZE, PROT_WRITE,
				   MAP_SHARED, self->portal.fd, 0));
	EXPECT_EQ(EOWNERDEAD, errno);
	EXPECT_EQ(1, poll(&event, 1, 0));
	EXPECT_EQ(POLLHUP | POLLERR, event.revents);

	ASSERT_EQ(0, list_find(LIST_ALL, self->row.id, 0, &row));
	EXPECT_STREQ("dead", row.state);
	EXPECT_EQ(-ENOENT, list_find(list_of(getpid()), self->row.id, 0, &row));
	EXPECT_EQ(-ESRCH, list_kill(self->row.id));

	ASSERT_TRUE(trace_one_life(&trace, getpid(), &life, WAIT_MS));
	EXPECT_TRUE(trace_in_order(&trace, &life));
	EXPECT_TRUE(trace_says(&trace, life.kill, "cause", "admin"));
	EXPECT_TRUE(trace_says(&trace, life.drained, "rung", "drain"));

	ASSERT_EQ(0, portal_open(&other, &self->queue));
	EXPECT_TRUE(works(&other, self->desc));
	portal_close(&other);
}

TEST_F(tasks, siblings_of_a_killed_task_go_on)
{
	struct portal other;

	ASSERT_EQ(0, portal_open(&other, &self->queue));
	ASSERT_EQ(0, list_kill(self->row.id));
	EXPECT_EQ(SIGBUS, file_portal_signal(&self->portal));
	EXPECT_TRUE(works(&other, self->desc));
	portal_close(&other);
}

TEST(drain_timeout_has_bounds)
{
	char text[32];

	ASSERT_EQ(0, proc_read_file(TIMEOUT_FILE, text, sizeof(text)));
	EXPECT_EQ(-EINVAL, proc_write_file(TIMEOUT_FILE, "0"));
	EXPECT_EQ(-EINVAL, proc_write_file(TIMEOUT_FILE, "60001"));
	EXPECT_EQ(-EINVAL, proc_write_file(TIMEOUT_FILE, "-1"));
	EXPECT_EQ(0, proc_write_file(TIMEOUT_FILE, "60000"));
	EXPECT_EQ(0, proc_write_file(TIMEOUT_FILE, "1"));
	EXPECT_EQ(0, proc_write_file(TIMEOUT_FILE, text));
}

/* Sees a process whose device hangs while it dies. */
FIXTURE(dying) {
	struct queue queue;
	struct victim *victim;
	char timeout[32];
};

static struct watch {
	struct list_row row;
	int all, own;
	atomic_int done;
} *watch;

FIXTURE_SETUP(dying)
{
	int ret;

	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, false));
	ret = inject_set(self->queue.device, 0);
	if (ret == -ENODEV)
		SKIP(return, "a real device does not hang when asked to");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, proc_read_file(TIMEOUT_FILE, self->timeout,
				    sizeof(self->timeout)));
	watch = proc_shared(sizeof(*watch));
	self->victim = victim_alloc(&self->queue);
	self->victim->count = 8;
	self->victim->each_ms = 10;
}

FIXTURE_TEARDOWN(dying)
{
	uint64_t deadline = proc_now() + 2 * WAIT_MS * NSEC_PER_MSEC;
	struct desc *desc = proc_shared(sizeof(*desc));
	struct portal portal;
	bool usable = false;

	inject_set(self->queue.device, 0);
	proc_write_file(TIMEOUT_FILE, self->timeout);
	/* It is reset behind our back. */
	while (!usable && proc_now() < deadline) {
		proc_nap();
		if (queue_find(&self->queue, false) ||
		    portal_open(&portal, &self->queue))
			continue;
		usable = works(&portal, desc);
		portal_close(&portal);
	}
	EXPECT_TRUE(usable);
}

static void watch_victim(void *arg)
{
	uint64_t deadline = proc_now() + WAIT_MS * NSEC_PER_MSEC;
	struct victim *victim = arg;
	struct list_row row;

	do {
		proc_nap();
		watch->all = list_find(LIST_ALL, 0, victim->pid, &watch->row);
	} while ((watch->all || strcmp(watch->row.state, "dying")) &&
		 proc_now() < deadline);
	/* It has no memory any more. */
	watch->own = list_find(list_of(victim->pid), 0, victim->pid, &row);
	watch->done = 1;
}

static void hang(struct victim *victim, bool dying)
{
	inject_set(victim->queue.device, dying ? INJECT_HANG_ENGINES : 0);
	if (dying)
		proc_spawn(watch_victim, victim);
}

TEST_F(dying, is_listed_and_as_bounded_as_the_sysctl_says)
{
	struct victim *victim = self->victim;
	char text[32];
	uint64_t took;

	snprintf(text, sizeof(text), "%d", SHORT_MS);
	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, text));
	victim->meddle = hang;
	ASSERT_TRUE(victim_run(victim)) TH_LOG("%s", strerror(-victim->error));
	took = victim->waited - victim->killed;
	EXPECT_LE(SHORT_MS * NSEC_PER_MSEC, took);
	EXPECT_GE((2 * SHORT_MS + SLACK_MS) * NSEC_PER_MSEC, took);

	ASSERT_TRUE(proc_wait_flag(&watch->done, 1, 2 * WAIT_MS));
	EXPECT_EQ(0, watch->all);
	EXPECT_STREQ("dying", watch->row.state);
	EXPECT_EQ(-ENOENT, watch->own);
	EXPECT_EQ(-ENOENT, list_find(LIST_ALL, 0, victim->pid, &watch->row));
}

TEST_HARNESS_MAIN
