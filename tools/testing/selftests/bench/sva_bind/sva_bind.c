// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark's driver: binds a device to the process that asks through debugfs,
 * with nothing of a queue or of a file around it.  It compiles for kernels of both
 * interfaces, and its device has no work that would have to be drained.
 *
 *	bench_sva/bind	N: bind current's mm to the device and unbind it, N times
 *	bench_sva/hold	N: have N binds of current's mm; 0: unbind them all
 */
#include <linux/debugfs.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/slab.h>

#if __has_include("linux/iommu-sva.h")
#include <linux/iommu-sva.h>

static void idle_begin(struct iommu_sva *sva, enum offcpu_rung rung)
{
}

static int idle_finish(struct iommu_sva *sva, enum offcpu_rung rung,
		       unsigned long timeout)
{
	return 0;
}

static const struct iommu_sva_ops idle_ops = {
	.drain_begin	= idle_begin,
	.drain_finish	= idle_finish,
};

static struct iommu_sva *bind(struct device *dev)
{
	return iommu_sva_bind_device(dev, current->mm, &idle_ops, NULL);
}
#else
static struct iommu_sva *bind(struct device *dev)
{
	return iommu_sva_bind_device(dev, current->mm);
}
#endif

static char *device = "0000:00:10.0";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "PCI function, which has a driver that enabled SVA");

static struct device *dev;
static struct dentry *dir;

/* Guards held and held_count. */
static DEFINE_MUTEX(held_lock);
static struct iommu_sva **held;
static unsigned int held_count;

static int bind_set(void *data, u64 times)
{
	while (times--) {
		struct iommu_sva *sva = bind(dev);

		if (IS_ERR(sva))
			return PTR_ERR(sva);
		iommu_sva_unbind_device(sva);
	}
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(bind_fops, NULL, bind_set, "%llu\n");

static void release_all(void)
{
	lockdep_assert_held(&held_lock);
	while (held_count)
		iommu_sva_unbind_device(held[--held_count]);
	kvfree(held);
	held = NULL;
}

static int hold_locked(u64 binds)
{
	lockdep_assert_held(&held_lock);
	release_all();
	if (!binds)
		return 0;
	held = kvcalloc(binds, sizeof(*held), GFP_KERNEL);
	if (!held)
		return -ENOMEM;
	while (held_count < binds) {
		struct iommu_sva *sva = bind(dev);

		if (IS_ERR(sva)) {
			release_all();
			return PTR_ERR(sva);
		}
		held[held_count++] = sva;
	}
	return 0;
}

static int hold_set(void *data, u64 binds)
{
	int ret;

	mutex_lock(&held_lock);
	ret = hold_locked(binds);
	mutex_unlock(&held_lock);
	return ret;
}
DEFINE_DEBUGFS_ATTRIBUTE(hold_fops, NULL, hold_set, "%llu\n");

static int __init sva_bind_init(void)
{
	dev = bus_find_device_by_name(&pci_bus_type, NULL, device);
	if (!dev)
		return -ENODEV;
	dir = debugfs_create_dir("bench_sva", NULL);
	debugfs_create_file("bind", 0200, dir, NULL, &bind_fops);
	debugfs_create_file("hold", 0200, dir, NULL, &hold_fops);
	return 0;
}
module_init(sva_bind_init);

static void __exit sva_bind_exit(void)
{
	debugfs_remove(dir);
	mutex_lock(&held_lock);
	release_all();
	mutex_unlock(&held_lock);
	put_device(dev);
}
module_exit(sva_bind_exit);

MODULE_DESCRIPTION("Binds a device to processes, for the benchmark");
MODULE_LICENSE("GPL");
