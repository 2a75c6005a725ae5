// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of an engine (engine0.0), as in
 * Documentation/ABI/stable/sysfs-driver-dma-idxd.
 */
#include "sysfs.h"

static s64 group_id_get(struct device *dev)
{
	return idxd_id_of_group(confdev_to_engine(dev)->group);
}

static int group_id_set(struct device *dev, s64 val)
{
	struct idxd_engine *engine = confdev_to_engine(dev);
	struct idxd_group *group;
	int ret;

	ret = idxd_group_of_id(engine->idxd, val, &group);
	if (!ret)
		idxd_engine_set_group(engine, group);
	return ret;
}
static IDXD_ATTR_RW(group_id, idxd_device_may_set);

static struct attribute *idxd_engine_attrs[] = {
	&idxd_attr_group_id.attr.attr,
	NULL
};

static const struct attribute_group idxd_engine_group = {
	.attrs = idxd_engine_attrs,
};

const struct attribute_group *idxd_engine_groups[] = {
	&idxd_engine_group,
	NULL
};
