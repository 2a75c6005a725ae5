// SPDX-License-Identifier: GPL-2.0
/*
 * Isolation: taking a function's access to memory away without its help.
 *
 * A function that does not answer an invalidation of its device TLB may use old
 * translations for ever.  Nobody can make it forget them.  But translated
 * requests pass the IOMMU, too, which refuses them to a function whose context
 * entry is not present.  So that is what isolates: Present is cleared and all
 * that the IOMMU caches of the entry flushed.  Then pages can be freed, and
 * device-TLB invalidations are not sent there any more.
 *
 * The entry itself remembers.  While it is not present hardware looks at nothing
 * in it but FPD (VT-d 9.3, 9.4): the rest stays, to be given back, and two bits
 * that are reserved otherwise say how far we are.
 *
 *	ISOLATING	Present was cleared; IOMMU caches may hold it still
 *	ISOLATED	they don't; never set alone
 *
 * This file may touch context entries and the invalidation queue.  It is called
 * with q_lock held, with iommu->lock held, and in interrupts, so it takes neither
 * to isolate: bits change atomically.  Only restoring takes iommu->lock.
 *
 * A function with a device TLB has no alias: its source ID is the only one.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/iommu-sva.h>
#include <linux/pci.h>

#include "iommu.h"
#include "isolate.h"

/* These four are the same in both formats of an entry. */
#define CONTEXT_P		BIT_ULL(0)
#define CONTEXT_FPD		BIT_ULL(1)
#define CONTEXT_ISOLATING	BIT_ULL(5)
#define CONTEXT_ISOLATED	BIT_ULL(6)

static u64 *vtd_context_of(struct intel_iommu *iommu, u16 sid)
{
	struct context_entry *context;

	context = iommu_context_addr(iommu, PCI_BUS_NUM(sid), sid & 0xff, false);
	return context ? &context->lo : NULL;
}

/* The first half: no cache fills itself from the entry any more. */
static void vtd_cut_off(struct intel_iommu *iommu, u16 sid)
{
	u64 *context = vtd_context_of(iommu, sid);
	u64 old, new;

	/* Whoever submits from now on looks closer. */
	WRITE_ONCE(iommu->isolated, true);
	if (!context)
		return;

	old = READ_ONCE(*context);
	do {
		/* What it tries is refused; that is no news. */
		new = (old & ~CONTEXT_P) | CONTEXT_FPD | CONTEXT_ISOLATING;
	} while (!try_cmpxchg64(context, &old, new));
	__iommu_flush_cache(iommu, context, sizeof(struct context_entry));
}

/* The second half is done.  False: somebody else has been here before. */
static bool vtd_set_isolated(u64 *context)
{
	u64 old = READ_ONCE(*context);

	do {
		if ((old & (CONTEXT_ISOLATING | CONTEXT_ISOLATED)) !=
		    CONTEXT_ISOLATING)
			return false;
	} while (!try_cmpxchg64(context, &old, old | CONTEXT_ISOLATED));
	return true;
}

static struct qi_desc vtd_context_desc(u16 sid)
{
	return (struct qi_desc) {
		.qw0 = QI_CC_SID(sid) | QI_CC_GRAN(DMA_CCMD_DEVICE_INVL) |
		       QI_CC_TYPE,
	};
}

void vtd_flush_function(struct intel_iommu *iommu, u16 sid)
{
	static const struct qi_desc fence = { .qw0 = QI_IWD_FENCE | QI_IWD_TYPE };
	struct qi_desc descs[5];
	unsigned int n = 0;

	KUNIT_STATIC_STUB_REDIRECT(vtd_flush_function, iommu, sid);
	/* In the order of VT-d 6.5.3.3; which domain IDs it led to, none knows. */
	descs[n++] = vtd_context_desc(sid);
	descs[n++] = fence;
	if (sm_supported(iommu)) {
		descs[n++] = (struct qi_desc) {
			.qw0 = QI_PC_GRAN(QI_PC_GLOBAL) | QI_PC_TYPE,
		};
		descs[n++] = fence;
	}
	qi_desc_iotlb(iommu, 0, 0, 0, DMA_TLB_GLOBAL_FLUSH, &descs[n++]);
	qi_submit_sync(iommu, descs, n, 0);
}
EXPORT_SYMBOL_IF_KUNIT(vtd_flush_function);

/* Whose device TLB is it that @desc invalidates?  False: none's. */
static bool vtd_device_tlb_of(const struct qi_desc *desc, u16 *sid)
{
	switch (desc->qw0 & GENMASK_ULL(3, 0)) {
	case QI_DIOTLB_TYPE:
		*sid = FIELD_GET(GENMASK_ULL(47, 32), desc->qw0);
		return true;
	case QI_DEIOTLB_TYPE:
		*sid = FIELD_GET(GENMASK_ULL(31, 16), desc->qw0);
		return true;
	}
	return false;
}

