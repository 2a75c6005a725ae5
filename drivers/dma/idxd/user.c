// SPDX-License-Identifier: GPL-2.0
/*
 * Open files: binding and unbinding of the off-CPU task behind each.  Touches
 * no register.
 */
#include <linux/fs.h>
#include <linux/iommu-sva.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "config.h"
#include "device.h"
#include "recovery.h"
#include "user.h"
#include "wq.h"

/* How long an open may go on when its queue has gone. */
#define IDXD_OPEN_TIMEOUT	(5 * HZ)

static struct idxd_user *idxd_user_alloc(struct idxd_wq *wq, struct file *file)
{
	/* Unique, so that zapping one portal leaves the others alone. */
	static atomic64_t pgoff;
	struct idxd_user *user = kzalloc(sizeof(*user), GFP_KERNEL);

	if (!user)
		return NULL;

	user->wq = wq;
	user->mm = current->mm;
	user->mapping = file->f_mapping;
	user->pgoff = atomic64_inc_return(&pgoff);
	mutex_init(&user->lock);
	INIT_LIST_HEAD(&user->node);
	if (idxd_drain_alloc(user)) {
		kfree(user);
		return NULL;
	}
	return user;
}

static void idxd_user_free(struct idxd_user *user)
{
	idxd_drain_free(user);
	kfree(user);
}

static int idxd_user_may_open(struct idxd_wq *wq)
{
	lockdep_assert_held(&wq->lock);
	if (wq->state != IDXD_WQ_ENABLED || !idxd_device_works(wq->idxd))
		return -ENODEV;
	if (wq->cfg.dedicated && wq->owner) {
		if (iommu_sva_is_live(wq->owner->sva))
			return -EBUSY;
		/* Others may keep its file for long, but it needs no queue. */
		iommu_sva_kill(wq->owner->sva, OFFCPU_UNBIND);
	}
	return 0;
}

/* The first half of opening: is there a queue, and is it free? */
static int idxd_user_prepare(struct idxd_wq *wq)
{
	int ret;

	mutex_lock(&wq->lock);
	ret = idxd_user_may_open(wq);
	mutex_unlock(&wq->lock);

	return ret;
}

/* The second half, once bound.  The queue may have gone meanwhile. */
static int idxd_user_enter(struct idxd_user *user)
{
	struct idxd_wq *wq = user->wq;
	int ret;

	mutex_lock(&wq->lock);
	ret = idxd_user_may_open(wq);
	if (!ret && wq->cfg.dedicated) {
		ret = idxd_wq_set_pasid(wq, iommu_sva_get_pasid(user->sva));
		if (!ret)
			wq->owner = user;
	}
	if (!ret)
		list_add_tail(&user->node, &wq->users);
	mutex_unlock(&wq->lock);

	return ret;
}

static int idxd_user_bind(struct idxd_user *user)
{
	struct idxd_wq *wq = user->wq;
	struct iommu_sva *sva;
	int ret;

	/* Until the drain has stopped its submissions. */
	idxd_cmd_cover_enter(wq->idxd, &wq->drain);
	sva = iommu_sva_bind_device(&wq->idxd->pdev->dev, current->mm,
				    &idxd_drain_ops, user);
	if (IS_ERR(sva)) {
		idxd_cmd_cover_leave(wq->idxd, &wq->drain);
		return PTR_ERR(sva);
	}

	user->sva = sva;
	ret = idxd_user_enter(user);
	if (ret)
		iommu_sva_unbind_device(sva);
	return ret;
}

static struct idxd_user *idxd_user_open_locked(struct idxd_wq *wq,
					       struct file *file)
{
	struct idxd_user *user;
	int ret;

	lockdep_assert_held(&wq->open_lock);
	ret = idxd_user_prepare(wq);
	if (ret)
		return ERR_PTR(ret);
	user = idxd_user_alloc(wq, file);
	if (!user)
		return ERR_PTR(-ENOMEM);

	ret = idxd_user_bind(user);
	if (ret) {
		idxd_user_free(user);
		return ERR_PTR(ret);
	}
	return user;
}

static void idxd_set_opener(struct idxd_wq *wq, struct task_struct *opener)
{
	mutex_lock(&wq->lock);
	wq->opener = opener;
	mutex_unlock(&wq->lock);
}

