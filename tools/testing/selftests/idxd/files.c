// SPDX-License-Identifier: GPL-2.0
/*
 * The character device of a queue: who may open it, how often, what write() and
 * mmap() do for whom, and what is left when it is closed or the queue goes.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "desc.h"
#include "file.h"
#include "insn.h"
#include "proc.h"
#include "queue.h"
#include "../kselftest_harness.h"

#define PAGE		4096
#define WAIT_MS		5000
#define CYCLES		300
#define ROUNDS		6
#define SETTLE_MS	1000

FIXTURE(files) {
	struct queue queue;
	struct desc *desc;
	uint8_t *src, *dst;
};

FIXTURE_VARIANT(files) {
	bool dedicated;
};

FIXTURE_VARIANT_ADD(files, shared) { .dedicated = false };
FIXTURE_VARIANT_ADD(files, dedicated) { .dedicated = true };

FIXTURE_SETUP(files)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	ASSERT_EQ(0, queue_find(&self->queue, variant->dedicated));
	self->desc = proc_shared(2 * sizeof(*self->desc));
	self->src = proc_shared(PAGE);
	self->dst = proc_shared(PAGE);
}

FIXTURE_TEARDOWN(files)
{
}

/* Does a copy submitted there arrive? */
static bool works(struct portal *portal, struct desc *desc, uint8_t *dst,
		  uint8_t *src)
{
	/* Whoever calls has all of it in its page tables now. */
	memset(src, 0x51, PAGE);
	memset(dst, 0, PAGE);
	desc_memmove(desc, dst, src, PAGE);
	return portal_submit(portal, &desc->hw) >= 0 &&
	       desc_wait(&desc->record, WAIT_MS) == DSA_COMP_SUCCESS &&
	       !memcmp(dst, src, PAGE);
}

TEST_F(files, two_opens)
{
	struct portal first, second;

	ASSERT_EQ(0, portal_open(&first, &self->queue));
	if (variant->dedicated) {
		EXPECT_EQ(-EBUSY, portal_open(&second, &self->queue));
		EXPECT_TRUE(works(&first, self->desc, self->dst, self->src));
		portal_close(&first);
		ASSERT_EQ(0, portal_open(&second, &self->queue));
	} else {
		ASSERT_EQ(0, portal_open(&second, &self->queue));
		EXPECT_EQ(2, queue_attr_u64(self->queue.name, "clients"));
		EXPECT_TRUE(works(&first, self->desc, self->dst, self->src));
		EXPECT_TRUE(works(&second, self->desc, self->dst, self->src));
		portal_close(&first);
	}
	EXPECT_TRUE(works(&second, self->desc, self->dst, self->src));
	EXPECT_EQ(1, queue_attr_u64(self->queue.name, "clients"));
	portal_close(&second);
	EXPECT_EQ(0, queue_attr_u64(self->queue.name, "clients"));
}

TEST_F(files, works_after_the_file_is_closed)
{
	struct portal portal;

	ASSERT_EQ(0, portal_open(&portal, &self->queue));
	close(portal.fd);
	portal.fd = -1;
	EXPECT_TRUE(works(&portal, self->desc, self->dst, self->src));
	EXPECT_EQ(1, queue_attr_u64(self->queue.name, "clients"));
	portal_close(&portal);
	EXPECT_EQ(0, queue_attr_u64(self->queue.name, "clients"));
}

TEST_F(files, write_submits)
{
	struct portal portal;

	ASSERT_EQ(0, portal_open(&portal, &self->queue));
	memset(self->src, 0x52, PAGE);
	memset(self->dst, 0, PAGE);
	desc_memmove(self->desc, self->dst, self->src, PAGE);
	ASSERT_EQ(sizeof(self->desc->hw),
		  write(portal.fd, &self->desc->hw, sizeof(self->desc->hw)));
	EXPECT_EQ(DSA_COMP_SUCCESS, desc_wait(&self->desc->record, WAIT_MS));
	EXPECT_EQ(0, memcmp(self->dst, self->src, PAGE));
	portal_close(&portal);
}

