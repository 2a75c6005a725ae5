// SPDX-License-Identifier: GPL-2.0
/*
 * Context entries of VT-d in scalable mode: what leads from a device to its PASID
 * directory.
 *
 * iommu->lock guards the entries, but for what isolate.c changes in one that is
 * present, which may be at any time: who switches page requests does so
 * atomically.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/pci.h>

#include "iommu.h"
#include "isolate.h"
#include "pasid.h"

/* Entries are not cached when they are not present, but in caching mode (6.1). */
static void sm_context_flush_new(struct intel_iommu *iommu, u16 sid)
{
	if (!cap_caching_mode(iommu->cap)) {
		iommu_flush_write_buffer(iommu);
		return;
	}
	qi_flush_context(iommu, 0, sid, DMA_CCMD_MASK_NOBIT,
			 DMA_CCMD_DEVICE_INVL);
	qi_flush_iotlb(iommu, 0, 0, 0, DMA_TLB_DSI_FLUSH);
}

/* The kernel that crashed has left an entry, which still leads to its tables. */
static void sm_context_drop_copied(struct intel_iommu *iommu,
				   struct context_entry *context,
				   u8 bus, u8 devfn)
{
	lockdep_assert_held(&iommu->lock);

	context_clear_present(context);
	__iommu_flush_cache(iommu, context, sizeof(*context));
	vtd_flush_function(iommu, PCI_DEVID(bus, devfn));
	context_clear_entry(context);
	clear_context_copied(iommu, bus, devfn);
}

static void sm_context_write(struct device_domain_info *info,
			     struct context_entry *context)
{
	struct pasid_table *table = info->pasid_table;
	unsigned int pdes = table->max_pasid >> PASID_PDE_SHIFT;
	u64 lo = virt_to_phys(table->table) |
		 FIELD_PREP(SM_CONTEXT_PDTS, ilog2(pdes) - SM_CONTEXT_PDTS_MIN);

	if (info->ats_supported)
		lo |= SM_CONTEXT_DTE;
	if (info->pasid_supported)
		lo |= SM_CONTEXT_PASIDE;

	WRITE_ONCE(context->hi, FIELD_PREP(SM_CONTEXT_RID_PASID, IOMMU_NO_PASID));
	WRITE_ONCE(context->lo, lo);
	context_set_present(context);
	__iommu_flush_cache(info->iommu, context, sizeof(*context));
}

static int sm_context_setup_one(struct pci_dev *pdev, u16 alias, void *data)
{
	struct device_domain_info *info = data;
	struct intel_iommu *iommu = info->iommu;
	u8 bus = PCI_BUS_NUM(alias), devfn = alias & 0xff;
	struct context_entry *context;
	int ret = 0;

	spin_lock(&iommu->lock);
	context = iommu_context_addr(iommu, bus, devfn, true);
	if (!context) {
		ret = -ENOMEM;
		goto out;
	}
	if (context_copied(iommu, bus, devfn))
		sm_context_drop_copied(iommu, context, bus, devfn);
	/* An alias may be shared with a device that was first. */
	if (context_present(context))
		goto out;

	sm_context_write(info, context);
	sm_context_flush_new(iommu, alias);
out:
	spin_unlock(&iommu->lock);
	return ret;
}

/**
 * intel_pasid_setup_sm_context() - lead a device to its PASID directory
 * @dev: the device, with a directory
 *
 * Page requests are off.
 *
 * Context: any that may take iommu->lock.
 * Return: 0 or -ENOMEM.
 */
int intel_pasid_setup_sm_context(struct device *dev)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);

	if (!dev_is_pci(dev))
		return sm_context_setup_one(NULL,
					    PCI_DEVID(info->bus, info->devfn),
					    info);
	return pci_for_each_dma_alias(to_pci_dev(dev), sm_context_setup_one,
				      info);
}

static int sm_context_teardown_one(struct pci_dev *pdev, u16 alias, void *data)
{
	struct device_domain_info *info = data;
	struct intel_iommu *iommu = info->iommu;
	struct context_entry *context;

	spin_lock(&iommu->lock);
	context = iommu_context_addr(iommu, PCI_BUS_NUM(alias), alias & 0xff,
				     false);
	if (context) {
		context_clear_present(context);
		__iommu_flush_cache(iommu, context, sizeof(*context));
	}
	spin_unlock(&iommu->lock);
	if (!context)
		return 0;

	vtd_flush_function(iommu, alias);

	spin_lock(&iommu->lock);
	context_clear_entry(context);
	__iommu_flush_cache(iommu, context, sizeof(*context));
	spin_unlock(&iommu->lock);
	return 0;
}

/**
 * intel_pasid_teardown_sm_context() - let a device reach nothing any more
 * @dev: the device, that no PASID is attached to, with ATS off
 *
 * Context: any that may take iommu->lock.
 */
void intel_pasid_teardown_sm_context(struct device *dev)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);

	if (!dev_is_pci(dev))
		sm_context_teardown_one(NULL, PCI_DEVID(info->bus, info->devfn),
					info);
	else
		pci_for_each_dma_alias(to_pci_dev(dev), sm_context_teardown_one,
				       info);
}

/**
 * intel_context_flush_no_pasid() - flush a context entry that was present
 * @info: the device
 * @context: the entry, changed
 * @did: its domain ID; without a meaning in scalable mode
 * @sid: source ID that the entry is for
 *
 * In scalable mode only what the entry itself says must have changed, not where
 * it leads to: entries of PASIDs stay as they are in the caches (6.5.3.3).
 *
 * Context: any.
 */
void intel_context_flush_no_pasid(struct device_domain_info *info,
				  struct context_entry *context,
				  u16 did, u16 sid)
{
	struct intel_iommu *iommu = info->iommu;

	iommu->flush.flush_context(iommu, did, sid, DMA_CCMD_MASK_NOBIT,
				   DMA_CCMD_DEVICE_INVL);
	if (!sm_supported(iommu))
		iommu->flush.flush_iotlb(iommu, did, 0, 0, DMA_TLB_DSI_FLUSH);
	if (info->ats_enabled)
		qi_flush_dev_iotlb(iommu, PCI_DEVID(info->bus, info->devfn),
				   info->pfsid, info->ats_qdep, 0,
				   MAX_AGAW_PFN_WIDTH);
}
