/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device's command register: one command at a time, completion by
 * interrupt, no wait without a bound.
 *
 * Commands queue up in software.  A waiter's clock runs only while the device
 * works on the waiter's own command, so that none is given up for having
 * queued behind another process's drain.
 */
#ifndef _IDXD_COMMAND_H_
#define _IDXD_COMMAND_H_

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

struct idxd_device;
struct task_struct;

/* How long a command that waits for no user's work may take. */
#define IDXD_CMD_TIMEOUT_MS	2000

enum idxd_cmd_state {
	IDXD_CMD_NEW,		/* its maker's alone */
	IDXD_CMD_QUEUED,	/* others may join */
	IDXD_CMD_ACTIVE,	/* in the register, or covered by what is */
	IDXD_CMD_DONE,		/* status is valid */
};

/**
 * struct idxd_cmd_cover - one command that can stand in for many
 * @code: that command's code
 * @operand: that command's operand
 * @outsiders: those who can give the device work that this command would wait
 *	for.  It stands in for others only while there are none, so that it
 *	never waits for work of somebody whom no ladder makes end.  Guarded by
 *	idxd_cmd_queue.lock
 */
struct idxd_cmd_cover {
	u32 code;
	u32 operand;
	unsigned int outsiders;
};

/**
 * struct idxd_cmd - one command, from allocation to completion
 * @node: in the queue, while it waits for the register; then in the @covered of
 *	the one in the register, if that stands in for it
 * @covered: while it is in the register: those that its @cover stands in for
 * @cover: what can stand in for it when others like it wait, or NULL; outlives
 *	the command
 * @refs: the queue (or the register) and each waiter hold one
 * @code: command code, IDXD_CMD_*
 * @operand: as the specification defines it for @code
 * @after: the command that this one is to cut short, or NULL: it goes before
 *	all that wait, and its clock runs while @after has the register, too;
 *	holds a reference
 * @giver: who submitted it, a thread; to compare with, not a reference
 * @queued: jiffies when it was submitted
 * @started: jiffies when it was written to the register
 * @state: where it is
 * @status: 0, -EIO with @hw_status set, or -ENODEV when the device has gone
 * @hw_status: the error field of CMDSTS
 *
 * Its maker may set @cover before submission.  All but @refs are guarded by
 * idxd_cmd_queue.lock from submission to DONE.
 */
struct idxd_cmd {
	struct list_head node;
	struct list_head covered;
	struct idxd_cmd_cover *cover;
	refcount_t refs;
	u32 code;
	u32 operand;
	struct idxd_cmd *after;
	struct task_struct *giver;
	unsigned long queued;
	unsigned long started;
	enum idxd_cmd_state state;
	int status;
	u32 hw_status;
};

/**
 * struct idxd_cmd_queue - the register and those who wait for it
 * @lock: guards all below, and the register itself; taken in hard interrupt
 * @waiting: commands that are not in the register yet, in order
 * @active: the command in the register
 * @progress: jiffies when the register last took or finished a command
 * @patience: the longest timeout, in jiffies, that anybody has waited with
 * @events: counts what wakes up @wait
 * @closed: no command can be given: isolated, or removed
 * @wait: woken when a command starts or ends
 */
struct idxd_cmd_queue {
	spinlock_t lock;	/* the queue and the register */
	struct list_head waiting;
	struct idxd_cmd *active;
	unsigned long progress;
	unsigned long patience;
	unsigned int events;
	bool closed;
	wait_queue_head_t wait;
};

/**
 * idxd_cmd_queue_init() - prepare the queue; commands fail until it is opened
 * @idxd: the device
 */
void idxd_cmd_queue_init(struct idxd_device *idxd);

/**
 * idxd_cmd_queue_open() - accept commands
 * @idxd: the device, with its interrupt set up and no command active
 */
void idxd_cmd_queue_open(struct idxd_device *idxd);

/**
 * idxd_cmd_queue_close() - the device answers no more
 * @idxd: the device, which reaches no memory any more
 *
 * All commands, waiting or active, end with -ENODEV.
 *
 * Context: any.
 * Return: whether it was open.
 */
bool idxd_cmd_queue_close(struct idxd_device *idxd);

/**
 * idxd_cmd_queue_closed() - does the device answer no more?
 * @idxd: the device
 *
 * Context: any.
 */
bool idxd_cmd_queue_closed(struct idxd_device *idxd);

/**
 * idxd_cmd_cover_enter() - somebody can give the device work
 * @idxd: the device
 * @cover: the command that would wait for that work
 *
 * Context: process.
 */
void idxd_cmd_cover_enter(struct idxd_device *idxd,
			  struct idxd_cmd_cover *cover);

/**
 * idxd_cmd_cover_leave() - and can no more
 * @idxd: the device
 * @cover: as above; all that he gave has arrived at the device
 *
 * Context: process.
 */
void idxd_cmd_cover_leave(struct idxd_device *idxd,
			  struct idxd_cmd_cover *cover);

/**
 * idxd_cmd_alloc() - prepare a command, so that giving it cannot fail
 * @code: command code
 * @operand: its operand
 *
 * Context: may sleep.
 * Return: the command, for one idxd_cmd_submit() and then idxd_cmd_put(); or
 * NULL.
 */
struct idxd_cmd *idxd_cmd_alloc(u32 code, u32 operand);

/**
 * idxd_cmd_submit() - give a command, or join one
 * @idxd: the device
 * @cmd: the command; the caller's reference passes on
 * @after: the caller's own command that @cmd is to cut short, or NULL
 *
 * If a command that says the same waits for the register, it is joined: it
 * has not started, so it will cover what @cmd would have.
 *
 * Context: any.
 * Return: the command to wait for; the caller has a reference.
 */
struct idxd_cmd *idxd_cmd_submit(struct idxd_device *idxd,
				 struct idxd_cmd *cmd,
				 struct idxd_cmd *after);

/**
 * idxd_cmd_wait() - wait for a command
 * @idxd: the device
 * @cmd: from idxd_cmd_submit()
 * @timeout: jiffies that the device may work on it
 *
 * Context: may sleep; in TASK_IDLE, so a pending signal does not matter.
 * Return: 0 done; -EIO refused, @cmd->hw_status says why; -ENODEV the device
 * has gone (and reaches no memory); -ETIMEDOUT the device did not answer, or
 * the register made no progress for so long that it never will.
 */
int idxd_cmd_wait(struct idxd_device *idxd, struct idxd_cmd *cmd,
		  unsigned long timeout);

/**
 * idxd_cmd_put() - drop a reference
 * @cmd: the command, or NULL
 */
void idxd_cmd_put(struct idxd_cmd *cmd);

/**
 * idxd_cmd_exec() - give a command, wait, and note the outcome in cmd_status
 * @idxd: the device
 * @code: command code
 * @operand: its operand
 *
 * A device that does not answer within IDXD_CMD_TIMEOUT_MS is isolated.  Does
 * not fail for want of memory.
 *
 * Context: may sleep.  Not in the kill path.
 * Return: as idxd_cmd_wait().
 */
int idxd_cmd_exec(struct idxd_device *idxd, u32 code, u32 operand);

/**
 * idxd_cmd_irq() - the device says that a command is finished
 * @idxd: the device
 *
 * Context: any; the hard interrupt, as a rule.
 */
void idxd_cmd_irq(struct idxd_device *idxd);

#endif
