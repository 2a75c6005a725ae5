// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities: reads the registers below offset 0x80 and CMDCAP, once, and
 * writes none.
 */
#include <linux/bitmap.h>
#include <linux/cpufeature.h>
#include <linux/io-64-nonatomic-lo-hi.h>

#include "caps.h"
#include "device.h"
#include "regs.h"

/* What enabling, draining and disabling need. */
#define IDXD_CMDS_NEEDED						\
	(BIT(IDXD_CMD_ENABLE_DEVICE) | BIT(IDXD_CMD_DISABLE_DEVICE) |	\
	 BIT(IDXD_CMD_RESET_DEVICE) | BIT(IDXD_CMD_ENABLE_WQ) |		\
	 BIT(IDXD_CMD_DISABLE_WQ) | BIT(IDXD_CMD_DRAIN_WQ) |		\
	 BIT(IDXD_CMD_ABORT_WQ) | BIT(IDXD_CMD_DRAIN_PASID) |		\
	 BIT(IDXD_CMD_ABORT_PASID))

static void idxd_read_gencap(struct idxd_device *idxd)
{
	struct idxd_caps *caps = &idxd->caps;
	u64 cap = ioread64(idxd->regs + IDXD_GENCAP);

	caps->gencap = cap;
	caps->block_on_fault = cap & GENCAP_BLOCK_ON_FAULT;
	caps->configurable = cap & GENCAP_CONFIGURABLE;
	caps->max_xfer_bytes = 1ULL << FIELD_GET(GENCAP_MAX_XFER_SHIFT, cap);
	caps->max_batch_size = 1U << FIELD_GET(GENCAP_MAX_BATCH_SHIFT, cap);
	/* Without CMDCAP, the commands of version 1.0 are all there. */
	caps->cmdcap = cap & GENCAP_CMDCAP ?
		       ioread32(idxd->regs + IDXD_CMDCAP) : IDXD_CMDS_NEEDED;
}

static void idxd_read_wqcap(struct idxd_device *idxd)
{
	struct idxd_caps *caps = &idxd->caps;
	u64 cap = ioread64(idxd->regs + IDXD_WQCAP);

	caps->max_wq_size = FIELD_GET(WQCAP_TOTAL_SIZE, cap);
	caps->num_wqs = FIELD_GET(WQCAP_NUM_WQS, cap);
	caps->wqcfg_size = 1U << (FIELD_GET(WQCAP_WQCFG_SHIFT, cap) +
				  WQCAP_WQCFG_SHIFT_MIN);
	caps->shared_mode = (cap & WQCAP_SHARED) &&
			    cpu_feature_enabled(X86_FEATURE_ENQCMD);
	caps->dedicated_mode = cap & WQCAP_DEDICATED;
	caps->wq_ats_disable = cap & WQCAP_ATS_DISABLE;
	caps->wq_prs_disable = cap & WQCAP_PRS_DISABLE;
	caps->wq_priority = cap & WQCAP_PRIORITY;
	caps->wq_occupancy = cap & WQCAP_OCCUPANCY;
	caps->wq_opcfg = cap & WQCAP_OPCFG;
}

static void idxd_read_groupcap(struct idxd_device *idxd)
{
	struct idxd_caps *caps = &idxd->caps;
	u64 cap = ioread64(idxd->regs + IDXD_GRPCAP);

	caps->num_groups = FIELD_GET(GRPCAP_NUM_GROUPS, cap);
	caps->max_rdbufs = FIELD_GET(GRPCAP_NUM_RDBUFS, cap);
	caps->rdbuf_ctrl = cap & GRPCAP_RDBUF_CTRL;
	caps->rdbuf_limit = cap & GRPCAP_RDBUF_LIMIT;
	caps->progress_limit = cap & GRPCAP_PROGRESS_LIMIT;

	cap = ioread64(idxd->regs + IDXD_ENGCAP);
	caps->num_engines = FIELD_GET(ENGCAP_NUM_ENGINES, cap);
}

static void idxd_read_opcap(struct idxd_device *idxd)
{
	u64 words[IDXD_OPCAP_BITS / 64];
	int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = ioread64(idxd->regs + IDXD_OPCAP + i * sizeof(u64));
	bitmap_from_arr64(idxd->caps.opcap, words, IDXD_OPCAP_BITS);
}

static void idxd_read_offsets(struct idxd_device *idxd)
{
	struct idxd_caps *caps = &idxd->caps;
	u64 offs = ioread64(idxd->regs + IDXD_OFFSETS);

	caps->grpcfg_off = FIELD_GET(OFFSETS_GRPCFG, offs) * IDXD_OFFSETS_UNIT;
	caps->wqcfg_off = FIELD_GET(OFFSETS_WQCFG, offs) * IDXD_OFFSETS_UNIT;
}

static int idxd_check_caps(struct idxd_device *idxd)
{
	struct idxd_caps *caps = &idxd->caps;
	resource_size_t regs = pci_resource_len(idxd->pdev, IDXD_BAR_REGS);
	resource_size_t portals = pci_resource_len(idxd->pdev,
						   IDXD_BAR_PORTALS);

	if (~caps->cmdcap & IDXD_CMDS_NEEDED) {
		dev_err(&idxd->pdev->dev, "commands missing: CMDCAP %#x\n",
			caps->cmdcap);
		return -ENODEV;
	}
	if (!caps->num_wqs || !caps->num_groups || !caps->num_engines ||
	    caps->num_engines > 64 ||
	    caps->wqcfg_off + caps->num_wqs * caps->wqcfg_size > regs ||
	    caps->grpcfg_off + caps->num_groups * GRPCFG_STRIDE > regs ||
	    caps->num_wqs * IDXD_PORTALS_PER_WQ * IDXD_PORTAL_SIZE > portals) {
		dev_err(&idxd->pdev->dev, "capabilities contradict BAR sizes\n");
		return -ENODEV;
	}
	return 0;
}

int idxd_read_caps(struct idxd_device *idxd)
{
	idxd->caps.version = ioread32(idxd->regs + IDXD_VERSION);
	idxd_read_gencap(idxd);
	idxd_read_wqcap(idxd);
	idxd_read_groupcap(idxd);
	idxd_read_opcap(idxd);
	idxd_read_offsets(idxd);

	return idxd_check_caps(idxd);
}
