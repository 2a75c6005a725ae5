/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sleep and shutdown of the machine.
 */
#ifndef _IDXD_PM_H_
#define _IDXD_PM_H_

#include <linux/pm.h>

struct pci_dev;

/*
 * Suspend to RAM and to idle, and hibernation: the tasks are killed; the
 * configuration comes back with the machine.
 */
extern const struct dev_pm_ops idxd_pm_ops;

/**
 * idxd_pci_shutdown() - the machine goes down, or starts another kernel
 * @pdev: the function
 *
 * Kills the tasks and takes the device's access to memory away, for good.
 *
 * Context: may sleep; under device_lock() of the function.
 */
void idxd_pci_shutdown(struct pci_dev *pdev);

#endif
