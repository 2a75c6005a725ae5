// SPDX-License-Identifier: GPL-2.0
/*
 * The command register.  Touches CMD and CMDSTS, and nothing else of the
 * device; knows nothing of queues and users.
 */
#include <kunit/visibility.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "command.h"
#include "device.h"
#include "recovery.h"
#include "regs.h"

#define CREATE_TRACE_POINTS
#include <trace/events/idxd.h>

void idxd_cmd_queue_init(struct idxd_device *idxd)
{
	struct idxd_cmd_queue *q = &idxd->cmds;

	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->waiting);
	init_waitqueue_head(&q->wait);
	q->closed = true;
}
EXPORT_SYMBOL_IF_KUNIT(idxd_cmd_queue_init);

void idxd_cmd_queue_open(struct idxd_device *idxd)
{
	struct idxd_cmd_queue *q = &idxd->cmds;

	spin_lock_irq(&q->lock);
	q->closed = false;
	spin_unlock_irq(&q->lock);
}
EXPORT_SYMBOL_IF_KUNIT(idxd_cmd_queue_open);

bool idxd_cmd_queue_closed(struct idxd_device *idxd)
{
	return READ_ONCE(idxd->cmds.closed);
}

static struct idxd_cmd *idxd_cmd_new(u32 code, u32 operand, gfp_t gfp)
{
	struct idxd_cmd *cmd = kzalloc(sizeof(*cmd), gfp);

	if (!cmd)
		return NULL;

	refcount_set(&cmd->refs, 1);
	INIT_LIST_HEAD(&cmd->covered);
	cmd->code = code;
	cmd->operand = operand;
	return cmd;
}

struct idxd_cmd *idxd_cmd_alloc(u32 code, u32 operand)
{
	return idxd_cmd_new(code, operand, GFP_KERNEL);
}
EXPORT_SYMBOL_IF_KUNIT(idxd_cmd_alloc);

void idxd_cmd_put(struct idxd_cmd *cmd)
{
	while (cmd && refcount_dec_and_test(&cmd->refs)) {
		struct idxd_cmd *after = cmd->after;

		kfree(cmd);
		cmd = after;
	}
}
EXPORT_SYMBOL_IF_KUNIT(idxd_cmd_put);

static void idxd_cmd_event(struct idxd_cmd_queue *q)
{
	lockdep_assert_held(&q->lock);
	q->progress = jiffies;
	q->events++;
	wake_up_all(&q->wait);
}

/* End a command that is on no list any more; the queue's reference goes. */
static void idxd_cmd_end(struct idxd_cmd_queue *q, struct idxd_cmd *cmd,
			 int status, u32 hw_status)
{
	lockdep_assert_held(&q->lock);
	cmd->status = status;
	cmd->hw_status = hw_status;
	cmd->state = IDXD_CMD_DONE;
	idxd_cmd_event(q);
	idxd_cmd_put(cmd);
}

/* The command in the register ends, and with it those that it stood in for. */
static void idxd_cmd_end_active(struct idxd_device *idxd, int status,
				u32 hw_status)
{
	struct idxd_cmd_queue *q = &idxd->cmds;
	struct idxd_cmd *cmd = q->active, *other, *next;

	lockdep_assert_held(&q->lock);
	trace_idxd_command_done(dev_name(&idxd->conf_dev), status, hw_status);
	q->active = NULL;
	list_for_each_entry_safe(other, next, &cmd->covered, node) {
		list_del_init(&other->node);
		idxd_cmd_end(q, other, status, hw_status);
	}
	idxd_cmd_end(q, cmd, status, hw_status);
}

/* Gather those that @cmd's cover would end as well.  Return: how many. */
static unsigned int idxd_cmd_gather(struct idxd_cmd_queue *q,
				    struct idxd_cmd *cmd)
{
	struct idxd_cmd *other, *next;
	unsigned int count = 0;

	lockdep_assert_held(&q->lock);
	if (!cmd->cover || cmd->cover->outsiders)
		return 0;
	list_for_each_entry_safe(other, next, &q->waiting, node) {
		if (other->cover != cmd->cover)
			continue;
		list_move_tail(&other->node, &cmd->covered);
		other->state = IDXD_CMD_ACTIVE;
		other->started = cmd->started;
		count++;
	}
	return count;
}

