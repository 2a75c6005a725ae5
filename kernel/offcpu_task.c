// SPDX-License-Identifier: GPL-2.0
/*
 * Off-CPU tasks: their states, what they pin of the mm, and how they are killed.
 *
 * This file may look at mm_struct's counts and at who uses an mm.  It knows
 * nothing about IOMMUs or drivers but the operations that bind() was given.
 *
 * A task is moved from LIVE to DYING by cmpxchg(), and who did that owns it: he
 * alone drains and detaches it, drops what it pins, and says DEAD.  All others
 * wait for that.  An owner waits for nobody while he owns a task, except for
 * the device, and that by the ladder: so owners can't wait for each other, and
 * whoever waits for DEAD waits no longer than two timeouts, plus what the
 * drivers need to queue, to isolate and to detach.
 */
#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/offcpu_task.h>
#include <linux/oom.h>
#include <linux/pid.h>
#include <linux/rbtree.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/sysctl.h>
#include <linux/task_work.h>
#include <linux/timekeeping.h>
#include <kunit/visibility.h>

#include "offcpu_task.h"

#define CREATE_TRACE_POINTS
#include <trace/events/offcpu.h>

/**
 * struct offcpu_mm - what an mm knows of its off-CPU tasks
 * @lock: guards all below
 * @tasks: those not yet DEAD, by mm_node
 * @pins: references on mm_users that these tasks hold.  A task's reference is
 *	taken before it is counted here and dropped after it no longer is, so
 *	that whoever holds @lock sees mm_users at least this high
 * @dying: no more binds
 * @exec_queued: @exec_work is
 * @exec_work: looks once more whether the mm has a CPU user, after one left it
 *	by exec
 * @mm: the mm
 *
 * Made at the first bind, freed with the mm_struct.
 */
struct offcpu_mm {
	spinlock_t lock;	/* all below */
	struct list_head tasks;
	int pins;
	bool dying;
	bool exec_queued;
	struct callback_head exec_work;
	struct mm_struct *mm;
};

/* Guards the two below; innermost, taken within offcpu_mm::lock. */
static DEFINE_SPINLOCK(offcpu_tasks_lock);
/*
 * All tasks from bind to unbind, by all_node, in the order of their IDs.  A task
 * that is in it has its driver's reference.
 */
static struct rb_root offcpu_tasks = RB_ROOT;
static u64 offcpu_last_id;

/* sysctl kernel.offcpu_drain_timeout_ms: the time that each rung is given. */
static unsigned int offcpu_drain_timeout_ms = 1000;
static unsigned int offcpu_drain_timeout_max_ms = 60 * 1000;

/**
 * offcpu_task_put() - drop a reference
 * @task: the task, which may be gone upon return
 *
 * Any context.
 */
void offcpu_task_put(struct offcpu_task *task)
{
	if (refcount_dec_and_test(&task->refs))
		complete(&task->unused);
}

/*
 * All tasks, found by ID: they may change whenever the lock is not held, so a
 * walk that lets go of it goes on with the next ID rather than the next node.
 */

static struct offcpu_task *offcpu_node_task(const struct rb_node *node)
{
	return rb_entry(node, struct offcpu_task, all_node);
}

static bool offcpu_node_less(struct rb_node *a, const struct rb_node *b)
{
	return offcpu_node_task(a)->id < offcpu_node_task(b)->id;
}

/* The task of the lowest ID that is not below @from, or NULL. */
static struct offcpu_task *offcpu_from(u64 from)
{
	struct rb_node *node = offcpu_tasks.rb_node;
	struct offcpu_task *found = NULL;

	lockdep_assert_held(&offcpu_tasks_lock);
	while (node) {
		struct offcpu_task *task = offcpu_node_task(node);

		if (task->id < from) {
			node = node->rb_right;
		} else {
			found = task;
			node = node->rb_left;
		}
	}
	return found;
}

