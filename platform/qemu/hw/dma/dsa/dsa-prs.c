/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: page requests (3.13.2; PCIe 10.4).  Each is a group of its own,
 * or a group has so many of a descriptor's pages as x-group-pages says; the
 * group index is the slot in the device's table.  A slot stays taken until the
 * group's response comes, even if the descriptor has been abandoned meanwhile.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci.h"
#include "dsa.h"

bool dsa_prs_on(const DSAWQ *wq)
{
    return dsa_pri_on(wq->dev) && dsa_ats_on(wq->dev) && !dsa_wq_ats_off(wq);
}

/* Page requests, not groups, that may be outstanding */
static unsigned dsa_prs_limit(const DSADevice *dev)
{
    return MIN(dsa_pri_alloc(dev), DSA_MAX_PRS);
}

/* Slots are used in turn, so that a late response is not taken for another. */
static int dsa_prs_find_slot(DSADevice *dev)
{
    unsigned i;

    if (dev->prs_used >= dsa_prs_limit(dev)) {
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

/*
 * The page that @t faulted on and, of those behind it which it will need, the
 * others that are missing.  Returns how many, @max at most.
 */
static unsigned dsa_prs_pages(DSATask *t, unsigned max, uint64_t *pages)
{
    uint64_t ahead = t->phase == DSA_PHASE_WORK ? dsa_op_ahead(t) : 0;
    uint64_t first = t->fault_va & -DSA_PAGE_SIZE;
    unsigned i, n = 0;

    pages[n++] = first;
    for (i = 1; i < max; i++) {
        uint64_t page = first + i * DSA_PAGE_SIZE;

        if (page - t->fault_va >= ahead) {
            break;
        }
        if (dsa_mem_missing(t, page)) {
            pages[n++] = page;
        }
    }
    return n;
}

/* Leave to have so many requests outstanding is there. */
static void dsa_prs_send(DSATask *t, unsigned slot, unsigned n,
                         const uint64_t *pages)
{
    VTDPageRequest req = {
        .pasid = t->pasid == DSA_NO_PASID ? VTD_NO_PASID : t->pasid,
        .group = slot,
        .read = !t->fault_write,
        .write = t->fault_write,
        .priv = t->priv,
    };
    DSADevice *dev = t->dev;
    unsigned i;

    t->wait = DSA_WAIT_PAGE;
    dev->prs[slot] = (DSAPageRequest) {
        .used = true, .pages = n, .pasid = req.pasid, .task = t,
    };
    dev->prs_used += n;
    /*
     * If the queue is full, dsa_prs_response() has been called when the last
     * one returns; of others the device is not told.
     */
    for (i = 0; i < n; i++) {
        req.iova = pages[i];
        req.last = i == n - 1;
        vtd_page_request(&dev->parent_obj, &req);
    }
}

void dsa_prs_request(DSATask *t)
{
    DSADevice *dev = t->dev;
    int slot = dsa_prs_find_slot(dev);
    uint64_t pages[DSA_MAX_GROUP];
    unsigned max;

    if (slot < 0) {
        t->wait = DSA_WAIT_SLOT;
        return;
    }
    max = MIN(dsa_inject_group_pages(dev), dsa_prs_limit(dev) - dev->prs_used);
    dsa_prs_send(t, slot, dsa_prs_pages(t, max, pages), pages);
}

static void dsa_prs_release(DSADevice *dev, unsigned slot)
{
    DSATask *t;

    dev->prs_used -= dev->prs[slot].pages;
    dev->prs[slot] = (DSAPageRequest) { 0 };
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
