/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bus "dsa": the objects that a device is made of (dsa0, wq0.0, group0.0,
 * engine0.0) and the drivers that are bound to them through sysfs.  Binding
 * "idxd" to dsa0 enables the device, binding "user" to wq0.0 enables that
 * queue for user space.  Knows nothing about registers.
 */
#ifndef _IDXD_BUS_H_
#define _IDXD_BUS_H_

#include <linux/device.h>
#include <linux/device/bus.h>

/**
 * struct dsa_driver - a driver on the bus
 * @drv: name and driver core's part
 * @match: is @dev an object for this driver?  Called without locks.
 * @probe: enable @dev; under device_lock(@dev)
 * @remove: disable @dev; under device_lock(@dev), cannot fail
 */
struct dsa_driver {
	struct device_driver drv;
	bool (*match)(struct device *dev);
	int (*probe)(struct device *dev);
	void (*remove)(struct device *dev);
};

#define to_dsa_driver(d) container_of_const(d, struct dsa_driver, drv)

extern const struct bus_type dsa_bus_type;

/**
 * __dsa_driver_register() - make a driver known on the bus
 * @drv: the driver
 * @owner: its module
 *
 * Context: may sleep.
 * Return: 0 or the driver core's error.
 */
int __dsa_driver_register(struct dsa_driver *drv, struct module *owner);

#define dsa_driver_register(drv) __dsa_driver_register(drv, THIS_MODULE)

/**
 * dsa_driver_unregister() - undo __dsa_driver_register()
 * @drv: the driver; whatever is bound to it is unbound first
 *
 * Context: may sleep.
 */
void dsa_driver_unregister(struct dsa_driver *drv);

#endif
