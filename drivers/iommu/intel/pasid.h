/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PASID tables of VT-d in scalable mode: what the rest of the driver calls.
 */
#ifndef __INTEL_PASID_H
#define __INTEL_PASID_H

#include "pasid-entry.h"

struct context_entry;
struct device;
struct device_domain_info;
struct dmar_domain;
struct intel_iommu;

/*
 * Domain ID of all pass-through entries, and of all that share a process's page
 * tables: one invalidation reaches them all.  It differs from that of any second
 * stage, as it must (6.2.3.1).  Domain ID 0 is the hardware's, for what is not
 * present.
 */
#define FLPT_DEFAULT_DID		1
#define NUM_RESERVED_DID		2

/* For intel_pasid_setup_first_level(). */
#define PASID_FLAG_FL5LP		BIT(1)	/* five levels, else four */
#define PASID_FLAG_PAGE_SNOOP		BIT(2)	/* all accesses snoop */

/**
 * struct pasid_table - a device's PASID directory
 * @table: the directory, an array of struct pasid_dir_entry
 * @order: of its pages
 * @max_pasid: PASIDs that it has room for; a power of two
 */
struct pasid_table {
	void *table;
	int order;
	u32 max_pasid;
};

/* PASIDs that every IOMMU of the machine supports. */
extern unsigned int intel_pasid_max_id;

/* pasid.c */
int intel_pasid_alloc_table(struct device *dev);
void intel_pasid_free_table(struct device *dev);
struct pasid_table *intel_pasid_get_table(struct device *dev);
int intel_pasid_setup_first_level(struct intel_iommu *iommu,
				  struct device *dev, pgd_t *pgd,
				  u32 pasid, u16 did, int flags);
int intel_pasid_setup_second_level(struct intel_iommu *iommu,
				   struct dmar_domain *domain,
				   struct device *dev, u32 pasid);
int intel_pasid_setup_dirty_tracking(struct intel_iommu *iommu,
				     struct device *dev, u32 pasid,
				     bool enabled);
int intel_pasid_setup_pass_through(struct intel_iommu *iommu,
				   struct device *dev, u32 pasid);
int intel_pasid_setup_nested(struct intel_iommu *iommu, struct device *dev,
			     u32 pasid, struct dmar_domain *domain);
void intel_pasid_tear_down_entry(struct intel_iommu *iommu,
				 struct device *dev, u32 pasid,
				 bool fault_ignore);
void intel_pasid_setup_page_snoop_control(struct intel_iommu *iommu,
					  struct device *dev, u32 pasid);

/* pasid-context.c */
int intel_pasid_setup_sm_context(struct device *dev);
void intel_pasid_teardown_sm_context(struct device *dev);

#endif
