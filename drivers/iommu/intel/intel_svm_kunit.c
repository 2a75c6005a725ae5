// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what shared virtual memory on VT-d does without an IOMMU: which
 * blocks a range is invalidated by, what a page request says, how requests become
 * groups, and how answers are submitted together.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/prandom.h>

#include "inval-range.h"
#include "prq-response.h"
#include "prq.h"

/*
 * Ranges.
 */

static bool block_holds(const struct inval_block *block, u64 page)
{
	return page >> block->order ==
	       block->addr >> VTD_PAGE_SHIFT >> block->order;
}

/* All of the range is covered, by aligned blocks that are not too large. */
static void check_range(struct kunit *test, u64 first, u64 last)
{
	u64 pages = last - first + 1, middle, covered;
	struct inval_block blocks[INVAL_MAX_BLOCKS];
	unsigned int i, n;

	n = inval_blocks(first << VTD_PAGE_SHIFT,
			 (last << VTD_PAGE_SHIFT) + VTD_PAGE_SIZE - 1, blocks);
	for (i = 0, covered = 0; i < n; i++) {
		covered += BIT_ULL(blocks[i].order);
		KUNIT_ASSERT_TRUE(test, IS_ALIGNED(blocks[i].addr, VTD_PAGE_SIZE
						   << blocks[i].order));
	}
	KUNIT_ASSERT_TRUE(test, block_holds(&blocks[0], first));
	KUNIT_ASSERT_TRUE(test, block_holds(&blocks[n - 1], last));
	if (n == 1) {
		KUNIT_ASSERT_LE(test, covered, 4 * roundup_pow_of_two(pages));
		return;
	}

	KUNIT_ASSERT_EQ(test, n, 2);
	KUNIT_ASSERT_LT(test, covered, 2 * pages);
	/* The one begins where the other ends. */
	middle = blocks[1].addr >> VTD_PAGE_SHIFT;
	KUNIT_ASSERT_TRUE(test, block_holds(&blocks[0], middle - 1));
}

static void range_of_every_size_and_place(struct kunit *test)
{
	u64 first, last;

	for (first = 0; first < 130; first++) {
		for (last = first; last < first + 130; last++)
			check_range(test, first, last);
	}
}

static void range_anywhere(struct kunit *test)
{
	struct rnd_state rnd;
	u64 first, pages;
	int i;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < 10000; i++) {
		pages = BIT_ULL(prandom_u32_state(&rnd) % 40);
		pages += prandom_u32_state(&rnd) % pages;
		first = (u64)prandom_u32_state(&rnd) << 13 ^
			prandom_u32_state(&rnd);
		check_range(test, first, first + pages - 1);
	}
}

/* @n blocks, the first of which is @addr and @order. */
static void expect_blocks(struct kunit *test, u64 start, u64 end, unsigned int n,
			  u64 addr, unsigned int order)
{
	struct inval_block blocks[INVAL_MAX_BLOCKS];

	KUNIT_EXPECT_EQ(test, n, inval_blocks(start, end, blocks));
	KUNIT_EXPECT_EQ(test, addr, blocks[0].addr);
	KUNIT_EXPECT_EQ(test, order, blocks[0].order);
}

static void range_worked_out_by_hand(struct kunit *test)
{
	/* a page, by any of its addresses */
	expect_blocks(test, 0x7000, 0x7fff, 1, 0x7000, 0);
	expect_blocks(test, 0x7abc, 0x7abc, 1, 0x7000, 0);
	/* two pages: aligned; across 8 KiB; across 16 KiB and more: divided */
	expect_blocks(test, 0x6000, 0x7fff, 1, 0x6000, 1);
	expect_blocks(test, 0x5000, 0x6fff, 1, 0x4000, 2);
	expect_blocks(test, 0x3000, 0x4fff, 2, 0x3000, 0);
	expect_blocks(test, SZ_1G - 0x1000, SZ_1G + 0xfff, 2, SZ_1G - 0x1000, 0);
	/* a huge page, and a gigantic one that is not where it should be */
	expect_blocks(test, SZ_2M, 2 * SZ_2M - 1, 1, SZ_2M, 9);
	expect_blocks(test, SZ_1G + 0x1000, 2ULL * SZ_1G + 0xfff, 2, SZ_1G, 18);
	expect_blocks(test, SZ_1G, 2ULL * SZ_1G - 1, 1, SZ_1G, 18);
	/* all */
	expect_blocks(test, 0, ~0ULL, 1, 0, MAX_AGAW_PFN_WIDTH);
}

