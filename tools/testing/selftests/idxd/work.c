// SPDX-License-Identifier: GPL-2.0
/*
 * Work that keeps a device busy for a chosen time.  Each descriptor is a batch
 * of memory moves from one buffer to the other.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "proc.h"
#include "work.h"

#define POISON		0x5a
#define TRIALS		8
#define TRIAL_MS	2000

struct work *work_alloc(void)
{
	struct work *work = proc_shared(sizeof(*work));

	for (size_t i = 0; i < sizeof(work->src); i++)
		work->src[i] = i * 31 + (i >> 12);
	return work;
}

/* Device time for one chunk: the best of some, others may disturb us. */
static int measure(struct work *work, struct portal *portal, uint64_t *ns)
{
	*ns = UINT64_MAX;
	for (int i = 0; i < TRIALS; i++) {
		uint64_t took, start = proc_now();
		int status;

		desc_memmove(&work->trial, work->dst, work->src, work->chunk);
		if (portal_submit(portal, &work->trial.hw) < 0)
			return -ETIMEDOUT;
		status = desc_wait(&work->trial.record, TRIAL_MS);
		if (status != DSA_COMP_SUCCESS)
			return status < 0 ? status : -EIO;
		took = proc_now() - start;
		if (took < *ns)
			*ns = took;
	}
	return 0;
}

static uint32_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int work_prepare(struct work *work, struct portal *portal, unsigned int each_ms)
{
	uint64_t ns, wanted = each_ms * NSEC_PER_MSEC;
	struct desc member;
	int ret;

	/* The device shall find every page present, and writable. */
	if (madvise(work, sizeof(*work), MADV_POPULATE_WRITE))
		return -errno;
	work->chunk = smaller(WORK_CHUNK, portal->queue->max_transfer);
	ret = measure(work, portal, &ns);
	if (ret)
		return ret;
	work->batch = smaller(wanted / ns + 1,
			      smaller(WORK_MEMBERS, portal->queue->max_batch));
	if (work->batch < 2)
		work->batch = 2;
	work->each_ns = ns * work->batch;
	desc_memmove(&member, work->dst, work->src, work->chunk);
	member.hw.flags = 0;
	member.hw.completion_addr = 0;
	for (unsigned int i = 0; i < work->batch; i++)
		work->members[i] = member.hw;
	for (unsigned int i = 0; i < WORK_MAX; i++)
		desc_batch(&work->descs[i], work->members, work->batch);
	memset(work->dst, 0, sizeof(work->dst));
	return 0;
}

void work_submit(struct work *work, struct portal *portal, unsigned int count)
{
	while (work->submitted < count && work->submitted < WORK_MAX) {
		if (!portal_submit_once(portal, &work->descs[work->submitted].hw)) {
			work->refused = true;
			return;
		}
		work->submitted++;
	}
}

unsigned int work_in_flight(const struct work *work)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < work->submitted; i++)
		count += !work->descs[i].record.status;
	return count;
}

unsigned int work_failed(const struct work *work)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < work->submitted; i++)
		count += work->descs[i].record.status > DSA_COMP_SUCCESS;
	return count;
}

bool work_complete(const struct work *work)
{
	return !memcmp(work->src, work->dst, work->chunk);
}

uint64_t work_total_ns(const struct work *work)
{
	return work->each_ns * work->submitted;
}

static bool poisoned(const struct work *work)
{
	for (unsigned int i = 0; i < WORK_MAX; i++)
		if (work->descs[i].record.status)
			return false;
	return work->dst[0] == POISON &&
	       !memcmp(work->dst, work->dst + 1, sizeof(work->dst) - 1);
}

bool work_stays_quiet(struct work *work)
{
	uint64_t deadline = proc_now() + 2 * work_total_ns(work);

	memset(work->dst, POISON, sizeof(work->dst));
	for (unsigned int i = 0; i < WORK_MAX; i++)
		work->descs[i].record.status = 0;
	while (poisoned(work)) {
		if (proc_now() > deadline)
			return true;
		proc_nap();
	}
	return false;
}
