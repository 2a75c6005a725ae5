/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulated VT-d: first-stage page tables (4 levels, 2 MiB and 1 GiB pages),
 * walked for one address at a time, and the IOTLB in front of them.
 *
 * The tables are the CPUs' own, which change them at the same time: Accessed
 * and Dirty are set by compare-and-exchange on the guest's memory, as a CPU
 * does it, so that an entry which was cleared meanwhile stays cleared.
 *
 * Translations are tagged by domain ID and PASID, so that functions that
 * share an address space share them.  They stay until software invalidates
 * them (or VTD_IOTLB_LIMIT is reached).
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/bswap.h"
#include "qemu/rcu.h"
#include "exec/memory.h"
#include "exec/address-spaces.h"
#include "vtd_ats_internal.h"
#include "trace.h"

#define VTD_IOTLB_LIMIT         (1u << 18)      /* entries of one PASID */
#define VTD_FS_MAX_LEAF_LEVEL   VTD_PDP_LEVEL
#define VTD_FS_PHYS             0x000ffffffffff000ULL

/* One cached translation */
typedef struct VTDFsEntry {
    uint64_t key;               /* vtd_fs_key() */
    hwaddr hpa;
    unsigned level;             /* 1: 4 KiB, 2: 2 MiB, 3: 1 GiB */
    bool user;
    bool writable;
    bool dirty;                 /* D is set: writes need no walk */
} VTDFsEntry;

/* All cached translations of one address space */
typedef struct VTDFsSpace {
    uint64_t key;               /* vtd_fs_space_key() */
    GHashTable *entries;        /* of VTDFsEntry */
} VTDFsSpace;

static unsigned vtd_fs_shift(unsigned level)
{
    return VTD_PAGE_SHIFT + (level - 1) * VTD_LEVEL_BITS;
}

static uint64_t vtd_fs_key(uint64_t iova, unsigned level)
{
    return iova >> vtd_fs_shift(level) << vtd_fs_shift(level) | level;
}

static uint64_t vtd_fs_space_key(uint16_t did, uint32_t pasid)
{
    return (uint64_t)did << 32 | pasid;
}

static void vtd_fs_space_free(gpointer data)
{
    VTDFsSpace *space = data;

    g_hash_table_destroy(space->entries);
    g_free(space);
}

/* Called once, when the IOMMU is realized. */
void vtd_fs_init(VTDAtsState *ats)
{
    ats->iotlb = g_hash_table_new_full(g_int64_hash, g_int64_equal,
                                       NULL, vtd_fs_space_free);
}

/* Drop all translations. */
void vtd_fs_reset(VTDAtsState *ats)
{
    g_hash_table_remove_all(ats->iotlb);
}

static VTDFsSpace *vtd_fs_space(VTDAtsState *ats, uint16_t did, uint32_t pasid,
                                bool create)
{
    uint64_t key = vtd_fs_space_key(did, pasid);
    VTDFsSpace *space = g_hash_table_lookup(ats->iotlb, &key);

    if (!space && create) {
        space = g_new(VTDFsSpace, 1);
        space->key = key;
        space->entries = g_hash_table_new_full(g_int64_hash, g_int64_equal,
                                               NULL, g_free);
        g_hash_table_insert(ats->iotlb, &space->key, space);
    }
    return space;
}

static VTDFsEntry *vtd_fs_lookup(VTDFsSpace *space, uint64_t iova)
{
    for (unsigned level = 1; level <= VTD_FS_MAX_LEAF_LEVEL; level++) {
        uint64_t key = vtd_fs_key(iova, level);
        VTDFsEntry *e = g_hash_table_lookup(space->entries, &key);

        if (e) {
            return e;
        }
    }
    return NULL;
}

