/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel DSA: memory accesses of descriptors, and the address translation
 * cache (3.13, table 9-2).
 *
 * The cache forgets nothing until it is told to.  An entry that a read filled
 * does not serve writes: the IOMMU has not set the dirty bit for it.  One
 * access is over when its function returns, so an invalidation never finds
 * one under way and can be answered at once.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci.h"
#include "exec/address-spaces.h"
#include "dsa.h"

/* Sizes of pages, which are those of cache entries */
static const uint8_t dsa_atc_shifts[] = { DSA_PAGE_SHIFT, 21, 30 };

typedef struct DSAAtcEntry {
    uint64_t iova;      /* the first three are the key */
    uint32_t pasid;
    uint32_t shift;
    hwaddr hpa;
    bool write;
} DSAAtcEntry;

/* Where an access goes: the translation of the part up to @len */
typedef struct DSATarget {
    AddressSpace *as;   /* NULL: writes to it are lost */
    hwaddr addr;
    uint64_t len;
} DSATarget;

static guint dsa_atc_hash(gconstpointer key)
{
    const DSAAtcEntry *e = key;
    uint64_t h = (e->iova >> DSA_PAGE_SHIFT) ^ ((uint64_t)e->pasid << 36) ^
                 e->shift;

    h *= 0x9e3779b97f4a7c15ull;
    return h >> 32;
}

static gboolean dsa_atc_equal(gconstpointer a, gconstpointer b)
{
    const DSAAtcEntry *x = a, *y = b;

    return x->iova == y->iova && x->pasid == y->pasid && x->shift == y->shift;
}

static DSAAtcEntry *dsa_atc_find(DSADevice *dev, uint32_t pasid, uint64_t va,
                                 unsigned shift)
{
    DSAAtcEntry key = {
        .iova = va & -(1ull << shift), .pasid = pasid, .shift = shift,
    };

    return g_hash_table_lookup(dev->atc, &key);
}

static DSAAtcEntry *dsa_atc_lookup(DSADevice *dev, uint32_t pasid,
                                   uint64_t va, bool write)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(dsa_atc_shifts); i++) {
        DSAAtcEntry *e = dsa_atc_find(dev, pasid, va, dsa_atc_shifts[i]);

        if (e && (e->write || !write)) {
            return e;
        }
    }
    return NULL;
}

static DSAAtcEntry *dsa_atc_insert(DSADevice *dev, const VTDAtsRequest *req,
                                   const VTDAtsTranslation *tr)
{
    DSAAtcEntry *e = g_new0(DSAAtcEntry, 1);
    unsigned i;

    /* An odd size is kept as the next smaller page. */
    for (i = 0; i < ARRAY_SIZE(dsa_atc_shifts); i++) {
        if (tr->size >> dsa_atc_shifts[i]) {
            e->shift = dsa_atc_shifts[i];
        }
    }
    e->iova = req->iova & -(1ull << e->shift);
    e->pasid = req->pasid;
    e->hpa = tr->hpa + (e->iova - tr->iova);
    e->write = req->write;
    g_hash_table_replace(dev->atc, e, e);
    return e;
}

static DSAMemResult dsa_mem_fault(DSATask *t, uint64_t va, bool write,
                                  uint8_t status)
{
    t->fault_va = va;
    t->fault_write = write;
    t->fault_status = status;
    return status == DSA_ST_PAGE_FAULT ? DSA_MEM_FAULT : DSA_MEM_ERROR;
}

static VTDAtsRequest dsa_ats_request(const DSATask *t, uint64_t va, bool write)
{
    return (VTDAtsRequest) {
        .pasid = t->pasid == DSA_NO_PASID ? VTD_NO_PASID : t->pasid,
        .iova = va & -DSA_PAGE_SIZE,
        .write = write,
        .priv = t->priv,
    };
}

/* The IOMMU blocks the access.  Nobody tells the device of a posted write. */
static DSAMemResult dsa_blocked(DSATask *t, uint64_t va, bool write,
                                DSATarget *out)
{
    out->as = NULL;
    out->len = DSA_PAGE_SIZE - va % DSA_PAGE_SIZE;
    return write ? DSA_MEM_OK : dsa_mem_fault(t, va, write, DSA_ST_HW_ERROR);
}

