// SPDX-License-Identifier: GPL-2.0
/*
 * Sleep and shutdown of the machine: the device is quiet, and reaches no memory,
 * before the IOMMU is switched off.  Touches PCI configuration space and the
 * states of device and queues, by recovery.h.
 *
 * All of this runs while interrupts and the IOMMU still work, so tasks die as
 * they do when the device goes away.  User space is frozen when the machine goes
 * to sleep: a process finds that its task is dead when it runs again.  Who owns
 * a drain is not freezable, and has made an end of it by then or does so now.
 */
#include <linux/pci.h>
#include <linux/pm.h>

#include "pm.h"
#include "recovery.h"

/* A recovery would touch a device that sleeps, and let it reach memory again. */
static void idxd_stop(struct idxd_device *idxd, enum offcpu_cause cause)
{
	idxd_recovery_stop(idxd);
	idxd_reset_prepare(idxd, cause);
}

static int idxd_suspend(struct device *dev)
{
	idxd_stop(dev_get_drvdata(dev), OFFCPU_SUSPEND);
	return 0;
}

/* It may have lost power or not; all that it knew is told it anew. */
static int idxd_resume(struct device *dev)
{
	struct idxd_device *idxd = dev_get_drvdata(dev);

	idxd_recovery_allow(idxd);
	idxd_reset_done(idxd);
	return 0;
}

DEFINE_SIMPLE_DEV_PM_OPS(idxd_pm_ops, idxd_suspend, idxd_resume);

void idxd_pci_shutdown(struct pci_dev *pdev)
{
	idxd_stop(pci_get_drvdata(pdev), OFFCPU_SHUTDOWN);
}
