// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration.  Touches GENCFG, GRPCFG and WQCFG; gives no command.
 */
#include <kunit/visibility.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/log2.h>

#include "config.h"
#include "device.h"
#include "regs.h"

#define IDXD_DEFAULT_MAX_XFER	SZ_2M
#define IDXD_DEFAULT_MAX_BATCH	32
#define IDXD_DEFAULT_TC		1	/* the only one that version 1 uses */

static void __iomem *idxd_wqcfg(struct idxd_wq *wq, unsigned int word)
{
	const struct idxd_caps *caps = &wq->idxd->caps;

	return wq->idxd->regs + caps->wqcfg_off + wq->id * caps->wqcfg_size +
	       word * sizeof(u32);
}

static void __iomem *idxd_grpcfg(struct idxd_group *group)
{
	return group->idxd->regs + group->idxd->caps.grpcfg_off +
	       group->id * GRPCFG_STRIDE;
}

void idxd_wq_set_group(struct idxd_wq *wq, struct idxd_group *group)
{
	lockdep_assert_held(&wq->idxd->lock);
	if (wq->group)
		wq->group->num_wqs--;
	if (group)
		group->num_wqs++;
	wq->group = group;
}

void idxd_engine_set_group(struct idxd_engine *engine,
			   struct idxd_group *group)
{
	lockdep_assert_held(&engine->idxd->lock);
	if (engine->group)
		engine->group->num_engines--;
	if (group)
		group->num_engines++;
	engine->group = group;
}

void idxd_wq_default_config(struct idxd_wq *wq)
{
	const struct idxd_caps *caps = &wq->idxd->caps;
	struct idxd_wq_config *cfg = &wq->cfg;

	idxd_wq_set_group(wq, NULL);
	memset(cfg, 0, sizeof(*cfg));
	cfg->max_xfer_bytes = min_t(u64, caps->max_xfer_bytes,
				    IDXD_DEFAULT_MAX_XFER);
	cfg->max_batch_size = min_t(u32, caps->max_batch_size,
				    IDXD_DEFAULT_MAX_BATCH);
	cfg->enqcmds_retries = IDXD_ENQCMDS_RETRIES_DEFAULT;
	bitmap_copy(cfg->opcap, caps->opcap, IDXD_OPCAP_BITS);
}

static void idxd_group_default_config(struct idxd_group *group)
{
	group->tc_a = IDXD_DEFAULT_TC;
	group->tc_b = IDXD_DEFAULT_TC;
	group->rdbufs_allowed = group->idxd->caps.max_rdbufs;
	group->rdbufs_reserved = 0;
	group->use_rdbuf_limit = false;
	group->desc_progress_limit = 0;
	group->batch_progress_limit = 0;
}

static void idxd_read_group(struct idxd_group *group)
{
	struct idxd_device *idxd = group->idxd;
	void __iomem *cfg = idxd_grpcfg(group);
	u64 engines = ioread64(cfg + GRPCFG_ENGINES);
	u32 flags = ioread32(cfg + GRPCFG_FLAGS);
	unsigned int i;
	u64 wqs;

	for (i = 0; i < idxd->caps.num_wqs; i++) {
		wqs = ioread64(cfg + i / 64 * sizeof(u64));
		if (wqs & BIT_ULL(i % 64))
			idxd_wq_set_group(idxd->wqs[i], group);
	}
	for (i = 0; i < idxd->caps.num_engines; i++)
		if (engines & BIT_ULL(i))
			idxd_engine_set_group(idxd->engines[i], group);

	group->tc_a = FIELD_GET(GRPFLAGS_TC_A, flags);
	group->tc_b = FIELD_GET(GRPFLAGS_TC_B, flags);
	group->use_rdbuf_limit = flags & GRPFLAGS_USE_RDBUF_LIMIT;
	group->rdbufs_reserved = FIELD_GET(GRPFLAGS_RDBUFS_RESERVED, flags);
	group->rdbufs_allowed = FIELD_GET(GRPFLAGS_RDBUFS_ALLOWED, flags);
}

