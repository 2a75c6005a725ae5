/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two halves of shared virtual addressing share: iommu-sva.c, which
 * binds, and iommu-sva-fault.c, which serves page faults.
 */
#ifndef _IOMMU_SVA_PRIV_H
#define _IOMMU_SVA_PRIV_H

#include <linux/atomic.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct sva_fault;

/**
 * struct sva_mm - what shared virtual addressing keeps of an mm
 * @data: the part that others read, through mm->iommu_mm
 * @mm: the mm, whose mm_struct outlives this
 * @bind_lock: one bind at a time.  It is held over the allocation of a domain,
 *	which takes mmap_lock, so nothing that a kill does may take it
 * @lock: guards all below, and in a domain users and next, and in an attachment
 *	what it says there.  Nothing sleeps under it, so a kill may take it
 * @domains: iommu_domain::next, all with users
 * @attachments: sva_attachment::node, until they are detached
 * @detached: an attachment has left the list
 * @waiting: sva_fault::node, not yet given to a worker
 * @given: sva_fault::node, given to a worker
 * @workers: how many that are
 * @let_go: sva_let_go_work()
 *
 * Made at the first bind, freed with the mm_struct: a bound task pins that, and
 * so does a fault that is being handled.
 *
 * So attach and detach are serialised like this.  Only a bind attaches, under
 * @bind_lock.  Who takes @binds of an attachment from one to zero, under @lock,
 * detaches it, without any lock, and takes it off the list last.  A bind that
 * finds an attachment without binds, or refusing, waits for that, with @bind_lock
 * held: other binds wait behind it, a kill never does.
 */
struct sva_mm {
	struct iommu_mm_data data;
	struct mm_struct *mm;
	struct mutex bind_lock;	/* binds, never kills */
	spinlock_t lock;	/* all below */
	struct list_head domains;
	struct list_head attachments;
	wait_queue_head_t detached;
	struct list_head waiting;
	struct list_head given;
	unsigned int workers;
	struct work_struct let_go;
};

/**
 * struct sva_attachment - a PASID on a device, for all binds of the mm to it
 * @handle: what the IOMMU core knows it by
 * @smm: its mm's, while it is attached or a fault holds the mm
 * @dev: the device; a bound task references it
 * @refs: one for each bind, one for each fault
 * @node: on @smm->attachments
 * @binds: those that want it attached.  Under @smm->lock
 * @refusing: a bind is being aborted or isolated, or all is detached: faults are
 *	answered at once, nobody binds, and it never changes back.  Under
 *	@smm->lock
 * @kill_binds: kills those that an abort takes along
 * @faults: sva_fault::pending, those not answered.  Under @smm->lock
 * @answering: answers on their way to the device.  Under @smm->lock
 * @answered: @answering is zero
 * @served: page faults that were handled
 * @spare: memory for a fault, or NULL.  Whoever takes it exchanges it
 */
struct sva_attachment {
	struct iommu_attach_handle handle;
	struct sva_mm *smm;
	struct device *dev;
	refcount_t refs;
	struct list_head node;
	unsigned int binds;
	bool refusing;
	struct work_struct kill_binds;
	struct list_head faults;
	unsigned int answering;
	wait_queue_head_t answered;
	atomic_long_t served;
	struct sva_fault *spare;
};

/* iommu-sva.c */
void sva_attachment_put(struct sva_attachment *att);

/* iommu-sva-fault.c */
int sva_iopf_handler(struct iopf_group *group);
bool sva_refuse(struct sva_attachment *att);
void sva_let_go_work(struct work_struct *work);

#endif
