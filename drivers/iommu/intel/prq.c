// SPDX-License-Identifier: GPL-2.0
/*
 * VT-d: the page request queue, its interrupt, the answers, and draining.
 *
 * This file may touch an IOMMU's page request registers (VT-d 11.4.11), read
 * PASID entries, and submit to the invalidation queue.  Groups are put together
 * in prq-group.c and handled by who attached the domain; answers gather in
 * prq-response.c.
 *
 * Whoever holds iopf_lock may take requests from the queue: the interrupt's
 * thread, its worker, and a drain.  Taking one means to find its handler, or to
 * refuse it, and never to wait for a page.  A request for a PASID that has no
 * entry is refused: an entry is cleared before its PASID is drained, so with
 * iopf_lock held and an entry there, the handler is there too.
 *
 * The hardware stops at an overflow, until it is told to go on, and answers what
 * it can't take with success: the device finds the page missing again.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/bitfield.h>
#include <linux/dmar.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/pci.h>
#include <linux/workqueue.h>

#include "../iommu-pages.h"
#include "iommu.h"
#include "pasid.h"
#include "prq-response.h"
#include "prq.h"
#include "trace.h"

/* Registers of the queue's interrupt, from PECTL on. */
#define PRQ_EVENT_REGS	4

/* A device that still asks after that many drains of a PASID is no good. */
#define PRQ_DRAINS	4
/* For the fault that the thread of an IOMMU that goes away is at. */
#define PRQ_FAULT_TIMEOUT_US	(2 * USEC_PER_SEC)
#define PRQ_FAULT_POLL_US	(10 * USEC_PER_MSEC)

/**
 * struct prq_drain - a PASID that is being drained
 * @node: on intel_prq::drains
 * @rid: requester ID
 * @pasid: the PASID
 * @again: a request of it was answered meanwhile, by us or by the hardware
 */
struct prq_drain {
	struct list_head node;
	u16 rid;
	u32 pasid;
	bool again;
};

/**
 * struct intel_prq - the page request queue of an IOMMU
 * @ring: what the hardware writes to
 * @head: offset of the next request to take.  Under iopf_lock, as is all below
 *	but @responses, which has a lock of its own
 * @seq: requests taken, for the trace event
 * @groups: not complete
 * @drains: struct prq_drain
 * @responses: to be submitted
 * @iommu: whose it is
 * @thread: does what the interrupt has to do, and after that one of the page faults
 * @raised: that is asked for
 * @serving: @thread may be at a page fault, for as long as that takes
 * @queue: for @take alone
 * @take: what the interrupt has to do meanwhile
 * @event: its interrupt's registers, while the machine sleeps
 * @name: of the interrupt
 */
struct intel_prq {
	struct page_req_dsc *ring;
	u32 head;
	unsigned long seq;
	struct prq_groups groups;
	struct list_head drains;
	struct prq_responses responses;
	struct intel_iommu *iommu;
	struct task_struct *thread;
	bool raised;
	bool serving;
	struct workqueue_struct *queue;
	struct work_struct take;
	u32 event[PRQ_EVENT_REGS];
	char name[16];
};

/*
 * Answers.
 */

static void prq_respond(struct intel_prq *prq, u16 rid,
			const struct iommu_fault_page_request *prm, u32 code)
{
	bool pasid = prm->flags & IOMMU_FAULT_PAGE_REQUEST_PASID_VALID;
	struct qi_desc desc = {
		.qw0 = QI_PGRP_PASID(prm->pasid) | QI_PGRP_DID(rid) |
		       QI_PGRP_PASID_P(pasid) | QI_PGRP_RESP_CODE(code) |
		       QI_PGRP_RESP_TYPE,
		.qw1 = QI_PGRP_IDX(prm->grpid) | QI_PGRP_LPIG(1),
	};

	prq_responses_add(&prq->responses, &desc);
}

/**
 * intel_iommu_page_response() - answer a page request group
 * @dev: the device
 * @evt: the group's last request
 * @msg: the answer
 *
 * iommu_ops::page_response.  Does not sleep; waits for the invalidation queue,
 * if nobody else does already.  A drain of the PASID has the answer arrive.
 */
void intel_iommu_page_response(struct device *dev, struct iopf_fault *evt,
			       struct iommu_page_response *msg)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct intel_prq *prq = info->iommu->prq;
	u32 code = QI_RESP_FAILURE;

	if (msg->code == IOMMU_PAGE_RESP_SUCCESS)
		code = QI_RESP_SUCCESS;
	else if (msg->code == IOMMU_PAGE_RESP_INVALID)
		code = QI_RESP_INVALID;

	prq_respond(prq, PCI_DEVID(info->bus, info->devfn), &evt->fault.prm, code);
	prq_responses_submit(&prq->responses);
}

