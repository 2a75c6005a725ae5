/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Off-CPU tasks: work that an mm has running on something that is no CPU.
 *
 * A task pins the mm from bind until it is DEAD.  It knows nothing about
 * IOMMUs: a driver whose device has no PASID uses it just as well.
 */
#ifndef _LINUX_OFFCPU_TASK_H
#define _LINUX_OFFCPU_TASK_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/rbtree_types.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct device;
struct offcpu_mm;
struct offcpu_task;
struct pid;
struct pid_namespace;
struct seq_file;
struct task_struct;

/* LIVE -> DYING -> DEAD, never back. */
enum offcpu_state {
	OFFCPU_LIVE,
	OFFCPU_DYING,
	OFFCPU_DEAD,
};

/* Why a task died: the first who moved it to DYING says. */
enum offcpu_cause {
	OFFCPU_UNBIND,		/* its driver unbound it */
	OFFCPU_EXIT,		/* the last CPU user left the mm */
	OFFCPU_EXEC,		/* ... through execve() */
	OFFCPU_COREDUMP,	/* its process is about to dump core */
	OFFCPU_DEVICE,		/* device or queue disabled, reset or removed */
	OFFCPU_ADMIN,		/* an administrator asked */
	OFFCPU_SUSPEND,		/* the machine goes to sleep, or hibernates */
	OFFCPU_SHUTDOWN,	/* it shuts down, reboots or starts another kernel */
	OFFCPU_SIBLING,		/* another of its mm and device had to be aborted */
};

/* The ladder that a drain climbs, one timeout a rung. */
enum offcpu_rung {
	OFFCPU_DRAIN,		/* let the device finish what it holds */
	OFFCPU_ABORT,		/* make it give up what it holds */
	OFFCPU_ISOLATE,		/* take its access to memory away, without its help */
};

/**
 * struct offcpu_task_ops - how to make the device quiet for one task
 * @drain_begin: stop submission, zap the portals, issue the command of the
 *	rung.  May sleep, must not wait for the device.  Called at most once a
 *	rung, in order; the first may be OFFCPU_ABORT (OOM kill).
 *	OFFCPU_ISOLATE must take effect before it returns and can't fail; the
 *	device's other users lose it too.
 * @drain_finish: wait for what @drain_begin issued, until the device has
 *	worked on this command for @timeout jiffies.  That clock starts when the
 *	device starts on the command, not at this call: the commands of many
 *	tasks are begun first and then finished one after the other.  Time spent
 *	queueing behind others' commands does not count, but is bounded too.
 *	0: quiet.  Anything else, -ETIMEDOUT for one: it is not, climb.  Not
 *	called for OFFCPU_ISOLATE.
 * @detach: take the address space from the device.  Called once, when it is
 *	quiet.  After it no access of the task's can come.
 * @dead: the task is DEAD, its mm references are gone: wake up waiters.  May
 *	be NULL.
 * @free: the task is unbound and nobody looks at it any more.  Called from
 *	offcpu_task_unbind(), so never after that returned.
 * @faults: page faults served for the task so far.  May be NULL.  Called in
 *	any context until @free.
 *
 * All but @faults may sleep.  All are called without locks of the core's held,
 * from the dying process, from the unbinding driver or from who killed the
 * task.  In the first case a SIGKILL may be pending: wait in TASK_IDLE with a
 * timeout.  None may take a lock that is ever held over mmap_lock, device_lock,
 * or one that is held while waiting for a task to be DEAD.
 */
struct offcpu_task_ops {
	void (*drain_begin)(struct offcpu_task *task, enum offcpu_rung rung);
	int (*drain_finish)(struct offcpu_task *task, enum offcpu_rung rung,
			    unsigned long timeout);
	void (*detach)(struct offcpu_task *task);
	void (*dead)(struct offcpu_task *task);
	void (*free)(struct offcpu_task *task);
	unsigned long (*faults)(struct offcpu_task *task);
};

/**
 * struct offcpu_task - one off-CPU task; embed it, touch nothing in it
 * @ops: what the driver gave at bind
 * @dev: the device, referenced until @free
 * @mm: the address space.  Referenced until DEAD and then only a number, which
 *	another mm may have by now: test @state first
 * @id: never used twice; 0 is none
 * @tgid: thread group that bound it, referenced until @free: for people to
 *	read, and for their permission
 * @bound: when that was, in nanoseconds since boot
 * @pasid: as given at bind, for people to read
 * @state: enum offcpu_state; moved to DYING by cmpxchg(), and who did that owns
 *	the task's way to DEAD
 * @cause: why it died; owner writes
 * @refs: the driver's, and one for each who looks at the task meanwhile
 * @mm_node: on its mm's list until DEAD; under that list's lock
 * @all_node: in the tree of all until unbound; under that tree's lock
 * @kill_node: on the list of those whom the owner kills together
 * @done: it is DEAD
 * @unused: @refs is zero
 */
