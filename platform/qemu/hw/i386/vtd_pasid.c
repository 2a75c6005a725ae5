/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulated VT-d: scalable-mode context entries and PASID table entries, as a
 * request of a PCIe function finds them, and the two caches in between.
 *
 * What is cached stays cached until software invalidates it, as hardware is
 * free to do: an entry that no flush reached goes on being used.  With
 * x-walk-ahead, one that is invalidated is read again at once, if it is there
 * still: a flush in front of the change is none.  Entries that are not present,
 * or wrong, are never cached.
 */
#include "qemu/osdep.h"
#include "system/dma.h"
#include "vtd_ats_internal.h"
#include "trace.h"

#define VTD_PASID_BITS(ce)      (VTD_SM_CE_PDTS(ce) + 7 + 6)
#define VTD_PDE_RSVD            0xffcULL

/* PASID table entry, bits 127:64 (VT-d 9.6) */
#define VTD_PE1_PGSNP           (1ULL << 24)
#define VTD_PE1_RSVD            0xfffffffff87f0000ULL
#define VTD_PE1_RSVD_CD_EMTE    (3ULL << 25)
#define VTD_PE2_ERE             (1ULL << 1)
#define VTD_PE2_EAFE            (1ULL << 7)
#define VTD_PE2_RSVD            0xf00ULL

/* PASID-cache invalidation descriptor (VT-d 6.5.2.2) */
#define VTD_PC_GRAN(d)          (((d)->lo >> 4) & 3)
#define VTD_PC_GRAN_DOMAIN      0
#define VTD_PC_GRAN_PASID       1
#define VTD_PC_GRAN_GLOBAL      3
#define VTD_PC_DID(d)           (((d)->lo >> 16) & VTD_DOMAIN_ID_MASK)
#define VTD_PC_PASID(d)         (((d)->lo >> 32) & VTD_PASID_ID_MASK)
#define VTD_PC_RSVD             0xfff000000000f1c0ULL

typedef struct VTDCachedContext {
    uint64_t key;               /* requester ID */
    VTDAtsState *ats;
    VTDContextEntry ce;
    VTDWatch watch;
} VTDCachedContext;

typedef struct VTDCachedPasid {
    uint64_t key;               /* requester ID, PASID */
    VTDPasid p;
    VTDWatch watch;
} VTDCachedPasid;

static void vtd_cached_context_free(gpointer data)
{
    VTDCachedContext *c = data;

    vtd_witness_end(c->ats, &c->watch);
    g_free(c);
}

static void vtd_cached_pasid_free(gpointer data)
{
    VTDCachedPasid *c = data;

    vtd_witness_end(c->p.ats, &c->watch);
    g_free(c);
}

static uint64_t vtd_pasid_key(uint16_t sid, uint32_t pasid)
{
    return (uint64_t)sid << VTD_PASID_ID_SHIFT | pasid;
}

/* Called once, when the IOMMU is realized. */
void vtd_pasid_caches_init(VTDAtsState *ats)
{
    ats->contexts = g_hash_table_new_full(g_int64_hash, g_int64_equal,
                                          NULL, vtd_cached_context_free);
    ats->pasids = g_hash_table_new_full(g_int64_hash, g_int64_equal,
                                        NULL, vtd_cached_pasid_free);
}

/* Empty both caches. */
void vtd_pasid_caches_reset(VTDAtsState *ats)
{
    g_hash_table_remove_all(ats->contexts);
    g_hash_table_remove_all(ats->pasids);
}

/* Read @n 64-bit words at @addr. */
static bool vtd_read_words(hwaddr addr, uint64_t *words, unsigned n)
{
    if (dma_memory_read(&address_space_memory, addr, words, n * 8,
                        MEMTXATTRS_UNSPECIFIED)) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        words[i] = le64_to_cpu(words[i]);
    }
    return true;
}