/* Give it an ID, and let others find it. */
static void offcpu_publish(struct offcpu_task *task)
{
	spin_lock(&offcpu_tasks_lock);
	task->id = ++offcpu_last_id;
	trace_offcpu_task_bind(task);
	rb_add(&task->all_node, &offcpu_tasks, offcpu_node_less);
	spin_unlock(&offcpu_tasks_lock);
}

/*
 * The way to DEAD.  All of it runs in the owner, without a lock.
 */

/* Become the owner of a LIVE task; its driver's reference must be there. */
static bool offcpu_task_claim(struct offcpu_task *task, enum offcpu_cause cause)
{
	int live = OFFCPU_LIVE;

	if (!try_cmpxchg(&task->state, &live, OFFCPU_DYING))
		return false;

	refcount_inc(&task->refs);
	task->cause = cause;
	trace_offcpu_task_kill(task);
	return true;
}

static void offcpu_begin(struct list_head *busy, enum offcpu_rung rung)
{
	struct offcpu_task *task;

	list_for_each_entry(task, busy, kill_node)
		task->ops->drain_begin(task, rung);
}

static int offcpu_finish_one(struct offcpu_task *task, enum offcpu_rung rung)
{
	unsigned int ms = READ_ONCE(offcpu_drain_timeout_ms);
	int ret;

	if (rung == OFFCPU_ISOLATE)
		return 0;

	ret = task->ops->drain_finish(task, rung, msecs_to_jiffies(ms));
	if (ret)
		dev_warn_ratelimited(task->dev,
				     "off-CPU task %llu of pid %d: %s failed (%d)\n",
				     task->id, pid_nr(task->tgid),
				     rung == OFFCPU_DRAIN ? "drain" : "abort",
				     ret);
	return ret;
}

static void offcpu_finish(struct list_head *busy, struct list_head *quiet,
			  enum offcpu_rung rung)
{
	struct offcpu_task *task, *next;

	list_for_each_entry_safe(task, next, busy, kill_node) {
		if (offcpu_finish_one(task, rung))
			continue;
		trace_offcpu_task_drained(task, rung);
		list_move_tail(&task->kill_node, quiet);
	}
}

static void offcpu_unpin(struct offcpu_task *task)
{
	struct mm_struct *mm = task->mm;
	struct offcpu_mm *omm = mm->offcpu;

	spin_lock(&omm->lock);
	list_del(&task->mm_node);
	omm->pins--;
	spin_unlock(&omm->lock);
	/*
	 * Perhaps the last one, if this is neither exit nor exec.  The caller
	 * may hold locks that exit_mmap() wants.
	 */
	mmput_async(mm);
}

static void offcpu_bury(struct list_head *quiet)
{
	struct offcpu_task *task, *next;

	list_for_each_entry_safe(task, next, quiet, kill_node) {
		list_del(&task->kill_node);
		task->ops->detach(task);
		offcpu_unpin(task);
		/* Pairs with offcpu_task_is_live(). */
		smp_store_release(&task->state, OFFCPU_DEAD);
		trace_offcpu_task_dead(task, task->ops->faults ?
				       task->ops->faults(task) : 0);
		if (task->ops->dead)
			task->ops->dead(task);
		complete_all(&task->done);
		offcpu_task_put(task);
	}
}

/*
 * Kill all that are on @busy, which the caller owns.  Each rung is begun for all
 * before it is finished for any; and while the device works on those that must
 * climb, those that need not are buried.
 */
static void offcpu_climb(struct list_head *busy, enum offcpu_rung first)
{
	enum offcpu_rung rung;
	LIST_HEAD(quiet);

	for (rung = first; !list_empty(busy); rung++) {
		offcpu_begin(busy, rung);
		offcpu_bury(&quiet);
		offcpu_finish(busy, &quiet, rung);
	}
	offcpu_bury(&quiet);
}

/*
 * In exit a signal is pending for good, and in all cases an owner is at work on
 * it: only waiting until it is done makes sense, and that is no hung task.
 */
static void offcpu_wait(struct completion *done)
{
	wait_for_completion_state(done, TASK_IDLE);
}

