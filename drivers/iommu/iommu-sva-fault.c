// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults that devices have in the address spaces that they are bound to.
 *
 * This file may fault pages of an mm in and answer the device by way of the
 * IOMMU core.
 *
 * A group is answered once, by who takes it off the attachment's list: the
 * worker that handled it, or a kill, which does not wait for the worker.  The
 * worker goes on with references of its own then, and does not touch the device
 * any more.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>
#include <linux/workqueue.h>

#include "iommu-sva-priv.h"

/* Page faults of one mm that are handled at a time, over all of its devices. */
#define SVA_MAX_WORKERS	16
/* A fault that had to be retried that often is not going to be served. */
#define SVA_MAX_RETRIES	64

/**
 * struct sva_fault - a page request group of a device
 * @work: handles it
 * @refs: one of the worker's, one of whoever else answers it
 * @group: what came
 * @att: where it came from, referenced
 * @mm: whose pages, referenced by mm_count
 * @node: on sva_mm::waiting, until it is given to a worker or refused
 * @pending: on sva_attachment::faults until somebody answers it
 */
struct sva_fault {
	struct work_struct work;
	refcount_t refs;
	struct iopf_group *group;
	struct sva_attachment *att;
	struct mm_struct *mm;
	struct list_head node;
	struct list_head pending;
};

static struct workqueue_struct *sva_workqueue;

static bool sva_access_ok(struct vm_area_struct *vma,
			  const struct iommu_fault_page_request *prm)
{
	vm_flags_t need = 0;

	if (prm->perm & IOMMU_FAULT_PERM_READ)
		need |= VM_READ;
	if (prm->perm & IOMMU_FAULT_PERM_WRITE)
		need |= VM_WRITE;
	if (prm->perm & IOMMU_FAULT_PERM_EXEC)
		need |= VM_EXEC;

	if (!need || need & ~vma->vm_flags)
		return false;
	/* Only the CPU's own instructions for it may write a shadow stack. */
	if (need & VM_WRITE && vma->vm_flags & VM_SHADOW_STACK)
		return false;
	/* Who would have to answer may be who is being killed. */
	return !userfaultfd_armed(vma);
}

/*
 * One attempt.  mmap_lock is not held while asleep on I/O: FAULT_FLAG_TRIED,
 * which makes the fault handlers do that, is never given.  The stack is not
 * grown: that would be judged by the worker's limits.  Not FAULT_FLAG_USER: an
 * OOM would then be left to the worker's return to user mode.
 */
static vm_fault_t sva_fault_once(struct mm_struct *mm,
				 const struct iommu_fault_page_request *prm)
{
	unsigned int flags = FAULT_FLAG_REMOTE | FAULT_FLAG_ALLOW_RETRY;
	vm_fault_t ret = VM_FAULT_SIGSEGV;
	struct vm_area_struct *vma;

	if (prm->perm & IOMMU_FAULT_PERM_WRITE)
		flags |= FAULT_FLAG_WRITE;
	if (prm->perm & IOMMU_FAULT_PERM_EXEC)
		flags |= FAULT_FLAG_INSTRUCTION;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, prm->addr);
	if (vma && sva_access_ok(vma, prm) && !check_stable_address_space(mm))
		ret = handle_mm_fault(vma, prm->addr, flags, NULL);
	/* In these two cases it has let go of the lock. */
	if (!(ret & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)))
		mmap_read_unlock(mm);
	return ret;
}

static int sva_handle_one(struct mm_struct *mm,
			  const struct iommu_fault_page_request *prm)
{
	vm_fault_t ret;
	int i;

	/* A user's descriptor has no supervisor's rights. */
	if (prm->perm & IOMMU_FAULT_PERM_PRIV)
		return -EACCES;

	for (i = 0; i < SVA_MAX_RETRIES; i++) {
		ret = sva_fault_once(mm, prm);
		if (!(ret & VM_FAULT_RETRY))
			return ret & VM_FAULT_ERROR ? -EFAULT : 0;
		cond_resched();
	}
	return -EFAULT;
}

static enum iommu_page_response_code sva_handle_group(struct sva_fault *fault)
{
	struct iopf_fault *iopf;
	int ret = 0;

	/* Only while the mm has users are there pages to fault in. */
	if (!mmget_not_zero(fault->mm))
		return IOMMU_PAGE_RESP_INVALID;

	list_for_each_entry(iopf, &fault->group->faults, list) {
		ret = sva_handle_one(fault->mm, &iopf->fault.prm);
		if (ret)
			break;
		atomic_long_inc(&fault->att->served);
	}
	mmput(fault->mm);
	return ret ? IOMMU_PAGE_RESP_INVALID : IOMMU_PAGE_RESP_SUCCESS;
}

static void sva_fault_put(struct sva_fault *fault)
{
	if (!refcount_dec_and_test(&fault->refs))
		return;
	iopf_free_group(fault->group);
	sva_attachment_put(fault->att);
	mmdrop(fault->mm);
	kfree(fault);
}

/* Shall the caller answer @fault?  Then it must, and is waited for. */
static bool sva_claim_answer(struct sva_fault *fault)
{
	lockdep_assert_held(&fault->att->smm->lock);

	if (list_empty(&fault->pending))
		return false;
	list_del_init(&fault->pending);
	fault->att->answering++;
	return true;
}

