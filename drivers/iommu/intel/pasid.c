// SPDX-License-Identifier: GPL-2.0
/*
 * PASID tables of VT-d in scalable mode: each device has a directory of its own,
 * and a table for each 64 PASIDs that it was ever attached by.
 *
 * This file may touch the tables and what pasid-flush.c flushes.  Where a field
 * of an entry is, pasid-entry.h knows.
 *
 * iommu->lock guards the entries: who has it may change one from present to not
 * present or back.  The IOMMU core serialises attach and detach of a PASID on a
 * device, so an entry that is being torn down is not set up at the same time.
 * An entry is the hardware's while it is present and until its flush is over.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <kunit/visibility.h>
#include <linux/pci.h>
#include <linux/pci-ats.h>

#include "../iommu-pages.h"
#include "iommu.h"
#include "pasid-flush.h"
#include "pasid.h"

unsigned int intel_pasid_max_id = PASID_MAX;

/*
 * Directory and tables.
 */

static u32 pasid_count(struct device_domain_info *info)
{
	int max = 0;

	if (info->pasid_supported)
		max = pci_max_pasids(to_pci_dev(info->dev));
	max = min_t(u32, max > 0 ? max : 1, intel_pasid_max_id);
	/* A directory has at least 2^7 entries. */
	return max_t(u32, roundup_pow_of_two(max),
		     PASID_TBL_ENTRIES << SM_CONTEXT_PDTS_MIN);
}

static struct pasid_dir_entry *pasid_pde(struct pasid_table *table, u32 pasid)
{
	struct pasid_dir_entry *dir = table->table;

	return &dir[pasid >> PASID_PDE_SHIFT];
}

/* Any context: who is second to add a table frees his own. */
static int pasid_add_table(struct device_domain_info *info,
			   struct pasid_dir_entry *pde, gfp_t gfp)
{
	struct intel_iommu *iommu = info->iommu;
	struct pasid_entry *entries;

	entries = iommu_alloc_page_node(iommu->node, gfp);
	if (!entries)
		return -ENOMEM;
	__iommu_flush_cache(iommu, entries, VTD_PAGE_SIZE);

	if (cmpxchg64(&pde->val, 0, virt_to_phys(entries) | PASID_DIR_P))
		iommu_free_page(entries);
	else
		__iommu_flush_cache(iommu, pde, sizeof(*pde));
	return 0;
}

/**
 * intel_pasid_alloc_table() - make a device's PASID directory
 * @dev: the device, being probed
 *
 * With the table of the PASID that stands for requests without one, so that
 * attaching the device as a whole allocates nothing.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int intel_pasid_alloc_table(struct device *dev)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct pasid_table *table;
	size_t size;

	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;

	table->max_pasid = pasid_count(info);
	size = (table->max_pasid >> PASID_PDE_SHIFT) *
	       sizeof(struct pasid_dir_entry);
	table->order = get_order(size);
	table->table = iommu_alloc_pages_node(info->iommu->node, GFP_KERNEL,
					      table->order);
	if (!table->table)
		goto err_free;
	__iommu_flush_cache(info->iommu, table->table, size);
	if (pasid_add_table(info, pasid_pde(table, IOMMU_NO_PASID), GFP_KERNEL))
		goto err_free;

	info->pasid_table = table;
	return 0;

err_free:
	iommu_free_pages(table->table, table->order);
	kfree(table);
	return -ENOMEM;
}

/**
 * intel_pasid_free_table() - free directory and tables
 * @dev: the device; its context entry is gone
 */
void intel_pasid_free_table(struct device *dev)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct pasid_table *table = info->pasid_table;
	u32 pasid;

	if (!table)
		return;
	info->pasid_table = NULL;

	for (pasid = 0; pasid < table->max_pasid; pasid += PASID_TBL_ENTRIES)
		iommu_free_page(get_pasid_table_from_pde(pasid_pde(table, pasid)));
	iommu_free_pages(table->table, table->order);
	kfree(table);
}

/**
 * intel_pasid_get_table() - find a device's PASID directory
 * @dev: the device
 *
 * Context: any.
 * Return: the directory, or NULL if it has none.
 */
struct pasid_table *intel_pasid_get_table(struct device *dev)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);

	return info ? info->pasid_table : NULL;
}

/* The entry of @pasid, or NULL if there is no table for it. */
static struct pasid_entry *pasid_find(struct device_domain_info *info,
				      u32 pasid)
{
	struct pasid_table *table = info->pasid_table;
	struct pasid_entry *entries;

	if (!table || pasid >= table->max_pasid)
		return NULL;
	entries = get_pasid_table_from_pde(pasid_pde(table, pasid));
	return entries ? &entries[pasid & PASID_PTE_MASK] : NULL;
}