static void offcpu_kill_one(struct offcpu_task *task, enum offcpu_cause cause)
{
	LIST_HEAD(busy);

	if (offcpu_task_claim(task, cause)) {
		list_add(&task->kill_node, &busy);
		offcpu_climb(&busy, OFFCPU_DRAIN);
	}
	offcpu_wait(&task->done);
}

/*
 * The death of an mm.
 */

/*
 * Wait for the tasks that others own.  The caller has a reference on mm_users:
 * no owner's is the last.
 */
static void offcpu_wait_mm(struct offcpu_mm *omm)
{
	struct offcpu_task *task;

	for (;;) {
		spin_lock(&omm->lock);
		task = list_first_entry_or_null(&omm->tasks, struct offcpu_task,
						mm_node);
		if (task)
			refcount_inc(&task->refs);
		spin_unlock(&omm->lock);
		if (!task)
			return;
		offcpu_wait(&task->done);
		offcpu_task_put(task);
	}
}

/*
 * Is current killed so that memory is freed?  Then there is no time to let the
 * device finish, and the reaper takes pages from under it anyway.
 */
static enum offcpu_rung offcpu_first_rung(struct mm_struct *mm)
{
	if (tsk_is_oom_victim(current) || test_bit(MMF_UNSTABLE, &mm->flags))
		return OFFCPU_ABORT;
	return OFFCPU_DRAIN;
}

/* Kill all tasks of @mm, whose last CPU user the caller is. */
static void offcpu_kill_mm(struct mm_struct *mm, enum offcpu_cause cause)
{
	struct offcpu_mm *omm = mm->offcpu;
	struct offcpu_task *task;
	LIST_HEAD(busy);

	spin_lock(&omm->lock);
	omm->dying = true;
	list_for_each_entry(task, &omm->tasks, mm_node) {
		if (offcpu_task_claim(task, cause))
			list_add_tail(&task->kill_node, &busy);
	}
	spin_unlock(&omm->lock);

	offcpu_climb(&busy, offcpu_first_rung(mm));
	offcpu_wait_mm(omm);
}

/* Has a thread of @leader's, other than current, @mm?  They all have the same. */
static bool offcpu_group_uses(struct task_struct *leader, struct mm_struct *mm)
{
	struct task_struct *t;

	for_each_thread(leader, t) {
		struct mm_struct *t_mm = READ_ONCE(t->mm);

		if (t == current || !t_mm)
			continue;
		return t_mm == mm;
	}
	return false;
}

static bool offcpu_others_use(struct mm_struct *mm)
{
	struct task_struct *p;

	for_each_process(p) {
		if (p->flags & PF_KTHREAD || same_thread_group(p, current))
			continue;
		if (offcpu_group_uses(p, mm))
			return true;
	}
	return false;
}

/*
 * Has @mm a CPU user other than current?  The caller holds one reference on
 * mm_users.
 *
 * Each CPU user holds one as well, so when there are no more than the pins' and
 * the caller's there is none.  Both are read under the lock: see @pins for why
 * a bind or unbind meanwhile can only make mm_users look too high.
 *
 * When there are more they may be /proc's or swapoff's or a page fault worker's:
 * look.  A thread that is being cloned may not be on the list of all, but then
 * the one that clones it is, and has this ->mm.
 *
 * Of two threads that leave at once each first clears its ->mm, then looks at
 * the other's.  With the full barrier between, at least one sees the other's
 * cleared, so that one of them finds nobody.  Perhaps both do: each task has
 * one owner still, and the other waits for it.
 */
static bool offcpu_mm_used(struct mm_struct *mm)
{
	struct offcpu_mm *omm = mm->offcpu;
	bool last, used;

	spin_lock(&omm->lock);
	last = atomic_read(&mm->mm_users) <= omm->pins + 1;
	spin_unlock(&omm->lock);
	if (last)
		return false;

	/* Pairs with itself in another thread, as above. */
	smp_mb();
	read_lock(&tasklist_lock);
	used = offcpu_group_uses(current, mm) || offcpu_others_use(mm);
	read_unlock(&tasklist_lock);
	return used;
}

