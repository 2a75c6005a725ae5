// SPDX-License-Identifier: GPL-2.0
/*
 * Sample: a driver whose device works on the memory of the process that asked
 * for it, and that keeps no file for that: the work is an off-CPU task, which
 * dies with the process.
 *
 * Write a struct offcpu_sample_job to /dev/offcpu-sample.  The work goes on when
 * the file is closed.  It comes in two kinds: without an IOMMU, by
 * <linux/offcpu_task.h> alone, and by shared virtual addressing under a PCI
 * device's PASID.
 *
 * Documentation/driver-api/offcpu-task.rst explains it.
 */
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/iommu-sva.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/offcpu_task.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "engine.h"
#include "offcpu_sample.h"

/**
 * struct context - what the driver keeps for one task
 * @task: the task, if there is no IOMMU
 * @sva: the same if there is one, else NULL
 * @engine: the part of the device that is at work for it
 * @page: what @engine stores to, pinned; NULL: not any more
 * @refs: the task's, and one of who makes it
 * @node: on the list of all contexts until it is reaped
 * @reap: unbinds the task when it is dead
 */
struct context {
	struct offcpu_task task;
	struct iommu_sva *sva;
	struct engine *engine;
	struct page *page;
	struct kref refs;
	struct list_head node;
	struct work_struct reap;
};

/*
 * Guards the list.  What is on it has not been unbound.  No operation of a task
 * takes this lock, so it may be held while a task is killed.
 */
static DEFINE_MUTEX(contexts_lock);
static LIST_HEAD(contexts);
static struct workqueue_struct *reapers;

static void context_free(struct kref *refs)
{
	struct context *ctx = container_of(refs, struct context, refs);

	engine_destroy(ctx->engine);
	if (ctx->page)
		unpin_user_page(ctx->page);
	kfree(ctx);
}

static void context_put(struct context *ctx)
{
	kref_put(&ctx->refs, context_free);
}

/* Make the engine quiet: what a task of either kind does. */
static void context_drain_begin(struct context *ctx, enum offcpu_rung rung)
{
	switch (rung) {
	case OFFCPU_DRAIN:
		engine_drain(ctx->engine);
		break;
	case OFFCPU_ABORT:
		engine_abort(ctx->engine);
		break;
	case OFFCPU_ISOLATE:
		engine_cut_off(ctx->engine);
		break;
	}
}

static int context_drain_finish(struct context *ctx, unsigned long timeout)
{
	return engine_wait_quiet(ctx->engine, timeout) ? 0 : -ETIMEDOUT;
}

/* The engine is quiet, and stays so: it takes no work after a drain. */
static void context_forget_memory(struct context *ctx)
{
	unpin_user_pages_dirty_lock(&ctx->page, 1, true);
	ctx->page = NULL;
}

static struct context *task_context(struct offcpu_task *task)
{
	return container_of(task, struct context, task);
}

static void task_drain_begin(struct offcpu_task *task, enum offcpu_rung rung)
{
	context_drain_begin(task_context(task), rung);
}

static int task_drain_finish(struct offcpu_task *task, enum offcpu_rung rung,
			     unsigned long timeout)
{
	return context_drain_finish(task_context(task), timeout);
}

static void task_detach(struct offcpu_task *task)
{
	context_forget_memory(task_context(task));
}

static void task_dead(struct offcpu_task *task)
{
	/* Not here: unbind waits until this has returned. */
	queue_work(reapers, &task_context(task)->reap);
}

static void task_free(struct offcpu_task *task)
{
	context_put(task_context(task));
}

static const struct offcpu_task_ops task_ops = {
	.drain_begin	= task_drain_begin,
	.drain_finish	= task_drain_finish,
	.detach		= task_detach,
	.dead		= task_dead,
	.free		= task_free,
};

static void sva_drain_begin(struct iommu_sva *sva, enum offcpu_rung rung)
{
	context_drain_begin(iommu_sva_priv(sva), rung);
}

static int sva_drain_finish(struct iommu_sva *sva, enum offcpu_rung rung,
			    unsigned long timeout)
{
	return context_drain_finish(iommu_sva_priv(sva), timeout);
}

static void sva_dead(struct iommu_sva *sva)
{
	struct context *ctx = iommu_sva_priv(sva);

	/* What goes through an IOMMU has no pages to give back; this has. */
	context_forget_memory(ctx);
	/* It may have died before iommu_sva_bind_device() returned. */
	WRITE_ONCE(ctx->sva, sva);
	queue_work(reapers, &ctx->reap);
}

static const struct iommu_sva_ops sva_ops = {
	.drain_begin	= sva_drain_begin,
	.drain_finish	= sva_drain_finish,
	.dead		= sva_dead,
};

