// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test of isolation: when a function that does not answer reaches no memory any
 * more, whom it takes along, and that it gets everything back.  The IOMMU's tables and
 * registers are memory of the test's, flushes are replaced.  Touches no hardware.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/rbtree.h>

#include "iommu.h"
#include "isolate.h"

#define BUS		0x6a
#define DEVFN		0x08	/* 01.0 */
#define OTHER		0x10	/* 02.0 */
#define SID		0x6a08
#define OTHER_SID	0x6a10

/*
 * A context entry (VT-d 9.4): a directory, DTE, PASIDE and PRE = bits 2 to 4, P = bit
 * 0.  Then without P, with FPD = bit 1 and our bit 5; then with our bit 6 as well.
 */
#define AT_WORK		0x123456789e1d
#define CUT_OFF		0x123456789e3e
#define ISOLATED	0x123456789e7e

/* Descriptors (VT-d 6.5.2.1, 6.5.2.3, 6.5.2.5, 6.5.2.6, 6.5.2.8) */
#define CONTEXT_OF_SID	0x6a0800000031	/* G = 11b in 5:4, SID in 47:32 */
#define IOTLB		0xe2
#define DEVICE_TLB(sid)	(0x3ULL | (u64)(sid) << 32)
#define DEVICE_TLB_P(sid) (0x8ULL | (u64)(sid) << 16)	/* by PASID */
#define WAIT		0x25		/* writes a status: bit 5 */

/**
 * struct machine - an IOMMU with two functions
 * @iommu: it
 * @qi: its queue
 * @status: of the queue's descriptors
 * @info: of the function
 * @link: leads from @dev to @info
 * @dev: the function
 * @root: root table
 * @context: context entries of BUS
 * @descs: the queue, 16 bytes each
 * @regs: registers
 * @flushes: of a function's entry until now
 * @flush_found: the entry then
 */
struct machine {
	struct intel_iommu iommu;
	struct q_inval qi;
	int status[QI_LENGTH];
	struct device_domain_info info;
	struct dev_iommu link;
	struct device dev;
	struct root_entry *root;
	struct context_entry *context;
	u64 *descs;
	u64 *regs;
	unsigned int flushes;
	u64 flush_found;
};

static void machine_flush(struct intel_iommu *iommu, u16 sid)
{
	struct kunit *test = kunit_get_current_test();
	struct machine *m = test->priv;

	KUNIT_EXPECT_PTR_EQ(test, &m->iommu, iommu);
	KUNIT_EXPECT_EQ(test, SID, sid);
	m->flushes++;
	m->flush_found = m->context[DEVFN].lo;
}

static void *page_new(struct kunit *test)
{
	void *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_TRUE(test, IS_ALIGNED((unsigned long)page, PAGE_SIZE));
	return page;
}

static void machine_make_device(struct machine *m)
{
	m->info.bus = BUS;
	m->info.devfn = DEVFN;
	m->info.iommu = &m->iommu;
	m->info.dev = &m->dev;
	m->link.priv = &m->info;
	m->dev.iommu = &m->link;
	m->dev.init_name = "fake";
	m->iommu.device_rbtree = RB_ROOT;
	rb_link_node(&m->info.node, NULL, &m->iommu.device_rbtree.rb_node);
	rb_insert_color(&m->info.node, &m->iommu.device_rbtree);
}

static int machine_init(struct kunit *test)
{
	struct machine *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->root = page_new(test);
	m->context = page_new(test);
	m->descs = page_new(test);
	m->regs = page_new(test);
	m->root[BUS].lo = virt_to_phys(m->context) | 1;
	m->context[DEVFN].lo = AT_WORK;
	m->context[OTHER].lo = AT_WORK;

	m->iommu.root_entry = m->root;
	m->iommu.reg = (void __force __iomem *)m->regs;
	m->iommu.qi = &m->qi;
	spin_lock_init(&m->iommu.lock);
	spin_lock_init(&m->iommu.device_rbtree_lock);
	raw_spin_lock_init(&m->qi.q_lock);
	m->qi.desc = m->descs;
	m->qi.desc_status = m->status;
	machine_make_device(m);

	test->priv = m;
	kunit_activate_static_stub(test, vtd_flush_function, machine_flush);
	return 0;
}

static void queue(struct machine *m, unsigned int i, u64 qw0, int status)
{
	m->descs[2 * i] = qw0;
	m->status[i] = status;
	m->qi.free_head = i + 1;
}

/* The queue has stopped before descriptor @head, for @sid if it says so. */
static void time_out(struct machine *m, unsigned int head, u16 sid)
{
	m->regs[DMAR_IQH_REG / 8] = head << 4;
	m->regs[DMAR_IQER_REG / 8] = (u64)sid << 32;
	raw_spin_lock(&m->qi.q_lock);
	vtd_isolate_silent(&m->iommu);
	raw_spin_unlock(&m->qi.q_lock);
}

/* First it can't be read anew, then it is forgotten, then that is said. */
static void isolated_in_order(struct kunit *test)
{
	struct machine *m = test->priv;

	intel_iommu_isolate_dev(&m->dev);
	KUNIT_EXPECT_EQ(test, 1, m->flushes);
	KUNIT_EXPECT_EQ(test, CUT_OFF, m->flush_found);
	KUNIT_EXPECT_EQ(test, ISOLATED, m->context[DEVFN].lo);
	KUNIT_EXPECT_EQ(test, AT_WORK, m->context[OTHER].lo);
}

