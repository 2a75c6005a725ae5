// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that are bound to the benchmark's queue and do nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define MAX	1000

static pid_t children[MAX];
static unsigned int count;

/* In shared memory: processes that are bound, or could not be. */
static struct { atomic_uint bound, failed; } *shared;

static noreturn void be_bound(void)
{
	if (open(BENCH_QUEUE, O_RDWR) < 0)
		atomic_fetch_add(&shared->failed, 1);
	else
		atomic_fetch_add(&shared->bound, 1);
	for (;;)
		pause();
}

static void bind_one(void)
{
	pid_t pid = fork();

	if (!pid)
		be_bound();
	if (pid < 0)
		bench_fail("fork");
	children[count++] = pid;
	while (atomic_load(&shared->bound) != count) {
		if (atomic_load(&shared->failed)) {
			errno = EIO;
			bench_fail(BENCH_QUEUE);
		}
		sched_yield();
	}
}

static void kill_one(void)
{
	pid_t pid = children[--count];

	kill(pid, SIGKILL);
	if (waitpid(pid, NULL, 0) != pid)
		bench_fail("waitpid");
	atomic_fetch_sub(&shared->bound, 1);
}

void bench_bind(unsigned int processes)
{
	if (processes > MAX) {
		errno = E2BIG;
		bench_fail("bench_bind");
	}
	if (!shared) {
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (shared == MAP_FAILED)
			bench_fail("mmap");
	}
	while (count < processes)
		bind_one();
	while (count > processes)
		kill_one();
}
