// SPDX-License-Identifier: GPL-2.0
/*
 * execve() in a process that has an off-CPU task: the old address space's task
 * is killed if nobody else uses that, the new program begins with none and can
 * offload.  An execve() that fails changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/elf.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../idxd/file.h"
#include "../idxd/proc.h"
#include "../idxd/trace.h"
#include "../kselftest_harness.h"
#include "exec_target.h"
#include "peer.h"
#include "victim.h"

#define EACH_MS		40
#define COUNT		8
#define LIMIT_S		120	/* a test; debug kernels are slow */
#define SOON_MS		2000
#define ROUNDS		60
#define DELAY_STEP_NS	200000
#define BAD_PROGRAM	PROC_TMPFS "/program"
#define BEYOND_USERS	0xffff800000000000	/* no user's address */

static struct trace trace;

enum { READY = 1, GO, BUSY, PEER_MAY_GO };

/* A process that binds, has work done, and turns into another program. */
struct actor {
	struct queue queue;
	struct work *work;
	void (*act)(struct actor *actor);	/* once it is READY */
	const char *program;
	bool from_a_thread;
	int pipe[2];		/* from the program that it turns into */
	struct portal portal;
	unsigned int in_flight;
	int errors[3];		/* of calls that fail */
	unsigned int copies;
	uint64_t delay_ns;	/* of the peer, in a race */
	pid_t pid, peer;
	int error;
	atomic_int stage;
};

FIXTURE(exec) {
	struct actor *actor;
	char target[4096];
};

FIXTURE_VARIANT(exec) {
	bool dedicated;
};

FIXTURE_VARIANT_ADD(exec, shared) { .dedicated = false };
FIXTURE_VARIANT_ADD(exec, dedicated) { .dedicated = true };

/* It lies beside this program. */
static void find_target(char *path, size_t len)
{
	ssize_t got = readlink("/proc/self/exe", path, len - sizeof(EXEC_TARGET));

	while (got > 0 && path[got - 1] != '/')
		got--;
	memcpy(path + (got > 0 ? got : 0), EXEC_TARGET, sizeof(EXEC_TARGET));
}

FIXTURE_SETUP(exec)
{
	if (!queue_device_exists())
		SKIP(return, "no DSA device");
	/* Before there is a mount namespace whose root is another. */
	find_target(self->target, sizeof(self->target));
	self->actor = proc_shared(sizeof(*self->actor));
	ASSERT_EQ(0, queue_find(&self->actor->queue, variant->dedicated));
	ASSERT_EQ(0, trace_start(&trace));
	ASSERT_EQ(0, proc_tmpfs());
	ASSERT_EQ(0, pipe(self->actor->pipe));
	peer_adopt();
	self->actor->work = work_alloc();
	self->actor->program = self->target;
}

FIXTURE_TEARDOWN(exec)
{
	trace_stop(&trace);
}

/* ---- what the process does ---- */

static void live(void *arg)
{
	struct actor *actor = arg;

	actor->error = portal_open(&actor->portal, &actor->queue);
	if (!actor->error && fcntl(actor->portal.fd, F_SETFD, 0))
		actor->error = -errno;
	/* That runs ENQCMD: the thread has the PASID from here on. */
	if (!actor->error)
		actor->error = work_prepare(actor->work, &actor->portal, EACH_MS);
	actor->stage = READY;
	if (!actor->error && proc_wait_flag(&actor->stage, GO, VICTIM_TIMEOUT_MS))
		actor->act(actor);
	/* None of them is to return. */
	_exit(1);
}

static void execute(struct actor *actor)
{
	char pipe[16], fd[16];

	snprintf(pipe, sizeof(pipe), "%d", actor->pipe[1]);
	snprintf(fd, sizeof(fd), "%d", actor->portal.fd);
	execl(actor->program, EXEC_TARGET, pipe, fd,
	      actor->queue.dedicated ? "dedicated" : "shared", NULL);
}

static void *execute_busy(void *arg)
{
	struct actor *actor = arg;

	actor->copies += file_portal_copies(&actor->portal);
	work_submit(actor->work, &actor->portal, COUNT);
	actor->in_flight = work_in_flight(actor->work);
	execute(actor);
	return NULL;
}

static void become_another_program(struct actor *actor)
{
	pthread_t thread;

	if (!actor->from_a_thread)
		execute_busy(actor);
	else if (!pthread_create(&thread, NULL, execute_busy, actor))
		pthread_join(thread, NULL);
}