static void restored(struct kunit *test)
{
	struct machine *m = test->priv;

	intel_iommu_isolate_dev(&m->dev);
	intel_iommu_restore_dev(&m->dev);
	KUNIT_EXPECT_EQ(test, AT_WORK, m->context[DEVFN].lo);
	KUNIT_EXPECT_EQ(test, 1, m->flushes);

	/* Caching mode (CM = bit 7): that it was not present is remembered. */
	m->iommu.cap = BIT_ULL(7);
	intel_iommu_isolate_dev(&m->dev);
	intel_iommu_restore_dev(&m->dev);
	KUNIT_EXPECT_EQ(test, 3, m->flushes);
	KUNIT_EXPECT_EQ(test, AT_WORK, m->flush_found);
}

/* Not yet isolated: who is at it would not notice that it came back. */
static void restored_too_early(struct kunit *test)
{
	struct machine *m = test->priv;

	m->context[DEVFN].lo = CUT_OFF;
	intel_iommu_restore_dev(&m->dev);
	KUNIT_EXPECT_EQ(test, CUT_OFF, m->context[DEVFN].lo);
}

/* Who waits for the queue cuts it off before the queue goes on, and waits for nothing. */
static void cut_off_at_time_out(struct kunit *test)
{
	struct machine *m = test->priv;

	queue(m, 0, DEVICE_TLB_P(SID), QI_IN_USE);
	queue(m, 1, WAIT, QI_IN_USE);
	queue(m, 2, DEVICE_TLB_P(OTHER_SID), QI_IN_USE);
	queue(m, 3, DEVICE_TLB(SID), QI_IN_USE);
	queue(m, 4, DEVICE_TLB_P(SID), QI_IN_USE);
	queue(m, 5, IOTLB, QI_IN_USE);
	time_out(m, 1, SID);
	KUNIT_EXPECT_EQ(test, 0, m->flushes);
	KUNIT_EXPECT_EQ(test, CUT_OFF, m->context[DEVFN].lo);
	KUNIT_EXPECT_EQ(test, AT_WORK, m->context[OTHER].lo);
	KUNIT_EXPECT_TRUE(test, m->iommu.isolated);
	/* What would time out as well does something else; others' stay. */
	KUNIT_EXPECT_EQ(test, WAIT, m->descs[2]);
	KUNIT_EXPECT_EQ(test, DEVICE_TLB_P(OTHER_SID), m->descs[4]);
	KUNIT_EXPECT_EQ(test, CONTEXT_OF_SID, m->descs[6]);
	KUNIT_EXPECT_EQ(test, CONTEXT_OF_SID, m->descs[8]);
	KUNIT_EXPECT_EQ(test, IOTLB, m->descs[10]);
}

/* An IOMMU that does not say who it was: all that it waits for. */
static void cut_off_all_that_may_be_it(struct kunit *test)
{
	struct machine *m = test->priv;

	queue(m, 0, DEVICE_TLB_P(OTHER_SID), QI_DONE);
	queue(m, 1, WAIT, QI_DONE);
	queue(m, 2, IOTLB, QI_IN_USE);
	queue(m, 3, DEVICE_TLB_P(SID), QI_IN_USE);
	queue(m, 4, WAIT, QI_IN_USE);
	queue(m, 5, DEVICE_TLB_P(OTHER_SID), QI_IN_USE);
	time_out(m, 5, 0);
	KUNIT_EXPECT_EQ(test, CUT_OFF, m->context[DEVFN].lo);
	KUNIT_EXPECT_EQ(test, AT_WORK, m->context[OTHER].lo);
}

static void settle(struct machine *m, u64 qw0)
{
	struct qi_desc desc = { .qw0 = qw0 };

	vtd_isolated_settle(&m->iommu, &desc, 1);
}

/* Who has asked its device TLB goes on when it is isolated; one tells its driver. */
static void settled_by_who_asked(struct kunit *test)
{
	struct machine *m = test->priv;

	settle(m, DEVICE_TLB_P(SID));
	KUNIT_EXPECT_EQ(test, 0, m->flushes);

	time_out(m, 0, SID);
	settle(m, DEVICE_TLB_P(OTHER_SID));
	settle(m, IOTLB);
	KUNIT_EXPECT_EQ(test, 0, m->flushes);
	KUNIT_EXPECT_FALSE(test, m->link.isolated);

	settle(m, DEVICE_TLB_P(SID));
	KUNIT_EXPECT_EQ(test, 1, m->flushes);
	KUNIT_EXPECT_EQ(test, CUT_OFF, m->flush_found);
	KUNIT_EXPECT_EQ(test, ISOLATED, m->context[DEVFN].lo);
	KUNIT_EXPECT_TRUE(test, m->link.isolated);

	settle(m, DEVICE_TLB(SID));
	KUNIT_EXPECT_EQ(test, 1, m->flushes);
}

static struct kunit_case isolate_cases[] = {
	KUNIT_CASE(isolated_in_order),
	KUNIT_CASE(restored),
	KUNIT_CASE(restored_too_early),
	KUNIT_CASE(cut_off_at_time_out),
	KUNIT_CASE(cut_off_all_that_may_be_it),
	KUNIT_CASE(settled_by_who_asked),
	{ }
};

static struct kunit_suite isolate_suite = {
	.name = "vtd_isolate",
	.init = machine_init,
	.test_cases = isolate_cases,
};

kunit_test_suite(isolate_suite);

MODULE_DESCRIPTION("KUnit test of isolation");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_LICENSE("GPL");
