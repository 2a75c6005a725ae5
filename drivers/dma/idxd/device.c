// SPDX-License-Identifier: GPL-2.0
/*
 * The objects that stand for a device, its queues, groups and engines: memory
 * and driver model.  Touches no register.
 */
#include <kunit/visibility.h>
#include <linux/idr.h>
#include <linux/slab.h>

#include "bus.h"
#include "config.h"
#include "device.h"
#include "recovery.h"
#include "regs.h"

static DEFINE_IDA(idxd_ids);

static void idxd_free_id(struct idxd_device *idxd)
{
	if (idxd->id >= 0)
		ida_free(&idxd_ids, idxd->id);
	idxd->id = -1;
}

static void idxd_device_release(struct device *dev)
{
	struct idxd_device *idxd = confdev_to_idxd(dev);

	kfree(idxd->wqs);
	kfree(idxd->groups);
	kfree(idxd->engines);
	idxd_free_id(idxd);
	kfree(idxd);
}

static void idxd_wq_release(struct device *dev)
{
	struct idxd_wq *wq = confdev_to_wq(dev);

	put_device(&wq->idxd->conf_dev);
	kfree(wq);
}

static void idxd_group_release(struct device *dev)
{
	struct idxd_group *group = confdev_to_group(dev);

	put_device(&group->idxd->conf_dev);
	kfree(group);
}

static void idxd_engine_release(struct device *dev)
{
	struct idxd_engine *engine = confdev_to_engine(dev);

	put_device(&engine->idxd->conf_dev);
	kfree(engine);
}

const struct device_type idxd_device_type = {
	.name = "dsa",
	.release = idxd_device_release,
	.groups = idxd_device_groups,
};

const struct device_type idxd_wq_type = {
	.name = "wq",
	.release = idxd_wq_release,
	.groups = idxd_wq_groups,
};

const struct device_type idxd_group_type = {
	.name = "group",
	.release = idxd_group_release,
	.groups = idxd_group_groups,
};

const struct device_type idxd_engine_type = {
	.name = "engine",
	.release = idxd_engine_release,
	.groups = idxd_engine_groups,
};

static void idxd_init_confdev(struct device *dev, struct device *parent,
			      const struct device_type *type)
{
	device_initialize(dev);
	dev->parent = parent;
	dev->bus = &dsa_bus_type;
	dev->type = type;
}

struct idxd_device *idxd_device_alloc(struct pci_dev *pdev,
				      const struct idxd_model *model)
{
	struct idxd_device *idxd;
	int ret;

	idxd = kzalloc_node(sizeof(*idxd), GFP_KERNEL, dev_to_node(&pdev->dev));
	if (!idxd)
		return ERR_PTR(-ENOMEM);
	idxd->id = ida_alloc(&idxd_ids, GFP_KERNEL);
	if (idxd->id < 0) {
		ret = idxd->id;
		kfree(idxd);
		return ERR_PTR(ret);
	}

	idxd->pdev = pdev;
	idxd->model = model;
	mutex_init(&idxd->lock);
	spin_lock_init(&idxd->err_lock);
	idxd_cmd_queue_init(idxd);
	idxd_recovery_init(idxd);
	idxd_init_confdev(&idxd->conf_dev, &pdev->dev, &idxd_device_type);
	ret = dev_set_name(&idxd->conf_dev, "%s%d", model->name, idxd->id);
	if (ret) {
		put_device(&idxd->conf_dev);
		return ERR_PTR(ret);
	}
	return idxd;
}
EXPORT_SYMBOL_IF_KUNIT(idxd_device_alloc);

static int idxd_alloc_wq(struct idxd_device *idxd, unsigned int id)
{
	struct idxd_wq *wq = kzalloc(sizeof(*wq), GFP_KERNEL);

	if (!wq)
		return -ENOMEM;

	wq->idxd = idxd;
	wq->id = id;
	mutex_init(&wq->open_lock);
	mutex_init(&wq->lock);
	INIT_LIST_HEAD(&wq->users);
	init_waitqueue_head(&wq->opened);
	init_waitqueue_head(&wq->events);
	wq->drain = (struct idxd_cmd_cover) {
		.code = IDXD_CMD_DRAIN_WQ, .operand = idxd_wq_mask(id),
	};
	get_device(&idxd->conf_dev);
	idxd_init_confdev(&wq->conf_dev, &idxd->conf_dev, &idxd_wq_type);
	idxd->wqs[id] = wq;
	return dev_set_name(&wq->conf_dev, "wq%d.%u", idxd->id, id);
}

