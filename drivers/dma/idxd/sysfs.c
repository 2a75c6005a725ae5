// SPDX-License-Identifier: GPL-2.0
/*
 * What the attributes of devices, queues, groups and engines have in common.
 * See sysfs.h.
 */
#include <linux/cleanup.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "sysfs.h"

#define to_idxd_attr(a)	container_of(a, struct idxd_attr, attr)

ssize_t idxd_attr_show(struct device *dev, struct device_attribute *attr,
		       char *buf)
{
	struct idxd_device *idxd = dev_to_idxd(dev);

	guard(mutex)(&idxd->lock);
	return sysfs_emit(buf, "%lld\n", to_idxd_attr(attr)->get(dev));
}

ssize_t idxd_attr_store(struct device *dev, struct device_attribute *attr,
			const char *buf, size_t count)
{
	struct idxd_device *idxd = dev_to_idxd(dev);
	struct idxd_attr *a = to_idxd_attr(attr);
	s64 val;
	int ret;

	ret = kstrtos64(buf, 0, &val);
	if (ret)
		return ret;

	guard(mutex)(&idxd->lock);
	ret = a->may_set(dev);
	if (!ret)
		ret = a->set(dev, val);
	return ret ?: count;
}

int idxd_device_may_set(struct device *dev)
{
	struct idxd_device *idxd = dev_to_idxd(dev);

	lockdep_assert_held(&idxd->lock);

	if (!idxd->caps.configurable || idxd->state != IDXD_DEV_DISABLED)
		return -EPERM;
	return 0;
}

int idxd_parse_bool(s64 val, bool supported, bool *flag)
{
	if (val != 0 && val != 1)
		return -EINVAL;
	if (val && !supported)
		return -EOPNOTSUPP;
	*flag = val;
	return 0;
}

int idxd_group_of_id(struct idxd_device *idxd, s64 id,
		     struct idxd_group **group)
{
	if (id < -1 || id >= idxd->caps.num_groups)
		return -EINVAL;
	*group = id < 0 ? NULL : idxd->groups[id];
	return 0;
}
