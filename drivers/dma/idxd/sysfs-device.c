// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of a device (dsa0), as in
 * Documentation/ABI/stable/sysfs-driver-dma-idxd.
 */
#include <linux/cleanup.h>
#include <linux/sysfs.h>

#include "sysfs.h"

static s64 max_groups_get(struct device *dev)
{
	return confdev_to_idxd(dev)->caps.num_groups;
}
static IDXD_ATTR_RO(max_groups);

static s64 max_engines_get(struct device *dev)
{
	return confdev_to_idxd(dev)->caps.num_engines;
}
static IDXD_ATTR_RO(max_engines);

static s64 max_work_queues_get(struct device *dev)
{
	return confdev_to_idxd(dev)->caps.num_wqs;
}
static IDXD_ATTR_RO(max_work_queues);

static s64 max_work_queues_size_get(struct device *dev)
{
	return confdev_to_idxd(dev)->caps.max_wq_size;
}
static IDXD_ATTR_RO(max_work_queues_size);

static s64 max_batch_size_get(struct device *dev)
{
	return confdev_to_idxd(dev)->caps.max_batch_size;
}
static IDXD_ATTR_RO(max_batch_size);

static s64 max_transfer_size_get(struct device *dev)
{
	return confdev_to_idxd(dev)->caps.max_xfer_bytes;
}
static IDXD_ATTR_RO(max_transfer_size);

static s64 numa_node_get(struct device *dev)
{
	return dev_to_node(&confdev_to_idxd(dev)->pdev->dev);
}
static IDXD_ATTR_RO(numa_node);

static s64 configurable_get(struct device *dev)
{
	return confdev_to_idxd(dev)->caps.configurable;
}
static IDXD_ATTR_RO(configurable);

static s64 pasid_enabled_get(struct device *dev)
{
	return confdev_to_idxd(dev)->sva;
}
static IDXD_ATTR_RO(pasid_enabled);

static s64 cdev_major_get(struct device *dev)
{
	return idxd_cdev_major();
}
static IDXD_ATTR_RO(cdev_major);

static s64 clients_get(struct device *dev)
{
	struct idxd_device *idxd = confdev_to_idxd(dev);
	unsigned int sum = 0;
	int i;

	for (i = 0; i < idxd->caps.num_wqs; i++)
		sum += idxd_wq_num_users(idxd->wqs[i]);
	return sum;
}
static IDXD_ATTR_RO(clients);

static s64 max_read_buffers_get(struct device *dev)
{
	return confdev_to_idxd(dev)->caps.max_rdbufs;
}
static IDXD_ATTR_RO(max_read_buffers);

static s64 read_buffer_limit_get(struct device *dev)
{
	return confdev_to_idxd(dev)->rdbuf_limit;
}

static int read_buffer_limit_set(struct device *dev, s64 val)
{
	struct idxd_device *idxd = confdev_to_idxd(dev);

	if (val < 0 || val > idxd->caps.max_rdbufs)
		return -EINVAL;
	if (val && !idxd->caps.rdbuf_limit)
		return -EOPNOTSUPP;
	idxd->rdbuf_limit = val;
	return 0;
}
static IDXD_ATTR_RW(read_buffer_limit, idxd_device_may_set);

/* What read buffers were called until Linux 5.17. */
#define max_tokens_get max_read_buffers_get
static IDXD_ATTR_RO(max_tokens);
static IDXD_ATTR_ALIAS_RW(token_limit, read_buffer_limit, idxd_device_may_set);

static ssize_t version_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%#x\n", confdev_to_idxd(dev)->caps.version);
}
static DEVICE_ATTR_RO(version);

static ssize_t gen_cap_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%#llx\n", confdev_to_idxd(dev)->caps.gencap);
}
static DEVICE_ATTR_RO(gen_cap);

/*
 * Where users must submit through write(), they cannot have batches: the
 * driver does not see what is in them.
 */
