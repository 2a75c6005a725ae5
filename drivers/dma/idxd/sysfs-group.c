// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of a group (group0.0), as in
 * Documentation/ABI/stable/sysfs-driver-dma-idxd.
 */
#include <linux/cleanup.h>
#include <linux/sysfs.h>

#include "regs.h"
#include "sysfs.h"

/* An engine must be able to hold at least that many (GRPFLAGS in the spec). */
#define RDBUFS_PER_ENGINE	4

#define TRAFFIC_CLASS_MAX	7
#define PROGRESS_LIMIT_MAX	3

/* Add a name to a line of them. */
static ssize_t list_add_name(char *buf, ssize_t len, const struct device *dev)
{
	return len + sysfs_emit_at(buf, len, "%s%s", len ? " " : "",
				   dev_name(dev));
}

static ssize_t engines_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct idxd_group *group = confdev_to_group(dev);
	struct idxd_device *idxd = group->idxd;
	ssize_t len = 0;
	int i;

	guard(mutex)(&idxd->lock);
	for (i = 0; i < idxd->caps.num_engines; i++)
		if (idxd->engines[i]->group == group)
			len = list_add_name(buf, len,
					    &idxd->engines[i]->conf_dev);
	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(engines);

static ssize_t work_queues_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct idxd_group *group = confdev_to_group(dev);
	struct idxd_device *idxd = group->idxd;
	ssize_t len = 0;
	int i;

	guard(mutex)(&idxd->lock);
	for (i = 0; i < idxd->caps.num_wqs; i++)
		if (idxd->wqs[i]->group == group)
			len = list_add_name(buf, len, &idxd->wqs[i]->conf_dev);
	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(work_queues);

/* Read buffers that no group but this one has reserved. */
static s64 rdbufs_not_reserved_by_others(struct idxd_group *group)
{
	struct idxd_device *idxd = group->idxd;
	s64 n = idxd->caps.max_rdbufs;
	int i;

	for (i = 0; i < idxd->caps.num_groups; i++)
		if (idxd->groups[i] != group)
			n -= idxd->groups[i]->rdbufs_reserved;
	return n;
}

static s64 read_buffers_reserved_get(struct device *dev)
{
	return confdev_to_group(dev)->rdbufs_reserved;
}

static int read_buffers_reserved_set(struct device *dev, s64 val)
{
	struct idxd_group *group = confdev_to_group(dev);

	if (val < 0 || val > rdbufs_not_reserved_by_others(group))
		return -EINVAL;
	group->rdbufs_reserved = val;
	return 0;
}
static IDXD_ATTR_RW(read_buffers_reserved, idxd_device_may_set);

static s64 read_buffers_allowed_get(struct device *dev)
{
	return confdev_to_group(dev)->rdbufs_allowed;
}

static int read_buffers_allowed_set(struct device *dev, s64 val)
{
	struct idxd_group *group = confdev_to_group(dev);

	if (val < RDBUFS_PER_ENGINE * group->num_engines ||
	    val < group->rdbufs_reserved ||
	    val > rdbufs_not_reserved_by_others(group))
		return -EINVAL;
	group->rdbufs_allowed = val;
	return 0;
}
static IDXD_ATTR_RW(read_buffers_allowed, idxd_device_may_set);

static s64 use_read_buffer_limit_get(struct device *dev)
{
	return confdev_to_group(dev)->use_rdbuf_limit;
}

static int use_read_buffer_limit_set(struct device *dev, s64 val)
{
	struct idxd_group *group = confdev_to_group(dev);

	if (val == 1 && !group->idxd->rdbuf_limit)
		return -EPERM;	/* there is no limit to use */
	return idxd_parse_bool(val, group->idxd->caps.rdbuf_limit,
			       &group->use_rdbuf_limit);
}
static IDXD_ATTR_RW(use_read_buffer_limit, idxd_device_may_set);