void vtd_isolated_skip(struct intel_iommu *iommu, struct qi_desc *desc)
{
	struct qi_desc instead;
	u64 *context;
	u16 sid;

	if (!vtd_device_tlb_of(desc, &sid))
		return;
	context = vtd_context_of(iommu, sid);
	if (context && !(READ_ONCE(*context) & CONTEXT_ISOLATING))
		return;
	/* The queue has no gaps; this does no harm. */
	instead = vtd_context_desc(sid);
	memcpy(desc, &instead, 1 << qi_shift(iommu));
}

static struct qi_desc *vtd_queue_slot(struct intel_iommu *iommu, unsigned int i)
{
	return iommu->qi->desc + (i << qi_shift(iommu));
}

/*
 * Hardware before revision 4.1 of the specification does not name the function:
 * take all that may be it, which are those that an invalidation was fetched for,
 * in a submission whose wait descriptor is not done.
 */
static void vtd_cut_off_suspects(struct intel_iommu *iommu, unsigned int head)
{
	struct q_inval *qi = iommu->qi;
	bool done = false;
	unsigned int i;
	u16 sid;

	for (i = head; i != qi->free_tail; ) {
		struct qi_desc *desc;

		i = (i + QI_LENGTH - 1) % QI_LENGTH;
		desc = vtd_queue_slot(iommu, i);
		if ((desc->qw0 & GENMASK_ULL(3, 0)) == QI_IWD_TYPE &&
		    desc->qw0 & QI_IWD_STATUS_WRITE)
			done = qi->desc_status[i] == QI_DONE ||
			       qi->desc_status[i] == QI_FREE;
		else if (!done && vtd_device_tlb_of(desc, &sid))
			vtd_cut_off(iommu, sid);
	}
}

void vtd_isolate_silent(struct intel_iommu *iommu)
{
	u64 record = dmar_readq(iommu->reg + DMAR_IQER_REG);
	u32 head = readl(iommu->reg + DMAR_IQH_REG) >> qi_shift(iommu);
	u16 sid = DMAR_IQER_REG_ITESID(record);
	unsigned int i;

	lockdep_assert_held(&iommu->qi->q_lock);

	if (sid)
		vtd_cut_off(iommu, sid);
	else
		vtd_cut_off_suspects(iommu, head);

	/* Nothing is fetched while ITE is set: nobody else need time out. */
	for (i = head; i != iommu->qi->free_head; i = (i + 1) % QI_LENGTH)
		vtd_isolated_skip(iommu, vtd_queue_slot(iommu, i));
}
EXPORT_SYMBOL_IF_KUNIT(vtd_isolate_silent);

static void vtd_settle_one(struct intel_iommu *iommu, u16 sid)
{
	u64 *context = vtd_context_of(iommu, sid);
	struct device *dev;

	if (!context || (READ_ONCE(*context) &
			 (CONTEXT_ISOLATING | CONTEXT_ISOLATED)) != CONTEXT_ISOLATING)
		return;

	vtd_flush_function(iommu, sid);
	if (!vtd_set_isolated(context))
		return;
	dev = device_rbtree_find(iommu, sid);
	if (!dev)
		return;
	dev_err(dev, "IOMMU: device-TLB invalidation not answered: isolated\n");
	iommu_sva_report_isolation(dev);
}

void vtd_isolated_settle(struct intel_iommu *iommu, const struct qi_desc *desc,
			 unsigned int count)
{
	unsigned int i;
	u16 sid;

	for (i = 0; i < count; i++)
		if (vtd_device_tlb_of(&desc[i], &sid))
			vtd_settle_one(iommu, sid);
}
EXPORT_SYMBOL_IF_KUNIT(vtd_isolated_settle);

void intel_iommu_isolate_dev(struct device *dev)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct intel_iommu *iommu = info->iommu;
	u16 sid = PCI_DEVID(info->bus, info->devfn);
	u64 *context;

	vtd_cut_off(iommu, sid);
	vtd_flush_function(iommu, sid);
	context = vtd_context_of(iommu, sid);
	if (context)
		vtd_set_isolated(context);
}
EXPORT_SYMBOL_IF_KUNIT(intel_iommu_isolate_dev);

void intel_iommu_restore_dev(struct device *dev)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct intel_iommu *iommu = info->iommu;
	u16 sid = PCI_DEVID(info->bus, info->devfn);
	u64 *context, old, new;

	spin_lock(&iommu->lock);
	context = vtd_context_of(iommu, sid);
	old = context ? READ_ONCE(*context) : 0;
	do {
		if (!(old & CONTEXT_ISOLATED))
			goto out;
		new = old & ~(CONTEXT_FPD | CONTEXT_ISOLATING | CONTEXT_ISOLATED);
	} while (!try_cmpxchg64(context, &old, new | CONTEXT_P));
	__iommu_flush_cache(iommu, context, sizeof(struct context_entry));

	/* In caching mode not being present is remembered (6.1). */
	if (cap_caching_mode(iommu->cap))
		vtd_flush_function(iommu, sid);
out:
	spin_unlock(&iommu->lock);
}
EXPORT_SYMBOL_IF_KUNIT(intel_iommu_restore_dev);