static ssize_t op_cap_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct idxd_device *idxd = confdev_to_idxd(dev);
	DECLARE_BITMAP(opcap, IDXD_OPCAP_BITS);

	bitmap_copy(opcap, idxd->caps.opcap, IDXD_OPCAP_BITS);
	if (!idxd->model->user_submission_safe)
		__clear_bit(DSA_OPCODE_BATCH, opcap);
	return sysfs_emit(buf, "%*pb\n", IDXD_OPCAP_BITS, opcap);
}
static DEVICE_ATTR_RO(op_cap);

static ssize_t errors_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct idxd_device *idxd = confdev_to_idxd(dev);
	DECLARE_BITMAP(swerr, sizeof(idxd->sw_err) * BITS_PER_BYTE);

	scoped_guard(spinlock_irq, &idxd->err_lock)
		bitmap_from_arr64(swerr, idxd->sw_err,
				  sizeof(idxd->sw_err) * BITS_PER_BYTE);
	return sysfs_emit(buf, "%*pb\n",
			  (int)sizeof(idxd->sw_err) * BITS_PER_BYTE, swerr);
}
static DEVICE_ATTR_RO(errors);

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	static const char * const names[] = {
		[IDXD_DEV_DISABLED] = "disabled",
		[IDXD_DEV_ENABLED] = "enabled",
		[IDXD_DEV_HALTED] = "halted",
		[IDXD_DEV_DISABLING] = "enabled",
	};
	struct idxd_device *idxd = confdev_to_idxd(dev);

	guard(mutex)(&idxd->lock);
	return sysfs_emit(buf, "%s\n", names[idxd->state]);
}
static DEVICE_ATTR_RO(state);

static ssize_t cmd_status_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%#x\n",
			  READ_ONCE(confdev_to_idxd(dev)->cmd_status));
}

static ssize_t cmd_status_store(struct device *dev,
				struct device_attribute *attr,
				const char *buf, size_t count)
{
	WRITE_ONCE(confdev_to_idxd(dev)->cmd_status, 0);
	return count;
}
static DEVICE_ATTR_RW(cmd_status);

static struct attribute *idxd_device_attrs[] = {
	&idxd_attr_max_groups.attr.attr,
	&idxd_attr_max_engines.attr.attr,
	&idxd_attr_max_work_queues.attr.attr,
	&idxd_attr_max_work_queues_size.attr.attr,
	&idxd_attr_max_transfer_size.attr.attr,
	&idxd_attr_numa_node.attr.attr,
	&idxd_attr_configurable.attr.attr,
	&idxd_attr_pasid_enabled.attr.attr,
	&idxd_attr_cdev_major.attr.attr,
	&idxd_attr_clients.attr.attr,
	&dev_attr_version.attr,
	&dev_attr_gen_cap.attr,
	&dev_attr_op_cap.attr,
	&dev_attr_errors.attr,
	&dev_attr_state.attr,
	&dev_attr_cmd_status.attr,
	NULL
};

static const struct attribute_group idxd_device_group = {
	.attrs = idxd_device_attrs,
};

static struct attribute *idxd_batch_attrs[] = {
	&idxd_attr_max_batch_size.attr.attr,
	NULL
};

IDXD_ATTR_GROUP_IF(idxd_batch, idxd_supports_batch(idxd));

static struct attribute *idxd_rdbuf_attrs[] = {
	&idxd_attr_max_read_buffers.attr.attr,
	&idxd_attr_max_tokens.attr.attr,
	&idxd_attr_read_buffer_limit.attr.attr,
	&idxd_attr_token_limit.attr.attr,
	NULL
};

IDXD_ATTR_GROUP_IF(idxd_rdbuf, idxd->caps.rdbuf_ctrl);

const struct attribute_group *idxd_device_groups[] = {
	&idxd_device_group,
	&idxd_batch_group,
	&idxd_rdbuf_group,
	NULL
};
