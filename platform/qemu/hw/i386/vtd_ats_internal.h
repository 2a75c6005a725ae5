/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulated VT-d: what the files of the ATS, PASID and PRI support share, and
 * the calls that intel_iommu.c makes into them.
 *
 *   vtd_ats.c     functions that talk ATS, translation requests
 *   vtd_pasid.c   context and PASID entries and their caches
 *   vtd_fs.c      first-stage page tables and their IOTLB
 *   vtd_dtlb.c    device-TLB invalidations and the time-out of these
 *   vtd_prq.c     page request queue and page group responses
 *
 * All of it runs with the big lock held, which is the only lock here.
 * "VT-d" with a number refers to Intel's specification, revision 4.1.
 */
#ifndef HW_I386_VTD_ATS_INTERNAL_H
#define HW_I386_VTD_ATS_INTERNAL_H

#include "intel_iommu_internal.h"
#include "hw/i386/vtd_ats.h"
#include "qemu/queue.h"
#include "qemu/timer.h"

/* Scalable-mode fault reasons that intel_iommu.c does not know */
enum {
    VTD_FRS_ROOT_ACCESS     = 0x38,
    VTD_FRS_ROOT_NP         = 0x39,
    VTD_FRS_ROOT_RSVD       = 0x3a,
    VTD_FRS_CONTEXT_ACCESS  = 0x40,
    VTD_FRS_CONTEXT_NP      = 0x41,
    VTD_FRS_CONTEXT_RSVD    = 0x42,
    VTD_FRS_DTE_CLEAR       = 0x44,
    VTD_FRS_PASIDE_CLEAR    = 0x45,
    VTD_FRS_PASID_RANGE     = 0x46,
    VTD_FRS_PRE_CLEAR       = 0x47,
    VTD_FRS_PASID_DIR_RSVD  = 0x52,
    VTD_FRS_PASID_RSVD      = 0x5a,
    VTD_FRS_ERE_CLEAR       = 0x5c,
    VTD_FRS_SRE_CLEAR       = 0x5d,
};

/* Scalable-mode context entry, bits 63:0 (VT-d 9.4) */
#define VTD_SM_CE_DTE           (1ULL << 2)
#define VTD_SM_CE_PASIDE        (1ULL << 3)
#define VTD_SM_CE_PRE           (1ULL << 4)

/* PASID table entry, bits 191:128 (VT-d 9.6) */
#define VTD_PE2_SRE             (1ULL << 0)
#define VTD_PE2_WPE             (1ULL << 4)

/* What became of an attempt to set Accessed or Dirty */
typedef enum VTDFsUpdate {
    VTD_FS_SET,
    VTD_FS_CHANGED,             /* the entry is another one by now: read it */
    VTD_FS_NO_RAM,
} VTDFsUpdate;

/* A function that called vtd_ats_register() */
typedef struct VTDAtsFunction {
    PCIDevice *dev;
    const VTDAtsOps *ops;
    void *opaque;
    QLIST_ENTRY(VTDAtsFunction) next;
} VTDAtsFunction;

/* A device-TLB invalidation that its function has not acknowledged yet */
typedef struct VTDDtlbPending {
    VTDAtsFunction *function;
    uint16_t sid;
    uint32_t tag;
    int64_t deadline;           /* QEMU_CLOCK_VIRTUAL, in ns */
    QTAILQ_ENTRY(VTDDtlbPending) next;
} VTDDtlbPending;

struct VTDAtsState {
    IntelIOMMUState *iommu;
    QLIST_HEAD(, VTDAtsFunction) functions;

    GHashTable *contexts;       /* context cache, see vtd_pasid.c */
    GHashTable *pasids;         /* PASID cache, see vtd_pasid.c */
    GHashTable *iotlb;          /* first-stage IOTLB, see vtd_fs.c */

    /* In the order of their deadlines */
    QTAILQ_HEAD(, VTDDtlbPending) pending;
    uint32_t next_tag;
    QEMUTimer *timeout;
    bool wait_held;             /* @wait waits for @pending to become empty */
    VTDInvDesc wait;
};
typedef struct VTDAtsState VTDAtsState;

/* vtd_ats.c */
void vtd_ats_init(IntelIOMMUState *s);
void vtd_ats_reset(IntelIOMMUState *s);
void vtd_ats_reset_caches(IntelIOMMUState *s);
VTDAtsFunction *vtd_ats_find(VTDAtsState *ats, uint16_t sid);

/* vtd_pasid.c */
void vtd_pasid_caches_init(VTDAtsState *ats);
void vtd_pasid_caches_reset(VTDAtsState *ats);
int vtd_pasid_get_context(VTDAtsState *ats, uint16_t sid,
                          VTDContextEntry *ce, bool *fpd);
int vtd_pasid_get_entry(VTDAtsState *ats, uint16_t sid,
                        const VTDContextEntry *ce, uint32_t pasid,
                        VTDPASIDEntry *pe, bool *fpd);
void vtd_pasid_inv_contexts(IntelIOMMUState *s, uint16_t sid, uint16_t mask);
bool vtd_pasid_process_desc(IntelIOMMUState *s, VTDInvDesc *desc);

/* vtd_fs.c */
void vtd_fs_init(VTDAtsState *ats);
void vtd_fs_reset(VTDAtsState *ats);
VTDFsUpdate vtd_fs_set_flags(hwaddr addr, uint64_t pte, uint64_t flags);
int vtd_fs_translate(VTDAtsState *ats, const VTDPASIDEntry *pe,
                     const VTDAtsRequest *req, VTDAtsTranslation *out);
void vtd_fs_inv_domain(IntelIOMMUState *s, uint16_t did);
void vtd_fs_inv_pasid(IntelIOMMUState *s, uint16_t did, uint32_t pasid);
void vtd_fs_inv_pages(IntelIOMMUState *s, uint16_t did, uint32_t pasid,
                      uint64_t iova, unsigned am);

/* vtd_dtlb.c */
void vtd_dtlb_init(VTDAtsState *ats);
void vtd_dtlb_reset(VTDAtsState *ats);
void vtd_dtlb_forget_function(VTDAtsState *ats, VTDAtsFunction *f);
bool vtd_dtlb_invalidate(IntelIOMMUState *s, uint16_t sid, uint32_t pasid,
                         bool all_pasids, uint64_t addr, bool size);
bool vtd_dtlb_hold_wait(IntelIOMMUState *s, const VTDInvDesc *desc);
bool vtd_dtlb_queue_held(IntelIOMMUState *s);
void vtd_dtlb_abort_wait(IntelIOMMUState *s);

/* vtd_prq.c */
void vtd_prq_reset(IntelIOMMUState *s);
void vtd_prq_status_written(IntelIOMMUState *s);
void vtd_prq_control_written(IntelIOMMUState *s);
bool vtd_prq_process_response_desc(IntelIOMMUState *s, VTDInvDesc *desc);

#endif