/* The entry of @pasid, made if need be, which sleeps; or an ERR_PTR(). */
static struct pasid_entry *pasid_get(struct device_domain_info *info, u32 pasid)
{
	struct pasid_table *table = info->pasid_table;
	struct pasid_entry *pe = pasid_find(info, pasid);
	int ret;

	if (pe)
		return pe;
	if (!table || pasid >= table->max_pasid)
		return ERR_PTR(-EINVAL);
	ret = pasid_add_table(info, pasid_pde(table, pasid), GFP_KERNEL);
	return ret ? ERR_PTR(ret) : pasid_find(info, pasid);
}

/*
 * One entry.
 */

/* Hardware may read it whenever: Present comes last. */
static void pasid_write(struct intel_iommu *iommu, struct pasid_entry *pe,
			const struct pasid_entry *new)
{
	unsigned int i;

	lockdep_assert_held(&iommu->lock);
	for (i = 1; i < ARRAY_SIZE(pe->val); i++)
		WRITE_ONCE(pe->val[i], new->val[i]);
	dma_wmb();
	WRITE_ONCE(pe->val[0], new->val[0]);
	__iommu_flush_cache(iommu, pe, sizeof(*pe));
}

/* Only Present changes, and what @flags says; the rest is read until flushed. */
static void pasid_clear_present(struct intel_iommu *iommu,
				struct pasid_entry *pe, u64 flags)
{
	lockdep_assert_held(&iommu->lock);
	WRITE_ONCE(pe->val[0], (pe->val[0] & ~PASID0_P) | flags);
	__iommu_flush_cache(iommu, pe, sizeof(*pe));
}

/*
 * The kernel's half of a process's tables is out of a device's reach, and need
 * not be flushed from its TLB, as long as supervisor requests are refused.
 */
static bool pasid_safe(const struct pasid_entry *new)
{
	return FIELD_GET(PASID0_PGTT, new->val[0]) != PASID_ENTRY_PGTT_FL_ONLY ||
	       !(new->val[2] & PASID2_SRE);
}

static int pasid_install(struct intel_iommu *iommu, struct device *dev,
			 u32 pasid, struct pasid_entry *new)
{
	struct pasid_entry *pe = pasid_get(dev_iommu_priv_get(dev), pasid);
	bool busy;

	if (IS_ERR(pe))
		return PTR_ERR(pe);
	if (WARN_ON_ONCE(!pasid_safe(new)))
		return -EINVAL;

	spin_lock(&iommu->lock);
	busy = pasid_pte_is_present(pe);
	if (!busy)
		pasid_write(iommu, pe, new);
	spin_unlock(&iommu->lock);
	if (busy)
		return -EBUSY;

	pasid_flush_new(iommu, pasid, new);
	return 0;
}

static u64 pasid_walk_snoop(struct intel_iommu *iommu)
{
	return ecap_smpwc(iommu->ecap) ? PASID1_PWSNP : 0;
}

static int pasid_refuse(struct device *dev, const char *why)
{
	dev_err_ratelimited(dev, "IOMMU: %s\n", why);
	return -EINVAL;
}

/**
 * intel_pasid_setup_first_level() - let a PASID be translated by a first stage
 * @iommu: the device's IOMMU
 * @dev: the device
 * @pgd: the root
 * @pasid: the PASID, with no entry present
 * @did: domain ID; FLPT_DEFAULT_DID for the tables of a process
 * @flags: PASID_FLAG_FL5LP, PASID_FLAG_PAGE_SNOOP
 *
 * Context: may sleep, unless @pasid is IOMMU_NO_PASID.
 * Return: 0; -EINVAL: the IOMMU can't; -EBUSY: there is an entry; -ENOMEM.
 */
int intel_pasid_setup_first_level(struct intel_iommu *iommu,
				  struct device *dev, pgd_t *pgd,
				  u32 pasid, u16 did, int flags)
{
	struct pasid_first_stage fs = {
		.ptr = __pa(pgd),
		.five_level = flags & PASID_FLAG_FL5LP,
	};
	struct pasid_entry new;

	if (!ecap_flts(iommu->ecap))
		return pasid_refuse(dev, "no first-stage translation");
	if (fs.five_level && !cap_fl5lp_support(iommu->cap))
		return pasid_refuse(dev, "no 5-level paging in the first stage");

	pasid_make_first_stage(&new, did, &fs);
	new.val[1] |= pasid_walk_snoop(iommu);
	if (flags & PASID_FLAG_PAGE_SNOOP)
		new.val[1] |= PASID1_PGSNP;
	return pasid_install(iommu, dev, pasid, &new);
}
EXPORT_SYMBOL_IF_KUNIT(intel_pasid_setup_first_level);

