// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of a work queue (wq0.0), as in
 * Documentation/ABI/stable/sysfs-driver-dma-idxd.
 *
 * They change idxd_wq.cfg and nothing else; the device sees it when the queue
 * is enabled, the size and the group when the device is.
 */
#include <linux/cleanup.h>
#include <linux/log2.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "sysfs.h"

#define PRIORITY_MAX	15

/* May the queue's own configuration be changed, as far as software goes? */
static int wq_may_set_software(struct device *dev)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	lockdep_assert_held(&wq->idxd->lock);

	return wq->state == IDXD_WQ_DISABLED ? 0 : -EPERM;
}

/* May what is written to the queue's registers be changed? */
static int wq_may_set(struct device *dev)
{
	if (!dev_to_idxd(dev)->caps.configurable)
		return -EPERM;
	return wq_may_set_software(dev);
}

static s64 size_get(struct device *dev)
{
	return confdev_to_wq(dev)->cfg.size;
}

static int size_set(struct device *dev, s64 val)
{
	struct idxd_wq *wq = confdev_to_wq(dev);
	struct idxd_device *idxd = wq->idxd;
	s64 left = idxd->caps.max_wq_size;
	int i;

	for (i = 0; i < idxd->caps.num_wqs; i++)
		if (idxd->wqs[i] != wq)
			left -= idxd->wqs[i]->cfg.size;
	if (val < 0 || val > left)
		return -EINVAL;
	wq->cfg.size = val;
	/* The two are written one after the other: never refuse a smaller size. */
	wq->cfg.threshold = min(wq->cfg.threshold, wq->cfg.size);
	return 0;
}
static IDXD_ATTR_RW(size, idxd_device_may_set);

static s64 threshold_get(struct device *dev)
{
	return confdev_to_wq(dev)->cfg.threshold;
}

static int threshold_set(struct device *dev, s64 val)
{
	struct idxd_wq_config *cfg = &confdev_to_wq(dev)->cfg;

	if (cfg->dedicated || val <= 0 || val > cfg->size)
		return -EINVAL;
	cfg->threshold = val;
	return 0;
}
static IDXD_ATTR_RW(threshold, wq_may_set);

static s64 group_id_get(struct device *dev)
{
	return idxd_id_of_group(confdev_to_wq(dev)->group);
}

static int group_id_set(struct device *dev, s64 val)
{
	struct idxd_wq *wq = confdev_to_wq(dev);
	struct idxd_group *group;
	int ret;

	ret = idxd_group_of_id(wq->idxd, val, &group);
	if (!ret)
		idxd_wq_set_group(wq, group);
	return ret;
}
static IDXD_ATTR_RW(group_id, idxd_device_may_set);

static s64 priority_get(struct device *dev)
{
	return confdev_to_wq(dev)->cfg.priority;
}

/* 0 is what an unconfigured queue has; the device refuses to enable it. */
static int priority_set(struct device *dev, s64 val)
{
	if (val < 0 || val > PRIORITY_MAX)
		return -EINVAL;
	confdev_to_wq(dev)->cfg.priority = val;
	return 0;
}
static IDXD_ATTR_RW(priority, wq_may_set);

static s64 block_on_fault_get(struct device *dev)
{
	return confdev_to_wq(dev)->cfg.block_on_fault;
}

static int block_on_fault_set(struct device *dev, s64 val)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	return idxd_parse_bool(val, wq->idxd->caps.block_on_fault &&
			       !wq->cfg.prs_disable, &wq->cfg.block_on_fault);
}
static IDXD_ATTR_RW(block_on_fault, wq_may_set);

static s64 prs_disable_get(struct device *dev)
{
	return confdev_to_wq(dev)->cfg.prs_disable;
}

static int prs_disable_set(struct device *dev, s64 val)
{
	struct idxd_wq *wq = confdev_to_wq(dev);
	int ret;

	ret = idxd_parse_bool(val, wq->idxd->caps.wq_prs_disable,
			      &wq->cfg.prs_disable);
	/* Without page requests there is nothing to block for. */
	if (wq->cfg.prs_disable)
		wq->cfg.block_on_fault = false;
	return ret;
}
static IDXD_ATTR_RW(prs_disable, wq_may_set);

static s64 ats_disable_get(struct device *dev)
{
	return confdev_to_wq(dev)->cfg.ats_disable;
}

static int ats_disable_set(struct device *dev, s64 val)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	return idxd_parse_bool(val, wq->idxd->caps.wq_ats_disable,
			       &wq->cfg.ats_disable);
}
static IDXD_ATTR_RW(ats_disable, wq_may_set);