/* Ask for @req's kind of access: one that is denied is as good as no page. */
static VTDAtsStatus dsa_ats_ask(DSADevice *dev, const VTDAtsRequest *req,
                                VTDAtsTranslation *tr)
{
    VTDAtsStatus status = vtd_ats_translate(&dev->parent_obj, req, tr);

    if (status == VTD_ATS_OK && (req->write ? !tr->write : !tr->read)) {
        status = VTD_ATS_NOT_PRESENT;
    }
    return status;
}

bool dsa_mem_missing(DSATask *t, uint64_t va)
{
    VTDAtsRequest req = dsa_ats_request(t, va, t->fault_write);
    VTDAtsTranslation tr;

    return !dsa_atc_lookup(t->dev, req.pasid, va, req.write) &&
           dsa_ats_ask(t->dev, &req, &tr) == VTD_ATS_NOT_PRESENT;
}

static DSAMemResult dsa_translate_ats(DSATask *t, uint64_t va, bool write,
                                      DSATarget *out)
{
    DSADevice *dev = t->dev;
    VTDAtsRequest req = dsa_ats_request(t, va, write);
    DSAAtcEntry *e = dsa_atc_lookup(dev, req.pasid, va, write);
    VTDAtsTranslation tr;

    if (e && !vtd_ats_translated_ok(&dev->parent_obj, &req)) {
        return dsa_blocked(t, va, write, out);
    }
    if (!e) {
        switch (dsa_ats_ask(dev, &req, &tr)) {
        case VTD_ATS_OK:
            break;
        case VTD_ATS_NOT_PRESENT:
            return dsa_mem_fault(t, va, write, DSA_ST_PAGE_FAULT);
        default:
            return dsa_mem_fault(t, va, write, DSA_ST_TRANSLATION_FAIL);
        }
        e = dsa_atc_insert(dev, &req, &tr);
    }
    out->as = &address_space_memory;
    out->addr = e->hpa + (va - e->iova);
    out->len = (1ull << e->shift) - (va - e->iova);
    return DSA_MEM_OK;
}

/* Without ATS nobody tells the device of a fault on a posted write (3.13.1) */
static DSAMemResult dsa_translate_untranslated(DSATask *t, uint64_t va,
                                               bool write, DSATarget *out)
{
    VTDAtsRequest req = dsa_ats_request(t, va, write);
    VTDAtsTranslation tr;

    if (vtd_pasid_translate(&t->dev->parent_obj, &req, &tr) != VTD_ATS_OK) {
        return dsa_blocked(t, va, write, out);
    }
    out->as = &address_space_memory;
    out->addr = tr.hpa + (va - tr.iova);
    out->len = DSA_PAGE_SIZE - va % DSA_PAGE_SIZE;
    return DSA_MEM_OK;
}

static DSAMemResult dsa_translate(DSATask *t, uint64_t va, bool write,
                                  DSATarget *out)
{
    if (dsa_ats_on(t->dev) && !dsa_wq_ats_off(t->wq)) {
        return dsa_translate_ats(t, va, write, out);
    }
    if (t->pasid != DSA_NO_PASID) {
        return dsa_translate_untranslated(t, va, write, out);
    }
    out->as = pci_get_address_space(&t->dev->parent_obj);
    out->addr = va;
    out->len = DSA_PAGE_SIZE - va % DSA_PAGE_SIZE;
    return DSA_MEM_OK;
}

static MemTxAttrs dsa_mem_attrs(DSATask *t)
{
    return (MemTxAttrs) {
        .requester_id = pci_requester_id(&t->dev->parent_obj),
    };
}

