// SPDX-License-Identifier: GPL-2.0
/*
 * The drivers on the bus: "idxd" enables a device, "user" a queue for user
 * space.
 */
#include <linux/string.h>

#include "bus.h"
#include "cdev.h"
#include "device.h"
#include "enable.h"
#include "user.h"
#include "wq.h"

static bool idxd_device_match(struct device *dev)
{
	return is_idxd_device(dev);
}

static int idxd_device_probe(struct device *dev)
{
	return idxd_device_enable(confdev_to_idxd(dev));
}

/* Drivers of queues do not outlive the device's being enabled. */
static void idxd_device_remove(struct device *dev)
{
	struct idxd_device *idxd = confdev_to_idxd(dev);
	unsigned int i;

	idxd_device_disable_begin(idxd);
	for (i = 0; i < idxd->caps.num_wqs; i++)
		device_release_driver(&idxd->wqs[i]->conf_dev);
	idxd_device_disable(idxd);
}

struct dsa_driver idxd_device_driver = {
	.drv.name = "idxd",
	.match = idxd_device_match,
	.probe = idxd_device_probe,
	.remove = idxd_device_remove,
};

/* Naming a driver is optional: older tools give the type alone. */
static bool idxd_user_match(struct device *dev)
{
	const struct idxd_wq_config *cfg;
	struct idxd_wq *wq;

	if (!is_idxd_wq(dev))
		return false;
	wq = confdev_to_wq(dev);
	guard(mutex)(&wq->idxd->lock);
	cfg = &wq->cfg;
	return cfg->type == IDXD_WQT_USER &&
	       (!cfg->driver_name[0] || !strcmp(cfg->driver_name, "user"));
}

static void idxd_user_disable(struct idxd_wq *wq)
{
	mutex_lock(&wq->idxd->lock);
	idxd_wq_disable(wq);
	mutex_unlock(&wq->idxd->lock);
	idxd_users_wait_opens(wq);
}

static int idxd_user_probe(struct device *dev)
{
	struct idxd_wq *wq = confdev_to_wq(dev);
	int ret;

	ret = idxd_wq_enable_user(wq);
	if (ret)
		return ret;

	ret = idxd_cdev_add(wq);
	if (!ret)
		return 0;

	idxd_user_disable(wq);
	WRITE_ONCE(wq->idxd->cmd_status, IDXD_SCMD_CDEV_ERR);
	return ret;
}

static void idxd_user_remove(struct device *dev)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	idxd_cdev_del(wq);
	idxd_user_disable(wq);
}

struct dsa_driver idxd_user_driver = {
	.drv.name = "user",
	.match = idxd_user_match,
	.probe = idxd_user_probe,
	.remove = idxd_user_remove,
};
