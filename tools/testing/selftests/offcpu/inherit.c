// SPDX-License-Identifier: GPL-2.0
/*
 * A queue's file in the hands of a process that did not open it: inherited by
 * fork(), or received through a socket.  It gives no access to the opener's
 * memory, keeps none of it alive, and can be opened anew.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../idxd/file.h"
#include "../idxd/insn.h"
#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "peer.h"
#include "victim.h"

#define EACH_MS	20
#define COUNT	8
#define LIMIT_S	120	/* a test; debug kernels are slow */
#define SOON_MS	2000

static struct trace trace;

/* What the heir finds the file good for. */
struct view {
	int map, write;		/* errno of each */
	int events;		/* of poll() */
	int open;		/* opened anew: 0 or -errno */
	bool copied;		/* ... and works on the heir's own memory */
};

enum { SAW_ALIVE = 1, SAW_DEAD, MAY_GO };

/* The process that has the file of a victim's. */
struct heir {
	struct portal portal;	/* the victim's, as fork() copied it */
	int fd;
	int socket[2];
	pid_t pid;
	struct view alive, dead;/* while the victim lived, and later */
	int signal;		/* upon a touch of the victim's portal */
	int woken;		/* events that poll() waited for */
	atomic_int stage;
};

/* The victim's pass_on() has no other way to it. */
static struct heir *heir;

FIXTURE(inherit) {
	struct queue queue;
	struct victim *victim;
	uint64_t tmpfs_free;
};

FIXTURE_VARIANT(inherit) {
	bool dedicated;
	bool sent;	/* through a socket */
};

FIXTURE_VARIANT_ADD(inherit, shared_forked) { };
FIXTURE_VARIANT_ADD(inherit, shared_sent) { .sent = true };
FIXTURE_VARIANT_ADD(inherit, dedicated_forked) { .dedicated = true };
FIXTURE_VARIANT_ADD(inherit, dedicated_sent) { .dedicated = true, .sent = true };

static void touch(void *arg)
{
	struct desc desc;

	desc_init_silent(&desc);
	insn_movdir64b(heir->portal.reg, &desc.hw);
}

static void look(struct view *view)
{
	struct portal own;
	struct queue queue;

	view->map = file_map_errno(heir->fd);
	view->write = file_write_errno(heir->fd);
	view->events = file_poll(heir->fd, 0);
	file_queue_of(&queue, heir->portal.queue, heir->fd);
	view->open = portal_open(&own, &queue);
	if (view->open)
		return;
	view->copied = file_portal_copies(&own);
	portal_close(&own);
}

static void inherit(void *arg)
{
	/* It outlives the victim, which is its parent. */
	prctl(PR_SET_PDEATHSIG, 0);
	look(&heir->alive);
	heir->stage = SAW_ALIVE;
	heir->woken = file_poll(heir->fd, VICTIM_TIMEOUT_MS);
	look(&heir->dead);
	heir->stage = SAW_DEAD;
	proc_wait_flag(&heir->stage, MAY_GO, VICTIM_TIMEOUT_MS);
}

static void inherit_forked(void *arg)
{
	heir->signal = proc_signal_of(touch, NULL);
	inherit(arg);
}

static void inherit_sent(void *arg)
{
	heir->fd = file_receive(heir->socket[0]);
	inherit(arg);
}

static int pass_by_fork(struct victim *victim, struct portal *portal)
{
	heir->portal = *portal;
	heir->fd = portal->fd;
	heir->pid = proc_spawn(inherit_forked, NULL);
	return heir->pid < 0 ? -EAGAIN : 0;
}

static int pass_by_socket(struct victim *victim, struct portal *portal)
{
	return file_send(heir->socket[1], portal->fd);
}

FIXTURE_SETUP(inherit)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, variant->dedicated));
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, proc_tmpfs());
	peer_adopt();
	self->tmpfs_free = proc_tmpfs_free();
	self->victim = victim_alloc(&self->queue);
	self->victim->count = COUNT;
	self->victim->each_ms = EACH_MS;
	self->victim->map_tmpfile = true;
	self->victim->close_file = true;
	self->victim->pass_on = variant->sent ? pass_by_socket : pass_by_fork;

	heir = proc_shared(sizeof(*heir));
	heir->portal.queue = &self->victim->queue;
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, heir->socket));
	if (variant->sent)
		heir->pid = proc_spawn(inherit_sent, NULL);
	ASSERT_TRUE(victim_start(self->victim))
		TH_LOG("%s", strerror(-self->victim->error));
	ASSERT_TRUE(proc_wait_flag(&heir->stage, SAW_ALIVE, VICTIM_TIMEOUT_MS));
}