/**
 * __offcpu_exit_mm() - current has left @mm
 * @mm: the mm, of which current still holds a reference on mm_users
 *
 * If it was the last CPU user all tasks are killed, and DEAD upon return.  Call
 * it after ->mm is cleared, without locks.  May sleep, for as long as the ladder
 * lasts.
 */
void __offcpu_exit_mm(struct mm_struct *mm)
{
	if (!offcpu_mm_used(mm))
		offcpu_kill_mm(mm, OFFCPU_EXIT);
}
EXPORT_SYMBOL_IF_KUNIT(__offcpu_exit_mm);

/**
 * __offcpu_exec_mm() - current is about to leave @mm by exec, or has just left
 * @mm: the old mm, of which the caller holds one reference on mm_users
 *
 * If nobody else uses it all tasks are killed, and DEAD upon return: exec can
 * only fail fatally from here on.  Without exec_update_lock.  May sleep, for as
 * long as the ladder lasts.
 */
void __offcpu_exec_mm(struct mm_struct *mm)
{
	if (!offcpu_mm_used(mm))
		offcpu_kill_mm(mm, OFFCPU_EXEC);
}

static void offcpu_exec_work(struct callback_head *work)
{
	struct offcpu_mm *omm = container_of(work, struct offcpu_mm, exec_work);
	struct mm_struct *mm = omm->mm;

	spin_lock(&omm->lock);
	omm->exec_queued = false;
	spin_unlock(&omm->lock);
	__offcpu_exec_mm(mm);
	mmput(mm);
}

/**
 * __offcpu_exec_mm_left() - current has left @mm by exec
 * @mm: the old mm, of which current still holds a reference on mm_users
 *
 * Tasks are left when __offcpu_exec_mm() saw another user.  That one may have
 * exited before ->mm was changed and have seen current in turn: look again, but
 * where one may sleep, before the new program runs.  If another thread that left
 * by exec has that still to do, it will see that current has left, too.
 *
 * Does not sleep.
 */
void __offcpu_exec_mm_left(struct mm_struct *mm)
{
	struct offcpu_mm *omm = mm->offcpu;
	bool queue;

	spin_lock(&omm->lock);
	queue = !list_empty(&omm->tasks) && !omm->exec_queued;
	if (queue)
		omm->exec_queued = true;
	spin_unlock(&omm->lock);
	if (!queue)
		return;

	mmget(mm);
	init_task_work(&omm->exec_work, offcpu_exec_work);
	/* Only fails when current exits, and exec comes before that. */
	WARN_ON_ONCE(task_work_add(current, &omm->exec_work, TWA_RESUME));
}

/**
 * __offcpu_coredump_mm() - current is about to dump @mm
 * @mm: current->mm; the other threads of the group have stopped for the dump
 *
 * Kills all tasks, so that what is dumped does not change, unless another
 * process uses @mm.  If that exits meanwhile it will be exit that kills.  May
 * sleep, for as long as the ladder lasts.
 */
void __offcpu_coredump_mm(struct mm_struct *mm)
{
	bool used;

	read_lock(&tasklist_lock);
	used = offcpu_others_use(mm);
	read_unlock(&tasklist_lock);
	if (!used)
		offcpu_kill_mm(mm, OFFCPU_COREDUMP);
}

/**
 * __offcpu_mm_free() - the mm_struct goes
 * @mm: the mm; it has no tasks, as these pin it
 *
 * Any context.
 */
void __offcpu_mm_free(struct mm_struct *mm)
{
	WARN_ON_ONCE(!list_empty(&mm->offcpu->tasks) || mm->offcpu->pins);
	kfree(mm->offcpu);
	mm->offcpu = NULL;
}

/*
 * Bind and unbind.
 */

static struct offcpu_mm *offcpu_mm_get(struct mm_struct *mm)
{
	struct offcpu_mm *omm = READ_ONCE(mm->offcpu), *old = NULL;

	if (omm)
		return omm;