TEST_F(files, write_of_half_a_descriptor)
{
	struct portal portal;

	ASSERT_EQ(0, portal_open(&portal, &self->queue));
	desc_memmove(self->desc, self->dst, self->src, PAGE);
	EXPECT_EQ(-1, write(portal.fd, &self->desc->hw, 32));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(works(&portal, self->desc, self->dst, self->src));
	portal_close(&portal);
}

TEST_F(files, mmap_beyond_the_portal)
{
	struct portal portal;

	ASSERT_EQ(0, portal_open(&portal, &self->queue));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * QUEUE_PORTAL_SIZE, PROT_WRITE,
				   MAP_SHARED, portal.fd, 0));
	portal_close(&portal);
}

/* ---- other address spaces ---- */

struct heir {
	struct portal *portal;
	struct dsa_hw_desc *desc;
	int map, write;		/* errno of each */
	int signal;
};

static void touch(void *arg)
{
	struct heir *heir = arg;

	insn_movdir64b(heir->portal->reg, heir->desc);
}

static void try_all(void *arg)
{
	struct heir *heir = arg;

	heir->map = file_map_errno(heir->portal->fd);
	heir->write = file_write_errno(heir->portal->fd);
	heir->signal = proc_signal_of(touch, heir);
}

/* The child has the file, but neither the portal nor the right to use it. */
TEST_F(files, after_fork)
{
	struct heir *heir = proc_shared(sizeof(*heir));
	struct portal portal;
	int status;

	ASSERT_EQ(0, portal_open(&portal, &self->queue));
	desc_memmove(self->desc, self->dst, self->src, PAGE);
	heir->portal = &portal;
	heir->desc = &self->desc->hw;
	ASSERT_NE(0, proc_wait(proc_spawn(try_all, heir), WAIT_MS, &status));
	EXPECT_EQ(0, status);
	EXPECT_EQ(EPERM, heir->map);
	EXPECT_EQ(EPERM, heir->write);
	EXPECT_EQ(SIGSEGV, heir->signal);
	EXPECT_EQ(0, self->desc->record.status);
	EXPECT_TRUE(works(&portal, self->desc, self->dst, self->src));
	portal_close(&portal);
}

struct giver {
	struct queue queue;
	int socket[2];
	atomic_int stage;	/* 1: given; 2: may die */
};

static void give(void *arg)
{
	struct giver *giver = arg;
	struct portal portal;

	if (portal_open(&portal, &giver->queue) ||
	    file_send(giver->socket[1], portal.fd))
		_exit(1);
	giver->stage = 1;
	proc_wait_flag(&giver->stage, 2, WAIT_MS);
}

/* A file from another process: of no use while that lives, and when it is dead. */
TEST_F(files, passed_on)
{
	struct giver *giver = proc_shared(sizeof(*giver));
	struct pollfd event = { .events = POLLIN | POLLOUT };
	int status;
	pid_t pid;

	giver->queue = self->queue;
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, giver->socket));
	pid = proc_spawn(give, giver);
	ASSERT_TRUE(proc_wait_flag(&giver->stage, 1, WAIT_MS));
	event.fd = file_receive(giver->socket[0]);
	ASSERT_LE(0, event.fd);

	desc_memmove(self->desc, self->dst, self->src, PAGE);
	EXPECT_EQ(EPERM, file_map_errno(event.fd));
	EXPECT_EQ(EPERM, file_write_errno(event.fd));

	giver->stage = 2;
	ASSERT_NE(0, proc_wait(pid, WAIT_MS, &status));
	EXPECT_EQ(0, status);
	EXPECT_EQ(EOWNERDEAD, file_map_errno(event.fd));
	EXPECT_EQ(EOWNERDEAD, file_write_errno(event.fd));
	EXPECT_EQ(1, poll(&event, 1, 0));
	EXPECT_EQ(POLLHUP | POLLERR, event.revents & (POLLHUP | POLLERR));
	EXPECT_EQ(0, self->desc->record.status);
	close(event.fd);
	EXPECT_EQ(0, queue_attr_u64(self->queue.name, "clients"));
}

