/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: page requests (3.13.2; PCIe 10.4).  Each is a group of its own;
 * the group index is the slot in the device's table.  A slot stays taken until
 * its response comes, even if the descriptor has been abandoned meanwhile.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci.h"
#include "dsa.h"

#define DSA_PRS_PAGE_MASK   (~0xfffull)

bool dsa_prs_on(const DSAWQ *wq)
{
    return dsa_pri_on(wq->dev) && dsa_ats_on(wq->dev) && !dsa_wq_ats_off(wq);
}

/* Slots are used in turn, so that a late response is not taken for another. */
static int dsa_prs_find_slot(DSADevice *dev)
{
    unsigned limit = MIN(dsa_pri_alloc(dev), DSA_MAX_PRS);
    unsigned i;

    if (dev->prs_used >= limit) {
        return -1;
    }
    for (i = 0; i < DSA_MAX_PRS; i++) {
        unsigned slot = (dev->prs_next + i) % DSA_MAX_PRS;

        if (!dev->prs[slot].used) {
            dev->prs_next = slot + 1;
            return slot;
        }
    }
    return -1;
}

void dsa_prs_request(DSATask *t)
{
    DSADevice *dev = t->dev;
    int slot = dsa_prs_find_slot(dev);
    VTDPageRequest req = {
        .pasid = t->pasid == DSA_NO_PASID ? VTD_NO_PASID : t->pasid,
        .iova = t->fault_va & DSA_PRS_PAGE_MASK,
        .group = slot,
        .last = true,
        .read = !t->fault_write,
        .write = t->fault_write,
        .priv = t->priv,
    };

    if (slot < 0) {
        t->wait = DSA_WAIT_SLOT;
        return;
    }
    t->wait = DSA_WAIT_PAGE;
    dev->prs[slot] = (DSAPageRequest) {
        .used = true, .pasid = req.pasid, .task = t,
    };
    dev->prs_used++;
    /* If the queue is full, dsa_prs_response() has been called on return. */
    vtd_page_request(&dev->parent_obj, &req);
}

static void dsa_prs_release(DSADevice *dev, unsigned slot)
{
    DSATask *t;

    dev->prs[slot] = (DSAPageRequest) { 0 };
    dev->prs_used--;
    dsa_pri_status(dev, 0);
    QTAILQ_FOREACH(t, &dev->inflight, inflight) {
        if (t->wait == DSA_WAIT_SLOT) {
            dsa_prs_request(t);
            break;
        }
    }
}

void dsa_prs_response(void *opaque, uint32_t pasid, uint16_t group,
                      unsigned code)
{
    DSADevice *dev = opaque;
    DSATask *t;

    if (group >= DSA_MAX_PRS || !dev->prs[group].used ||
        dev->prs[group].pasid != pasid) {
        dsa_pri_status(dev, PCI_PRI_STATUS_UPRGI);
        return;
    }
    if (code == VTD_PRG_FAILURE) {
        dsa_pri_status(dev, PCI_PRI_STATUS_RF);
    }
    t = dev->prs[group].task;
    if (t) {
        dsa_task_page_response(t, code);
    }
    dsa_prs_release(dev, group);
}

void dsa_prs_forget(DSATask *t)
{
    unsigned i;

    for (i = 0; i < DSA_MAX_PRS; i++) {
        if (t->dev->prs[i].task == t) {
            t->dev->prs[i].task = NULL;
        }
    }
}

void dsa_prs_reset(DSADevice *dev)
{
    memset(dev->prs, 0, sizeof(dev->prs));
    dev->prs_used = 0;
}
