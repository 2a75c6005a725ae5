/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flushes that go with a change of a PASID table entry.
 */
#ifndef _INTEL_PASID_FLUSH_H
#define _INTEL_PASID_FLUSH_H

#include "iommu.h"
#include "pasid.h"

/* The caches of a PASID, its device TLB twice, and two fences. */
#define PASID_FLUSH_MAX		6

/**
 * struct pasid_flush - invalidations for one submission, in order
 * @descs: descriptors
 * @count: how many
 */
struct pasid_flush {
	struct qi_desc descs[PASID_FLUSH_MAX];
	unsigned int count;
};

void pasid_flush_make(struct pasid_flush *flush, struct intel_iommu *iommu,
		      const struct device_domain_info *info, u32 pasid,
		      struct pasid_entry *old);
void pasid_flush_old(struct intel_iommu *iommu,
		     const struct device_domain_info *info, u32 pasid,
		     struct pasid_entry *old);
void pasid_flush_new(struct intel_iommu *iommu, u32 pasid,
		     struct pasid_entry *new);

#endif
