/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulated VT-d: the witness.  It watches every copy that the IOMMU, or the
 * TLB of a function, holds of something in memory, and reports
 *
 *   freed-page   a copy that was there after the page that it was read from,
 *                or that it leads to, had been freed (the guest counts the
 *                frees of each page, see vtd_witness_port.c)
 *   stale-entry  a paging, PASID or context entry whose copy still differs
 *                from memory after x-witness-bound-ms of virtual time: it was
 *                changed without the invalidation that goes with it; or, of
 *                the latter two, what leads to it was: the root table pointer,
 *                a root entry, an entry of the directory of PASIDs
 *   stale-space  translations left of a PASID entry that is gone or points to
 *                other tables, after the same time
 *   reused-tag   a domain ID and PASID used for other tables while
 *                translations of the former ones are there
 *   no-request, lost-request    see vtd_prq.c
 *
 * Hardware may use what it caches at any time, so that being there is enough;
 * a copy is looked at whenever it is used, when it is dropped, and in turn.
 * Until the flush after a change is complete an old copy is legal.
 *
 * It does not see: requests that are translated by a second stage or not at
 * all, which is QEMU's own code with caches of its own; root tables and
 * directories of PASIDs while no entry that they lead to is cached, as they are
 * read each time; more than 512 pages of a huge one; what a space holds when it
 * is full (see vtd_fs_cache.c); a page that stays with its owner when it is of
 * no use any more, in a driver's pool for one.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/bswap.h"
#include "qemu/rcu.h"
#include "hw/pci/pci.h"
#include "vtd_ats_internal.h"
#include "trace.h"

#define VTD_WITNESS_PERIOD      (10 * SCALE_MS)
#define VTD_WITNESS_PER_PERIOD  1024        /* copies looked at */
#define VTD_WITNESS_MAX_LINES   64

/* Pages of one copy that are asked for at most */
#define VTD_WITNESS_MAX_PAGES   512

/*
 * Add a line to the log, which the guest and QMP read.  What does not fit
 * until somebody reads it is counted.
 */
void vtd_witness_report(VTDAtsState *ats, const char *format, ...)
{
    VTDWitness *wit = &ats->witness;
    g_autofree char *line = NULL;
    va_list args;

    va_start(args, format);
    line = g_strdup_vprintf(format, args);
    va_end(args);

    trace_vtd_witness(line);
    wit->reports++;
    if (wit->log_lines < VTD_WITNESS_MAX_LINES) {
        g_string_append_printf(wit->log, "%s\n", line);
        wit->log_lines++;
    }
}

static uint32_t vtd_witness_now(VTDWitness *wit)
{
    return wit->freed ? le32_to_cpu(qatomic_read(&wit->freed[0])) : 0;
}

/* Has a page of the @size bytes at @addr been freed after @w was read? */
static bool vtd_witness_freed(VTDWitness *wit, const VTDWatch *w, hwaddr addr,
                              uint64_t size)
{
    uint64_t first = addr >> VTD_PAGE_SHIFT, n = size >> VTD_PAGE_SHIFT;
    uint64_t step = MAX(1, n / VTD_WITNESS_MAX_PAGES);

    for (uint64_t i = 0; i < n; i += step) {
        uint32_t at;

        if (!wit->freed || first + i >= wit->freed_pages) {
            return false;
        }
        at = le32_to_cpu(qatomic_read(&wit->freed[1 + first + i]));
        if (at && (int32_t)(at - w->read_at) > 0) {
            return true;
        }
    }
    return false;
}

/*
 * Can what @w stands for still be used?  Nothing is while translation is off;
 * and a function without a context entry is cut off, whatever its TLB holds.
 */
