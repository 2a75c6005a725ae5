// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults that devices have in the address spaces that they are bound to.
 *
 * This file may fault pages of an mm in and answer the device by way of the
 * IOMMU core.
 *
 * A group is answered once, by who takes it off the attachment's list: the
 * worker that handled it, or a kill, which does not wait for the worker.  The
 * worker has references of its own, and does not touch the device any more.
 *
 * A worker may sleep for as long as a file system wants, as a thread of the
 * process would that touched the page.  So it is killed as that would be: a kill
 * sends SIGKILL, which ends all waits that a killed process's may end (a page
 * that is being read, a memory cgroup at its limit, mmap_lock).  Some are ended
 * by nothing, such as that for a FUSE server that has taken the request.  But a
 * worker that is asleep in I/O has let go of mmap_lock, and then has no business
 * with the pages any more: the kill takes its reference on mm_users away, under
 * that lock.  So all that such a worker keeps of a dead process is the file, the
 * mm_struct and its PASID, besides itself; see SVA_MAX_WORKERS for how many.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <kunit/visibility.h>

#include "iommu-sva-priv.h"

/*
 * Page faults that are handled at a time: of all mms, and of one over all of its
 * devices.  Once half of the pool is busy an mm gets one worker, so that no few
 * whose faults are stuck take it from the others.
 */
#define SVA_POOL	WQ_UNBOUND_MAX_ACTIVE
#define SVA_MAX_WORKERS	16
/*
 * So many are handled where the IOMMU driver takes them, by that very thread if it
 * likes, or by workers of that CPU, of which one runs at a time: no other CPU has to
 * be woken up.  If there are more they are spread over all CPUs.
 */
#define SVA_LOCAL	16
/* A fault that had to be retried that often is not going to be served. */
#define SVA_MAX_RETRIES	64

/**
 * struct sva_fault - a page request group of a device
 * @work: handles it
 * @refs: one of the worker's, one of whoever else answers it
 * @group: what came
 * @att: where it came from, referenced
 * @mm: whose pages, referenced by mm_count
 * @node: on sva_mm::waiting until it is refused or given to a worker, then on
 *	sva_mm::given until that is done.  Under sva_mm::lock
 * @pending: on sva_attachment::faults until somebody answers it.  Under
 *	sva_mm::lock
 * @given: it is a worker's.  Under sva_mm::lock
 * @worker: who is at it, for a kill to wake.  Under sva_mm::lock
 * @killed: it was sent SIGKILL.  Under sva_mm::lock
 * @has_users: the worker has a reference on mm_users.  Taken away under
 *	sva_mm::lock and mmap_lock for writing, so it may be read under either
 * @locked: the worker holds mmap_lock for reading; only the worker looks
 * @vma: while @locked, where the group's last page was found, or NULL
 */
struct sva_fault {
	struct work_struct work;
	refcount_t refs;
	struct iopf_group *group;
	struct sva_attachment *att;
	struct mm_struct *mm;
	struct list_head node;
	struct list_head pending;
	bool given;
	struct task_struct *worker;
	bool killed;
	bool has_users;
	bool locked;
	struct vm_area_struct *vma;
};

static struct workqueue_struct *sva_local, *sva_spread;
/* Faults that are given to workers, of all mms. */
static atomic_t sva_busy;

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
 * Have mmap_lock, and a reason to go on.  There is none when the reaper has been
 * at the pages, or a kill has taken the reference on mm_users away.
 */
static int sva_lock(struct sva_fault *fault)
{
	if (!fault->locked) {
		if (fatal_signal_pending(current) ||
		    mmap_read_lock_killable(fault->mm))
			return -EINTR;
		fault->locked = true;
		fault->vma = NULL;
	}
	if (!fault->has_users || check_stable_address_space(fault->mm))
		return -EFAULT;
	return 0;
}

/* The pages of a group are neighbours. */
static struct vm_area_struct *sva_find_vma(struct sva_fault *fault,
					   unsigned long addr)
{
	struct vm_area_struct *vma = fault->vma;

	if (!vma || addr < vma->vm_start || addr >= vma->vm_end)
		fault->vma = vma_lookup(fault->mm, addr);
	return fault->vma;
}

