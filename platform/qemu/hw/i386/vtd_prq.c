/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulated VT-d: the page request queue, its registers and interrupt, and
 * page group responses.
 *
 * A page request is in the queue, and visible to software, before
 * vtd_page_request() returns, so the page-request drain that a wait
 * descriptor may ask for has nothing left to do.
 *
 * Groups that await a response are kept, for the witness: it reports a
 * response to none of them (no-request), and one that is left without when its
 * PASID is used for another address space, or has been taken away for long
 * (lost-request).
 */
#include "qemu/osdep.h"
#include "system/dma.h"
#include "vtd_ats_internal.h"
#include "trace.h"

/* Registers */
#define VTD_PRQ_OFFSET_MASK     0x7ffe0ULL      /* of PQH and PQT */
#define VTD_PQA_BASE            (~0xfffULL)
#define VTD_PQA_PQS             7ULL            /* 2^PQS pages */
#define VTD_PRS_PPR             (1u << 0)
#define VTD_PRS_PRO             (1u << 1)
#define VTD_PECTL_IM            (1u << 31)
#define VTD_PECTL_IP            (1u << 30)

/* Page request descriptor, 256 bits */
#define VTD_PRQ_TYPE            0x1
#define VTD_PRQ_PP              (1ULL << 8)
#define VTD_PRQ_RID_SHIFT       16
#define VTD_PRQ_PASID_SHIFT     32
#define VTD_PRQ_EXEC            (1ULL << 52)
#define VTD_PRQ_PRIV            (1ULL << 53)
#define VTD_PRQ_READ            (1ULL << 0)
#define VTD_PRQ_WRITE           (1ULL << 1)
#define VTD_PRQ_LPIG            (1ULL << 2)
#define VTD_PRQ_GROUP_SHIFT     3

/* Page group response descriptor, 256 bits */
#define VTD_PGR_PP              (1ULL << 4)
#define VTD_PGR_CODE(d)         (((d)->val[0] >> 12) & 0xf)
#define VTD_PGR_SID(d)          (((d)->val[0] >> 16) & 0xffff)
#define VTD_PGR_PASID(d)        (((d)->val[0] >> 32) & VTD_PASID_ID_MASK)
#define VTD_PGR_GROUP(d)        (((d)->val[1] >> 3) & 0x1ff)
#define VTD_PGR_RSVD0           0xfff00000000001e0ULL
#define VTD_PGR_RSVD1           0xfffffffffffff003ULL

/* A group in the queue, or taken from it, that awaits its response */
typedef struct VTDPrqGroup {
    uint64_t key;               /* vtd_prq_key() */
    uint16_t sid;
    uint32_t pasid;
    uint16_t group;
    uint64_t iova;              /* of its last request */
    int64_t gone_since;         /* QEMU_CLOCK_VIRTUAL, ns; 0: it is not */
    bool has_pasid;             /* @p is known */
    bool reported;
    VTDPasid p;
} VTDPrqGroup;

static uint64_t vtd_prq_key(uint16_t sid, uint32_t pasid, uint16_t group)
{
    uint64_t tag = pasid == VTD_NO_PASID ? 1ULL << VTD_PASID_ID_SHIFT : pasid;

    return (uint64_t)sid << 40 | tag << 16 | group;
}

/* Called once, when the IOMMU is realized. */
void vtd_prq_init(VTDAtsState *ats)
{
    ats->requests = g_hash_table_new_full(g_int64_hash, g_int64_equal,
                                          NULL, g_free);
}

/* @req, the last of its group, is in the queue. */
static void vtd_prq_await(VTDAtsState *ats, uint16_t sid,
                          const VTDPageRequest *req)
{
    VTDPrqGroup *g = g_new0(VTDPrqGroup, 1);
    VTDContextEntry ce;
    bool fpd;

    g->key = vtd_prq_key(sid, req->pasid, req->group);
    g->sid = sid;
    g->pasid = req->pasid;
    g->group = req->group;
    g->iova = req->iova;
    g->has_pasid = !vtd_pasid_get_context(ats, sid, &ce, &fpd) &&
                   !vtd_pasid_get_entry(ats, sid, &ce, req->pasid, &g->p,
                                        &fpd);
    g_hash_table_replace(ats->requests, &g->key, g);
}

