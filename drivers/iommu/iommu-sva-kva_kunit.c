// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test of kernel page tables and IOMMUs: a table is freed only when the IOMMUs
 * that processes are attached to have forgotten it, and an IOMMU which can't be told
 * gets no process.  The IOMMUs are mocks, the tables pages that nothing points to.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/iommu.h>
#include <linux/iommu-sva.h>
#include <linux/kernel_pgtable.h>
#include <linux/mm.h>

#include "iommu-sva-kva.h"

#define TABLES	2000

/**
 * struct mock - an IOMMU and a device behind it
 * @iommu: what the core knows
 * @link: the device's
 * @dev: a device; only what leads to the IOMMU is set
 * @flushes: how often it was flushed
 * @watched: a table
 * @alive: @watched had not been freed at the last flush
 */
struct mock {
	struct iommu_device iommu;
	struct dev_iommu link;
	struct device dev;
	unsigned int flushes;
	struct page *watched;
	bool alive;
};

static void mock_flush_kva(struct iommu_device *iommu)
{
	struct mock *mock = container_of(iommu, struct mock, iommu);

	mock->flushes++;
	if (mock->watched)
		mock->alive = page_count(mock->watched) == 2;
}

static const struct iommu_ops flushing_ops = {
	.flush_kva	= mock_flush_kva,
};

/* As an IOMMU whose driver knows nothing of kernel addresses: AMD's. */
static const struct iommu_ops other_ops = { };

static struct mock *mock_new(struct kunit *test, const struct iommu_ops *ops)
{
	struct mock *mock = kunit_kzalloc(test, sizeof(*mock), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mock);
	mock->iommu.ops = ops;
	mock->link.iommu_dev = &mock->iommu;
	mock->link.max_pasids = 1;
	mock->dev.iommu = &mock->link;
	/* Is asked only whether there is one. */
	mock->dev.iommu_group = (struct iommu_group *)&mock->link;
	return mock;
}

/* A table that stays ours when it is freed: page_count() falls from 2 to 1. */
static struct page *table_new(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	get_page(page);
	return page;
}

static void table_free(struct page *page)
{
	LIST_HEAD(tables);

	list_add(&page_ptdesc(page)->pt_list, &tables);
	kernel_pgtable_free(&tables);
}

static void freed_after_the_flush(struct kunit *test)
{
	struct mock *mock = mock_new(test, &flushing_ops);

	mock->watched = table_new(test);
	iommu_sva_kva_get(&mock->dev);
	table_free(mock->watched);
	kernel_pgtable_drain();
	iommu_sva_kva_put(&mock->dev);

	KUNIT_EXPECT_EQ(test, mock->flushes, 1);
	KUNIT_EXPECT_TRUE(test, mock->alive);
	KUNIT_EXPECT_EQ(test, page_count(mock->watched), 1);
	put_page(mock->watched);
}

/* Without kernel_pgtable_drain(): somebody must come by and free it. */
static void freed_without_being_asked(struct kunit *test)
{
	struct mock *mock = mock_new(test, &flushing_ops);
	unsigned long end = jiffies + 60 * HZ;

	mock->watched = table_new(test);
	iommu_sva_kva_get(&mock->dev);
	table_free(mock->watched);
	while (page_count(mock->watched) == 2 && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	iommu_sva_kva_put(&mock->dev);

	KUNIT_EXPECT_EQ(test, page_count(mock->watched), 1);
	KUNIT_EXPECT_EQ(test, mock->flushes, 1);
	put_page(mock->watched);
}

static void forgotten_at_once(struct kunit *test)
{
	struct mock *mock = mock_new(test, &flushing_ops);
	struct page *page = table_new(test);

	iommu_sva_kva_get(&mock->dev);
	kernel_pgtable_forget(page_address(page));
	KUNIT_EXPECT_EQ(test, mock->flushes, 1);
	iommu_sva_kva_put(&mock->dev);

	KUNIT_EXPECT_EQ(test, page_count(page), 2);
	put_page(page);
	put_page(page);
}

/* A list of tables is one flush, whoever else frees at the time. */
static void one_flush_for_a_range(struct kunit *test)
{
	struct mock *mock = mock_new(test, &flushing_ops);
	LIST_HEAD(tables);
	int i;

	for (i = 0; i < TABLES; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, page);
		list_add(&page_ptdesc(page)->pt_list, &tables);
	}
	iommu_sva_kva_get(&mock->dev);
	kernel_pgtable_free(&tables);
	KUNIT_EXPECT_TRUE(test, list_empty(&tables));
	KUNIT_EXPECT_EQ(test, mock->flushes, 1);
	iommu_sva_kva_put(&mock->dev);
}

