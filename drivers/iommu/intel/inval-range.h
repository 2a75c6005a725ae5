/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A range of addresses as an invalidation descriptor names it: by blocks of a
 * power of two of pages, at an address that is a multiple of their size.
 */
#ifndef _INTEL_INVAL_RANGE_H
#define _INTEL_INVAL_RANGE_H

#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/types.h>

#include "iommu.h"

#define INVAL_MAX_BLOCKS	2

/**
 * struct inval_block - what one descriptor invalidates
 * @addr: a multiple of its size
 * @order: 2^order pages of 4 KiB; all addresses are MAX_AGAW_PFN_WIDTH
 */
struct inval_block {
	u64 addr;
	unsigned int order;
};

/* The smallest block that holds the pages @first to @last. */
static inline struct inval_block inval_block_of(u64 first, u64 last)
{
	unsigned int order = fls64(first ^ last);
	struct inval_block block = {
		.addr = first >> order << order << VTD_PAGE_SHIFT,
		.order = order,
	};

	return block;
}

/**
 * inval_blocks() - cover a range by as few blocks as are not much larger
 * @start: first address
 * @end: last address, not below @start
 * @blocks: filled in
 *
 * One block, if it is at most four times the range, its pages rounded up to a
 * power of two; else the range lies across a multiple of much more than itself,
 * and is divided there: two blocks of together less than twice the range.
 *
 * Any context.
 *
 * Return: how many, 1 or 2.
 */
static inline unsigned int inval_blocks(u64 start, u64 end,
					struct inval_block blocks[INVAL_MAX_BLOCKS])
{
	u64 first = start >> VTD_PAGE_SHIFT, last = end >> VTD_PAGE_SHIFT;
	u64 middle;

	blocks[0] = inval_block_of(first, last);
	if (blocks[0].order <= fls64(last - first) + 1)
		return 1;

	middle = last >> (blocks[0].order - 1) << (blocks[0].order - 1);
	blocks[0] = inval_block_of(first, middle - 1);
	blocks[1] = inval_block_of(middle, last);
	return 2;
}

#endif
