// SPDX-License-Identifier: GPL-2.0
/*
 * Making the device quiet for one open file: the kill path.
 *
 * Takes idxd_user.lock and idxd_cmd_queue.lock, and no other of the driver's.
 * Touches the command register only.
 *
 * The device takes one command at a time, and none cancels another: the abort
 * follows the drain, and can't be given while that lasts.  What makes the drain
 * end is that from the abort on the core refuses the PASID's page requests and
 * takes its entry from the IOMMU: each descriptor that is left fails at its next
 * access, however much there was to do.  A Drain descriptor would leave the
 * register free, but it needs a place in a queue that may be full, and a
 * completion record that the dying process could not have written itself.
 *
 * So a device that is slow ends with the abort, and nobody else notices.  One
 * that ends not even failing descriptors, or does not answer the abort, is
 * broken, and is isolated.
 *
 * Many processes that die together, as in a control group, need not have a
 * command each: "Drain WQ" covers all that wait.  But it also waits for those
 * who live, whose page faults may take for ever.  So it is given only when all
 * users of the queue have stopped submitting: what is in there then belongs to
 * tasks that climb the ladder themselves.  And since a queue holds no more than
 * its size, it takes no longer than the drain of whose work came last.
 */
#include <linux/io.h>
#include <linux/iommu-sva.h>

#include "device.h"
#include "recovery.h"
#include "regs.h"
#include "user.h"

/*
 * A shared queue is drained of one PASID.  A dedicated queue has no other
 * user, and its draining leaves the PASID's work in other queues alone.
 */
int idxd_drain_alloc(struct idxd_user *user)
{
	struct idxd_wq *wq = user->wq;

	if (wq->cfg.dedicated) {
		user->drain = idxd_cmd_alloc(IDXD_CMD_DRAIN_WQ,
					     idxd_wq_mask(wq->id));
		user->abort = idxd_cmd_alloc(IDXD_CMD_ABORT_WQ,
					     idxd_wq_mask(wq->id));
	} else {
		user->drain = idxd_cmd_alloc(IDXD_CMD_DRAIN_PASID, 0);
		user->abort = idxd_cmd_alloc(IDXD_CMD_ABORT_PASID, 0);
	}
	if (!user->drain || !user->abort) {
		idxd_drain_free(user);
		return -ENOMEM;
	}
	if (!wq->cfg.dedicated)
		user->drain->cover = &wq->drain;
	return 0;
}

void idxd_drain_free(struct idxd_user *user)
{
	idxd_cmd_put(user->drain);
	idxd_cmd_put(user->abort);
}

/* On the first rung that is climbed, which for an OOM victim is the second. */
static void idxd_stop_submission(struct idxd_user *user)
{
	struct idxd_device *idxd = user->wq->idxd;
	bool was_dead;

	mutex_lock(&user->lock);
	was_dead = user->dead;
	user->dead = true;
	mutex_unlock(&user->lock);
	if (was_dead)
		return;

	idxd_portal_zap(user);
	wake_up_interruptible(&user->wq->events);

	/* What other CPUs wrote to the portal arrives before this is read. */
	if (!idxd_cmd_queue_closed(idxd))
		ioread32(idxd->regs + IDXD_CMDSTS);
	idxd_cmd_cover_leave(idxd, &user->wq->drain);
}

static void idxd_drain_give(struct idxd_user *user, struct iommu_sva *sva,
			    struct idxd_cmd **cmd, struct idxd_cmd *after)
{
	/* The queue may have been configured anew since idxd_drain_alloc(). */
	if (!(*cmd)->operand)
		(*cmd)->operand = iommu_sva_get_pasid(sva);
	*cmd = idxd_cmd_submit(user->wq->idxd, *cmd, after);
}

static void idxd_drain_begin(struct iommu_sva *sva, enum offcpu_rung rung)
{
	struct idxd_user *user = iommu_sva_priv(sva);

	idxd_stop_submission(user);
	switch (rung) {
	case OFFCPU_DRAIN:
		idxd_drain_give(user, sva, &user->drain, NULL);
		break;
	case OFFCPU_ABORT:
		idxd_drain_give(user, sva, &user->abort, user->drain);
		break;
	case OFFCPU_ISOLATE:
		idxd_isolate(user->wq->idxd, "drain and abort not answered");
		break;
	}
}

static int idxd_drain_finish(struct iommu_sva *sva, enum offcpu_rung rung,
			     unsigned long timeout)
{
	struct idxd_user *user = iommu_sva_priv(sva);
	struct idxd_cmd *cmd = rung == OFFCPU_DRAIN ? user->drain : user->abort;
	int ret;

	ret = idxd_cmd_wait(user->wq->idxd, cmd, timeout);
	/* A function that reaches no memory is quiet. */
	if (ret == -ENODEV)
		return 0;
	/* So is a queue that is disabled: one that never took a descriptor. */
	if (ret == -EIO && cmd->hw_status == CMDSTS_ERR_WQ_NOT_ENABLED)
		return 0;
	return ret ? -ETIMEDOUT : 0;
}

const struct iommu_sva_ops idxd_drain_ops = {
	.drain_begin = idxd_drain_begin,
	.drain_finish = idxd_drain_finish,
};
