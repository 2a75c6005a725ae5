/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: portals (BAR2, 9.3).  Takes 64-byte stores, decides whether the
 * descriptor is accepted (5.3), and hands it to its work queue.
 *
 * Four pages a queue: unlimited and limited for MSI-X handles, and the same
 * two for handles of interrupt message storage, which this device does not
 * have: those two discard.
 */
#include "qemu/osdep.h"
#include "dsa.h"

#define DSA_PORTAL_PAGE     4096
#define DSA_PORTALS_PER_WQ  4
#define DSA_BAR2_SIZE (DSA_NUM_WQS * DSA_PORTALS_PER_WQ * DSA_PORTAL_PAGE)

enum {
    DSA_PORTAL_UNLIMITED,
    DSA_PORTAL_LIMITED,
};

static bool dsa_portal_shared(DSAWQ *wq, bool limited, const void *desc)
{
    unsigned room = dsa_wq_size(wq);

    if (limited) {
        room = MIN(room, extract32(wq->cfg[1], 0, 16));
    }
    if (wq->occupancy >= room) {
        return false;
    }
    if (!dsa_inject_drop_submissions(wq->dev)) {
        dsa_wq_push(wq, desc);
    }
    return true;
}

static void dsa_portal_dedicated(DSAWQ *wq, const void *desc)
{
    if (wq->occupancy >= dsa_wq_size(wq)) {
        dsa_swerr(wq->dev, DSA_SWERR_DWQ_FULL, wq);
        return;
    }
    if (!dsa_inject_drop_submissions(wq->dev)) {
        dsa_wq_push(wq, desc);
    }
}

static bool dsa_portal_store64(void *opaque, hwaddr addr, const void *data,
                               bool posted)
{
    DSADevice *dev = opaque;
    unsigned page = addr / DSA_PORTAL_PAGE;
    unsigned portal = page % DSA_PORTALS_PER_WQ;
    DSAWQ *wq = &dev->wq[page / DSA_PORTALS_PER_WQ];

    if (portal > DSA_PORTAL_LIMITED || dev->state != DSA_STATE_ENABLED ||
        wq->state != DSA_STATE_ENABLED || posted != dsa_wq_dedicated(wq)) {
        return false;
    }
    if (posted) {
        dsa_portal_dedicated(wq, data);
        return true;
    }
    return dsa_portal_shared(wq, portal == DSA_PORTAL_LIMITED, data);
}

static uint64_t dsa_portal_read(void *opaque, hwaddr addr, unsigned size)
{
    return UINT64_MAX;
}

/* Any store but one of 64 bytes is ignored. */
static void dsa_portal_write(void *opaque, hwaddr addr, uint64_t val,
                             unsigned size)
{
}

static const MemoryRegionOps dsa_portal_ops = {
    .read = dsa_portal_read,
    .write = dsa_portal_write,
    .store64 = dsa_portal_store64,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

void dsa_portal_init(DSADevice *dev)
{
    memory_region_init_io(&dev->portals, OBJECT(dev), &dsa_portal_ops, dev,
                          "dsa-portals", DSA_BAR2_SIZE);
}