static void idxd_read_wq(struct idxd_wq *wq)
{
	struct idxd_wq_config *cfg = &wq->cfg;
	u32 w2 = ioread32(idxd_wqcfg(wq, WQCFG_W2));
	u32 w3 = ioread32(idxd_wqcfg(wq, WQCFG_W3));

	cfg->size = FIELD_GET(WQCFG_SIZE, ioread32(idxd_wqcfg(wq, WQCFG_W0)));
	cfg->threshold = FIELD_GET(WQCFG_THRESHOLD,
				   ioread32(idxd_wqcfg(wq, WQCFG_W1)));
	cfg->dedicated = w2 & WQCFG_DEDICATED;
	cfg->block_on_fault = w2 & WQCFG_BLOCK_ON_FAULT;
	cfg->ats_disable = w2 & WQCFG_ATS_DISABLE;
	cfg->prs_disable = w2 & WQCFG_PRS_DISABLE;
	cfg->priority = FIELD_GET(WQCFG_PRIORITY, w2);
	cfg->max_xfer_bytes = 1ULL << FIELD_GET(WQCFG_MAX_XFER_SHIFT, w3);
	cfg->max_batch_size = 1U << FIELD_GET(WQCFG_MAX_BATCH_SHIFT, w3);
}

void idxd_config_reset(struct idxd_device *idxd)
{
	const struct idxd_caps *caps = &idxd->caps;
	unsigned int i;

	lockdep_assert_held(&idxd->lock);
	idxd->rdbuf_limit = 0;
	for (i = 0; i < caps->num_wqs; i++)
		idxd_wq_default_config(idxd->wqs[i]);
	for (i = 0; i < caps->num_engines; i++)
		idxd_engine_set_group(idxd->engines[i], NULL);
	for (i = 0; i < caps->num_groups; i++)
		idxd_group_default_config(idxd->groups[i]);

	if (caps->configurable)
		return;
	for (i = 0; i < caps->num_groups; i++)
		idxd_read_group(idxd->groups[i]);
	for (i = 0; i < caps->num_wqs; i++)
		idxd_read_wq(idxd->wqs[i]);
}
EXPORT_SYMBOL_IF_KUNIT(idxd_config_reset);

/* A queue that is in a group is meant to be used. */
static u32 idxd_check_wq(struct idxd_wq *wq)
{
	if (!wq->cfg.size)
		return IDXD_SCMD_WQ_NO_SIZE;
	if (wq->cfg.dedicated)
		return 0;
	if (!wq->idxd->caps.shared_mode)
		return IDXD_SCMD_WQ_NO_SWQ_SUPPORT;
	if (!wq->cfg.threshold)
		return IDXD_SCMD_WQ_NO_THRESH;
	return 0;
}

int idxd_config_check(struct idxd_device *idxd)
{
	unsigned int i, configured = 0;
	u32 err = 0;

	lockdep_assert_held(&idxd->lock);
	for (i = 0; !err && i < idxd->caps.num_wqs; i++) {
		if (!idxd->wqs[i]->group)
			continue;
		configured++;
		err = idxd_check_wq(idxd->wqs[i]);
	}
	if (!err && !configured)
		err = IDXD_SCMD_WQ_NONE_CONFIGURED;
	if (!err)
		return 0;

	WRITE_ONCE(idxd->cmd_status, err);
	return -ENXIO;
}
EXPORT_SYMBOL_IF_KUNIT(idxd_config_check);

static void idxd_write_group(struct idxd_group *group)
{
	struct idxd_device *idxd = group->idxd;
	void __iomem *cfg = idxd_grpcfg(group);
	u64 wqs[GRPCFG_WQ_WORDS] = {};
	u64 engines = 0;
	unsigned int i;

	for (i = 0; i < idxd->caps.num_wqs; i++)
		if (idxd->wqs[i]->group == group)
			wqs[i / 64] |= BIT_ULL(i % 64);
	for (i = 0; i < idxd->caps.num_engines; i++)
		if (idxd->engines[i]->group == group)
			engines |= BIT_ULL(i);

	for (i = 0; i < GRPCFG_WQ_WORDS; i++)
		iowrite64(wqs[i], cfg + i * sizeof(u64));
	iowrite64(engines, cfg + GRPCFG_ENGINES);
}