/*
 * One attempt.  mmap_lock is not held while asleep on I/O: FAULT_FLAG_TRIED,
 * which makes the fault handlers do that, is never given.  The stack is not
 * grown: that would be judged by the worker's limits.  Not FAULT_FLAG_USER: an
 * OOM would then be left to the worker's return to user mode.
 */
static vm_fault_t sva_fault_once(struct sva_fault *fault,
				 const struct iommu_fault_page_request *prm)
{
	unsigned int flags = FAULT_FLAG_REMOTE | FAULT_FLAG_ALLOW_RETRY |
			     FAULT_FLAG_KILLABLE;
	struct vm_area_struct *vma;
	vm_fault_t ret;

	if (prm->perm & IOMMU_FAULT_PERM_WRITE)
		flags |= FAULT_FLAG_WRITE;
	if (prm->perm & IOMMU_FAULT_PERM_EXEC)
		flags |= FAULT_FLAG_INSTRUCTION;

	vma = sva_find_vma(fault, prm->addr);
	if (!vma || !sva_access_ok(vma, prm))
		return VM_FAULT_SIGSEGV;
	ret = handle_mm_fault(vma, prm->addr, flags, NULL);
	/* In these two cases it has let go of the lock. */
	if (ret & (VM_FAULT_RETRY | VM_FAULT_COMPLETED))
		fault->locked = false;
	return ret;
}

static int sva_handle_one(struct sva_fault *fault,
			  const struct iommu_fault_page_request *prm)
{
	vm_fault_t once;
	int i, ret;

	/* A user's descriptor has no supervisor's rights. */
	if (prm->perm & IOMMU_FAULT_PERM_PRIV)
		return -EACCES;

	for (i = 0; i < SVA_MAX_RETRIES; i++) {
		ret = sva_lock(fault);
		if (ret)
			return ret;
		once = sva_fault_once(fault, prm);
		if (!(once & VM_FAULT_RETRY))
			return once & VM_FAULT_ERROR ? -EFAULT : 0;
		cond_resched();
	}
	return -EFAULT;
}

/* All pages of a group under one mmap_lock, as long as none has to be read in. */
static enum iommu_page_response_code sva_handle_group(struct sva_fault *fault)
{
	struct iopf_fault *iopf;
	int ret = 0;

	list_for_each_entry(iopf, &fault->group->faults, list) {
		ret = sva_handle_one(fault, &iopf->fault.prm);
		if (ret)
			break;
		atomic_long_inc(&fault->att->served);
	}
	if (fault->locked)
		mmap_read_unlock(fault->mm);
	return ret ? IOMMU_PAGE_RESP_INVALID : IOMMU_PAGE_RESP_SUCCESS;
}

/* The attachment keeps the memory of one. */
static void sva_fault_put(struct sva_fault *fault)
{
	struct sva_attachment *att = fault->att;

	if (!refcount_dec_and_test(&fault->refs))
		return;
	iopf_free_group(fault->group);
	mmdrop(fault->mm);
	if (cmpxchg(&att->spare, NULL, fault))
		kfree(fault);
	sva_attachment_put(att);
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
	if (!--att->answering && wq_has_sleeper(&att->answered))
		wake_up_all(&att->answered);
	spin_unlock(&att->smm->lock);
}

/*
 * Begin to handle @fault, unless a kill has answered it before its turn came.
 * Only while the mm has users are there pages to fault in.
 */
static bool sva_work_begin(struct sva_fault *fault)
{
	struct sva_mm *smm = fault->att->smm;
	bool ret;

	spin_lock(&smm->lock);
	ret = !list_empty(&fault->pending);
	if (ret) {
		fault->worker = current;
		fault->has_users = mmget_not_zero(fault->mm);
	}
	spin_unlock(&smm->lock);
	return ret;
}

/* Done with the mm and, if nobody was faster, answer. */
static void sva_work_end(struct sva_fault *fault,
			 enum iommu_page_response_code code)
{
	struct sva_mm *smm = fault->att->smm;
	bool mine, has_users;

