// SPDX-License-Identifier: GPL-2.0
/*
 * Row open: a queue is opened, its portal mapped, and both are closed; by a process
 * that never did it before, by one that did, and by one that has a descriptor's
 * worth of work done in between, for which it does not wait.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define FIRST	100
#define AGAIN	200

static uint64_t once(const struct desc *desc)
{
	uint64_t begin = bench_clock();
	void *portal;
	int fd;

	fd = open(BENCH_QUEUE, O_RDWR);
	if (fd < 0)
		bench_fail(BENCH_QUEUE);
	portal = mmap(NULL, BENCH_PAGE, PROT_WRITE, MAP_SHARED, fd, 0);
	if (portal == MAP_FAILED)
		bench_fail("mmap");
	if (desc)
		bench_submit(portal, desc);
	munmap(portal, BENCH_PAGE);
	close(fd);
	return bench_clock() - begin;
}

static void open_first(int64_t *total)
{
	*total = once(NULL);
}

static void open_again(int64_t *total)
{
	unsigned int i;

	once(NULL);
	for (i = 0; i < AGAIN; i++)
		*total += once(NULL);
}

static void open_and_use(int64_t *total)
{
	struct desc desc;
	unsigned int i;

	desc_init_silent(&desc);
	once(&desc);
	for (i = 0; i < AGAIN; i++)
		*total += once(&desc);
}

void bench_open(void)
{
	int64_t total = 0;
	unsigned int i;

	bench_queue_enable();
	bench_child(open_first);
	for (i = 0; i < FIRST; i++)
		total += bench_child(open_first);
	bench_result("open", "first", 0, FIRST, "instructions", total);
	bench_result("open", "again", 0, AGAIN, "instructions",
		     bench_child(open_again));
	bench_result("open", "used", 0, AGAIN, "instructions",
		     bench_child(open_and_use));
}
