// SPDX-License-Identifier: GPL-2.0
/*
 * VT-d: forgetting kernel page tables.
 *
 * A first-stage table is a process's and holds the kernel's entries in its upper
 * half.  The IOMMU may walk them at any time and cache pointers to the tables below
 * them, tagged with the process's PASID and with the domain ID that all first-stage
 * entries share.
 */
#include "iommu.h"

/**
 * intel_iommu_flush_kva() - operation flush_kva of struct iommu_ops
 * @iommu_dev: the IOMMU, with invalidation queue: SVA needs scalable mode
 *
 * One invalidation for all processes, instead of one for each PASID (PASID-based
 * IOTLB invalidation, VT-d specification 6.5.2.4, knows one PASID at a time).  Of
 * the granularities of the IOTLB invalidation (6.5.2.3) it is the global one: what
 * software has to do when it replaces the root table or a context entry in scalable
 * mode (6.5.3.3) relies on it to leave nothing of any first-stage table, in the
 * IOTLB as well as in the paging-structure caches.  The domain-selective one would
 * spare DMA that has nothing to do with SVA, but that it covers first-stage
 * paging-structure caches of all the domain ID's PASIDs is not as plain.
 *
 * Device TLBs need nothing: no process's PASID entry has SRE set, so a device has no
 * supervisor rights and is given no translation of a kernel address; and pointers
 * to tables it is never given.
 *
 * The wait for completion is with interrupts off.
 */
void intel_iommu_flush_kva(struct iommu_device *iommu_dev)
{
	struct intel_iommu *iommu = container_of(iommu_dev, struct intel_iommu,
						 iommu);

	iommu->flush.flush_iotlb(iommu, 0, 0, 0, DMA_TLB_GLOBAL_FLUSH);
}