	spin_lock(&smm->lock);
	fault->worker = NULL;
	if (fault->killed)
		disallow_signal(SIGKILL);
	has_users = fault->has_users;
	fault->has_users = false;
	mine = sva_claim_answer(fault);
	spin_unlock(&smm->lock);

	/* First this, so that none is left when a drain has ended. */
	if (has_users)
		mmput(fault->mm);
	if (mine)
		sva_answer(fault, code);
}

/*
 * Have a worker handle @fault, which is counted in sva_busy.  The caller may be one,
 * and take what is left in @leave.
 */
static void sva_give(struct sva_fault *fault, struct work_struct **leave)
{
	if (leave && !*leave)
		*leave = &fault->work;
	else if (atomic_read(&sva_busy) <= SVA_LOCAL)
		queue_work(sva_local, &fault->work);
	else
		queue_work(sva_spread, &fault->work);
}

/* The worker of @fault is done: give it the mm's next one, if there is one. */
static void sva_next_fault(struct sva_fault *fault)
{
	struct sva_mm *smm = fault->att->smm;
	struct sva_fault *next;

	spin_lock(&smm->lock);
	list_del(&fault->node);
	next = list_first_entry_or_null(&smm->waiting, struct sva_fault, node);
	if (next) {
		next->given = true;
		list_move_tail(&next->node, &smm->given);
	} else {
		smm->workers--;
		atomic_dec(&sva_busy);
	}
	spin_unlock(&smm->lock);
	if (next)
		sva_give(next, NULL);
}

static void sva_fault_work(struct work_struct *work)
{
	struct sva_fault *fault = container_of(work, struct sva_fault, work);

	if (sva_work_begin(fault))
		sva_work_end(fault, sva_handle_group(fault));
	sva_next_fault(fault);
	sva_fault_put(fault);
}

static struct sva_fault *sva_fault_alloc(struct iopf_group *group)
{
	struct sva_attachment *att = container_of(group->attach_handle,
						  struct sva_attachment, handle);
	struct sva_fault *fault = xchg(&att->spare, NULL);

	if (!fault)
		fault = kmalloc(sizeof(*fault), GFP_NOWAIT | __GFP_NOWARN);
	if (!fault)
		return NULL;

	*fault = (struct sva_fault) {
		.refs = REFCOUNT_INIT(1),
		.group = group,
		.att = att,
		.mm = group->attach_handle->domain->mm,
	};
	INIT_WORK(&fault->work, sva_fault_work);
	refcount_inc(&att->refs);
	mmgrab(fault->mm);
	return fault;
}

static unsigned int sva_max_workers(void)
{
	return atomic_read(&sva_busy) < SVA_POOL / 2 ? SVA_MAX_WORKERS : 1;
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
		run = smm->workers < sva_max_workers();
		if (run) {
			smm->workers++;
			atomic_inc(&sva_busy);
		}
		fault->given = run;
		list_add_tail(&fault->node, run ? &smm->given : &smm->waiting);
	}
	spin_unlock(&smm->lock);

	if (run)
		sva_give(fault, fault->group->leave);
	return ret;
}

/**
 * sva_iopf_handler() - the IOMMU core's page fault handler for SVA domains
 * @group: the page request group
 *
 * Called by who takes requests from the IOMMU.  The attachment is there: a detach
 * has the IOMMU driver wait for the requests that came before, and those that
 * come after find no handle.
 *
 * The group is taken off the core's list of pending ones, because the core frees
 * what it finds there without asking who else looks at it.
 *
 * An exit that drains a PASID waits for who takes requests.  So that does not wait
 * for memory, which perhaps only the exit would bring: the device is told to try
 * again.
 *
 * Return: 0; it is or will be answered.
 */