static void idxd_cmd_start_next(struct idxd_device *idxd)
{
	struct idxd_cmd_queue *q = &idxd->cmds;
	u32 code, operand;
	unsigned int more;
	struct idxd_cmd *cmd;

	lockdep_assert_held(&q->lock);
	if (q->active)
		return;
	cmd = list_first_entry_or_null(&q->waiting, struct idxd_cmd, node);
	if (!cmd)
		return;

	list_del_init(&cmd->node);
	q->active = cmd;
	cmd->state = IDXD_CMD_ACTIVE;
	cmd->started = jiffies;
	more = idxd_cmd_gather(q, cmd);
	code = more ? cmd->cover->code : cmd->code;
	operand = more ? cmd->cover->operand : cmd->operand;
	trace_idxd_command(dev_name(&idxd->conf_dev), code, operand, more + 1);
	iowrite32(FIELD_PREP(CMD_CODE, code) |
		  FIELD_PREP(CMD_OPERAND, operand) | CMD_INT_REQ,
		  idxd->regs + IDXD_CMD);
	idxd_cmd_event(q);
}

/* The command in the register may have finished: look, and go on. */
static void idxd_cmd_poll(struct idxd_device *idxd)
{
	struct idxd_cmd_queue *q = &idxd->cmds;
	u32 sts, err;

	lockdep_assert_held(&q->lock);
	if (!q->active)
		return;
	sts = ioread32(idxd->regs + IDXD_CMDSTS);
	if (sts & CMDSTS_ACTIVE)
		return;

	err = FIELD_GET(CMDSTS_ERROR, sts);
	idxd_cmd_end_active(idxd, err ? -EIO : 0, err);
	idxd_cmd_start_next(idxd);
}