static void vtd_fs_insert(VTDFsSpace *space, const VTDFsEntry *e)
{
    VTDFsEntry *copy = g_memdup2(e, sizeof(*e));

    if (g_hash_table_size(space->entries) >= VTD_IOTLB_LIMIT) {
        trace_vtd_iotlb_reset("first stage");
        g_hash_table_remove_all(space->entries);
    }
    g_hash_table_replace(space->entries, &copy->key, copy);
}

/* Host address of the entry at guest-physical @addr; NULL if it is no RAM. */
static uint64_t *vtd_fs_ptep(hwaddr addr, MemoryRegion **mr, hwaddr *offset)
{
    hwaddr len = sizeof(uint64_t);

    *mr = address_space_translate(&address_space_memory, addr, offset, &len,
                                  true, MEMTXATTRS_UNSPECIFIED);
    if (!memory_region_is_ram(*mr) || (*mr)->readonly ||
        len < sizeof(uint64_t)) {
        return NULL;
    }
    return (uint64_t *)((char *)memory_region_get_ram_ptr(*mr) + *offset);
}

static bool vtd_fs_read(hwaddr addr, uint64_t *pte)
{
    MemoryRegion *mr;
    hwaddr offset;
    uint64_t *ptep = vtd_fs_ptep(addr, &mr, &offset);

    if (ptep) {
        *pte = le64_to_cpu(qatomic_read(ptep));
    }
    return ptep;
}

/*
 * Set @flags in the paging entry at guest-physical @addr, provided that it
 * still is @pte.  May be called without the big lock.
 */
VTDFsUpdate vtd_fs_set_flags(hwaddr addr, uint64_t pte, uint64_t flags)
{
    MemoryRegion *mr;
    hwaddr offset;
    uint64_t *ptep, old = cpu_to_le64(pte), new = cpu_to_le64(pte | flags);

    if (old == new) {
        return VTD_FS_SET;
    }
    RCU_READ_LOCK_GUARD();
    ptep = vtd_fs_ptep(addr, &mr, &offset);
    if (!ptep) {
        return VTD_FS_NO_RAM;
    }
    if (qatomic_cmpxchg(ptep, old, new) != old) {
        return VTD_FS_CHANGED;
    }
    memory_region_set_dirty(mr, offset, sizeof(pte));
    return VTD_FS_SET;
}

static bool vtd_fs_leaf(uint64_t pte, unsigned level)
{
    return level == VTD_PT_LEVEL ||
           (level <= VTD_FS_MAX_LEAF_LEVEL && (pte & VTD_PT_PAGE_SIZE_MASK));
}

/* Reserved bits of a present entry (VT-d 9.7; bits 63:52 are ignored). */
static bool vtd_fs_rsvd(IntelIOMMUState *s, uint64_t pte, unsigned level)
{
    uint64_t rsvd = VTD_FS_PHYS & ~VTD_HAW_MASK(s->aw_bits);

    if (level > VTD_FS_MAX_LEAF_LEVEL) {
        rsvd |= VTD_PT_PAGE_SIZE_MASK;
    } else if (level > VTD_PT_LEVEL && (pte & VTD_PT_PAGE_SIZE_MASK)) {
        /* all address bits below the page's, except PAT in bit 12 */
        rsvd |= ((1ULL << vtd_fs_shift(level)) - 1) & ~0x1fffULL;
        if (level == VTD_PDP_LEVEL && !(s->cap & VTD_CAP_FS1GP)) {
            rsvd |= VTD_PT_PAGE_SIZE_MASK;
        }
    }
    return pte & rsvd;
}

/*
 * Look at entry @pte.  @e collects the rights; at the leaf these decide
 * whether the request may go on.  Says in @flags what has to be set in the
 * entry.  Returns 0 or a fault reason.
 */
