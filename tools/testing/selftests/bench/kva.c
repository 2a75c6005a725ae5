// SPDX-License-Identifier: GPL-2.0
/*
 * Row kva: a page of the kernel's page tables that is freed, with so many processes
 * bound to a device, by our method and by that of visiting them all.
 */
#include "bench.h"

#define STORM	"/sys/kernel/debug/iommu/kva/storm"
#define WALK	"/sys/kernel/debug/iommu/kva/walk"
#define TABLES	16384

static void measure(const char *method, unsigned int processes)
{
	uint64_t begin;

	bench_bind(processes);
	/* The range gets all of its upper tables, and the caches what they like. */
	bench_write_number(STORM, TABLES / 8);
	begin = bench_clock();
	bench_write_number(STORM, TABLES);
	bench_result("kva", method, processes, TABLES, "instructions",
		     bench_clock() - begin);
}

void bench_kva(void)
{
	static const unsigned int processes[] = { 1, 100, 1000 };
	unsigned int i;

	bench_queue_enable();
	measure("unbound", 0);
	for (i = 0; i < 3; i++)
		measure("flush", processes[i]);
	bench_write(WALK, "1");
	for (i = 3; i-- > 0;)
		measure("walk", processes[i]);
	bench_write(WALK, "0");
}
