/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is behind the caller's addresses, by /proc/self/pagemap and smaps: whether a page
 * has moved, was swapped out, is shared or is part of a huge one.
 */
#ifndef SELFTESTS_IDXD_PAGES_H
#define SELFTESTS_IDXD_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGES_SIZE	4096UL
#define PAGES_HUGE	(2UL * 1024 * 1024)

/** pages_untouched() - private memory in small pages, none of them there; or NULL */
void *pages_untouched(size_t size);

/** pages_pfn() - the page frame behind an address; 0: none, or not root */
uint64_t pages_pfn(const void *va);

/** pages_read() - the same for @count pages from @va on; 0 or -errno */
int pages_read(const void *va, uint64_t *pfns, size_t count);

/**
 * pages_moved() - look again
 * @va: the first
 * @pfns: what was there, from pages_read(); what is there now
 * @count: how many
 *
 * Return: how many pages are not where they were, be it that they are nowhere.
 */
size_t pages_moved(const void *va, uint64_t *pfns, size_t count);

/** pages_huge() - bytes of the mapping around @va that huge pages' entries map */
size_t pages_huge(const void *va);

/**
 * pages_collapse() - make small pages a huge one
 * @va: aligned to that, in a mapping of no file
 *
 * Return: 0 or -errno; -EINVAL: no transparent huge pages.
 */
int pages_collapse(void *va);

/**
 * pages_on_demand() - have only pages_collapse() make huge pages
 * @before: 16 bytes, for pages_on_demand_over()
 *
 * Return: 0 or -errno: no transparent huge pages.
 */
int pages_on_demand(char *before);

/** pages_on_demand_over() - put the setting back */
void pages_on_demand_over(const char *before);

/**
 * pages_hugetlb_pool() - have hugetlb own huge pages: one, and one for a copy
 * @before: for pages_hugetlb_pool_over()
 * @len: bytes there
 *
 * Return: 0 or -errno.
 */
int pages_hugetlb_pool(char *before, int len);

/** pages_hugetlb_pool_over() - put the size of its pool back */
void pages_hugetlb_pool_over(const char *before);

#endif
