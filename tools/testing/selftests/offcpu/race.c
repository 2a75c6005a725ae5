// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever ends an off-CPU task meets whatever else does, at the same time and
 * with random delays: close() and munmap(), an administrator's kill, exit, the
 * loss of the device, and a bind that has not returned yet; and pages are unmapped
 * that the device knows.
 *
 * Each race is run again and again for OFFCPU_RACE_SECONDS, and on until it has
 * ended both ways where that does not take too long.  OFFCPU_RACE_SEED repeats
 * the delays of another run.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../idxd/desc.h"
#include "../idxd/file.h"
#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "counter.h"
#include "ledger.h"
#include "list.h"
#include "start.h"

#define TIMEOUT_FILE	"/proc/sys/kernel/offcpu_drain_timeout_ms"
#define PATIENCE	"60000"		/* slow is not stuck */
#define SECONDS		1
#define MIN_ROUNDS	3
#define SETTLE_TASKS	200		/* until the books are looked at again */
#define LIMIT_MS	100000		/* beyond the seconds asked for */
#define TEST_SECONDS	3600		/* who asks for more seconds waits for them */
#define WAIT_MS		60000
#define BATCH		20		/* tasks, one after the other, of a process */
#define BINDS		3		/* of a process at a time */
#define CHILDREN	2
#define STORES		20
#define PAUSE_US	200
#define PAGE		4096
#define PAGES		512		/* that the device knows */
#define DELAY_NS	(2 * NSEC_PER_MSEC)
#define BIND_DELAY_NS	(8 * NSEC_PER_MSEC)
#define LOSS_DELAY_NS	(8 * NSEC_PER_MSEC)
#define DRIVER_DELAY_NS	(128 * NSEC_PER_MSEC)	/* it takes long to lose that */

static struct trace trace;

/* ---- rounds ---- */

struct contest {
	uint64_t end, limit;
	unsigned int tasks;	/* in a round, at most */
	unsigned int rounds;
	unsigned int settled;	/* of these */
	char timeout[32];
	struct ledger ledger;
};

static unsigned int setting(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static void contest_begin(struct __test_metadata *_metadata,
			  struct contest *contest)
{
	unsigned int seed = setting("OFFCPU_RACE_SEED", proc_now());

	TH_LOG("OFFCPU_RACE_SEED=%u", seed);
	srand(seed);
	contest->tasks = BINDS;
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, list_count());
	ASSERT_EQ(0, proc_read_file(TIMEOUT_FILE, contest->timeout,
				    sizeof(contest->timeout)));
	ASSERT_EQ(0, proc_write_file(TIMEOUT_FILE, PATIENCE));
	contest->end = proc_now() +
		       setting("OFFCPU_RACE_SECONDS", SECONDS) * NSEC_PER_SEC;
	contest->limit = contest->end + LIMIT_MS * NSEC_PER_MSEC;
}

/* The books are what takes longest: not for each round. */
static bool contest_settles(struct contest *contest, bool over)
{
	unsigned int rounds = contest->rounds - contest->settled;

	if (!over && rounds * contest->tasks < SETTLE_TASKS)
		return true;
	if (!ledger_settle(&contest->ledger, &trace, WAIT_MS))
		return false;
	contest->settled = contest->rounds;
	return true;
}

/* Another round?  Not if it is over and has @ended both ways. */
static bool contest_goes_on(struct contest *contest, bool ended)
{
	uint64_t now = proc_now();
	bool over = now > contest->end && contest->rounds >= MIN_ROUNDS;

	if (!contest_settles(contest, over || now > contest->limit) ||
	    now > contest->limit || (over && ended))
		return false;
	contest->rounds++;
	return true;
}

static void contest_end(struct __test_metadata *_metadata,
			struct contest *contest)
{
	struct ledger *l = &contest->ledger;

