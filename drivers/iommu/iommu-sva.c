// SPDX-License-Identifier: GPL-2.0
/*
 * Shared virtual addressing: binding a device to a process's address space as an
 * off-CPU task, with a PASID, a domain and an attachment.
 *
 * This file may use the IOMMU core and the off-CPU task.  What an IOMMU driver
 * does to attach is behind its operations.
 *
 * An mm has one PASID from the first bind until the mm_struct goes, because its
 * threads keep it in a register.  It has one attachment for each device that it
 * is bound to, which all binds to that device share; and domains, which devices
 * share whose IOMMUs let them.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommu-sva.h>
#include <linux/mmu_context.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "iommu-priv.h"
#include "iommu-sva-kva.h"
#include "iommu-sva-priv.h"

/**
 * struct iommu_sva - one bind
 * @task: the off-CPU task that it is
 * @att: its attachment
 * @ops: what the driver gave
 * @priv: what the driver gave
 */
struct iommu_sva {
	struct offcpu_task task;
	struct sva_attachment *att;
	const struct iommu_sva_ops *ops;
	void *priv;
};

/*
 * PASID and domains.
 */

static struct sva_mm *sva_mm_alloc(struct mm_struct *mm, struct device *dev)
{
	struct sva_mm *smm = kzalloc(sizeof(*smm), GFP_KERNEL_ACCOUNT);

	if (!smm)
		return ERR_PTR(-ENOMEM);

	smm->mm = mm;
	mutex_init(&smm->bind_lock);
	spin_lock_init(&smm->lock);
	INIT_LIST_HEAD(&smm->domains);
	INIT_LIST_HEAD(&smm->attachments);
	INIT_LIST_HEAD(&smm->waiting);
	INIT_LIST_HEAD(&smm->given);
	INIT_WORK(&smm->let_go, sva_let_go_work);
	init_waitqueue_head(&smm->detached);
	smm->data.pasid = iommu_alloc_global_pasid(dev);
	if (smm->data.pasid == IOMMU_PASID_INVALID) {
		kfree(smm);
		return ERR_PTR(-ENOSPC);
	}
	return smm;
}

static void sva_mm_free(struct sva_mm *smm)
{
	iommu_free_global_pasid(smm->data.pasid);
	kfree(smm);
}

/* The mm's, with a PASID that fits @dev. */
static struct sva_mm *sva_mm_get(struct mm_struct *mm, struct device *dev)
{
	struct iommu_mm_data *data = READ_ONCE(mm->iommu_mm);
	struct sva_mm *smm;

	if (!data) {
		smm = sva_mm_alloc(mm, dev);
		if (IS_ERR(smm))
			return smm;
		/* Another thread may be first; it never changes again. */
		if (try_cmpxchg(&mm->iommu_mm, &data, &smm->data))
			return smm;
		sva_mm_free(smm);
	}
	if (data->pasid >= dev->iommu->max_pasids)
		return ERR_PTR(-EOVERFLOW);
	return container_of(data, struct sva_mm, data);
}

/**
 * mm_pasid_drop() - the mm_struct goes, and its PASID with it
 * @mm: the mm; nothing is bound to it, and none of its threads can run
 *
 * Any context.
 */
void mm_pasid_drop(struct mm_struct *mm)
{
	struct iommu_mm_data *data = mm->iommu_mm;

	if (likely(!data))
		return;
	mm->iommu_mm = NULL;
	sva_mm_free(container_of(data, struct sva_mm, data));
}

static struct iommu_domain *sva_domain_alloc(struct sva_mm *smm,
					     struct device *dev,
					     struct mm_struct *mm)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);
	struct iommu_domain *domain;

	if (!ops->domain_alloc_sva)
		return ERR_PTR(-EOPNOTSUPP);
	domain = ops->domain_alloc_sva(dev, mm);
	if (IS_ERR(domain))
		return domain;

	domain->type = IOMMU_DOMAIN_SVA;
	domain->owner = ops;
	domain->iopf_handler = sva_iopf_handler;
	/* iommu_domain_free() drops it. */
	mmgrab(mm);
	domain->mm = mm;
	domain->users = 1;
	spin_lock(&smm->lock);
	list_add(&domain->next, &smm->domains);
	spin_unlock(&smm->lock);
	return domain;
}

