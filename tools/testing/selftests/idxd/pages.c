// SPDX-License-Identifier: GPL-2.0
/* What is behind the caller's addresses: see pages.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pages.h"
#include "proc.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define PRESENT		0x8000000000000000ULL
#define PFN		0x007fffffffffffffULL
#define HUGE_SETTING	"/sys/kernel/mm/transparent_hugepage/enabled"
#define HUGETLB_POOL	"/proc/sys/vm/nr_hugepages"
#define TRIES		50

void *pages_untouched(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	madvise(mem, size, MADV_NOHUGEPAGE);
	return mem;
}

static int open_pagemap(void)
{
	return open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}

int pages_read(const void *va, uint64_t *pfns, size_t count)
{
	ssize_t size = count * sizeof(*pfns), got;
	int fd = open_pagemap();

	if (fd < 0)
		return -errno;
	got = pread(fd, pfns, size, (uintptr_t)va / PAGES_SIZE * sizeof(*pfns));
	close(fd);
	if (got != size)
		return -EIO;
	for (size_t i = 0; i < count; i++)
		pfns[i] = pfns[i] & PRESENT ? pfns[i] & PFN : 0;
	return 0;
}

uint64_t pages_pfn(const void *va)
{
	uint64_t pfn;

	return pages_read(va, &pfn, 1) ? 0 : pfn;
}

size_t pages_moved(const void *va, uint64_t *pfns, size_t count)
{
	uint64_t now[count];
	size_t moved = 0;

	if (pages_read(va, now, count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		moved += now[i] != pfns[i];
		pfns[i] = now[i];
	}
	return moved;
}

size_t pages_huge(const void *va)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long start, end, kib = 0;
	bool here = false;
	char line[512];

	while (smaps && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = (uintptr_t)va >= start && (uintptr_t)va < end;
		else if (here && sscanf(line, "AnonHugePages: %lu kB", &kib) == 1)
			break;
	}
	if (smaps)
		fclose(smaps);
	return kib * 1024;
}

int pages_collapse(void *va)
{
	int ret = -1;

	if (madvise(va, PAGES_HUGE, MADV_HUGEPAGE))
		return -errno;
	/* Somebody may hold a page for a moment. */
	for (int i = 0; ret && i < TRIES; i++)
		ret = madvise(va, PAGES_HUGE, MADV_COLLAPSE);
	return ret ? -errno : 0;
}

int pages_on_demand(char *before)
{
	char line[64];
	int ret = proc_read_file(HUGE_SETTING, line, sizeof(line));

	if (ret)
		return ret;
	if (sscanf(line, "%*[^[][%15[^]]", before) != 1 &&
	    sscanf(line, "[%15[^]]", before) != 1)
		return -EIO;
	return proc_write_file(HUGE_SETTING, "never");
}

void pages_on_demand_over(const char *before)
{
	proc_write_file(HUGE_SETTING, before);
}

int pages_hugetlb_pool(char *before, int len)
{
	int ret = proc_read_file(HUGETLB_POOL, before, len);

	return ret ? ret : proc_write_file(HUGETLB_POOL, "2");
}

void pages_hugetlb_pool_over(const char *before)
{
	proc_write_file(HUGETLB_POOL, before);
}
