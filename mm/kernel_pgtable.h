/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kernel_pgtable.c tells the check in kernel_pgtable_debug.c, and what a test
 * may put in place of the check's report.
 */
#ifndef _MM_KERNEL_PGTABLE_H
#define _MM_KERNEL_PGTABLE_H

#include <linux/kconfig.h>

struct page;

#ifdef CONFIG_DEBUG_KERNEL_PGTABLE
void kernel_pgtable_forgotten(void *table);
#else
static inline void kernel_pgtable_forgotten(void *table)
{
}
#endif

#if IS_ENABLED(CONFIG_KUNIT)
void kernel_pgtable_report(struct page *page);
#endif

#endif