static void sva_domain_put(struct sva_mm *smm, struct iommu_domain *domain)
{
	bool last;

	spin_lock(&smm->lock);
	last = !--domain->users;
	if (last)
		list_del(&domain->next);
	spin_unlock(&smm->lock);
	if (last)
		iommu_domain_free(domain);
}

/*
 * The domain after @prev that @dev's IOMMU driver may know how to share, with
 * one user more; @prev has one less.  NULL before the first and after the last.
 */
static struct iommu_domain *sva_next_domain(struct sva_mm *smm,
					    struct device *dev,
					    struct iommu_domain *prev)
{
	struct iommu_domain *domain = prev, *found = NULL;

	spin_lock(&smm->lock);
	if (!domain)
		domain = list_entry(&smm->domains, struct iommu_domain, next);
	list_for_each_entry_continue(domain, &smm->domains, next) {
		if (domain->owner == dev_iommu_ops(dev)) {
			domain->users++;
			found = domain;
			break;
		}
	}
	spin_unlock(&smm->lock);
	if (prev)
		sva_domain_put(smm, prev);
	return found;
}

/*
 * Attachments.
 */

/**
 * sva_attachment_put() - drop a reference
 * @att: the attachment, detached if it is the last one
 *
 * Any context.
 */
void sva_attachment_put(struct sva_attachment *att)
{
	if (refcount_dec_and_test(&att->refs)) {
		kfree(att->spare);
		kfree(att);
	}
}

static int sva_attach_domain(struct sva_attachment *att, struct mm_struct *mm)
{
	struct iommu_domain *domain = NULL;
	struct sva_mm *smm = att->smm;
	int ret;

	lockdep_assert_held(&smm->bind_lock);

	while ((domain = sva_next_domain(smm, att->dev, domain))) {
		ret = iommu_attach_device_pasid(domain, att->dev,
						smm->data.pasid, &att->handle);
		if (ret == -EINVAL)
			continue;	/* doesn't fit its IOMMU */
		if (ret)
			sva_domain_put(smm, domain);
		return ret;
	}

	domain = sva_domain_alloc(smm, att->dev, mm);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	ret = iommu_attach_device_pasid(domain, att->dev, smm->data.pasid,
					&att->handle);
	if (ret)
		sva_domain_put(smm, domain);
	return ret;
}

static void sva_kill_binds_work(struct work_struct *work);

static struct sva_attachment *sva_attachment_new(struct sva_mm *smm,
						 struct device *dev,
						 struct mm_struct *mm)
{
	struct sva_attachment *att = kzalloc(sizeof(*att), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!att)
		return ERR_PTR(-ENOMEM);

	att->smm = smm;
	att->dev = dev;
	att->binds = 1;
	refcount_set(&att->refs, 1);
	INIT_LIST_HEAD(&att->faults);
	init_waitqueue_head(&att->answered);
	INIT_WORK(&att->kill_binds, sva_kill_binds_work);
	iommu_sva_kva_get(dev);
	ret = sva_attach_domain(att, mm);
	if (ret) {
		iommu_sva_kva_put(dev);
		kfree(att);
		return ERR_PTR(ret);
	}
	spin_lock(&smm->lock);
	list_add(&att->node, &smm->attachments);
	spin_unlock(&smm->lock);
	return att;
}

static struct sva_attachment *sva_find_attachment(struct sva_mm *smm,
						  struct device *dev)
{
	struct sva_attachment *att;

	lockdep_assert_held(&smm->lock);

	list_for_each_entry(att, &smm->attachments, node) {
		if (att->dev == dev)
			return att;
	}
	return NULL;
}

static bool sva_detaching(struct sva_mm *smm, struct device *dev)
{
	struct sva_attachment *att;
	bool ret;

	spin_lock(&smm->lock);
	att = sva_find_attachment(smm, dev);
	ret = att && (!att->binds || att->refusing);
	spin_unlock(&smm->lock);
	return ret;
}

/* One bind more of what @dev is attached by: NULL if it is not. */
static struct sva_attachment *sva_attachment_share(struct sva_mm *smm,
						   struct device *dev)
{
	struct sva_attachment *att;