int sva_iopf_handler(struct iopf_group *group)
{
	struct sva_fault *fault = sva_spread ? sva_fault_alloc(group) : NULL;

	if (!list_empty(&group->pending_node))
		iopf_group_dequeue(group);
	if (fault && !sva_queue_fault(fault))
		return 0;

	iopf_group_response(group, fault || !sva_spread ?
			    IOMMU_PAGE_RESP_INVALID : IOMMU_PAGE_RESP_SUCCESS);
	if (fault)
		sva_fault_put(fault);
	else
		iopf_free_group(group);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(sva_iopf_handler);

/**
 * sva_let_go_work() - take mm_users from workers whose faults are answered
 * @work: sva_mm::let_go, queued with a reference on mm_count
 *
 * Who holds mmap_lock for writing knows that no worker is at the pages.  One that
 * is asleep in I/O has let go of the lock, and will see that it lost its
 * reference when it has the lock again.
 *
 * In a worker of its own: a kill must not wait for mmap_lock.
 */
void sva_let_go_work(struct work_struct *work)
{
	struct sva_mm *smm = container_of(work, struct sva_mm, let_go);
	struct mm_struct *mm = smm->mm;
	struct sva_fault *fault;
	unsigned int users = 0;

	mmap_write_lock(mm);
	spin_lock(&smm->lock);
	list_for_each_entry(fault, &smm->given, node) {
		if (fault->has_users && list_empty(&fault->pending)) {
			fault->has_users = false;
			users++;
		}
	}
	spin_unlock(&smm->lock);
	mmap_write_unlock(mm);

	while (users--)
		mmput(mm);
	mmdrop(mm);
}
EXPORT_SYMBOL_IF_KUNIT(sva_let_go_work);

static void sva_let_go(struct sva_mm *smm)
{
	mmgrab(smm->mm);
	if (!queue_work(system_unbound_wq, &smm->let_go))
		mmdrop(smm->mm);
}

/*
 * A kernel thread's signals are its own, and it ignores all: this one is ours to send,
 * and its own to ignore again in sva_work_end().
 */
static void sva_kill_worker(struct sva_fault *fault)
{
	struct sighand_struct *sighand;
	unsigned long flags;

	lockdep_assert_held(&fault->att->smm->lock);

	/* It can't exit meanwhile. */
	sighand = lock_task_sighand(fault->worker, &flags);
	sighand->action[SIGKILL - 1].sa.sa_handler = SIG_KTHREAD_KERNEL;
	unlock_task_sighand(fault->worker, &flags);
	send_sig(SIGKILL, fault->worker, 1);
	fault->killed = true;
}

/* A worker may come to its fault long after, if ever: then it is not its any more. */
static bool sva_take_from_worker(struct sva_fault *fault)
{
	lockdep_assert_held(&fault->att->smm->lock);

	if (!fault->given) {
		list_del(&fault->node);
		return false;
	}
	refcount_inc(&fault->refs);
	if (!fault->worker)
		return false;
	sva_kill_worker(fault);
	return true;
}

/**
 * sva_refuse() - refuse what faults there are and come
 * @att: the attachment
 *
 * For good.  Upon return no answer is on its way to the device.  May sleep; that
 * wait is bounded by the IOMMU, since an answer waits for its invalidation queue
 * and nothing else.
 *
 * Return: false if they have been refused already.
 */
bool sva_refuse(struct sva_attachment *att)
{
	struct sva_mm *smm = att->smm;
	struct sva_fault *fault;
	bool killed = false, first;

	spin_lock(&smm->lock);
	first = !att->refusing;
	att->refusing = true;
	while ((fault = list_first_entry_or_null(&att->faults, struct sva_fault,
						 pending))) {
		sva_claim_answer(fault);
		killed |= sva_take_from_worker(fault);
		spin_unlock(&smm->lock);
		sva_answer(fault, IOMMU_PAGE_RESP_INVALID);
		sva_fault_put(fault);
		spin_lock(&smm->lock);
	}
	spin_unlock(&smm->lock);

	if (killed)
		sva_let_go(smm);
	wait_event_idle(att->answered, !READ_ONCE(att->answering));
	return first;
}
EXPORT_SYMBOL_IF_KUNIT(sva_refuse);

static int __init sva_fault_init(void)
{
	sva_local = alloc_workqueue("iommu_sva", 0, SVA_POOL);
	if (!sva_local)
		return -ENOMEM;
	sva_spread = alloc_workqueue("iommu_sva_spread", WQ_UNBOUND, SVA_POOL);
	return sva_spread ? 0 : -ENOMEM;
}
subsys_initcall(sva_fault_init);
