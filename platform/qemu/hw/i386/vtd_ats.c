/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulated VT-d: the PCIe functions that talk ATS to it, and the answers to
 * their translation requests.  Everything is looked up by requester ID and
 * PASID; no AddressSpace is made for a PASID.
 *
 * It takes this on QEMU's command line, in front of the functions:
 *   -device intel-iommu,x-scalable-mode=on,x-flts=on,x-pasid-mode=on,
 *           device-iotlb=on,intremap=on[,x-fs5lp=on]
 *           [,x-dtlb-timeout-ms=MILLISECONDS]
 * and CPUs with la57=off, unless there are five levels (x-fs5lp).
 */
#include "qemu/osdep.h"
#include "exec/target_page.h"
#include "hw/i386/x86-iommu.h"
#include "hw/pci/pci.h"
#include "vtd_ats_internal.h"
#include "trace.h"

/* The VT-d of this machine, or NULL. */
static VTDAtsState *vtd_ats_state(void)
{
    X86IOMMUState *iommu = x86_iommu_get_default();

    if (!iommu || !object_dynamic_cast(OBJECT(iommu),
                                       TYPE_INTEL_IOMMU_DEVICE)) {
        return NULL;
    }
    return INTEL_IOMMU_DEVICE(iommu)->ats;
}

/*
 * Called once, when the IOMMU is realized.
 */
void vtd_ats_init(IntelIOMMUState *s)
{
    VTDAtsState *ats = g_new0(VTDAtsState, 1);

    ats->iommu = s;
    QLIST_INIT(&ats->functions);
    vtd_pasid_caches_init(ats);
    vtd_fs_init(ats);
    vtd_dtlb_init(ats);
    vtd_prq_init(ats);
    s->ats = ats;
    vtd_witness_init(ats);
}

/*
 * Called when the IOMMU is reset, after its registers have been cleared.  At no
 * other time are contexts, PASID entries and translations forgotten as a whole:
 * neither a new root table nor switching translation off invalidates anything
 * (VT-d 11.4.4.1; ESRTPS is clear).
 */
void vtd_ats_reset(IntelIOMMUState *s)
{
    vtd_witness_reset(s->ats);
    vtd_pasid_caches_reset(s->ats);
    vtd_fs_reset(s->ats);
    vtd_dtlb_reset(s->ats);
    vtd_prq_reset(s);
}

/*
 * The registered function whose requester ID is @sid at present, or NULL.
 */
VTDAtsFunction *vtd_ats_find(VTDAtsState *ats, uint16_t sid)
{
    VTDAtsFunction *f;

    QLIST_FOREACH(f, &ats->functions, next) {
        if (pci_requester_id(f->dev) == sid) {
            return f;
        }
    }
    return NULL;
}

bool vtd_ats_register(PCIDevice *dev, const VTDAtsOps *ops, void *opaque)
{
    VTDAtsState *ats = vtd_ats_state();
    VTDAtsFunction *f;

    if (!ats) {
        return false;
    }
    f = g_new0(VTDAtsFunction, 1);
    f->dev = dev;
    f->ops = ops;
    f->opaque = opaque;
    f->tlb = vtd_fs_cache_new();
    QLIST_INSERT_HEAD(&ats->functions, f, next);
    return true;
}

void vtd_ats_unregister(PCIDevice *dev)
{
    VTDAtsState *ats = vtd_ats_state();
    VTDAtsFunction *f, *tmp;

    if (!ats) {
        return;
    }
    QLIST_FOREACH_SAFE(f, &ats->functions, next, tmp) {
        if (f->dev == dev) {
            QLIST_REMOVE(f, next);
            vtd_dtlb_forget_function(ats, f);
            g_hash_table_destroy(f->tlb);
            g_free(f);
        }
    }
}

void vtd_ats_tlb_dropped(PCIDevice *dev)
{
    VTDAtsState *ats = vtd_ats_state();
    VTDAtsFunction *f = ats ? vtd_ats_find(ats, pci_requester_id(dev)) : NULL;

    if (f) {
        g_hash_table_remove_all(f->tlb);
    }
}

/* Pass-through (PGTT = 100b): the address itself, interrupts excepted. */
static int vtd_translate_identity(IntelIOMMUState *s, const VTDPASIDEntry *pe,
                                  const VTDAtsRequest *req,
                                  VTDAtsTranslation *out)
{
    if (req->priv && !(pe->val[2] & VTD_PE2_SRE)) {
        return VTD_FRS_SRE_CLEAR;
    }
    if (req->iova >> s->aw_bits) {
        return VTD_FR_ADDR_BEYOND_MGAW;
    }
    out->iova = req->iova & VTD_PAGE_MASK_4K;
    out->hpa = out->iova;
    out->size = VTD_PAGE_SIZE;
    out->read = true;
    out->write = true;
    return 0;
}

/* Translate by the first stage; @ats_request: what @p->sid may keep. */
static int vtd_translate_first_stage(const VTDPasid *p, bool ats_request,
                                     const VTDAtsRequest *req,
                                     VTDAtsTranslation *out)
{
    VTDAtsFunction *f = vtd_ats_find(p->ats, p->sid);
    VTDFsEntry used;
    int fault = vtd_fs_translate(p, req, out, &used);

    if (!fault && ats_request && f) {
        vtd_fs_grant(f, p, req, &used);
    }
    return fault;
}

/*
 * Translate for @sid.  Returns 0 or a fault reason; @fpd says whether the
 * entries on the way ask for the fault not to be recorded.
 */
