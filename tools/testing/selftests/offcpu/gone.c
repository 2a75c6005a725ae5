// SPDX-License-Identifier: GPL-2.0
/*
 * The device goes away with work in flight: its queue or itself is disabled,
 * the function is reset, loses its driver or is removed.  The process that used
 * it lives on, without the device, and may open it again when it is back; who
 * uses another device notices nothing.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "../idxd/file.h"
#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "busy.h"
#include "inject.h"

#define PCI_DEVICES	"/sys/bus/pci/devices"
#define PCI_RESCAN	"/sys/bus/pci/rescan"
#define DEVICE		0	/* dsa0 goes, dsa1 stays */
#define BYSTANDER	1
#define LIMIT_S		300	/* a test; debug kernels are slow */

static struct trace trace;

/* ---- a process that uses the other device ---- */

struct bystander {
	struct queue queue;
	atomic_int copies;
	atomic_int stop;
	bool failed;
};

static void copy_until_stopped(void *arg)
{
	struct bystander *bystander = arg;
	struct portal portal;

	bystander->failed = portal_open(&portal, &bystander->queue);
	while (!bystander->failed && !bystander->stop) {
		bystander->failed = !file_portal_copies(&portal);
		bystander->copies++;
	}
}

/* ---- the ways in which a device goes away, and comes back ---- */

struct target {
	struct queue queue;
	char function[32];	/* its name in sysfs */
};

static int write_function(const struct target *target, const char *attr)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", target->function, attr);
	return proc_write_file(path, "1");
}

static int disable_queue(void *arg)
{
	const struct target *target = arg;

	return queue_enable(&target->queue, false);
}

static int enable_queue(void *arg)
{
	const struct target *target = arg;

	return queue_enable(&target->queue, true);
}

static int disable_device(void *arg)
{
	struct target *target = arg;
	char * const command[] = {
		"accel-config", "disable-device", "-f", target->queue.device, NULL
	};

	return proc_run(command);
}

static int enable_device(void *arg)
{
	return queue_load_config();
}

static int reset(void *arg)
{
	return write_function(arg, "reset");
}

/* The driver has done it: what was enabled is. */
static int was_reset(void *arg)
{
	return 0;
}

static int lose_driver(void *arg)
{
	const struct target *target = arg;

	return queue_bind_driver(target->function, false);
}

static int get_driver(void *arg)
{
	const struct target *target = arg;
	int ret = queue_bind_driver(target->function, true);

	return ret ? ret : queue_load_config();
}

static int take_out(void *arg)
{
	return write_function(arg, "remove");
}

static int put_back(void *arg)
{
	int ret = proc_write_file(PCI_RESCAN, "1");

	return ret ? ret : queue_load_config();
}

FIXTURE(gone) {
	struct target target;
	struct busy *user;
	struct bystander *bystander;
	pid_t bystander_pid;
};

FIXTURE_VARIANT(gone) {
	bool dedicated;
	int (*go)(void *arg);
	int (*come)(void *arg);
};

FIXTURE_VARIANT_ADD(gone, shared_queue_disabled) {
	.go = disable_queue, .come = enable_queue,
};

FIXTURE_VARIANT_ADD(gone, dedicated_queue_disabled) {
	.dedicated = true, .go = disable_queue, .come = enable_queue,
};

FIXTURE_VARIANT_ADD(gone, shared_device_disabled) {
	.go = disable_device, .come = enable_device,
};

FIXTURE_VARIANT_ADD(gone, dedicated_device_disabled) {
	.dedicated = true, .go = disable_device, .come = enable_device,
};

FIXTURE_VARIANT_ADD(gone, shared_reset) {
	.go = reset, .come = was_reset,
};

FIXTURE_VARIANT_ADD(gone, dedicated_reset) {
	.dedicated = true, .go = reset, .come = was_reset,
};

FIXTURE_VARIANT_ADD(gone, shared_driver_unbound) {
	.go = lose_driver, .come = get_driver,
};

