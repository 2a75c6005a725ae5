/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared virtual addressing: a device works on a process's address space,
 * as an off-CPU task of it.
 */
#ifndef _LINUX_IOMMU_SVA_H
#define _LINUX_IOMMU_SVA_H

#include <linux/err.h>
#include <linux/offcpu_task.h>

struct device;
struct iommu_sva;
struct mm_struct;
struct work_struct;

/**
 * struct iommu_sva_ops - how a driver makes its device quiet for one binding
 * @drain_begin: see struct offcpu_task_ops
 * @drain_finish: see struct offcpu_task_ops
 * @dead: the binding is dead, wake up waiters.  May be NULL.
 *
 * Any of them may be called from before iommu_sva_bind_device() returns until
 * iommu_sva_unbind_device() returns.  From OFFCPU_ABORT on all page requests of
 * the PASID on the device are refused and all its accesses fail.  So the bindings
 * that share the PASID there are killed, too.
 */
struct iommu_sva_ops {
	void (*drain_begin)(struct iommu_sva *sva, enum offcpu_rung rung);
	int (*drain_finish)(struct iommu_sva *sva, enum offcpu_rung rung,
			    unsigned long timeout);
	void (*dead)(struct iommu_sva *sva);
};

#ifdef CONFIG_IOMMU_SVA
struct iommu_sva *iommu_sva_bind_device(struct device *dev,
					struct mm_struct *mm,
					const struct iommu_sva_ops *ops,
					void *priv);
void iommu_sva_unbind_device(struct iommu_sva *sva);
u32 iommu_sva_get_pasid(struct iommu_sva *sva);
void *iommu_sva_priv(struct iommu_sva *sva);
bool iommu_sva_is_live(struct iommu_sva *sva);
void iommu_sva_kill(struct iommu_sva *sva, enum offcpu_cause cause);
void iommu_sva_kill_some(struct device *dev,
			 bool (*which)(struct iommu_sva *sva, void *arg),
			 void *arg, enum offcpu_cause cause);
void iommu_sva_kill_device(struct device *dev, enum offcpu_cause cause);

/* iommu-sva-isolate.c */
bool iommu_sva_isolate(struct device *dev);
void iommu_sva_restore(struct device *dev);
bool iommu_sva_is_isolated(struct device *dev);
void iommu_sva_on_isolation(struct device *dev, struct work_struct *work);
void iommu_sva_report_isolation(struct device *dev);
#else
static inline struct iommu_sva *
iommu_sva_bind_device(struct device *dev, struct mm_struct *mm,
		      const struct iommu_sva_ops *ops, void *priv)
{
	return ERR_PTR(-ENODEV);
}

static inline void iommu_sva_unbind_device(struct iommu_sva *sva) { }

static inline u32 iommu_sva_get_pasid(struct iommu_sva *sva)
{
	return -1U;	/* IOMMU_PASID_INVALID */
}

static inline void *iommu_sva_priv(struct iommu_sva *sva)
{
	return NULL;
}

static inline bool iommu_sva_is_live(struct iommu_sva *sva)
{
	return false;
}

static inline void iommu_sva_kill(struct iommu_sva *sva,
				  enum offcpu_cause cause) { }
static inline void
iommu_sva_kill_some(struct device *dev,
		    bool (*which)(struct iommu_sva *sva, void *arg),
		    void *arg, enum offcpu_cause cause) { }
static inline void iommu_sva_kill_device(struct device *dev,
					 enum offcpu_cause cause) { }

static inline bool iommu_sva_isolate(struct device *dev)
{
	return false;
}

static inline void iommu_sva_restore(struct device *dev) { }

static inline bool iommu_sva_is_isolated(struct device *dev)
{
	return false;
}

static inline void iommu_sva_on_isolation(struct device *dev,
					  struct work_struct *work) { }
static inline void iommu_sva_report_isolation(struct device *dev) { }
#endif
#endif