/* Tables that come one by one, faster than any timer: their number is bounded. */
static void many_tables_share_a_flush(struct kunit *test)
{
	struct mock *mock = mock_new(test, &flushing_ops);
	int i;

	iommu_sva_kva_get(&mock->dev);
	for (i = 0; i < TABLES; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, page);
		table_free(page);
	}
	KUNIT_EXPECT_GE(test, mock->flushes, TABLES / 512);
	kernel_pgtable_drain();
	iommu_sva_kva_put(&mock->dev);
	KUNIT_EXPECT_LT(test, mock->flushes, TABLES);
}

static void one_flush_for_many_processes(struct kunit *test)
{
	struct mock *mock = mock_new(test, &flushing_ops);
	int i;

	for (i = 0; i < 1000; i++)
		iommu_sva_kva_get(&mock->dev);
	mock->watched = table_new(test);
	table_free(mock->watched);
	kernel_pgtable_drain();
	KUNIT_EXPECT_EQ(test, mock->flushes, 1);
	for (i = 0; i < 1000; i++)
		iommu_sva_kva_put(&mock->dev);
	put_page(mock->watched);
}

static void each_iommu_is_flushed(struct kunit *test)
{
	struct mock *one = mock_new(test, &flushing_ops);
	struct mock *two = mock_new(test, &flushing_ops);
	struct page *page = table_new(test);

	iommu_sva_kva_get(&one->dev);
	iommu_sva_kva_get(&two->dev);
	iommu_sva_kva_get(&two->dev);
	iommu_sva_kva_put(&two->dev);
	table_free(page);
	kernel_pgtable_drain();
	KUNIT_EXPECT_EQ(test, one->flushes, 1);
	KUNIT_EXPECT_EQ(test, two->flushes, 1);

	iommu_sva_kva_put(&one->dev);
	kernel_pgtable_forget(page_address(page));
	KUNIT_EXPECT_EQ(test, one->flushes, 1);
	KUNIT_EXPECT_EQ(test, two->flushes, 2);
	iommu_sva_kva_put(&two->dev);
	put_page(page);
}

/* Flushing is over with the last process, whatever becomes of the static key. */
static void not_flushed_without_a_process(struct kunit *test)
{
	struct mock *mock = mock_new(test, &flushing_ops);
	struct page *page = table_new(test);

	iommu_sva_kva_get(&mock->dev);
	iommu_sva_kva_put(&mock->dev);
	table_free(page);
	kernel_pgtable_drain();
	KUNIT_EXPECT_EQ(test, mock->flushes, 0);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
}

/* What removed memory that was there at boot gives back. */
static void freed_though_reserved_at_boot(struct kunit *test)
{
	struct mock *mock = mock_new(test, &flushing_ops);
	struct page *page = table_new(test);

	put_page(page);
	SetPageReserved(page);
	adjust_managed_page_count(page, -1);
	/* So it can't go to somebody else before the test has looked. */
	iommu_sva_kva_get(&mock->dev);
	table_free(page);
	KUNIT_EXPECT_TRUE(test, PageReserved(page));
	kernel_pgtable_drain();
	KUNIT_EXPECT_EQ(test, mock->flushes, 1);
	KUNIT_EXPECT_FALSE(test, PageReserved(page));
	iommu_sva_kva_put(&mock->dev);
}

static const struct iommu_sva_ops no_sva_ops = { };

static void refused_where_kernel_addresses_stay(struct kunit *test)
{
	struct mock *mock = mock_new(test, &other_ops);

	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EOPNOTSUPP),
			    iommu_sva_bind_device(&mock->dev, current->mm,
						  &no_sva_ops, NULL));
}

/* A kernel thread has no mm, which is the next thing that bind complains about. */
static void not_refused_where_they_are_flushed(struct kunit *test)
{
	struct mock *mock = mock_new(test, &flushing_ops);

	KUNIT_ASSERT_NULL(test, current->mm);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL),
			    iommu_sva_bind_device(&mock->dev, current->mm,
						  &no_sva_ops, NULL));
}

static struct kunit_case kva_cases[] = {
	KUNIT_CASE(freed_after_the_flush),
	KUNIT_CASE(freed_without_being_asked),
	KUNIT_CASE(forgotten_at_once),
	KUNIT_CASE(one_flush_for_a_range),
	KUNIT_CASE(many_tables_share_a_flush),
	KUNIT_CASE(one_flush_for_many_processes),
	KUNIT_CASE(each_iommu_is_flushed),
	KUNIT_CASE(not_flushed_without_a_process),
	KUNIT_CASE(freed_though_reserved_at_boot),
	KUNIT_CASE(refused_where_kernel_addresses_stay),
	KUNIT_CASE(not_refused_where_they_are_flushed),
	{}
};

static struct kunit_suite kva_suite = {
	.name = "iommu_sva_kva",
	.test_cases = kva_cases,
};

kunit_test_suite(kva_suite);

MODULE_DESCRIPTION("KUnit test of kernel page tables and IOMMUs");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