static struct kunit_case range_cases[] = {
	KUNIT_CASE(range_worked_out_by_hand),
	KUNIT_CASE(range_of_every_size_and_place),
	KUNIT_CASE(range_anywhere),
	{}
};

static struct kunit_suite range_suite = {
	.name = "intel_inval_range",
	.test_cases = range_cases,
};

/*
 * Requests.
 */

#define RID	0x0820

static const struct page_req_dsc some_request = {
	.qw = {
		/* RID, with PASID, EXEC and PRIV */
		0x003abcde08200101ULL,
		/* address, index 0x1a5, last, write, read */
		0x00007fff12345d2fULL,
	},
};

static void decode_every_field(struct kunit *test)
{
	struct prq_request req;

	KUNIT_ASSERT_EQ(test, PRQ_LAST, prq_decode(&some_request, &req));
	KUNIT_EXPECT_EQ(test, RID, req.rid);
	KUNIT_EXPECT_EQ(test, 0xabcde, req.prm.pasid);
	KUNIT_EXPECT_EQ(test, 0x1a5, req.prm.grpid);
	KUNIT_EXPECT_EQ(test, 0x00007fff12345000ULL, req.prm.addr);
	KUNIT_EXPECT_EQ(test, req.prm.perm,
			IOMMU_FAULT_PERM_READ | IOMMU_FAULT_PERM_WRITE |
			IOMMU_FAULT_PERM_EXEC | IOMMU_FAULT_PERM_PRIV);
	KUNIT_EXPECT_EQ(test, req.prm.flags,
			IOMMU_FAULT_PAGE_REQUEST_PASID_VALID |
			IOMMU_FAULT_PAGE_RESPONSE_NEEDS_PASID |
			IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE);
}

static void decode_without_pasid(struct kunit *test)
{
	struct page_req_dsc dsc = some_request;
	struct prq_request req;

	dsc.qw[0] &= ~PRQ_QW0_PASID_PRESENT;
	KUNIT_ASSERT_EQ(test, PRQ_LAST, prq_decode(&dsc, &req));
	KUNIT_EXPECT_EQ(test, IOMMU_NO_PASID, req.prm.pasid);
	KUNIT_EXPECT_EQ(test, IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE, req.prm.flags);
}

static void decode_kinds(struct kunit *test)
{
	static const struct {
		u64 flags;
		enum prq_kind kind;
	} cases[] = {
		{ 0, PRQ_PARTIAL },
		{ PRQ_QW1_READ, PRQ_PARTIAL },
		{ PRQ_QW1_WRITE, PRQ_PARTIAL },
		{ PRQ_QW1_LAST, PRQ_STOP },
		{ PRQ_QW1_LAST | PRQ_QW1_READ, PRQ_LAST },
		{ PRQ_QW1_LAST | PRQ_QW1_WRITE, PRQ_LAST },
	};
	struct page_req_dsc dsc = some_request;
	struct prq_request req;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		dsc.qw[1] = (some_request.qw[1] & ~7ULL) | cases[i].flags;
		KUNIT_EXPECT_EQ(test, cases[i].kind, prq_decode(&dsc, &req));
	}
	/* A stop marker names a PASID: this one wants an answer. */
	dsc.qw[0] &= ~PRQ_QW0_PASID_PRESENT;
	dsc.qw[1] = PRQ_QW1_LAST;
	KUNIT_EXPECT_EQ(test, PRQ_LAST, prq_decode(&dsc, &req));
	dsc.qw[0] ^= 3;
	KUNIT_EXPECT_EQ(test, PRQ_UNKNOWN, prq_decode(&dsc, &req));
}

