// SPDX-License-Identifier: GPL-2.0
/*
 * Answers to page requests, submitted as many at a time as there are.
 *
 * A submission waits for the hardware.  Who wants to answer meanwhile leaves the
 * answer here and goes, and all that have gathered are the next submission, with one
 * wait for all of them.
 *
 * Touches the invalidation queue only.
 */
#define pr_fmt(fmt)	"DMAR: " fmt

#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/jiffies.h>

#include "prq-response.h"

/* Answers to be submitted by somebody else, who waits for the hardware alone. */
#define PRQ_FLUSH_TIMEOUT	(2 * HZ)

/* Returns when the hardware has executed them. */
VISIBLE_IF_KUNIT
void prq_responses_execute(struct prq_responses *resp, struct qi_desc *descs,
			   unsigned int count)
{
	KUNIT_STATIC_STUB_REDIRECT(prq_responses_execute, resp, descs, count);
	qi_submit_sync(resp->iommu, descs, count, 0);
}
EXPORT_SYMBOL_IF_KUNIT(prq_responses_execute);

static void prq_responses_work(struct work_struct *work)
{
	prq_responses_submit(container_of(work, struct prq_responses, work));
}

/**
 * prq_responses_init() - there is no answer
 * @resp: overwritten
 * @iommu: whose invalidation queue takes the answers
 *
 * Any context.
 */
void prq_responses_init(struct prq_responses *resp, struct intel_iommu *iommu)
{
	*resp = (struct prq_responses) { .iommu = iommu };
	spin_lock_init(&resp->lock);
	init_waitqueue_head(&resp->submitted);
	INIT_WORK(&resp->work, prq_responses_work);
}
EXPORT_SYMBOL_IF_KUNIT(prq_responses_init);

/**
 * prq_responses_exit() - nobody touches @resp any more
 * @resp: the answers, to which none is added
 *
 * Sleeps.
 */
void prq_responses_exit(struct prq_responses *resp)
{
	cancel_work_sync(&resp->work);
}

/**
 * prq_responses_add() - leave an answer, to be submitted with others
 * @resp: the answers
 * @desc: the answer; the caller has prq_responses_submit() follow
 *
 * If too many wait already it is submitted at once, by itself.  Does not sleep; may
 * spin for the hardware.
 */
void prq_responses_add(struct prq_responses *resp, const struct qi_desc *desc)
{
	struct qi_desc alone = *desc;
	bool full;

	spin_lock(&resp->lock);
	full = resp->count == PRQ_RESPONSES;
	if (!full) {
		resp->descs[resp->filling][resp->count++] = *desc;
		resp->added++;
	}
	spin_unlock(&resp->lock);
	if (full)
		prq_responses_execute(resp, &alone, 1);
}
EXPORT_SYMBOL_IF_KUNIT(prq_responses_add);

/* Take those that wait; the next ones gather elsewhere.  Returns how many. */
static unsigned int prq_responses_take(struct prq_responses *resp,
				       struct qi_desc **batch)
{
	unsigned int count = resp->count;

	lockdep_assert_held(&resp->lock);
	*batch = resp->descs[resp->filling];
	resp->filling = !resp->filling;
	resp->count = 0;
	return count;
}

/**
 * prq_responses_submit() - have the answers executed that wait, unless another does
 * @resp: the answers
 *
 * After what there was and what came meanwhile, a worker goes on: nobody spins for
 * others without an end.  Does not sleep; spins for the hardware.
 */
void prq_responses_submit(struct prq_responses *resp)
{
	unsigned int count, round;
	struct qi_desc *batch;

	if (!READ_ONCE(resp->count))
		return;
	spin_lock(&resp->lock);
	if (resp->busy) {
		spin_unlock(&resp->lock);
		return;
	}
	for (round = 0; resp->count && round < 2; round++) {
		resp->busy = true;
		count = prq_responses_take(resp, &batch);
		spin_unlock(&resp->lock);
		prq_responses_execute(resp, batch, count);
		spin_lock(&resp->lock);
		resp->done += count;
	}
	resp->busy = false;
	if (resp->count)
		queue_work(system_highpri_wq, &resp->work);
	spin_unlock(&resp->lock);
	if (round && wq_has_sleeper(&resp->submitted))
		wake_up_all(&resp->submitted);
}
EXPORT_SYMBOL_IF_KUNIT(prq_responses_submit);

static bool prq_responses_done(struct prq_responses *resp, u32 target)
{
	return (s32)(READ_ONCE(resp->done) - target) >= 0;
}

/**
 * prq_responses_flush() - wait until the hardware has executed what answers there are
 * @resp: the answers
 *
 * May sleep, in an exit as well; the wait has a bound.
 */
void prq_responses_flush(struct prq_responses *resp)
{
	u32 target = READ_ONCE(resp->added);

	if (prq_responses_done(resp, target))
		return;
	prq_responses_submit(resp);
	if (!wait_event_idle_timeout(resp->submitted,
				     prq_responses_done(resp, target),
				     PRQ_FLUSH_TIMEOUT))
		pr_err_ratelimited("%s: page responses are not taken\n",
				   resp->iommu->name);
}
EXPORT_SYMBOL_IF_KUNIT(prq_responses_flush);