static int sva_bind(struct context *ctx, const char *name)
{
	struct device *dev = bus_find_device_by_name(&pci_bus_type, NULL, name);
	struct iommu_sva *sva = ERR_PTR(-ENODEV);

	if (!dev)
		return -ENODEV;

	/* Its own driver has enabled SVA, and disables it when it goes. */
	device_lock(dev);
	if (dev->driver)
		sva = iommu_sva_bind_device(dev, current->mm, &sva_ops, ctx);
	device_unlock(dev);
	put_device(dev);
	if (IS_ERR(sva))
		return PTR_ERR(sva);
	WRITE_ONCE(ctx->sva, sva);
	return 0;
}

/* The task is dead, by whatever cause.  There is no file to be closed. */
static void context_reap(struct work_struct *work)
{
	struct context *ctx = container_of(work, struct context, reap);

	mutex_lock(&contexts_lock);
	list_del(&ctx->node);
	mutex_unlock(&contexts_lock);

	if (ctx->sva) {
		iommu_sva_unbind_device(ctx->sva);
		context_put(ctx);
	} else {
		offcpu_task_unbind(&ctx->task);
	}
}

static void context_kill(struct context *ctx)
{
	if (ctx->sva)
		iommu_sva_kill(ctx->sva, OFFCPU_DEVICE);
	else
		offcpu_task_kill(&ctx->task, OFFCPU_DEVICE);
}

static int context_pin(struct context *ctx, unsigned long addr)
{
	int got = pin_user_pages_fast(addr & PAGE_MASK, 1,
				      FOLL_WRITE | FOLL_LONGTERM, &ctx->page);

	if (got == 1)
		return 0;
	return got < 0 ? got : -EFAULT;
}

static struct context *context_alloc(const struct offcpu_sample_job *job)
{
	struct context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!ctx)
		return ERR_PTR(-ENOMEM);

	kref_init(&ctx->refs);
	INIT_WORK(&ctx->reap, context_reap);
	ret = context_pin(ctx, job->addr);
	if (ret)
		goto err_free;
	ctx->engine = engine_create(ctx->page, offset_in_page(job->addr),
				    job->deaf);
	if (IS_ERR(ctx->engine)) {
		ret = PTR_ERR(ctx->engine);
		goto err_unpin;
	}
	return ctx;

err_unpin:
	unpin_user_page(ctx->page);
err_free:
	kfree(ctx);
	return ERR_PTR(ret);
}

static struct miscdevice sample_device;

static int context_bind(struct context *ctx, const char *device)
{
	int ret;

	/* From the bind on it may be killed, reaped and put. */
	kref_get(&ctx->refs);
	mutex_lock(&contexts_lock);
	list_add_tail(&ctx->node, &contexts);
	mutex_unlock(&contexts_lock);

	if (device[0])
		ret = sva_bind(ctx, device);
	else
		ret = offcpu_task_bind(&ctx->task, current->mm,
				       sample_device.this_device, 0, &task_ops);
	if (ret) {
		mutex_lock(&contexts_lock);
		list_del(&ctx->node);
		mutex_unlock(&contexts_lock);
		context_put(ctx);
	}
	return ret;
}

static int sample_run(const struct offcpu_sample_job *job)
{
	struct context *ctx = context_alloc(job);
	int ret;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	ret = context_bind(ctx, job->device);
	/* No work before the bind: nobody would make the engine quiet again. */
	if (!ret)
		ret = engine_start(ctx->engine, job->stores, job->pause_us);
	context_put(ctx);
	return ret;
}

static ssize_t sample_write(struct file *file, const char __user *from,
			    size_t len, loff_t *pos)
{
	struct offcpu_sample_job job;
	int ret;

	if (len != sizeof(job))
		return -EINVAL;
	if (copy_from_user(&job, from, len))
		return -EFAULT;
	if (!IS_ALIGNED(job.addr, sizeof(u64)) || job.deaf > 1 ||
	    job.pause_us > OFFCPU_SAMPLE_PAUSE_MAX ||
	    strnlen(job.device, sizeof(job.device)) == sizeof(job.device))
		return -EINVAL;

	ret = sample_run(&job);
	return ret ?: len;
}

static const struct file_operations sample_fops = {
	.owner	= THIS_MODULE,
	.write	= sample_write,
};

static struct miscdevice sample_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "offcpu-sample",
	.mode	= 0600,
	.fops	= &sample_fops,
};

static int __init sample_init(void)
{
	int ret;

	reapers = alloc_workqueue("offcpu-sample", WQ_UNBOUND, 0);
	if (!reapers)
		return -ENOMEM;
	ret = misc_register(&sample_device);
	if (ret)
		destroy_workqueue(reapers);
	return ret;
}

/* Nobody binds any more: that would take an open file, and that the module. */
static void __exit sample_exit(void)
{
	struct context *ctx;

	misc_deregister(&sample_device);
	mutex_lock(&contexts_lock);
	list_for_each_entry(ctx, &contexts, node)
		context_kill(ctx);
	mutex_unlock(&contexts_lock);
	/* Once all are reaped no code of the module's will run. */
	destroy_workqueue(reapers);
}

module_init(sample_init);
module_exit(sample_exit);
MODULE_DESCRIPTION("Sample driver of an off-CPU task");
MODULE_LICENSE("GPL");
