// SPDX-License-Identifier: GPL-2.0
/*
 * Isolation, reset and recovery.  Touches PCI configuration space and the
 * states of device and queues.
 */
#include <linux/io.h>
#include <linux/iommu-sva.h>
#include <linux/pci.h>

#include "device.h"
#include "enable.h"
#include "irq.h"
#include "recovery.h"
#include "regs.h"
#include "user.h"
#include "wq.h"

/*
 * Someone else may hold the function's lock for a while, not for ever.  And what
 * keeps a device from coming back may be over after as long.
 */
#define IDXD_RECOVERY_RETRY	HZ

/* A device that does not come back is left alone after so many resets. */
#define IDXD_RECOVERY_TRIES	3

void idxd_isolate(struct idxd_device *idxd, const char *why)
{
	/*
	 * The IOMMU does it without the function's help.  If there is none that
	 * can: a configuration write is answered, and the answer pushes all
	 * writes to memory that the function sent before it.
	 */
	iommu_sva_isolate(&idxd->pdev->dev);
	pci_clear_master(idxd->pdev);
	if (!idxd_cmd_queue_close(idxd))
		return;

	dev_err(&idxd->conf_dev,
		"%s: isolated, all its users lose it; resetting\n", why);
	queue_delayed_work(system_unbound_wq, &idxd->recovery,
			   READ_ONCE(idxd->resets) * IDXD_RECOVERY_RETRY);
}

bool idxd_device_works(struct idxd_device *idxd)
{
	u32 sts;

	if (idxd_cmd_queue_closed(idxd))
		return false;
	sts = ioread32(idxd->regs + IDXD_GENSTS);
	if (FIELD_GET(GENSTS_STATE, sts) != GENSTS_STATE_HALT)
		return true;

	idxd_isolate(idxd, "found halted");
	return false;
}

/* The IOMMU was first to find out. */
static void idxd_isolated(struct work_struct *work)
{
	idxd_isolate(container_of(work, struct idxd_device, isolated),
		     "device TLB not invalidated");
}

static void idxd_stop_all(struct idxd_device *idxd, enum offcpu_cause cause)
{
	unsigned int i;

	lockdep_assert_held(&idxd->lock);
	if (idxd->state == IDXD_DEV_ENABLED)
		idxd->state = IDXD_DEV_HALTED;
	idxd_users_kill_all(idxd, cause);
	for (i = 0; i < idxd->caps.num_wqs; i++)
		idxd_wq_stop(idxd->wqs[i], cause);
}

bool idxd_was_reset(struct idxd_device *idxd)
{
	u32 gensts = ioread32(idxd->regs + IDXD_GENSTS);
	u32 cmdsts = ioread32(idxd->regs + IDXD_CMDSTS);

	return !PCI_POSSIBLE_ERROR(gensts) && !(cmdsts & CMDSTS_ACTIVE) &&
	       FIELD_GET(GENSTS_STATE, gensts) == GENSTS_STATE_DISABLED;
}

/*
 * Only tries for its locks: who holds one may be waiting for an off-CPU task
 * to die, or be removing the driver, and then this work is cancelled under it.
 */
static int idxd_try_recover(struct idxd_device *idxd)
{
	bool hopeless;

	if (!mutex_trylock(&idxd->lock))
		return -EAGAIN;
	idxd_stop_all(idxd, OFFCPU_DEVICE);
	hopeless = idxd->resets >= IDXD_RECOVERY_TRIES;
	mutex_unlock(&idxd->lock);

	return hopeless ? -EIO : pci_try_reset_function(idxd->pdev);
}

static void idxd_recover(struct work_struct *work)
{
	struct idxd_device *idxd = container_of(work, struct idxd_device,
						recovery.work);
	int ret = idxd_try_recover(idxd);

	if (ret == -EAGAIN)
		queue_delayed_work(system_unbound_wq, &idxd->recovery,
				   IDXD_RECOVERY_RETRY);
	else if (ret)
		dev_err(&idxd->conf_dev, "reset failed: %d; stays isolated\n",
			ret);
}

void idxd_recovery_init(struct idxd_device *idxd)
{
	INIT_DELAYED_WORK(&idxd->recovery, idxd_recover);
	INIT_WORK(&idxd->isolated, idxd_isolated);
}

void idxd_recovery_stop(struct idxd_device *idxd)
{
	disable_delayed_work_sync(&idxd->recovery);
}

void idxd_recovery_allow(struct idxd_device *idxd)
{
	enable_delayed_work(&idxd->recovery);
}

void idxd_reset_prepare(struct idxd_device *idxd, enum offcpu_cause cause)
{
	mutex_lock(&idxd->lock);
	idxd_stop_all(idxd, cause);
	/* In this order: without mastership an enabled device says it halts. */
	idxd_cmd_queue_close(idxd);
	pci_clear_master(idxd->pdev);
	mutex_unlock(&idxd->lock);
}

/* Not the device's word counts that an address is forgotten, but a reset. */
static bool idxd_must_stay_isolated(struct idxd_device *idxd)
{
	return iommu_sva_is_isolated(&idxd->pdev->dev) && !idxd_was_reset(idxd);
}

/* Make it an idle device again, that takes commands and reaches memory. */
static int idxd_take_back(struct idxd_device *idxd)
{
	int ret;

	lockdep_assert_held(&idxd->lock);
	iommu_sva_restore(&idxd->pdev->dev);
	pci_set_master(idxd->pdev);
	idxd_clear_sw_err(idxd);
	idxd_cmd_queue_open(idxd);
	ret = idxd_device_reset(idxd);
	if (!ret)
		WRITE_ONCE(idxd->resets, 0);
	return ret;
}

static int idxd_start_all(struct idxd_device *idxd)
{
	unsigned int i;
	int ret;

	lockdep_assert_held(&idxd->lock);
	ret = idxd_device_start(idxd);
	if (ret)
		return ret;
	idxd->state = IDXD_DEV_ENABLED;
	for (i = 0; i < idxd->caps.num_wqs; i++)
		idxd_wq_start(idxd->wqs[i]);
	return 0;
}

void idxd_reset_done(struct idxd_device *idxd)
{
	int ret;

	mutex_lock(&idxd->lock);
	WRITE_ONCE(idxd->resets, idxd->resets + 1);
	if (idxd_must_stay_isolated(idxd)) {
		/* Another try, or the word that there is none. */
		queue_delayed_work(system_unbound_wq, &idxd->recovery,
				   idxd->resets * IDXD_RECOVERY_RETRY);
		goto out;
	}
	ret = idxd_take_back(idxd);
	if (!ret && idxd->state == IDXD_DEV_HALTED)
		ret = idxd_start_all(idxd);
	if (ret)
		dev_err(&idxd->conf_dev, "no use after reset: %d\n", ret);
out:
	mutex_unlock(&idxd->lock);
}