static struct pasid_second_stage pasid_second_stage_of(struct dmar_domain *domain)
{
	return (struct pasid_second_stage) {
		.ptr = virt_to_phys(domain->pgd),
		.agaw = domain->agaw,
		.dirty = domain->dirty_tracking,
	};
}

/**
 * intel_pasid_setup_second_level() - let a PASID be translated by a second stage
 * @iommu: the device's IOMMU
 * @domain: the domain, attached to @iommu, with no more levels than that has
 * @dev: the device
 * @pasid: the PASID, with no entry present
 *
 * Context: may sleep, unless @pasid is IOMMU_NO_PASID.
 * Return: 0; -EINVAL: the IOMMU can't; -EBUSY: there is an entry; -ENOMEM.
 */
int intel_pasid_setup_second_level(struct intel_iommu *iommu,
				   struct dmar_domain *domain,
				   struct device *dev, u32 pasid)
{
	struct pasid_second_stage ss = pasid_second_stage_of(domain);
	struct pasid_entry new;

	if (!ecap_slts(iommu->ecap))
		return pasid_refuse(dev, "no second-stage translation");
	if (ss.agaw > iommu->agaw)
		return pasid_refuse(dev, "too few levels of second stage");

	pasid_make_second_stage(&new, domain_id_iommu(domain, iommu), &ss);
	new.val[1] |= pasid_walk_snoop(iommu);
	return pasid_install(iommu, dev, pasid, &new);
}
EXPORT_SYMBOL_IF_KUNIT(intel_pasid_setup_second_level);

/**
 * intel_pasid_setup_pass_through() - let a PASID reach memory untranslated
 * @iommu: the device's IOMMU
 * @dev: the device
 * @pasid: the PASID, with no entry present
 *
 * Context: may sleep, unless @pasid is IOMMU_NO_PASID.
 * Return: 0; -EBUSY: there is an entry; -ENOMEM.
 */
int intel_pasid_setup_pass_through(struct intel_iommu *iommu,
				   struct device *dev, u32 pasid)
{
	struct pasid_entry new;

	pasid_make_pass_through(&new, FLPT_DEFAULT_DID, iommu->msagaw);
	return pasid_install(iommu, dev, pasid, &new);
}
EXPORT_SYMBOL_IF_KUNIT(intel_pasid_setup_pass_through);

/* A guest's first stage, as it was asked for through iommufd. */
static int pasid_guest_stage(struct intel_iommu *iommu, struct device *dev,
			     const struct iommu_hwpt_vtd_s1 *cfg,
			     struct pasid_first_stage *fs)
{
	*fs = (struct pasid_first_stage) {
		.ptr = cfg->pgtbl_addr,
		.five_level = cfg->addr_width == ADDR_WIDTH_5LEVEL,
		.sre = cfg->flags & IOMMU_VTD_S1_SRE,
		.wpe = cfg->flags & IOMMU_VTD_S1_WPE,
		.eafe = cfg->flags & IOMMU_VTD_S1_EAFE,
	};

	if (!fs->five_level && cfg->addr_width != ADDR_WIDTH_4LEVEL)
		return pasid_refuse(dev, "guest's address width is neither 48 nor 57");
	if (fs->five_level && !cap_fl5lp_support(iommu->cap))
		return pasid_refuse(dev, "no 5-level paging in the first stage");
	if (fs->ptr & ~PASID2_FSPTPTR)
		return pasid_refuse(dev, "guest's page table is not aligned");
	if (fs->sre && !ecap_srs(iommu->ecap))
		return pasid_refuse(dev, "no supervisor requests");
	if (fs->eafe && !ecap_eafs(iommu->ecap))
		return pasid_refuse(dev, "no extended accessed flag");
	return 0;
}

/**
 * intel_pasid_setup_nested() - let a PASID be translated by a guest's first stage
 * @iommu: the device's IOMMU
 * @dev: the device
 * @pasid: the PASID, with no entry present
 * @domain: the nested domain, attached to @iommu
 *
 * Context: may sleep, unless @pasid is IOMMU_NO_PASID.
 * Return: 0; -ENODEV: the IOMMU can't nest; -EINVAL: it can't do what the guest
 * asks for; -EBUSY: there is an entry; -ENOMEM.
 */
int intel_pasid_setup_nested(struct intel_iommu *iommu, struct device *dev,
			     u32 pasid, struct dmar_domain *domain)
{
	struct pasid_second_stage ss = pasid_second_stage_of(domain->s2_domain);
	struct pasid_first_stage fs;
	struct pasid_entry new;
	int ret;

	if (!nested_supported(iommu))
		return -ENODEV;
	ret = pasid_guest_stage(iommu, dev, &domain->s1_cfg, &fs);
	if (ret)
		return ret;

	pasid_make_nested(&new, domain_id_iommu(domain, iommu), &fs, &ss);
	new.val[1] |= pasid_walk_snoop(iommu);
	if (domain->s2_domain->force_snooping)
		new.val[1] |= PASID1_PGSNP;
	return pasid_install(iommu, dev, pasid, &new);
}
EXPORT_SYMBOL_IF_KUNIT(intel_pasid_setup_nested);

