/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: what is checked when the device (5.1) or a work queue (5.2) is
 * enabled.  Reads registers, changes nothing.
 */
#include "qemu/osdep.h"
#include "dsa.h"

/* Read buffers that an engine needs at least */
#define DSA_RDBUFS_PER_ENGINE   4

static unsigned dsa_grp_reserved(const DSAGroup *g)
{
    return extract64(g->flags, 8, 8);
}

static unsigned dsa_grp_allowed(const DSAGroup *g)
{
    return extract64(g->flags, 20, 8);
}

static bool dsa_grp_global_limit(const DSAGroup *g)
{
    return extract64(g->flags, 7, 1);
}

static uint8_t dsa_check_groups(const DSADevice *dev)
{
    uint64_t wqs = 0, engines = 0;
    unsigned i;

    for (i = 0; i < DSA_NUM_GROUPS; i++) {
        const DSAGroup *g = &dev->group[i];

        if (!g->wqs[0] != !g->engines) {
            return DSA_CMD_ERR_GRP_EMPTY;
        }
        if (wqs & g->wqs[0] || g->wqs[0] >> DSA_NUM_WQS ||
            g->wqs[1] || g->wqs[2] || g->wqs[3]) {
            return DSA_CMD_ERR_GRP_WQS;
        }
        if (engines & g->engines || g->engines >> DSA_NUM_ENGINES) {
            return DSA_CMD_ERR_GRP_ENGINES;
        }
        wqs |= g->wqs[0];
        engines |= g->engines;
    }
    for (i = 0; i < DSA_NUM_WQS; i++) {
        if (!dsa_wq_size(&dev->wq[i]) != !(wqs & BIT_ULL(i))) {
            return DSA_CMD_ERR_GRP_WQS;
        }
    }
    return DSA_CMD_OK;
}

static bool dsa_rdbufs_valid(const DSADevice *dev)
{
    unsigned limit = dev->gencfg & DSA_GENCFG_RDBUF_LIMIT;
    unsigned reserved = 0, limited_engines = 0, i;

    for (i = 0; i < DSA_NUM_GROUPS; i++) {
        if (dev->group[i].engines) {
            reserved += dsa_grp_reserved(&dev->group[i]);
        }
        if (dsa_grp_global_limit(&dev->group[i])) {
            limited_engines += ctpop64(dev->group[i].engines);
        }
    }
    if (reserved > DSA_READ_BUFFERS || limit > DSA_READ_BUFFERS ||
        limit < limited_engines * DSA_RDBUFS_PER_ENGINE) {
        return false;
    }
    for (i = 0; i < DSA_NUM_GROUPS; i++) {
        const DSAGroup *g = &dev->group[i];
        unsigned own = dsa_grp_reserved(g), allowed = dsa_grp_allowed(g);

        if (g->engines &&
            (allowed < ctpop64(g->engines) * DSA_RDBUFS_PER_ENGINE ||
             allowed < own || allowed > own + DSA_READ_BUFFERS - reserved)) {
            return false;
        }
    }
    return true;
}

uint8_t dsa_config_check_device(const DSADevice *dev)
{
    unsigned i, size = 0;
    uint8_t err;

    if (dev->state != DSA_STATE_DISABLED) {
        return DSA_CMD_ERR_DEV_ENABLED;
    }
    if (!dsa_bus_master(dev)) {
        return DSA_CMD_ERR_BUS_MASTER;
    }
    if (dsa_pri_on(dev) &&
        (!dsa_pri_alloc(dev) || dsa_pri_alloc(dev) > DSA_MAX_PRS)) {
        return DSA_CMD_ERR_PRS_ALLOC;
    }
    for (i = 0; i < DSA_NUM_WQS; i++) {
        size += dsa_wq_size(&dev->wq[i]);
    }
    if (size > DSA_TOTAL_WQ_SIZE) {
        return DSA_CMD_ERR_WQ_SIZE_SUM;
    }
    err = dsa_check_groups(dev);
    if (err) {
        return err;
    }
    return dsa_rdbufs_valid(dev) ? DSA_CMD_OK : DSA_CMD_ERR_GRP_RDBUFS;
}

static uint8_t dsa_check_wq_pasid(const DSAWQ *wq)
{
    bool on = dsa_wq_pasid_on(wq);

    if ((!on && !dsa_wq_dedicated(wq)) || (on && !dsa_pasid_on(wq->dev))) {
        return DSA_CMD_ERR_WQ_PASID;
    }
    if (on && dsa_wq_dedicated(wq) && dsa_wq_priv(wq) &&
        !dsa_priv_on(wq->dev)) {
        return DSA_CMD_ERR_WQ_PRIV;
    }
    return DSA_CMD_OK;
}

/* The handle matters only to a queue that will use it. */
static bool dsa_wq_occupancy_valid(const DSAWQ *wq)
{
    if (extract32(wq->cfg[4], 16, 1)) {
        return false;       /* interrupt message storage */
    }
    return !extract32(wq->cfg[5], 16, 1) ||
           dsa_irq_handle_vector(wq->dev, extract32(wq->cfg[4], 0, 16)) >= 0;
}

uint8_t dsa_config_check_wq(const DSAWQ *wq)
{
    uint8_t err;

    if (wq->dev->state != DSA_STATE_ENABLED) {
        return DSA_CMD_ERR_DEV_NOT_ENABLED;
    }
    if (wq->state != DSA_STATE_DISABLED) {
        return DSA_CMD_ERR_WQ_ENABLED;
    }
    if (!dsa_wq_size(wq)) {
        return DSA_CMD_ERR_WQ_SIZE;
    }
    if (!dsa_wq_priority(wq)) {
        return DSA_CMD_ERR_WQ_PRIORITY;
    }
    if (dsa_wq_bof(wq) && !dsa_pri_on(wq->dev)) {
        return DSA_CMD_ERR_WQ_BOF;
    }
    err = dsa_check_wq_pasid(wq);
    if (err) {
        return err;
    }
    if (!dsa_wq_batch_shift(wq) ||
        dsa_wq_batch_shift(wq) > DSA_MAX_BATCH_SHIFT) {
        return DSA_CMD_ERR_WQ_BATCH;
    }
    if (dsa_wq_xfer_shift(wq) > DSA_MAX_XFER_SHIFT) {
        return DSA_CMD_ERR_WQ_XFER;
    }
    return dsa_wq_occupancy_valid(wq) ? DSA_CMD_OK :
                                        DSA_CMD_ERR_WQ_OCCUP_INT;
}
