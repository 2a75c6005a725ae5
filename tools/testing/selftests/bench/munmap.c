// SPDX-License-Identifier: GPL-2.0
/*
 * Row munmap: a process that is bound to a device unmaps memory, all of it there,
 * in small pages.
 *
 * The memory is a file's, which outlives the mapping: what the page allocator does
 * with a page depends on what else is free, a thousandth more or less, and that is
 * many times what there is to measure.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define MUNMAP_MOST	1000

/*
 * Many in a row, as what RCU does for an munmap() comes later, and has to be counted,
 * too.
 */
static const struct {
	const char *name;
	size_t size;
	unsigned int in_a_row;
	unsigned int rows;
} sizes[] = {
	{ "4 KiB", BENCH_PAGE, MUNMAP_MOST, 20 },
	{ "2 MiB", 2UL << 20, 100, 5 },
	{ "1 GiB", 1UL << 30, 1, 4 },
};

static int file_of(size_t size)
{
	int fd = memfd_create("munmap", 0);

	if (fd < 0 || ftruncate(fd, size))
		bench_fail("memfd");
	return fd;
}

static void *map(int fd, size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (mem == MAP_FAILED || madvise(mem, size, MADV_POPULATE_WRITE))
		bench_fail("mmap");
	return mem;
}

static uint64_t unmap_row(int fd, size_t size, unsigned int in_a_row)
{
	static void *mem[MUNMAP_MOST];
	uint64_t begin;
	unsigned int i;

	for (i = 0; i < in_a_row; i++)
		mem[i] = map(fd, size);
	begin = bench_clock();
	for (i = 0; i < in_a_row; i++)
		munmap(mem[i], size);
	return bench_clock() - begin;
}

void bench_munmap(void)
{
	unsigned int i, j;

	bench_queue_enable();
	bench_queue_open();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int fd = file_of(sizes[i].size);
		uint64_t total = 0;

		unmap_row(fd, sizes[i].size, sizes[i].in_a_row);
		for (j = 0; j < sizes[i].rows; j++)
			total += unmap_row(fd, sizes[i].size, sizes[i].in_a_row);
		bench_result("munmap", sizes[i].name, 1,
			     sizes[i].in_a_row * sizes[i].rows, "instructions", total);
		close(fd);
	}
}