static bool vtd_witness_usable(VTDAtsState *ats, const VTDWatch *w)
{
    VTDContextEntry ce;
    bool fpd;

    if (!ats->iommu->dmar_enabled ||
        (w->kind == VTD_WATCH_SPACE &&
         vtd_fs_space_empty(container_of(w, VTDFsSpace, watch)))) {
        return false;
    }
    return !w->device || !vtd_pasid_get_context(ats, w->sid, &ce, &fpd);
}

static const char *vtd_witness_thing(const VTDWatch *w)
{
    switch (w->kind) {
    case VTD_WATCH_CONTEXT:
        return "context entry";
    case VTD_WATCH_PASID:
        return "PASID entry";
    case VTD_WATCH_SPACE:
        return "address space";
    default:
        return "paging entry";
    }
}

/* Report @w, whose word @word would be @now, unless that has been done. */
static void vtd_witness_tell(VTDAtsState *ats, VTDWatch *w, const char *what,
                             unsigned word, uint64_t now)
{
    if (w->reported || !vtd_witness_usable(ats, w)) {
        return;
    }
    w->reported = true;
    vtd_witness_report(ats, "%s: %s in the %s's cache: function %02x:%02x.%x "
                       "PASID %u address 0x%"PRIx64" level %u old 0x%"PRIx64
                       " new 0x%"PRIx64, what, vtd_witness_thing(w),
                       w->device ? "device" : "IOMMU", w->sid >> 8,
                       PCI_SLOT(w->sid), PCI_FUNC(w->sid), w->pasid, w->iova,
                       w->level, w->value[word], now);
}

/*
 * What a walk would find in place of @w: of a paging entry that is what is
 * where it was read, as all that leads there is watched, too.
 */
static void vtd_witness_memory(VTDAtsState *ats, const VTDWatch *w,
                               uint64_t now[VTD_WATCH_WORDS])
{
    VTDContextEntry ce;
    VTDPASIDEntry pe;

    switch (w->kind) {
    case VTD_WATCH_CONTEXT:
        vtd_pasid_context_in_memory(ats, w->sid, &ce);
        memcpy(now, ce.val, w->words * sizeof(*now));
        break;
    case VTD_WATCH_PASID:
    case VTD_WATCH_SPACE:
        vtd_pasid_entry_in_memory(ats, w->sid, w->pasid, &pe);
        memcpy(now, pe.val, w->words * sizeof(*now));
        break;
    case VTD_WATCH_ENTRY:
        if (!vtd_fs_read(w->addr, now)) {
            now[0] = w->value[0];
        }
        break;
    }
}

/* @w is used or dropped: it must not have outlived its pages. */
static void vtd_witness_look_for_freed(VTDAtsState *ats, VTDWatch *w)
{
    VTDWitness *wit = &ats->witness;
    uint64_t now[VTD_WATCH_WORDS];

    if (vtd_witness_freed(wit, w, w->addr & VTD_PAGE_MASK_4K, VTD_PAGE_SIZE) ||
        vtd_witness_freed(wit, w, w->page, w->size)) {
        vtd_witness_memory(ats, w, now);
        vtd_witness_tell(ats, w, "freed-page", 0, now[0]);
    }
}

/*
 * The first word of @w in place of which @now says something else, and more
 * than more rights; @w->words if there is none.
 */
static unsigned vtd_witness_differs(const VTDWatch *w, const uint64_t *now)
{
    unsigned i;

    for (i = 0; i < w->words; i++) {
        if ((w->value[i] ^ now[i]) & w->same[i] ||
            (!i && (w->value[i] & ~now[i] & w->keep))) {
            break;
        }
    }
    return i;
}

static void vtd_witness_look(VTDAtsState *ats, VTDWatch *w, int64_t now)
{
    uint64_t in_memory[VTD_WATCH_WORDS];
    unsigned word;

    vtd_witness_look_for_freed(ats, w);
    vtd_witness_memory(ats, w, in_memory);
    word = vtd_witness_differs(w, in_memory);
    if (word == w->words) {
        w->differs_since = 0;
    } else if (!w->differs_since) {
        w->differs_since = now;
    } else if (now - w->differs_since > ats->witness.bound) {
        vtd_witness_tell(ats, w, w->kind == VTD_WATCH_SPACE ? "stale-space" :
                         "stale-entry", word, in_memory[word]);
    }
}