/*
 * Set the bits @mask of word @word to @bits in an entry that is present, and
 * flush what was cached of it.
 */
static int pasid_change(struct intel_iommu *iommu, struct device *dev,
			u32 pasid, unsigned int word, u64 mask, u64 bits)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct pasid_entry *pe = pasid_find(info, pasid);
	bool changed = false;

	spin_lock(&iommu->lock);
	if (!pe || !pasid_pte_is_present(pe)) {
		spin_unlock(&iommu->lock);
		return -ENODEV;
	}
	if ((pe->val[word] & mask) != bits) {
		WRITE_ONCE(pe->val[word], (pe->val[word] & ~mask) | bits);
		__iommu_flush_cache(iommu, pe, sizeof(*pe));
		changed = true;
	}
	spin_unlock(&iommu->lock);

	if (changed)
		pasid_flush_old(iommu, info, pasid, pe);
	return 0;
}

/**
 * intel_pasid_setup_dirty_tracking() - switch accessed and dirty bits on or off
 * @iommu: the device's IOMMU
 * @dev: the device
 * @pasid: the PASID, translated by a second stage at least in part
 * @enabled: on
 *
 * Context: any that may take iommu->lock; the caller keeps the entry from being
 * torn down.  Spins until the old entry is flushed.
 * Return: 0; -ENODEV: no entry; -EOPNOTSUPP: no second stage in it.
 */
int intel_pasid_setup_dirty_tracking(struct intel_iommu *iommu,
				     struct device *dev, u32 pasid,
				     bool enabled)
{
	struct pasid_entry *pe = pasid_find(dev_iommu_priv_get(dev), pasid);

	if (!pe || !pasid_pte_is_present(pe))
		return -ENODEV;
	if (!pasid_pte_has_second_stage(pe))
		return -EOPNOTSUPP;
	return pasid_change(iommu, dev, pasid, 0, PASID0_SSADE,
			    enabled ? PASID0_SSADE : 0);
}
EXPORT_SYMBOL_IF_KUNIT(intel_pasid_setup_dirty_tracking);

/**
 * intel_pasid_setup_page_snoop_control() - let all accesses of a PASID snoop
 * @iommu: the device's IOMMU, with snoop control
 * @dev: the device
 * @pasid: the PASID, translated by a first stage
 *
 * Context: any that may take iommu->lock; the caller keeps the entry from being
 * torn down.  Spins until the old entry is flushed.
 */
void intel_pasid_setup_page_snoop_control(struct intel_iommu *iommu,
					  struct device *dev, u32 pasid)
{
	WARN_ON_ONCE(pasid_change(iommu, dev, pasid, 1, PASID1_PGSNP,
				  PASID1_PGSNP));
}
EXPORT_SYMBOL_IF_KUNIT(intel_pasid_setup_page_snoop_control);

/**
 * intel_pasid_tear_down_entry() - no translation by a PASID any more
 * @iommu: the device's IOMMU
 * @dev: the device
 * @pasid: the PASID; nothing happens if it has no entry
 * @fault_ignore: don't report faults by it from now on, nor wait for what the
 *	device has asked for
 *
 * In this order, each step over before the next: the entry is not present; the
 * PASID cache, the IOTLB and the device TLB are flushed, which also proves that
 * the device's writes have arrived; page requests are answered.
 *
 * Context: may sleep.
 */
void intel_pasid_tear_down_entry(struct intel_iommu *iommu,
				 struct device *dev, u32 pasid,
				 bool fault_ignore)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct pasid_entry *pe = pasid_find(info, pasid);
	const struct pasid_entry none = {
		.val[0] = fault_ignore ? PASID0_FPD : 0,
	};

	spin_lock(&iommu->lock);
	if (!pe || !pasid_pte_is_present(pe)) {
		spin_unlock(&iommu->lock);
		return;
	}
	pasid_clear_present(iommu, pe, none.val[0]);
	spin_unlock(&iommu->lock);

	pasid_flush_old(iommu, info, pasid, pe);

	spin_lock(&iommu->lock);
	pasid_write(iommu, pe, &none);
	spin_unlock(&iommu->lock);

	if (!fault_ignore && info->pri_enabled)
		intel_iommu_drain_pasid_prq(dev, pasid);
}
EXPORT_SYMBOL_IF_KUNIT(intel_pasid_tear_down_entry);