static int vtd_fs_check(IntelIOMMUState *s, uint64_t pte, unsigned level,
                        const VTDAtsRequest *req, bool wpe, VTDFsEntry *e,
                        uint64_t *flags)
{
    if (!(pte & VTD_FL_P)) {
        return VTD_FR_FS_PAGING_ENTRY_P;
    }
    if (vtd_fs_rsvd(s, pte, level)) {
        return VTD_FR_FS_PAGING_ENTRY_RSVD;
    }
    e->user = e->user && (pte & VTD_FL_US);
    e->writable = e->writable && (pte & VTD_FL_RW);
    *flags = VTD_FL_A;
    if (vtd_fs_leaf(pte, level)) {
        if (!req->priv && !e->user) {
            return VTD_FR_FS_PAGING_ENTRY_US;
        }
        if (req->write && (e->writable || (req->priv && !wpe))) {
            *flags |= VTD_FL_D;
        }
    }
    return 0;
}

/*
 * Take one step: read the entry at @addr, check it and mark it used.
 * Returns 0, with the entry in @pte, or a fault reason.
 */
static int vtd_fs_step(IntelIOMMUState *s, hwaddr addr, unsigned level,
                       const VTDAtsRequest *req, bool wpe, VTDFsEntry *e,
                       uint64_t *pte)
{
    VTDFsUpdate update;
    VTDFsEntry below;
    uint64_t flags;
    int fault;

    do {
        if (!vtd_fs_read(addr, pte)) {
            return VTD_FR_FS_PAGING_ENTRY_INV;
        }
        below = *e;
        fault = vtd_fs_check(s, *pte, level, req, wpe, &below, &flags);
        if (fault) {
            return fault;
        }
        update = vtd_fs_set_flags(addr, *pte, flags);
    } while (update == VTD_FS_CHANGED);
    *pte |= flags;
    *e = below;
    return update == VTD_FS_SET ? 0 : VTD_FR_FS_BIT_UPDATE_FAILED;
}

/* Walk the tables of @pe for @req. Returns 0, with @e filled, or a reason. */
static int vtd_fs_walk(IntelIOMMUState *s, const VTDPASIDEntry *pe,
                       const VTDAtsRequest *req, VTDFsEntry *e)
{
    hwaddr table = pe->val[2] & VTD_SM_PASID_ENTRY_FLPTPTR;
    unsigned level = VTD_PML4_LEVEL;
    bool wpe = pe->val[2] & VTD_PE2_WPE;
    uint64_t pte;
    int fault;

    RCU_READ_LOCK_GUARD();

    e->user = true;
    e->writable = true;
    for (;; level--) {
        unsigned index = (req->iova >> vtd_fs_shift(level)) &
                         (VTD_PT_ENTRY_NR - 1);

        fault = vtd_fs_step(s, table + index * sizeof(pte), level, req, wpe,
                            e, &pte);
        if (fault == VTD_FR_FS_PAGING_ENTRY_INV &&
            level == VTD_PML4_LEVEL) {
            return VTD_FR_PASID_ENTRY_FSPTPTR_INV;
        }
        if (fault) {
            return fault;
        }
        if (vtd_fs_leaf(pte, level)) {
            break;
        }
        table = pte & VTD_FS_PHYS;
    }
    e->key = vtd_fs_key(req->iova, level);
    e->level = level;
    e->hpa = (pte & VTD_FS_PHYS) >> vtd_fs_shift(level) << vtd_fs_shift(level);
    e->dirty = pte & VTD_FL_D;
    return 0;
}

/*
 * Is a cached @e enough for @req?  If it denies something, or a write would
 * have to set Dirty, the tables themselves are asked: rights may be raised
 * without an invalidation.
 */
static bool vtd_fs_suffices(const VTDFsEntry *e, const VTDAtsRequest *req)
{
    if (!req->priv && !e->user) {
        return false;
    }
    return !req->write || (e->writable && e->dirty);
}

static bool vtd_fs_canonical(uint64_t iova)
{
    unsigned unused = 64 - vtd_fs_shift(VTD_PML4_LEVEL + 1);

    return (int64_t)(iova << unused) >> unused == (int64_t)iova;
}