	proc_write_file(TIMEOUT_FILE, contest->timeout);
	trace_stop(&trace);
	TH_LOG("%u rounds, %u tasks: %u unbound, %u exited, %u lost the device, %u killed",
	       contest->rounds, l->tasks, l->unbound, l->exited, l->lost_device,
	       l->killed);
	EXPECT_EQ(contest->rounds, contest->settled);
	EXPECT_EQ(l->tasks, l->unbound + l->exited + l->lost_device + l->killed);
}

/* ---- a DSA device ---- */

/* What who races shares with who looks on. */
struct race {
	struct queue queue;
	struct start start;
	uint64_t delay_ns[BATCH][2];
	unsigned long long id[BATCH];
	int ret[BATCH][2];		/* of kill */
	uint8_t *mem[BATCH];		/* to unmap */
	atomic_int closed;		/* so many rounds */
	bool undead[BATCH];		/* it had returned, and the task was not dead */
	bool both_kill;
	char function[32];		/* the device's name in sysfs */
	int error;
	atomic_int opened;
};

FIXTURE(race) {
	struct contest contest;
	struct race *race;
};

FIXTURE_SETUP(race)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	self->race = proc_shared(sizeof(*self->race));
	ASSERT_EQ(0, queue_find(&self->race->queue, false));
	contest_begin(_metadata, &self->contest);
}

/* It is as good as before. */
FIXTURE_TEARDOWN(race)
{
	struct queue *queue = &self->race->queue;
	struct portal portal;

	contest_end(_metadata, &self->contest);
	EXPECT_EQ(0, queue_attr_u64(queue->name, "clients"));
	ASSERT_EQ(0, portal_open(&portal, queue));
	EXPECT_TRUE(file_portal_copies(&portal));
	portal_close(&portal);
}

static void set_delays(struct race *race, unsigned int count, uint64_t max_ns)
{
	for (unsigned int i = 0; i < count; i++)
		for (int who = 0; who < 2; who++)
			race->delay_ns[i][who] = start_delay(max_ns);
}

/* Is a task, or one of a process's, neither dead nor gone? */
static bool is_alive(unsigned long long id, int pid)
{
	struct list_row row;

	return !list_find(LIST_ALL, id, pid, &row) && strcmp(row.state, "dead");
}

/* Whatever kill says, the task is dead when it returns, or gone. */
static void strike(struct race *race, int round, int who)
{
	if (!start_line(&race->start, race->delay_ns[round][who]))
		race->error = -ETIMEDOUT;
	race->ret[round][who] = list_kill(race->id[round]);
	race->undead[round] |= is_alive(race->id[round], 0);
}

static bool kill_returned(int ret)
{
	return !ret || ret == -ESRCH;
}

/* Open it and find out what it is called in /proc. */
static int open_task(struct portal *portal, const struct queue *queue,
		     unsigned long long *id)
{
	int ret = portal_open(portal, queue);
	struct list_row row;

	if (!ret)
		ret = list_find(list_of(getpid()), 0, getpid(), &row);
	if (!ret)
		ret = -file_write_errno(portal->fd);
	*id = row.id;
	return ret;
}

/* ---- threads of one process: unbind against kill, kill against kill ---- */

static void *strike_each(void *arg)
{
	for (int round = 0; round < BATCH; round++)
		strike(arg, round, 1);
	return NULL;
}

static void duel_once(struct race *race, int round)
{
	struct portal portal;

	race->error = open_task(&portal, &race->queue, &race->id[round]);
	if (race->error)
		return;
	if (race->both_kill)
		strike(race, round, 0);
	else if (!start_line(&race->start, race->delay_ns[round][0]))
		race->error = -ETIMEDOUT;
	/* The last reference goes with the file, or with the mapping. */
	if (round % 2) {
		close(portal.fd);
		portal.fd = -1;
	}
	portal_close(&portal);
}

static void duel(void *arg)
{
	struct race *race = arg;
	pthread_t rival;

	race->error = -pthread_create(&rival, NULL, strike_each, race);
	for (int round = 0; round < BATCH && !race->error; round++)
		duel_once(race, round);
	if (!race->error)
		pthread_join(rival, NULL);
}