/*
 * Groups.
 */

static struct prq_request request(u16 rid, u32 pasid, u32 grpid, u64 page)
{
	struct prq_request req = {
		.rid = rid,
		.prm = {
			.flags = IOMMU_FAULT_PAGE_REQUEST_PASID_VALID,
			.pasid = pasid,
			.grpid = grpid,
			.addr = page << VTD_PAGE_SHIFT,
			.perm = IOMMU_FAULT_PERM_READ,
		},
	};

	return req;
}

static void add(struct kunit *test, u16 rid, u32 pasid, u32 grpid, u64 page)
{
	struct prq_groups *groups = test->priv;
	struct prq_request req = request(rid, pasid, grpid, page);

	KUNIT_ASSERT_TRUE(test, prq_groups_add(groups, &req));
}

/* The group's last request is for @page; it has those for @from to @page. */
static void finish(struct kunit *test, u16 rid, u32 pasid, u32 grpid, u64 from,
		   u64 page)
{
	struct prq_request req = request(rid, pasid, grpid, page);
	struct iopf_group *group;
	struct iopf_fault *iopf;

	req.prm.flags |= IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE;
	group = prq_groups_complete(test->priv, &req);
	KUNIT_ASSERT_NOT_NULL(test, group);
	list_for_each_entry(iopf, &group->faults, list) {
		KUNIT_EXPECT_EQ(test, IOMMU_FAULT_PAGE_REQ, iopf->fault.type);
		KUNIT_EXPECT_EQ(test, pasid, iopf->fault.prm.pasid);
		KUNIT_EXPECT_EQ(test, grpid, iopf->fault.prm.grpid);
		KUNIT_EXPECT_EQ(test, from << VTD_PAGE_SHIFT,
				iopf->fault.prm.addr);
		KUNIT_EXPECT_EQ(test, iopf == &group->last_fault, from == page);
		from++;
	}
	KUNIT_EXPECT_EQ(test, from, page + 1);
	prq_group_free(group);
}

static void expect_left(struct kunit *test, unsigned int count)
{
	struct prq_groups *groups = test->priv;

	KUNIT_EXPECT_EQ(test, count, groups->count);
	KUNIT_EXPECT_EQ(test, count, list_count_nodes(&groups->partial));
}

static void group_of_one(struct kunit *test)
{
	finish(test, RID, 1, 0, 100, 100);
	expect_left(test, 0);
}

static void group_keeps_its_order(struct kunit *test)
{
	u64 page;

	for (page = 100; page < 115; page++)
		add(test, RID, 1, 7, page);
	finish(test, RID, 1, 7, 100, 115);
	expect_left(test, 0);
}

/* Index, PASID and requester: groups that share two of them are not one. */
static void groups_do_not_mix(struct kunit *test)
{
	add(test, RID, 1, 7, 100);
	add(test, RID, 1, 8, 200);
	add(test, RID, 2, 7, 300);
	add(test, RID + 1, 1, 7, 400);
	add(test, RID, 1, 7, 101);
	finish(test, RID, 2, 7, 300, 301);
	finish(test, RID, 1, 7, 100, 102);
	expect_left(test, 2);
	finish(test, RID, 1, 8, 200, 201);
	finish(test, RID + 1, 1, 7, 400, 401);
	expect_left(test, 0);
}

/* No more of a PASID: its rest goes, others' stay. */
static void stop_drops_one_pasid(struct kunit *test)
{
	add(test, RID, 1, 7, 100);
	add(test, RID, 2, 7, 300);
	add(test, RID, 1, 8, 200);
	add(test, RID + 1, 1, 7, 400);
	prq_groups_drop(test->priv, RID, 1);
	expect_left(test, 2);
	/* The index is used anew, by a group that has nothing of the old one. */
	finish(test, RID, 1, 7, 500, 500);
	finish(test, RID, 2, 7, 300, 301);
	finish(test, RID + 1, 1, 7, 400, 401);
}

