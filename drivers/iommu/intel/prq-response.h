/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Answers to page requests on their way to the invalidation queue: prq-response.c.
 */
#ifndef _INTEL_PRQ_RESPONSE_H
#define _INTEL_PRQ_RESPONSE_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "iommu.h"

/* Answers that wait while others are being submitted. */
#define PRQ_RESPONSES	16

/**
 * struct prq_responses - answers on their way to the invalidation queue
 * @iommu: whose queue that is
 * @lock: guards all below
 * @busy: somebody submits
 * @count: those that wait
 * @added: how many there were ever; wraps
 * @done: how many of them the hardware has executed; wraps
 * @filling: those that wait are @descs[@filling], those being submitted the other
 * @descs: the answers
 * @submitted: @done has changed
 * @work: submits, for one who has done enough for others
 */
struct prq_responses {
	struct intel_iommu *iommu;
	spinlock_t lock;	/* all below */
	bool busy;
	unsigned int count;
	u32 added;
	u32 done;
	unsigned int filling;
	struct qi_desc descs[2][PRQ_RESPONSES];
	wait_queue_head_t submitted;
	struct work_struct work;
};

void prq_responses_init(struct prq_responses *resp, struct intel_iommu *iommu);
void prq_responses_exit(struct prq_responses *resp);
void prq_responses_add(struct prq_responses *resp, const struct qi_desc *desc);
void prq_responses_submit(struct prq_responses *resp);
void prq_responses_flush(struct prq_responses *resp);

#if IS_ENABLED(CONFIG_KUNIT)
void prq_responses_execute(struct prq_responses *resp, struct qi_desc *descs,
			   unsigned int count);
#endif

#endif