static int vtd_translate(VTDAtsState *ats, uint16_t sid, bool ats_request,
                         const VTDAtsRequest *req, VTDAtsTranslation *out,
                         bool *fpd)
{
    VTDContextEntry ce;
    VTDPasid p;
    int fault;

    fault = vtd_pasid_get_context(ats, sid, &ce, fpd);
    if (fault) {
        return fault;
    }
    if (ats_request && !(ce.lo & VTD_SM_CE_DTE)) {
        return VTD_FRS_DTE_CLEAR;
    }
    fault = vtd_pasid_get_entry(ats, sid, &ce, req->pasid, &p, fpd);
    if (fault) {
        return fault;
    }
    if ((p.pe.val[0] & VTD_SM_PASID_ENTRY_PGTT) == VTD_SM_PASID_ENTRY_PT) {
        fault = vtd_translate_identity(ats->iommu, &p.pe, req, out);
    } else {
        fault = vtd_translate_first_stage(&p, ats_request, req, out);
    }
    if (!fault && out->hpa <= VTD_INTERRUPT_ADDR_LAST &&
        out->hpa + out->size > VTD_INTERRUPT_ADDR_FIRST) {
        fault = VTD_FR_SM_INTERRUPT_ADDR;
    }
    return fault;
}

static void vtd_ats_fault(IntelIOMMUState *s, uint16_t sid,
                          const VTDAtsRequest *req, int fault, bool fpd)
{
    bool pasid = req->pasid != VTD_NO_PASID;

    if (!fpd) {
        vtd_report_dmar_fault(s, sid, req->iova, fault, req->write, pasid,
                              pasid ? req->pasid : 0);
    }
}

/* What a translation request gets for a fault. */
static VTDAtsStatus vtd_ats_status(int fault)
{
    switch (fault) {
    case 0:
        return VTD_ATS_OK;
    case VTD_FR_FS_PAGING_ENTRY_P:
    case VTD_FR_FS_NON_CANONICAL:
    case VTD_FR_FS_PAGING_ENTRY_US:
        return VTD_ATS_NOT_PRESENT;
    case VTD_FRS_ROOT_ACCESS:
    case VTD_FRS_CONTEXT_ACCESS:
    case VTD_FR_PASID_DIR_ACCESS_ERR:
    case VTD_FR_PASID_TABLE_ACCESS_ERR:
    case VTD_FR_FS_PAGING_ENTRY_INV:
    case VTD_FR_PASID_ENTRY_FSPTPTR_INV:
    case VTD_FR_FS_PAGING_ENTRY_RSVD:
    case VTD_FR_FS_BIT_UPDATE_FAILED:
        return VTD_ATS_CA;
    default:
        return VTD_ATS_UR;
    }
}

VTDAtsStatus vtd_ats_translate(PCIDevice *dev, const VTDAtsRequest *req,
                               VTDAtsTranslation *out)
{
    VTDAtsState *ats = vtd_ats_state();
    uint16_t sid = pci_requester_id(dev);
    VTDAtsStatus status;
    bool fpd = false;
    int fault;

    memset(out, 0, sizeof(*out));
    if (!ats || !ats->iommu->dmar_enabled || !ats->iommu->root_scalable) {
        return VTD_ATS_UR;
    }
    fault = vtd_translate(ats, sid, true, req, out, &fpd);
    status = vtd_ats_status(fault);
    if (status == VTD_ATS_UR || status == VTD_ATS_CA) {
        vtd_ats_fault(ats->iommu, sid, req, fault, fpd);
    }
    trace_vtd_ats_translate(sid, req->pasid, req->iova, req->write, status,
                            out->hpa, out->size, out->read, out->write);
    return status;
}

bool vtd_ats_translated_ok(PCIDevice *dev, const VTDAtsRequest *req)
{
    VTDAtsState *ats = vtd_ats_state();
    uint16_t sid = pci_requester_id(dev);
    VTDContextEntry ce;
    bool fpd = false;
    int fault;

    if (!ats || !ats->iommu->dmar_enabled || !ats->iommu->root_scalable) {
        return false;
    }
    fault = vtd_pasid_get_context(ats, sid, &ce, &fpd);
    if (!fault && !(ce.lo & VTD_SM_CE_DTE)) {
        fault = VTD_FRS_DTE_CLEAR;
    }
    if (fault) {
        vtd_ats_fault(ats->iommu, sid, req, fault, fpd);
    }
    return !fault;
}

VTDAtsStatus vtd_pasid_translate(PCIDevice *dev, const VTDAtsRequest *req,
                                 VTDAtsTranslation *out)
{
    VTDAtsState *ats = vtd_ats_state();
    uint16_t sid = pci_requester_id(dev);
    bool fpd = false;
    int fault;

    memset(out, 0, sizeof(*out));
    if (!ats || !ats->iommu->dmar_enabled || !ats->iommu->root_scalable) {
        return VTD_ATS_UR;
    }
    if (req->exec) {
        fault = VTD_FRS_ERE_CLEAR;
    } else {
        fault = vtd_translate(ats, sid, false, req, out, &fpd);
    }
    if (!fault && req->write && !out->write) {
        fault = VTD_FR_SM_WRITE;
    }
    if (fault) {
        vtd_ats_fault(ats->iommu, sid, req, fault, fpd);
    }
    trace_vtd_ats_untranslated(sid, req->pasid, req->iova, req->write, fault,
                               out->hpa, out->size);
    return vtd_ats_status(fault);
}