	omm = kzalloc(sizeof(*omm), GFP_KERNEL_ACCOUNT);
	if (!omm)
		return NULL;
	spin_lock_init(&omm->lock);
	INIT_LIST_HEAD(&omm->tasks);
	omm->mm = mm;
	/* Another thread may have been first; it never changes again. */
	if (!try_cmpxchg(&mm->offcpu, &old, omm)) {
		kfree(omm);
		return old;
	}
	return omm;
}

static void offcpu_task_init(struct offcpu_task *task, struct mm_struct *mm,
			     struct device *dev, u32 pasid,
			     const struct offcpu_task_ops *ops)
{
	*task = (struct offcpu_task) {
		.ops = ops,
		.dev = get_device(dev),
		.mm = mm,
		.tgid = get_pid(task_tgid(current)),
		.bound = ktime_get_boottime_ns(),
		.pasid = pasid,
		.state = OFFCPU_LIVE,
		.refs = REFCOUNT_INIT(1),
	};
	init_completion(&task->done);
	init_completion(&task->unused);
}

/* bind without asking whose mm it is: for KUnit, whose threads have none. */
VISIBLE_IF_KUNIT int
offcpu_task_bind_mm(struct offcpu_task *task, struct mm_struct *mm,
		    struct device *dev, u32 pasid,
		    const struct offcpu_task_ops *ops)
{
	struct offcpu_mm *omm = offcpu_mm_get(mm);
	bool dying;

	if (!omm)
		return -ENOMEM;

	offcpu_task_init(task, mm, dev, pasid, ops);
	spin_lock(&omm->lock);
	dying = omm->dying;
	if (!dying) {
		mmget(mm);
		omm->pins++;
		list_add_tail(&task->mm_node, &omm->tasks);
		offcpu_publish(task);
	}
	spin_unlock(&omm->lock);
	if (dying) {
		put_pid(task->tgid);
		put_device(dev);
	}
	return dying ? -ESRCH : 0;
}
EXPORT_SYMBOL_IF_KUNIT(offcpu_task_bind_mm);

/**
 * offcpu_task_bind() - begin an off-CPU task
 * @task: memory for it, the caller's until offcpu_task_unbind() returns
 * @mm: current->mm
 * @dev: the device that works on @mm
 * @pasid: what it knows @mm by, or 0 if it has no such thing
 * @ops: how to make it quiet
 *
 * Upon success the task is LIVE and pins @mm.  Any of @ops but free may be
 * called from before this returns.  Only a thread of @mm's own can bind: it is
 * a CPU user that has yet to leave, and will kill the task then.  A bind by
 * another could come after the last one has left and never be undone.
 *
 * May sleep.  Without locks that are held over mmap_lock.
 *
 * Return: 0; -EINVAL: @mm is not current's; -ESRCH: it has begun to die;
 * -ENOMEM.
 */
int offcpu_task_bind(struct offcpu_task *task, struct mm_struct *mm,
		     struct device *dev, u32 pasid,
		     const struct offcpu_task_ops *ops)
{
	if (!mm || mm != current->mm || (current->flags & PF_KTHREAD))
		return -EINVAL;

	return offcpu_task_bind_mm(task, mm, dev, pasid, ops);
}
EXPORT_SYMBOL_GPL(offcpu_task_bind);

/**
 * offcpu_task_unbind() - end an off-CPU task and free it
 * @task: the task, LIVE or killed by somebody meanwhile
 *
 * Drains and detaches it, or waits for who already does, and calls ops->free.
 * Upon return none of the task's operations runs or will run.  Once a task.
 *
 * May sleep, for as long as the ladder lasts; from any process.  Without locks
 * that one of the task's operations takes.
 */
