// SPDX-License-Identifier: GPL-2.0
/*
 * Shared virtual addressing where a process's page tables hold the kernel's as
 * well: which IOMMUs may have cached kernel page tables, and flushing them.
 *
 * This file knows IOMMUs, not processes: an IOMMU forgets kernel addresses for
 * all that are bound to its devices at once.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-sva-kva.h>
#include <linux/jump_label_ratelimit.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <kunit/visibility.h>

#include "iommu-priv.h"
#include "iommu-sva-kva.h"

/*
 * The number of attachments.  A process that comes and goes alone should not have
 * the kernel patched each time.
 */
DEFINE_STATIC_KEY_DEFERRED_FALSE(iommu_sva_kva_used, HZ);

static LIST_HEAD(kva_iommus);
/*
 * Guards kva_iommus and its entries' kva_users, and is held while they are
 * flushed: an IOMMU that was taken off is not being flushed.
 */
static DEFINE_MUTEX(kva_lock);

/**
 * iommu_sva_kva_supported() - may a device share page tables with a process?
 * @dev: a device behind an IOMMU
 *
 * Any context.
 *
 * Return: false if nothing would tell its IOMMU about kernel page tables that are
 * freed.
 */
bool iommu_sva_kva_supported(struct device *dev)
{
	return dev_iommu_ops(dev)->flush_kva;
}

/**
 * iommu_sva_kva_get() - have a device's IOMMU flushed from now on
 * @dev: about to be attached to a process's page tables; supported
 *
 * Counts.  May sleep.
 */
void iommu_sva_kva_get(struct device *dev)
{
	struct iommu_device *iommu = dev->iommu->iommu_dev;

	mutex_lock(&kva_lock);
	if (!iommu->kva_users++)
		list_add(&iommu->kva_node, &kva_iommus);
	mutex_unlock(&kva_lock);
	static_branch_deferred_inc(&iommu_sva_kva_used);
	/*
	 * Who frees a table and does not see us has cleared the entry before the
	 * IOMMU can see the attachment that comes next.  Pairs with
	 * kernel_pgtable_free() and iommu_sva_kva_flush().
	 */
	smp_mb();
}
EXPORT_SYMBOL_IF_KUNIT(iommu_sva_kva_get);

/**
 * iommu_sva_kva_put() - undo one iommu_sva_kva_get()
 * @dev: detached, and what its IOMMU had cached for the attachment is flushed
 *
 * May sleep.
 */
void iommu_sva_kva_put(struct device *dev)
{
	struct iommu_device *iommu = dev->iommu->iommu_dev;

	static_branch_slow_dec_deferred(&iommu_sva_kva_used);
	mutex_lock(&kva_lock);
	if (!--iommu->kva_users)
		list_del(&iommu->kva_node);
	mutex_unlock(&kva_lock);
}
EXPORT_SYMBOL_IF_KUNIT(iommu_sva_kva_put);

/**
 * iommu_sva_kva_flush() - have all IOMMUs forget kernel page tables
 *
 * Upon return none holds a pointer that it read from an entry that the caller had
 * cleared before.  Costs one flush for each IOMMU that has a process attached,
 * however many these are.  May sleep.
 */
void iommu_sva_kva_flush(void)
{
	struct iommu_device *iommu;

	/* See iommu_sva_kva_get(). */
	smp_mb();
	mutex_lock(&kva_lock);
	list_for_each_entry(iommu, &kva_iommus, kva_node)
		iommu->ops->flush_kva(iommu);
	mutex_unlock(&kva_lock);
}
