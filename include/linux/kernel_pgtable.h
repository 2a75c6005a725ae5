/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Freeing pages of the kernel's own page tables, which IOMMUs may walk as well as
 * the CPUs: mm/kernel_pgtable.c.
 */
#ifndef _LINUX_KERNEL_PGTABLE_H
#define _LINUX_KERNEL_PGTABLE_H

#include <linux/types.h>

struct list_head;
struct mm_struct;
struct page;

extern struct mm_struct init_mm;

void kernel_pgtable_free(struct list_head *tables);
void kernel_pgtable_forget(void *table);
void kernel_pgtable_drain(void);
void free_boot_page(struct page *page);

#ifdef CONFIG_DEBUG_KERNEL_PGTABLE
extern struct page_ext_operations kernel_pgtable_ext_ops;
void __kernel_pgtable_linked(void *table);
void kernel_pgtable_check_free(struct page *page, unsigned int order);

/**
 * kernel_pgtable_linked() - a page table is about to be linked into another
 * @mm: whose
 * @table: the page
 *
 * If it is the kernel's, the page may from now on only be freed by
 * kernel_pgtable_free().  Any context.
 */
static inline void kernel_pgtable_linked(struct mm_struct *mm, void *table)
{
	if (mm == &init_mm)
		__kernel_pgtable_linked(table);
}
#else
static inline void kernel_pgtable_linked(struct mm_struct *mm, void *table)
{
}

static inline void kernel_pgtable_check_free(struct page *page,
					     unsigned int order)
{
}
#endif

#endif /* _LINUX_KERNEL_PGTABLE_H */
