// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test of device page faults: groups, how many are handled at a time, and
 * what a kill takes from workers that are asleep.  The device is a mock that
 * counts answers; its faults are in the mm of the test's thread, in memory that
 * takes as long as the test wants.  It may call iommu-sva-fault.c's interface.
 */
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/slab.h>

#include "iommu-sva-priv.h"

#define GROUP		16
#define STUCK_MMS	40	/* with so many faults each: more than workers */
#define STUCK_FAULTS	16
#define TIMEOUT		(30 * HZ)

/**
 * struct mock_device - a device that counts the answers that it gets
 * @dev: what the IOMMU core knows of it
 * @iommu: dev->iommu
 * @iommu_dev: dev->iommu->iommu_dev
 * @param: of its groups
 * @served: groups that were
 * @refused: groups that were
 */
struct mock_device {
	struct device dev;
	struct dev_iommu iommu;
	struct iommu_device iommu_dev;
	struct iommu_fault_param param;
	atomic_t served;
	atomic_t refused;
};

/**
 * struct mock_mm - what an mm that is bound has, but for the mm
 * @smm: its faults; all share the test's mm_struct
 * @att: on the mock device
 * @domain: the attachment's
 */
struct mock_mm {
	struct sva_mm smm;
	struct sva_attachment att;
	struct iommu_domain domain;
};

/**
 * struct fault_test - what a test has
 * @mock: the device
 * @mms: as many as the test wants
 * @n: how many these are
 * @fast: address of GROUP writable pages, untouched, with nothing behind
 * @slow: address of a page that does not come
 */
struct fault_test {
	struct mock_device mock;
	struct mock_mm *mms;
	int n;
	unsigned long fast;
	unsigned long slow;
};

static void mock_response(struct device *dev, struct iopf_fault *evt,
			  struct iommu_page_response *msg)
{
	struct mock_device *mock = container_of(dev, struct mock_device, dev);

	atomic_inc(msg->code == IOMMU_PAGE_RESP_SUCCESS ? &mock->served :
		   &mock->refused);
}

static const struct iommu_ops mock_ops = {
	.page_response = mock_response,
};

/* The memory that does not come. */
static DECLARE_WAIT_QUEUE_HEAD(slow_wait);
static bool slow_released;
static bool slow_killable;
static atomic_t slow_asleep;

static vm_fault_t slow_fault(struct vm_fault *vmf)
{
	if (READ_ONCE(slow_released))
		return VM_FAULT_SIGBUS;

	/* As one that waits for I/O does. */
	mmap_read_unlock(vmf->vma->vm_mm);
	atomic_inc(&slow_asleep);
	if (slow_killable)
		wait_event_killable(slow_wait, READ_ONCE(slow_released));
	else
		wait_event_idle(slow_wait, READ_ONCE(slow_released));
	atomic_dec(&slow_asleep);
	return VM_FAULT_RETRY;
}

static const struct vm_operations_struct slow_vm_ops = {
	.fault = slow_fault,
};

static int slow_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &slow_vm_ops;
	return 0;
}

static const struct file_operations slow_fops = {
	.owner = THIS_MODULE,
	.mmap = slow_mmap,
};

/* Does it become true in time? */
#define becomes(condition)						\
({									\
	unsigned long end_ = jiffies + TIMEOUT;				\
	bool done_;							\
	while (!(done_ = (condition)) && time_before(jiffies, end_))	\
		usleep_range(1000, 2000);				\
	done_;								\
})

static void mock_device_init(struct mock_device *mock)
{
	mock->dev.iommu = &mock->iommu;
	mock->iommu.iommu_dev = &mock->iommu_dev;
	mock->iommu_dev.ops = &mock_ops;
	mock->param.dev = &mock->dev;
	mutex_init(&mock->param.lock);
	refcount_set(&mock->param.users, 1);
	INIT_LIST_HEAD(&mock->param.faults);
}

static void mock_mm_init(struct mock_mm *m)
{
	m->smm.mm = current->mm;
	spin_lock_init(&m->smm.lock);
	INIT_LIST_HEAD(&m->smm.waiting);
	INIT_LIST_HEAD(&m->smm.given);
	INIT_WORK(&m->smm.let_go, sva_let_go_work);
	m->domain.mm = current->mm;
	m->att.handle.domain = &m->domain;
	m->att.smm = &m->smm;
	refcount_set(&m->att.refs, 1);
	INIT_LIST_HEAD(&m->att.faults);
	init_waitqueue_head(&m->att.answered);
}

static void make_mms(struct kunit *test, int n)
{
	struct fault_test *t = test->priv;
	int i;

	t->mms = kunit_kcalloc(test, n, sizeof(*t->mms), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->mms);
	for (i = 0; i < n; i++)
		mock_mm_init(&t->mms[i]);
	t->n = n;
}