/*
 * How much there is that will be reported unless something happens to it before
 * the bound: at any time but when all is at rest that may be legal.
 */
unsigned vtd_witness_unsettled(VTDAtsState *ats)
{
    unsigned n = vtd_prq_count_orphans(ats);
    uint64_t now[VTD_WATCH_WORDS];
    VTDWatch *w;

    RCU_READ_LOCK_GUARD();

    QTAILQ_FOREACH(w, &ats->witness.watched, next) {
        vtd_witness_memory(ats, w, now);
        n += !w->reported && vtd_witness_differs(w, now) < w->words &&
             vtd_witness_usable(ats, w);
    }
    return n;
}

/* The next space has its turn at having its kernel half walked. */
static void vtd_witness_walk_ahead(VTDAtsState *ats)
{
    VTDFsSpace *space = QTAILQ_FIRST(&ats->spaces);

    if (space && ats->iommu->walk_ahead) {
        QTAILQ_REMOVE(&ats->spaces, space, next);
        QTAILQ_INSERT_TAIL(&ats->spaces, space, next);
        if (!space->watch.device) {
            vtd_fs_ahead_kernel(space);
        }
    }
}

static void vtd_witness_tick(void *opaque)
{
    VTDAtsState *ats = opaque;
    VTDWitness *wit = &ats->witness;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    VTDWatch *first = QTAILQ_FIRST(&wit->watched), *w = first;

    RCU_READ_LOCK_GUARD();

    for (unsigned i = 0; w && i < VTD_WITNESS_PER_PERIOD; i++) {
        QTAILQ_REMOVE(&wit->watched, w, next);
        QTAILQ_INSERT_TAIL(&wit->watched, w, next);
        vtd_witness_look(ats, w, now);
        w = QTAILQ_FIRST(&wit->watched);
        if (w == first) {
            break;
        }
    }
    vtd_witness_walk_ahead(ats);
    vtd_prq_look_for_lost(ats, now);
    if (first) {
        timer_mod(wit->timer, now + VTD_WITNESS_PERIOD);
    }
}

static void vtd_witness_begin(VTDAtsState *ats, VTDWatch *w)
{
    VTDWitness *wit = &ats->witness;

    w->reported = false;
    w->differs_since = 0;
    w->read_at = vtd_witness_now(wit);
    QTAILQ_INSERT_TAIL(&wit->watched, w, next);
    if (ats->iommu->witness && !timer_pending(wit->timer)) {
        timer_mod(wit->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                  VTD_WITNESS_PERIOD);
    }
}

/* Watch the copy @ce of the context entry of @sid at @addr. */
void vtd_witness_context(VTDAtsState *ats, VTDWatch *w, uint16_t sid,
                         hwaddr addr, const VTDContextEntry *ce)
{
    *w = (VTDWatch) {
        .kind = VTD_WATCH_CONTEXT, .sid = sid, .addr = addr, .words = 2,
        .value = { ce->val[0], ce->val[1] },
        .same = { UINT64_MAX, UINT64_MAX },
        .page = ce->lo & VTD_PASID_DIR_BASE_ADDR_MASK,
        .size = MAX(VTD_SM_CE_DIR_SIZE(ce), VTD_PAGE_SIZE),
    };
    vtd_witness_begin(ats, w);
}