/*
 * Requests.
 */

/* Is there an entry for @prm's PASID?  Without one, nobody handles it. */
static bool prq_pasid_present(struct device *dev,
			      const struct iommu_fault_page_request *prm)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct pasid_table *table = info->pasid_table;
	struct pasid_dir_entry *dir;
	struct pasid_entry *entries;

	if (!table || prm->pasid >= table->max_pasid)
		return false;
	dir = table->table;
	entries = get_pasid_table_from_pde(&dir[prm->pasid >> PASID_PDE_SHIFT]);
	return entries && pasid_pte_is_present(&entries[prm->pasid &
							PASID_PTE_MASK]);
}

/* A request of @rid is answered, PASID @pasid: who drains that wants to know. */
static void prq_note_answer(struct intel_prq *prq, u16 rid, u32 pasid)
{
	struct prq_drain *drain;

	list_for_each_entry(drain, &prq->drains, node) {
		if (drain->rid == rid && drain->pasid == pasid)
			drain->again = true;
	}
}

/*
 * A group is complete: hand it to its handler, or answer it.  See iopf_group::leave
 * for @leave.
 */
static void prq_dispatch(struct intel_prq *prq, const struct prq_request *req,
			 struct work_struct **leave)
{
	struct iopf_group *group = prq_groups_complete(&prq->groups, req);
	struct device *dev = device_rbtree_find(prq->iommu, req->rid);
	u32 code = QI_RESP_INVALID;

	if (group)
		group->leave = leave;
	else
		code = QI_RESP_SUCCESS;	/* try again */
	if (group && dev && prq_pasid_present(dev, &req->prm) &&
	    !iommu_report_device_group(dev, group))
		return;

	if (group)
		prq_group_free(group);
	prq_respond(prq, req->rid, &req->prm, code);
	prq_note_answer(prq, req->rid, req->prm.pasid);
}

static void prq_trace(struct intel_prq *prq, u16 rid,
		      const struct page_req_dsc *dsc)
{
	struct device *dev = device_rbtree_find(prq->iommu, rid);

	if (dev)
		trace_prq_report(prq->iommu, dev, dsc->qw[0], dsc->qw[1],
				 dsc->qw[2], dsc->qw[3], prq->seq);
}

static void prq_take(struct intel_prq *prq, const struct page_req_dsc *dsc,
		     struct work_struct **leave)
{
	struct prq_request req;

	switch (prq_decode(dsc, &req)) {
	case PRQ_PARTIAL:
		prq_groups_add(&prq->groups, &req);
		break;
	case PRQ_LAST:
		prq_dispatch(prq, &req, leave);
		break;
	case PRQ_STOP:
		prq_groups_drop(&prq->groups, req.rid, req.prm.pasid);
		break;
	default:
		pr_err_ratelimited("%s: unknown page request %016llx %016llx\n",
				   prq->iommu->name, dsc->qw[0], dsc->qw[1]);
		return;
	}
	if (trace_prq_report_enabled())
		prq_trace(prq, req.rid, dsc);
	prq->seq++;
}

/* Take what the hardware has written until now.  @head is ours alone. */
static void prq_take_all(struct intel_prq *prq, struct work_struct **leave)
{
	struct intel_iommu *iommu = prq->iommu;
	u32 tail;

	lockdep_assert_held(&iommu->iopf_lock);

	tail = dmar_readq(iommu->reg + DMAR_PQT_REG) & PRQ_RING_MASK;
	while (prq->head != tail) {
		prq_take(prq, &prq->ring[prq->head / sizeof(*prq->ring)],
			 leave);
		prq->head = (prq->head + sizeof(*prq->ring)) & PRQ_RING_MASK;
	}
	dmar_writeq(iommu->reg + DMAR_PQH_REG, prq->head);
}

/*
 * The hardware has dropped requests, and writes none until the overflow is
 * cleared: so take the rest before, and then nothing is between the groups that
 * lost their last request and those that are yet to come.
 */
static void prq_overflow(struct intel_prq *prq, struct work_struct **leave)
{
	struct intel_iommu *iommu = prq->iommu;
	struct prq_drain *drain;

	prq_take_all(prq, leave);
	prq_groups_drop_all(&prq->groups);
	list_for_each_entry(drain, &prq->drains, node)
		drain->again = true;
	pr_info_ratelimited("%s: page request queue overflow\n", iommu->name);
	writel(DMA_PRS_PRO, iommu->reg + DMAR_PRS_REG);
}