static void vtd_prq_lost(VTDAtsState *ats, VTDPrqGroup *g, uint64_t now)
{
    if (!g->reported) {
        g->reported = true;
        vtd_witness_report(ats, "lost-request: function %02x:%02x.%x PASID %u "
                           "address 0x%"PRIx64" group %u old 0x%"PRIx64
                           " new 0x%"PRIx64, g->sid >> 8, PCI_SLOT(g->sid),
                           PCI_FUNC(g->sid), g->pasid, g->iova, g->group,
                           g->p.pe.val[0], now);
    }
}

/* The PASID entry @p is used from now on: it must not inherit requests. */
void vtd_prq_pasid_loaded(const VTDPasid *p)
{
    GHashTableIter iter;
    VTDPrqGroup *g;

    g_hash_table_iter_init(&iter, p->ats->requests);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&g)) {
        if (g->has_pasid && g->sid == p->sid && g->p.pasid == p->pasid &&
            !vtd_pasid_same_tables(&g->p, p)) {
            vtd_prq_lost(p->ats, g, p->pe.val[0]);
        }
    }
}

/* Is the PASID entry of @g gone?  What is there is in @pe then. */
static bool vtd_prq_orphan(const VTDPrqGroup *g, uint64_t *pe)
{
    return g->has_pasid && vtd_fs_read(g->p.addr, pe) &&
           !(*pe & VTD_PASID_ENTRY_P);
}

/* Requests that wait, without a PASID entry, and have not been reported. */
unsigned vtd_prq_count_orphans(VTDAtsState *ats)
{
    GHashTableIter iter;
    VTDPrqGroup *g;
    unsigned n = 0;
    uint64_t pe;

    g_hash_table_iter_init(&iter, ats->requests);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&g)) {
        n += !g->reported && vtd_prq_orphan(g, &pe);
    }
    return n;
}

/* Report requests that still wait when their PASID entry is long gone. */
void vtd_prq_look_for_lost(VTDAtsState *ats, int64_t now)
{
    GHashTableIter iter;
    VTDPrqGroup *g;
    uint64_t pe;

    g_hash_table_iter_init(&iter, ats->requests);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&g)) {
        if (!vtd_prq_orphan(g, &pe)) {
            g->gone_since = 0;
        } else if (!g->gone_since) {
            g->gone_since = now;
        } else if (now - g->gone_since > ats->witness.bound) {
            vtd_prq_lost(ats, g, pe);
        }
    }
}

/* Software responds to a group. */
static void vtd_prq_answered(VTDAtsState *ats, uint16_t sid, uint32_t pasid,
                             uint16_t group)
{
    uint64_t key = vtd_prq_key(sid, pasid, group);

    if (!g_hash_table_remove(ats->requests, &key)) {
        vtd_witness_report(ats, "no-request: response to function "
                           "%02x:%02x.%x PASID %u group %u", sid >> 8,
                           PCI_SLOT(sid), PCI_FUNC(sid), pasid, group);
    }
}

/*
 * Give the registers their values and access rights at reset.
 */
void vtd_prq_reset(IntelIOMMUState *s)
{
    g_hash_table_remove_all(s->ats->requests);
    if (!(s->ecap & VTD_ECAP_PRS)) {
        return;
    }
    vtd_define_quad(s, DMAR_PQH_REG, 0, VTD_PRQ_OFFSET_MASK, 0);
    vtd_define_quad(s, DMAR_PQT_REG, 0, VTD_PRQ_OFFSET_MASK, 0);
    vtd_define_quad(s, DMAR_PQA_REG, 0, VTD_PQA_BASE | VTD_PQA_PQS, 0);
    vtd_define_long(s, DMAR_PRS_REG, 0, 0, VTD_PRS_PPR | VTD_PRS_PRO);
    vtd_define_long(s, DMAR_PECTL_REG, VTD_PECTL_IM, VTD_PECTL_IM, 0);
    vtd_define_long(s, DMAR_PEDATA_REG, 0, 0xffffffff, 0);
    vtd_define_long(s, DMAR_PEADDR_REG, 0, 0xfffffffc, 0);
    /* Reserved while extended interrupt mode is not offered, as FEUADDR */
    vtd_define_long(s, DMAR_PEUADDR_REG, 0, 0, 0);
}