struct idxd_user *idxd_user_open(struct idxd_wq *wq, struct file *file)
{
	struct idxd_user *user;

	if (mutex_lock_interruptible(&wq->open_lock))
		return ERR_PTR(-ERESTARTSYS);
	idxd_set_opener(wq, current);
	user = idxd_user_open_locked(wq, file);
	idxd_set_opener(wq, NULL);
	mutex_unlock(&wq->open_lock);
	wake_up_all(&wq->opened);

	return user;
}

static void idxd_kill_opener(struct idxd_wq *wq)
{
	mutex_lock(&wq->lock);
	if (wq->opener) {
		dev_warn(&wq->conf_dev, "open by pid %d does not end: killed\n",
			 task_pid_nr(wq->opener));
		send_sig(SIGKILL, wq->opener, 1);
	}
	mutex_unlock(&wq->lock);
}

/*
 * A bind waits for mmap_lock, and thereby for whatever the process that opens has
 * another thread do under it.  All that a bind waits for ends when it is killed, or
 * by itself.
 */
void idxd_users_wait_opens(struct idxd_wq *wq)
{
	if (!wait_event_timeout(wq->opened, mutex_trylock(&wq->open_lock),
				IDXD_OPEN_TIMEOUT)) {
		idxd_kill_opener(wq);
		mutex_lock(&wq->open_lock);
	}
	mutex_unlock(&wq->open_lock);
}

void idxd_user_close(struct idxd_user *user)
{
	struct idxd_wq *wq = user->wq;

	/* Listed until DEAD: who disables the queue waits for that as well. */
	iommu_sva_kill(user->sva, OFFCPU_UNBIND);

	mutex_lock(&wq->lock);
	list_del(&user->node);
	if (wq->owner == user) {
		wq->owner = NULL;
		if (!idxd_cmd_queue_closed(wq->idxd))
			idxd_wq_set_pasid(wq, IDXD_NO_PASID);
	}
	mutex_unlock(&wq->lock);

	iommu_sva_unbind_device(user->sva);
	idxd_user_free(user);
}

/* From now on they are told that the queue has gone, not the mm. */
static void idxd_users_mark_gone(struct idxd_wq *wq)
{
	struct idxd_user *user;

	lockdep_assert_held(&wq->lock);
	list_for_each_entry(user, &wq->users, node) {
		mutex_lock(&user->lock);
		user->gone = true;
		mutex_unlock(&user->lock);
	}
}

static bool idxd_user_uses(struct iommu_sva *sva, void *wq)
{
	struct idxd_user *user = iommu_sva_priv(sva);

	return user->wq == wq;
}

void idxd_users_kill(struct idxd_wq *wq, enum offcpu_cause cause)
{
	struct idxd_user *user, *next;

	lockdep_assert_held(&wq->lock);
	idxd_users_mark_gone(wq);
	iommu_sva_kill_some(&wq->idxd->pdev->dev, idxd_user_uses, wq, cause);
	list_for_each_entry_safe(user, next, &wq->users, node)
		list_del_init(&user->node);
	wq->owner = NULL;
}

void idxd_users_kill_all(struct idxd_device *idxd, enum offcpu_cause cause)
{
	unsigned int i;

	lockdep_assert_held(&idxd->lock);
	for (i = 0; i < idxd->caps.num_wqs; i++) {
		mutex_lock(&idxd->wqs[i]->lock);
		idxd_users_mark_gone(idxd->wqs[i]);
		mutex_unlock(&idxd->wqs[i]->lock);
	}
	iommu_sva_kill_device(&idxd->pdev->dev, cause);
}

int idxd_user_check(struct idxd_user *user)
{
	lockdep_assert_held(&user->lock);
	if (user->gone)
		return -ENODEV;
	/* The order matters: once dead, the mm's address may be another's. */
	if (user->dead)
		return -EOWNERDEAD;
	return user->mm == current->mm ? 0 : -EPERM;
}

int idxd_user_may_use(struct idxd_user *user)
{
	int ret;

	mutex_lock(&user->lock);
	ret = idxd_user_check(user);
	mutex_unlock(&user->lock);

	return ret;
}