FIXTURE_TEARDOWN(inherit)
{
	int status;

	if (heir && heir->pid > 0) {
		kill(heir->pid, SIGKILL);
		proc_wait(heir->pid, VICTIM_TIMEOUT_MS, &status);
	}
	trace_stop(&trace);
}

/* While the opener lives: no use, and no harm to it. */
TEST_F_TIMEOUT(inherit, while_the_opener_lives, LIMIT_S)
{
	struct trace_life life[2];

	EXPECT_EQ(EPERM, heir->alive.map);
	EXPECT_EQ(EPERM, heir->alive.write);
	EXPECT_EQ(0, heir->alive.events);
	if (!variant->sent)
		EXPECT_EQ(SIGSEGV, heir->signal);
	EXPECT_EQ(variant->dedicated ? -EBUSY : 0, heir->alive.open);
	EXPECT_EQ(!variant->dedicated, heir->alive.copied);

	/* The heir has the task that it bound, and did end, itself: no other. */
	trace_read(&trace);
	EXPECT_EQ(!variant->dedicated, trace_lives(&trace, heir->pid, life, 2));
	if (!variant->dedicated)
		EXPECT_TRUE(trace_says(&trace, life[0].kill, "cause", "unbind"));
	ASSERT_EQ(1, trace_lives(&trace, self->victim->pid, life, 2));
	EXPECT_EQ(-1, life[0].kill);
	EXPECT_TRUE(victim_end(self->victim));
	EXPECT_EQ(0, work_failed(self->victim->work));
	EXPECT_TRUE(work_complete(self->victim->work));
}

/* The opener is killed: its task and its mm go, the file stays. */
TEST_F_TIMEOUT(inherit, opener_is_freed, LIMIT_S)
{
	struct trace_life life;
	int status;

	ASSERT_TRUE(victim_end(self->victim));
	EXPECT_EQ(0, self->victim->unfinished);
	ASSERT_TRUE(trace_one_life(&trace, self->victim->pid, &life, SOON_MS));
	EXPECT_TRUE(trace_in_order(&trace, &life));
	EXPECT_TRUE(trace_says(&trace, life.kill, "cause", "exit"));
	EXPECT_TRUE(trace_says(&trace, life.drained, "rung", "drain"));
	ASSERT_TRUE(proc_wait_flag(&heir->stage, SAW_DEAD, VICTIM_TIMEOUT_MS));
	EXPECT_TRUE(victim_left_nothing(self->victim, &trace, self->tmpfs_free));
	/* Only the small object, which the file holds. */
	trace_read(&trace);
	EXPECT_EQ(-1, trace_find(&trace, "offcpu_task_free", "id", life.id, 0));

	heir->stage = MAY_GO;
	ASSERT_NE(0, proc_wait(heir->pid, VICTIM_TIMEOUT_MS, &status));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(trace_is_reaped(&trace, &life, SOON_MS));
	EXPECT_EQ(0, queue_attr_u64(self->queue.name, "clients"));
}

/* ... and says so, but can be opened anew, by whoever has it. */
TEST_F_TIMEOUT(inherit, when_the_opener_is_dead, LIMIT_S)
{
	ASSERT_TRUE(victim_end(self->victim));
	ASSERT_TRUE(proc_wait_flag(&heir->stage, SAW_DEAD, VICTIM_TIMEOUT_MS));
	EXPECT_EQ(POLLHUP | POLLERR, heir->woken);
	EXPECT_EQ(POLLHUP | POLLERR, heir->dead.events);
	EXPECT_EQ(EOWNERDEAD, heir->dead.map);
	EXPECT_EQ(EOWNERDEAD, heir->dead.write);
	EXPECT_EQ(0, heir->dead.open);
	EXPECT_TRUE(heir->dead.copied);
}

TEST_HARNESS_MAIN
