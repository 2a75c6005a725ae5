// SPDX-License-Identifier: GPL-2.0
/*
 * Row process: what those pay who have no off-CPU task.  A process that is made,
 * changes its program and exits; and one that does little but fault pages in.
 */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define PROCESSES	2000
#define WARM_UP		200
#define FAULT_ROUNDS	16
#define FAULT_PAGES	4096

/* The program is this one, which returns at once from main(). */
static void fork_exec_exit(unsigned int times)
{
	int status;

	while (times--) {
		pid_t pid = fork();

		if (!pid) {
			execl("/init", BENCH_EXEC, NULL);
			_exit(1);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			bench_fail("fork or exec");
	}
}

static void fault_pages(unsigned int rounds)
{
	while (rounds--) {
		char *mem = bench_pages(FAULT_PAGES * BENCH_PAGE);
		unsigned int i;

		for (i = 0; i < FAULT_PAGES; i++)
			__atomic_store_n(&mem[i * BENCH_PAGE], 1, __ATOMIC_RELAXED);
		munmap(mem, FAULT_PAGES * BENCH_PAGE);
	}
}

void bench_process(void)
{
	uint64_t begin;

	fork_exec_exit(WARM_UP);
	begin = bench_clock();
	fork_exec_exit(PROCESSES);
	bench_result("process", "fork+exec+exit", 0, PROCESSES, "instructions",
		     bench_clock() - begin);

	fault_pages(1);
	begin = bench_clock();
	fault_pages(FAULT_ROUNDS);
	bench_result("process", "page faults", 0, FAULT_ROUNDS * FAULT_PAGES,
		     "instructions", bench_clock() - begin);
}
