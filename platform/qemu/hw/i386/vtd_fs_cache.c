/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulated VT-d: what is remembered of first-stage page tables.  A cache is a
 * set of address spaces; a space holds translations (leaves) and pointers to
 * tables (the paging-structure caches, VT-d 6.2.5).  Nothing is forgotten
 * until it is invalidated, and every entry is watched by the witness for as
 * long as it is there, see vtd_witness.c.
 *
 * The IOMMU has one such cache, tagged by domain ID and PASID, so that
 * functions that share an address space share it.  There is one more for each
 * function that talks ATS: what it was told, tagged by PASID, which its own
 * TLB may hold until the function says that it does not.
 */
#include "qemu/osdep.h"
#include "vtd_ats_internal.h"
#include "trace.h"

/*
 * Translations of a space.  One that has so many forgets them all, as hardware
 * may, and the witness with it: mistakes with 1 GiB of small pages in use go
 * unseen, or the emulator would take memory without a bound.
 */
#define VTD_IOTLB_LIMIT         (1u << 18)

static uint64_t vtd_fs_key(uint64_t iova, unsigned level)
{
    return iova >> vtd_fs_shift(level) << vtd_fs_shift(level) | level;
}

static void vtd_fs_entry_free(gpointer data)
{
    VTDFsEntry *e = data;

    vtd_witness_end(e->ats, &e->watch);
    g_free(e);
}

static void vtd_fs_space_free(gpointer data)
{
    VTDFsSpace *space = data;

    /* The entries first: a space without any may change its root */
    g_hash_table_destroy(space->leaves);
    g_hash_table_destroy(space->tables);
    vtd_witness_end(space->ats, &space->watch);
    QTAILQ_REMOVE(&space->ats->spaces, space, next);
    g_free(space);
}

/* An empty cache; g_hash_table_destroy() frees it. */
GHashTable *vtd_fs_cache_new(void)
{
    return g_hash_table_new_full(g_int64_hash, g_int64_equal,
                                 NULL, vtd_fs_space_free);
}

/* The space @key of @cache, or NULL. */
VTDFsSpace *vtd_fs_cache_find(GHashTable *cache, uint64_t key)
{
    return g_hash_table_lookup(cache, &key);
}

/*
 * Add an empty space @key to @cache, reached through @root; @device: for what
 * a function was told.
 */
VTDFsSpace *vtd_fs_cache_add(VTDAtsState *ats, GHashTable *cache, uint64_t key,
                             const VTDPasid *root, bool device)
{
    VTDFsSpace *space = g_new0(VTDFsSpace, 1);

    space->ats = ats;
    space->key = key;
    space->root = *root;
    space->leaves = g_hash_table_new_full(g_int64_hash, g_int64_equal,
                                          NULL, vtd_fs_entry_free);
    space->tables = g_hash_table_new_full(g_int64_hash, g_int64_equal,
                                          NULL, vtd_fs_entry_free);
    g_hash_table_insert(cache, &space->key, space);
    QTAILQ_INSERT_TAIL(&ats->spaces, space, next);
    vtd_witness_space(space, device);
    return space;
}

/* Does @space hold nothing? */
bool vtd_fs_space_empty(const VTDFsSpace *space)
{
    return !g_hash_table_size(space->leaves) &&
           !g_hash_table_size(space->tables);
}

/* The translation of @iova in @space, or NULL. */
VTDFsEntry *vtd_fs_lookup(VTDFsSpace *space, uint64_t iova)
{
    for (unsigned level = 1; level <= VTD_FS_MAX_LEAF_LEVEL; level++) {
        uint64_t key = vtd_fs_key(iova, level);
        VTDFsEntry *e = g_hash_table_lookup(space->leaves, &key);

        if (e) {
            return e;
        }
    }
    return NULL;
}

/* The pointer in @space to the table below @level for @iova, or NULL. */
VTDFsEntry *vtd_fs_lookup_table(VTDFsSpace *space, uint64_t iova,
                                unsigned level)
{
    uint64_t key = vtd_fs_key(iova, level);

    return g_hash_table_lookup(space->tables, &key);
}

/*
 * Add a copy of @e, which is for @iova, in place of what is there for the
 * same address and level.  Returns the copy.
 */
VTDFsEntry *vtd_fs_insert(VTDFsSpace *space, uint64_t iova,
                          const VTDFsEntry *e)
{
    VTDFsEntry *copy = g_memdup2(e, sizeof(*e));
    GHashTable *to = e->leaf ? space->leaves : space->tables;

    if (g_hash_table_size(to) >= VTD_IOTLB_LIMIT) {
        trace_vtd_iotlb_reset("first stage");
        g_hash_table_remove_all(to);
    }
    copy->ats = space->ats;
    copy->key = vtd_fs_key(iova, e->level);
    vtd_witness_entry(space, copy);
    g_hash_table_replace(to, &copy->key, copy);
    return copy;
}

typedef struct VTDFsRange {
    uint64_t first;
    uint64_t last;
    VTDFsDropped *dropped;      /* NULL: of no interest */
} VTDFsRange;

static void vtd_fs_note_dropped(VTDFsRange *r, uint64_t key)
{
    if (r->dropped && r->dropped->n < VTD_FS_DROPPED) {
        r->dropped->iova[r->dropped->n++] = key & VTD_PAGE_MASK_4K;
    }
}

static gboolean vtd_fs_entry_in_range(gpointer key, gpointer value,
                                      gpointer data)
{
    VTDFsEntry *e = value;
    VTDFsRange *r = data;
    uint64_t first = e->key & ~(VTD_PAGE_SIZE - 1);
    uint64_t last = first + ((1ULL << vtd_fs_shift(e->level)) - 1);

    if (first > r->last || last < r->first) {
        return false;
    }
    vtd_fs_note_dropped(r, e->key);
    return true;
}

/* Drop what is in @from for @r: by address, or by looking at all if cheaper */
static void vtd_fs_drop_range(GHashTable *from, VTDFsRange *r, unsigned level,
                              unsigned top)
{
    if ((r->last - r->first) / VTD_PAGE_SIZE >= g_hash_table_size(from)) {
        g_hash_table_foreach_remove(from, vtd_fs_entry_in_range, r);
        return;
    }
    for (; level <= top; level++) {
        uint64_t page = 1ULL << vtd_fs_shift(level);
        uint64_t n = (r->last >> vtd_fs_shift(level)) -
                     (r->first >> vtd_fs_shift(level)) + 1;

        for (uint64_t i = 0; i < n; i++) {
            uint64_t key = vtd_fs_key(r->first + i * page, level);

            if (g_hash_table_remove(from, &key)) {
                vtd_fs_note_dropped(r, key);
            }
        }
    }
}

/*
 * Drop the translations of the addresses from @first to @last (inclusive) in
 * @space, and, with @tables, the pointers to tables on the way there.  Says in
 * @dropped, unless that is NULL, which translations there were.
 */
void vtd_fs_drop(VTDFsSpace *space, uint64_t first, uint64_t last,
                 bool tables, VTDFsDropped *dropped)
{
    VTDFsRange r = { .first = first, .last = last, .dropped = dropped };

    vtd_fs_drop_range(space->leaves, &r, VTD_PT_LEVEL, VTD_FS_MAX_LEAF_LEVEL);
    r.dropped = NULL;
    if (tables) {
        vtd_fs_drop_range(space->tables, &r, VTD_PD_LEVEL, VTD_PML5_LEVEL);
    }
}
