/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulated VT-d: what the files of the ATS, PASID and PRI support share, and
 * the calls that intel_iommu.c makes into them.
 *
 *   vtd_ats.c     functions that talk ATS, translation requests
 *   vtd_pasid.c   context and PASID entries and their caches
 *   vtd_fs.c      first-stage page tables
 *   vtd_fs_cache.c  what is remembered of them: IOTLB, table pointers
 *   vtd_dtlb.c    device-TLB invalidations and the time-out of these
 *   vtd_prq.c     page request queue and page group responses
 *   vtd_witness.c   reports what the guest's driver gets wrong
 *   vtd_witness_port.c  ports by which the guest learns of it
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
#define VTD_SM_CE_PDTS(ce)      (((ce)->lo >> 9) & 7)

/* Bytes of the directory that it leads to: 2^(PDTS + 7) entries */
#define VTD_SM_CE_DIR_SIZE(ce)  (VTD_PASID_DIR_ENTRY_SIZE << \
                                 (VTD_SM_CE_PDTS(ce) + 7))

/* PASID table entry, bits 191:128 (VT-d 9.6) */
#define VTD_PE2_SRE             (1ULL << 0)
#define VTD_PE2_WPE             (1ULL << 4)

/* What became of an attempt to set Accessed or Dirty */
typedef enum VTDFsUpdate {
    VTD_FS_SET,
    VTD_FS_CHANGED,             /* the entry is another one by now: read it */
    VTD_FS_NO_RAM,
} VTDFsUpdate;

#define VTD_FS_MAX_LEAF_LEVEL   VTD_PDP_LEVEL
#define VTD_FS_PHYS             0x000ffffffffff000ULL

typedef struct VTDAtsState VTDAtsState;

/* What a watched copy is one of */
typedef enum VTDWatchKind {
    VTD_WATCH_CONTEXT,
    VTD_WATCH_PASID,
    VTD_WATCH_SPACE,            /* all that came through a PASID entry */
    VTD_WATCH_ENTRY,            /* a first-stage paging entry */
} VTDWatchKind;

#define VTD_WATCH_WORDS 3

/* A copy of something in memory, on the witness's list while it is cached */
typedef struct VTDWatch {
    VTDWatchKind kind;
    bool device;                /* it is in the TLB of function @sid */
    bool reported;
    uint16_t sid;               /* on whose behalf it was read */
    uint8_t level;              /* of a paging entry */
    uint8_t words;
    uint32_t pasid;
    uint32_t read_at;           /* count of frees when it was read */
    uint64_t iova;
    hwaddr addr;                /* where it was read */
    uint64_t value[VTD_WATCH_WORDS];
    uint64_t same[VTD_WATCH_WORDS];     /* bits that must be in memory too */
    uint64_t keep;              /* bits of the first: no 1 may become 0 */
    hwaddr page;                /* what it leads to, @size bytes (0: nothing) */
    uint64_t size;
    int64_t differs_since;      /* QEMU_CLOCK_VIRTUAL in ns; 0: it does not */
    QTAILQ_ENTRY(VTDWatch) next;
} VTDWatch;

/* A PASID table entry, as found for a function */
typedef struct VTDPasid {
    VTDAtsState *ats;
    uint16_t sid;
    uint32_t pasid;             /* a number: requests without have one too */
    hwaddr addr;                /* where it is in memory */
    VTDPASIDEntry pe;
} VTDPasid;

/* A first-stage paging entry with the rights of those above it */
typedef struct VTDFsEntry {
    uint64_t key;               /* address and level */
    VTDAtsState *ats;
    hwaddr addr;                /* where it is in memory */
    uint64_t pte;               /* what is there */
    hwaddr hpa;                 /* page or table that it leads to */
    unsigned level;             /* of a leaf 1: 4 KiB, 2: 2 MiB, 3: 1 GiB */
    bool leaf;
    bool user;
    bool writable;
    bool dirty;                 /* D is set: writes need no walk */
    VTDWatch watch;
} VTDFsEntry;