static int idxd_alloc_group(struct idxd_device *idxd, unsigned int id)
{
	struct idxd_group *group = kzalloc(sizeof(*group), GFP_KERNEL);

	if (!group)
		return -ENOMEM;

	group->idxd = idxd;
	group->id = id;
	get_device(&idxd->conf_dev);
	idxd_init_confdev(&group->conf_dev, &idxd->conf_dev, &idxd_group_type);
	idxd->groups[id] = group;
	return dev_set_name(&group->conf_dev, "group%d.%u", idxd->id, id);
}

static int idxd_alloc_engine(struct idxd_device *idxd, unsigned int id)
{
	struct idxd_engine *engine = kzalloc(sizeof(*engine), GFP_KERNEL);

	if (!engine)
		return -ENOMEM;

	engine->idxd = idxd;
	engine->id = id;
	get_device(&idxd->conf_dev);
	idxd_init_confdev(&engine->conf_dev, &idxd->conf_dev,
			  &idxd_engine_type);
	idxd->engines[id] = engine;
	return dev_set_name(&engine->conf_dev, "engine%d.%u", idxd->id, id);
}

int idxd_device_alloc_parts(struct idxd_device *idxd)
{
	struct idxd_caps *caps = &idxd->caps;
	unsigned int i;
	int ret = 0;

	idxd->wqs = kcalloc(caps->num_wqs, sizeof(*idxd->wqs), GFP_KERNEL);
	idxd->groups = kcalloc(caps->num_groups, sizeof(*idxd->groups),
			       GFP_KERNEL);
	idxd->engines = kcalloc(caps->num_engines, sizeof(*idxd->engines),
				GFP_KERNEL);
	if (!idxd->wqs || !idxd->groups || !idxd->engines)
		return -ENOMEM;

	for (i = 0; !ret && i < caps->num_wqs; i++)
		ret = idxd_alloc_wq(idxd, i);
	for (i = 0; !ret && i < caps->num_groups; i++)
		ret = idxd_alloc_group(idxd, i);
	for (i = 0; !ret && i < caps->num_engines; i++)
		ret = idxd_alloc_engine(idxd, i);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(idxd_device_alloc_parts);

void idxd_device_put(struct idxd_device *idxd)
{
	struct idxd_caps *caps = &idxd->caps;
	unsigned int i;

	for (i = 0; idxd->engines && i < caps->num_engines; i++)
		if (idxd->engines[i])
			put_device(&idxd->engines[i]->conf_dev);
	for (i = 0; idxd->groups && i < caps->num_groups; i++)
		if (idxd->groups[i])
			put_device(&idxd->groups[i]->conf_dev);
	for (i = 0; idxd->wqs && i < caps->num_wqs; i++)
		if (idxd->wqs[i])
			put_device(&idxd->wqs[i]->conf_dev);
	put_device(&idxd->conf_dev);
}
EXPORT_SYMBOL_IF_KUNIT(idxd_device_put);

/* Groups and engines first: a queue's attributes speak of them. */
static struct device *idxd_part(struct idxd_device *idxd, unsigned int n)
{
	struct idxd_caps *caps = &idxd->caps;

	if (n < caps->num_groups)
		return &idxd->groups[n]->conf_dev;
	n -= caps->num_groups;
	if (n < caps->num_engines)
		return &idxd->engines[n]->conf_dev;
	n -= caps->num_engines;
	if (n < caps->num_wqs)
		return &idxd->wqs[n]->conf_dev;
	return NULL;
}

static void idxd_device_del_parts(struct idxd_device *idxd, unsigned int n)
{
	while (n--)
		device_del(idxd_part(idxd, n));
}

int idxd_device_add(struct idxd_device *idxd)
{
	struct device *part;
	unsigned int n;
	int ret;

	ret = device_add(&idxd->conf_dev);
	if (ret)
		return ret;

	for (n = 0; (part = idxd_part(idxd, n)); n++) {
		ret = device_add(part);
		if (ret)
			goto err;
	}
	return 0;
err:
	idxd_device_del_parts(idxd, n);
	device_del(&idxd->conf_dev);
	return ret;
}

void idxd_device_del(struct idxd_device *idxd)
{
	struct idxd_caps *caps = &idxd->caps;

	idxd_device_del_parts(idxd, caps->num_groups + caps->num_engines +
			      caps->num_wqs);
	device_del(&idxd->conf_dev);
	/* Open files may keep the object for long, but its name is free. */
	idxd_free_id(idxd);
}