/* What is behind an overflow is answered, without what was in front of it. */
static void overflow_drops_all(struct kunit *test)
{
	add(test, RID, 1, 7, 100);
	add(test, RID, 2, 7, 300);
	prq_groups_drop_all(test->priv);
	expect_left(test, 0);
	add(test, RID, 1, 7, 102);
	finish(test, RID, 1, 7, 102, 103);
	finish(test, RID, 2, 7, 301, 301);
}

/* A device that never sends a last request takes a bounded amount of memory. */
static void partial_requests_are_bounded(struct kunit *test)
{
	struct prq_request req = request(RID, 1, 7, 0);
	int i;

	for (i = 0; i < PRQ_MAX_PARTIAL; i++)
		add(test, RID, 1, 7, i);
	KUNIT_EXPECT_FALSE(test, prq_groups_add(test->priv, &req));
	expect_left(test, PRQ_MAX_PARTIAL);
	finish(test, RID, 1, 7, 0, PRQ_MAX_PARTIAL);
	expect_left(test, 0);
	add(test, RID, 1, 7, 0);
}

static int groups_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct prq_groups), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	prq_groups_init(test->priv);
	return 0;
}

static void groups_exit(struct kunit *test)
{
	prq_groups_drop_all(test->priv);
}

static struct kunit_case prq_cases[] = {
	KUNIT_CASE(decode_every_field),
	KUNIT_CASE(decode_without_pasid),
	KUNIT_CASE(decode_kinds),
	KUNIT_CASE(group_of_one),
	KUNIT_CASE(group_keeps_its_order),
	KUNIT_CASE(groups_do_not_mix),
	KUNIT_CASE(stop_drops_one_pasid),
	KUNIT_CASE(overflow_drops_all),
	KUNIT_CASE(partial_requests_are_bounded),
	{}
};

static struct kunit_suite prq_suite = {
	.name = "intel_prq",
	.init = groups_init,
	.exit = groups_exit,
	.test_cases = prq_cases,
};

/*
 * Answers.
 */

#define MAX_BATCHES	8

/**
 * struct answers - what answers have become
 * @resp: they
 * @iommu: would execute them
 * @meanwhile: so many more come while the first ones are being executed, then while
 *	the next ones are, and so on
 * @batches: submissions, each of which waits once
 * @size: of each
 * @executed: answers, in the order in which they came
 * @left: how often the rest was left to a worker
 */
struct answers {
	struct prq_responses resp;
	struct intel_iommu iommu;
	unsigned int meanwhile[MAX_BATCHES];
	unsigned int batches;
	unsigned int size[MAX_BATCHES];
	u64 executed;
	unsigned int left;
};

/* Each answer says which it is. */
static void answer(struct answers *answers, u64 which)
{
	struct qi_desc desc = { .qw0 = which };

	prq_responses_add(&answers->resp, &desc);
	prq_responses_submit(&answers->resp);
}

/* In place of the IOMMU, which takes its time. */
static void execute(struct prq_responses *resp, struct qi_desc *descs,
		    unsigned int count)
{
	struct kunit *test = kunit_get_current_test();
	struct answers *answers = test->priv;
	unsigned int i, batch = answers->batches++;

	KUNIT_ASSERT_LT(test, batch, MAX_BATCHES);
	answers->size[batch] = count;
	for (i = 0; i < answers->meanwhile[batch]; i++)
		answer(answers, answers->executed + count + i);
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_EQ(test, answers->executed + i, descs[i].qw0);
	answers->executed += count;
}

/* The test does what it would have done. */
static void answers_left(struct work_struct *work)
{
	container_of(work, struct answers, resp.work)->left++;
}

