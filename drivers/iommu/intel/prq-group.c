// SPDX-License-Identifier: GPL-2.0
/*
 * Page requests of a device, put together to groups.
 *
 * This file touches no hardware and no other file's data.  A group is known by
 * requester, PASID and index: a function that wants the PASID in a response may
 * use one index for two PASIDs at a time.
 *
 * Nothing here waits for memory.  What there is no memory for is not kept, and
 * the group is answered all the same: the device finds the page missing again,
 * and asks again.
 */
#include <linux/bitfield.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "prq.h"

/**
 * struct prq_partial - a request that is not the last of its group
 * @iopf: the request.  First, since iopf_free_group() frees that
 * @rid: requester ID
 */
struct prq_partial {
	struct iopf_fault iopf;
	u16 rid;
};

static_assert(offsetof(struct prq_partial, iopf) == 0);

static u32 prq_perm(const struct page_req_dsc *dsc)
{
	u32 perm = 0;

	if (dsc->qw[1] & PRQ_QW1_READ)
		perm |= IOMMU_FAULT_PERM_READ;
	if (dsc->qw[1] & PRQ_QW1_WRITE)
		perm |= IOMMU_FAULT_PERM_WRITE;
	if (dsc->qw[0] & PRQ_QW0_EXEC)
		perm |= IOMMU_FAULT_PERM_EXEC;
	if (dsc->qw[0] & PRQ_QW0_PRIV)
		perm |= IOMMU_FAULT_PERM_PRIV;
	return perm;
}

/**
 * prq_decode() - what does a page request say? (VT-d 7.4.1)
 * @dsc: from the queue
 * @req: filled in, but for PRQ_UNKNOWN
 *
 * Any context.
 *
 * Return: its kind.
 */
enum prq_kind prq_decode(const struct page_req_dsc *dsc,
			 struct prq_request *req)
{
	struct iommu_fault_page_request *prm = &req->prm;
	const u64 access = PRQ_QW1_READ | PRQ_QW1_WRITE;

	if (FIELD_GET(PRQ_QW0_TYPE, dsc->qw[0]) != PRQ_TYPE_PAGE_REQUEST)
		return PRQ_UNKNOWN;

	memset(req, 0, sizeof(*req));
	req->rid = FIELD_GET(PRQ_QW0_RID, dsc->qw[0]);
	prm->grpid = FIELD_GET(PRQ_QW1_INDEX, dsc->qw[1]);
	prm->addr = dsc->qw[1] & PRQ_QW1_ADDR;
	prm->perm = prq_perm(dsc);
	if (dsc->qw[0] & PRQ_QW0_PASID_PRESENT) {
		prm->pasid = FIELD_GET(PRQ_QW0_PASID, dsc->qw[0]);
		prm->flags = IOMMU_FAULT_PAGE_REQUEST_PASID_VALID |
			     IOMMU_FAULT_PAGE_RESPONSE_NEEDS_PASID;
		/* PCIe 4.0, 10.4.1.2 */
		if ((dsc->qw[1] & (access | PRQ_QW1_LAST)) == PRQ_QW1_LAST)
			return PRQ_STOP;
	}
	if (!(dsc->qw[1] & PRQ_QW1_LAST))
		return PRQ_PARTIAL;
	prm->flags |= IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE;
	return PRQ_LAST;
}
EXPORT_SYMBOL_IF_KUNIT(prq_decode);

/**
 * prq_groups_init() - no request is there
 * @groups: overwritten
 *
 * Any context.
 */
void prq_groups_init(struct prq_groups *groups)
{
	INIT_LIST_HEAD(&groups->partial);
	groups->count = 0;
}
EXPORT_SYMBOL_IF_KUNIT(prq_groups_init);

/**
 * prq_groups_add() - keep a request until its group is complete
 * @groups: of the IOMMU
 * @req: a PRQ_PARTIAL
 *
 * Does not sleep.
 *
 * Return: false if it is not kept: there are too many, or there is no memory.
 */
