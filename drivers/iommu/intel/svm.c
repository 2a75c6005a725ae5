// SPDX-License-Identifier: GPL-2.0
/*
 * VT-d: domains of shared virtual addressing, whose page tables are an mm's.
 *
 * This file may read an mm's page table pointer and have cache.c flush.  PASIDs,
 * tasks and page faults are the business of iommu-sva.c.
 *
 * A domain lives until its notifier is let go, which nobody waits for.  It flushes
 * what its cache tags name: an attached PASID has its tags from before its entry is
 * set until after it is cleared.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/slab.h>

#include "iommu.h"
#include "pasid.h"

/**
 * intel_svm_check() - can this IOMMU walk the CPU's page tables?
 * @iommu: sets VTD_FLAG_SVM_CAPABLE in its flags if so
 *
 * It must know all page sizes and levels that the CPU may use, and see what the
 * CPU writes without being told.  Any context.
 */
void intel_svm_check(struct intel_iommu *iommu)
{
	if (!pasid_supported(iommu) || !ecap_flts(iommu->ecap))
		return;

	if (!ecap_smpwc(iommu->ecap)) {
		pr_err("%s: SVM disabled, page walks are not coherent\n",
		       iommu->name);
		return;
	}
	if (cpu_feature_enabled(X86_FEATURE_GBPAGES) &&
	    !cap_fl1gp_support(iommu->cap)) {
		pr_err("%s: SVM disabled, incompatible 1GB page capability\n",
		       iommu->name);
		return;
	}
	if (pgtable_l5_enabled() && !cap_fl5lp_support(iommu->cap)) {
		pr_err("%s: SVM disabled, incompatible paging mode\n",
		       iommu->name);
		return;
	}
	iommu->flags |= VTD_FLAG_SVM_CAPABLE;
}

/*
 * The notifier.
 */

static struct dmar_domain *svm_domain_of(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct dmar_domain, notifier);
}

/*
 * Called with page table locks held, before the pages are freed: does not sleep.
 * @end is the first address behind the range, or -1UL with a @start of 0 for all.
 */
static void svm_invalidate(struct mmu_notifier *notifier, struct mm_struct *mm,
			   unsigned long start, unsigned long end)
{
	struct dmar_domain *domain = svm_domain_of(notifier);

	if (!start && end == -1UL)
		cache_tag_flush_all(domain);
	else
		cache_tag_flush_range(domain, start, end - 1, 0);
}

/* The tasks held the mm, so there are none, and nothing is attached. */
static void svm_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct dmar_domain *domain = svm_domain_of(notifier);

	WARN_ONCE(!list_empty(&domain->dev_pasids),
		  "an address space goes with a device on it\n");
}

static void svm_free_notifier(struct mmu_notifier *notifier)
{
	struct dmar_domain *domain = svm_domain_of(notifier);

	kfree(domain->qi_batch);
	kfree(domain);
}

static const struct mmu_notifier_ops svm_notifier_ops = {
	.release			= svm_release,
	.arch_invalidate_secondary_tlbs	= svm_invalidate,
	.free_notifier			= svm_free_notifier,
};

/*
 * The domain.
 */

static void svm_domain_free(struct iommu_domain *domain)
{
	/* svm_free_notifier() frees it. */
	mmu_notifier_put(&to_dmar_domain(domain)->notifier);
}

/* intel_iommu_remove_dev_pasid() undoes it. */
static int svm_set_dev_pasid(struct iommu_domain *domain, struct device *dev,
			     ioasid_t pasid, struct iommu_domain *old)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	int flags = pgtable_l5_enabled() ? PASID_FLAG_FL5LP : 0;
	struct dmar_domain *svm = to_dmar_domain(domain);
	struct intel_iommu *iommu = info->iommu;
	struct dev_pasid_info *dev_pasid;
	unsigned long irq_flags;
	int ret;

	if (!(iommu->flags & VTD_FLAG_SVM_CAPABLE))
		return -EINVAL;

	dev_pasid = kzalloc(sizeof(*dev_pasid), GFP_KERNEL);
	if (!dev_pasid)
		return -ENOMEM;
	dev_pasid->dev = dev;
	dev_pasid->pasid = pasid;

	/* Before the entry is: what is unmapped from then on is flushed. */
	ret = cache_tag_assign_domain(svm, dev, pasid);
	if (ret)
		goto err_free;
	ret = intel_pasid_setup_first_level(iommu, dev, domain->mm->pgd, pasid,
					    FLPT_DEFAULT_DID, flags);
	if (ret)
		goto err_unassign;

	spin_lock_irqsave(&svm->lock, irq_flags);
	list_add(&dev_pasid->link_domain, &svm->dev_pasids);
	spin_unlock_irqrestore(&svm->lock, irq_flags);
	return 0;

err_unassign:
	cache_tag_unassign_domain(svm, dev, pasid);
err_free:
	kfree(dev_pasid);
	return ret;
}

static const struct iommu_domain_ops svm_domain_ops = {
	.set_dev_pasid	= svm_set_dev_pasid,
	.free		= svm_domain_free,
};

/**
 * intel_svm_domain_alloc() - a domain whose page tables are @mm's
 * @dev: the first device to be attached; others behind any IOMMU that can walk
 *	the CPU's page tables may be, too
 * @mm: the address space; somebody holds its mm_users while anything is attached
 *
 * iommu_ops::domain_alloc_sva.  Takes mmap_lock.
 *
 * Return: the domain, whose mm the caller sets, or an ERR_PTR():
 * -ENODEV: @dev's IOMMU can't; -ENOMEM; -EINTR.
 */
struct iommu_domain *intel_svm_domain_alloc(struct device *dev,
					    struct mm_struct *mm)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct dmar_domain *svm;
	int ret;

	if (!(info->iommu->flags & VTD_FLAG_SVM_CAPABLE))
		return ERR_PTR(-ENODEV);

	svm = kzalloc(sizeof(*svm), GFP_KERNEL);
	if (!svm)
		return ERR_PTR(-ENOMEM);

	svm->domain.type = IOMMU_DOMAIN_SVA;
	svm->domain.ops = &svm_domain_ops;
	svm->use_first_level = true;
	INIT_LIST_HEAD(&svm->dev_pasids);
	INIT_LIST_HEAD(&svm->cache_tags);
	spin_lock_init(&svm->cache_lock);
	spin_lock_init(&svm->lock);

	svm->notifier.ops = &svm_notifier_ops;
	/* Killable: who has it may be waiting for a page, for ever. */
	ret = mmap_write_lock_killable(mm);
	if (!ret) {
		ret = __mmu_notifier_register(&svm->notifier, mm);
		mmap_write_unlock(mm);
	}
	if (ret) {
		kfree(svm);
		return ERR_PTR(ret);
	}
	return &svm->domain;
}