/*
 * Translate @req, whose PASID is a number here, by the first-stage entry @pe.
 * Returns 0 or a fault reason.  A write that the tables do not permit is no
 * fault here: @out then says read only.  Write permission is given only
 * where Dirty is set already, so that no write goes unnoticed.
 */
int vtd_fs_translate(VTDAtsState *ats, const VTDPASIDEntry *pe,
                     const VTDAtsRequest *req, VTDAtsTranslation *out)
{
    uint16_t did = VTD_SM_PASID_ENTRY_DID(pe->val[1]);
    VTDFsEntry walked = { 0 }, *e;
    VTDFsSpace *space;
    bool writable;
    int fault;

    if (req->priv && !(pe->val[2] & VTD_PE2_SRE)) {
        return VTD_FRS_SRE_CLEAR;
    }
    if (!vtd_fs_canonical(req->iova)) {
        return VTD_FR_FS_NON_CANONICAL;
    }
    space = vtd_fs_space(ats, did, req->pasid, true);
    e = vtd_fs_lookup(space, req->iova);
    if (!e || !vtd_fs_suffices(e, req)) {
        fault = vtd_fs_walk(ats->iommu, pe, req, &walked);
        if (fault) {
            return fault;
        }
        e = &walked;
        vtd_fs_insert(space, e);
    }
    writable = e->writable || (req->priv && !(pe->val[2] & VTD_PE2_WPE));
    out->size = 1ULL << vtd_fs_shift(e->level);
    out->iova = req->iova & ~(out->size - 1);
    out->hpa = e->hpa;
    out->read = true;
    out->write = writable && e->dirty;
    return 0;
}

static gboolean vtd_fs_space_in_domain(gpointer key, gpointer value,
                                       gpointer data)
{
    return *(uint64_t *)key >> 32 == *(uint16_t *)data;
}

/* Drop all translations of domain @did. */
void vtd_fs_inv_domain(IntelIOMMUState *s, uint16_t did)
{
    g_hash_table_foreach_remove(s->ats->iotlb, vtd_fs_space_in_domain, &did);
}

/* Drop all translations of @pasid in domain @did. */
void vtd_fs_inv_pasid(IntelIOMMUState *s, uint16_t did, uint32_t pasid)
{
    uint64_t key = vtd_fs_space_key(did, pasid);

    g_hash_table_remove(s->ats->iotlb, &key);
}

typedef struct VTDFsRange {
    uint64_t first;
    uint64_t last;
} VTDFsRange;

static gboolean vtd_fs_entry_in_range(gpointer key, gpointer value,
                                      gpointer data)
{
    VTDFsEntry *e = value;
    VTDFsRange *r = data;
    uint64_t first = e->key & ~(VTD_PAGE_SIZE - 1);
    uint64_t last = first + ((1ULL << vtd_fs_shift(e->level)) - 1);

    return first <= r->last && last >= r->first;
}

/*
 * Drop the translations of @pasid in domain @did for the 2^@am pages at
 * @iova, whose low bits are ignored.
 */
void vtd_fs_inv_pages(IntelIOMMUState *s, uint16_t did, uint32_t pasid,
                      uint64_t iova, unsigned am)
{
    VTDFsSpace *space = vtd_fs_space(s->ats, did, pasid, false);
    uint64_t mask = am + VTD_PAGE_SHIFT >= 64 ? UINT64_MAX :
                    (1ULL << (am + VTD_PAGE_SHIFT)) - 1;
    VTDFsRange r = { .first = iova & ~mask, .last = iova | mask };

    if (!space) {
        return;
    }
    if (am) {
        g_hash_table_foreach_remove(space->entries, vtd_fs_entry_in_range, &r);
        return;
    }
    for (unsigned level = 1; level <= VTD_FS_MAX_LEAF_LEVEL; level++) {
        uint64_t key = vtd_fs_key(iova, level);

        g_hash_table_remove(space->entries, &key);
    }
}
