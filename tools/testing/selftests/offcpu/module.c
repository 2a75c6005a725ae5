// SPDX-License-Identifier: GPL-2.0
/*
 * A task that no file holds, made by the off-CPU task sample: exit kills it as
 * any other, and the module can be unloaded, whether its task is dead or at
 * work.  With shared virtual addressing and without any IOMMU.
 */
#include <signal.h>
#include <sys/wait.h>

#include "../idxd/proc.h"
#include "../idxd/queue.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "counter.h"
#include "list.h"

#define TIMEOUT_FILE	"/proc/sys/kernel/offcpu_drain_timeout_ms"
#define LONG_MS		"60000"
#define SHORT_MS	"50"
#define RUNG_MS		"500"
#define STORES		60
#define PAUSE_US	1000
#define WAIT_MS		20000
#define SEVERAL		3
#define TEST_SECONDS	120

static struct trace trace;

/* What the process that runs the engine shares with the test. */
struct owner {
	struct counter counter[SEVERAL];
	unsigned int count;	/* of counters in use, 1 if not said */
	uint64_t stores;
	bool deaf;
	bool forks;		/* and its child outlives it */
	char device[64];
	int error;
	pid_t pid, child;
	atomic_int ready;
};

FIXTURE(module) {
	struct owner *owner;
	long long pins;
	char timeout[32];
};

FIXTURE_VARIANT(module) {
	bool sva;
};

FIXTURE_VARIANT_ADD(module, no_iommu) { .sva = false };
FIXTURE_VARIANT_ADD(module, sva) { .sva = true };

/* Pages that are pinned for devices, of all processes. */
static long long pins(void)
{
	long long count = 0;
	char line[128], name[64];
	unsigned long value;
	FILE *file;

	/* Each CPU counts for itself until then. */
	proc_write_file("/proc/sys/vm/stat_refresh", "1");
	file = fopen("/proc/vmstat", "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %lu", name, &value) != 2)
			continue;
		if (!strcmp(name, "nr_foll_pin_acquired"))
			count += value;
		else if (!strcmp(name, "nr_foll_pin_released"))
			count -= value;
	}
	if (file)
		fclose(file);
	return count;
}

FIXTURE_SETUP(module)
{
	if (variant->sva && !queue_device_exists())
		SKIP(return, "no device with shared virtual addressing");
	if (counter_load(true))
		SKIP(return, "no offcpu-sample module");
	self->owner = proc_shared(sizeof(*self->owner));
	self->owner->count = 1;
	if (variant->sva)
		ASSERT_EQ(0, queue_pci_name("dsa0", self->owner->device,
					    sizeof(self->owner->device)));
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, proc_read_file(TIMEOUT_FILE, self->timeout,
				    sizeof(self->timeout)));
	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, LONG_MS));
	self->pins = pins();
}

/* Whatever became of its tasks, the module goes, and with it the last pin. */
FIXTURE_TEARDOWN(module)
{
	proc_write_file(TIMEOUT_FILE, self->timeout);
	EXPECT_EQ(0, counter_load(false));
	EXPECT_EQ(self->pins, pins());
	trace_stop(&trace);
}

static void wait_for_ever(void *unused)
{
	for (;;)
		pause();
}

static void own(void *arg)
{
	struct owner *owner = arg;
	pid_t child;

	for (unsigned int i = 0; i < owner->count && !owner->error; i++)
		owner->error = counter_start(&owner->counter[i], owner->stores,
					     PAUSE_US, owner->deaf, owner->device);
	if (owner->forks) {
		child = fork();
		if (!child)
			wait_for_ever(NULL);
		owner->child = child;
	}
	owner->ready = 1;
	wait_for_ever(NULL);
}

static bool start(struct owner *owner)
{
	owner->pid = proc_spawn(own, owner);
	if (!proc_wait_flag(&owner->ready, 1, WAIT_MS) || owner->error)
		return false;
	for (unsigned int i = 0; i < owner->count; i++)
		if (!counter_moves(&owner->counter[i]))
			return false;
	return true;
}

static bool end(const struct owner *owner)
{
	int status;

	kill(owner->pid, SIGKILL);
	return proc_wait(owner->pid, WAIT_MS, &status) && WIFSIGNALED(status);
}

/* All is done that the engine had taken, before wait() reports the death. */
TEST_F_TIMEOUT(module, killed_and_drained_with_its_process, TEST_SECONDS)
{
	struct owner *owner = self->owner;
	struct trace_life life;

	owner->stores = STORES;
	ASSERT_TRUE(start(owner)) TH_LOG("%s", strerror(-owner->error));
	ASSERT_TRUE(end(owner));
	EXPECT_EQ(STORES, owner->counter->word);
	EXPECT_TRUE(counter_stays(owner->counter));

	ASSERT_TRUE(trace_one_life(&trace, owner->pid, &life, WAIT_MS));
	EXPECT_TRUE(trace_in_order(&trace, &life));
	EXPECT_TRUE(trace_says(&trace, life.kill, "cause", "exit"));
	EXPECT_TRUE(trace_says(&trace, life.drained, "rung", "drain"));
	/* Nobody closes a file: the driver reaps it by itself. */
	EXPECT_TRUE(trace_is_reaped(&trace, &life, WAIT_MS));
	EXPECT_LE(0, trace_mm_freed(&trace, owner->pid, WAIT_MS));
}