/* All that is cached of one address space, see vtd_fs_cache.c */
typedef struct VTDFsSpace {
    uint64_t key;
    VTDAtsState *ats;
    VTDPasid root;
    GHashTable *leaves;         /* of VTDFsEntry */
    GHashTable *tables;         /* of VTDFsEntry */
    VTDWatch watch;
    QTAILQ_ENTRY(VTDFsSpace) next;
} VTDFsSpace;

#define VTD_FS_DROPPED 16

/* Translations that were dropped; the first of them, to be read again */
typedef struct VTDFsDropped {
    unsigned n;
    uint64_t iova[VTD_FS_DROPPED];
} VTDFsDropped;

/* A function that called vtd_ats_register() */
typedef struct VTDAtsFunction {
    PCIDevice *dev;
    const VTDAtsOps *ops;
    void *opaque;
    GHashTable *tlb;            /* what it was told; spaces go by PASID */
    QLIST_ENTRY(VTDAtsFunction) next;
} VTDAtsFunction;

/* A device-TLB invalidation that its function has not acknowledged yet */
typedef struct VTDDtlbPending {
    VTDAtsFunction *function;
    uint16_t sid;
    VTDAtsInvalidation inv;
    int64_t deadline;           /* QEMU_CLOCK_VIRTUAL, in ns */
    QTAILQ_ENTRY(VTDDtlbPending) next;
} VTDDtlbPending;

/* The witness: what it watches, and what it has to say */
typedef struct VTDWitness {
    QTAILQ_HEAD(, VTDWatch) watched;    /* the next to be looked at first */
    QEMUTimer *timer;
    uint32_t *freed;            /* the guest's count of frees, see the ports */
    uint32_t freed_pages;
    hwaddr freed_addr;
    int64_t bound;              /* how long a copy may differ, ns */
    GString *log;               /* lines that the guest has not read */
    size_t log_read;
    unsigned log_lines;
    uint32_t reports;           /* since the machine started */
    MemoryRegion ports;
} VTDWitness;

struct VTDAtsState {
    IntelIOMMUState *iommu;
    QLIST_HEAD(, VTDAtsFunction) functions;

    GHashTable *contexts;       /* context cache, see vtd_pasid.c */
    GHashTable *pasids;         /* PASID cache, see vtd_pasid.c */
    GHashTable *iotlb;          /* first-stage IOTLB, see vtd_fs.c */
    QTAILQ_HEAD(, VTDFsSpace) spaces;   /* of all caches, in turn */
    GHashTable *requests;       /* page requests to be answered, vtd_prq.c */
    VTDWitness witness;

    /* In the order of their deadlines */
    QTAILQ_HEAD(, VTDDtlbPending) pending;
    uint32_t next_tag;
    QEMUTimer *timeout;
    bool wait_held;             /* @wait waits for @pending to become empty */
    bool aborting;              /* what is fetched has no effect, see vtd_dtlb.c */
    VTDInvDesc wait;
};

/* Bits of an address below those that an entry of @level translates */
static inline unsigned vtd_fs_shift(unsigned level)
{
    return VTD_PAGE_SHIFT + (level - 1) * VTD_LEVEL_BITS;
}

/* Levels of the first-stage tables that @pe points to (VT-d 9.6, FSPM) */
static inline unsigned vtd_fs_levels(const VTDPASIDEntry *pe)
{
    return VTD_PML4_LEVEL + ((pe->val[2] >> 2) & VTD_SM_PASID_ENTRY_FLPM);
}

/* vtd_ats.c */
void vtd_ats_init(IntelIOMMUState *s);
void vtd_ats_reset(IntelIOMMUState *s);
VTDAtsFunction *vtd_ats_find(VTDAtsState *ats, uint16_t sid);

/* vtd_pasid.c */
void vtd_pasid_caches_init(VTDAtsState *ats);
void vtd_pasid_caches_reset(VTDAtsState *ats);
int vtd_pasid_get_context(VTDAtsState *ats, uint16_t sid,
                          VTDContextEntry *ce, bool *fpd);
int vtd_pasid_get_entry(VTDAtsState *ats, uint16_t sid,
                        const VTDContextEntry *ce, uint32_t pasid,
                        VTDPasid *found, bool *fpd);
void vtd_pasid_context_in_memory(VTDAtsState *ats, uint16_t sid,
                                 VTDContextEntry *ce);
