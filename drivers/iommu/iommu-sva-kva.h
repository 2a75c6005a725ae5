/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What iommu-sva.c asks iommu-sva-kva.c for: whether a device's IOMMU may walk the
 * kernel's page tables, and to have it flushed while it does.
 */
#ifndef _DRIVERS_IOMMU_IOMMU_SVA_KVA_H
#define _DRIVERS_IOMMU_IOMMU_SVA_KVA_H

#include <linux/types.h>

struct device;

#ifdef CONFIG_IOMMU_SVA_KVA
bool iommu_sva_kva_supported(struct device *dev);
void iommu_sva_kva_get(struct device *dev);
void iommu_sva_kva_put(struct device *dev);
#else
static inline bool iommu_sva_kva_supported(struct device *dev)
{
	return true;
}

static inline void iommu_sva_kva_get(struct device *dev)
{
}

static inline void iommu_sva_kva_put(struct device *dev)
{
}
#endif

#endif