/* An IOMMU that is gone reads as all ones. */
static u32 prq_status(struct intel_iommu *iommu)
{
	u32 status = readl(iommu->reg + DMAR_PRS_REG);

	return status == ~0U ? 0 : status & (DMA_PRS_PPR | DMA_PRS_PRO);
}

/*
 * Take what is pending.  With @ack, requests that come later raise an interrupt
 * again; without it, one that was raised is still to be served.
 */
static void prq_take_pending(struct intel_prq *prq, bool ack,
			     struct work_struct **leave)
{
	struct intel_iommu *iommu = prq->iommu;
	u32 status = prq_status(iommu);

	if (status & DMA_PRS_PPR) {
		/* Before the tail is read, or an event gets lost. */
		if (ack)
			writel(DMA_PRS_PPR, iommu->reg + DMAR_PRS_REG);
		prq_take_all(prq, leave);
	}
	if (status & DMA_PRS_PRO)
		prq_overflow(prq, leave);
}

/*
 * True if there is more: an overflow that comes before the requests are acknowledged is
 * not signalled.
 */
static bool prq_round(struct intel_prq *prq, struct work_struct **leave)
{
	struct intel_iommu *iommu = prq->iommu;

	mutex_lock(&iommu->iopf_lock);
	prq_take_pending(prq, true, leave);
	mutex_unlock(&iommu->iopf_lock);
	prq_responses_submit(&prq->responses);
	return prq_status(iommu);
}

static void prq_take_work(struct work_struct *work)
{
	struct intel_prq *prq = container_of(work, struct intel_prq, take);

	while (prq_round(prq, NULL))
		cond_resched();
}

/*
 * Returns with a page fault done, if one is left to us.  That does not wait until others
 * have stopped to ask.
 */
static void prq_serve(struct intel_prq *prq)
{
	struct work_struct *fault = NULL;

	WRITE_ONCE(prq->raised, false);
	/* Before requests are acknowledged, see prq_interrupt(). */
	smp_store_mb(prq->serving, true);
	while (prq_round(prq, &fault)) {
		if (fault) {
			queue_work(prq->queue, &prq->take);
			break;
		}
		cond_resched();
	}
	if (fault)
		fault->func(fault);
	WRITE_ONCE(prq->serving, false);
}

/*
 * Mostly there is one fault, and nobody else needs to be woken up for it.  It may take
 * for ever, so requests that come meanwhile are left to a worker.
 */