static void vtd_prq_interrupt(IntelIOMMUState *s)
{
    if (vtd_get_long_raw(s, DMAR_PECTL_REG) & VTD_PECTL_IM) {
        vtd_set_clear_mask_long(s, DMAR_PECTL_REG, 0, VTD_PECTL_IP);
        return;
    }
    vtd_set_clear_mask_long(s, DMAR_PECTL_REG, VTD_PECTL_IP, 0);
    vtd_generate_interrupt(s, DMAR_PEADDR_REG, DMAR_PEDATA_REG);
}

/*
 * Set @bit in the status.  Only the first condition since software cleared
 * the status raises the event.
 */
static void vtd_prq_event(IntelIOMMUState *s, uint32_t bit)
{
    uint32_t before = vtd_get_long_raw(s, DMAR_PRS_REG);

    vtd_set_clear_mask_long(s, DMAR_PRS_REG, 0, bit);
    if (!(before & (VTD_PRS_PPR | VTD_PRS_PRO))) {
        vtd_prq_interrupt(s);
    }
}

/* Software wrote PRS: with all conditions served, nothing is pending. */
void vtd_prq_status_written(IntelIOMMUState *s)
{
    if (!(vtd_get_long_raw(s, DMAR_PRS_REG) & (VTD_PRS_PPR | VTD_PRS_PRO))) {
        vtd_set_clear_mask_long(s, DMAR_PECTL_REG, VTD_PECTL_IP, 0);
    }
}

/* Software wrote PECTL: send what was pending while it was masked. */
void vtd_prq_control_written(IntelIOMMUState *s)
{
    uint32_t pectl = vtd_get_long_raw(s, DMAR_PECTL_REG);

    if ((pectl & VTD_PECTL_IP) && !(pectl & VTD_PECTL_IM)) {
        vtd_prq_interrupt(s);
    }
}

/* May this function send page requests?  Returns 0 or a fault reason. */
static int vtd_prq_check(VTDAtsState *ats, uint16_t sid, bool *fpd)
{
    VTDContextEntry ce;
    int fault = vtd_pasid_get_context(ats, sid, &ce, fpd);

    if (!fault && !(ce.lo & VTD_SM_CE_PRE)) {
        fault = VTD_FRS_PRE_CLEAR;
    }
    return fault;
}

static void vtd_prq_encode(uint16_t sid, const VTDPageRequest *req,
                           uint64_t desc[4])
{
    desc[0] = VTD_PRQ_TYPE | (uint64_t)sid << VTD_PRQ_RID_SHIFT;
    if (req->pasid != VTD_NO_PASID) {
        desc[0] |= VTD_PRQ_PP | (uint64_t)req->pasid << VTD_PRQ_PASID_SHIFT;
        desc[0] |= req->exec ? VTD_PRQ_EXEC : 0;
        desc[0] |= req->priv ? VTD_PRQ_PRIV : 0;
    }
    desc[1] = (req->iova & VTD_PAGE_MASK_4K) |
              (uint64_t)(req->group & 0x1ff) << VTD_PRQ_GROUP_SHIFT;
    desc[1] |= req->read ? VTD_PRQ_READ : 0;
    desc[1] |= req->write ? VTD_PRQ_WRITE : 0;
    desc[1] |= req->last ? VTD_PRQ_LPIG : 0;
    desc[2] = 0;
    desc[3] = 0;
    for (unsigned i = 0; i < 4; i++) {
        desc[i] = cpu_to_le64(desc[i]);
    }
}

/*
 * Append to the queue.  Returns false if it is full, or was and software has
 * not cleared the overflow yet.
 */