static int vtd_read_context(IntelIOMMUState *s, uint16_t sid, hwaddr *addr,
                            VTDContextEntry *ce, bool *fpd)
{
    uint64_t root[2], half;
    uint8_t devfn = sid & 0xff;

    if (!vtd_read_words(s->root + (sid >> 8) * 16, root, 2)) {
        return VTD_FRS_ROOT_ACCESS;
    }
    half = root[devfn >> 7];
    if (!(half & VTD_ROOT_ENTRY_P)) {
        return VTD_FRS_ROOT_NP;
    }
    if (half & VTD_ROOT_ENTRY_RSVD(s->aw_bits)) {
        return VTD_FRS_ROOT_RSVD;
    }
    *addr = (half & VTD_ROOT_ENTRY_CTP) +
            (devfn & 0x7f) * VTD_CTX_ENTRY_SCALABLE_SIZE;
    if (!vtd_read_words(*addr, ce->val, 4)) {
        return VTD_FRS_CONTEXT_ACCESS;
    }
    *fpd = ce->lo & VTD_CONTEXT_ENTRY_FPD;
    if (!(ce->lo & VTD_CONTEXT_ENTRY_P)) {
        return VTD_FRS_CONTEXT_NP;
    }
    if (ce->val[0] & VTD_SM_CONTEXT_ENTRY_RSVD_VAL0(s->aw_bits) ||
        ce->val[1] & VTD_SM_CONTEXT_ENTRY_RSVD_VAL1 ||
        ce->val[2] || ce->val[3]) {
        return VTD_FRS_CONTEXT_RSVD;
    }
    return 0;
}

/*
 * The context entry of @sid, from the context cache or from memory.  Returns
 * 0 or a fault reason; @fpd is set if the entry says not to record faults.
 */
int vtd_pasid_get_context(VTDAtsState *ats, uint16_t sid,
                          VTDContextEntry *ce, bool *fpd)
{
    uint64_t key = sid;
    VTDCachedContext *c = g_hash_table_lookup(ats->contexts, &key);
    hwaddr addr;
    int fault;

    if (c) {
        vtd_witness_use(ats, &c->watch);
        *ce = c->ce;
        *fpd = ce->lo & VTD_CONTEXT_ENTRY_FPD;
        return 0;
    }
    fault = vtd_read_context(ats->iommu, sid, &addr, ce, fpd);
    if (fault) {
        return fault;
    }
    c = g_new0(VTDCachedContext, 1);
    c->key = key;
    c->ats = ats;
    c->ce = *ce;
    vtd_witness_context(ats, &c->watch, sid, addr, ce);
    g_hash_table_replace(ats->contexts, &c->key, c);
    return 0;
}

/* Reserved fields, by what the capability registers say (VT-d 9.6). */
static bool vtd_pe_rsvd(IntelIOMMUState *s, const VTDPASIDEntry *pe)
{
    uint64_t rsvd1 = VTD_PE1_RSVD | VTD_PE1_RSVD_CD_EMTE;
    uint64_t rsvd2 = VTD_PE2_RSVD | VTD_PE2_ERE | VTD_PE2_EAFE |
                     ~VTD_HAW_MASK(s->aw_bits);

    if (!(s->ecap & VTD_ECAP_SC)) {
        rsvd1 |= VTD_PE1_PGSNP;
    }
    if (!(s->ecap & VTD_ECAP_SMPWC)) {
        rsvd1 |= 1ULL << 23;
    }
    if (!(s->ecap & VTD_ECAP_SRS)) {
        rsvd2 |= VTD_PE2_SRE;
    }
    return pe->val[1] & rsvd1 || pe->val[2] & rsvd2;
}

/* Is the type of @pe one that we have, with as many levels of tables? */
static bool vtd_pe_supported(IntelIOMMUState *s, const VTDPASIDEntry *pe)
{
    switch (pe->val[0] & VTD_SM_PASID_ENTRY_PGTT) {
    case VTD_SM_PASID_ENTRY_FLT:
        return vtd_fs_levels(pe) <= (s->cap & VTD_CAP_FS5LP ?
                                      VTD_PML5_LEVEL : VTD_PML4_LEVEL);
    case VTD_SM_PASID_ENTRY_PT:
        return s->ecap & VTD_ECAP_PT;
    default:
        return false;
    }
}

/* Read the entry of @p->pasid; says in @p where it is. */
static int vtd_read_pasid_entry(IntelIOMMUState *s, const VTDContextEntry *ce,
                                VTDPasid *p, bool *fpd)
{
    VTDPASIDEntry *pe = &p->pe;
    uint32_t pasid = p->pasid;
    hwaddr dir = ce->lo & VTD_PASID_DIR_BASE_ADDR_MASK;
    uint64_t pde;

    if (!vtd_read_words(dir + (pasid >> 6) * VTD_PASID_DIR_ENTRY_SIZE,
                        &pde, 1)) {
        return VTD_FR_PASID_DIR_ACCESS_ERR;
    }
    *fpd |= !!(pde & VTD_PASID_DIR_FPD);
    if (!(pde & 1)) {
        return VTD_FR_PASID_DIR_ENTRY_P;
    }
    if (pde & (VTD_PDE_RSVD | ~VTD_HAW_MASK(s->aw_bits))) {
        return VTD_FRS_PASID_DIR_RSVD;
    }
    p->addr = (pde & VTD_PASID_TABLE_BASE_ADDR_MASK) +
              VTD_PASID_TABLE_INDEX(pasid) * VTD_PASID_ENTRY_SIZE;
    if (!vtd_read_words(p->addr, pe->val, 8)) {
        return VTD_FR_PASID_TABLE_ACCESS_ERR;
    }
    *fpd |= !!(pe->val[0] & VTD_PASID_ENTRY_FPD);
    if (!(pe->val[0] & VTD_PASID_ENTRY_P)) {
        return VTD_FR_PASID_ENTRY_P;
    }
    if (vtd_pe_rsvd(s, pe)) {
        return VTD_FRS_PASID_RSVD;
    }
    return vtd_pe_supported(s, pe) ? 0 : VTD_FR_PASID_TABLE_ENTRY_INV;
}

