/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Off-CPU tasks: work that an mm has running on something that is no CPU.
 *
 * A task pins the mm from bind until it is DEAD.  It knows nothing about
 * IOMMUs; see Documentation/driver-api/offcpu-task.rst.
 */
#ifndef _LINUX_OFFCPU_TASK_H
#define _LINUX_OFFCPU_TASK_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct device;
struct offcpu_task;

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
 *	rung.  May sleep, must not wait for the device.  Called once a rung,
 *	in order.  OFFCPU_ISOLATE must take effect before it returns and can't
 *	fail; the device's other users lose it too.
 * @drain_finish: wait for what @drain_begin issued, for at most @timeout
 *	jiffies of the device's working on this command: time spent queueing
 *	behind others' does not count, but is bounded too.  0: quiet.
 *	-ETIMEDOUT: it is not, climb.  Not called for OFFCPU_ISOLATE.
 * @detach: take the address space from the device.  Called once, when it is
 *	quiet.  After it no access of the task's can come.
 * @dead: the task is DEAD, both mm references are gone: wake up waiters.
 *	May be NULL.
 * @free: the last reference is gone.
 *
 * All may sleep.  All are called without locks of the core's held, from the
 * dying process, from the unbinding driver or from who killed the task.  In
 * the first case a SIGKILL may be pending: wait in TASK_IDLE with a timeout.
 * None may take a lock that is ever held over mmap_lock, device_lock, or one
 * that is held while waiting for a task to be DEAD.
 */
struct offcpu_task_ops {
	void (*drain_begin)(struct offcpu_task *task, enum offcpu_rung rung);
	int (*drain_finish)(struct offcpu_task *task, enum offcpu_rung rung,
			    unsigned long timeout);
	void (*detach)(struct offcpu_task *task);
	void (*dead)(struct offcpu_task *task);
	void (*free)(struct offcpu_task *task);
};

/**
 * struct offcpu_task - one off-CPU task; embed it
 * (to be completed by its owner)
 */
struct offcpu_task {
	const struct offcpu_task_ops *ops;
	struct device *dev;
	struct mm_struct *mm;
	u64 id;
	u32 pasid;
	enum offcpu_state state;
};

int offcpu_task_bind(struct offcpu_task *task, struct mm_struct *mm,
		     struct device *dev, u32 pasid,
		     const struct offcpu_task_ops *ops);
void offcpu_task_unbind(struct offcpu_task *task);
void offcpu_task_kill(struct offcpu_task *task, enum offcpu_cause cause);
bool offcpu_task_is_live(const struct offcpu_task *task);

/* Hooks, called from mm_init(), __mmdrop() and exit_mm(). */
void offcpu_mm_init(struct mm_struct *mm);
void offcpu_mm_free(struct mm_struct *mm);
void offcpu_exit_mm(struct mm_struct *mm);

#endif