struct offcpu_task {
	const struct offcpu_task_ops *ops;
	struct device *dev;
	struct mm_struct *mm;
	u64 id;
	struct pid *tgid;
	u64 bound;
	u32 pasid;
	int state;
	enum offcpu_cause cause;
	refcount_t refs;
	struct list_head mm_node;
	struct rb_node all_node;
	struct list_head kill_node;
	struct completion done;
	struct completion unused;
};

#ifdef CONFIG_OFFCPU_TASK

int offcpu_task_bind(struct offcpu_task *task, struct mm_struct *mm,
		     struct device *dev, u32 pasid,
		     const struct offcpu_task_ops *ops);
void offcpu_task_unbind(struct offcpu_task *task);
void offcpu_task_kill(struct offcpu_task *task, enum offcpu_cause cause);
void offcpu_task_kill_some(struct device *dev,
			   bool (*which)(struct offcpu_task *task, void *arg),
			   void *arg, enum offcpu_cause cause);
void offcpu_task_kill_device(struct device *dev, enum offcpu_cause cause);
bool offcpu_task_is_live(const struct offcpu_task *task);

void __offcpu_mm_free(struct mm_struct *mm);
void __offcpu_exit_mm(struct mm_struct *mm);
void __offcpu_exec_mm(struct mm_struct *mm);
void __offcpu_exec_mm_left(struct mm_struct *mm);
void __offcpu_coredump_mm(struct mm_struct *mm);

int proc_pid_offcpu_tasks(struct seq_file *m, struct pid_namespace *ns,
			  struct pid *pid, struct task_struct *task);

/* Hook of mm_init(): dup_mm() has copied the parent's pointer. */
static inline void offcpu_mm_init(struct mm_struct *mm)
{
	mm->offcpu = NULL;
}

/* Hook of __mmdrop(): may be atomic. */
static inline void offcpu_mm_free(struct mm_struct *mm)
{
	if (unlikely(mm->offcpu))
		__offcpu_mm_free(mm);
}

/* Hook of exit_mm(), between clearing ->mm and mmput().  May sleep. */
static inline void offcpu_exit_mm(struct mm_struct *mm)
{
	if (unlikely(READ_ONCE(mm->offcpu)))
		__offcpu_exit_mm(mm);
}

/*
 * Hook of begin_new_exec(), for the mm that current is about to leave as the
 * last of its threads.  May sleep, so not under exec_update_lock.
 */
static inline void offcpu_exec_mm(struct mm_struct *mm)
{
	if (mm && unlikely(READ_ONCE(mm->offcpu)))
		__offcpu_exec_mm(mm);
}

/* Hook of exec_mmap(), between leaving the old mm and mmput(). */
static inline void offcpu_exec_mm_left(struct mm_struct *mm)
{
	if (unlikely(READ_ONCE(mm->offcpu)))
		__offcpu_exec_mm_left(mm);
}

/* Hook of do_coredump(), once the thread group has come to rest.  May sleep. */
static inline void offcpu_coredump_mm(struct mm_struct *mm)
{
	if (unlikely(READ_ONCE(mm->offcpu)))
		__offcpu_coredump_mm(mm);
}

#if IS_ENABLED(CONFIG_KUNIT)
int offcpu_task_bind_mm(struct offcpu_task *task, struct mm_struct *mm,
			struct device *dev, u32 pasid,
			const struct offcpu_task_ops *ops);
#endif

#else /* !CONFIG_OFFCPU_TASK */

static inline void offcpu_mm_init(struct mm_struct *mm) { }
static inline void offcpu_mm_free(struct mm_struct *mm) { }
static inline void offcpu_exit_mm(struct mm_struct *mm) { }
static inline void offcpu_exec_mm(struct mm_struct *mm) { }
static inline void offcpu_exec_mm_left(struct mm_struct *mm) { }
static inline void offcpu_coredump_mm(struct mm_struct *mm) { }

#endif /* CONFIG_OFFCPU_TASK */
#endif