static int fault_test_init(struct kunit *test)
{
	struct fault_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct file *file;

	if (!t)
		return -ENOMEM;
	test->priv = t;
	mock_device_init(&t->mock);
	WRITE_ONCE(slow_released, false);
	slow_killable = true;

	file = anon_inode_getfile("[slow]", &slow_fops, NULL, O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	t->slow = kunit_vm_mmap(test, file, 0, PAGE_SIZE, PROT_READ,
				MAP_PRIVATE, 0);
	fput(file);
	t->fast = kunit_vm_mmap(test, NULL, 0, (GROUP + 1) * PAGE_SIZE,
				PROT_READ | PROT_WRITE,
				MAP_ANONYMOUS | MAP_PRIVATE, 0);
	if (!t->slow || !t->fast)
		return -ENOMEM;
	return vm_munmap(t->fast + GROUP * PAGE_SIZE, PAGE_SIZE);
}

/* Nobody is at the mocks any more. */
static void fault_test_exit(struct kunit *test)
{
	struct fault_test *t = test->priv;
	int i;

	WRITE_ONCE(slow_released, true);
	wake_up_all(&slow_wait);
	for (i = 0; i < t->n; i++) {
		KUNIT_EXPECT_TRUE(test,
				  becomes(refcount_read(&t->mms[i].att.refs) == 1));
		flush_work(&t->mms[i].smm.let_go);
		kfree(t->mms[i].att.spare);
	}
}

static struct iopf_fault *new_fault(struct kunit *test, unsigned long addr,
				    u32 perm)
{
	struct iopf_fault *iopf = kzalloc(sizeof(*iopf), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, iopf);
	iopf->fault.prm.addr = addr;
	iopf->fault.prm.perm = perm;
	return iopf;
}

/* A group of @n pages from @addr on, in one of the mms; work may be left in @leave. */
static void request_leave(struct kunit *test, struct mock_mm *m,
			  unsigned long addr, int n, u32 perm,
			  struct work_struct **leave)
{
	struct iopf_group *group = kzalloc(sizeof(*group), GFP_KERNEL);
	struct fault_test *t = test->priv;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, group);
	INIT_LIST_HEAD(&group->faults);
	INIT_LIST_HEAD(&group->pending_node);
	group->attach_handle = &m->att.handle;
	group->fault_param = &t->mock.param;
	group->leave = leave;
	refcount_inc(&t->mock.param.users);
	for (i = 0; i < n - 1; i++)
		list_add_tail(&new_fault(test, addr + i * PAGE_SIZE, perm)->list,
			      &group->faults);
	group->last_fault.fault.prm.addr = addr + i * PAGE_SIZE;
	group->last_fault.fault.prm.perm = perm;
	group->last_fault.fault.prm.flags = IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE;
	list_add_tail(&group->last_fault.list, &group->faults);

	KUNIT_EXPECT_EQ(test, 0, sva_iopf_handler(group));
}

static void request(struct kunit *test, struct mock_mm *m, unsigned long addr,
		    int n, u32 perm)
{
	request_leave(test, m, addr, n, perm, NULL);
}

#define CAN_READ	IOMMU_FAULT_PERM_READ
#define CAN_WRITE	(IOMMU_FAULT_PERM_READ | IOMMU_FAULT_PERM_WRITE)

/* A group is answered once; all of its pages are there then. */
static void group_test(struct kunit *test)
{
	struct fault_test *t = test->priv;
	struct percpu_counter *pages = &current->mm->rss_stat[MM_ANONPAGES];
	s64 before;

	make_mms(test, 1);
	before = percpu_counter_sum(pages);
	request(test, &t->mms[0], t->fast, GROUP, CAN_WRITE);
	KUNIT_EXPECT_TRUE(test, becomes(atomic_read(&t->mock.served) == 1));
	KUNIT_EXPECT_EQ(test, before + GROUP, percpu_counter_sum(pages));
	KUNIT_EXPECT_EQ(test, GROUP, atomic_long_read(&t->mms[0].att.served));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&t->mock.refused));
}

static void group_with_a_bad_page_test(struct kunit *test)
{
	struct fault_test *t = test->priv;

	make_mms(test, 1);
	request(test, &t->mms[0], t->fast, GROUP + 1, CAN_WRITE);
	KUNIT_EXPECT_TRUE(test, becomes(atomic_read(&t->mock.refused) == 1));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&t->mock.served));
}

/* One is left to who asked for that, and waits; the next has a worker. */
static void left_to_the_caller_test(struct kunit *test)
{
	struct fault_test *t = test->priv;
	struct work_struct *left = NULL;

	make_mms(test, 2);
	request_leave(test, &t->mms[0], t->fast, 1, CAN_WRITE, &left);
	KUNIT_ASSERT_NOT_NULL(test, left);
	request_leave(test, &t->mms[1], t->fast, 1, CAN_WRITE, &left);
	KUNIT_EXPECT_TRUE(test, becomes(atomic_read(&t->mock.served) == 1));
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&t->mms[0].att.served));
	left->func(left);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&t->mock.served));
	KUNIT_EXPECT_EQ(test, 1, atomic_long_read(&t->mms[0].att.served));
}

