// SPDX-License-Identifier: GPL-2.0
/*
 * Isolation of a broken device, between its driver and its IOMMU's: either may
 * find out first.  May use the IOMMU core; what isolates is an operation of the
 * IOMMU driver.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-sva.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "iommu-priv.h"

/**
 * iommu_sva_isolate() - let a device reach no memory
 * @dev: the device
 *
 * In effect upon return, and without the device's help.  Binding to it fails from
 * now on.  Its attachments stay and are detached as usual, without asking it to
 * flush anything.
 *
 * Context: any.  The IOMMU's waits are bounded.
 * Return: true; false if the IOMMU can't.
 */
bool iommu_sva_isolate(struct device *dev)
{
	const struct iommu_ops *ops;

	if (!dev->iommu || !dev->iommu->iommu_dev)
		return false;
	ops = dev_iommu_ops(dev);
	if (!ops->isolate_dev)
		return false;
	WRITE_ONCE(dev->iommu->isolated, true);
	ops->isolate_dev(dev);
	return true;
}
EXPORT_SYMBOL_GPL(iommu_sva_isolate);

/**
 * iommu_sva_restore() - give a device its memory back
 * @dev: the device, which caches no translation: it has just been reset.  The caller
 *	keeps others from binding to it
 *
 * Nothing happens if it is not isolated.
 *
 * Context: may sleep.
 */
void iommu_sva_restore(struct device *dev)
{
	if (!iommu_sva_is_isolated(dev))
		return;
	/* In this order: from the moment that it has memory it may lose it again. */
	WRITE_ONCE(dev->iommu->isolated, false);
	dev_iommu_ops(dev)->restore_dev(dev);
}
EXPORT_SYMBOL_GPL(iommu_sva_restore);

/**
 * iommu_sva_is_isolated() - does a device reach no memory?
 * @dev: the device
 *
 * Context: any.
 * Return: true if it is isolated.
 */
bool iommu_sva_is_isolated(struct device *dev)
{
	return dev->iommu && READ_ONCE(dev->iommu->isolated);
}
EXPORT_SYMBOL_GPL(iommu_sva_is_isolated);

/**
 * iommu_sva_on_isolation() - have the driver told when the IOMMU isolates
 * @dev: the device, with an IOMMU
 * @work: queued then; or NULL: nobody is told, and what was queued has ended or
 *	was cancelled upon return
 *
 * The work is to do what else the driver does when it isolates the device itself.
 *
 * Context: may sleep.  One caller at a time.
 */
void iommu_sva_on_isolation(struct device *dev, struct work_struct *work)
{
	struct work_struct *old;

	old = rcu_replace_pointer(dev->iommu->isolation_work, work, true);
	if (!old)
		return;
	synchronize_rcu();
	cancel_work_sync(old);
}
EXPORT_SYMBOL_GPL(iommu_sva_on_isolation);

/**
 * iommu_sva_report_isolation() - the IOMMU has isolated a device by itself
 * @dev: the device
 *
 * For IOMMU drivers.  Context: any.
 */
void iommu_sva_report_isolation(struct device *dev)
{
	struct work_struct *work;

	WRITE_ONCE(dev->iommu->isolated, true);
	rcu_read_lock();
	work = rcu_dereference(dev->iommu->isolation_work);
	if (work)
		queue_work(system_unbound_wq, work);
	rcu_read_unlock();
}
