/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Taking a function's access to memory away without its help, and giving it back.
 */
#ifndef _INTEL_ISOLATE_H
#define _INTEL_ISOLATE_H

#include <linux/types.h>

struct device;
struct intel_iommu;
struct qi_desc;

/**
 * vtd_flush_function() - forget what a context entry says and led to
 * @iommu: the IOMMU
 * @sid: source ID of the entry, which is not present any more
 *
 * Without the device TLB.  When it returns, no invalidation of any device TLB is
 * outstanding that was submitted before, and writes have arrived.
 *
 * Context: any.  Spins for as long as the IOMMU needs, and at most once for a
 * function that does not answer.
 */
void vtd_flush_function(struct intel_iommu *iommu, u16 sid);

/**
 * vtd_isolate_silent() - take memory away from who let an invalidation time out
 * @iommu: the IOMMU, whose queue has stopped with ITE
 *
 * Context: q_lock, interrupts off.  Does not wait.
 */
void vtd_isolate_silent(struct intel_iommu *iommu);

/**
 * vtd_isolated_skip() - spare an isolated function its device-TLB invalidation
 * @iommu: the IOMMU
 * @desc: descriptor in the queue that was not fetched yet, of any kind
 *
 * Context: q_lock, interrupts off.
 */
void vtd_isolated_skip(struct intel_iommu *iommu, struct qi_desc *desc);

/**
 * vtd_isolated_settle() - make up for the device-TLB invalidations left out
 * @iommu: the IOMMU
 * @desc: what the caller has submitted, complete by now
 * @count: descriptors
 *
 * When it returns, none of the functions concerned reaches memory.  The first to
 * see to that for a function tells its driver.
 *
 * Context: any, without q_lock; the caller keeps the devices from being released.
 */
void vtd_isolated_settle(struct intel_iommu *iommu, const struct qi_desc *desc,
			 unsigned int count);

/**
 * intel_iommu_isolate_dev() - iommu_ops.isolate_dev
 * @dev: the device
 *
 * Context: any.
 */
void intel_iommu_isolate_dev(struct device *dev);

/**
 * intel_iommu_restore_dev() - iommu_ops.restore_dev
 * @dev: the device, whose TLB is empty because it was reset
 *
 * Context: may sleep.
 */
void intel_iommu_restore_dev(struct device *dev);

#endif