	spin_lock(&smm->lock);
	att = sva_find_attachment(smm, dev);
	if (att && (!att->binds || att->refusing)) {
		att = ERR_PTR(-EBUSY);
	} else if (att) {
		att->binds++;
		refcount_inc(&att->refs);
	}
	spin_unlock(&smm->lock);
	return att;
}

static struct sva_attachment *sva_attachment_get(struct sva_mm *smm,
						 struct device *dev,
						 struct mm_struct *mm)
{
	struct sva_attachment *att;

	if (mutex_lock_killable(&smm->bind_lock))
		return ERR_PTR(-EINTR);

	while ((att = sva_attachment_share(smm, dev)) == ERR_PTR(-EBUSY)) {
		if (wait_event_killable(smm->detached,
					!sva_detaching(smm, dev))) {
			att = ERR_PTR(-EINTR);
			break;
		}
	}
	if (!att)
		att = sva_attachment_new(smm, dev, mm);

	mutex_unlock(&smm->bind_lock);
	return att;
}

/* One bind less; the last one detaches.  The IOMMU's waits are bounded. */
static void sva_attachment_unbind(struct sva_attachment *att)
{
	struct iommu_domain *domain = att->handle.domain;
	struct sva_mm *smm = att->smm;
	bool last;

	spin_lock(&smm->lock);
	last = !--att->binds;
	spin_unlock(&smm->lock);
	if (!last)
		return;

	sva_refuse(att);
	iommu_detach_device_pasid(domain, att->dev, smm->data.pasid);
	iommu_sva_kva_put(att->dev);
	sva_domain_put(smm, domain);

	spin_lock(&smm->lock);
	list_del(&att->node);
	wake_up_all(&smm->detached);
	spin_unlock(&smm->lock);
}

/*
 * The off-CPU task that a bind is.
 */

static struct iommu_sva *to_sva(struct offcpu_task *task)
{
	return container_of(task, struct iommu_sva, task);
}

/*
 * The device knows binds by their PASID alone.  One that is told to abort takes
 * all others of the attachment along, in a worker of its own: who aborts must not
 * wait for them, and they have owners of their own, or none yet.
 */
static void sva_kill_binds(struct sva_attachment *att)
{
	refcount_inc(&att->refs);
	get_device(att->dev);
	if (!queue_work(system_unbound_wq, &att->kill_binds)) {
		put_device(att->dev);
		sva_attachment_put(att);
	}
}

/*
 * What the device still does for this mm fails from now on.  So one comes to an
 * end soon that can't be told to give up, because it takes no command while it
 * drains.  The caller's bind keeps @att attached.
 */
static void sva_abort(struct sva_attachment *att)
{
	const struct iommu_ops *ops = dev_iommu_ops(att->dev);

	/* A device that waits for a page can't give up what waits for it. */
	if (!sva_refuse(att))
		return;
	if (ops->block_dev_pasid)
		ops->block_dev_pasid(att->dev, att->smm->data.pasid);
	/* From now on there are only less. */
	if (READ_ONCE(att->binds) > 1)
		sva_kill_binds(att);
}

static void sva_task_drain_begin(struct offcpu_task *task,
				 enum offcpu_rung rung)
{
	struct iommu_sva *sva = to_sva(task);

	if (rung >= OFFCPU_ABORT)
		sva_abort(sva->att);
	sva->ops->drain_begin(sva, rung);
}

static int sva_task_drain_finish(struct offcpu_task *task,
				 enum offcpu_rung rung, unsigned long timeout)
{
	struct iommu_sva *sva = to_sva(task);

	return sva->ops->drain_finish(sva, rung, timeout);
}

static void sva_task_detach(struct offcpu_task *task)
{
	sva_attachment_unbind(to_sva(task)->att);
}

static void sva_task_dead(struct offcpu_task *task)
{
	struct iommu_sva *sva = to_sva(task);

	if (sva->ops->dead)
		sva->ops->dead(sva);
}

static void sva_task_free(struct offcpu_task *task)
{
	struct iommu_sva *sva = to_sva(task);

	sva_attachment_put(sva->att);
	kfree(sva);
}