/* ---- what the test does ---- */

static bool actor_start(struct actor *actor, void (*act)(struct actor *actor))
{
	actor->act = act;
	actor->stage = 0;
	actor->pid = proc_spawn(live, actor);
	return proc_wait_flag(&actor->stage, READY, VICTIM_TIMEOUT_MS) &&
	       !actor->error;
}

static bool actor_report(struct actor *actor, struct exec_report *report)
{
	struct pollfd event = { .fd = actor->pipe[0], .events = POLLIN };

	return poll(&event, 1, VICTIM_TIMEOUT_MS) == 1 &&
	       read(actor->pipe[0], report, sizeof(*report)) == sizeof(*report);
}

/* The first task that it bound: that of the mm that it left, or did not. */
static bool first_life(struct actor *actor, struct trace_life *life)
{
	struct trace_life lives[4];

	trace_read(&trace);
	if (trace_lives(&trace, actor->pid, lives, 4) < 1)
		return false;
	*life = lives[0];
	return true;
}

static bool killed_by(const struct trace_life *life, const char *cause)
{
	return trace_in_order(&trace, life) &&
	       trace_says(&trace, life->kill, "cause", cause) &&
	       trace_says(&trace, life->drained, "rung", "drain");
}

static void work_in_flight_is_drained(struct __test_metadata *_metadata,
				      struct actor *actor)
{
	struct exec_report report;
	struct trace_life life;
	int status;

	ASSERT_TRUE(actor_start(actor, become_another_program));
	actor->stage = GO;
	/* Not if the new program dies of ENQCMD. */
	ASSERT_NE(0, proc_wait(actor->pid, VICTIM_TIMEOUT_MS, &status));
	ASSERT_EQ(0, status);
	ASSERT_TRUE(actor_report(actor, &report));
	EXPECT_EQ(1, actor->copies);
	EXPECT_NE(0, actor->in_flight);
	EXPECT_EQ(0, work_in_flight(actor->work));
	EXPECT_EQ(0, work_failed(actor->work));
	EXPECT_TRUE(work_complete(actor->work));
	EXPECT_TRUE(work_stays_quiet(actor->work));

	ASSERT_TRUE(first_life(actor, &life));
	EXPECT_TRUE(killed_by(&life, "exec"));
	EXPECT_LE(trace.events[life.dead].time, report.started + 1000);
	EXPECT_LE(0, trace_mm_freed(&trace, actor->pid, SOON_MS));
	EXPECT_TRUE(trace_is_reaped(&trace, &life, SOON_MS));

	EXPECT_EQ(EOWNERDEAD, report.map);
	EXPECT_EQ(EOWNERDEAD, report.write);
	EXPECT_EQ(POLLHUP | POLLERR, report.events);
	EXPECT_EQ(0, report.open);
	EXPECT_TRUE(report.copied);
	EXPECT_EQ(0, queue_attr_u64(actor->queue.name, "clients"));
}

TEST_F_TIMEOUT(exec, work_in_flight_is_drained, LIMIT_S)
{
	work_in_flight_is_drained(_metadata, self->actor);
}

TEST_F_TIMEOUT(exec, from_a_thread, LIMIT_S)
{
	self->actor->from_a_thread = true;
	work_in_flight_is_drained(_metadata, self->actor);
}

/* ---- execve() that fails ---- */

static void fail(struct actor *actor)
{
	static const char * const programs[] = {
		PROC_TMPFS "/none", BAD_PROGRAM, PROC_TMPFS,
	};

	for (int i = 0; i < 3; i++) {
		actor->program = programs[i];
		execute(actor);
		actor->errors[i] = errno;
		actor->copies += file_portal_copies(&actor->portal);
	}
	work_submit(actor->work, &actor->portal, COUNT);
	actor->stage = BUSY;
	for (;;)
		pause();
}