static int prq_thread(void *data)
{
	struct intel_prq *prq = data;

	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		if (!READ_ONCE(prq->raised)) {
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		prq_serve(prq);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/*
 * The status stays until somebody has cleared it: no need to mask anything.  If the
 * thread did, before this interrupt was raised, @serving is set; if it is clear, the
 * thread is yet to look at the status.
 */
static irqreturn_t prq_interrupt(int irq, void *dev_id)
{
	struct intel_iommu *iommu = dev_id;
	struct intel_prq *prq = iommu->prq;

	if (READ_ONCE(prq->serving)) {
		queue_work(prq->queue, &prq->take);
	} else {
		WRITE_ONCE(prq->raised, true);
		wake_up_process(prq->thread);
	}
	return IRQ_HANDLED;
}

/*
 * Draining.
 */

/*
 * Have the device's requests arrive that it sent until now, and our answers at
 * the device: its answer to an invalidation pushes the former and the invalidation
 * the latter.  (VT-d 7.10)
 */
static void prq_push(struct intel_iommu *iommu, struct device_domain_info *info,
		     u16 rid, u32 pasid)
{
	struct qi_desc desc = {};

	if (pasid == IOMMU_NO_PASID)
		qi_desc_dev_iotlb(rid, info->pfsid, info->ats_qdep, 0,
				  MAX_AGAW_PFN_WIDTH, &desc);
	else
		qi_desc_dev_iotlb_pasid(rid, info->pfsid, pasid, info->ats_qdep,
					0, MAX_AGAW_PFN_WIDTH, &desc);
	qi_submit_sync(iommu, &desc, 1, QI_OPT_WAIT_DRAIN);
}

/* Until a round finds none of its requests; one may be behind what was answered. */
static void prq_drain_rounds(struct intel_prq *prq,
			     struct device_domain_info *info,
			     struct prq_drain *drain)
{
	struct intel_iommu *iommu = prq->iommu;
	unsigned int i = 0;

	lockdep_assert_held(&iommu->iopf_lock);

	do {
		drain->again = false;
		mutex_unlock(&iommu->iopf_lock);
		prq_responses_flush(&prq->responses);
		prq_push(iommu, info, drain->rid, drain->pasid);
		mutex_lock(&iommu->iopf_lock);
		prq_take_pending(prq, false, NULL);
	} while (drain->again && ++i < PRQ_DRAINS);
}

/**
 * intel_iommu_drain_pasid_prq() - no page request of a PASID is anywhere any more
 * @dev: the device, which works for the PASID no longer
 * @pasid: its entry is cleared and no longer cached
 *
 * What is in the queue of it is answered, and what its handler answered before
 * has arrived at the device.  What others ask for is not waited for.  May sleep;
 * waits for the invalidation queue a few times, and for requests being taken.
 */
void intel_iommu_drain_pasid_prq(struct device *dev, u32 pasid)
{
	struct device_domain_info *info = dev_iommu_priv_get(dev);
	struct intel_iommu *iommu = info->iommu;
	struct intel_prq *prq = iommu->prq;
	struct prq_drain drain = {
		.rid = PCI_DEVID(info->bus, info->devfn),
		.pasid = pasid,
	};

	KUNIT_STATIC_STUB_REDIRECT(intel_iommu_drain_pasid_prq, dev, pasid);
	if (!info->pri_enabled || !prq)
		return;

	mutex_lock(&iommu->iopf_lock);
	list_add(&drain.node, &prq->drains);
	prq_drain_rounds(prq, info, &drain);
	list_del(&drain.node);
	prq_groups_drop(&prq->groups, drain.rid, pasid);
	mutex_unlock(&iommu->iopf_lock);

	prq_responses_submit(&prq->responses);
	if (drain.again)
		dev_err_ratelimited(dev, "goes on asking for pages, PASID %u\n",
				    pasid);
}
EXPORT_SYMBOL_IF_KUNIT(intel_iommu_drain_pasid_prq);

/*
 * Set-up.
 */

static struct intel_prq *prq_alloc(struct intel_iommu *iommu)
{
	struct intel_prq *prq = kzalloc(sizeof(*prq), GFP_KERNEL);

	if (!prq)
		return NULL;

	snprintf(prq->name, sizeof(prq->name), "dmar%d-prq", iommu->seq_id);
	prq->ring = iommu_alloc_pages_node(iommu->node, GFP_KERNEL, PRQ_ORDER);
	if (!prq->ring)
		goto err_free;
	/* With a rescuer: a device may wait for memory to be written. */
	prq->queue = alloc_workqueue("%s", WQ_MEM_RECLAIM, 1, prq->name);
	if (!prq->queue)
		goto err_free_ring;
	prq->thread = kthread_create_on_node(prq_thread, prq, iommu->node, "%s",
					     prq->name);
	if (IS_ERR(prq->thread))
		goto err_destroy_queue;
	prq->iommu = iommu;
	prq_groups_init(&prq->groups);
	INIT_LIST_HEAD(&prq->drains);
	prq_responses_init(&prq->responses, iommu);
	INIT_WORK(&prq->take, prq_take_work);
	wake_up_process(prq->thread);
	return prq;

err_destroy_queue:
	destroy_workqueue(prq->queue);
err_free_ring:
	iommu_free_pages(prq->ring, PRQ_ORDER);
err_free:
	kfree(prq);
	return NULL;
}

/* Its interrupt is gone. */
static void prq_free(struct intel_prq *prq)
{
	kthread_stop(prq->thread);
	destroy_workqueue(prq->queue);
	prq_responses_exit(&prq->responses);
	prq_groups_drop_all(&prq->groups);
	iommu_free_pages(prq->ring, PRQ_ORDER);
	kfree(prq);
}

/* An empty queue at @base, or none. */
static void prq_write_registers(struct intel_iommu *iommu, u64 base)
{
	dmar_writeq(iommu->reg + DMAR_PQH_REG, 0);
	dmar_writeq(iommu->reg + DMAR_PQT_REG, 0);
	dmar_writeq(iommu->reg + DMAR_PQA_REG, base);
	writel(DMA_PRS_PPR | DMA_PRS_PRO, iommu->reg + DMAR_PRS_REG);
}

static int prq_request_irq(struct intel_iommu *iommu)
{
	int irq = dmar_alloc_hwirq(IOMMU_IRQ_ID_OFFSET_PRQ + iommu->seq_id,
				   iommu->node, iommu);
	int ret;

	if (irq <= 0)
		return -EINVAL;
	/* The interrupt chip looks for its registers by that. */
	iommu->pr_irq = irq;
	ret = request_irq(irq, prq_interrupt, 0, iommu->prq->name, iommu);
	if (ret) {
		dmar_free_hwirq(irq);
		iommu->pr_irq = 0;
	}
	return ret;
}

/**
 * intel_iommu_enable_prq() - give an IOMMU its page request queue
 * @iommu: one that can have page requests, and has none yet
 *
 * Does nothing on a kernel where nobody can handle page requests.  Sleeps.
 *
 * Return: 0, or -ENOMEM, or -EINVAL: no interrupt.
 */
int intel_iommu_enable_prq(struct intel_iommu *iommu)
{
	struct iopf_queue *queue;
	struct intel_prq *prq;
	int ret = -ENOMEM;

	if (!IS_ENABLED(CONFIG_IOMMU_IOPF))
		return 0;
	prq = prq_alloc(iommu);
	if (!prq)
		goto err;
	queue = iopf_queue_alloc(prq->name);
	if (!queue)
		goto err_free;

	iommu->prq = prq;
	iommu->iopf_queue = queue;
	prq_write_registers(iommu, virt_to_phys(prq->ring) | PRQ_ORDER);
	ret = prq_request_irq(iommu);
	if (!ret)
		return 0;

	prq_write_registers(iommu, 0);
	iommu->iopf_queue = NULL;
	iommu->prq = NULL;
	iopf_queue_free(queue);
err_free:
	prq_free(prq);
err:
	pr_err("%s: no page request queue (%d)\n", iommu->name, ret);
	return ret;
}

/*
 * No device asks any more, and all that asked were answered.  Of those a fault may
 * still be asleep for as long as a file system likes: it keeps the thread.
 */
static void prq_finish_serving(struct intel_prq *prq)
{
	bool serving;

	if (read_poll_timeout(READ_ONCE, serving, !serving, PRQ_FAULT_POLL_US,
			      PRQ_FAULT_TIMEOUT_US, false, prq->serving))
		pr_err("%s: a page fault does not end\n", prq->iommu->name);
	else
		prq_free(prq);
}

/**
 * intel_iommu_finish_prq() - take an IOMMU's page request queue away
 * @iommu: no device behind it can send page requests; it may have no queue
 *
 * Sleeps.
 *
 * Return: 0.
 */
int intel_iommu_finish_prq(struct intel_iommu *iommu)
{
	struct intel_prq *prq = iommu->prq;

	if (!prq)
		return 0;

	prq_write_registers(iommu, 0);
	free_irq(iommu->pr_irq, iommu);
	dmar_free_hwirq(iommu->pr_irq);
	iommu->pr_irq = 0;
	prq_finish_serving(prq);
	iopf_queue_free(iommu->iopf_queue);
	iommu->iopf_queue = NULL;
	iommu->prq = NULL;
	return 0;
}

static void __iomem *prq_event_reg(struct intel_iommu *iommu, unsigned int i)
{
	return iommu->reg + DMAR_PECTL_REG + i * sizeof(u32);
}

/**
 * intel_iommu_suspend_prq() - keep what an IOMMU forgets when the machine sleeps
 * @iommu: no device behind it sends page requests; it may have no queue
 *
 * On one CPU, with interrupts off.
 */
void intel_iommu_suspend_prq(struct intel_iommu *iommu)
{
	struct intel_prq *prq = iommu->prq;
	unsigned int i;

	for (i = 0; prq && i < PRQ_EVENT_REGS; i++)
		prq->event[i] = readl(prq_event_reg(iommu, i));
}

/**
 * intel_iommu_resume_prq() - undo intel_iommu_suspend_prq(), with an empty queue
 * @iommu: the same, translating again
 *
 * On one CPU, with interrupts off, so that nobody takes requests.
 */
void intel_iommu_resume_prq(struct intel_iommu *iommu)
{
	struct intel_prq *prq = iommu->prq;
	unsigned int i = PRQ_EVENT_REGS;

	if (!prq)
		return;

	prq->head = 0;
	prq_write_registers(iommu, virt_to_phys(prq->ring) | PRQ_ORDER);
	/* PECTL, which unmasks it, comes last. */
	while (i--)
		writel(prq->event[i], prq_event_reg(iommu, i));
}