static void sva_answer(struct sva_fault *fault,
		       enum iommu_page_response_code code)
{
	struct sva_attachment *att = fault->att;

	iopf_group_response(fault->group, code);

	spin_lock(&att->smm->lock);
	if (!--att->answering)
		wake_up_all(&att->answered);
	spin_unlock(&att->smm->lock);
}

/* This worker is done: give it the next fault of the mm's, if there is one. */
static void sva_next_fault(struct sva_mm *smm)
{
	struct sva_fault *next;

	spin_lock(&smm->lock);
	next = list_first_entry_or_null(&smm->waiting, struct sva_fault, node);
	if (next)
		list_del_init(&next->node);
	else
		smm->workers--;
	spin_unlock(&smm->lock);
	if (next)
		queue_work(sva_workqueue, &next->work);
}

static void sva_fault_work(struct work_struct *work)
{
	struct sva_fault *fault = container_of(work, struct sva_fault, work);
	struct sva_mm *smm = fault->att->smm;
	enum iommu_page_response_code code;
	bool mine;

	/* Perhaps a kill has answered it before its turn came. */
	if (!list_empty_careful(&fault->pending)) {
		code = sva_handle_group(fault);
		spin_lock(&smm->lock);
		mine = sva_claim_answer(fault);
		spin_unlock(&smm->lock);
		if (mine)
			sva_answer(fault, code);
	}
	sva_next_fault(smm);
	sva_fault_put(fault);
}

static struct sva_fault *sva_fault_alloc(struct iopf_group *group)
{
	struct sva_fault *fault = kzalloc(sizeof(*fault), GFP_KERNEL);

	if (!fault)
		return NULL;

	INIT_WORK(&fault->work, sva_fault_work);
	INIT_LIST_HEAD(&fault->node);
	refcount_set(&fault->refs, 1);
	fault->group = group;
	fault->att = container_of(group->attach_handle, struct sva_attachment,
				  handle);
	fault->mm = group->attach_handle->domain->mm;
	refcount_inc(&fault->att->refs);
	mmgrab(fault->mm);
	return fault;
}

/* 0 if a worker will handle it. */
static int sva_queue_fault(struct sva_fault *fault)
{
	struct sva_attachment *att = fault->att;
	struct sva_mm *smm = att->smm;
	bool run = false;
	int ret = 0;

	spin_lock(&smm->lock);
	if (att->refusing) {
		ret = -ESHUTDOWN;
	} else {
		list_add_tail(&fault->pending, &att->faults);
		run = smm->workers < SVA_MAX_WORKERS;
		if (run)
			smm->workers++;
		else
			list_add_tail(&fault->node, &smm->waiting);
	}
	spin_unlock(&smm->lock);

	if (run)
		queue_work(sva_workqueue, &fault->work);
	return ret;
}

/**
 * sva_iopf_handler() - the IOMMU core's page fault handler for SVA domains
 * @group: the page request group
 *
 * Called from the IOMMU's interrupt thread.  The attachment is there: a detach
 * has the IOMMU driver wait for the requests that came before, and those that
 * come after find no handle.
 *
 * The group is taken off the core's list of pending ones, because the core frees
 * what it finds there without asking who else looks at it.
 *
 * Return: 0; it is or will be answered.
 */
int sva_iopf_handler(struct iopf_group *group)
{
	struct sva_fault *fault = sva_workqueue ? sva_fault_alloc(group) : NULL;

	iopf_group_dequeue(group);
	if (fault && !sva_queue_fault(fault))
		return 0;

	iopf_group_response(group, IOMMU_PAGE_RESP_INVALID);
	if (fault)
		sva_fault_put(fault);
	else
		iopf_free_group(group);
	return 0;
}

/**
 * sva_refuse_begin() - refuse what faults there are and come
 * @att: the attachment
 *
 * Until sva_refuse_end() is called as often.  Upon return no answer is on its way
 * to the device.  May sleep; that wait is bounded by the IOMMU, since an answer
 * waits for its invalidation queue and nothing else.
 */
void sva_refuse_begin(struct sva_attachment *att)
{
	struct sva_mm *smm = att->smm;
	struct sva_fault *fault;

	spin_lock(&smm->lock);
	att->refusing++;
	while ((fault = list_first_entry_or_null(&att->faults, struct sva_fault,
						 pending))) {
		sva_claim_answer(fault);
		/*
		 * No worker's then, who may come to it long after, if ever: a
		 * process could pile them up.
		 */
		if (list_empty(&fault->node))
			refcount_inc(&fault->refs);
		else
			list_del_init(&fault->node);
		spin_unlock(&smm->lock);
		sva_answer(fault, IOMMU_PAGE_RESP_INVALID);
		sva_fault_put(fault);
		spin_lock(&smm->lock);
	}
	spin_unlock(&smm->lock);

	wait_event_idle(att->answered, !READ_ONCE(att->answering));
}

/**
 * sva_refuse_end() - serve faults again, if nobody else has them refused
 * @att: the attachment
 *
 * Does not sleep.
 */
void sva_refuse_end(struct sva_attachment *att)
{
	spin_lock(&att->smm->lock);
	att->refusing--;
	spin_unlock(&att->smm->lock);
}

static int __init sva_fault_init(void)
{
	sva_workqueue = alloc_workqueue("iommu_sva", WQ_UNBOUND, 0);
	return sva_workqueue ? 0 : -ENOMEM;
}
subsys_initcall(sva_fault_init);
