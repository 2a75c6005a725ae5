/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a PCIe function and the emulated VT-d say to each other: address
 * translation requests (ATS), page requests (PRI) and the invalidations and
 * responses that come back.
 *
 * Everything here is called with the big lock held.  Whether ATS, PASID and
 * PRI are enabled in the function's own configuration space is for the
 * function to heed; the IOMMU looks at the context and PASID entries alone.
 * Requests without PASID that need no ATS go through pci_dma_*(), as usual.
 */
#ifndef HW_I386_VTD_ATS_H
#define HW_I386_VTD_ATS_H

#include "exec/hwaddr.h"
#include "hw/pci/pci_device.h"

#define VTD_NO_PASID UINT32_MAX

typedef enum VTDAtsStatus {
    VTD_ATS_OK,             /* translated; look at @read and @write */
    VTD_ATS_NOT_PRESENT,    /* success with R=W=0: ask by page request */
    VTD_ATS_UR,             /* unsupported request: ATS or PASID is not on */
    VTD_ATS_CA,             /* completer abort: the tables are malformed */
} VTDAtsStatus;

typedef struct VTDAtsRequest {
    uint32_t pasid;         /* 20 bits, or VTD_NO_PASID */
    uint64_t iova;
    bool write;             /* the access will write (NW = 0) */
    bool exec;              /* never granted: no execute requests (ERS) */
    bool priv;              /* as a supervisor; needs SRE in the PASID entry */
} VTDAtsRequest;

typedef struct VTDAtsTranslation {
    uint64_t iova;          /* start of the translated range */
    hwaddr hpa;             /* system memory address that it maps to */
    uint64_t size;          /* bytes, a power of two, at least 4096 */
    bool read;
    bool write;             /* permitted, and Dirty is set already */
    bool global;            /* never set at present: always of this PASID */
} VTDAtsTranslation;

typedef struct VTDAtsInvalidation {
    uint32_t pasid;         /* or VTD_NO_PASID */
    bool all_pasids;        /* the G bit: for any PASID */
    uint64_t iova;          /* aligned to @size */
    uint64_t size;          /* bytes, a power of two; UINT64_MAX: everything */
    uint32_t tag;           /* give it back to vtd_ats_invalidation_done() */
} VTDAtsInvalidation;

typedef struct VTDPageRequest {
    uint32_t pasid;         /* or VTD_NO_PASID */
    uint64_t iova;          /* page aligned */
    uint16_t group;         /* page request group index, 9 bits */
    bool last;              /* last of its group: a response will come */
    bool read;              /* with neither @read nor @write, a @last one is */
    bool write;             /* a stop marker, which gets no response */
    bool exec;
    bool priv;
} VTDPageRequest;

/* Page group response codes (PCIe 10.4.2.1) */
#define VTD_PRG_SUCCESS 0x0
#define VTD_PRG_INVALID 0x1
#define VTD_PRG_FAILURE 0xf

typedef struct VTDAtsOps {
    /*
     * Drop all translations that @inv covers and, once no transaction that
     * used one is under way, call vtd_ats_invalidation_done().  That may be
     * from within this call, or later, or (a broken device) never.
     * With @pasid VTD_NO_PASID it concerns requests without PASID alone.
     */
    void (*invalidate)(void *opaque, const VTDAtsInvalidation *inv);

    /*
     * The answer to all requests of page request group @group.  @pasid is
     * VTD_NO_PASID if the response carries none.  May come from within
     * vtd_page_request().
     */
    void (*page_response)(void *opaque, uint32_t pasid, uint16_t group,
                          unsigned code);
} VTDAtsOps;

/*
 * Tell the IOMMU of @dev how to reach it.  Without it, invalidations of the
 * device's TLB complete at once.  Returns false when @dev has no VT-d, or
 * when it stands on the command line in front of intel-iommu.
 */
bool vtd_ats_register(PCIDevice *dev, const VTDAtsOps *ops, void *opaque);

/* Undo it.  What waits for an answer of @dev goes on. */
void vtd_ats_unregister(PCIDevice *dev);

/*
 * An ATS translation request.  Never blocks.  A page that is missing or
 * denied is no fault; what ends in VTD_ATS_UR or VTD_ATS_CA is recorded as a
 * DMAR fault (unless translation is off, or an entry sets FPD).
 */
VTDAtsStatus vtd_ats_translate(PCIDevice *dev, const VTDAtsRequest *req,
                               VTDAtsTranslation *out);

/*
 * An access with an address that an earlier translation gave.  Returns false
 * if the IOMMU blocks it, which it does when the function's context entry is
 * not present or has device TLBs switched off.  That is recorded as a DMAR
 * fault, as for any DMA.
 */
bool vtd_ats_translated_ok(PCIDevice *dev, const VTDAtsRequest *req);

/*
 * Translate an untranslated access with PASID (a function whose ATS is off).
 * VTD_ATS_OK means that the access is permitted.  On failure a DMAR fault is
 * recorded, as for any DMA.
 */
VTDAtsStatus vtd_pasid_translate(PCIDevice *dev, const VTDAtsRequest *req,
                                 VTDAtsTranslation *out);

/*
 * Put a page request into the IOMMU's queue.  Returns false if it was dropped
 * (queue full, page requests off): for the last of a group the response has
 * then been given already, through page_response(), as the specification
 * has the hardware do it: VTD_PRG_SUCCESS if the queue was full (ask again).
 */
bool vtd_page_request(PCIDevice *dev, const VTDPageRequest *req);

/*
 * The function is done with the invalidation that carried @tag.  The queue
 * may go on from here: invalidate() can be called again before this returns.
 * A tag that is not outstanding (any more) is recorded as an invalidation
 * completion error (ICE).
 */
void vtd_ats_invalidation_done(PCIDevice *dev, uint32_t tag);

/*
 * The TLB of the function is empty: it was reset, or its ATS switched off.
 */
void vtd_ats_tlb_dropped(PCIDevice *dev);

#endif