static unsigned long sva_task_faults(struct offcpu_task *task)
{
	return atomic_long_read(&to_sva(task)->att->served);
}

static const struct offcpu_task_ops sva_task_ops = {
	.drain_begin	= sva_task_drain_begin,
	.drain_finish	= sva_task_drain_finish,
	.detach		= sva_task_detach,
	.dead		= sva_task_dead,
	.free		= sva_task_free,
	.faults		= sva_task_faults,
};

static bool sva_is_bind_of(struct offcpu_task *task, void *att)
{
	return task->ops == &sva_task_ops && to_sva(task)->att == att;
}

static void sva_kill_binds_work(struct work_struct *work)
{
	struct sva_attachment *att = container_of(work, struct sva_attachment,
						  kill_binds);
	struct device *dev = att->dev;

	offcpu_task_kill_some(dev, sva_is_bind_of, att, OFFCPU_SIBLING);
	sva_attachment_put(att);
	put_device(dev);
}

static int sva_may_bind(struct device *dev, struct mm_struct *mm)
{
	if (!dev->iommu || !dev->iommu->iommu_dev || !dev->iommu_group)
		return -ENODEV;
	if (!iommu_sva_kva_supported(dev))
		return -EOPNOTSUPP;
	if (iommu_sva_is_isolated(dev))
		return -EIO;
	if (!mm || mm != current->mm)
		return -EINVAL;
	/* LAM: the IOMMU would not ignore the bits that the CPU does. */
	if (!arch_pgtable_dma_compat(mm))
		return -EBUSY;
	return 0;
}

/* Has a bind been made while another one's abort killed all that there were? */
static bool sva_bound_late(struct sva_attachment *att)
{
	bool late;

	spin_lock(&att->smm->lock);
	late = att->refusing;
	spin_unlock(&att->smm->lock);
	return late;
}

/* Attach @sva->att and make the task, which may die at once. */
static int sva_bind(struct iommu_sva *sva, struct device *dev,
		    struct mm_struct *mm)
{
	struct sva_mm *smm = sva_mm_get(mm, dev);
	struct sva_attachment *att;
	int ret;

	if (IS_ERR(smm))
		return PTR_ERR(smm);
	att = sva_attachment_get(smm, dev, mm);
	if (IS_ERR(att))
		return PTR_ERR(att);

	sva->att = att;
	ret = offcpu_task_bind(&sva->task, mm, dev, smm->data.pasid,
			       &sva_task_ops);
	if (ret) {
		sva_attachment_unbind(att);
		sva_attachment_put(att);
	} else if (sva_bound_late(att)) {
		sva_kill_binds(att);
	}
	return ret;
}

/**
 * iommu_sva_bind_device() - let a device work on current's address space
 * @dev: the device, with IOMMU_DEV_FEAT_IOPF (if it needs it) and
 *	IOMMU_DEV_FEAT_SVA enabled
 * @mm: current->mm
 * @ops: how to make the device quiet for this bind
 * @priv: what iommu_sva_priv() returns to @ops
 *
 * The device can use the mm's PASID upon return, until the bind dies: when its
 * process does, when somebody kills it, or unbound.  Each bind is an off-CPU task
 * of its own; all of an mm to a device share the PASID and the attachment.
 *
 * May sleep.  Takes mmap_lock, so no lock of the caller's may be held that @ops
 * take, or that is taken within mmap_lock.  In a group of several devices only
 * one can be bound to an mm at a time.
 *
 * Return: the bind, or an ERR_PTR(): -EINVAL: @mm is not current's; -ENODEV: no
 * IOMMU; -EOPNOTSUPP: refused on this machine; -EIO: @dev is isolated; -EBUSY:
 * linear address masking is on, or the group's other device is bound; -ENOSPC:
 * out of PASIDs; -EOVERFLOW: the mm's PASID is too large for @dev; -ESRCH: @mm is
 * dying; -EINTR: current is; -ENOMEM; or what the IOMMU driver says.
 */