static bool make_program(const void *content, size_t len)
{
	int fd = open(BAD_PROGRAM, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	bool written = fd >= 0 && write(fd, content, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return written;
}

TEST_F_TIMEOUT(exec, failure_changes_nothing, LIMIT_S)
{
	struct actor *actor = self->actor;
	struct trace_life life;
	int status;

	ASSERT_TRUE(make_program("neither ELF nor a script", 24));
	ASSERT_TRUE(actor_start(actor, fail));
	actor->stage = GO;
	ASSERT_TRUE(proc_wait_flag(&actor->stage, BUSY, VICTIM_TIMEOUT_MS));
	EXPECT_EQ(ENOENT, actor->errors[0]);
	EXPECT_EQ(ENOEXEC, actor->errors[1]);
	EXPECT_EQ(EACCES, actor->errors[2]);
	EXPECT_EQ(3, actor->copies);
	ASSERT_TRUE(first_life(actor, &life));
	EXPECT_EQ(-1, life.kill);

	kill(actor->pid, SIGKILL);
	ASSERT_NE(0, proc_wait(actor->pid, VICTIM_TIMEOUT_MS, &status));
	EXPECT_EQ(0, work_in_flight(actor->work));
	ASSERT_TRUE(trace_one_life(&trace, actor->pid, &life, SOON_MS));
	EXPECT_TRUE(killed_by(&life, "exit"));
}

/* A program whose only segment can't be where it says. */
static bool make_unmappable_program(void)
{
	const struct {
		struct elf64_hdr head;
		struct elf64_phdr segment;
	} image = {
		.head = {
			.e_ident = {
				ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
				ELFCLASS64, ELFDATA2LSB, EV_CURRENT,
			},
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = BEYOND_USERS,
			.e_phoff = sizeof(struct elf64_hdr),
			.e_ehsize = sizeof(struct elf64_hdr),
			.e_phentsize = sizeof(struct elf64_phdr),
			.e_phnum = 1,
		},
		.segment = {
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_vaddr = BEYOND_USERS,
			.p_filesz = sizeof(image),
			.p_memsz = sizeof(image),
			.p_align = 4096,
		},
	};

	return make_program(&image, sizeof(image));
}

/* When that is found out there is no way back: the process dies. */
TEST_F_TIMEOUT(exec, failure_too_late, LIMIT_S)
{
	struct actor *actor = self->actor;
	struct trace_life life;
	int status;

	ASSERT_TRUE(make_unmappable_program());
	actor->program = BAD_PROGRAM;
	ASSERT_TRUE(actor_start(actor, become_another_program));
	actor->stage = GO;
	ASSERT_NE(0, proc_wait(actor->pid, VICTIM_TIMEOUT_MS, &status));
	ASSERT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGSEGV, WTERMSIG(status));
	EXPECT_NE(0, actor->in_flight);
	EXPECT_EQ(0, work_in_flight(actor->work));
	EXPECT_TRUE(work_complete(actor->work));
	ASSERT_TRUE(trace_one_life(&trace, actor->pid, &life, SOON_MS));
	EXPECT_TRUE(killed_by(&life, "exec"));
	EXPECT_LE(0, trace_mm_freed(&trace, actor->pid, SOON_MS));
	EXPECT_EQ(0, queue_attr_u64(actor->queue.name, "clients"));
}

/* ---- somebody else uses the old mm ---- */

static void execute_as_child(void *arg)
{
	execute(arg);
	_exit(1);
}

static void have_a_child(struct actor *actor)
{
	int status;

	actor->peer = peer_spawn(execute_as_child, actor, true);
	if (!proc_wait(actor->peer, VICTIM_TIMEOUT_MS, &status) || status)
		actor->error = -ECHILD;
	actor->copies += file_portal_copies(&actor->portal);
	actor->stage = BUSY;
	for (;;)
		pause();
}

/* vfork() and execve(), as posix_spawn() does. */
TEST_F_TIMEOUT(exec, vfork_child, LIMIT_S)
{
	struct actor *actor = self->actor;
	struct exec_report report;
	struct trace_life life;
	int status;

	ASSERT_TRUE(actor_start(actor, have_a_child));
	actor->stage = GO;
	ASSERT_TRUE(proc_wait_flag(&actor->stage, BUSY, VICTIM_TIMEOUT_MS));
	EXPECT_EQ(0, actor->error);
	EXPECT_EQ(1, actor->copies);
	ASSERT_TRUE(first_life(actor, &life));
	EXPECT_EQ(-1, life.kill);

	ASSERT_TRUE(actor_report(actor, &report));
	EXPECT_EQ(EPERM, report.map);
	EXPECT_EQ(EPERM, report.write);
	EXPECT_EQ(0, report.events);
	EXPECT_EQ(variant->dedicated ? -EBUSY : 0, report.open);
	EXPECT_EQ(!variant->dedicated, report.copied);

	kill(actor->pid, SIGKILL);
	ASSERT_NE(0, proc_wait(actor->pid, VICTIM_TIMEOUT_MS, &status));
	ASSERT_TRUE(trace_one_life(&trace, actor->pid, &life, SOON_MS));
	EXPECT_TRUE(killed_by(&life, "exit"));
}

static void stay(void *arg)
{
	struct actor *actor = arg;

	proc_wait_flag(&actor->stage, PEER_MAY_GO, VICTIM_TIMEOUT_MS);
	actor->copies += file_portal_copies(&actor->portal);
	work_submit(actor->work, &actor->portal, COUNT);
	actor->in_flight = work_in_flight(actor->work);
}

static void leave_a_peer(struct actor *actor)
{
	actor->peer = peer_spawn(stay, actor, false);
	execute(actor);
}

/* Its task goes on for the one that stays, and dies with it. */
TEST_F_TIMEOUT(exec, peer_stays, LIMIT_S)
{
	struct actor *actor = self->actor;
	struct exec_report report;
	struct trace_life life;
	int status;

	ASSERT_TRUE(actor_start(actor, leave_a_peer));
	actor->stage = GO;
	ASSERT_TRUE(actor_report(actor, &report));
	EXPECT_EQ(EPERM, report.write);
	ASSERT_NE(0, proc_wait(actor->pid, VICTIM_TIMEOUT_MS, &status));
	ASSERT_TRUE(first_life(actor, &life));
	EXPECT_EQ(-1, life.kill);

	actor->stage = PEER_MAY_GO;
	ASSERT_NE(0, proc_wait(actor->peer, VICTIM_TIMEOUT_MS, &status));
	EXPECT_EQ(1, actor->copies);
	EXPECT_NE(0, actor->in_flight);
	EXPECT_EQ(0, work_in_flight(actor->work));
	ASSERT_TRUE(first_life(actor, &life));
	EXPECT_TRUE(killed_by(&life, "exit"));
	EXPECT_LE(0, trace_mm_freed(&trace, actor->pid, SOON_MS));
}

static void leave(void *arg)
{
	struct actor *actor = arg;
	uint64_t until = proc_now() + actor->delay_ns;

	while (proc_now() < until)
		;
}

/*
 * Between its look at who uses the mm and leaving it exec walks the list of
 * robust futexes: make that as long as it can be.
 */
static void slow_down_exec(void)
{
	static struct robust_list self = { .next = &self };
	static struct robust_list_head head = { .list.next = &self };

	syscall(SYS_set_robust_list, &head, sizeof(head));
}

static void race_with_a_peer(struct actor *actor)
{
	slow_down_exec();
	actor->peer = peer_spawn(leave, actor, false);
	execute(actor);
}

/*
 * Whoever is the last to leave: exec before the new program runs, or exit.  The
 * peer's delay settles where it is now the one and now the other.
 */
TEST_F_TIMEOUT(exec, peer_exits_meanwhile, 2 * LIMIT_S)
{
	struct actor *actor = self->actor;
	struct exec_report report;
	struct trace_life life;
	int status;

	for (int round = 0; round < ROUNDS; round++) {
		ASSERT_TRUE(actor_start(actor, race_with_a_peer));
		actor->stage = GO;
		ASSERT_NE(0, proc_wait(actor->pid, VICTIM_TIMEOUT_MS, &status));
		ASSERT_EQ(0, status);
		ASSERT_NE(0, proc_wait(actor->peer, VICTIM_TIMEOUT_MS, &status));
		ASSERT_TRUE(actor_report(actor, &report));
		ASSERT_TRUE(first_life(actor, &life));
		if (trace_says(&trace, life.kill, "cause", "exec")) {
			ASSERT_TRUE(killed_by(&life, "exec"));
			ASSERT_LE(trace.events[life.dead].time,
				  report.started + 1000);
			actor->delay_ns += DELAY_STEP_NS;
		} else {
			ASSERT_TRUE(killed_by(&life, "exit"));
			actor->delay_ns -= actor->delay_ns ? DELAY_STEP_NS : 0;
		}
		ASSERT_LE(0, trace_mm_freed(&trace, actor->pid, SOON_MS));
	}
	EXPECT_EQ(0, queue_attr_u64(actor->queue.name, "clients"));
}

TEST_HARNESS_MAIN