static void duel_batch(struct __test_metadata *_metadata, struct race *race)
{
	int status;

	race->start = (struct start){ .count = 2 };
	set_delays(race, BATCH, DELAY_NS);
	ASSERT_NE(0, proc_wait(proc_spawn(duel, race), WAIT_MS, &status));
	ASSERT_EQ(0, status);
	ASSERT_EQ(0, race->error);
	for (int round = 0; round < BATCH; round++) {
		ASSERT_TRUE(kill_returned(race->ret[round][0]));
		ASSERT_TRUE(kill_returned(race->ret[round][1]));
		ASSERT_FALSE(race->undead[round]);
	}
}

TEST_F_TIMEOUT(race, unbind_against_kill, TEST_SECONDS)
{
	struct ledger *ledger = &self->contest.ledger;

	self->contest.tasks = BATCH;
	while (contest_goes_on(&self->contest, ledger->unbound && ledger->killed))
		duel_batch(_metadata, self->race);
	EXPECT_EQ(BATCH * self->contest.rounds, ledger->unbound + ledger->killed);
	EXPECT_NE(0, ledger->unbound);
	EXPECT_NE(0, ledger->killed);
}

/* One of them kills it, and perhaps the other waits for that. */
TEST_F_TIMEOUT(race, kill_against_kill, TEST_SECONDS)
{
	unsigned int one = 0, both = 0;

	self->contest.tasks = BATCH;
	self->race->both_kill = true;
	while (contest_goes_on(&self->contest, one && both)) {
		duel_batch(_metadata, self->race);
		for (int round = 0; round < BATCH; round++) {
			int *ret = self->race->ret[round];

			ASSERT_TRUE(!ret[0] || !ret[1]);
			one += ret[0] || ret[1];
			both += !ret[0] && !ret[1];
		}
	}
	EXPECT_EQ(BATCH * self->contest.rounds, self->contest.ledger.killed);
	EXPECT_NE(0, one);
	EXPECT_NE(0, both);
}

/* ---- threads of one process: munmap against unbind ---- */

static void *unmap_each(void *arg)
{
	struct race *race = arg;

	for (int round = 0; round < BATCH; round++) {
		start_line(&race->start, 0);
		for (int i = 0; i < PAGES && race->closed <= round; i++)
			munmap(race->mem[round] + i * PAGE, PAGE);
		munmap(race->mem[round], PAGES * PAGE);
	}
	return NULL;
}

/* Have the device know the pages, then close it while they go. */
static void unmap_once(struct race *race, int round)
{
	static struct desc desc;
	struct portal portal;
	uint8_t *mem = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	race->mem[round] = mem;
	race->error = mem == MAP_FAILED ? -ENOMEM :
					  portal_open(&portal, &race->queue);
	if (race->error)
		return;
	desc_memfill(&desc, mem, round, PAGES * PAGE);
	if (portal_submit(&portal, &desc.hw) < 0 ||
	    desc_wait(&desc.record, WAIT_MS) != DSA_COMP_SUCCESS)
		race->error = -EIO;
	else if (!start_line(&race->start, race->delay_ns[round][0]))
		race->error = -ETIMEDOUT;
	portal_close(&portal);
	race->closed++;
}

static void unmap_and_unbind(void *arg)
{
	struct race *race = arg;
	pthread_t rival;

	race->error = -pthread_create(&rival, NULL, unmap_each, race);
	for (int round = 0; round < BATCH && !race->error; round++)
		unmap_once(race, round);
	if (!race->error)
		pthread_join(rival, NULL);
}

