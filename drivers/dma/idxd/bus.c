// SPDX-License-Identifier: GPL-2.0
/*
 * The bus "dsa".  See bus.h.
 *
 * It is a module of its own, since drivers for work queues outside of this
 * directory register on it without needing the rest.
 */
#include <linux/module.h>

#include "bus.h"

static int dsa_bus_match(struct device *dev, const struct device_driver *drv)
{
	return to_dsa_driver(drv)->match(dev);
}

static int dsa_bus_probe(struct device *dev)
{
	return to_dsa_driver(dev->driver)->probe(dev);
}

static void dsa_bus_remove(struct device *dev)
{
	to_dsa_driver(dev->driver)->remove(dev);
}

/* One alias for all objects: what it names is the set of drivers, not one. */
static int dsa_bus_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "MODALIAS=idxd:t0");
}

const struct bus_type dsa_bus_type = {
	.name = "dsa",
	.match = dsa_bus_match,
	.probe = dsa_bus_probe,
	.remove = dsa_bus_remove,
	.uevent = dsa_bus_uevent,
};
EXPORT_SYMBOL_GPL(dsa_bus_type);

int __dsa_driver_register(struct dsa_driver *drv, struct module *owner)
{
	drv->drv.bus = &dsa_bus_type;
	drv->drv.owner = owner;
	return driver_register(&drv->drv);
}
EXPORT_SYMBOL_GPL(__dsa_driver_register);

void dsa_driver_unregister(struct dsa_driver *drv)
{
	driver_unregister(&drv->drv);
}
EXPORT_SYMBOL_GPL(dsa_driver_unregister);

static int __init dsa_bus_init(void)
{
	return bus_register(&dsa_bus_type);
}
module_init(dsa_bus_init);

static void __exit dsa_bus_exit(void)
{
	bus_unregister(&dsa_bus_type);
}
module_exit(dsa_bus_exit);

MODULE_DESCRIPTION("Bus of the work queues of Intel data accelerators");
MODULE_LICENSE("GPL");