/* From now on @found is in the PASID cache. */
static void vtd_pasid_remember(const VTDPasid *found)
{
    VTDCachedPasid *c = g_new0(VTDCachedPasid, 1);

    c->key = vtd_pasid_key(found->sid, found->pasid);
    c->p = *found;
    vtd_witness_pasid(&c->watch, found);
    vtd_prq_pasid_loaded(found);
    g_hash_table_replace(found->ats->pasids, &c->key, c);
}

/*
 * The PASID table entry for @pasid (VTD_NO_PASID: that of requests without)
 * of @sid, whose context entry is @ce, from the PASID cache or from memory.
 * Returns 0 or a fault reason; @fpd is set if an entry on the way says not
 * to record faults, and left alone otherwise.
 */
int vtd_pasid_get_entry(VTDAtsState *ats, uint16_t sid,
                        const VTDContextEntry *ce, uint32_t pasid,
                        VTDPasid *found, bool *fpd)
{
    VTDCachedPasid *c;
    uint64_t key;
    int fault;

    if (pasid == VTD_NO_PASID) {
        pasid = ce->val[1] & VTD_SM_CONTEXT_ENTRY_RID2PASID_MASK;
    } else if (!(ce->lo & VTD_SM_CE_PASIDE)) {
        return VTD_FRS_PASIDE_CLEAR;
    }
    if (pasid >> MIN(VTD_PASID_BITS(ce), VTD_PASID_ID_SHIFT)) {
        return VTD_FRS_PASID_RANGE;
    }
    key = vtd_pasid_key(sid, pasid);
    c = g_hash_table_lookup(ats->pasids, &key);
    if (c) {
        vtd_witness_use(ats, &c->watch);
        *found = c->p;
        *fpd |= !!(c->p.pe.val[0] & VTD_PASID_ENTRY_FPD);
        return 0;
    }
    *found = (VTDPasid) { .ats = ats, .sid = sid, .pasid = pasid };
    fault = vtd_read_pasid_entry(ats->iommu, ce, found, fpd);
    if (!fault) {
        vtd_pasid_remember(found);
    }
    return fault;
}

/* What the tables in memory lead @sid to; zeros if to nothing. */
void vtd_pasid_context_in_memory(VTDAtsState *ats, uint16_t sid,
                                 VTDContextEntry *ce)
{
    bool fpd = false;
    hwaddr addr;

    memset(ce, 0, sizeof(*ce));
    vtd_read_context(ats->iommu, sid, &addr, ce, &fpd);
}

/* What they lead @sid and the number @pasid to. */
void vtd_pasid_entry_in_memory(VTDAtsState *ats, uint16_t sid, uint32_t pasid,
                               VTDPASIDEntry *pe)
{
    VTDPasid p = { .sid = sid, .pasid = pasid };
    VTDContextEntry ce;
    bool fpd = false;

    vtd_pasid_context_in_memory(ats, sid, &ce);
    if (ce.lo & VTD_CONTEXT_ENTRY_P && !(pasid >> VTD_PASID_BITS(&ce))) {
        vtd_read_pasid_entry(ats->iommu, &ce, &p, &fpd);
    }
    *pe = p.pe;
}

/* Do @a and @b lead to the same translations, under the same tags? */
bool vtd_pasid_same_tables(const VTDPasid *a, const VTDPasid *b)
{
    return a->pasid == b->pasid &&
           VTD_SM_PASID_ENTRY_DID(a->pe.val[1]) ==
           VTD_SM_PASID_ENTRY_DID(b->pe.val[1]) &&
           (a->pe.val[2] & VTD_SM_PASID_ENTRY_FLPTPTR) ==
           (b->pe.val[2] & VTD_SM_PASID_ENTRY_FLPTPTR);
}