/* An IOMMU that has a page after it was freed says so: see vtd-witness. */
TEST_F_TIMEOUT(race, munmap_against_unbind, TEST_SECONDS)
{
	struct race *race = self->race;
	int status;

	self->contest.tasks = BATCH;
	while (contest_goes_on(&self->contest, true)) {
		race->start = (struct start){ .count = 2 };
		race->closed = 0;
		set_delays(race, BATCH, DELAY_NS);
		ASSERT_NE(0, proc_wait(proc_spawn(unmap_and_unbind, race), WAIT_MS,
				       &status));
		ASSERT_EQ(0, status);
		ASSERT_EQ(0, race->error);
	}
	EXPECT_EQ(BATCH * self->contest.rounds, self->contest.ledger.unbound);
}

/* ---- processes: kill against exit, bind against exit ---- */

static void open_and_exit(void *arg)
{
	struct race *race = arg;
	struct portal portal;

	race->error = open_task(&portal, &race->queue, &race->id[0]);
	start_line(&race->start, race->delay_ns[0][0]);
}

TEST_F_TIMEOUT(race, kill_against_exit, TEST_SECONDS)
{
	struct ledger *ledger = &self->contest.ledger;
	struct race *race = self->race;
	int status;
	pid_t pid;

	while (contest_goes_on(&self->contest, ledger->exited && ledger->killed)) {
		race->start = (struct start){ .count = 2 };
		/* Exit is faster at it. */
		race->delay_ns[0][0] = start_delay(LOSS_DELAY_NS);
		race->delay_ns[0][1] = 0;
		pid = proc_spawn(open_and_exit, race);
		strike(race, 0, 1);
		ASSERT_EQ(0, race->error);
		ASSERT_TRUE(kill_returned(race->ret[0][1]));
		ASSERT_FALSE(race->undead[0]);
		ASSERT_NE(0, proc_wait(pid, WAIT_MS, &status));
		ASSERT_EQ(0, status);
	}
	EXPECT_EQ(self->contest.rounds, ledger->tasks);
	EXPECT_NE(0, ledger->exited);
	EXPECT_NE(0, ledger->killed);
}

static void *open_several(void *arg)
{
	struct race *race = arg;
	struct portal portal;

	start_line(&race->start, race->delay_ns[0][1]);
	for (int i = 0; i < BINDS; i++)
		if (!portal_open(&portal, &race->queue))
			race->opened++;
	pause();
	return NULL;
}

/* Its opener never leaves by itself. */
static void exit_under_bind(void *arg)
{
	struct race *race = arg;
	pthread_t opener;

	race->error = -pthread_create(&opener, NULL, open_several, race);
	if (!race->error)
		start_line(&race->start, race->delay_ns[0][0]);
}

static void be_killed_under_bind(void *arg)
{
	open_several(arg);
}

static void bind_against(struct __test_metadata *_metadata, struct race *race,
			 struct contest *contest, bool killed)
{
	unsigned int fewer = 0;
	int status;
	pid_t pid;

	/* A slow machine may never get as far as to bind all of them. */
	while (contest_goes_on(contest, contest->ledger.tasks && fewer)) {
		race->start = (struct start){ .count = 2 };
		race->opened = 0;
		set_delays(race, 1, BIND_DELAY_NS);
		pid = proc_spawn(killed ? be_killed_under_bind : exit_under_bind,
				 race);
		if (killed) {
			ASSERT_TRUE(start_line(&race->start,
					       race->delay_ns[0][0]));
			kill(pid, SIGKILL);
		}
		ASSERT_NE(0, proc_wait(pid, WAIT_MS, &status));
		ASSERT_EQ(0, race->error);
		ASSERT_EQ(killed, WIFSIGNALED(status));
		fewer += race->opened < BINDS;
	}
	EXPECT_NE(0, contest->ledger.tasks);
	EXPECT_EQ(contest->ledger.tasks, contest->ledger.exited);
	EXPECT_NE(0, fewer);
}

TEST_F_TIMEOUT(race, bind_against_exit_group, TEST_SECONDS)
{
	bind_against(_metadata, self->race, &self->contest, false);
}

