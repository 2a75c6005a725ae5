/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulated VT-d: first-stage page tables (4 or 5 levels, 2 MiB and 1 GiB
 * pages), walked for one address at a time through the caches of
 * vtd_fs_cache.c.
 *
 * The tables are the CPUs' own, which change them at the same time: Accessed
 * and Dirty are set by compare-and-exchange on the guest's memory, as a CPU
 * does it, so that an entry which was cleared meanwhile stays cleared.
 *
 * A walk begins at the lowest table that the caches know of and does not ask
 * the ones above: as hardware may, and as it shows whether software tells.
 *
 * With x-walk-ahead more is read than a function asks for, as hardware may,
 * too: the entry next to the one in use, the kernel's half of the tables, and
 * what has just been invalidated.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/bswap.h"
#include "qemu/rcu.h"
#include "exec/memory.h"
#include "exec/address-spaces.h"
#include "vtd_ats_internal.h"
#include "trace.h"

static uint64_t vtd_fs_space_key(uint16_t did, uint32_t pasid)
{
    return (uint64_t)did << 32 | pasid;
}

/* Called once, when the IOMMU is realized. */
void vtd_fs_init(VTDAtsState *ats)
{
    QTAILQ_INIT(&ats->spaces);
    ats->iotlb = vtd_fs_cache_new();
}