static DSAMemResult dsa_mem_access(DSATask *t, uint64_t va, void *buf,
                                   size_t len, bool write, size_t *done)
{
    DSATarget to;

    for (*done = 0; *done < len; *done += to.len) {
        DSAMemResult ret = dsa_translate(t, va + *done, write, &to);

        if (ret != DSA_MEM_OK) {
            return ret;
        }
        to.len = MIN(to.len, len - *done);
        if (to.as && address_space_rw(to.as, to.addr, dsa_mem_attrs(t),
                                      (uint8_t *)buf + *done, to.len,
                                      write) != MEMTX_OK) {
            return dsa_mem_fault(t, va + *done, write, write ?
                                 DSA_ST_HW_ERROR_READBACK : DSA_ST_HW_ERROR);
        }
    }
    return DSA_MEM_OK;
}

DSAMemResult dsa_mem_read(DSATask *t, uint64_t va, void *buf, size_t len,
                          size_t *done)
{
    return dsa_mem_access(t, va, buf, len, false, done);
}

DSAMemResult dsa_mem_write(DSATask *t, uint64_t va, const void *buf,
                           size_t len, size_t *done)
{
    return dsa_mem_access(t, va, (void *)buf, len, true, done);
}

DSAMemResult dsa_mem_probe_write(DSATask *t, uint64_t va)
{
    DSATarget to;

    return dsa_translate(t, va, true, &to);
}

DSAMemResult dsa_mem_write_record(DSATask *t, uint64_t va,
                                  const uint8_t rec[DSA_CR_SIZE])
{
    MemTxAttrs attrs = dsa_mem_attrs(t);
    MemTxResult res;
    DSATarget to;
    DSAMemResult ret = dsa_translate(t, va, true, &to);

    if (ret != DSA_MEM_OK || !to.as) {
        return ret;
    }
    res = address_space_write(to.as, to.addr + 8, attrs, rec + 8,
                              DSA_CR_SIZE - 8);
    if (res == MEMTX_OK) {
        smp_wmb();  /* who sees the status sees the rest of the record */
        address_space_stq_le(to.as, to.addr, ldq_le_p(rec), attrs, &res);
    }
    return res == MEMTX_OK ? DSA_MEM_OK :
           dsa_mem_fault(t, va, true, DSA_ST_HW_ERROR_READBACK);
}

void dsa_atc_flush(DSADevice *dev)
{
    g_hash_table_remove_all(dev->atc);
    vtd_ats_tlb_dropped(&dev->parent_obj);
}

static gboolean dsa_atc_covered(gpointer key, gpointer value, gpointer opaque)
{
    const DSAAtcEntry *e = value;
    const VTDAtsInvalidation *inv = opaque;

    return (inv->all_pasids || inv->pasid == e->pasid) &&
           (inv->size == UINT64_MAX ||
            e->iova - inv->iova < inv->size ||
            inv->iova - e->iova < 1ull << e->shift);
}

/* Few pages of one PASID: look for them instead of looking at all entries. */
static void dsa_atc_drop_pages(DSADevice *dev, const VTDAtsInvalidation *inv)
{
    uint64_t off;
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(dsa_atc_shifts); i++) {
        uint64_t page = 1ull << dsa_atc_shifts[i];

        for (off = 0; off < inv->size; off += page) {
            DSAAtcEntry *e = dsa_atc_find(dev, inv->pasid, inv->iova + off,
                                          dsa_atc_shifts[i]);

            if (e) {
                g_hash_table_remove(dev->atc, e);
            }
        }
    }
}

void dsa_atc_invalidate(void *opaque, const VTDAtsInvalidation *inv)
{
    DSADevice *dev = opaque;

    if (dsa_inject_mute_invalidations(dev)) {
        return;
    }
    if (!inv->all_pasids &&
        inv->size / DSA_PAGE_SIZE < g_hash_table_size(dev->atc)) {
        dsa_atc_drop_pages(dev, inv);
    } else {
        g_hash_table_foreach_remove(dev->atc, dsa_atc_covered, (void *)inv);
    }
    vtd_ats_invalidation_done(&dev->parent_obj, inv->tag);
}

void dsa_mem_init(DSADevice *dev)
{
    dev->atc = g_hash_table_new_full(dsa_atc_hash, dsa_atc_equal, NULL,
                                     g_free);
}
