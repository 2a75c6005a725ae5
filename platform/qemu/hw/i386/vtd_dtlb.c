/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulated VT-d: invalidations on their way to the TLBs of PCIe functions.
 *
 * Each one sent is pending until its function acknowledges it.  A wait
 * descriptor that meets pending ones is held, and with it the invalidation
 * queue, whose head is past it already.  A function that does not answer in
 * x-dtlb-timeout-ms of virtual time makes the IOMMU raise ITE: the held wait
 * descriptor is aborted (it never completes, software submits anew), and with it
 * those that are in the queue, and the invalidations that they wait for: hardware
 * may have fetched that far ahead.  The queue goes on from its head when software
 * clears ITE.  A late answer is an invalidation completion error (ICE).
 */
#include "qemu/osdep.h"
#include "vtd_ats_internal.h"
#include "trace.h"

/* Invalidation Queue Error Record register (VT-d 11.4.9.9) */
#define VTD_IQER_ITESID_SHIFT   32
#define VTD_IQER_ICESID_SHIFT   48

static void vtd_dtlb_arm(VTDAtsState *ats)
{
    VTDDtlbPending *p = QTAILQ_FIRST(&ats->pending);

    if (p && ats->iommu->dtlb_timeout_ms) {
        timer_mod(ats->timeout, p->deadline);
    } else {
        timer_del(ats->timeout);
    }
}

static void vtd_dtlb_remove(VTDAtsState *ats, VTDDtlbPending *p)
{
    QTAILQ_REMOVE(&ats->pending, p, next);
    g_free(p);
    vtd_dtlb_arm(ats);
}

/* Raise @error (ITE or ICE), naming @sid in the error record. */
static void vtd_dtlb_error(IntelIOMMUState *s, uint32_t error, uint16_t sid,
                           unsigned shift)
{
    uint32_t fsts = vtd_get_long_raw(s, DMAR_FSTS_REG);
    uint64_t iqer = vtd_get_quad_raw(s, DMAR_IQER_REG);

    iqer &= ~((uint64_t)UINT16_MAX << shift);
    vtd_set_quad_raw(s, DMAR_IQER_REG, iqer | (uint64_t)sid << shift);
    vtd_set_clear_mask_long(s, DMAR_FSTS_REG, 0, error);
    vtd_generate_fault_event(s, fsts);
}

/* What is in the queue was under way as well: it is fetched, and has no effect. */
static void vtd_dtlb_abort_queue(VTDAtsState *ats)
{
    vtd_dtlb_abort_wait(ats->iommu);
    if (ats->iommu->qi_enabled) {
        ats->aborting = true;
        vtd_fetch_inv_desc(ats->iommu);
        ats->aborting = false;
    }
}

static void vtd_dtlb_timeout(void *opaque)
{
    VTDAtsState *ats = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    VTDDtlbPending *p;

    while ((p = QTAILQ_FIRST(&ats->pending)) && p->deadline <= now) {
        uint16_t sid = p->sid;

        trace_vtd_dtlb_timeout(sid, p->inv.tag);
        vtd_dtlb_remove(ats, p);
        vtd_dtlb_abort_queue(ats);
        vtd_dtlb_error(ats->iommu, VTD_FSTS_ITE, sid, VTD_IQER_ITESID_SHIFT);
    }
    vtd_dtlb_arm(ats);
}

/* Called once, when the IOMMU is realized. */
void vtd_dtlb_init(VTDAtsState *ats)
{
    QTAILQ_INIT(&ats->pending);
    ats->timeout = timer_new_ns(QEMU_CLOCK_VIRTUAL, vtd_dtlb_timeout, ats);
}

/* Forget all pending invalidations and the wait descriptor behind them. */
void vtd_dtlb_reset(VTDAtsState *ats)
{
    VTDDtlbPending *p, *tmp;

    ats->wait_held = false;
    QTAILQ_FOREACH_SAFE(p, &ats->pending, next, tmp) {
        vtd_dtlb_remove(ats, p);
    }
}

/* If nothing is pending any more, complete the wait and go on. */
static void vtd_dtlb_resume(VTDAtsState *ats)
{
    if (ats->wait_held && QTAILQ_EMPTY(&ats->pending)) {
        ats->wait_held = false;
        vtd_complete_wait_desc(ats->iommu, &ats->wait);
        vtd_fetch_inv_desc(ats->iommu);
    }
}

/* @f goes away: nothing that is pending for it will be acknowledged. */
void vtd_dtlb_forget_function(VTDAtsState *ats, VTDAtsFunction *f)
{
    VTDDtlbPending *p, *tmp;

    QTAILQ_FOREACH_SAFE(p, &ats->pending, next, tmp) {
        if (p->function == f) {
            vtd_dtlb_remove(ats, p);
        }
    }
    vtd_dtlb_resume(ats);
}