/* Watch the copy @p of a PASID table entry. */
void vtd_witness_pasid(VTDWatch *w, const VTDPasid *p)
{
    *w = (VTDWatch) {
        .kind = VTD_WATCH_PASID, .sid = p->sid, .pasid = p->pasid,
        .addr = p->addr, .words = VTD_WATCH_WORDS,
        .value = { p->pe.val[0], p->pe.val[1], p->pe.val[2] },
        .same = { UINT64_MAX, UINT64_MAX, UINT64_MAX },
    };
    if ((p->pe.val[0] & VTD_SM_PASID_ENTRY_PGTT) == VTD_SM_PASID_ENTRY_FLT) {
        w->page = p->pe.val[2] & VTD_SM_PASID_ENTRY_FLPTPTR;
        w->size = VTD_PAGE_SIZE;
    }
    vtd_witness_begin(p->ats, w);
}

/*
 * Watch whether @space is still reached by the PASID entry that it was made
 * for; @device: it is what a function was told.
 */
void vtd_witness_space(VTDFsSpace *space, bool device)
{
    const VTDPasid *p = &space->root;

    space->watch = (VTDWatch) {
        .kind = VTD_WATCH_SPACE, .device = device, .sid = p->sid,
        .pasid = p->pasid, .addr = p->addr, .words = VTD_WATCH_WORDS,
        .value = { p->pe.val[0], p->pe.val[1], p->pe.val[2] },
        .same = { VTD_PASID_ENTRY_P | VTD_SM_PASID_ENTRY_PGTT,
                  VTD_DOMAIN_ID_MASK, VTD_SM_PASID_ENTRY_FLPTPTR },
    };
    vtd_witness_begin(space->ats, &space->watch);
}

/* Watch @e, a copy of a paging entry in @space, whose key is set. */
void vtd_witness_entry(VTDFsSpace *space, VTDFsEntry *e)
{
    e->watch = (VTDWatch) {
        .kind = VTD_WATCH_ENTRY, .device = space->watch.device,
        .sid = space->root.sid, .pasid = space->root.pasid,
        .iova = e->key & VTD_PAGE_MASK_4K, .level = e->level,
        .addr = e->addr, .words = 1, .value = { e->pte },
        .same = { VTD_FL_P | VTD_FS_PHYS |
                  (e->level > VTD_PT_LEVEL ? VTD_PT_PAGE_SIZE_MASK : 0) },
        .keep = VTD_FL_US | VTD_FL_RW | (e->leaf ? VTD_FL_D : 0),
        .page = e->hpa,
        .size = e->leaf ? 1ULL << vtd_fs_shift(e->level) : VTD_PAGE_SIZE,
    };
    vtd_witness_begin(space->ats, &e->watch);
}

/* The tags of @space, which holds something, are used for @root as well. */
void vtd_witness_same_root(const VTDFsSpace *space, const VTDPasid *root)
{
    VTDFsSpace *s = (VTDFsSpace *)space;

    if (!vtd_pasid_same_tables(&space->root, root)) {
        vtd_witness_tell(space->ats, &s->watch, "reused-tag", 2,
                         root->pe.val[2]);
    }
}

/* The copy that @w watches is used. */
void vtd_witness_use(VTDAtsState *ats, VTDWatch *w)
{
    vtd_witness_look_for_freed(ats, w);
}

/* The copy that @w watches is about to be dropped. */
void vtd_witness_end(VTDAtsState *ats, VTDWatch *w)
{
    vtd_witness_look_for_freed(ats, w);
    QTAILQ_REMOVE(&ats->witness.watched, w, next);
}

/* Called once, when the IOMMU is realized. */
void vtd_witness_init(VTDAtsState *ats)
{
    VTDWitness *wit = &ats->witness;

    QTAILQ_INIT(&wit->watched);
    wit->log = g_string_new("");
    wit->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, vtd_witness_tick, ats);
    vtd_witness_port_init(ats);
}

/* The machine is reset: its memory says nothing any more of what was freed. */
void vtd_witness_reset(VTDAtsState *ats)
{
    ats->witness.freed = NULL;
    ats->witness.bound = ats->iommu->witness_bound_ms * (int64_t)SCALE_MS;
}
