// SPDX-License-Identifier: GPL-2.0
/*
 * Row kill: a process is killed while its queue is full.
 *
 * It fills the queue and kills itself; its parent looks at the clock when wait() has
 * returned.  How long the device needs for that work another process tells, which
 * fills the queue and lives until all is done.  The work is all on the same memory,
 * so that there is little to free.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../idxd/insn.h"
#include "bench.h"

#define SIZE	(2UL << 20)	/* of a descriptor's work */
#define MAX	64
#define ROUNDS	20

/* In shared memory */
static struct {
	uint64_t time;
	uint64_t clock;
} *full;

static struct desc descs[MAX];

/* The number of descriptors that went in. */
static unsigned int fill_queue(void)
{
	void *portal = bench_queue_open();
	char *mem = bench_pages(SIZE);
	unsigned int i;

	memset(mem, 1, SIZE);
	for (i = 0; i < MAX; i++)
		desc_memfill(&descs[i], mem, 0x1234, SIZE);
	for (i = 0; i < MAX && insn_enqcmd(portal, &descs[i].hw); i++)
		;
	if (i == MAX) {
		errno = EOVERFLOW;
		bench_fail("a queue without end");
	}
	full->time = bench_time();
	full->clock = bench_clock();
	return i;
}

static void finish_work(int64_t *total)
{
	unsigned int i, n = fill_queue();

	for (i = 0; i < n; i++) {
		const struct dsa_completion_record *record = &descs[i].record;

		while (!__atomic_load_n(&record->status, __ATOMIC_ACQUIRE))
			;
		if (record->status != DSA_COMP_SUCCESS) {
			errno = EIO;
			bench_fail("a descriptor");
		}
	}
	*total = bench_time() - full->time;
}

static void kill_one(int64_t *time, int64_t *clock)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		fill_queue();
		kill(getpid(), SIGKILL);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		bench_fail("the victim");
	*clock += bench_clock() - full->clock;
	*time += bench_time() - full->time;
}

void bench_kill(void)
{
	int64_t time = 0, clock = 0, work = 0;
	unsigned int i;

	bench_queue_enable();
	full = mmap(NULL, sizeof(*full), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (full == MAP_FAILED)
		bench_fail("mmap");
	kill_one(&time, &clock);
	time = 0;
	clock = 0;
	for (i = 0; i < ROUNDS; i++) {
		work += bench_child(finish_work);
		kill_one(&time, &clock);
	}
	bench_result("kill", "instructions", 1, ROUNDS, "instructions", clock);
	bench_result("kill", "time", 1, ROUNDS, "ns", time);
	bench_result("kill", "the device's work", 1, ROUNDS, "ns", work);
	bench_result("kill", "beyond the work", 1, ROUNDS, "ns", time - work);
}
