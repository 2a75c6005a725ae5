// SPDX-License-Identifier: GPL-2.0
/*
 * A storm of kernel page tables that are freed, for tests and for the benchmark: a
 * range of vmap's is mapped by small pages and then by huge ones, again and again.
 * And the method that the benchmark compares ours with: flushing each process that
 * is bound.  In debugfs, below iommu/kva:
 *
 *	storm	N: free N tables and wait until they are free
 *	remove	N: add memory and remove it again, N times
 *	unplug	A: remove the GiB at the physical address A for good
 *	walk	1: visit all bound processes at each flush, too; 0: don't
 */
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/kernel_pgtable.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/vmalloc.h>

#include "iommu-sva-kva.h"

/* The storm's range has so many tables: 64 MiB. */
#define STORM_TABLES	32
/* Memory that every machine has; nobody accesses it through the mapping. */
#define STORM_PHYS	SZ_64M
/* So much memory is removed, and it lies so far above all there is. */
#define REMOVE_SIZE	SZ_128M
#define REMOVE_GAP	(64ULL * SZ_1G)

/* Guards walking, and storms: each wants the machine for itself. */
static DEFINE_MUTEX(bench_lock);
static bool walking;

static int storm_map(unsigned long addr, unsigned long size, phys_addr_t phys)
{
	return vmap_page_range(addr, addr + size, phys, PAGE_KERNEL_RO);
}

/* A page at @addr needs a table; unmapping the page leaves it where it is. */
static int storm_make_table(unsigned long addr)
{
	int ret = storm_map(addr, PAGE_SIZE, STORM_PHYS);

	vunmap_range(addr, addr + PAGE_SIZE);
	return ret;
}

/* A huge page at @addr takes the table's place. */
static int storm_promote(unsigned long addr)
{
	int ret = storm_map(addr, PMD_SIZE, STORM_PHYS);
	unsigned int level;

	if (!ret && (!lookup_address(addr, &level) || level != PG_LEVEL_2M))
		ret = -EAGAIN;
	vunmap_range(addr, addr + PMD_SIZE);
	return ret;
}

static int storm(unsigned long start, unsigned int tables)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < tables && !ret; i++) {
		unsigned long addr = start + i % STORM_TABLES * PMD_SIZE;

		ret = storm_make_table(addr);
		if (!ret)
			ret = storm_promote(addr);
	}
	kernel_pgtable_drain();
	return ret;
}

static int storm_set(void *data, u64 tables)
{
	struct vm_struct *area;
	int ret;

	if (!tables || tables > UINT_MAX)
		return -EINVAL;
	area = get_vm_area(STORM_TABLES * PMD_SIZE, VM_IOREMAP);
	if (!area)
		return -ENOMEM;
	ret = mutex_lock_interruptible(&bench_lock);
	if (!ret) {
		ret = storm((unsigned long)area->addr, tables);
		mutex_unlock(&bench_lock);
	}
	free_vm_area(area);
	return ret;
}
DEFINE_DEBUGFS_ATTRIBUTE(storm_fops, NULL, storm_set, "%llu\n");

/*
 * Memory that does not exist: it gets a direct map, a memmap and a shadow, and loses
 * them before anybody uses it.
 */
static int remove_once(void)
{
	phys_addr_t start = ALIGN(PFN_PHYS(max_pfn), SZ_1G) + REMOVE_GAP;
	struct dev_pagemap pgmap = {
		.type = MEMORY_DEVICE_GENERIC,
		.range = { .start = start, .end = start + REMOVE_SIZE - 1 },
		.nr_range = 1,
	};
	void *memory = memremap_pages(&pgmap, NUMA_NO_NODE);

	if (IS_ERR(memory))
		return PTR_ERR(memory);
	memunmap_pages(&pgmap);
	return 0;
}

static int remove_set(void *data, u64 times)
{
	int ret;

	ret = mutex_lock_interruptible(&bench_lock);
	if (ret)
		return ret;
	while (times-- && !ret)
		ret = remove_once();
	kernel_pgtable_drain();
	mutex_unlock(&bench_lock);
	return ret;
}
DEFINE_DEBUGFS_ATTRIBUTE(remove_fops, NULL, remove_set, "%llu\n");

/* Memory that was there at boot takes along tables from the boot allocator. */
static int unplug_set(void *data, u64 start)
{
	int ret;

	ret = mutex_lock_interruptible(&bench_lock);
	if (ret)
		return ret;
	ret = offline_and_remove_memory(start, SZ_1G);
	kernel_pgtable_drain();
	mutex_unlock(&bench_lock);
	return ret;
}
DEFINE_DEBUGFS_ATTRIBUTE(unplug_fops, NULL, unplug_set, "%llu\n");

/* What mm's notifiers do for a range of the process's own. */
static void walk_one(struct task_struct *task)
{
	task_lock(task);
	if (task->mm && mm_valid_pasid(task->mm))
		mmu_notifier_arch_invalidate_secondary_tlbs(task->mm, TASK_SIZE_MAX,
							    ULONG_MAX);
	task_unlock(task);
}

static void walk_flush_kva(struct iommu_device *iommu)
{
	struct task_struct *task;

	rcu_read_lock();
	for_each_process(task)
		walk_one(task);
	rcu_read_unlock();
}

static const struct iommu_ops walk_ops = {
	.flush_kva	= walk_flush_kva,
};

static struct iommu_device walk_iommu = { .ops = &walk_ops };
static struct dev_iommu walk_link = { .iommu_dev = &walk_iommu };
/* All that is looked at is what leads to the IOMMU. */
static struct device walk_dev = { .iommu = &walk_link };

static int walk_set(void *data, u64 walk)
{
	mutex_lock(&bench_lock);
	if (walk && !walking)
		iommu_sva_kva_get(&walk_dev);
	else if (!walk && walking)
		iommu_sva_kva_put(&walk_dev);
	walking = walk;
	mutex_unlock(&bench_lock);
	return 0;
}

static int walk_get(void *data, u64 *walk)
{
	*walk = walking;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(walk_fops, walk_get, walk_set, "%llu\n");

static int __init kva_bench_init(void)
{
	struct dentry *dir = debugfs_create_dir("kva", iommu_debugfs_dir);

	debugfs_create_file_unsafe("storm", 0200, dir, NULL, &storm_fops);
	debugfs_create_file_unsafe("remove", 0200, dir, NULL, &remove_fops);
	debugfs_create_file_unsafe("unplug", 0200, dir, NULL, &unplug_fops);
	debugfs_create_file_unsafe("walk", 0600, dir, NULL, &walk_fops);
	return 0;
}
late_initcall(kva_bench_init);