FIXTURE_VARIANT_ADD(gone, dedicated_driver_unbound) {
	.dedicated = true, .go = lose_driver, .come = get_driver,
};

FIXTURE_VARIANT_ADD(gone, shared_removed) {
	.go = take_out, .come = put_back,
};

FIXTURE_VARIANT_ADD(gone, dedicated_removed) {
	.dedicated = true, .go = take_out, .come = put_back,
};

FIXTURE_SETUP(gone)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	self->bystander = proc_shared(sizeof(*self->bystander));
	if (queue_find_on(&self->bystander->queue, BYSTANDER, false))
		SKIP(return, "no second DSA device");
	ASSERT_EQ(0, queue_find_on(&self->target.queue, DEVICE, variant->dedicated));
	ASSERT_EQ(0, queue_pci_name(self->target.queue.device, self->target.function,
				    sizeof(self->target.function)));
	ASSERT_EQ(0, trace_start(&trace));
	self->user = busy_alloc(&self->target.queue);
	self->bystander_pid = proc_spawn(copy_until_stopped, self->bystander);
}

FIXTURE_TEARDOWN(gone)
{
	trace_stop(&trace);
	/* A test that failed half way may have left the device out. */
	proc_write_file(PCI_RESCAN, "1");
	queue_bind_driver(self->target.function, true);
	inject_slow(self->target.queue.device, 0);
	kill(self->bystander_pid, SIGKILL);
	waitpid(self->bystander_pid, NULL, 0);
	queue_release_device(BYSTANDER);
}

TEST_F_TIMEOUT(gone, with_work_in_flight, LIMIT_S)
{
	struct busy *user = self->user;
	struct trace_life other[2];
	struct busy_loss loss;
	int copies, status;

	ASSERT_EQ(0, busy_lose(user, &trace, &loss, variant->go, variant->come,
			       &self->target));
	copies = self->bystander->copies;

	/* All that the device had taken is done, and it is quiet. */
	EXPECT_EQ(0, loss.unfinished);
	EXPECT_TRUE(work_stays_quiet(user->work));
	ASSERT_EQ(variant->dedicated ? 1 : 2, loss.tasks);
	for (int i = 0; i < loss.tasks; i++) {
		struct trace_life *life = &loss.life[i];

		ASSERT_TRUE(trace_in_order(&trace, life));
		EXPECT_TRUE(trace_says(&trace, life->kill, "cause", "device"));
		EXPECT_TRUE(trace_says(&trace, life->drained, "rung", "drain"));
		EXPECT_LE(trace.events[life->dead].time, loss.when);
		EXPECT_GT(0, life->free);
	}

	EXPECT_EQ(SIGBUS, user->signal);
	EXPECT_EQ(ENODEV, user->submitter);
	EXPECT_EQ(ENODEV, user->lost.write);
	EXPECT_EQ(ENODEV, user->lost.map);
	EXPECT_EQ(POLLHUP | POLLERR, user->lost.events);

	/* Who has another device works on, and has done so meanwhile. */
	EXPECT_TRUE(proc_wait_flag(&self->bystander->copies, copies + 2,
				   BUSY_WAIT_MS));
	trace_read(&trace);
	EXPECT_EQ(1, trace_lives(&trace, self->bystander_pid, other, 2));
	EXPECT_GT(0, other[0].kill);

	/* Now it can be opened again; what was lost stays so. */
	ASSERT_EQ(0, variant->come(&self->target));
	ASSERT_TRUE(busy_end(user));
	EXPECT_EQ(0, user->open) TH_LOG("%s", strerror(-user->open));
	EXPECT_TRUE(user->copied);
	EXPECT_EQ(ENODEV, user->back.write);
	EXPECT_EQ(ENODEV, user->back.map);

	self->bystander->stop = 1;
	EXPECT_NE(0, proc_wait(self->bystander_pid, BUSY_WAIT_MS, &status));
	EXPECT_FALSE(self->bystander->failed);
}

TEST_HARNESS_MAIN