void offcpu_task_unbind(struct offcpu_task *task)
{
	struct device *dev = task->dev;
	struct pid *tgid = task->tgid;

	offcpu_kill_one(task, OFFCPU_UNBIND);

	spin_lock(&offcpu_tasks_lock);
	rb_erase(&task->all_node, &offcpu_tasks);
	spin_unlock(&offcpu_tasks_lock);

	/* Who else has a reference has what he waited for, and drops it. */
	offcpu_task_put(task);
	offcpu_wait(&task->unused);

	trace_offcpu_task_free(task);
	task->ops->free(task);
	put_pid(tgid);
	put_device(dev);
}
EXPORT_SYMBOL_GPL(offcpu_task_unbind);

/**
 * offcpu_task_kill() - kill an off-CPU task
 * @task: the task; the caller sees to it that it is not unbound meanwhile
 * @cause: why
 *
 * It is DEAD upon return, whoever killed it.  Its driver has to unbind it still.
 * Context as for offcpu_task_unbind().
 */
void offcpu_task_kill(struct offcpu_task *task, enum offcpu_cause cause)
{
	offcpu_kill_one(task, cause);
}
EXPORT_SYMBOL_GPL(offcpu_task_kill);

/*
 * Some of a device's tasks.
 */

/* The next one after @prev, NULL before the first and after the last. */
static struct offcpu_task *
offcpu_next(struct offcpu_task *prev, struct device *dev,
	    bool (*which)(struct offcpu_task *task, void *arg), void *arg)
{
	struct rb_node *node;

	lockdep_assert_held(&offcpu_tasks_lock);
	node = prev ? rb_next(&prev->all_node) : rb_first(&offcpu_tasks);
	for (; node; node = rb_next(node)) {
		struct offcpu_task *task = offcpu_node_task(node);

		if (task->dev == dev && (!which || which(task, arg)))
			return task;
	}
	return NULL;
}

/* Wait for those that others own, not for those that live: they came later. */
static void offcpu_wait_some(struct device *dev,
			     bool (*which)(struct offcpu_task *task, void *arg),
			     void *arg)
{
	struct offcpu_task *task;

	do {
		task = NULL;
		spin_lock(&offcpu_tasks_lock);
		while ((task = offcpu_next(task, dev, which, arg))) {
			if (!offcpu_task_is_live(task) &&
			    !completion_done(&task->done)) {
				refcount_inc(&task->refs);
				break;
			}
		}
		spin_unlock(&offcpu_tasks_lock);
		if (task) {
			offcpu_wait(&task->done);
			offcpu_task_put(task);
		}
	} while (task);
}

/**
 * offcpu_task_kill_some() - kill some of the off-CPU tasks on a device
 * @dev: the device
 * @which: is it one of them?  Called in any order, as often as need be, without
 *	sleeping; NULL: all are
 * @arg: for @which
 * @cause: why
 *
 * Those that were bound before the call are DEAD upon return.  They are drained
 * in parallel.  Context as for offcpu_task_unbind().
 */
void offcpu_task_kill_some(struct device *dev,
			   bool (*which)(struct offcpu_task *task, void *arg),
			   void *arg, enum offcpu_cause cause)
{
	struct offcpu_task *task = NULL;
	LIST_HEAD(busy);

	spin_lock(&offcpu_tasks_lock);
	while ((task = offcpu_next(task, dev, which, arg))) {
		if (offcpu_task_claim(task, cause))
			list_add_tail(&task->kill_node, &busy);
	}
	spin_unlock(&offcpu_tasks_lock);

	offcpu_climb(&busy, OFFCPU_DRAIN);
	offcpu_wait_some(dev, which, arg);
}
EXPORT_SYMBOL_GPL(offcpu_task_kill_some);

/**
 * offcpu_task_kill_device() - kill all off-CPU tasks on a device
 * @dev: the device; the caller sees to it that nobody binds to it any more
 * @cause: why
 *
 * All are DEAD upon return.  They are drained in parallel.  Context as for
 * offcpu_task_unbind().
 */
void offcpu_task_kill_device(struct device *dev, enum offcpu_cause cause)
{
	offcpu_task_kill_some(dev, NULL, NULL, cause);
}
EXPORT_SYMBOL_GPL(offcpu_task_kill_device);