struct iommu_sva *iommu_sva_bind_device(struct device *dev,
					struct mm_struct *mm,
					const struct iommu_sva_ops *ops,
					void *priv)
{
	struct iommu_sva *sva;
	int ret;

	ret = sva_may_bind(dev, mm);
	if (ret)
		return ERR_PTR(ret);

	sva = kzalloc(sizeof(*sva), GFP_KERNEL_ACCOUNT);
	if (!sva)
		return ERR_PTR(-ENOMEM);
	sva->ops = ops;
	sva->priv = priv;

	ret = sva_bind(sva, dev, mm);
	if (ret) {
		kfree(sva);
		return ERR_PTR(ret);
	}
	return sva;
}
EXPORT_SYMBOL_GPL(iommu_sva_bind_device);

/**
 * iommu_sva_unbind_device() - end a bind and free it
 * @sva: the bind, live or killed meanwhile
 *
 * Drains it if nobody has.  None of its operations runs or will run upon return.
 * Context and bounds are offcpu_task_unbind()'s.
 */
void iommu_sva_unbind_device(struct iommu_sva *sva)
{
	offcpu_task_unbind(&sva->task);
}
EXPORT_SYMBOL_GPL(iommu_sva_unbind_device);

/**
 * iommu_sva_get_pasid() - what the device knows the address space by
 * @sva: the bind
 *
 * Any context.  A dead bind's may be another mm's.
 *
 * Return: the PASID.
 */
u32 iommu_sva_get_pasid(struct iommu_sva *sva)
{
	return sva->task.pasid;
}
EXPORT_SYMBOL_GPL(iommu_sva_get_pasid);

/**
 * iommu_sva_priv() - what the driver gave at bind
 * @sva: the bind
 *
 * Any context.
 *
 * Return: the pointer.
 */
void *iommu_sva_priv(struct iommu_sva *sva)
{
	return sva->priv;
}
EXPORT_SYMBOL_GPL(iommu_sva_priv);

/**
 * iommu_sva_is_live() - has nobody begun to kill the bind?
 * @sva: the bind
 *
 * Any context.  See offcpu_task_is_live().
 *
 * Return: true if it is live.
 */
bool iommu_sva_is_live(struct iommu_sva *sva)
{
	return offcpu_task_is_live(&sva->task);
}
EXPORT_SYMBOL_GPL(iommu_sva_is_live);

/**
 * iommu_sva_kill() - kill a bind; it is dead upon return
 * @sva: the bind, which the caller keeps from being unbound
 * @cause: why
 *
 * Context and bounds are offcpu_task_unbind()'s.
 */
void iommu_sva_kill(struct iommu_sva *sva, enum offcpu_cause cause)
{
	offcpu_task_kill(&sva->task, cause);
}
EXPORT_SYMBOL_GPL(iommu_sva_kill);

/* What offcpu_task_kill_some() is asked for, in terms of binds. */
struct sva_some {
	bool (*which)(struct iommu_sva *sva, void *arg);
	void *arg;
};

static bool sva_is_one(struct offcpu_task *task, void *arg)
{
	struct sva_some *some = arg;

	return task->ops == &sva_task_ops &&
	       some->which(to_sva(task), some->arg);
}

/**
 * iommu_sva_kill_some() - kill some of the binds to a device
 * @dev: the device
 * @which: is it one of them?  Called without sleeping
 * @arg: for @which
 * @cause: why
 *
 * See offcpu_task_kill_some().
 */
void iommu_sva_kill_some(struct device *dev,
			 bool (*which)(struct iommu_sva *sva, void *arg),
			 void *arg, enum offcpu_cause cause)
{
	struct sva_some some = { .which = which, .arg = arg };

	offcpu_task_kill_some(dev, sva_is_one, &some, cause);
}
EXPORT_SYMBOL_GPL(iommu_sva_kill_some);

/**
 * iommu_sva_kill_device() - kill all binds to a device; they are dead upon return
 * @dev: the device; the caller keeps others from binding to it
 * @cause: why
 *
 * Context and bounds are offcpu_task_unbind()'s; they are drained in parallel.
 */
void iommu_sva_kill_device(struct device *dev, enum offcpu_cause cause)
{
	offcpu_task_kill_device(dev, cause);
}
EXPORT_SYMBOL_GPL(iommu_sva_kill_device);
