// SPDX-License-Identifier: GPL-2.0
/*
 * Enabling, disabling and resetting the device as a whole: commands, and the
 * device's state.
 */
#include <linux/io.h>

#include "config.h"
#include "device.h"
#include "enable.h"
#include "regs.h"
#include "user.h"
#include "wq.h"

int idxd_device_reset(struct idxd_device *idxd)
{
	int ret;

	ret = idxd_cmd_exec(idxd, IDXD_CMD_RESET_DEVICE, 0);
	if (ret)
		return ret;

	iowrite32(GENCTRL_SWERR_INT | GENCTRL_HALT_INT,
		  idxd->regs + IDXD_GENCTRL);
	return 0;
}

int idxd_device_start(struct idxd_device *idxd)
{
	lockdep_assert_held(&idxd->lock);
	idxd_config_write(idxd);
	return idxd_cmd_exec(idxd, IDXD_CMD_ENABLE_DEVICE, 0);
}

int idxd_device_enable(struct idxd_device *idxd)
{
	int ret;

	mutex_lock(&idxd->lock);
	ret = idxd_config_check(idxd);
	if (!ret)
		ret = idxd_device_start(idxd);
	if (!ret)
		idxd->state = IDXD_DEV_ENABLED;
	mutex_unlock(&idxd->lock);

	return ret;
}

void idxd_device_disable_begin(struct idxd_device *idxd)
{
	mutex_lock(&idxd->lock);
	idxd->state = IDXD_DEV_DISABLING;
	idxd_users_kill_all(idxd, OFFCPU_DEVICE);
	mutex_unlock(&idxd->lock);
}

void idxd_device_disable(struct idxd_device *idxd)
{
	unsigned int i;

	mutex_lock(&idxd->lock);
	for (i = 0; i < idxd->caps.num_wqs; i++)
		idxd_wq_disable(idxd->wqs[i]);

	/* A reset leaves nothing of the configuration in the device. */
	if (!idxd_cmd_queue_closed(idxd)) {
		idxd_cmd_exec(idxd, IDXD_CMD_DISABLE_DEVICE, 0);
		idxd_device_reset(idxd);
	}
	idxd->state = IDXD_DEV_DISABLED;
	idxd_config_reset(idxd);
	mutex_unlock(&idxd->lock);
}