TEST_F_TIMEOUT(race, bind_against_sigkill, TEST_SECONDS)
{
	bind_against(_metadata, self->race, &self->contest, true);
}

/* ---- the device goes away ---- */

static void submit(void *arg)
{
	struct portal *portal = arg;

	file_write_errno(portal->fd);
	file_portal_copies(portal);
}

/* One opens the device before it goes, the other while it does. */
static void use_and_exit(void *arg)
{
	struct race *race = arg;
	int who = race->opened++;
	struct portal portal;

	if (!who)
		race->error = portal_open(&portal, &race->queue);
	start_line(&race->start, race->delay_ns[0][who]);
	if (!who || !portal_open(&portal, &race->queue))
		proc_signal_of(submit, &portal);
}

static int disable_queue(const struct race *race)
{
	return queue_enable(&race->queue, false);
}

static int enable_queue(const struct race *race)
{
	return queue_enable(&race->queue, true);
}

static int lose_driver(const struct race *race)
{
	return queue_bind_driver(race->function, false);
}

static int get_driver(const struct race *race)
{
	int ret = queue_bind_driver(race->function, true);

	return ret ? ret : queue_load_config();
}

static void lose_once(struct __test_metadata *_metadata, struct race *race,
		      int (*go)(const struct race *race), uint64_t max_ns)
{
	pid_t pid[CHILDREN];
	int status;

	race->start = (struct start){ .count = CHILDREN + 1 };
	race->opened = 0;
	set_delays(race, 1, max_ns);
	for (int i = 0; i < CHILDREN; i++)
		pid[i] = proc_spawn(use_and_exit, race);
	ASSERT_TRUE(start_line(&race->start, 0));
	ASSERT_EQ(0, go(race));
	for (int i = 0; i < CHILDREN; i++)
		EXPECT_FALSE(is_alive(0, pid[i]));
	for (int i = 0; i < CHILDREN; i++) {
		ASSERT_NE(0, proc_wait(pid[i], WAIT_MS, &status));
		ASSERT_EQ(0, status);
	}
	ASSERT_EQ(0, race->error);
}

TEST_F_TIMEOUT(race, exit_against_queue_disabled, TEST_SECONDS)
{
	struct ledger *ledger = &self->contest.ledger;

	while (contest_goes_on(&self->contest,
			       ledger->exited && ledger->lost_device)) {
		lose_once(_metadata, self->race, disable_queue, LOSS_DELAY_NS);
		ASSERT_EQ(0, enable_queue(self->race));
	}
	EXPECT_NE(0, ledger->exited);
	EXPECT_NE(0, ledger->lost_device);
}

TEST_F_TIMEOUT(race, exit_against_driver_unbound, TEST_SECONDS)
{
	struct ledger *ledger = &self->contest.ledger;

	ASSERT_EQ(0, queue_pci_name(self->race->queue.device,
				    self->race->function,
				    sizeof(self->race->function)));
	while (contest_goes_on(&self->contest,
			       ledger->exited && ledger->lost_device)) {
		lose_once(_metadata, self->race, lose_driver, DRIVER_DELAY_NS);
		ASSERT_EQ(0, get_driver(self->race));
	}
	EXPECT_NE(0, ledger->exited);
	EXPECT_NE(0, ledger->lost_device);
}

/* ---- the sample driver, which keeps no file ---- */

struct owner {
	struct counter counter[BINDS];
	struct start start;
	uint64_t delay_ns;
	unsigned long long first;	/* ID of its tasks' first */
	char device[64];
	int error;
};

FIXTURE(sample) {
	struct contest contest;
	struct owner *owner;
};

FIXTURE_VARIANT(sample) {
	bool sva;
};

FIXTURE_VARIANT_ADD(sample, no_iommu) { .sva = false };
FIXTURE_VARIANT_ADD(sample, sva) { .sva = true };