typedef struct VTDDtlbRange {
    uint64_t first;
    uint64_t last;
} VTDDtlbRange;

static void vtd_dtlb_drop_pages(gpointer key, gpointer value, gpointer data)
{
    VTDDtlbRange *r = data;

    vtd_fs_drop(value, r->first, r->last, true, NULL);
}

/* @f holds nothing any more that @inv covers. */
static void vtd_dtlb_dropped(VTDAtsFunction *f, const VTDAtsInvalidation *inv)
{
    VTDDtlbRange r = { inv->iova, inv->iova + (inv->size - 1) };
    VTDFsSpace *space;

    if (inv->all_pasids) {
        g_hash_table_foreach(f->tlb, vtd_dtlb_drop_pages, &r);
        return;
    }
    space = vtd_fs_cache_find(f->tlb, inv->pasid);
    if (space) {
        vtd_dtlb_drop_pages(NULL, space, &r);
    }
}

void vtd_ats_invalidation_done(PCIDevice *dev, uint32_t tag)
{
    uint16_t sid = pci_requester_id(dev);
    VTDAtsState *ats = INTEL_IOMMU_DEVICE(x86_iommu_get_default())->ats;
    VTDDtlbPending *p;

    trace_vtd_dtlb_done(sid, tag);
    QTAILQ_FOREACH(p, &ats->pending, next) {
        if (p->inv.tag == tag && p->function->dev == dev) {
            vtd_dtlb_dropped(p->function, &p->inv);
            vtd_dtlb_remove(ats, p);
            vtd_dtlb_resume(ats);
            return;
        }
    }
    vtd_dtlb_error(ats->iommu, VTD_FSTS_ICE, sid, VTD_IQER_ICESID_SHIFT);
}

/*
 * Bytes that @addr stands for: with @size set, its lowest clear bit says how
 * many, as in the message that goes to the function.
 */
static uint64_t vtd_dtlb_range(uint64_t addr, bool size)
{
    unsigned ones = size ? cto64(addr >> VTD_PAGE_SHIFT) + 1 : 0;

    return ones + VTD_PAGE_SHIFT >= 64 ? UINT64_MAX : VTD_PAGE_SIZE << ones;
}

/*
 * Send an invalidation to the function @sid: for @pasid, or VTD_NO_PASID, or
 * @all_pasids; @addr and @size as they stand in the descriptor.  Returns
 * false if no such function talks ATS.
 */
bool vtd_dtlb_invalidate(IntelIOMMUState *s, uint16_t sid, uint32_t pasid,
                         bool all_pasids, uint64_t addr, bool size)
{
    VTDAtsState *ats = s->ats;
    VTDAtsFunction *f = vtd_ats_find(ats, sid);
    VTDAtsInvalidation inv = {
        .pasid = pasid,
        .all_pasids = all_pasids,
        .size = vtd_dtlb_range(addr, size),
        .tag = ats->next_tag++,
    };
    VTDDtlbPending *p;

    if (!f || ats->aborting) {
        return f;
    }
    inv.iova = inv.size == UINT64_MAX ? 0 : addr & ~(inv.size - 1);
    p = g_new0(VTDDtlbPending, 1);
    p->function = f;
    p->sid = sid;
    p->inv = inv;
    p->deadline = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                  s->dtlb_timeout_ms * (int64_t)SCALE_MS;
    QTAILQ_INSERT_TAIL(&ats->pending, p, next);
    vtd_dtlb_arm(ats);
    trace_vtd_dtlb_invalidate(sid, pasid, all_pasids, inv.iova, inv.size,
                              inv.tag);
    f->ops->invalidate(f->opaque, &inv);
    return true;
}

/*
 * Wait descriptor @desc has been fetched: keep it if invalidations are
 * pending.  Returns whether it is kept, or aborted; it may be completed at once if
 * not.
 */
bool vtd_dtlb_hold_wait(IntelIOMMUState *s, const VTDInvDesc *desc)
{
    if (s->ats->aborting) {
        return true;
    }
    if (QTAILQ_EMPTY(&s->ats->pending)) {
        return false;
    }
    s->ats->wait = *desc;
    s->ats->wait_held = true;
    return true;
}

/* Must no descriptor be fetched at present? */
bool vtd_dtlb_queue_held(IntelIOMMUState *s)
{
    return s->ats->wait_held ||
           vtd_get_long_raw(s, DMAR_FSTS_REG) & VTD_FSTS_ITE;
}

/* Drop the held wait descriptor: it will not complete. */
void vtd_dtlb_abort_wait(IntelIOMMUState *s)
{
    s->ats->wait_held = false;
}
