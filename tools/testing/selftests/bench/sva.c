// SPDX-License-Identifier: GPL-2.0
/*
 * Rows of iommu_sva_bind_device() and iommu_sva_unbind_device(), by a driver that
 * has no queue and whose device has nothing to drain (sva_bind/sva_bind.c), so that
 * kernels can be compared whose drivers of queues differ.
 *
 * bind: both of them once, by a process that was never bound before, and by one
 * that was: then there is a PASID, but neither a domain nor an attachment.
 * many: the same, beside other processes that are bound to a queue.
 * memory: what stays allocated for one bind more of a process.
 */
#include <stdio.h>

#include "bench.h"

#define BIND		"/sys/kernel/debug/bench_sva/bind"
#define HOLD		"/sys/kernel/debug/bench_sva/hold"

#define FIRST		100	/* processes */
#define AGAIN		500	/* times by one process */
#define HELD		4000	/* binds of one process */

static uint64_t binds(unsigned int times)
{
	uint64_t begin = bench_clock();

	bench_write_number(BIND, times);
	return bench_clock() - begin;
}

/* Less what it costs to ask for it. */
static void bind_first(int64_t *total)
{
	uint64_t nothing;

	binds(0);
	nothing = binds(0);
	*total = binds(1) - nothing;
}

static void bind_again(int64_t *total)
{
	binds(1);
	*total = binds(AGAIN);
}

static void measure_binds(const char *row, unsigned int processes)
{
	int64_t total = 0;
	unsigned int i;

	bench_child(bind_first);
	for (i = 0; i < FIRST; i++)
		total += bench_child(bind_first);
	bench_result(row, "first", processes, FIRST, "instructions", total);
	bench_result(row, "again", processes, AGAIN, "instructions",
		     bench_child(bind_again));
}

static void prepare(void)
{
	bench_queue_enable();
	bench_load_module("/sva_bind.ko");
}

void bench_sva(void)
{
	prepare();
	measure_binds("bind", 0);
}

void bench_many(void)
{
	prepare();
	bench_bind(1);
	measure_binds("many", 1);
	bench_bind(2000);
	measure_binds("many", 2000);
}

/* Of all caches, objects in use; a CPU's own slab counts as full. */
static int64_t slab_bytes(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	unsigned long active, objects, size;
	int64_t bytes = 0;
	char line[512];

	if (!file)
		bench_fail("/proc/slabinfo");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %lu %lu %lu", &active, &objects, &size) == 3)
			bytes += active * size;
	}
	fclose(file);
	return bytes;
}

/* The first bind allocates the process's things, the others a task each. */
static void hold(int64_t *total)
{
	bench_write_number(HOLD, 1);
	*total = -slab_bytes();
	bench_write_number(HOLD, HELD + 1);
	*total += slab_bytes();
	bench_write_number(HOLD, 0);
}

void bench_memory(void)
{
	prepare();
	bench_result("memory", "task", 1, HELD, "bytes", bench_child(hold));
}