bool prq_groups_add(struct prq_groups *groups, const struct prq_request *req)
{
	struct prq_partial *partial;

	if (groups->count >= PRQ_MAX_PARTIAL)
		return false;
	partial = kzalloc(sizeof(*partial), GFP_NOWAIT | __GFP_NOWARN);
	if (!partial)
		return false;

	partial->rid = req->rid;
	partial->iopf.fault.type = IOMMU_FAULT_PAGE_REQ;
	partial->iopf.fault.prm = req->prm;
	list_add_tail(&partial->iopf.list, &groups->partial);
	groups->count++;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(prq_groups_add);

static bool prq_is_of(const struct prq_partial *partial, u16 rid, u32 pasid)
{
	return partial->rid == rid && partial->iopf.fault.prm.pasid == pasid;
}

/* Move what there is of @req's group to @faults. */
static void prq_groups_take(struct prq_groups *groups,
			    const struct prq_request *req,
			    struct list_head *faults)
{
	struct prq_partial *partial, *next;

	list_for_each_entry_safe(partial, next, &groups->partial, iopf.list) {
		if (partial->iopf.fault.prm.grpid != req->prm.grpid ||
		    !prq_is_of(partial, req->rid, req->prm.pasid))
			continue;
		list_move_tail(&partial->iopf.list, faults);
		groups->count--;
	}
}

static void prq_free_list(struct list_head *faults)
{
	struct iopf_fault *iopf, *next;

	list_for_each_entry_safe(iopf, next, faults, list)
		kfree(iopf);
}

/**
 * prq_groups_complete() - the last request of a group has come
 * @groups: of the IOMMU
 * @req: a PRQ_LAST
 *
 * Does not sleep.
 *
 * Return: the group, with those of its requests that were kept, in the order in
 * which they came; iopf_free_group() frees it once somebody handles it, and
 * prq_group_free() before.  NULL if there is no memory: then none of its
 * requests are kept either.
 */
struct iopf_group *prq_groups_complete(struct prq_groups *groups,
				       const struct prq_request *req)
{
	struct iopf_group *group;
	LIST_HEAD(faults);

	if (groups->count)
		prq_groups_take(groups, req, &faults);
	group = kmalloc(sizeof(*group), GFP_NOWAIT | __GFP_NOWARN);
	if (!group) {
		prq_free_list(&faults);
		return NULL;
	}

	*group = (struct iopf_group) {
		.last_fault.fault.type = IOMMU_FAULT_PAGE_REQ,
		.last_fault.fault.prm = req->prm,
	};
	INIT_LIST_HEAD(&group->faults);
	INIT_LIST_HEAD(&group->pending_node);
	list_splice(&faults, &group->faults);
	list_add_tail(&group->last_fault.list, &group->faults);
	return group;
}
EXPORT_SYMBOL_IF_KUNIT(prq_groups_complete);

/**
 * prq_group_free() - free a group that nobody handles
 * @group: from prq_groups_complete()
 *
 * Any context.
 */
void prq_group_free(struct iopf_group *group)
{
	list_del(&group->last_fault.list);
	prq_free_list(&group->faults);
	kfree(group);
}
EXPORT_SYMBOL_IF_KUNIT(prq_group_free);

/**
 * prq_groups_drop() - forget what there is of a PASID: no last request will come
 * @groups: of the IOMMU
 * @rid: requester ID
 * @pasid: the PASID, or IOMMU_NO_PASID
 *
 * Any context.
 */
void prq_groups_drop(struct prq_groups *groups, u16 rid, u32 pasid)
{
	struct prq_partial *partial, *next;

	list_for_each_entry_safe(partial, next, &groups->partial, iopf.list) {
		if (!prq_is_of(partial, rid, pasid))
			continue;
		list_del(&partial->iopf.list);
		groups->count--;
		kfree(partial);
	}
}
EXPORT_SYMBOL_IF_KUNIT(prq_groups_drop);

/**
 * prq_groups_drop_all() - forget everything: a last request may have got lost
 * @groups: of the IOMMU
 *
 * The hardware has answered those that it could not put into the queue.  To one
 * that is still to come the answer is the same: the device asks again for the
 * pages that are not there.  Any context.
 */
void prq_groups_drop_all(struct prq_groups *groups)
{
	prq_free_list(&groups->partial);
	prq_groups_init(groups);
}
EXPORT_SYMBOL_IF_KUNIT(prq_groups_drop_all);