void vtd_pasid_entry_in_memory(VTDAtsState *ats, uint16_t sid, uint32_t pasid,
                               VTDPASIDEntry *pe);
bool vtd_pasid_same_tables(const VTDPasid *a, const VTDPasid *b);
void vtd_pasid_inv_contexts(IntelIOMMUState *s, uint16_t sid, uint16_t mask);
bool vtd_pasid_process_desc(IntelIOMMUState *s, VTDInvDesc *desc);

/* vtd_fs.c */
void vtd_fs_init(VTDAtsState *ats);
void vtd_fs_reset(VTDAtsState *ats);
bool vtd_fs_read(hwaddr addr, uint64_t *pte);
bool vtd_fs_leaf(uint64_t pte, unsigned level);
VTDFsUpdate vtd_fs_set_flags(hwaddr addr, uint64_t pte, uint64_t flags);
int vtd_fs_translate(const VTDPasid *root, const VTDAtsRequest *req,
                     VTDAtsTranslation *out, VTDFsEntry *used);
void vtd_fs_grant(VTDAtsFunction *f, const VTDPasid *root,
                  const VTDAtsRequest *req, const VTDFsEntry *e);
void vtd_fs_ahead_kernel(VTDFsSpace *space);
void vtd_fs_inv_domain(IntelIOMMUState *s, uint16_t did);
void vtd_fs_inv_pasid(IntelIOMMUState *s, uint16_t did, uint32_t pasid);
void vtd_fs_inv_pages(IntelIOMMUState *s, uint16_t did, uint32_t pasid,
                      uint64_t iova, unsigned am, bool ih);

/* vtd_fs_cache.c */
GHashTable *vtd_fs_cache_new(void);
VTDFsSpace *vtd_fs_cache_find(GHashTable *cache, uint64_t key);
VTDFsSpace *vtd_fs_cache_add(VTDAtsState *ats, GHashTable *cache, uint64_t key,
                             const VTDPasid *root, bool device);
bool vtd_fs_space_empty(const VTDFsSpace *space);
VTDFsEntry *vtd_fs_lookup(VTDFsSpace *space, uint64_t iova);
VTDFsEntry *vtd_fs_lookup_table(VTDFsSpace *space, uint64_t iova,
                                unsigned level);
VTDFsEntry *vtd_fs_insert(VTDFsSpace *space, uint64_t iova,
                          const VTDFsEntry *e);
void vtd_fs_drop(VTDFsSpace *space, uint64_t first, uint64_t last,
                 bool tables, VTDFsDropped *dropped);

/* vtd_witness.c */
void vtd_witness_init(VTDAtsState *ats);
void vtd_witness_reset(VTDAtsState *ats);
void vtd_witness_report(VTDAtsState *ats, const char *format, ...)
    G_GNUC_PRINTF(2, 3);
void vtd_witness_context(VTDAtsState *ats, VTDWatch *w, uint16_t sid,
                         hwaddr addr, const VTDContextEntry *ce);
void vtd_witness_pasid(VTDWatch *w, const VTDPasid *p);
void vtd_witness_space(VTDFsSpace *space, bool device);
void vtd_witness_entry(VTDFsSpace *space, VTDFsEntry *e);
void vtd_witness_same_root(const VTDFsSpace *space, const VTDPasid *root);
unsigned vtd_witness_unsettled(VTDAtsState *ats);
void vtd_witness_use(VTDAtsState *ats, VTDWatch *w);
void vtd_witness_end(VTDAtsState *ats, VTDWatch *w);

/* vtd_witness_port.c */
void vtd_witness_port_init(VTDAtsState *ats);

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
void vtd_prq_init(VTDAtsState *ats);
void vtd_prq_reset(IntelIOMMUState *s);
void vtd_prq_pasid_loaded(const VTDPasid *p);
unsigned vtd_prq_count_orphans(VTDAtsState *ats);
void vtd_prq_look_for_lost(VTDAtsState *ats, int64_t now);
void vtd_prq_status_written(IntelIOMMUState *s);
void vtd_prq_control_written(IntelIOMMUState *s);
bool vtd_prq_process_response_desc(IntelIOMMUState *s, VTDInvDesc *desc);

#endif