void idxd_cmd_irq(struct idxd_device *idxd)
{
	unsigned long flags;

	spin_lock_irqsave(&idxd->cmds.lock, flags);
	idxd_cmd_poll(idxd);
	spin_unlock_irqrestore(&idxd->cmds.lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(idxd_cmd_irq);

bool idxd_cmd_queue_close(struct idxd_device *idxd)
{
	struct idxd_cmd_queue *q = &idxd->cmds;
	struct idxd_cmd *cmd, *next;
	unsigned long flags;
	bool was_open;

	spin_lock_irqsave(&q->lock, flags);
	was_open = !q->closed;
	WRITE_ONCE(q->closed, true);
	if (q->active)
		idxd_cmd_end_active(idxd, -ENODEV, 0);
	list_for_each_entry_safe(cmd, next, &q->waiting, node) {
		list_del_init(&cmd->node);
		idxd_cmd_end(q, cmd, -ENODEV, 0);
	}
	spin_unlock_irqrestore(&q->lock, flags);

	return was_open;
}
EXPORT_SYMBOL_IF_KUNIT(idxd_cmd_queue_close);

static struct idxd_cmd *idxd_cmd_find(struct idxd_cmd_queue *q,
				      const struct idxd_cmd *like)
{
	struct idxd_cmd *cmd;

	lockdep_assert_held(&q->lock);
	list_for_each_entry(cmd, &q->waiting, node)
		if (cmd->code == like->code && cmd->operand == like->operand &&
		    cmd->cover == like->cover)
			return cmd;
	return NULL;
}

void idxd_cmd_cover_enter(struct idxd_device *idxd, struct idxd_cmd_cover *cover)
{
	struct idxd_cmd_queue *q = &idxd->cmds;

	spin_lock_irq(&q->lock);
	cover->outsiders++;
	spin_unlock_irq(&q->lock);
}
EXPORT_SYMBOL_IF_KUNIT(idxd_cmd_cover_enter);

void idxd_cmd_cover_leave(struct idxd_device *idxd, struct idxd_cmd_cover *cover)
{
	struct idxd_cmd_queue *q = &idxd->cmds;

	spin_lock_irq(&q->lock);
	cover->outsiders--;
	spin_unlock_irq(&q->lock);
}
EXPORT_SYMBOL_IF_KUNIT(idxd_cmd_cover_leave);

struct idxd_cmd *idxd_cmd_submit(struct idxd_device *idxd,
				 struct idxd_cmd *cmd,
				 struct idxd_cmd *after)
{
	struct idxd_cmd_queue *q = &idxd->cmds;
	struct idxd_cmd *same;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	same = idxd_cmd_find(q, cmd);
	if (same) {
		refcount_inc(&same->refs);
		idxd_cmd_put(cmd);
		cmd = same;
		goto out;
	}

	refcount_inc(&cmd->refs);
	cmd->giver = current;
	cmd->queued = jiffies;
	if (q->closed) {
		idxd_cmd_end(q, cmd, -ENODEV, 0);
		goto out;
	}
	cmd->state = IDXD_CMD_QUEUED;
	if (after) {
		refcount_inc(&after->refs);
		cmd->after = after;
		list_add(&cmd->node, &q->waiting);
	} else {
		list_add_tail(&cmd->node, &q->waiting);
	}
	idxd_cmd_start_next(idxd);
out:
	spin_unlock_irqrestore(&q->lock, flags);
	return cmd;
}
EXPORT_SYMBOL_IF_KUNIT(idxd_cmd_submit);

/*
 * How long the waiter may go on waiting, in jiffies; 0 when its time is up.
 * While another's command has the register, only its making no progress at
 * all ends the wait: every owner climbs within two timeouts of its own, and
 * ends with a finished command or a closed queue.  An earlier command of the
 * waiter's own is different, because nobody but the waiter can climb then.
 */
static unsigned long idxd_cmd_left(struct idxd_cmd_queue *q,
				   struct idxd_cmd *cmd, unsigned long timeout)
{
	struct idxd_cmd *active = q->active;
	unsigned long deadline;

	lockdep_assert_held(&q->lock);
	if (cmd->after && cmd->after->state == IDXD_CMD_ACTIVE)
		deadline = cmd->queued + timeout;
	else if (cmd->state == IDXD_CMD_ACTIVE)
		deadline = cmd->started + timeout;
	else if (active && active->giver == current)
		deadline = active->started + timeout;
	else
		deadline = q->progress + 3 * q->patience +
			   msecs_to_jiffies(IDXD_CMD_TIMEOUT_MS);

	return time_before(jiffies, deadline) ? deadline - jiffies : 0;
}

int idxd_cmd_wait(struct idxd_device *idxd, struct idxd_cmd *cmd,
		  unsigned long timeout)
{
	struct idxd_cmd_queue *q = &idxd->cmds;
	unsigned long left = 0;
	unsigned int events;
	bool done;

	for (;;) {
		spin_lock_irq(&q->lock);
		done = cmd->state == IDXD_CMD_DONE;
		if (!done) {
			q->patience = max(q->patience, timeout);
			left = idxd_cmd_left(q, cmd, timeout);
			/* An interrupt that was lost must not cost a device. */
			if (!left)
				idxd_cmd_poll(idxd);
			done = cmd->state == IDXD_CMD_DONE;
		}
		events = q->events;
		spin_unlock_irq(&q->lock);

		if (done)
			return cmd->status;
		if (!left)
			return -ETIMEDOUT;
		wait_event_idle_timeout(q->wait,
					READ_ONCE(q->events) != events, left);
	}
}
EXPORT_SYMBOL_IF_KUNIT(idxd_cmd_wait);

int idxd_cmd_exec(struct idxd_device *idxd, u32 code, u32 operand)
{
	struct idxd_cmd *cmd;
	int ret;

	/* What disables or resets has no way back that memory could bar. */
	cmd = idxd_cmd_new(code, operand, GFP_KERNEL | __GFP_NOFAIL);
	cmd = idxd_cmd_submit(idxd, cmd, NULL);
	ret = idxd_cmd_wait(idxd, cmd, msecs_to_jiffies(IDXD_CMD_TIMEOUT_MS));
	if (ret == -ETIMEDOUT)
		idxd_isolate(idxd, "command not answered");
	else
		WRITE_ONCE(idxd->cmd_status, cmd->hw_status);
	if (ret == -EIO)
		dev_err_ratelimited(&idxd->conf_dev,
				    "command %u, operand %#x refused: %#x\n",
				    code, operand, cmd->hw_status);
	idxd_cmd_put(cmd);
	return ret;
}