static void answered_at_once(struct kunit *test)
{
	struct answers *answers = test->priv;

	answer(answers, 0);
	KUNIT_EXPECT_EQ(test, 1, answers->executed);
	answer(answers, 1);
	KUNIT_EXPECT_EQ(test, 2, answers->executed);
	KUNIT_EXPECT_EQ(test, 2, answers->batches);
}

/* Who comes while the IOMMU is at work shares the next submission, and its wait. */
static void answered_together(struct kunit *test)
{
	struct answers *answers = test->priv;

	answers->meanwhile[0] = PRQ_RESPONSES;
	answer(answers, 0);
	KUNIT_EXPECT_EQ(test, 1 + PRQ_RESPONSES, answers->executed);
	KUNIT_EXPECT_EQ(test, 2, answers->batches);
	KUNIT_EXPECT_EQ(test, 1, answers->size[0]);
	KUNIT_EXPECT_EQ(test, PRQ_RESPONSES, answers->size[1]);
}

/* Who answers does not go on for ever with others' answers; none is forgotten. */
static void answered_by_a_worker(struct kunit *test)
{
	struct answers *answers = test->priv;

	answers->meanwhile[0] = 2;
	answers->meanwhile[1] = 3;
	answer(answers, 0);
	flush_work(&answers->resp.work);
	KUNIT_EXPECT_EQ(test, 3, answers->executed);
	KUNIT_EXPECT_EQ(test, 1, answers->left);
	prq_responses_submit(&answers->resp);
	KUNIT_EXPECT_EQ(test, 6, answers->executed);
	KUNIT_EXPECT_EQ(test, 3, answers->batches);
}

/* There is room for a number of them; one more is not lost, nor are those. */
static void answered_without_room(struct kunit *test)
{
	struct answers *answers = test->priv;
	struct qi_desc desc = {};
	unsigned int i;

	for (i = 0; i < PRQ_RESPONSES; i++) {
		desc.qw0 = i + 1;
		prq_responses_add(&answers->resp, &desc);
	}
	desc.qw0 = 0;
	prq_responses_add(&answers->resp, &desc);
	KUNIT_EXPECT_EQ(test, 1, answers->executed);
	prq_responses_submit(&answers->resp);
	KUNIT_EXPECT_EQ(test, 1 + PRQ_RESPONSES, answers->executed);
	KUNIT_EXPECT_EQ(test, 2, answers->batches);
}

/* Who has to know that the device has its answers need not have submitted them. */
static void answers_flushed(struct kunit *test)
{
	struct answers *answers = test->priv;
	struct qi_desc desc = {};

	prq_responses_flush(&answers->resp);
	KUNIT_EXPECT_EQ(test, 0, answers->batches);
	prq_responses_add(&answers->resp, &desc);
	prq_responses_flush(&answers->resp);
	KUNIT_EXPECT_EQ(test, 1, answers->executed);
	prq_responses_flush(&answers->resp);
	KUNIT_EXPECT_EQ(test, 1, answers->batches);
}

static int answers_init(struct kunit *test)
{
	struct answers *answers = kunit_kzalloc(test, sizeof(*answers), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, answers);
	prq_responses_init(&answers->resp, &answers->iommu);
	INIT_WORK(&answers->resp.work, answers_left);
	test->priv = answers;
	kunit_activate_static_stub(test, prq_responses_execute, execute);
	return 0;
}

static struct kunit_case answer_cases[] = {
	KUNIT_CASE(answered_at_once),
	KUNIT_CASE(answered_together),
	KUNIT_CASE(answered_by_a_worker),
	KUNIT_CASE(answered_without_room),
	KUNIT_CASE(answers_flushed),
	{}
};

static struct kunit_suite answer_suite = {
	.name = "intel_prq_responses",
	.init = answers_init,
	.test_cases = answer_cases,
};

kunit_test_suites(&range_suite, &prq_suite, &answer_suite);

MODULE_DESCRIPTION("KUnit tests of shared virtual memory on VT-d");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_LICENSE("GPL");