TEST_F_TIMEOUT(module, endless_work_is_aborted, TEST_SECONDS)
{
	struct trace_life life;

	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, SHORT_MS));
	ASSERT_TRUE(start(self->owner));
	ASSERT_TRUE(end(self->owner));
	EXPECT_TRUE(counter_stays(self->owner->counter));
	ASSERT_TRUE(trace_one_life(&trace, self->owner->pid, &life, WAIT_MS));
	EXPECT_TRUE(trace_says(&trace, life.drained, "rung", "abort"));
	EXPECT_LE(0, trace_mm_freed(&trace, self->owner->pid, WAIT_MS));
}

TEST_F_TIMEOUT(module, deaf_engine_is_cut_off, TEST_SECONDS)
{
	struct trace_life life;

	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, SHORT_MS));
	self->owner->deaf = true;
	ASSERT_TRUE(start(self->owner));
	ASSERT_TRUE(end(self->owner));
	EXPECT_TRUE(counter_stays(self->owner->counter));
	ASSERT_TRUE(trace_one_life(&trace, self->owner->pid, &life, WAIT_MS));
	EXPECT_TRUE(trace_says(&trace, life.drained, "rung", "isolate"));
	EXPECT_LE(0, trace_mm_freed(&trace, self->owner->pid, WAIT_MS));
}

static void unload(void *unused)
{
	counter_load(false);
}

static bool wait_until_dead(const struct owner *owner)
{
	uint64_t deadline = proc_now() + WAIT_MS * NSEC_PER_MSEC;
	struct list_row row;

	while (proc_now() < deadline) {
		if (list_find(LIST_ALL, 0, owner->pid, &row) ||
		    !strcmp(row.state, "dead"))
			return true;
		proc_nap();
	}
	return false;
}

/*
 * Once it is dead, that is, and not only when the driver has switched the engine off.
 * While the module is being unloaded it takes one engine after the other.
 */
TEST_F_TIMEOUT(module, deaf_engine_is_cut_off_at_once, TEST_SECONDS)
{
	struct owner *owner = self->owner;
	struct trace_life life[2];
	pid_t unloader;
	int status;

	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, RUNG_MS));
	owner->deaf = true;
	owner->count = 2;
	ASSERT_TRUE(start(owner));
	unloader = proc_spawn(unload, NULL);
	ASSERT_TRUE(wait_until_dead(owner));
	EXPECT_TRUE(counter_stays(&owner->counter[0]));
	ASSERT_NE(0, proc_wait(unloader, WAIT_MS, &status));
	EXPECT_TRUE(counter_stays(&owner->counter[1]));
	trace_read(&trace);
	ASSERT_EQ(2, trace_lives(&trace, owner->pid, life, 2));
	for (int i = 0; i < 2; i++)
		EXPECT_TRUE(trace_says(&trace, life[i].drained, "rung", "isolate"));
	ASSERT_TRUE(end(owner));
	ASSERT_EQ(0, counter_load(true));
}

/* The child has neither the task nor anything that would keep it. */
TEST_F_TIMEOUT(module, child_does_not_keep_it, TEST_SECONDS)
{
	struct owner *owner = self->owner;
	struct trace_life life;

	owner->stores = STORES;
	owner->forks = true;
	ASSERT_TRUE(start(owner));
	ASSERT_TRUE(end(owner));
	EXPECT_EQ(STORES, owner->counter->word);
	ASSERT_TRUE(trace_one_life(&trace, owner->pid, &life, WAIT_MS));
	EXPECT_LE(0, trace_mm_freed(&trace, owner->pid, WAIT_MS));
	ASSERT_LT(0, owner->child);
	EXPECT_EQ(0, kill(owner->child, 0));
	kill(owner->child, SIGKILL);
}

/* rmmod takes the device away: the task dies, the process lives. */
TEST_F_TIMEOUT(module, unloaded_under_live_tasks, TEST_SECONDS)
{
	struct trace_life life[SEVERAL];
	struct owner *owner = self->owner;

	owner->stores = STORES;
	owner->count = SEVERAL;
	ASSERT_TRUE(start(owner));
	ASSERT_EQ(0, counter_load(false));
	trace_read(&trace);
	ASSERT_EQ(SEVERAL, trace_lives(&trace, owner->pid, life, SEVERAL));
	for (int i = 0; i < SEVERAL; i++) {
		EXPECT_EQ(STORES, owner->counter[i].word);
		EXPECT_TRUE(counter_stays(&owner->counter[i]));
		EXPECT_TRUE(trace_in_order(&trace, &life[i]));
		EXPECT_TRUE(trace_before(&trace, life[i].dead, life[i].free));
		EXPECT_TRUE(trace_says(&trace, life[i].kill, "cause", "device"));
	}
	EXPECT_EQ(0, kill(owner->pid, 0));
	EXPECT_EQ(self->pins, pins());
	ASSERT_TRUE(end(owner));
	EXPECT_LE(0, trace_mm_freed(&trace, owner->pid, WAIT_MS));
	ASSERT_EQ(0, counter_load(true));
}

TEST_F_TIMEOUT(module, bad_jobs, TEST_SECONDS)
{
	const char *device = self->owner->device;
	static struct counter counter;

	EXPECT_EQ(-ENODEV, counter_start(&counter, 1, 0, false, "no such device"));
	EXPECT_EQ(-EFAULT, counter_start(NULL, 1, 0, false, device));
	EXPECT_EQ(-EINVAL, counter_start((void *)((char *)&counter + 1), 1, 0, false,
					 device));
	EXPECT_EQ(-EINVAL, counter_start(&counter, 1, 100001, false, device));
	EXPECT_EQ(0, counter.word);
}

TEST_HARNESS_MAIN
