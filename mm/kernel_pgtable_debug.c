// SPDX-License-Identifier: GPL-2.0
/*
 * Finds pages of the kernel's page tables that are freed behind the back of
 * kernel_pgtable_free(), so that an IOMMU may still walk through them.
 *
 * A page is marked when it is linked below init_mm's top level, loses the mark when
 * no IOMMU knows it any more, and must not reach the page allocator with it.  Tables
 * that are older than the page extensions that hold the marks, and those are nearly
 * all of the direct map's, are marked once there are some.
 */
#include <linux/export.h>
#include <linux/kernel_pgtable.h>
#include <linux/mm.h>
#include <linux/page_ext.h>
#include <linux/pagewalk.h>
#include <linux/pgtable.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "kernel_pgtable.h"

/* There are page extensions. */
static bool marking __ro_after_init;

static bool __init need_mark(void)
{
	return true;
}

static void __init init_mark(void);

/* All that is kept of a page is the mark. */
struct page_ext_operations kernel_pgtable_ext_ops = {
	.size = sizeof(unsigned long),
	.need = need_mark,
	.init = init_mark,
};

/* Set the page's mark and return what it was. */
static bool exchange_mark(struct page *page, bool to)
{
	struct page_ext *ext;
	unsigned long *mark;
	bool from;

	if (!marking)
		return false;
	ext = page_ext_get(page);
	if (!ext)
		return false;
	mark = page_ext_data(ext, &kernel_pgtable_ext_ops);
	from = *mark;
	*mark = to;
	page_ext_put(ext);
	return from;
}

static int __init mark_p4d_table(pgd_t *pgd, unsigned long addr,
				 unsigned long next, struct mm_walk *walk)
{
	if (pgtable_l5_enabled() && !pgd_leaf(*pgd))
		exchange_mark(virt_to_page(pgd_page_vaddr(*pgd)), true);
	return 0;
}

static int __init mark_pud_table(p4d_t *p4d, unsigned long addr,
				 unsigned long next, struct mm_walk *walk)
{
	if (!p4d_leaf(*p4d))
		exchange_mark(virt_to_page(p4d_pgtable(*p4d)), true);
	return 0;
}

/* What is marked was seen: KASAN links one table to thousands of entries. */
static int __init mark_pmd_table(pud_t *pud, unsigned long addr,
				 unsigned long next, struct mm_walk *walk)
{
	if (pud_leaf(*pud) || exchange_mark(virt_to_page(pud_pgtable(*pud)), true))
		walk->action = ACTION_CONTINUE;
	return 0;
}

static int __init mark_pte_table(pmd_t *pmd, unsigned long addr,
				 unsigned long next, struct mm_walk *walk)
{
	if (!pmd_leaf(*pmd))
		exchange_mark(pmd_page(*pmd), true);
	walk->action = ACTION_CONTINUE;
	return 0;
}

static const struct mm_walk_ops mark_ops __initconst = {
	.pgd_entry = mark_p4d_table,
	.p4d_entry = mark_pud_table,
	.pud_entry = mark_pmd_table,
	.pmd_entry = mark_pte_table,
};

/* There are page extensions from now on. */
static void __init init_mark(void)
{
	marking = true;
	mmap_write_lock(&init_mm);
	walk_kernel_page_table_range(PAGE_OFFSET, ULONG_MAX, &mark_ops, NULL, NULL);
	mmap_write_unlock(&init_mm);
}

void __kernel_pgtable_linked(void *table)
{
	exchange_mark(virt_to_page(table), true);
}
EXPORT_SYMBOL_IF_KUNIT(__kernel_pgtable_linked);
/* Whose tables the test says it links */
EXPORT_SYMBOL_IF_KUNIT(init_mm);

/**
 * kernel_pgtable_forgotten() - no IOMMU knows the table any more
 * @table: about to be freed
 *
 * Any context.
 */
void kernel_pgtable_forgotten(void *table)
{
	exchange_mark(virt_to_page(table), false);
}

VISIBLE_IF_KUNIT void kernel_pgtable_report(struct page *page)
{
	KUNIT_STATIC_STUB_REDIRECT(kernel_pgtable_report, page);
	WARN(1, "kernel page table at pfn %#lx freed while an IOMMU may walk through it\n",
	     page_to_pfn(page));
}
EXPORT_SYMBOL_IF_KUNIT(kernel_pgtable_report);

/**
 * kernel_pgtable_check_free() - report kernel page tables among pages being freed
 * @page: the first
 * @order: of how many
 *
 * Each is reported once.  Any context.
 */
void kernel_pgtable_check_free(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++) {
		if (exchange_mark(page + i, false))
			kernel_pgtable_report(page + i);
	}
}
EXPORT_SYMBOL_IF_KUNIT(kernel_pgtable_check_free);
