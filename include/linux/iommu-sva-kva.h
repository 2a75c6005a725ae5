/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IOMMUs that walk the kernel's half of a process's page tables: what mm has to
 * know of them.
 */
#ifndef _LINUX_IOMMU_SVA_KVA_H
#define _LINUX_IOMMU_SVA_KVA_H

#include <linux/jump_label_ratelimit.h>

#ifdef CONFIG_IOMMU_SVA_KVA
extern struct static_key_false_deferred iommu_sva_kva_used;

/**
 * iommu_sva_kva_in_use() - may an IOMMU hold pointers to kernel page tables?
 *
 * A caller that has cleared such a pointer has a full barrier before this.  Any
 * context.
 */
static inline bool iommu_sva_kva_in_use(void)
{
	return static_branch_unlikely(&iommu_sva_kva_used.key);
}

void iommu_sva_kva_flush(void);
#else
static inline bool iommu_sva_kva_in_use(void)
{
	return false;
}

static inline void iommu_sva_kva_flush(void)
{
}
#endif

#endif /* _LINUX_IOMMU_SVA_KVA_H */