/* A kill does not wait until the caller comes to it, and it finds it answered. */
static void left_and_killed_test(struct kunit *test)
{
	struct fault_test *t = test->priv;
	struct work_struct *left = NULL;

	make_mms(test, 1);
	request_leave(test, &t->mms[0], t->fast, 1, CAN_WRITE, &left);
	KUNIT_ASSERT_NOT_NULL(test, left);
	sva_refuse(&t->mms[0].att);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&t->mock.refused));
	left->func(left);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&t->mock.refused));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&t->mock.served));
}

/* Only a supervisor's request may have a supervisor's rights. */
static void privileged_test(struct kunit *test)
{
	struct fault_test *t = test->priv;

	make_mms(test, 1);
	request(test, &t->mms[0], t->fast, 1, CAN_READ | IOMMU_FAULT_PERM_PRIV);
	KUNIT_EXPECT_TRUE(test, becomes(atomic_read(&t->mock.refused) == 1));
}

/* However many faults of others are stuck, there is a worker for one's own. */
static void others_are_stuck_test(struct kunit *test)
{
	struct fault_test *t = test->priv;
	int i, j, users = atomic_read(&current->mm->mm_users);

	make_mms(test, STUCK_MMS + 1);
	for (i = 0; i < STUCK_MMS; i++)
		for (j = 0; j < STUCK_FAULTS; j++)
			request(test, &t->mms[i], t->slow, 1, CAN_READ);
	KUNIT_EXPECT_TRUE(test, becomes(atomic_read(&slow_asleep) >= STUCK_MMS));
	request(test, &t->mms[STUCK_MMS], t->fast, 1, CAN_WRITE);
	KUNIT_EXPECT_TRUE(test, becomes(atomic_read(&t->mock.served) == 1));

	/* A kill of each answers all, and leaves no worker. */
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&t->mock.refused));
	for (i = 0; i < STUCK_MMS; i++)
		sva_refuse(&t->mms[i].att);
	KUNIT_EXPECT_EQ(test, STUCK_MMS * STUCK_FAULTS,
			atomic_read(&t->mock.refused));
	KUNIT_EXPECT_TRUE(test, becomes(!atomic_read(&slow_asleep)));
	KUNIT_EXPECT_TRUE(test,
			  becomes(atomic_read(&current->mm->mm_users) == users));
}

/* One that can't be killed gives the pages back all the same. */
static void unkillable_test(struct kunit *test)
{
	struct fault_test *t = test->priv;
	int users = atomic_read(&current->mm->mm_users);

	slow_killable = false;
	make_mms(test, 1);
	request(test, &t->mms[0], t->slow, 1, CAN_READ);
	KUNIT_ASSERT_TRUE(test, becomes(atomic_read(&slow_asleep) == 1));
	KUNIT_EXPECT_EQ(test, users + 1, atomic_read(&current->mm->mm_users));

	sva_refuse(&t->mms[0].att);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&t->mock.refused));
	KUNIT_EXPECT_TRUE(test,
			  becomes(atomic_read(&current->mm->mm_users) == users));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&slow_asleep));

	/* It comes back to nothing that it could answer or drop. */
	WRITE_ONCE(slow_released, true);
	wake_up_all(&slow_wait);
	KUNIT_EXPECT_TRUE(test,
			  becomes(refcount_read(&t->mms[0].att.refs) == 1));
	KUNIT_EXPECT_EQ(test, users, atomic_read(&current->mm->mm_users));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&t->mock.refused));
}

/* What comes while faults are refused is refused at once, by nobody's worker. */
static void refusing_test(struct kunit *test)
{
	struct fault_test *t = test->priv;

	make_mms(test, 1);
	KUNIT_EXPECT_TRUE(test, sva_refuse(&t->mms[0].att));
	KUNIT_EXPECT_FALSE(test, sva_refuse(&t->mms[0].att));
	request(test, &t->mms[0], t->fast, 1, CAN_WRITE);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&t->mock.refused));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&t->mock.served));
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(group_test),
	KUNIT_CASE(group_with_a_bad_page_test),
	KUNIT_CASE(left_to_the_caller_test),
	KUNIT_CASE(left_and_killed_test),
	KUNIT_CASE(privileged_test),
	KUNIT_CASE_SLOW(others_are_stuck_test),
	KUNIT_CASE(unkillable_test),
	KUNIT_CASE(refusing_test),
	{}
};

static struct kunit_suite fault_suite = {
	.name = "iommu_sva_fault",
	.init = fault_test_init,
	.exit = fault_test_exit,
	.test_cases = fault_cases,
};

kunit_test_suite(fault_suite);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit test of device page faults in shared virtual addressing");
MODULE_LICENSE("GPL");
