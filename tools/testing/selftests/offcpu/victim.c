// SPDX-License-Identifier: GPL-2.0
/*
 * A process that has a device at work for it, and then dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../idxd/proc.h"
#include "inject.h"
#include "victim.h"

#define ATTEMPTS	4
#define SLOWDOWN	32
#define SOON_MS		2000

struct victim *victim_alloc(const struct queue *queue)
{
	struct victim *victim = proc_shared(sizeof(*victim));

	victim->queue = *queue;
	victim->work = work_alloc();
	return victim;
}

/* A file with no name, in memory that only the victim's mm will hold. */
static int map_tmpfile(void)
{
	void *mem;
	int fd = open(PROC_TMPFS, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, VICTIM_FILE_BYTES))
		ret = -errno;
	mem = mmap(NULL, VICTIM_FILE_BYTES, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, fd, 0);
	if (mem == MAP_FAILED || madvise(mem, VICTIM_FILE_BYTES, MADV_DONTFORK))
		ret = -errno;
	close(fd);
	return ret;
}

static int make_ready(struct victim *victim, struct portal *portal)
{
	int ret = victim->map_tmpfile ? map_tmpfile() : 0;

	if (!ret)
		ret = portal_open(portal, &victim->queue);
	if (!ret)
		ret = work_prepare(victim->work, portal, victim->each_ms);
	if (!ret && victim->pass_on)
		ret = victim->pass_on(victim, portal);
	if (!ret && victim->close_file) {
		close(portal->fd);
		portal->fd = -1;
	}
	return ret;
}

/* From now on the device has as much to do as @victim asks for, and no more. */
static void let_drain(struct victim *victim)
{
	if (!victim->slow)
		inject_slow(victim->queue.device, 0);
	victim->in_flight = work_in_flight(victim->work);
}

static void die(const struct victim *victim, struct portal *portal)
{
	switch (victim->death) {
	case VICTIM_EXITS:
		exit(VICTIM_EXIT_CODE);
	case VICTIM_SEGFAULTS:
		prctl(PR_SET_DUMPABLE, 0);
		asm volatile("movl $0, 0");
		break;
	case VICTIM_CLOSES:
		portal_close(portal);
		exit(VICTIM_EXIT_CODE);
	case VICTIM_ABORTS:
		abort();
	case VICTIM_KILLED:
		for (;;)
			pause();
	}
}

static void live(void *arg)
{
	struct victim *victim = arg;
	struct portal portal;

	victim->error = make_ready(victim, &portal);
	victim->stage = VICTIM_READY;
	if (victim->error || !proc_wait_flag(&victim->stage, VICTIM_GO,
					     VICTIM_TIMEOUT_MS))
		return;
	work_submit(victim->work, &portal, victim->count);
	if (victim->death != VICTIM_KILLED)
		let_drain(victim);
	victim->stage = VICTIM_BUSY;
	die(victim, &portal);
}

bool victim_start(struct victim *victim)
{
	if (victim->meddle)
		victim->meddle(victim, false);
	victim->pid = proc_spawn(live, victim);
	if (proc_wait_flag(&victim->stage, VICTIM_READY, VICTIM_TIMEOUT_MS) &&
	    !victim->error)
		return true;
	if (!victim->error)
		victim->error = -ETIMEDOUT;
	kill(victim->pid, SIGKILL);
	return false;
}

static bool as_told(const struct victim *victim)
{
	switch (victim->death) {
	case VICTIM_KILLED:
		return WIFSIGNALED(victim->status) &&
		       WTERMSIG(victim->status) == SIGKILL;
	case VICTIM_SEGFAULTS:
		return WIFSIGNALED(victim->status) &&
		       WTERMSIG(victim->status) == SIGSEGV;
	case VICTIM_ABORTS:
		return WIFSIGNALED(victim->status) &&
		       WTERMSIG(victim->status) == SIGABRT;
	default:
		return WIFEXITED(victim->status) &&
		       WEXITSTATUS(victim->status) == VICTIM_EXIT_CODE;
	}
}

/* Work may last for less than a millisecond: be quick, don't sleep. */
static bool spin_until_busy(const struct victim *victim)
{
	uint64_t deadline = proc_now() + VICTIM_TIMEOUT_MS * NSEC_PER_MSEC;

	while (victim->stage < VICTIM_BUSY)
		if (proc_now() > deadline)
			return false;
	return true;
}

bool victim_end(struct victim *victim)
{
	inject_slow(victim->queue.device, victim->slow ? victim->slow : SLOWDOWN);
	victim->killed = proc_now();
	victim->stage = VICTIM_GO;
	if (victim->death == VICTIM_KILLED) {
		if (!spin_until_busy(victim))
			return false;
		if (victim->meddle)
			victim->meddle(victim, true);
		let_drain(victim);
		victim->killed = proc_now();
		kill(victim->pid, SIGKILL);
	}
	victim->waited = proc_wait(victim->pid, VICTIM_TIMEOUT_MS, &victim->status);
	victim->unfinished = work_in_flight(victim->work);
	return victim->waited && as_told(victim);
}

bool victim_run(struct victim *victim)
{
	/* The device may be done before a machine under load comes to look. */
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		victim->stage = 0;
		victim->work->submitted = 0;
		victim->work->refused = false;
		if (!victim_start(victim) || !victim_end(victim))
			return false;
		if (victim->in_flight)
			return true;
		victim->each_ms *= 2;
	}
	return false;
}

bool victim_left_nothing(const struct victim *victim, struct trace *trace,
			 uint64_t tmpfs_free)
{
	uint64_t deadline = proc_now() + SOON_MS * NSEC_PER_MSEC;

	while (proc_tmpfs_free() < tmpfs_free && proc_now() < deadline)
		proc_nap();
	return proc_tmpfs_free() == tmpfs_free &&
	       trace_mm_freed(trace, victim->pid, SOON_MS) >= 0;
}