static s64 max_transfer_size_get(struct device *dev)
{
	return confdev_to_wq(dev)->cfg.max_xfer_bytes;
}

/* WQCFG has the logarithm: what is shown then is what the device enforces. */
static int max_transfer_size_set(struct device *dev, s64 val)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	if (val <= 0 || val > wq->idxd->caps.max_xfer_bytes)
		return -EINVAL;
	wq->cfg.max_xfer_bytes = rounddown_pow_of_two(val);
	return 0;
}
static IDXD_ATTR_RW(max_transfer_size, wq_may_set);

static s64 max_batch_size_get(struct device *dev)
{
	return confdev_to_wq(dev)->cfg.max_batch_size;
}

static int max_batch_size_set(struct device *dev, s64 val)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	if (val <= 0 || val > wq->idxd->caps.max_batch_size)
		return -EINVAL;
	wq->cfg.max_batch_size = rounddown_pow_of_two(val);
	return 0;
}
static IDXD_ATTR_RW(max_batch_size, wq_may_set);

static s64 enqcmds_retries_get(struct device *dev)
{
	return confdev_to_wq(dev)->cfg.enqcmds_retries;
}

static int enqcmds_retries_set(struct device *dev, s64 val)
{
	struct idxd_wq_config *cfg = &confdev_to_wq(dev)->cfg;

	if (cfg->dedicated)
		return -EOPNOTSUPP;
	if (val < 0)
		return -EINVAL;
	cfg->enqcmds_retries = min(val, IDXD_ENQCMDS_RETRIES_MAX);
	return 0;
}
static IDXD_ATTR_RW(enqcmds_retries, wq_may_set_software);

static s64 clients_get(struct device *dev)
{
	return idxd_wq_num_users(confdev_to_wq(dev));
}
static IDXD_ATTR_RO(clients);

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	static const char * const names[] = {
		[IDXD_WQ_DISABLED] = "disabled",
		[IDXD_WQ_ENABLED] = "enabled",
		[IDXD_WQ_STOPPED] = "quiescing",
	};
	struct idxd_wq *wq = confdev_to_wq(dev);

	guard(mutex)(&wq->lock);
	return sysfs_emit(buf, "%s\n", names[wq->state]);
}
static DEVICE_ATTR_RO(state);

static ssize_t cdev_minor_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	int minor = idxd_wq_cdev_minor(confdev_to_wq(dev));

	return minor < 0 ? minor : sysfs_emit(buf, "%d\n", minor);
}
static DEVICE_ATTR_RO(cdev_minor);

static ssize_t occupancy_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	if (!wq->idxd->caps.wq_occupancy)
		return -EOPNOTSUPP;
	return sysfs_emit(buf, "%u\n", idxd_wq_occupancy(wq));
}
static DEVICE_ATTR_RO(occupancy);

static ssize_t mode_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	guard(mutex)(&wq->idxd->lock);
	return sysfs_emit(buf, "%s\n",
			  wq->cfg.dedicated ? "dedicated" : "shared");
}

static int mode_set(struct idxd_wq *wq, const char *buf)
{
	if (sysfs_streq(buf, "dedicated") && wq->idxd->caps.dedicated_mode) {
		wq->cfg.dedicated = true;
		wq->cfg.threshold = 0;	/* it has no limited portal */
	} else if (sysfs_streq(buf, "shared") && wq->idxd->caps.shared_mode) {
		wq->cfg.dedicated = false;
	} else {
		return -EINVAL;
	}
	return 0;
}

static ssize_t mode_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct idxd_wq *wq = confdev_to_wq(dev);
	int ret;

	guard(mutex)(&wq->idxd->lock);
	ret = wq_may_set(dev) ?: mode_set(wq, buf);
	return ret ?: count;
}
static DEVICE_ATTR_RW(mode);

static const char * const wq_type_names[] = {
	[IDXD_WQT_NONE] = "none",
	[IDXD_WQT_KERNEL] = "kernel",
	[IDXD_WQT_USER] = "user",
};

static ssize_t type_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	guard(mutex)(&wq->idxd->lock);
	return sysfs_emit(buf, "%s\n", wq_type_names[wq->cfg.type]);
}

static ssize_t type_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct idxd_wq *wq = confdev_to_wq(dev);
	int type, ret;

	type = sysfs_match_string(wq_type_names, buf);
	if (type < 0)
		return type;

	guard(mutex)(&wq->idxd->lock);
	ret = wq_may_set_software(dev);
	if (ret)
		return ret;
	wq->cfg.type = type;
	return count;
}
static DEVICE_ATTR_RW(type);