/* What an invalidation is for, and the keys of all that it has dropped */
typedef struct VTDPasidInv {
    uint16_t sid;               /* of contexts */
    uint16_t mask;
    const VTDInvDesc *desc;     /* of PASID entries */
    GArray *dropped;            /* of uint64_t */
} VTDPasidInv;

static gboolean vtd_context_matches(gpointer key, gpointer value, gpointer data)
{
    VTDPasidInv *inv = data;

    if ((*(uint64_t *)key & inv->mask) != (inv->sid & inv->mask)) {
        return false;
    }
    g_array_append_vals(inv->dropped, key, 1);
    return true;
}

/*
 * Drop the context entries of all requester IDs that equal @sid in the bits
 * of @mask; a mask of 0 means all.  PASID entries and translations that were
 * reached through them have invalidations of their own (VT-d 6.5.3.3).
 */
void vtd_pasid_inv_contexts(IntelIOMMUState *s, uint16_t sid, uint16_t mask)
{
    g_autoptr(GArray) dropped = g_array_new(false, false, sizeof(uint64_t));
    VTDPasidInv inv = { .sid = sid, .mask = mask, .dropped = dropped };
    VTDContextEntry ce;
    bool fpd;

    g_hash_table_foreach_remove(s->ats->contexts, vtd_context_matches, &inv);
    for (unsigned i = 0; s->walk_ahead && i < dropped->len; i++) {
        vtd_pasid_get_context(s->ats, g_array_index(dropped, uint64_t, i), &ce,
                              &fpd);
    }
}

/* Does @desc mean the entry @p? */
static bool vtd_pasid_matches(const VTDInvDesc *desc, const VTDCachedPasid *p)
{
    switch (VTD_PC_GRAN(desc)) {
    case VTD_PC_GRAN_PASID:
        if ((p->key & VTD_PASID_ID_MASK) != VTD_PC_PASID(desc)) {
            return false;
        }
        /* fallthrough */
    case VTD_PC_GRAN_DOMAIN:
        return VTD_SM_PASID_ENTRY_DID(p->p.pe.val[1]) == VTD_PC_DID(desc);
    default:
        return true;
    }
}

static gboolean vtd_pasid_drop(gpointer key, gpointer value, gpointer data)
{
    VTDPasidInv *inv = data;

    if (!vtd_pasid_matches(inv->desc, value)) {
        return false;
    }
    g_array_append_vals(inv->dropped, key, 1);
    return true;
}

/* Have the PASID cache hold the entry @key again, if there is one. */
static void vtd_pasid_read_again(VTDAtsState *ats, uint64_t key)
{
    uint16_t sid = key >> VTD_PASID_ID_SHIFT;
    VTDContextEntry ce;
    VTDPasid unused;
    bool fpd;

    if (!vtd_pasid_get_context(ats, sid, &ce, &fpd)) {
        vtd_pasid_get_entry(ats, sid, &ce, key & VTD_PASID_ID_MASK, &unused,
                            &fpd);
    }
}

static void vtd_pasid_inv(IntelIOMMUState *s, const VTDInvDesc *desc)
{
    g_autoptr(GArray) dropped = g_array_new(false, false, sizeof(uint64_t));
    VTDPasidInv inv = { .desc = desc, .dropped = dropped };

    g_hash_table_foreach_remove(s->ats->pasids, vtd_pasid_drop, &inv);
    for (unsigned i = 0; s->walk_ahead && i < dropped->len; i++) {
        vtd_pasid_read_again(s->ats, g_array_index(dropped, uint64_t, i));
    }
}

/*
 * Execute PASID-cache invalidation descriptor @desc.  Returns false if it is
 * malformed.
 */
bool vtd_pasid_process_desc(IntelIOMMUState *s, VTDInvDesc *desc)
{
    uint64_t mask[4] = { VTD_PC_RSVD, VTD_INV_DESC_ALL_ONE,
                         VTD_INV_DESC_ALL_ONE, VTD_INV_DESC_ALL_ONE };

    if (!s->scalable_mode ||
        !vtd_inv_desc_reserved_check(s, desc, mask, false,
                                     __func__, "pc inv")) {
        return false;
    }
    switch (VTD_PC_GRAN(desc)) {
    case VTD_PC_GRAN_DOMAIN:
    case VTD_PC_GRAN_PASID:
    case VTD_PC_GRAN_GLOBAL:
        vtd_pasid_inv(s, desc);
        return true;
    default:
        return false;
    }
}
