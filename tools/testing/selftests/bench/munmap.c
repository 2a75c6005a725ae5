// SPDX-License-Identifier: GPL-2.0
/*
 * Row munmap: a process that is bound to a device unmaps memory, all of it there,
 * in small pages.
 */
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

/* So often that what else the machine does meanwhile makes no difference. */
static const struct {
	const char *name;
	size_t size;
	unsigned int times;
} sizes[] = {
	{ "4 KiB", BENCH_PAGE, 20000 },
	{ "2 MiB", 2UL << 20, 500 },
	{ "1 GiB", 1UL << 30, 4 },
};

static uint64_t unmap(size_t size)
{
	char *mem = bench_pages(size);
	uint64_t begin;

	if (madvise(mem, size, MADV_POPULATE_WRITE))
		bench_fail("populate");
	begin = bench_clock();
	munmap(mem, size);
	return bench_clock() - begin;
}

void bench_munmap(void)
{
	unsigned int i, j;

	bench_queue_enable();
	bench_queue_open();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint64_t total = 0;

		if (sizes[i].times > 1)
			unmap(sizes[i].size);
		for (j = 0; j < sizes[i].times; j++)
			total += unmap(sizes[i].size);
		bench_result("munmap", sizes[i].name, 1, sizes[i].times,
			     "instructions", total);
	}
}