/**
 * offcpu_task_is_live() - has nobody begun to kill the task?
 * @task: the task, not yet unbound
 *
 * A hint: a kill may begin right after.  While it is true ->mm is the mm that
 * was bound, and nobody else's.  Any context.
 */
bool offcpu_task_is_live(const struct offcpu_task *task)
{
	/* Pairs with offcpu_bury(): mm was still pinned when it was LIVE. */
	return smp_load_acquire(&task->state) == OFFCPU_LIVE;
}
EXPORT_SYMBOL_GPL(offcpu_task_is_live);

/*
 * For people to look at, by offcpu_task_proc.c.
 */

/**
 * offcpu_task_get() - find a task by its ID
 * @id: the ID
 *
 * Any context.  Return: a task with a reference, for which its driver waits in
 * offcpu_task_unbind(), or NULL.
 */
struct offcpu_task *offcpu_task_get(u64 id)
{
	struct offcpu_task *task;

	spin_lock(&offcpu_tasks_lock);
	task = offcpu_from(id);
	if (task && task->id == id)
		refcount_inc(&task->refs);
	else
		task = NULL;
	spin_unlock(&offcpu_tasks_lock);
	return task;
}

static void offcpu_task_describe(struct offcpu_task *task,
				 struct offcpu_task_info *info)
{
	*info = (struct offcpu_task_info) {
		.id = task->id,
		.state = READ_ONCE(task->state),
		.dev = get_device(task->dev),
		.tgid = get_pid(task->tgid),
		.pasid = task->pasid,
		.bound = task->bound,
		.faults = task->ops->faults ? task->ops->faults(task) : 0,
	};
}

/**
 * offcpu_task_info_get() - describe the task of the lowest ID from @from on
 * @info: filled in
 * @from: 0 for the first, the last one's ID and one for the next
 *
 * What is described is as of now and does not keep the task.  Does not sleep.
 *
 * Return: false if there is none.  Else offcpu_task_info_put() is due.
 */
bool offcpu_task_info_get(struct offcpu_task_info *info, u64 from)
{
	struct offcpu_task *task;

	spin_lock(&offcpu_tasks_lock);
	task = offcpu_from(from);
	if (task)
		offcpu_task_describe(task, info);
	spin_unlock(&offcpu_tasks_lock);
	return task;
}

/**
 * offcpu_task_info_get_mm() - the same among an mm's tasks that are not DEAD
 * @info: filled in
 * @mm: the mm, of which the caller holds a reference on mm_count
 * @from: as above
 *
 * Does not sleep.  Return: as above.
 */
bool offcpu_task_info_get_mm(struct offcpu_task_info *info,
			     struct mm_struct *mm, u64 from)
{
	struct offcpu_mm *omm = READ_ONCE(mm->offcpu);
	struct offcpu_task *task;
	bool found = false;

	if (!omm)
		return false;

	spin_lock(&omm->lock);
	/* In the order of their IDs: these are given under this lock. */
	list_for_each_entry(task, &omm->tasks, mm_node) {
		found = task->id >= from;
		if (found) {
			offcpu_task_describe(task, info);
			break;
		}
	}
	spin_unlock(&omm->lock);
	return found;
}

/**
 * offcpu_task_info_put() - drop what a description holds
 * @info: from one of the two above
 *
 * May sleep: it may hold the last reference on the device.
 */
void offcpu_task_info_put(struct offcpu_task_info *info)
{
	put_pid(info->tgid);
	put_device(info->dev);
}

static struct ctl_table offcpu_sysctls[] = {
	{
		.procname	= "offcpu_drain_timeout_ms",
		.data		= &offcpu_drain_timeout_ms,
		.maxlen		= sizeof(offcpu_drain_timeout_ms),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra1		= SYSCTL_ONE,
		.extra2		= &offcpu_drain_timeout_max_ms,
	},
};

static int __init offcpu_task_sysctl_init(void)
{
	register_sysctl_init("kernel", offcpu_sysctls);
	return 0;
}
core_initcall(offcpu_task_sysctl_init);