/* ---- nothing leaks ---- */

/* Memory that the kernel holds for itself, in KiB. */
static int64_t kernel_memory(void)
{
	return proc_meminfo("MemTotal") - proc_meminfo("MemFree") -
	       proc_meminfo("Cached") - proc_meminfo("Buffers") -
	       proc_meminfo("AnonPages") - proc_meminfo("SReclaimable");
}

/* Much is freed after a grace period only: give it time to become less. */
static int64_t growth(int64_t before, int64_t limit)
{
	uint64_t deadline = proc_now() + SETTLE_MS * NSEC_PER_MSEC;
	int64_t grown;

	do {
		proc_visit_cpus();
		grown = kernel_memory() - before;
	} while (grown >= limit && proc_now() < deadline);
	return grown;
}

struct user {
	struct queue queue;
	struct desc *desc;
	uint8_t *src, *dst;
	bool child;		/* leave all to exit */
};

static void use(void *arg)
{
	struct user *user = arg;
	struct portal portal;

	if (portal_open(&portal, &user->queue) ||
	    !works(&portal, user->desc, user->dst, user->src))
		_exit(1);
	if (!user->child)
		portal_close(&portal);
}

static bool cycles(struct user *user, unsigned int count)
{
	int status = 0;

	while (count-- && !status) {
		if (!user->child)
			use(user);
		else if (!proc_wait(proc_spawn(use, user), WAIT_MS, &status))
			return false;
	}
	return !status;
}

/* A leak grows in every round; what the kernel keeps for reuse does not. */
static int64_t least_growth(struct user *user, int64_t limit)
{
	int64_t before, grown, least = INT64_MAX;

	for (int round = 0; round < ROUNDS && least >= limit; round++) {
		before = kernel_memory();
		if (!cycles(user, CYCLES))
			return INT64_MAX;
		grown = growth(before, limit);
		if (grown < least)
			least = grown;
	}
	return least;
}

TEST_F_TIMEOUT(files, cycles_leak_nothing, 200)
{
	struct user user = {
		.queue = self->queue,
		.desc = self->desc, .src = self->src, .dst = self->dst,
	};

	/* In KiB: far less than one object a bind, or one page a process. */
	EXPECT_LT(least_growth(&user, CYCLES * 64 / 1024), CYCLES * 64 / 1024);
	user.child = true;
	EXPECT_LT(least_growth(&user, CYCLES * PAGE / 1024), CYCLES * PAGE / 1024);
	EXPECT_EQ(0, queue_attr_u64(self->queue.name, "clients"));
}

/* ---- the queue goes ---- */

/* Who comes to a portal of a queue that was disabled is told, by a signal. */
TEST_F(files, disabled_under_a_mapped_portal)
{
	struct portal portal, next;

	ASSERT_EQ(0, portal_open(&portal, &self->queue));
	ASSERT_TRUE(works(&portal, self->desc, self->dst, self->src));
	ASSERT_EQ(0, queue_enable(&self->queue, false));
	EXPECT_EQ(SIGBUS, file_portal_signal(&portal));
	EXPECT_NE(0, file_write_errno(portal.fd));
	EXPECT_NE(0, file_map_errno(portal.fd));

	/* Another queue may be there now: this file is not for it. */
	ASSERT_EQ(0, queue_enable(&self->queue, true));
	EXPECT_EQ(SIGBUS, file_portal_signal(&portal));
	ASSERT_EQ(0, portal_open(&next, &self->queue));
	EXPECT_TRUE(works(&next, self->desc, self->dst, self->src));
	portal_close(&portal);
	EXPECT_TRUE(works(&next, self->desc, self->dst, self->src));
	portal_close(&next);
}

TEST_HARNESS_MAIN
