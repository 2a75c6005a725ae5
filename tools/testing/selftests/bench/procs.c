// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that are bound to the benchmark's queue and do nothing, and such that
 * measure something and go.
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

#define MAX	2000

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

static void *shared_alloc(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (mem == MAP_FAILED)
		bench_fail("mmap");
	return mem;
}

void bench_bind(unsigned int processes)
{
	if (processes > MAX) {
		errno = E2BIG;
		bench_fail("bench_bind");
	}
	if (!shared)
		shared = shared_alloc(sizeof(*shared));
	while (count < processes)
		bind_one();
	while (count > processes)
		kill_one();
}

int64_t bench_child(void (*fn)(int64_t *total))
{
	int64_t *total = shared_alloc(sizeof(*total)), result;
	int status;
	pid_t pid = fork();

	if (!pid) {
		fn(total);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		bench_fail("a child");
	result = *total;
	munmap(total, sizeof(*total));
	return result;
}
