// SPDX-License-Identifier: GPL-2.0
/*
 * Row fault: a page fault of the device's, served; alone, and in a page request
 * group of 16.
 *
 * A descriptor writes to pages that are not there, and for comparison to such that
 * are; the process sleeps until both are done for sure, and while all CPUs sleep
 * no instruction is counted.  What the first take more than the second, submission,
 * sleep and timer apart, is what the faults cost, from the page request's interrupt
 * to the answer.
 *
 * Pages are of shared memory, and exist: it is not the clearing of pages that is
 * measured.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../offcpu/inject.h"
#include "bench.h"

#define GROUP		16
#define ROUNDS		200
#define NAP_NS		2000000

static struct desc desc;
static void *portal;

static uint64_t serve(char *mem, unsigned int pages)
{
	struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t begin = bench_clock();

	desc_memfill(&desc, mem, 0x1234, pages * BENCH_PAGE);
	desc.hw.flags |= IDXD_OP_FLAG_BOF;
	bench_submit(portal, &desc);
	nanosleep(&nap, NULL);
	begin = bench_clock() - begin;
	if (desc.record.status != DSA_COMP_SUCCESS) {
		errno = EIO;
		bench_fail("a descriptor");
	}
	return begin;
}

/* What pages that are not there cost more. */
static int64_t fault(char *mem, unsigned int pages)
{
	int64_t cost;

	madvise(mem, pages * BENCH_PAGE, MADV_DONTNEED);
	cost = serve(mem, pages);
	return cost - serve(mem, pages);
}

static void measure(const char *method, char *mem, unsigned int pages)
{
	int64_t total = 0;
	unsigned int i;

	fault(mem, pages);
	for (i = 0; i < ROUNDS; i++)
		total += fault(mem, pages);
	bench_result("fault", method, 1, ROUNDS * pages, "instructions", total);
}

void bench_fault(void)
{
	char *mem;

	bench_queue_enable();
	portal = bench_queue_open();
	mem = mmap(NULL, GROUP * BENCH_PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		bench_fail("mmap");
	memset(mem, 1, GROUP * BENCH_PAGE);
	measure("single", mem, 1);
	errno = -inject_group_pages("dsa0", GROUP);
	if (errno)
		bench_fail("a device that can ask for a group of pages");
	measure("group of 16", mem, GROUP);
}