static bool vtd_prq_append(IntelIOMMUState *s, uint64_t desc[4])
{
    uint64_t pqa = vtd_get_quad_raw(s, DMAR_PQA_REG);
    uint64_t mask = (VTD_PAGE_SIZE << (pqa & VTD_PQA_PQS)) - 1;
    uint64_t head = vtd_get_quad_raw(s, DMAR_PQH_REG) & mask;
    uint64_t tail = vtd_get_quad_raw(s, DMAR_PQT_REG) & mask;
    uint64_t next = (tail + 32) & mask;

    if (vtd_get_long_raw(s, DMAR_PRS_REG) & VTD_PRS_PRO) {
        return false;
    }
    if (next == head) {
        vtd_prq_event(s, VTD_PRS_PRO);
        return false;
    }
    dma_memory_write(&address_space_memory, (pqa & VTD_PQA_BASE) + tail, desc,
                     32, MEMTXATTRS_UNSPECIFIED);
    vtd_set_quad_raw(s, DMAR_PQT_REG, next);
    vtd_prq_event(s, VTD_PRS_PPR);
    return true;
}

/* The IOMMU answers itself, if an answer is due. */
static bool vtd_prq_refuse(VTDAtsState *ats, uint16_t sid,
                           const VTDPageRequest *req, unsigned code)
{
    VTDAtsFunction *f = vtd_ats_find(ats, sid);

    trace_vtd_prq_refuse(sid, req->pasid, req->iova, req->group, code);
    if (req->last && (req->read || req->write)) {
        uint64_t key = vtd_prq_key(sid, req->pasid, req->group);

        g_hash_table_remove(ats->requests, &key);
    }
    if (f && req->last && (req->read || req->write)) {
        f->ops->page_response(f->opaque, req->pasid, req->group, code);
    }
    return false;
}

bool vtd_page_request(PCIDevice *dev, const VTDPageRequest *req)
{
    IntelIOMMUState *s = INTEL_IOMMU_DEVICE(x86_iommu_get_default());
    uint16_t sid = pci_requester_id(dev);
    bool pasid = req->pasid != VTD_NO_PASID;
    bool fpd = false;
    uint64_t desc[4];
    int fault;

    if (!s->dmar_enabled || !s->root_scalable || !(s->ecap & VTD_ECAP_PRS)) {
        return vtd_prq_refuse(s->ats, sid, req, VTD_PRG_FAILURE);
    }
    fault = vtd_prq_check(s->ats, sid, &fpd);
    if (fault) {
        if (!fpd) {
            vtd_report_dmar_fault(s, sid, req->iova, fault, req->write, pasid,
                                  pasid ? req->pasid : 0);
        }
        return vtd_prq_refuse(s->ats, sid, req, VTD_PRG_INVALID);
    }
    if (req->last && (req->read || req->write)) {
        vtd_prq_await(s->ats, sid, req);
    }
    vtd_prq_encode(sid, req, desc);
    if (!vtd_prq_append(s, desc)) {
        /* The function will find the page missing again, and ask again */
        return vtd_prq_refuse(s->ats, sid, req, VTD_PRG_SUCCESS);
    }
    trace_vtd_prq_request(sid, req->pasid, req->iova, req->group, req->last,
                          req->read, req->write);
    return true;
}

/*
 * Execute page group response descriptor @desc.  Returns false if it is
 * malformed.  A response to a function that is not there goes nowhere.
 */
bool vtd_prq_process_response_desc(IntelIOMMUState *s, VTDInvDesc *desc)
{
    uint64_t mask[4] = { VTD_PGR_RSVD0, VTD_PGR_RSVD1,
                         VTD_INV_DESC_ALL_ONE, VTD_INV_DESC_ALL_ONE };
    uint32_t pasid = VTD_NO_PASID;
    VTDAtsFunction *f;

    if (!(s->ecap & VTD_ECAP_PRS) ||
        !vtd_inv_desc_reserved_check(s, desc, mask, true, __func__,
                                     "page group response")) {
        return false;
    }
    if (desc->val[0] & VTD_PGR_PP) {
        pasid = VTD_PGR_PASID(desc);
    }
    trace_vtd_prq_response(VTD_PGR_SID(desc), pasid, VTD_PGR_GROUP(desc),
                           VTD_PGR_CODE(desc));
    vtd_prq_answered(s->ats, VTD_PGR_SID(desc), pasid, VTD_PGR_GROUP(desc));
    f = vtd_ats_find(s->ats, VTD_PGR_SID(desc));
    if (f) {
        f->ops->page_response(f->opaque, pasid, VTD_PGR_GROUP(desc),
                              VTD_PGR_CODE(desc));
    }
    return true;
}