FIXTURE_SETUP(sample)
{
	if (variant->sva && !queue_device_exists())
		SKIP(return, "no device with shared virtual addressing");
	if (counter_load(true))
		SKIP(return, "no offcpu-sample module");
	self->owner = proc_shared(sizeof(*self->owner));
	if (variant->sva)
		ASSERT_EQ(0, queue_pci_name("dsa0", self->owner->device,
					    sizeof(self->owner->device)));
	contest_begin(_metadata, &self->contest);
}

FIXTURE_TEARDOWN(sample)
{
	contest_end(_metadata, &self->contest);
	EXPECT_EQ(0, counter_load(false));
}

static void own(void *arg)
{
	struct owner *owner = arg;
	struct list_row row = {};

	for (int i = 0; i < BINDS && !owner->error; i++)
		owner->error = counter_start(&owner->counter[i], STORES,
					     PAUSE_US, false, owner->device);
	if (list_find(LIST_ALL, 0, getpid(), &row) && !owner->error)
		owner->error = -ENOENT;
	owner->first = row.id;
	start_line(&owner->start, owner->delay_ns);
}

/* Start it, and return from the start line, a little before it exits. */
static pid_t own_and_exit(struct __test_metadata *_metadata, struct owner *owner)
{
	pid_t pid;

	owner->delay_ns = start_delay(LOSS_DELAY_NS);
	pid = proc_spawn(own, owner);
	ASSERT_TRUE(start_line(&owner->start, 0));
	ASSERT_EQ(0, owner->error);
	return pid;
}

/* When wait() reports it dead, no task of its own is alive. */
static void await(struct __test_metadata *_metadata, struct owner *owner, pid_t pid)
{
	int status;

	ASSERT_NE(0, proc_wait(pid, WAIT_MS, &status));
	for (int i = 0; i < BINDS; i++)
		EXPECT_FALSE(is_alive(owner->first + i, 0));
	ASSERT_EQ(0, status);
}

static void kill_each(void *arg)
{
	struct owner *owner = arg;

	if (!start_line(&owner->start, 0))
		owner->error = -ETIMEDOUT;
	for (int i = 0; i < BINDS; i++)
		if (!kill_returned(list_kill(owner->first + i)))
			owner->error = -EINVAL;
}

TEST_F_TIMEOUT(sample, kill_against_exit, TEST_SECONDS)
{
	struct ledger *ledger = &self->contest.ledger;
	pid_t pid, killer;
	int status;

	while (contest_goes_on(&self->contest, ledger->exited && ledger->killed)) {
		self->owner->start = (struct start){ .count = 3 };
		killer = proc_spawn(kill_each, self->owner);
		pid = own_and_exit(_metadata, self->owner);
		await(_metadata, self->owner, pid);
		ASSERT_NE(0, proc_wait(killer, WAIT_MS, &status));
		ASSERT_EQ(0, self->owner->error);
	}
	EXPECT_EQ(BINDS * self->contest.rounds, ledger->tasks);
	EXPECT_NE(0, ledger->exited);
	EXPECT_NE(0, ledger->killed);
}

/* As rmmod does, but without the time that it takes to start. */
static int unload(void)
{
	return syscall(SYS_delete_module, "offcpu_sample", O_NONBLOCK);
}

TEST_F_TIMEOUT(sample, exit_against_module_unloaded, TEST_SECONDS)
{
	struct ledger *ledger = &self->contest.ledger;
	pid_t pid;

	while (contest_goes_on(&self->contest,
			       ledger->exited && ledger->lost_device)) {
		self->owner->start = (struct start){ .count = 2 };
		pid = own_and_exit(_metadata, self->owner);
		ASSERT_EQ(0, unload());
		await(_metadata, self->owner, pid);
		ASSERT_EQ(0, counter_load(true));
	}
	EXPECT_EQ(BINDS * self->contest.rounds, ledger->tasks);
	EXPECT_NE(0, ledger->exited);
	EXPECT_NE(0, ledger->lost_device);
}

TEST_HARNESS_MAIN