/*
 * Take over a name of 1 to @size - 1 characters, without the newline that a
 * shell adds.
 */
static ssize_t wq_string_store(struct device *dev, char *dst, size_t size,
			       const char *buf, size_t count)
{
	size_t len = strcspn(buf, "\n");
	int ret;

	if (!len || len >= size)
		return -EINVAL;

	guard(mutex)(&confdev_to_wq(dev)->idxd->lock);
	ret = wq_may_set_software(dev);
	if (ret)
		return ret;
	memcpy(dst, buf, len);
	dst[len] = '\0';
	return count;
}

static ssize_t name_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	guard(mutex)(&wq->idxd->lock);
	return sysfs_emit(buf, "%s\n", wq->cfg.name);
}

static ssize_t name_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct idxd_wq_config *cfg = &confdev_to_wq(dev)->cfg;

	return wq_string_store(dev, cfg->name, sizeof(cfg->name), buf, count);
}
static DEVICE_ATTR_RW(name);

static ssize_t driver_name_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	guard(mutex)(&wq->idxd->lock);
	return sysfs_emit(buf, "%s\n", wq->cfg.driver_name);
}

static ssize_t driver_name_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *buf, size_t count)
{
	struct idxd_wq_config *cfg = &confdev_to_wq(dev)->cfg;

	return wq_string_store(dev, cfg->driver_name, sizeof(cfg->driver_name),
			       buf, count);
}
static DEVICE_ATTR_RW(driver_name);

static ssize_t op_config_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	guard(mutex)(&wq->idxd->lock);
	return sysfs_emit(buf, "%*pb\n", IDXD_OPCAP_BITS, wq->cfg.opcap);
}

static ssize_t op_config_store(struct device *dev,
			       struct device_attribute *attr,
			       const char *buf, size_t count)
{
	struct idxd_wq *wq = confdev_to_wq(dev);
	DECLARE_BITMAP(opcap, IDXD_OPCAP_BITS);
	int ret;

	ret = bitmap_parse(buf, count, opcap, IDXD_OPCAP_BITS);
	if (ret)
		return ret;
	if (!bitmap_subset(opcap, wq->idxd->caps.opcap, IDXD_OPCAP_BITS))
		return -EINVAL;

	guard(mutex)(&wq->idxd->lock);
	ret = wq_may_set(dev);
	if (ret)
		return ret;
	bitmap_copy(wq->cfg.opcap, opcap, IDXD_OPCAP_BITS);
	return count;
}
static DEVICE_ATTR_RW(op_config);

static struct attribute *idxd_wq_attrs[] = {
	&idxd_attr_size.attr.attr,
	&idxd_attr_threshold.attr.attr,
	&idxd_attr_group_id.attr.attr,
	&idxd_attr_priority.attr.attr,
	&idxd_attr_block_on_fault.attr.attr,
	&idxd_attr_ats_disable.attr.attr,
	&idxd_attr_max_transfer_size.attr.attr,
	&idxd_attr_enqcmds_retries.attr.attr,
	&idxd_attr_clients.attr.attr,
	&dev_attr_state.attr,
	&dev_attr_cdev_minor.attr,
	&dev_attr_occupancy.attr,
	&dev_attr_mode.attr,
	&dev_attr_type.attr,
	&dev_attr_name.attr,
	&dev_attr_driver_name.attr,
	NULL
};

static const struct attribute_group idxd_wq_group = {
	.attrs = idxd_wq_attrs,
};

static struct attribute *idxd_wq_batch_attrs[] = {
	&idxd_attr_max_batch_size.attr.attr,
	NULL
};

IDXD_ATTR_GROUP_IF(idxd_wq_batch, idxd_supports_batch(idxd));

static struct attribute *idxd_wq_prs_attrs[] = {
	&idxd_attr_prs_disable.attr.attr,
	NULL
};

IDXD_ATTR_GROUP_IF(idxd_wq_prs, idxd->caps.wq_prs_disable);

static struct attribute *idxd_wq_op_config_attrs[] = {
	&dev_attr_op_config.attr,
	NULL
};

IDXD_ATTR_GROUP_IF(idxd_wq_op_config, idxd->caps.wq_opcfg);

const struct attribute_group *idxd_wq_groups[] = {
	&idxd_wq_group,
	&idxd_wq_batch_group,
	&idxd_wq_prs_group,
	&idxd_wq_op_config_group,
	NULL
};
