/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulated VT-d: I/O ports by which a test kernel tells the witness which
 * pages it frees, and reads what the witness has to say; and the same log for
 * QMP.  No real machine has this.
 *
 *   port   size  read                     write
 *   0x5a0  4     VTD_WITNESS_MAGIC        how long a copy may differ from
 *                                         memory, in ms (0: the default)
 *   0x5a4  4                              page frame of the table of frees
 *   0x5a8  4     what may be reported     pages that the table is for; 0: there
 *                once the bound is over   is no table
 *   0x5ac  1     next byte of the log,
 *                0: end of it
 *
 * The table is in the guest's memory: a count of all frees, then, for each
 * page from 0 on, what that count was when the page was last freed; all are
 * 32 bits wide and wrap.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "qapi/visitor.h"
#include "vtd_ats_internal.h"

#define VTD_WITNESS_PORT        0x5a0
#define VTD_WITNESS_PORTS       16
#define VTD_WITNESS_MAGIC       0x54495756      /* "VWIT" */

enum {
    VTD_WITNESS_ID      = 0x0,
    VTD_WITNESS_TABLE   = 0x4,
    VTD_WITNESS_PAGES   = 0x8,
    VTD_WITNESS_LOG     = 0xc,
};

static char vtd_witness_next_char(VTDWitness *wit)
{
    if (wit->log_read < wit->log->len) {
        return wit->log->str[wit->log_read++];
    }
    g_string_truncate(wit->log, 0);
    wit->log_read = 0;
    wit->log_lines = 0;
    return 0;
}

static uint64_t vtd_witness_port_read(void *opaque, hwaddr port, unsigned size)
{
    VTDAtsState *ats = opaque;

    switch (port) {
    case VTD_WITNESS_ID:
        return VTD_WITNESS_MAGIC;
    case VTD_WITNESS_PAGES:
        return vtd_witness_unsettled(ats);
    case VTD_WITNESS_LOG:
        return vtd_witness_next_char(&ats->witness);
    default:
        return 0;
    }
}

/* Find the table of frees for @pages pages; it must be RAM, and in one piece */
static void vtd_witness_set_table(VTDWitness *wit, uint32_t pages)
{
    hwaddr size = ((hwaddr)pages + 1) * sizeof(uint32_t), len = size, offset;
    MemoryRegion *mr;

    wit->freed = NULL;
    if (!pages) {
        return;
    }
    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(&address_space_memory, wit->freed_addr,
                                 &offset, &len, false, MEMTXATTRS_UNSPECIFIED);
    if (memory_region_is_ram(mr) && len == size) {
        wit->freed = (uint32_t *)((char *)memory_region_get_ram_ptr(mr) +
                                  offset);
        wit->freed_pages = pages;
    }
}

static void vtd_witness_port_write(void *opaque, hwaddr port, uint64_t val,
                                   unsigned size)
{
    VTDAtsState *ats = opaque;

    switch (port) {
    case VTD_WITNESS_ID:
        ats->witness.bound = (val ? val : ats->iommu->witness_bound_ms) *
                             SCALE_MS;
        break;
    case VTD_WITNESS_TABLE:
        ats->witness.freed_addr = val << VTD_PAGE_SHIFT;
        break;
    case VTD_WITNESS_PAGES:
        vtd_witness_set_table(&ats->witness, val);
        break;
    }
}

static const MemoryRegionOps vtd_witness_port_ops = {
    .read = vtd_witness_port_read,
    .write = vtd_witness_port_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};

static char *vtd_witness_get_log(Object *obj, Error **errp)
{
    return g_strdup(INTEL_IOMMU_DEVICE(obj)->ats->witness.log->str);
}

/*
 * Called once, when the IOMMU is realized.  The QOM properties are what the
 * guest has not read yet of the log, and the number of all reports.
 */
void vtd_witness_port_init(VTDAtsState *ats)
{
    VTDWitness *wit = &ats->witness;
    Object *obj = OBJECT(ats->iommu);

    object_property_add_str(obj, "x-witness-log", vtd_witness_get_log, NULL);
    object_property_add_uint32_ptr(obj, "x-witness-reports", &wit->reports,
                                   OBJ_PROP_FLAG_READ);
    if (ats->iommu->witness) {
        memory_region_init_io(&wit->ports, obj, &vtd_witness_port_ops, ats,
                              "vtd-witness", VTD_WITNESS_PORTS);
        memory_region_add_subregion(get_system_io(), VTD_WITNESS_PORT,
                                    &wit->ports);
    }
}
