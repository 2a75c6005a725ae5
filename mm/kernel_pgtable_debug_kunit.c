// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test of the check that finds kernel page tables which are freed without a
 * word to the IOMMUs: it must be awake, and silent about all that is right.  It may
 * link tables to an entry of its own, which nobody walks.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/kernel_pgtable.h>
#include <linux/mm.h>

#include "kernel_pgtable.h"

/* What the check said of the page under test, instead of a warning. */
static struct page *watched;
static unsigned int reports;

static void note_report(struct page *page)
{
	if (page == watched)
		reports++;
}

/* A page that @mm's tables have pointed to, and do not any more. */
static struct page *unlinked_table(struct kunit *test, struct mm_struct *mm)
{
	unsigned long table = get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NE(test, table, 0);
	kernel_pgtable_linked(mm, (void *)table);
	reports = 0;
	watched = virt_to_page((void *)table);
	return watched;
}

static void free_by_the_rule(struct page *page)
{
	LIST_HEAD(tables);

	list_add(&page_ptdesc(page)->pt_list, &tables);
	kernel_pgtable_free(&tables);
	kernel_pgtable_drain();
}

static void freed_directly_is_reported(struct kunit *test)
{
	__free_page(unlinked_table(test, &init_mm));
	KUNIT_EXPECT_EQ(test, reports, 1);
}

static void freed_within_a_larger_page_is_reported(struct kunit *test)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	KUNIT_ASSERT_NOT_NULL(test, page);
	reports = 0;
	watched = page + 3;
	kernel_pgtable_linked(&init_mm, page_address(watched));
	__free_pages(page, 2);
	KUNIT_EXPECT_EQ(test, reports, 1);
}

static void freed_by_the_rule_is_not_reported(struct kunit *test)
{
	free_by_the_rule(unlinked_table(test, &init_mm));
	KUNIT_EXPECT_EQ(test, reports, 0);
}

static void a_process_s_table_is_not_reported(struct kunit *test)
{
	static struct mm_struct other;

	__free_page(unlinked_table(test, &other));
	KUNIT_EXPECT_EQ(test, reports, 0);
}

/* The mark must not stick to the page's next life. */
static void reported_once(struct kunit *test)
{
	struct page *page = unlinked_table(test, &init_mm);

	kernel_pgtable_check_free(page, 0);
	KUNIT_EXPECT_EQ(test, reports, 1);
	__free_page(page);
	KUNIT_EXPECT_EQ(test, reports, 1);
}

static int debug_test_init(struct kunit *test)
{
	kunit_activate_static_stub(test, kernel_pgtable_report, note_report);
	return 0;
}

static struct kunit_case debug_cases[] = {
	KUNIT_CASE(freed_directly_is_reported),
	KUNIT_CASE(freed_within_a_larger_page_is_reported),
	KUNIT_CASE(freed_by_the_rule_is_not_reported),
	KUNIT_CASE(a_process_s_table_is_not_reported),
	KUNIT_CASE(reported_once),
	{}
};

static struct kunit_suite debug_suite = {
	.name = "kernel_pgtable_debug",
	.init = debug_test_init,
	.test_cases = debug_cases,
};

kunit_test_suite(debug_suite);

MODULE_DESCRIPTION("KUnit test of the check for kernel page tables freed unflushed");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
