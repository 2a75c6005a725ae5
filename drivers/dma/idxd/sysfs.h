/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attributes that are one number, which is what nearly all of
 * Documentation/ABI/stable/sysfs-driver-dma-idxd is: parsing, formatting,
 * locking and permission are done once, in sysfs.c, and an attribute is left
 * with what it is about.
 */
#ifndef _IDXD_SYSFS_H_
#define _IDXD_SYSFS_H_

#include <linux/device.h>
#include <linux/types.h>

#include "device.h"

/**
 * struct idxd_attr - a decimal number in sysfs
 * @attr: the driver core's part
 * @get: the number
 * @may_set: 0 when it may be written now, else the error; NULL if read-only
 * @set: take a new number over, or say with -EINVAL, -EPERM or -EOPNOTSUPP
 *	why not
 *
 * All are called under idxd_device.lock.  What is no number at all is refused
 * with -EINVAL, what does not fit into @set's argument with -ERANGE.
 */
struct idxd_attr {
	struct device_attribute attr;
	s64 (*get)(struct device *dev);
	int (*may_set)(struct device *dev);
	int (*set)(struct device *dev, s64 val);
};

ssize_t idxd_attr_show(struct device *dev, struct device_attribute *attr,
		       char *buf);
ssize_t idxd_attr_store(struct device *dev, struct device_attribute *attr,
			const char *buf, size_t count);

#define IDXD_ATTR_RO(_name)						\
	struct idxd_attr idxd_attr_##_name = {				\
		.attr = __ATTR(_name, 0444, idxd_attr_show, NULL),	\
		.get = _name##_get,					\
	}

#define IDXD_ATTR_RW(_name, _may_set)					\
	struct idxd_attr idxd_attr_##_name = {				\
		.attr = __ATTR(_name, 0644, idxd_attr_show,		\
			       idxd_attr_store),			\
		.get = _name##_get,					\
		.may_set = _may_set,					\
		.set = _name##_set,					\
	}

/* The same attribute by the name that it had in earlier kernels. */
#define IDXD_ATTR_ALIAS_RW(_alias, _name, _may_set)			\
	struct idxd_attr idxd_attr_##_alias = {				\
		.attr = __ATTR(_alias, 0644, idxd_attr_show,		\
			       idxd_attr_store),			\
		.get = _name##_get,					\
		.may_set = _may_set,					\
		.set = _name##_set,					\
	}

/**
 * dev_to_idxd() - the device that an object belongs to
 * @dev: a device, queue, group or engine on the bus
 *
 * Context: any.
 */
static inline struct idxd_device *dev_to_idxd(struct device *dev)
{
	return confdev_to_idxd(is_idxd_device(dev) ? dev : dev->parent);
}

/**
 * idxd_supports_batch() - does the device take batch descriptors?
 * @idxd: the device
 *
 * Context: any.
 */
static inline bool idxd_supports_batch(const struct idxd_device *idxd)
{
	return test_bit(DSA_OPCODE_BATCH, idxd->caps.opcap);
}

/*
 * Attributes, @_name_attrs, that are there only if the device, called idxd in
 * the expression @_cond, can do what they are about.
 */
#define IDXD_ATTR_GROUP_IF(_name, _cond)				\
	static umode_t _name##_visible(struct kobject *kobj,		\
				       struct attribute *attr, int n)	\
	{								\
		const struct idxd_device *idxd =			\
			dev_to_idxd(kobj_to_dev(kobj));			\
									\
		return (_cond) ? attr->mode : 0;			\
	}								\
	static const struct attribute_group _name##_group = {		\
		.attrs = _name##_attrs,					\
		.is_visible = _name##_visible,				\
	}

/**
 * idxd_device_may_set() - may what the device reads when enabled be changed?
 * @dev: the device, or one of its queues, groups or engines
 *
 * Context: under idxd_device.lock.
 * Return: 0, or -EPERM while the device is not disabled or if it has a fixed
 * configuration.
 */
int idxd_device_may_set(struct device *dev);

/**
 * idxd_parse_bool() - a number that must be 0 or 1
 * @val: the number
 * @supported: the device knows what 1 asks for
 * @flag: where to put it
 *
 * Context: any.
 * Return: 0, -EINVAL, or -EOPNOTSUPP for a 1 that is not @supported.
 */
int idxd_parse_bool(s64 val, bool supported, bool *flag);

/**
 * idxd_id_of_group() - the number of a group, as group_id shows it
 * @group: the group, or NULL for none
 *
 * Context: any.
 * Return: the number, or -1 for none.
 */
static inline s64 idxd_id_of_group(const struct idxd_group *group)
{
	return group ? (s64)group->id : -1;
}

/**
 * idxd_group_of_id() - the group that a number written to group_id means
 * @idxd: the device
 * @id: its number, or -1 for none
 * @group: where to put it; NULL is put there for -1
 *
 * Context: any.
 * Return: 0, or -EINVAL for a group that does not exist.
 */
int idxd_group_of_id(struct idxd_device *idxd, s64 id,
		     struct idxd_group **group);

#endif
