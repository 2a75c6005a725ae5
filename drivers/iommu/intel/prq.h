/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page requests of devices behind a VT-d IOMMU: what one says, and how those of a
 * group are kept until the last one has come.  Shared by prq.c, which has the
 * queue, and prq-group.c, which knows nothing about hardware.
 */
#ifndef _INTEL_PRQ_H
#define _INTEL_PRQ_H

#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/types.h>

/* Page request descriptor (VT-d 7.4.1) */
struct page_req_dsc {
	u64 qw[4];
};

#define PRQ_QW0_TYPE		GENMASK_ULL(7, 0)
#define PRQ_TYPE_PAGE_REQUEST	1
#define PRQ_QW0_PASID_PRESENT	BIT_ULL(8)
#define PRQ_QW0_RID		GENMASK_ULL(31, 16)
#define PRQ_QW0_PASID		GENMASK_ULL(51, 32)
#define PRQ_QW0_EXEC		BIT_ULL(52)
#define PRQ_QW0_PRIV		BIT_ULL(53)
#define PRQ_QW1_READ		BIT_ULL(0)
#define PRQ_QW1_WRITE		BIT_ULL(1)
#define PRQ_QW1_LAST		BIT_ULL(2)
#define PRQ_QW1_INDEX		GENMASK_ULL(11, 3)
#define PRQ_QW1_ADDR		GENMASK_ULL(63, 12)

/**
 * enum prq_kind - what a page request is
 * @PRQ_PARTIAL: others of its group follow; it is not answered by itself
 * @PRQ_LAST: its group is complete and wants one answer
 * @PRQ_STOP: a PASID stop marker: no request of the PASID follows; no answer
 * @PRQ_UNKNOWN: none that we know
 */
enum prq_kind {
	PRQ_PARTIAL,
	PRQ_LAST,
	PRQ_STOP,
	PRQ_UNKNOWN,
};

/**
 * struct prq_request - a decoded page request
 * @rid: requester ID
 * @prm: the request.  Without a PASID, @prm.pasid is IOMMU_NO_PASID
 */
struct prq_request {
	u16 rid;
	struct iommu_fault_page_request prm;
};

/**
 * struct prq_groups - requests whose group is not complete
 * @partial: struct prq_partial, in the order in which they came
 * @count: entries in @partial
 *
 * Guarded by who owns it.
 */
struct prq_groups {
	struct list_head partial;
	unsigned int count;
};

/* More than this are not kept; a device that misses a page asks again. */
#define PRQ_MAX_PARTIAL	2048

enum prq_kind prq_decode(const struct page_req_dsc *dsc,
			 struct prq_request *req);

void prq_groups_init(struct prq_groups *groups);
bool prq_groups_add(struct prq_groups *groups, const struct prq_request *req);
struct iopf_group *prq_groups_complete(struct prq_groups *groups,
				       const struct prq_request *req);
void prq_groups_drop(struct prq_groups *groups, u16 rid, u32 pasid);
void prq_groups_drop_all(struct prq_groups *groups);
void prq_group_free(struct iopf_group *group);

#endif
