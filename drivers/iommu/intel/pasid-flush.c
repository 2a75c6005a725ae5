// SPDX-License-Identifier: GPL-2.0
/*
 * Flushes that go with a change of a PASID table entry, in the order that the
 * specification demands (VT-d 6.5.3.3): PASID cache, IOTLB, device TLB.  Each
 * fills itself from the one before it, so each must be clean before the next is
 * flushed.  A fence sees to that in hardware: one submission, one wait.
 *
 * Touches the invalidation queue only.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/pci.h>

#include "pasid-flush.h"

static void add(struct pasid_flush *flush, const struct qi_desc *desc)
{
	flush->descs[flush->count++] = *desc;
}

/* A wait descriptor that tells nobody: what follows waits for it (6.5.2.8). */
static void add_fence(struct pasid_flush *flush)
{
	add(flush, &(struct qi_desc) { .qw0 = QI_IWD_FENCE | QI_IWD_TYPE });
}

static void add_pasid_cache(struct pasid_flush *flush, u16 did, u32 pasid)
{
	add(flush, &(struct qi_desc) {
		.qw0 = QI_PC_PASID(pasid) | QI_PC_DID(did) |
		       QI_PC_GRAN(QI_PC_PASID_SEL) | QI_PC_TYPE,
	});
}

/* What a second stage takes part in is known by domain, all else by PASID. */
static void add_iotlb(struct pasid_flush *flush, struct intel_iommu *iommu,
		      u32 pasid, struct pasid_entry *pe)
{
	u16 did = pasid_get_domain_id(pe);
	struct qi_desc desc = {};

	if (pasid_pte_has_second_stage(pe))
		qi_desc_iotlb(iommu, did, 0, 0, DMA_TLB_DSI_FLUSH, &desc);
	else
		qi_desc_piotlb(did, pasid, 0, -1, false, &desc);
	add(flush, &desc);
}

static void add_device_tlb(struct pasid_flush *flush,
			   const struct device_domain_info *info, u32 pasid)
{
	u16 sid = PCI_DEVID(info->bus, info->devfn);
	struct qi_desc desc = {};

	if (pasid == IOMMU_NO_PASID)
		qi_desc_dev_iotlb(sid, info->pfsid, info->ats_qdep, 0,
				  64 - VTD_PAGE_SHIFT, &desc);
	else
		qi_desc_dev_iotlb_pasid(sid, info->pfsid, pasid,
					info->ats_qdep, 0,
					64 - VTD_PAGE_SHIFT, &desc);
	add(flush, &desc);
	if (info->dtlb_extra_inval)
		add(flush, &desc);
}

/**
 * pasid_flush_make() - what must be flushed of an entry that was present
 * @flush: overwritten
 * @iommu: the IOMMU
 * @info: the device
 * @pasid: the PASID
 * @old: what the entry says, or said when hardware could use it
 *
 * Without the device TLB if that is off, or translation is (4.3).
 */
VISIBLE_IF_KUNIT
void pasid_flush_make(struct pasid_flush *flush, struct intel_iommu *iommu,
		      const struct device_domain_info *info, u32 pasid,
		      struct pasid_entry *old)
{
	flush->count = 0;
	add_pasid_cache(flush, pasid_get_domain_id(old), pasid);
	add_fence(flush);
	add_iotlb(flush, iommu, pasid, old);
	if (!info->ats_enabled || !(iommu->gcmd & DMA_GCMD_TE))
		return;
	add_fence(flush);
	add_device_tlb(flush, info, pasid);
}
EXPORT_SYMBOL_IF_KUNIT(pasid_flush_make);

/**
 * pasid_flush_old() - flush what caches hold of an entry that was present
 * @iommu: the IOMMU
 * @info: the device
 * @pasid: the PASID
 * @old: what the entry says, or said when hardware could use it
 *
 * Context: any.  Spins until all is done.
 */
void pasid_flush_old(struct intel_iommu *iommu,
		     const struct device_domain_info *info, u32 pasid,
		     struct pasid_entry *old)
{
	struct pasid_flush flush;

	KUNIT_STATIC_STUB_REDIRECT(pasid_flush_old, iommu, info, pasid, old);
	pasid_flush_make(&flush, iommu, info, pasid, old);
	qi_submit_sync(iommu, flush.descs, flush.count, 0);
}
EXPORT_SYMBOL_IF_KUNIT(pasid_flush_old);

/**
 * pasid_flush_new() - let hardware see an entry that was not present before
 * @iommu: the IOMMU
 * @pasid: the PASID
 * @new: the entry
 *
 * Hardware remembers that an entry is not present in caching mode only (6.1).
 *
 * Context: any.  Spins until all is done.
 */
void pasid_flush_new(struct intel_iommu *iommu, u32 pasid,
		     struct pasid_entry *new)
{
	struct pasid_flush flush = {};

	KUNIT_STATIC_STUB_REDIRECT(pasid_flush_new, iommu, pasid, new);
	if (!cap_caching_mode(iommu->cap)) {
		iommu_flush_write_buffer(iommu);
		return;
	}
	add_pasid_cache(&flush, pasid_get_domain_id(new), pasid);
	add_fence(&flush);
	add_iotlb(&flush, iommu, pasid, new);
	qi_submit_sync(iommu, flush.descs, flush.count, 0);
}
EXPORT_SYMBOL_IF_KUNIT(pasid_flush_new);
