// SPDX-License-Identifier: GPL-2.0
/*
 * Submission by write(), for those who may not have a portal: the kernel looks
 * at each descriptor and submits it in the process's name.
 */
#include <linux/io.h>
#include <linux/iommu-sva.h>
#include <linux/uaccess.h>

#include "device.h"
#include "user.h"

/* Addresses, sizes and flags are the device's to check; these it gets wrong. */
static bool idxd_desc_allowed(const struct idxd_user *user,
			      const struct dsa_hw_desc *desc)
{
	const struct idxd_model *model = user->wq->idxd->model;

	/* Descriptors that a batch points to can be changed behind our back. */
	if (desc->opcode == DSA_OPCODE_BATCH && !model->user_submission_safe)
		return false;
	return IS_ALIGNED(desc->completion_addr, model->compl_align);
}

static int idxd_enqueue(struct idxd_wq *wq, const struct dsa_hw_desc *desc)
{
	unsigned int tries = READ_ONCE(wq->cfg.enqcmds_retries);
	int ret;

	/* The portal's write must not pass those of the descriptor's data. */
	wmb();
	if (wq->cfg.dedicated) {
		iosubmit_cmds512(wq->portal, desc, 1);
		return 0;
	}

	do {
		ret = enqcmds(wq->portal, desc);
		if (!ret)
			break;
		cpu_relax();
	} while (tries--);
	return ret;
}

static int idxd_submit_one(struct idxd_user *user, const char __user *buf)
{
	struct dsa_hw_desc desc;
	int ret;

	/* A copy that nobody else can change; not under the lock, it faults. */
	if (copy_from_user(&desc, buf, sizeof(desc)))
		return -EFAULT;
	if (!idxd_desc_allowed(user, &desc))
		return -EINVAL;
	desc.priv = 0;
	desc.pasid = iommu_sva_get_pasid(user->sva);

	mutex_lock(&user->lock);
	ret = idxd_user_check(user);
	if (!ret)
		ret = idxd_enqueue(user->wq, &desc);
	mutex_unlock(&user->lock);

	return ret;
}

ssize_t idxd_submit_write(struct idxd_user *user, const char __user *buf,
			  size_t len)
{
	int ret = idxd_user_may_use(user);
	size_t done;

	if (ret)
		return ret;
	if (!len || len % sizeof(struct dsa_hw_desc))
		return -EINVAL;

	for (done = 0; done < len; done += sizeof(struct dsa_hw_desc)) {
		ret = idxd_submit_one(user, buf + done);
		if (ret)
			break;
	}
	return done ? done : ret;
}