/* Drop all translations. */
void vtd_fs_reset(VTDAtsState *ats)
{
    g_hash_table_remove_all(ats->iotlb);
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

/* Read the paging entry at @addr.  Returns false if there is no RAM. */
bool vtd_fs_read(hwaddr addr, uint64_t *pte)
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

/* Does entry @pte of @level translate, rather than point to a table? */
bool vtd_fs_leaf(uint64_t pte, unsigned level)
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
 * Returns 0, with @e made from it, or a fault reason.
 */
static int vtd_fs_step(IntelIOMMUState *s, hwaddr addr, unsigned level,
                       const VTDAtsRequest *req, bool wpe, VTDFsEntry *e)
{
    VTDFsUpdate update;
    VTDFsEntry below;
    uint64_t pte, flags;
    int fault;

    do {
        if (!vtd_fs_read(addr, &pte)) {
            return VTD_FR_FS_PAGING_ENTRY_INV;
        }
        below = *e;
        fault = vtd_fs_check(s, pte, level, req, wpe, &below, &flags);
        if (fault) {
            return fault;
        }
        update = vtd_fs_set_flags(addr, pte, flags);
    } while (update == VTD_FS_CHANGED);
    *e = below;
    e->addr = addr;
    e->pte = pte | flags;
    e->level = level;
    e->leaf = vtd_fs_leaf(pte, level);
    e->dirty = e->pte & VTD_FL_D;
    e->hpa = pte & VTD_FS_PHYS;
    if (e->leaf) {
        e->hpa = e->hpa >> vtd_fs_shift(level) << vtd_fs_shift(level);
    }
    return update == VTD_FS_SET ? 0 : VTD_FR_FS_BIT_UPDATE_FAILED;
}

/*
 * Where a walk of @space for @iova begins: @e becomes the lowest pointer to a
 * table that is cached.  Returns the level of that table's entries.
 */
static unsigned vtd_fs_start(VTDFsSpace *space, uint64_t iova, VTDFsEntry *e)
{
    unsigned levels = vtd_fs_levels(&space->root.pe);

    for (unsigned level = VTD_PD_LEVEL; level <= levels; level++) {
        VTDFsEntry *cached = vtd_fs_lookup_table(space, iova, level);

        if (cached) {
            vtd_witness_use(space->ats, &cached->watch);
            *e = *cached;
            return level - 1;
        }
    }
    *e = (VTDFsEntry) {
        .user = true,
        .writable = true,
        .hpa = space->root.pe.val[2] & VTD_SM_PASID_ENTRY_FLPTPTR,
    };
    return levels;
}

/*
 * Walk the tables of @space for @req.  Returns 0, with the translation in the
 * cache and in @found, or a fault reason.
 */
static int vtd_fs_walk(VTDFsSpace *space, const VTDAtsRequest *req,
                       VTDFsEntry **found)
{
    bool wpe = space->root.pe.val[2] & VTD_PE2_WPE;
    VTDFsEntry e;
    unsigned level;

    RCU_READ_LOCK_GUARD();

    level = vtd_fs_start(space, req->iova, &e);
    for (;; level--) {
        unsigned index = (req->iova >> vtd_fs_shift(level)) &
                         (VTD_PT_ENTRY_NR - 1);
        int fault = vtd_fs_step(space->ats->iommu,
                                e.hpa + index * sizeof(uint64_t), level, req,
                                wpe, &e);

        if (fault == VTD_FR_FS_PAGING_ENTRY_INV &&
            level == vtd_fs_levels(&space->root.pe)) {
            return VTD_FR_PASID_ENTRY_FSPTPTR_INV;
        }
        if (fault) {
            return fault;
        }
        *found = vtd_fs_insert(space, req->iova, &e);
        if (e.leaf) {
            return 0;
        }
    }
}

/*
 * The space of the tables that @root points to.  Entries that are left of
 * other tables under the same tags go on being used: software must have
 * invalidated them before it used the tags anew.
 */
static VTDFsSpace *vtd_fs_space(GHashTable *cache, uint64_t key,
                                const VTDPasid *root, bool device)
{
    VTDFsSpace *space = vtd_fs_cache_find(cache, key);

    if (space && vtd_fs_space_empty(space)) {
        g_hash_table_remove(cache, &key);
        space = NULL;
    }
    if (!space) {
        return vtd_fs_cache_add(root->ats, cache, key, root, device);
    }
    vtd_witness_same_root(space, root);
    return space;
}

/*
 * Remember that @f has been told @e in answer to @req: its TLB may hold that
 * until the function says otherwise.
 */
void vtd_fs_grant(VTDAtsFunction *f, const VTDPasid *root,
                  const VTDAtsRequest *req, const VTDFsEntry *e)
{
    VTDFsSpace *space = vtd_fs_space(f->tlb, req->pasid, root, true);

    vtd_fs_insert(space, req->iova, e);
}

/*
 * Do what hardware may do with a translation at @iova in its hands: read the
 * entry next to it as well, if that is in the same table and valid.
 */
static void vtd_fs_walk_ahead(VTDFsSpace *space, uint64_t iova)
{
    VTDAtsRequest req = { .iova = iova + VTD_PAGE_SIZE };
    VTDFsEntry *unused;

    if ((iova ^ req.iova) >> vtd_fs_shift(VTD_PD_LEVEL) ||
        vtd_fs_lookup(space, req.iova)) {
        return;
    }
    vtd_fs_walk(space, &req, &unused);
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

static bool vtd_fs_canonical(uint64_t iova, unsigned levels)
{
    unsigned unused = 64 - vtd_fs_shift(levels + 1);

    return (int64_t)(iova << unused) >> unused == (int64_t)iova;
}

/* The cached translation for @req, in @used; walks for it if need be. */
static int vtd_fs_get(VTDFsSpace *space, const VTDAtsRequest *req,
                      VTDFsEntry *used)
{
    VTDFsEntry *e = vtd_fs_lookup(space, req->iova);
    int fault;

    if (e && vtd_fs_suffices(e, req)) {
        vtd_witness_use(space->ats, &e->watch);
        *used = *e;
        return 0;
    }
    fault = vtd_fs_walk(space, req, &e);
    if (fault) {
        return fault;
    }
    *used = *e;
    if (space->ats->iommu->walk_ahead) {
        vtd_fs_walk_ahead(space, req->iova);
    }
    return 0;
}

/*
 * Translate @req by the first-stage entry @root.  Returns 0 or a fault reason;
 * the entry used is in @used.  A write that the tables do not permit is no
 * fault here: @out then says read only.  Write permission is given only
 * where Dirty is set already, so that no write goes unnoticed.
 */
int vtd_fs_translate(const VTDPasid *root, const VTDAtsRequest *req,
                     VTDAtsTranslation *out, VTDFsEntry *used)
{
    const VTDPASIDEntry *pe = &root->pe;
    uint16_t did = VTD_SM_PASID_ENTRY_DID(pe->val[1]);
    VTDFsSpace *space;
    bool writable;
    int fault;

    if (req->priv && !(pe->val[2] & VTD_PE2_SRE)) {
        return VTD_FRS_SRE_CLEAR;
    }
    if (!vtd_fs_canonical(req->iova, vtd_fs_levels(pe))) {
        return VTD_FR_FS_NON_CANONICAL;
    }
    space = vtd_fs_space(root->ats->iotlb, vtd_fs_space_key(did, root->pasid),
                         root, false);
    fault = vtd_fs_get(space, req, used);
    if (fault) {
        return fault;
    }
    writable = used->writable || (req->priv && !(pe->val[2] & VTD_PE2_WPE));
    out->size = 1ULL << vtd_fs_shift(used->level);
    out->iova = req->iova & ~(out->size - 1);
    out->hpa = used->hpa;
    out->read = true;
    out->write = writable && used->dirty;
    return 0;
}

/*
 * The table that the entry of @level at @addr leads to, in @e, which collects
 * rights.  Returns false if it leads to none, or the pointer has been reported:
 * to mark what is there used helps nobody.
 */
static bool vtd_fs_ahead_entry(VTDFsSpace *space, uint64_t iova,
                               unsigned level, hwaddr addr, VTDFsEntry *e)
{
    VTDAtsRequest req = { 0 };
    VTDFsEntry *cached;
    uint64_t pte;

    if (!vtd_fs_read(addr, &pte) || !(pte & VTD_FL_P) ||
        vtd_fs_leaf(pte, level)) {
        return false;
    }
    cached = vtd_fs_lookup_table(space, iova, level);
    if (cached) {
        vtd_witness_use(space->ats, &cached->watch);
        *e = *cached;
        return !cached->watch.reported;
    }
    if (vtd_fs_step(space->ats->iommu, addr, level, &req, true, e) || e->leaf) {
        return false;
    }
    vtd_fs_insert(space, iova, e);
    return true;
}

/* Go ahead in the tables of @space below @table, which is not of the last. */
static void vtd_fs_ahead_table(VTDFsSpace *space, uint64_t iova,
                               unsigned level, const VTDFsEntry *table)
{
    bool top = level == vtd_fs_levels(&space->root.pe);
    hwaddr last = 0;

    /* Of the topmost table, the half that is the kernel's */
    for (unsigned i = top ? VTD_PT_ENTRY_NR / 2 : 0; i < VTD_PT_ENTRY_NR; i++) {
        uint64_t at = iova | (uint64_t)i << vtd_fs_shift(level);
        VTDFsEntry e = *table;

        if (!vtd_fs_ahead_entry(space, at, level,
                                table->hpa + i * sizeof(uint64_t), &e)) {
            continue;
        }
        /* Neighbours that share a table (KASAN's shadow) are followed once */
        if (level > VTD_PD_LEVEL && e.hpa != last) {
            vtd_fs_ahead_table(space, at, level - 1, &e);
        }
        last = e.hpa;
    }
}

/* Does the PASID entry of @space still lead to its tables? */
static bool vtd_fs_reached(VTDFsSpace *space)
{
    VTDAtsState *ats = space->ats;
    VTDContextEntry ce;
    VTDPasid now;
    bool fpd;

    return !vtd_pasid_get_context(ats, space->root.sid, &ce, &fpd) &&
           !vtd_pasid_get_entry(ats, space->root.sid, &ce, space->root.pasid,
                                &now, &fpd) &&
           (now.pe.val[0] & VTD_SM_PASID_ENTRY_PGTT) ==
           VTD_SM_PASID_ENTRY_FLT &&
           vtd_pasid_same_tables(&now, &space->root);
}

/*
 * Walk the kernel's half of the tables of @space, down to the pointers to the
 * lowest tables, as hardware may at any time for as long as the PASID entry is
 * there.  What these lead to is of no use to a function without supervisor
 * requests, and is not read.
 */
void vtd_fs_ahead_kernel(VTDFsSpace *space)
{
    unsigned levels = vtd_fs_levels(&space->root.pe);
    VTDFsEntry top = { .user = true, .writable = true };

    RCU_READ_LOCK_GUARD();

    if (vtd_fs_reached(space)) {
        top.hpa = space->root.pe.val[2] & VTD_SM_PASID_ENTRY_FLPTPTR;
        vtd_fs_ahead_table(space, UINT64_MAX << vtd_fs_shift(levels + 1),
                           levels, &top);
    }
}

/*
 * Walk again for what has just been invalidated, as hardware may: software must
 * have changed the entries before.
 */
static void vtd_fs_walk_again(VTDFsSpace *space, const VTDFsDropped *dropped)
{
    VTDFsEntry *unused;

    if (!dropped->n || !vtd_fs_reached(space)) {
        return;
    }
    for (unsigned i = 0; i < dropped->n; i++) {
        VTDAtsRequest req = { .iova = dropped->iova[i] };

        vtd_fs_walk(space, &req, &unused);
    }
}

static gboolean vtd_fs_space_in_domain(gpointer key, gpointer value,
                                       gpointer data)
{
    return *(uint64_t *)key >> 32 == *(uint16_t *)data;
}

/* Drop all translations of domain @did, and the pointers to its tables. */
void vtd_fs_inv_domain(IntelIOMMUState *s, uint16_t did)
{
    g_hash_table_foreach_remove(s->ats->iotlb, vtd_fs_space_in_domain, &did);
}

/* The same for @pasid in domain @did. */
void vtd_fs_inv_pasid(IntelIOMMUState *s, uint16_t did, uint32_t pasid)
{
    uint64_t key = vtd_fs_space_key(did, pasid);

    g_hash_table_remove(s->ats->iotlb, &key);
}

/*
 * Drop the translations of @pasid in domain @did for the 2^@am pages at
 * @iova, whose low bits are ignored; and, unless the invalidation hint @ih
 * says that only leaves have changed, the pointers to tables on the way.
 */
void vtd_fs_inv_pages(IntelIOMMUState *s, uint16_t did, uint32_t pasid,
                      uint64_t iova, unsigned am, bool ih)
{
    VTDFsSpace *space = vtd_fs_cache_find(s->ats->iotlb,
                                          vtd_fs_space_key(did, pasid));
    uint64_t mask = am + VTD_PAGE_SHIFT >= 64 ? UINT64_MAX :
                    (1ULL << (am + VTD_PAGE_SHIFT)) - 1;
    VTDFsDropped dropped = { 0 };

    if (!space) {
        return;
    }
    vtd_fs_drop(space, iova & ~mask, iova | mask, !ih, &dropped);
    if (s->walk_ahead) {
        vtd_fs_walk_again(space, &dropped);
    }
}