/* What read buffers were called until Linux 5.17. */
static IDXD_ATTR_ALIAS_RW(tokens_reserved, read_buffers_reserved,
			  idxd_device_may_set);
static IDXD_ATTR_ALIAS_RW(tokens_allowed, read_buffers_allowed,
			  idxd_device_may_set);
static IDXD_ATTR_ALIAS_RW(use_token_limit, use_read_buffer_limit,
			  idxd_device_may_set);

static int traffic_class_set(struct idxd_group *group, s64 val, int *tc)
{
	/* Version 1 has but one sensible setting. */
	if (group->idxd->caps.version < IDXD_VERSION_2)
		return -EPERM;
	if (val < 0 || val > TRAFFIC_CLASS_MAX)
		return -EINVAL;
	*tc = val;
	return 0;
}

static s64 traffic_class_a_get(struct device *dev)
{
	return confdev_to_group(dev)->tc_a;
}

static int traffic_class_a_set(struct device *dev, s64 val)
{
	struct idxd_group *group = confdev_to_group(dev);

	return traffic_class_set(group, val, &group->tc_a);
}
static IDXD_ATTR_RW(traffic_class_a, idxd_device_may_set);

static s64 traffic_class_b_get(struct device *dev)
{
	return confdev_to_group(dev)->tc_b;
}

static int traffic_class_b_set(struct device *dev, s64 val)
{
	struct idxd_group *group = confdev_to_group(dev);

	return traffic_class_set(group, val, &group->tc_b);
}
static IDXD_ATTR_RW(traffic_class_b, idxd_device_may_set);

static int progress_limit_set(s64 val, u8 *limit)
{
	if (val < 0 || val > PROGRESS_LIMIT_MAX)
		return -EINVAL;
	*limit = val;
	return 0;
}

static s64 desc_progress_limit_get(struct device *dev)
{
	return confdev_to_group(dev)->desc_progress_limit;
}

static int desc_progress_limit_set(struct device *dev, s64 val)
{
	return progress_limit_set(val,
				  &confdev_to_group(dev)->desc_progress_limit);
}
static IDXD_ATTR_RW(desc_progress_limit, idxd_device_may_set);

static s64 batch_progress_limit_get(struct device *dev)
{
	return confdev_to_group(dev)->batch_progress_limit;
}

static int batch_progress_limit_set(struct device *dev, s64 val)
{
	return progress_limit_set(val,
				  &confdev_to_group(dev)->batch_progress_limit);
}
static IDXD_ATTR_RW(batch_progress_limit, idxd_device_may_set);

static struct attribute *idxd_group_attrs[] = {
	&dev_attr_engines.attr,
	&dev_attr_work_queues.attr,
	&idxd_attr_traffic_class_a.attr.attr,
	&idxd_attr_traffic_class_b.attr.attr,
	NULL
};

static const struct attribute_group idxd_group_group = {
	.attrs = idxd_group_attrs,
};

static struct attribute *idxd_group_rdbuf_attrs[] = {
	&idxd_attr_read_buffers_reserved.attr.attr,
	&idxd_attr_read_buffers_allowed.attr.attr,
	&idxd_attr_use_read_buffer_limit.attr.attr,
	&idxd_attr_tokens_reserved.attr.attr,
	&idxd_attr_tokens_allowed.attr.attr,
	&idxd_attr_use_token_limit.attr.attr,
	NULL
};

IDXD_ATTR_GROUP_IF(idxd_group_rdbuf, idxd->caps.rdbuf_ctrl);

static struct attribute *idxd_group_progress_attrs[] = {
	&idxd_attr_desc_progress_limit.attr.attr,
	&idxd_attr_batch_progress_limit.attr.attr,
	NULL
};

IDXD_ATTR_GROUP_IF(idxd_group_progress, idxd->caps.progress_limit);

const struct attribute_group *idxd_group_groups[] = {
	&idxd_group_group,
	&idxd_group_rdbuf_group,
	&idxd_group_progress_group,
	NULL
};