static void idxd_write_group_flags(struct idxd_group *group)
{
	const struct idxd_caps *caps = &group->idxd->caps;
	void __iomem *cfg = idxd_grpcfg(group);
	u32 flags, limits = 0;

	flags = FIELD_PREP(GRPFLAGS_TC_A, group->tc_a) |
		FIELD_PREP(GRPFLAGS_TC_B, group->tc_b);
	if (caps->rdbuf_ctrl) {
		flags |= FIELD_PREP(GRPFLAGS_RDBUFS_RESERVED,
				    group->rdbufs_reserved);
		flags |= FIELD_PREP(GRPFLAGS_RDBUFS_ALLOWED,
				    group->rdbufs_allowed);
	}
	if (caps->rdbuf_limit && group->use_rdbuf_limit)
		flags |= GRPFLAGS_USE_RDBUF_LIMIT;
	if (caps->progress_limit)
		limits = FIELD_PREP(GRPLIMITS_DESC,
				    group->desc_progress_limit) |
			 FIELD_PREP(GRPLIMITS_BATCH,
				    group->batch_progress_limit);

	iowrite32(flags, cfg + GRPCFG_FLAGS);
	iowrite32(limits, cfg + GRPCFG_LIMITS);
}

static u32 idxd_wqcfg_w2(const struct idxd_wq *wq, u32 pasid)
{
	const struct idxd_wq_config *cfg = &wq->cfg;
	const struct idxd_caps *caps = &wq->idxd->caps;
	u32 w2 = FIELD_PREP(WQCFG_PRIORITY, cfg->priority);

	if (cfg->dedicated)
		w2 |= WQCFG_DEDICATED;
	if (cfg->block_on_fault)
		w2 |= WQCFG_BLOCK_ON_FAULT;
	if (caps->wq_ats_disable && cfg->ats_disable)
		w2 |= WQCFG_ATS_DISABLE;
	if (caps->wq_prs_disable && cfg->prs_disable)
		w2 |= WQCFG_PRS_DISABLE;
	if (!cfg->dedicated)
		w2 |= WQCFG_PASID_EN;
	else if (pasid != IDXD_NO_PASID)
		w2 |= WQCFG_PASID_EN | FIELD_PREP(WQCFG_PASID, pasid);
	return w2;
}

void idxd_config_write_wq(struct idxd_wq *wq, u32 pasid)
{
	const struct idxd_wq_config *cfg = &wq->cfg;
	u64 ops[IDXD_OPCAP_BITS / 64];
	unsigned int i;

	iowrite32(cfg->size, idxd_wqcfg(wq, WQCFG_W0));
	iowrite32(cfg->threshold, idxd_wqcfg(wq, WQCFG_W1));
	iowrite32(idxd_wqcfg_w2(wq, pasid), idxd_wqcfg(wq, WQCFG_W2));
	iowrite32(FIELD_PREP(WQCFG_MAX_XFER_SHIFT,
			     ilog2(cfg->max_xfer_bytes)) |
		  FIELD_PREP(WQCFG_MAX_BATCH_SHIFT,
			     ilog2(cfg->max_batch_size)),
		  idxd_wqcfg(wq, WQCFG_W3));

	if (!wq->idxd->caps.wq_opcfg)
		return;
	bitmap_to_arr64(ops, cfg->opcap, IDXD_OPCAP_BITS);
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		iowrite64(ops[i], idxd_wqcfg(wq, WQCFG_OPCFG + 2 * i));
}
EXPORT_SYMBOL_IF_KUNIT(idxd_config_write_wq);

void idxd_config_write(struct idxd_device *idxd)
{
	const struct idxd_caps *caps = &idxd->caps;
	unsigned int i;

	lockdep_assert_held(&idxd->lock);
	if (!caps->configurable)
		return;

	for (i = 0; i < caps->num_groups; i++) {
		idxd_write_group(idxd->groups[i]);
		idxd_write_group_flags(idxd->groups[i]);
	}
	if (caps->rdbuf_limit)
		iowrite32(FIELD_PREP(GENCFG_RDBUF_LIMIT, idxd->rdbuf_limit),
			  idxd->regs + IDXD_GENCFG);
	for (i = 0; i < caps->num_wqs; i++)
		idxd_config_write_wq(idxd->wqs[i], IDXD_NO_PASID);
}
EXPORT_SYMBOL_IF_KUNIT(idxd_config_write);
