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

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct idxd_device;

/* How long a command that moves no user's data may take, in milliseconds. */
#define IDXD_CMD_TIMEOUT_MS	2000

/**
 * struct idxd_cmd - one command, from submission to completion
 * @node: in the queue, while waiting for the register
 * @refs: the queue (or the register) and each waiter hold one
 * @code: command code, IDXD_CMD_*
 * @operand: as the specification defines it for @code
 * @started: jiffies when it was written to the register
 * @running: it is in the register
 * @status: 0, -EIO with @hw_status set, or -ENODEV when the device has gone
 * @hw_status: the error field of CMDSTS
 * @done: complete once @status is valid
 *
 * All but @refs and @done are guarded by idxd_cmd_queue.lock until @done.
 */
struct idxd_cmd {
	struct list_head node;
	refcount_t refs;
	u32 code;
	u32 operand;
	unsigned long started;
	bool running;
	int status;
	u32 hw_status;
	struct completion done;
};

/**
 * struct idxd_cmd_queue - the register and those who wait for it
 * @lock: guards all below, and the register itself; taken in hard interrupt
 * @waiting: commands that are not in the register yet, in order
 * @active: the command in the register
 * @progress: jiffies when the register last took or finished a command
 * @gone: no command can be given any more: isolated, or removed
 */
struct idxd_cmd_queue {
	spinlock_t lock;
	struct list_head waiting;
	struct idxd_cmd *active;
	unsigned long progress;
	bool gone;
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
 * @idxd: the device
 *
 * All commands, waiting or running, complete with -ENODEV.  The caller has
 * made sure that the device reaches no memory.
 *
 * Context: any.
 */
void idxd_cmd_queue_close(struct idxd_device *idxd);

/**
 * idxd_cmd_submit() - give a command, or join one
 * @idxd: the device
 * @code: command code
 * @operand: its operand
 * @urgent: go before all that wait for the register
 *
 * A command that says the same and has not started yet is joined instead.
 *
 * Context: may sleep (allocates, cannot fail).
 * Return: the command; idxd_cmd_put() it.
 */
struct idxd_cmd *idxd_cmd_submit(struct idxd_device *idxd, u32 code,
				 u32 operand, bool urgent);

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
 * idxd_cmd_exec() - submit, wait, and note the outcome in cmd_status
 * @idxd: the device
 * @code: command code
 * @operand: its operand
 *
 * A device that does not answer within IDXD_CMD_TIMEOUT_MS is isolated.
 *
 * Context: may sleep.  Not in the kill path.
 * Return: as idxd_cmd_wait().
 */
int idxd_cmd_exec(struct idxd_device *idxd, u32 code, u32 operand);

/**
 * idxd_cmd_irq() - the device says that a command is finished
 * @idxd: the device
 *
 * Context: hard interrupt.
 */
void idxd_cmd_irq(struct idxd_device *idxd);

#endif
