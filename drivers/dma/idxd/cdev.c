// SPDX-License-Identifier: GPL-2.0
/*
 * Character devices of user queues: numbers, nodes and file operations.
 */
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "bus.h"
#include "cdev.h"
#include "device.h"
#include "regs.h"
#include "user.h"

#define IDXD_MINORS	1024

static dev_t idxd_devt;
static DEFINE_IDA(idxd_minors);

/**
 * struct idxd_cdev - a queue's character device
 * @dev: in the bus, below the queue's
 * @cdev: what open files hold
 * @wq: the queue; holds a reference of its conf_dev's
 */
struct idxd_cdev {
	struct device dev;
	struct cdev cdev;
	struct idxd_wq *wq;
};

static int idxd_cdev_open(struct inode *inode, struct file *file)
{
	struct idxd_cdev *idxd_cdev = container_of(inode->i_cdev,
						   struct idxd_cdev, cdev);
	struct idxd_user *user = idxd_user_open(idxd_cdev->wq, file);

	if (IS_ERR(user))
		return PTR_ERR(user);
	file->private_data = user;
	return stream_open(inode, file);
}

static int idxd_cdev_release(struct inode *inode, struct file *file)
{
	idxd_user_close(file->private_data);
	return 0;
}

static int idxd_cdev_mmap(struct file *file, struct vm_area_struct *vma)
{
	return idxd_portal_mmap(file->private_data, vma);
}

static ssize_t idxd_cdev_write(struct file *file, const char __user *buf,
			       size_t len, loff_t *pos)
{
	return idxd_submit_write(file->private_data, buf, len);
}

static bool idxd_has_error(struct idxd_wq *wq)
{
	struct idxd_device *idxd = wq->idxd;
	u64 err;

	spin_lock_irq(&idxd->err_lock);
	err = idxd->sw_err[0];
	spin_unlock_irq(&idxd->err_lock);

	return (err & SWERR_VALID) &&
	       (!(err & SWERR_WQ_VALID) || FIELD_GET(SWERR_WQ, err) == wq->id);
}

static __poll_t idxd_cdev_poll(struct file *file, poll_table *wait)
{
	struct idxd_user *user = file->private_data;

	poll_wait(file, &user->wq->events, wait);
	if (READ_ONCE(user->dead) || READ_ONCE(user->gone))
		return EPOLLHUP | EPOLLERR;
	return idxd_has_error(user->wq) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations idxd_cdev_fops = {
	.owner = THIS_MODULE,
	.open = idxd_cdev_open,
	.release = idxd_cdev_release,
	.mmap = idxd_cdev_mmap,
	.write = idxd_cdev_write,
	.poll = idxd_cdev_poll,
};

static void idxd_cdev_dev_release(struct device *dev)
{
	struct idxd_cdev *idxd_cdev = container_of(dev, struct idxd_cdev, dev);

	ida_free(&idxd_minors, MINOR(dev->devt));
	put_device(&idxd_cdev->wq->conf_dev);
	kfree(idxd_cdev);
}

static const struct device_type idxd_cdev_type = {
	.name = "idxd_cdev",
	.release = idxd_cdev_dev_release,
};

static struct idxd_cdev *idxd_cdev_alloc(struct idxd_wq *wq)
{
	struct idxd_cdev *idxd_cdev = kzalloc(sizeof(*idxd_cdev), GFP_KERNEL);
	int minor;

	if (!idxd_cdev)
		return ERR_PTR(-ENOMEM);
	minor = ida_alloc_max(&idxd_minors, IDXD_MINORS - 1, GFP_KERNEL);
	if (minor < 0) {
		kfree(idxd_cdev);
		return ERR_PTR(minor);
	}

	idxd_cdev->wq = wq;
	get_device(&wq->conf_dev);
	device_initialize(&idxd_cdev->dev);
	idxd_cdev->dev.parent = &wq->conf_dev;
	idxd_cdev->dev.bus = &dsa_bus_type;
	idxd_cdev->dev.type = &idxd_cdev_type;
	idxd_cdev->dev.devt = MKDEV(MAJOR(idxd_devt), minor);
	cdev_init(&idxd_cdev->cdev, &idxd_cdev_fops);
	idxd_cdev->cdev.owner = THIS_MODULE;
	return idxd_cdev;
}

int idxd_cdev_add(struct idxd_wq *wq)
{
	struct idxd_cdev *idxd_cdev = idxd_cdev_alloc(wq);
	int ret;

	if (IS_ERR(idxd_cdev))
		return PTR_ERR(idxd_cdev);

	/* The exclamation mark becomes a slash in /dev. */
	ret = dev_set_name(&idxd_cdev->dev, "%s!%s", wq->idxd->model->name,
			   dev_name(&wq->conf_dev));
	if (!ret)
		ret = cdev_device_add(&idxd_cdev->cdev, &idxd_cdev->dev);
	if (ret) {
		put_device(&idxd_cdev->dev);
		return ret;
	}

	mutex_lock(&wq->lock);
	wq->cdev = idxd_cdev;
	mutex_unlock(&wq->lock);
	return 0;
}

void idxd_cdev_del(struct idxd_wq *wq)
{
	struct idxd_cdev *idxd_cdev;

	mutex_lock(&wq->lock);
	idxd_cdev = wq->cdev;
	wq->cdev = NULL;
	mutex_unlock(&wq->lock);

	cdev_device_del(&idxd_cdev->cdev, &idxd_cdev->dev);
	put_device(&idxd_cdev->dev);
}

int idxd_wq_cdev_minor(struct idxd_wq *wq)
{
	int minor;

	mutex_lock(&wq->lock);
	minor = wq->cdev ? MINOR(wq->cdev->dev.devt) : -ENXIO;
	mutex_unlock(&wq->lock);

	return minor;
}

int idxd_cdev_major(void)
{
	return MAJOR(idxd_devt);
}

int idxd_cdev_init(void)
{
	return alloc_chrdev_region(&idxd_devt, 0, IDXD_MINORS, "idxd");
}

void idxd_cdev_exit(void)
{
	unregister_chrdev_region(idxd_devt, IDXD_MINORS);
}
