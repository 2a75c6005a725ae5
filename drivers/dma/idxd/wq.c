// SPDX-License-Identifier: GPL-2.0
/*
 * Work queues: their state, in software and in the device.
 */
#include <kunit/visibility.h>
#include <linux/io.h>
#include <linux/list.h>

#include "config.h"
#include "device.h"
#include "regs.h"
#include "user.h"
#include "wq.h"

static int idxd_wq_command(struct idxd_wq *wq, u32 code)
{
	u32 operand = code == IDXD_CMD_ENABLE_WQ ? wq->id :
						   idxd_wq_mask(wq->id);

	lockdep_assert_held(&wq->lock);
	return idxd_cmd_exec(wq->idxd, code, operand);
}

phys_addr_t idxd_wq_portal_phys(struct idxd_wq *wq)
{
	unsigned int page = wq->id * IDXD_PORTALS_PER_WQ + IDXD_PORTAL_LIMITED;

	return pci_resource_start(wq->idxd->pdev, IDXD_BAR_PORTALS) +
	       page * IDXD_PORTAL_SIZE;
}
EXPORT_SYMBOL_IF_KUNIT(idxd_wq_portal_phys);

/* Settings and hardware only; a dedicated queue works for nobody yet. */
static int idxd_wq_start_hw(struct idxd_wq *wq)
{
	lockdep_assert_held(&wq->lock);
	if (wq->idxd->caps.configurable)
		idxd_config_write_wq(wq, IDXD_NO_PASID);
	return idxd_wq_command(wq, IDXD_CMD_ENABLE_WQ);
}

int idxd_wq_set_pasid(struct idxd_wq *wq, u32 pasid)
{
	int ret;

	/* Refused if an earlier enabling was: then it is disabled already. */
	ret = idxd_wq_command(wq, IDXD_CMD_DISABLE_WQ);
	if (ret && ret != -EIO)
		return ret;
	idxd_config_write_wq(wq, pasid);
	return idxd_wq_command(wq, IDXD_CMD_ENABLE_WQ);
}

/* Why this queue cannot be enabled; the ABI's code, or 0. */
static u32 idxd_wq_check(struct idxd_wq *wq, int *ret)
{
	const struct idxd_wq_config *cfg = &wq->cfg;

	*ret = -ENXIO;
	if (wq->idxd->state != IDXD_DEV_ENABLED)
		return IDXD_SCMD_DEV_NOT_ENABLED;
	*ret = -EBUSY;
	if (wq->state != IDXD_WQ_DISABLED)
		return IDXD_SCMD_WQ_ENABLED;
	*ret = -EINVAL;
	if (!wq->group)
		return IDXD_SCMD_WQ_NO_GRP;
	if (!cfg->size)
		return IDXD_SCMD_WQ_NO_SIZE;
	if (!cfg->name[0])
		return IDXD_SCMD_WQ_NO_NAME;
	if (!cfg->dedicated && !wq->idxd->caps.shared_mode)
		return IDXD_SCMD_WQ_NO_SWQ_SUPPORT;
	if (!cfg->dedicated && !cfg->threshold)
		return IDXD_SCMD_WQ_NO_THRESH;
	/* Without a PASID, a user would reach all memory. */
	*ret = -EOPNOTSUPP;
	if (!wq->idxd->sva)
		return cfg->dedicated ? IDXD_SCMD_WQ_USER_NO_IOMMU :
					IDXD_SCMD_WQ_NO_SVM;
	*ret = 0;
	return 0;
}

static int idxd_wq_enable_locked(struct idxd_wq *wq)
{
	struct idxd_device *idxd = wq->idxd;
	u32 err;
	int ret;

	err = idxd_wq_check(wq, &ret);
	if (ret)
		goto err;

	wq->portal = ioremap(idxd_wq_portal_phys(wq), IDXD_PORTAL_SIZE);
	if (!wq->portal) {
		err = IDXD_SCMD_WQ_PORTAL_ERR;
		ret = -ENOMEM;
		goto err;
	}
	ret = idxd_wq_start_hw(wq);
	if (ret) {
		iounmap(wq->portal);
		wq->portal = NULL;
		return ret;
	}
	wq->state = IDXD_WQ_ENABLED;
	return 0;
err:
	WRITE_ONCE(idxd->cmd_status, err);
	return ret;
}

int idxd_wq_enable_user(struct idxd_wq *wq)
{
	int ret;

	mutex_lock(&wq->idxd->lock);
	mutex_lock(&wq->lock);
	ret = idxd_wq_enable_locked(wq);
	mutex_unlock(&wq->lock);
	mutex_unlock(&wq->idxd->lock);

	return ret;
}

void idxd_wq_disable(struct idxd_wq *wq)
{
	lockdep_assert_held(&wq->idxd->lock);
	mutex_lock(&wq->lock);
	if (wq->state == IDXD_WQ_DISABLED)
		goto out;

	idxd_users_kill(wq, OFFCPU_DEVICE);
	if (wq->state == IDXD_WQ_ENABLED && !idxd_cmd_queue_closed(wq->idxd))
		idxd_wq_command(wq, IDXD_CMD_DISABLE_WQ);
	iounmap(wq->portal);
	wq->portal = NULL;
	wq->state = IDXD_WQ_DISABLED;
out:
	mutex_unlock(&wq->lock);
}

void idxd_wq_stop(struct idxd_wq *wq, enum offcpu_cause cause)
{
	lockdep_assert_held(&wq->idxd->lock);
	mutex_lock(&wq->lock);
	if (wq->state == IDXD_WQ_ENABLED) {
		idxd_users_kill(wq, cause);
		wq->state = IDXD_WQ_STOPPED;
	}
	mutex_unlock(&wq->lock);
}

void idxd_wq_start(struct idxd_wq *wq)
{
	lockdep_assert_held(&wq->idxd->lock);
	mutex_lock(&wq->lock);
	if (wq->state == IDXD_WQ_STOPPED && !idxd_wq_start_hw(wq))
		wq->state = IDXD_WQ_ENABLED;
	mutex_unlock(&wq->lock);
}

unsigned int idxd_wq_num_users(struct idxd_wq *wq)
{
	unsigned int n;

	mutex_lock(&wq->lock);
	n = list_count_nodes(&wq->users);
	mutex_unlock(&wq->lock);

	return n;
}

u32 idxd_wq_occupancy(struct idxd_wq *wq)
{
	const struct idxd_caps *caps = &wq->idxd->caps;
	u32 w6 = ioread32(wq->idxd->regs + caps->wqcfg_off +
			  wq->id * caps->wqcfg_size + WQCFG_W6 * sizeof(u32));

	return FIELD_GET(WQCFG_OCCUPANCY, w6);
}
