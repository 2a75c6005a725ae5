// SPDX-License-Identifier: GPL-2.0
/*
 * Freeing pages of the kernel's page tables.
 *
 * On x86 an IOMMU that shares a process's page tables walks the kernel's half of
 * them, too, ahead of any need if it likes, and caches pointers to the tables
 * that it finds there.  The upper levels let user accesses pass; only the last
 * entry does not.  A table that is freed with such a pointer alive is read, and
 * its accessed bits are written, when it is somebody else's memory already: a
 * process that comes by the page can make the device reach whatever it likes
 * (CVE-2025-71089).  So here a table waits until the IOMMUs have forgotten it.
 *
 * Everything that frees a table that was linked below init_mm's goes through
 * kernel_pgtable_free(), or kernel_pgtable_forget() if it can't be freed as a page:
 *
 *   pud_free_pmd_page(), pmd_free_pte_page()	vmap and ioremap ranges that a
 *						huge page takes over
 *   remove_pagetable() in init_64.c		direct map and memmap of memory that
 *						is removed, tables made at boot
 *						included
 *   kasan_remove_zero_shadow()			shadow of memory that is removed
 *
 * What looks like one more, and is none:
 *
 *   vunmap(), vfree(), iounmap(), KASAN's shadow of vmalloc, HVO: clear or
 *	replace last entries and keep the tables.  The pages that were mapped may
 *	go at once: an IOMMU refuses a user access to them whatever it has cached.
 *   __pte_alloc_kernel() and the like, split_large_page(), vmemmap_split_pmd():
 *	free a table that lost a race and was never linked.
 *   unmap_pte_range() and unmap_pmd_range() in set_memory.c: tables of efi_mm,
 *	which no device is bound to.  6.12 does not merge split ranges again.
 *   kexec, hibernation, the trampoline, tboot, ACPI wake-up: page tables of
 *	their own, below no process's.
 *   early_dynamic_pgts, cleanup_highmap(), free_initmem(), sme_enable(): unlinked
 *	before there is a process.  espfix, cpu_entry_area, fixmap, the vmalloc
 *	area's preallocated tables: never freed.
 *   free_ldt_pgtables(): at a kernel address, but a process's own.  Goes through
 *	mmu_gather, whose TLB flush calls the mm's notifiers; SVA is one.
 */
#include <linux/bootmem_info.h>
#include <linux/export.h>
#include <linux/iommu-sva-kva.h>
#include <linux/kernel_pgtable.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <kunit/visibility.h>

#include "kernel_pgtable.h"

/*
 * Tables that may wait: 2 MiB.  One flush frees them all, so that a range that
 * goes table by table costs as much as one that goes at once.
 */
#define PENDING_MAX	512

static void pending_work_fn(struct work_struct *work);

static LIST_HEAD(pending);
static unsigned int pending_count;
/* Guards pending and pending_count. */
static DEFINE_SPINLOCK(pending_lock);
static DECLARE_DELAYED_WORK(pending_work, pending_work_fn);

/**
 * free_boot_page() - free a page that the boot allocator gave
 * @page: marked reserved; one of possibly several sections or nodes that
 *	bootmem_info.c has noted as its users
 *
 * May be called with spinlocks held.
 */
void free_boot_page(struct page *page)
{
	if (page->index == SECTION_INFO || page->index == MIX_SECTION_INFO)
		put_page_bootmem(page);
	else
		free_reserved_page(page);
}

/* Nobody walks through them any more. */
static void free_tables(struct list_head *tables)
{
	struct ptdesc *table, *next;
	struct page *page;

	list_for_each_entry_safe(table, next, tables, pt_list) {
		page = ptdesc_page(table);
		list_del_init(&table->pt_list);
		kernel_pgtable_forgotten(page_address(page));
		if (PageReserved(page))
			free_boot_page(page);
		else
			__free_page(page);
	}
}

static void free_pending(void)
{
	LIST_HEAD(tables);

	spin_lock(&pending_lock);
	list_splice_init(&pending, &tables);
	pending_count = 0;
	spin_unlock(&pending_lock);

	if (list_empty(&tables))
		return;
	iommu_sva_kva_flush();
	free_tables(&tables);
}

static void pending_work_fn(struct work_struct *work)
{
	free_pending();
}

/**
 * kernel_pgtable_free() - free pages of the kernel's page tables
 * @tables: list of struct ptdesc, linked by pt_list; empty upon return
 *
 * The caller has cleared the entries that pointed to them, flushed the CPUs' TLBs
 * and paging-structure caches since, and called the tables' destructors.
 *
 * While no process is bound to a device that costs a branch.  With one, they are
 * freed together with others' within some ticks, after a flush of the IOMMUs: it
 * takes a microsecond or more for each of them, with interrupts off, and those
 * who promote a range to huge pages come with one table at a time, holding
 * init_mm's mmap_lock.
 *
 * May sleep.
 */
void kernel_pgtable_free(struct list_head *tables)
{
	bool full;

	might_sleep();
	/*
	 * An IOMMU that is attached later can't see what the caller cleared.
	 * Pairs with that in iommu_sva_kva_get().
	 */
	smp_mb();
	if (!iommu_sva_kva_in_use()) {
		free_tables(tables);
		return;
	}

	spin_lock(&pending_lock);
	pending_count += list_count_nodes(tables);
	full = pending_count >= PENDING_MAX;
	list_splice_init(tables, &pending);
	spin_unlock(&pending_lock);

	if (full)
		free_pending();
	else
		schedule_delayed_work(&pending_work, 1);
}
EXPORT_SYMBOL_IF_KUNIT(kernel_pgtable_free);

/**
 * kernel_pgtable_forget() - be sure that no IOMMU walks through a table any more
 * @table: as for kernel_pgtable_free(), but the caller frees it, and the destructor
 *	comes later
 *
 * For architecture-independent code, which does not know how a table is allocated.
 * Costs a flush for each call.  May sleep.
 */
void kernel_pgtable_forget(void *table)
{
	might_sleep();
	/* As in kernel_pgtable_free(). */
	smp_mb();
	if (iommu_sva_kva_in_use())
		iommu_sva_kva_flush();
	kernel_pgtable_forgotten(table);
}
EXPORT_SYMBOL_IF_KUNIT(kernel_pgtable_forget);

/**
 * kernel_pgtable_drain() - have all tables freed that others gave up before
 *
 * For tests.  May sleep.
 */
void kernel_pgtable_drain(void)
{
	free_pending();
	flush_delayed_work(&pending_work);
}
EXPORT_SYMBOL_IF_KUNIT(kernel_pgtable_drain);
